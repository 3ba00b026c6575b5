"""Cursors of lists: a place in an order by time and id, or a text in the order of texts; base64url without padding."""

from __future__ import annotations

import base64
import binascii
import re

from msgspec import Struct

from functions.serverless.problems import InvalidFieldError

_PLACE = re.compile(r"(?P<time>[0-9]{1,15})#(?P<id>[\x21-\x7e]{1,64})")


class Place(Struct, frozen=True, kw_only=True, order=True):
    """The last entry of a page. ``time`` in milliseconds since the epoch."""

    time: int
    id: str


def cursor_at(place: Place) -> str:
    """The cursor with which the next page is asked for."""
    return cursor_of_text(f"{place.time:015d}#{place.id}")


def place_of(cursor: str) -> Place:
    """The place that a cursor stands for.

    Raises:
        InvalidFieldError: it is none of ours.
    """
    found = _PLACE.fullmatch(text_of(cursor))
    if found is None:
        raise InvalidFieldError("cursor", "This is no cursor of a list.")
    return Place(time=int(found["time"]), id=found["id"])


def number_of(cursor: str) -> int:
    """The number that a cursor stands for, in a list that is in the order of numbers.

    Raises:
        InvalidFieldError: it is none of ours.
    """
    text = text_of(cursor)
    if not re.fullmatch(r"[0-9]{1,12}", text):
        raise InvalidFieldError("cursor", "This is no cursor of a list.")
    return int(text)


def identity_of(cursor: str) -> str:
    """The identity that a cursor stands for, in a list that is in the order of those. Raises as `number_of`."""
    text = text_of(cursor)
    if not re.fullmatch(r"[!-}]{1,128}", text):
        raise InvalidFieldError("cursor", "This is no cursor of a list.")
    return text


def cursor_of_text(text: str) -> str:
    """The cursor of what comes after a text."""
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def text_of(cursor: str) -> str:
    """The text that a cursor stands for.

    Raises:
        InvalidFieldError: it is none.
    """
    try:
        return base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        raise InvalidFieldError("cursor", "This is no cursor of a list.") from None
