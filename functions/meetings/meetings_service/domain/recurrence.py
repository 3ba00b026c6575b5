"""The occurrences of a schedule, as moments. Pure.

Days come from the rule (`domain.rules`), the time of day is the start's wall time in the schedule's zone, whatever its
offset is on that day (RFC 5545, 3.3.5 and 3.8.5.3). An expansion is bounded: what rules may be, and how far one looks.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from functions.serverless.problems import InvalidFieldError
from meetings_service.domain.rules import (
    MAX_PERIODS,
    MAX_YEARS,
    Rule,
    days_of,
    format_rule,
    is_day_of,
    parse_rule,
    periods_before,
)
from meetings_service.domain.schedule import (
    MAX_MINUTES,
    Schedule,
    ScheduleException,
    local_time_of,
    moment_of,
    zone_of,
)

_MINUTE_MS = 60_000
_MARGIN = timedelta(days=2)
"""More than any offset from UTC, and any change of one."""


class Occurrence(Struct, frozen=True, kw_only=True, order=True):
    """One time that a meeting takes place. Times in milliseconds since the epoch.

    They are in the order of their starts, and of their names where several begin together.
    """

    start: int
    occurrence: str
    """Its original start in local time: what names it among the others."""
    end: int
    title: str | None = None
    """Its own title; None: the meeting's."""


def check(schedule: Schedule) -> None:
    """Passes if the schedule can be followed.

    Raises:
        InvalidFieldError: something in it cannot.
    """
    zone = zone_of(schedule.time_zone)
    start = local_time_of(schedule.start)
    moment_of(start, zone)
    if schedule.rule is None:
        if schedule.exceptions:
            raise InvalidFieldError("schedule.exceptions", "What takes place once has no occurrences that differ.")
        return
    rule = parse_rule(schedule.rule)
    _check_rule(rule, start, zone)
    named = set[str]()
    for index, exception in enumerate(schedule.exceptions):
        _check_exception(schedule, exception, f"schedule.exceptions[{index}]", named)
    if all(each.cancelled for each in schedule.exceptions) and next(occurrences(schedule, after=0), None) is None:
        raise InvalidFieldError("schedule.exceptions", "No occurrence is left. Cancel the meeting instead.")


def _check_rule(rule: Rule, start: datetime, zone: ZoneInfo) -> None:
    if not is_day_of(rule, start.date(), start.date()):
        # RFC 5545 leaves open what such a series is (3.8.5.3), and programs differ.
        first = next(days_of(rule, start.date(), since=start.date()), None)
        message = "The rule has no day at all." if first is None else f"The rule's first day is {first}, not this one."
        raise InvalidFieldError("schedule.start", message)
    if _is_past(rule, start, zone):
        raise InvalidFieldError("schedule.rule", "UNTIL is before the start.")
    if rule.count is not None and len(list(_starts(rule, start, zone, since=start.date()))) < rule.count:
        message = f"Its last occurrence is too far away: more than {MAX_PERIODS} periods, or {MAX_YEARS} years."
        raise InvalidFieldError("schedule.rule", message)


def _check_exception(schedule: Schedule, exception: ScheduleException, field: str, named: set[str]) -> None:
    original = local_time_of(exception.occurrence, field=f"{field}.occurrence")
    if exception.occurrence in named:
        raise InvalidFieldError(f"{field}.occurrence", "This occurrence is named twice.")
    named.add(exception.occurrence)
    if exception.start is not None:
        moved = local_time_of(exception.start, field=f"{field}.start")
        if abs(moved - original) > timedelta(days=366):
            raise InvalidFieldError(f"{field}.start", "This is more than a year away from where it was.")
    if not is_named(schedule, exception.occurrence):
        raise InvalidFieldError(f"{field}.occurrence", "The series has no such occurrence.")


def is_named(schedule: Schedule, occurrence: str) -> bool:
    """Whether a local start names an occurrence of the series, cancelled ones among them."""
    start, local = local_time_of(schedule.start), local_time_of(occurrence)
    if schedule.rule is None or local == start:
        return local == start
    rule = parse_rule(schedule.rule)
    if local.time() != start.time() or not is_day_of(rule, start.date(), local.date()):
        return False
    since = start.date() if rule.count is not None else local.date()
    return local in _starts(rule, start, zone_of(schedule.time_zone), since=since, last=local.date())


def occurrences(schedule: Schedule, *, after: int, before: int | None = None) -> Iterator[Occurrence]:
    """The occurrences that end after ``after`` and start before ``before``, in their order.

    Those of a series without an end go on without one, as far as an expansion looks (`domain.rules`).
    """
    zone = zone_of(schedule.time_zone)
    every = _usual(schedule, zone, after, before)
    if schedule.exceptions:
        others = {each.occurrence for each in schedule.exceptions}
        different = sorted(_differing(each, schedule, zone) for each in schedule.exceptions if not each.cancelled)
        every = heapq.merge((each for each in every if each.occurrence not in others), different)
    for each in every:
        if each.end > after and (before is None or each.start < before):
            yield each


def occurrence_named(schedule: Schedule, name: str) -> Occurrence | None:
    """One occurrence as it takes place; None: there is none, or it is cancelled."""
    if not is_named(schedule, name):
        return None
    zone = zone_of(schedule.time_zone)
    exception = next((each for each in schedule.exceptions if each.occurrence == name), None)
    if exception is None:
        return _occurrence(local_time_of(name), zone, schedule.duration_minutes)
    return None if exception.cancelled else _differing(exception, schedule, zone)


