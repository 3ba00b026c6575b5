"""Recurrence rules (RFC 5545, 3.3.10), as far as meetings have them: their parts, their text, and their days. Pure.

A meeting takes place at most once a day, at the time of day of its start: so there are no parts below the day. Nor are
there weeks and days by their number in the year, which no calendar program lets people choose.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import count
from typing import Final

from msgspec import Struct

from functions.serverless.problems import InvalidFieldError

WEEKDAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
MAX_COUNT: Final = 1_000
MAX_INTERVAL: Final = 999
MAX_PERIODS: Final = 4_000
MAX_YEARS: Final = 200
"""One expansion looks no further than so many periods, nor so many years: one without any day must come to an end."""
_LAST_YEAR: Final = 9_998
_FIELD: Final = "schedule.rule"


class Frequency(StrEnum):
    """What a period is."""

    DAILY = "DAILY"
    WEEKLY = "WEEKLY"
    MONTHLY = "MONTHLY"
    YEARLY = "YEARLY"


class Weekday(Struct, frozen=True):
    """A day of the week (0: Monday); with an ordinal the so-many-th of the month or year, negative: from its end."""

    day: int
    ordinal: int = 0


class Rule(Struct, frozen=True, kw_only=True):
    """A recurrence rule. Empty parts are those that it does not have."""

    frequency: Frequency
    interval: int = 1
    count: int | None = None
    until: datetime | date | None = None
    """The last moment in UTC, without a zone; or the last day, in local time."""
    by_day: tuple[Weekday, ...] = ()
    by_month_day: tuple[int, ...] = ()
    by_month: tuple[int, ...] = ()
    by_set_position: tuple[int, ...] = ()
    week_start: int = 0


# ---- text ----


@functools.lru_cache(maxsize=512)
def parse_rule(text: str) -> Rule:
    """The rule that is the value of an RRULE. Few are different, and lists read the same ones again and again.

    Raises:
        InvalidFieldError: it is none, or none that meetings have.
    """
    parts = _parts_of(text.removeprefix("RRULE:"))
    if "FREQ" not in parts:
        raise _refused("The rule has no FREQ.")
    if parts["FREQ"] not in Frequency.__members__:
        raise _refused("FREQ is one of DAILY, WEEKLY, MONTHLY and YEARLY.")
    rule = Rule(
        frequency=Frequency(parts["FREQ"]),
        interval=_numbers(parts, "INTERVAL", 1, MAX_INTERVAL, default=(1,))[0],
        count=next(iter(_numbers(parts, "COUNT", 1, MAX_COUNT)), None),
        until=_until(parts["UNTIL"]) if "UNTIL" in parts else None,
        by_day=tuple(map(_weekday, _list(parts, "BYDAY"))),
        by_month_day=_numbers(parts, "BYMONTHDAY", 1, 31, either_way=True),
        by_month=_numbers(parts, "BYMONTH", 1, 12),
        by_set_position=_numbers(parts, "BYSETPOS", 1, 366, either_way=True),
        week_start=_week_start(parts.get("WKST", "MO")),
    )
    _check_together(rule)
    return rule


_KNOWN: Final = frozenset({"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS", "WKST"})
_SINGLE: Final = frozenset({"INTERVAL", "COUNT"})
_WEEKDAY: Final = re.compile(r"([+-]?[0-9]{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,4}")


def _parts_of(text: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for part in text.upper().split(";"):
        name, equals, value = part.partition("=")
        if not equals or not value:
            raise _refused("A rule is a list such as FREQ=WEEKLY;BYDAY=MO,WE.")
        if name not in _KNOWN:
            raise _refused(
                f"Meetings have no rules with {name}." if name.isalpha() else "The rule has an unknown part."
            )
        if name in parts:
            raise _refused(f"The rule has {name} twice.")
        parts[name] = value
    return parts


def _list(parts: Mapping[str, str], name: str) -> list[str]:
    return parts[name].split(",") if name in parts else []


def _numbers(
    parts: Mapping[str, str],
    name: str,
    first: int,
    last: int,
    *,
    either_way: bool = False,
    default: tuple[int, ...] = (),
) -> tuple[int, ...]:
    """The numbers of a part, each once; ``either_way``: or the same below zero."""
    if name not in parts:
        return default
    texts = _list(parts, name)
    numbers = [int(text) if _NUMBER.fullmatch(text) else 0 for text in texts]
    if not all(first <= (abs(number) if either_way else number) <= last for number in numbers):
        raise _refused(f"{name} has numbers from {first} to {last}{', or from the end' if either_way else ''}.")
    if name in _SINGLE and len(numbers) > 1:
        raise _refused(f"{name} is one number.")
    return tuple(dict.fromkeys(numbers))


def _weekday(text: str) -> Weekday:
    found = _WEEKDAY.fullmatch(text)
    if found is None or (found[1] is not None and not 1 <= abs(int(found[1])) <= 53):
        raise _refused("BYDAY has days such as MO, or 1MO and -1FR.")
    return Weekday(WEEKDAYS.index(found[2]), int(found[1] or 0))


def _week_start(text: str) -> int:
    if text not in WEEKDAYS:
        raise _refused("WKST is a day such as MO.")
    return WEEKDAYS.index(text)


def _until(text: str) -> datetime | date:
    for form, pattern in (("%Y%m%dT%H%M%SZ", r"[0-9]{8}T[0-9]{6}Z"), ("%Y%m%d", r"[0-9]{8}")):
        if re.fullmatch(pattern, text):
            try:
                moment = datetime.strptime(text, form)  # noqa: DTZ007  (UTC, or a local day, without saying so)
            except ValueError:
                break
            return moment if "T" in form else moment.date()
    raise _refused("UNTIL is a day such as 20261231, or a time in UTC such as 20261231T225959Z.")


def _check_together(rule: Rule) -> None:
    has_ordinals = any(each.ordinal for each in rule.by_day)
    if rule.count is not None and rule.until is not None:
        raise _refused("A rule has COUNT or UNTIL, not both.")
    if has_ordinals and rule.frequency not in {Frequency.MONTHLY, Frequency.YEARLY}:
        raise _refused("Days such as 1MO are for rules by the month or year.")
    if rule.by_month_day and rule.frequency is Frequency.WEEKLY:
        raise _refused("A rule by the week has no BYMONTHDAY.")
    if rule.by_set_position and not (rule.by_day or rule.by_month_day or rule.by_month):
        raise _refused("BYSETPOS chooses among the days of other parts.")


def format_rule(rule: Rule, *, until: datetime | None = None) -> str:
    """The rule as the value of an RRULE. ``until``: its last moment in UTC, to stand for a last day."""
    end = until or rule.until
    parts = {
        "FREQ": rule.frequency.value,
        "INTERVAL": str(rule.interval) if rule.interval > 1 else "",
        "COUNT": "" if rule.count is None else str(rule.count),
        "UNTIL": "" if end is None else f"{end:%Y%m%dT%H%M%SZ}" if isinstance(end, datetime) else f"{end:%Y%m%d}",
        "BYMONTH": ",".join(map(str, rule.by_month)),
        "BYMONTHDAY": ",".join(map(str, rule.by_month_day)),
        "BYDAY": ",".join(f"{each.ordinal or ''}{WEEKDAYS[each.day]}" for each in rule.by_day),
        "BYSETPOS": ",".join(map(str, rule.by_set_position)),
        "WKST": WEEKDAYS[rule.week_start] if rule.week_start else "",
    }
    return ";".join(f"{name}={value}" for name, value in parts.items() if value)


def _refused(message: str) -> InvalidFieldError:
    return InvalidFieldError(_FIELD, message)


# ---- days ----


def days_of(rule: Rule, start: date, *, since: date) -> Iterator[date]:
    """The days of a rule from ``since`` on, in order, beginning with its first period; COUNT and UNTIL are not heeded.

    It ends where the limits of an expansion are reached.
    """
    first = _period_at(rule, start, max(since, start))
    last_year = min(_LAST_YEAR, max(since, start).year + MAX_YEARS)
    for period in count(first):
        begins = _beginning(rule, start, period)
        if period - first >= MAX_PERIODS or begins is None or begins.year > last_year:
            return
        for day in _days_in(rule, start, begins):
            if day >= start and day >= since:
                yield day


def is_day_of(rule: Rule, start: date, day: date) -> bool:
    """Whether a day is one of the rule's, without heed of COUNT and UNTIL."""
    begins = _beginning(rule, start, _period_at(rule, start, day)) if day >= start else None
    return begins is not None and day in _days_in(rule, start, begins)


