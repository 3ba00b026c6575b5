"""When a meeting is planned for: a local time in a time zone, how long, and by which rule again.

Times are kept as people say them, wall time and an IANA zone, since what "every Monday at nine" is in UTC changes with
the seasons. `meetings_service.domain.recurrence` gives the moments.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Struct

from functions.serverless.problems import InvalidFieldError

MAX_MINUTES = 24 * 60
"""The longest that one occurrence takes."""
MAX_EXCEPTIONS = 200


class ScheduleException(Struct, frozen=True, kw_only=True):
    """One occurrence that differs from the others."""

    occurrence: str
    """Its original start, in local time: what names it (RFC 5545, RECURRENCE-ID)."""
    cancelled: bool = False
    start: str | None = None
    """Where it was moved to, in local time; None: it is where it was."""
    duration_minutes: int | None = None
    title: str | None = None


class Schedule(Struct, frozen=True, kw_only=True):
    """When a meeting takes place."""

    start: str
    """Local wall time without an offset, ``2026-12-01T09:00:00``: of the first occurrence."""
    time_zone: str
    """A name of the IANA time zone database."""
    duration_minutes: int
    rule: str | None = None
    """The value of an RRULE (RFC 5545, 3.3.10); None: it takes place once."""
    exceptions: tuple[ScheduleException, ...] = ()
    """Occurrences that differ, in the order of their original starts."""


def zone_of(name: str, *, field: str = "schedule.time_zone") -> ZoneInfo:
    """The time zone by its IANA name.

    Raises:
        InvalidFieldError: there is none.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidFieldError(field, "This is no name of the IANA time zone database.") from None


def local_time_of(text: str, *, field: str = "schedule.start") -> datetime:
    """A local time, without a zone, from its text.

    Raises:
        InvalidFieldError: it is none, or has an offset or parts of a second.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidFieldError(field, "This is no local time such as 2026-12-01T09:00:00.") from None
    if moment.tzinfo is not None or moment.microsecond or not 1971 <= moment.year <= 9000:
        raise InvalidFieldError(field, "This is no local time such as 2026-12-01T09:00:00.")
    return moment


def moment_of(local: datetime, zone: ZoneInfo) -> int:
    """The moment of a local time, in milliseconds since the epoch.

    A time that a clock change leaves out is read with the offset before it, one that comes twice is the first of the
    two (RFC 5545, 3.3.5).
    """
    return int(local.replace(tzinfo=zone, fold=0).timestamp()) * 1000
