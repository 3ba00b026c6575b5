"""Times as the HTTP APIs write them."""

from __future__ import annotations

from datetime import UTC, datetime

from msgspec import UnsetType

from functions.serverless.problems import InvalidFieldError


def rfc3339(milliseconds: int) -> str:
    """A time since the epoch as RFC 3339 has it, in UTC, to the millisecond."""
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def rfc3339_if_known(milliseconds: int | None) -> str | None:
    """The same; None where there is no time."""
    return None if milliseconds is None else rfc3339(milliseconds)


def milliseconds_of(text: str | UnsetType, field: str) -> int | None:
    """RFC 3339 in a field of a request as milliseconds since the epoch; None where there is none.

    Raises:
        InvalidFieldError: it is no time.
    """
    if isinstance(text, UnsetType):
        return None
    try:
        moment = datetime.fromisoformat(text)
        milliseconds = int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
    except (ValueError, OverflowError):
        milliseconds = -1
    if not 0 <= milliseconds < 10**14:
        raise InvalidFieldError(field, "This is no time, such as 2026-11-29T08:00:00Z.")
    return milliseconds