def periods_before(rule: Rule, day: date, periods: int) -> date:
    """A day about so many periods earlier, or the earliest there is."""
    length = {Frequency.DAILY: 1, Frequency.WEEKLY: 7, Frequency.MONTHLY: 31, Frequency.YEARLY: 366}[rule.frequency]
    days = min(length * rule.interval * periods, MAX_YEARS * 365, (day - date.min).days)
    return day - timedelta(days=days)


def _week_of(rule: Rule, day: date) -> date:
    """The first day of a day's week; the earliest day there is at the beginning of time."""
    return day - timedelta(days=min((day.weekday() - rule.week_start) % 7, day.toordinal() - 1))


def _period_at(rule: Rule, start: date, day: date) -> int:
    """The number of the period that a day is in, or of the last one before it; the start's is 0."""
    match rule.frequency:
        case Frequency.DAILY:
            passed = (day - start).days
        case Frequency.WEEKLY:
            passed = (_week_of(rule, day) - _week_of(rule, start)).days // 7
        case Frequency.MONTHLY:
            passed = (day.year - start.year) * 12 + day.month - start.month
        case Frequency.YEARLY:
            passed = day.year - start.year
    return passed // rule.interval


def _beginning(rule: Rule, start: date, period: int) -> date | None:
    """The first day of a period; None: it is later than dates go."""
    steps = period * rule.interval
    try:
        match rule.frequency:
            case Frequency.DAILY:
                return start + timedelta(days=steps)
            case Frequency.WEEKLY:
                return _week_of(rule, start) + timedelta(weeks=steps)
            case Frequency.MONTHLY:
                years, month = divmod(start.month - 1 + steps, 12)
                return date(start.year + years, month + 1, 1)
            case Frequency.YEARLY:
                return date(start.year + steps, 1, 1)
    except (ValueError, OverflowError):
        return None


