"""Texts that people give and others read: one line, without what cannot be shown."""

from __future__ import annotations

import unicodedata

from functions.serverless.problems import InvalidFieldError


def normalise_line(text: str, *, field: str) -> str:
    """A text in NFC, without control characters and without surrounding or repeated white space.

    Raises:
        InvalidFieldError: nothing is left, or it holds characters that cannot be shown.
    """
    line = " ".join(unicodedata.normalize("NFC", text).split())
    if not line:
        raise InvalidFieldError(field, "This may not be blank.")
    if any(unicodedata.category(character) in ("Cc", "Cs", "Co", "Cn") for character in line):
        raise InvalidFieldError(field, "This holds characters that cannot be shown.")
    return line
