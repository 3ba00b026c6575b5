"""Texts that people give and others read: one line, without what cannot be shown."""

from __future__ import annotations

import unicodedata

from functions.serverless.problems import InvalidFieldError


def normalise_line(text: str, *, field: str, most: int | None = None) -> str:
    """A text in NFC, without control characters and without surrounding or repeated white space.

    ``most``: characters that may be left, which may be more than were given; None: whatever was given.

    Raises:
        InvalidFieldError: nothing is left, or too much, or it holds characters that cannot be shown.
    """
    line = " ".join(unicodedata.normalize("NFC", text).split())
    if not line:
        raise InvalidFieldError(field, "This may not be blank.")
    if any(unicodedata.category(character) in ("Cc", "Cs", "Co", "Cn") for character in line):
        raise InvalidFieldError(field, "This holds characters that cannot be shown.")
    if most is not None and len(line) > most:
        raise InvalidFieldError(field, f"This is longer than {most} characters.")
    return line