def _days_in(rule: Rule, start: date, begins: date) -> list[date]:
    """The days of the period that begins there, those before the start of all among them (BYSETPOS counts them)."""
    match rule.frequency:
        case Frequency.DAILY:
            days = [begins] if _is_among(rule, begins) else []
        case Frequency.WEEKLY:
            weekdays = {each.day for each in rule.by_day} or {start.weekday()}
            offsets = sorted((each - begins.weekday()) % 7 for each in weekdays)
            week = (begins + timedelta(days=offset) for offset in offsets)
            days = [day for day in week if _is_in_month(rule, day)]
        case Frequency.MONTHLY:
            days = _days_in_month(rule, start, begins) if _is_in_month(rule, begins) else []
        case Frequency.YEARLY:
            days = _days_in_year(rule, start, begins.year)
    if not rule.by_set_position:
        return days
    chosen = {place - 1 if place > 0 else len(days) + place for place in rule.by_set_position}
    return [day for index, day in enumerate(days) if index in chosen]


def _is_in_month(rule: Rule, day: date) -> bool:
    return not rule.by_month or day.month in rule.by_month


def _is_among(rule: Rule, day: date) -> bool:
    return (
        _is_in_month(rule, day)
        and (not rule.by_day or any(each.day == day.weekday() for each in rule.by_day))
        and (not rule.by_month_day or not {day.day, day.day - _length(day) - 1}.isdisjoint(rule.by_month_day))
    )


def _length(day: date) -> int:
    """How many days the month has."""
    return (date(day.year + day.month // 12, day.month % 12 + 1, 1) - day.replace(day=1)).days


def _days_in_month(rule: Rule, start: date, first: date) -> list[date]:
    length = _length(first)
    wanted = rule.by_month_day or (() if rule.by_day else (start.day,))
    numbers = {number if number > 0 else length + 1 + number for number in wanted} or set(range(1, length + 1))
    if rule.by_day:
        numbers &= _weekdays_within(rule, first, length)
    return [first.replace(day=number) for number in sorted(numbers) if 1 <= number <= length]


def _weekdays_within(rule: Rule, first: date, length: int) -> set[int]:
    """Which days, counted from 1, of those from ``first`` on are the weekdays of the rule."""
    numbers: set[int] = set()
    for each in rule.by_day:
        all_of_them = range(1 + (each.day - first.weekday()) % 7, length + 1, 7)
        if not each.ordinal:
            numbers.update(all_of_them)
        elif abs(each.ordinal) <= len(all_of_them):
            numbers.add(all_of_them[each.ordinal - 1 if each.ordinal > 0 else each.ordinal])
    return numbers


def _days_in_year(rule: Rule, start: date, year: int) -> list[date]:
    if rule.by_day and not rule.by_month:  # ordinals count within the year, not the month (3.3.10, note 2)
        first = date(year, 1, 1)
        numbers = sorted(_weekdays_within(rule, first, (date(year + 1, 1, 1) - first).days))
        days = [first + timedelta(days=number - 1) for number in numbers]
        without = Rule(frequency=rule.frequency, by_month_day=rule.by_month_day)
        return [day for day in days if _is_among(without, day)]
    months = sorted(rule.by_month) or (range(1, 13) if rule.by_month_day else (start.month,))
    return [day for month in months for day in _days_in_month(rule, start, date(year, month, 1))]
