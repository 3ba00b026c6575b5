"""Time zones as calendar programs are told of them: VTIMEZONE (RFC 5545, 3.6.5) from the IANA database. Pure.

Changes of the clocks that follow a yearly rule (the last Sunday of March) get that rule, so that series without an end
are right. What has no such rule (Morocco's, by the moon) is told change by change, for so many years; programs that
know the zone by its name know better afterwards.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from msgspec import Struct

from meetings_service.domain.rules import WEEKDAYS
from meetings_service.domain.schedule import zone_of

_YEARS: Final = 12
_ENOUGH: Final = 5
"""So many years in a row make a rule."""


class _Offset(Struct, frozen=True):
    """How clocks stand: their offset from UTC, its name, and whether it is daylight saving time."""

    offset: timedelta
    name: str
    is_daylight: bool


class _Change(Struct, frozen=True):
    """A change of the clocks, at a wall time of those before it."""

    at: datetime
    before: _Offset
    after: _Offset


@functools.lru_cache(maxsize=256)
def time_zone_lines(name: str, year: int) -> tuple[str, ...]:
    """The lines of a zone's VTIMEZONE, right from a year on. UTC has none."""
    if name == "UTC":
        return ()
    first = datetime(year - 1, 1, 1, tzinfo=UTC)
    changes = _changes(name, first)
    lines = ["BEGIN:VTIMEZONE", f"TZID:{name}"]
    at_first = _state(name, first)
    lines += _observance(_Change(first.replace(tzinfo=None) + at_first.offset, at_first, at_first))
    for kind in dict.fromkeys((change.before, change.after) for change in changes):
        alike = [change for change in changes if (change.before, change.after) == kind]
        rule, ruled = _yearly(alike, last_year=year - 1 + _YEARS - 1)
        for change in alike[: len(alike) - ruled]:
            lines += _observance(change)
        if ruled:
            lines += _observance(alike[-ruled], rule)
    return (*lines, "END:VTIMEZONE")


def _state(name: str, moment: datetime) -> _Offset:
    local = moment.astimezone(zone_of(name))
    return _Offset(local.utcoffset() or timedelta(), local.tzname() or name, bool(local.dst()))


def _changes(name: str, first: datetime) -> list[_Change]:
    """The changes of the years from ``first`` on."""
    changes, moment, state = [], first, _state(name, first)
    end = first.replace(year=first.year + _YEARS)
    while moment < end:
        later = moment + timedelta(days=1)
        after = _state(name, later)
        if after != state:
            at = _moment_of_change(name, moment, later)
            changes.append(_Change(at.replace(tzinfo=None) + state.offset, state, after))
        moment, state = later, after
    return changes


def _moment_of_change(name: str, before: datetime, after: datetime) -> datetime:
    """The first second of the state that there is at ``after``."""
    state = _state(name, before)
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before).total_seconds() // 2)
        before, after = (middle, after) if _state(name, middle) == state else (before, middle)
    return after


def _yearly(changes: Sequence[_Change], *, last_year: int) -> tuple[str, int]:
    """The yearly rule of the last changes, one in each year up to the last one, and how many follow it."""
    if not changes or changes[-1].at.year != last_year:
        return "", 0
    latest, ordinals, ruled = changes[-1].at, _ordinals(changes[-1].at), 0
    for change in reversed(changes):
        same = change.at.month, change.at.weekday(), change.at.time()
        common = ordinals & _ordinals(change.at)
        if same != (latest.month, latest.weekday(), latest.time()) or change.at.year != last_year - ruled or not common:
            break
        ordinals, ruled = common, ruled + 1
    if ruled < _ENOUGH:
        return "", 0
    ordinal = -1 if -1 in ordinals else min(ordinals)
    return f"FREQ=YEARLY;BYMONTH={latest.month};BYDAY={ordinal}{WEEKDAYS[latest.weekday()]}", ruled


def _ordinals(day: datetime) -> set[int]:
    """The so-many-th of its weekday that a day is in its month."""
    is_last = (day + timedelta(days=7)).month != day.month
    return {(day.day - 1) // 7 + 1} | ({-1} if is_last else set())


def _observance(change: _Change, rule: str = "") -> Iterator[str]:
    kind = "DAYLIGHT" if change.after.is_daylight else "STANDARD"
    yield f"BEGIN:{kind}"
    yield f"DTSTART:{change.at:%Y%m%dT%H%M%S}"
    if rule:
        yield f"RRULE:{rule}"
    yield f"TZOFFSETFROM:{_offset(change.before.offset)}"
    yield f"TZOFFSETTO:{_offset(change.after.offset)}"
    yield f"TZNAME:{change.after.name}"
    yield f"END:{kind}"


def _offset(offset: timedelta) -> str:
    seconds = int(offset.total_seconds())
    sign, seconds = ("-", -seconds) if seconds < 0 else ("+", seconds)
    rest = f"{seconds % 60:02d}" if seconds % 60 else ""
    return f"{sign}{seconds // 3600:02d}{seconds % 3600 // 60:02d}{rest}"