def last_end(schedule: Schedule) -> int | None:
    """When the last occurrence ends; None: there is no last one."""
    if schedule.rule is None:
        return max(each.end for each in occurrences(schedule, after=0))
    rule = parse_rule(schedule.rule)
    if rule.count is None and rule.until is None:
        return None
    if rule.until is None:
        return max(each.end for each in occurrences(schedule, after=0))
    start, zone = local_time_of(schedule.start), zone_of(schedule.time_zone)
    day = rule.until.date() if isinstance(rule.until, datetime) else rule.until
    # From the end backwards, in steps that one expansion covers: days that are rare can be further apart than that.
    while True:
        day = periods_before(rule, day, MAX_PERIODS // 2)
        after = moment_of(datetime.combine(day, start.time()), zone)
        if ends := [each.end for each in occurrences(schedule, after=after)]:
            return max(ends)
        if day <= start.date():
            return _occurrence(start, zone, schedule.duration_minutes).end


def without_strays(schedule: Schedule) -> Schedule:
    """The schedule without the exceptions that name no occurrence of it: those of a rule that it had before."""
    if schedule.rule is None:
        return replace(schedule, exceptions=())
    kept = tuple(each for each in schedule.exceptions if is_named(schedule, each.occurrence))
    return replace(schedule, exceptions=kept)


def split(schedule: Schedule, occurrence: str) -> tuple[Schedule, Schedule]:
    """The series up to an occurrence, without it, and the one that begins with it.

    Raises:
        InvalidFieldError: there is no such occurrence, or none before it.
    """
    if schedule.rule is None or not is_named(schedule, occurrence):
        raise InvalidFieldError("occurrence", "The series has no such occurrence.")
    start, local = local_time_of(schedule.start), local_time_of(occurrence)
    if local == start:
        raise InvalidFieldError("occurrence", "This is the first occurrence. Change the series instead.")
    zone, rule = zone_of(schedule.time_zone), parse_rule(schedule.rule)
    passed = sum(1 for each in _starts(rule, start, zone, since=start.date(), last=local.date()) if each < local)
    # One before it in COUNT, or its last second before it: as far as one rule can say it in a way all programs read.
    ended = replace(rule, count=None, until=_in_utc(local, zone) - timedelta(seconds=1))
    going_on = rule if rule.count is None else replace(rule, count=rule.count - passed)
    earlier = tuple(each for each in schedule.exceptions if each.occurrence < occurrence)
    later = tuple(each for each in schedule.exceptions if each.occurrence >= occurrence)
    return (
        replace(schedule, rule=format_rule(ended), exceptions=earlier),
        replace(schedule, start=occurrence, rule=format_rule(going_on), exceptions=later),
    )


def until_in_utc(rule: Rule, zone: ZoneInfo) -> datetime | None:
    """The last moment of a rule in UTC, as calendar programs want it beside a start with a zone (3.3.10)."""
    if rule.until is None or isinstance(rule.until, datetime):
        return rule.until
    return _in_utc(datetime.combine(rule.until, datetime.max.time().replace(microsecond=0)), zone)


def in_zone(moment: datetime, zone: ZoneInfo) -> datetime:
    """The local time of a moment in UTC, both without a zone."""
    return moment.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None)


def _in_utc(local: datetime, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(moment_of(local, zone) // 1000, tz=UTC).replace(tzinfo=None)


def _is_past(rule: Rule, local: datetime, zone: ZoneInfo) -> bool:
    """Whether a start is after UNTIL."""
    if rule.until is None:
        return False
    if isinstance(rule.until, datetime):
        return _in_utc(local, zone) > rule.until
    return local.date() > rule.until


def _starts(
    rule: Rule, start: datetime, zone: ZoneInfo, *, since: date, last: date | None = None
) -> Iterator[datetime]:
    """Local starts from ``since`` (for COUNT: from the beginning) to ``last``, with heed of COUNT and UNTIL."""
    counted = rule.count is not None
    days = days_of(rule, start.date(), since=start.date() if counted else since)
    for day in islice(days, rule.count):
        local = datetime.combine(day, start.time())
        if (last is not None and day > last) or _is_past(rule, local, zone):
            return
        if day >= since:
            yield local


def _usual(schedule: Schedule, zone: ZoneInfo, after: int, before: int | None) -> Iterator[Occurrence]:
    """The occurrences about a span of time, as the rule has them."""
    start = local_time_of(schedule.start)
    if schedule.rule is None:
        yield _occurrence(start, zone, schedule.duration_minutes)
        return
    since = _day_at(after) - timedelta(minutes=MAX_MINUTES) - _MARGIN
    last = None if before is None else _day_at(before) + _MARGIN
    for local in _starts(parse_rule(schedule.rule), start, zone, since=since, last=last):
        yield _occurrence(local, zone, schedule.duration_minutes)


def _day_at(moment: int) -> date:
    """The day of a moment, as near as days go."""
    latest = datetime(9990, 1, 1, tzinfo=UTC).timestamp()
    return datetime.fromtimestamp(min(max(moment // 1000, 0), latest), tz=UTC).date()


def _occurrence(local: datetime, zone: ZoneInfo, minutes: int, title: str | None = None, name: str = "") -> Occurrence:
    start = moment_of(local, zone)
    end = start + minutes * _MINUTE_MS
    return Occurrence(start=start, end=end, occurrence=name or local.isoformat(), title=title)


def _differing(exception: ScheduleException, schedule: Schedule, zone: ZoneInfo) -> Occurrence:
    return _occurrence(
        local_time_of(exception.start or exception.occurrence),
        zone,
        exception.duration_minutes or schedule.duration_minutes,
        exception.title,
        exception.occurrence,
    )
