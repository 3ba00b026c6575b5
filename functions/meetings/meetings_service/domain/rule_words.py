"""Schedules in words, for mails and pages: "every week on Monday and Wednesday, until 30 April 2027". Pure.

English and German, the languages of the platform. What a rule says is told whole: no part is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final, Literal, TypeAlias

from meetings_service.domain.recurrence import in_zone
from meetings_service.domain.rules import Frequency, Rule, Weekday, parse_rule
from meetings_service.domain.schedule import Schedule, local_time_of, zone_of

Locale: TypeAlias = Literal["en", "de"]

_DAYS: Final = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "de": ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"),
}
_MONTHS: Final = {
    "en": tuple("January February March April May June July August September October November December".split()),  # noqa: SIM905
    "de": tuple("Januar Februar März April Mai Juni Juli August September Oktober November Dezember".split()),  # noqa: SIM905
}
_EVERY: Final = {
    "en": {
        Frequency.DAILY: ("every day", "every {} days"),
        Frequency.WEEKLY: ("every week", "every {} weeks"),
        Frequency.MONTHLY: ("every month", "every {} months"),
        Frequency.YEARLY: ("every year", "every {} years"),
    },
    "de": {
        Frequency.DAILY: ("jeden Tag", "alle {} Tage"),
        Frequency.WEEKLY: ("jede Woche", "alle {} Wochen"),
        Frequency.MONTHLY: ("jeden Monat", "alle {} Monate"),
        Frequency.YEARLY: ("jedes Jahr", "alle {} Jahre"),
    },
}
_WORKDAYS: Final = frozenset(range(5))


def rule_in_words(schedule: Schedule, locale: Locale) -> str | None:
    """When a series takes place again, without its time of day; None: it is no series."""
    if schedule.rule is None:
        return None
    rule, start = parse_rule(schedule.rule), local_time_of(schedule.start).date()
    every, every_so_many = _EVERY[locale][rule.frequency]
    said = every if rule.interval == 1 else every_so_many.format(rule.interval)
    said = " ".join(filter(None, (said, _days(rule, start, locale))))
    return said + _end(rule, schedule, locale)


def day_in_words(day: date, locale: Locale) -> str:
    """A day such as "Monday, 7 December 2026"."""
    return f"{_DAYS[locale][day.weekday()]}, {_date(day, locale)}"


def _date(day: date, locale: Locale) -> str:
    dot = "." if locale == "de" else ""
    return f"{day.day}{dot} {_MONTHS[locale][day.month - 1]} {day.year}"


def _days(rule: Rule, start: date, locale: Locale) -> str:
    """On which days: those that the rule names, or that follow from its start."""
    said = []
    by_day = rule.by_day
    by_month_day = rule.by_month_day
    if not by_day and not by_month_day:
        if rule.frequency is Frequency.WEEKLY:
            by_day = (Weekday(start.weekday()),)
        elif rule.frequency is not Frequency.DAILY:
            by_month_day = (start.day,)
    if rule.by_set_position:
        said.append(_positions(rule.by_set_position, locale))
    if by_month_day:
        said.append(_month_days(by_month_day, locale, also=bool(by_day)))
    if by_day:
        said.append(_weekdays(by_day, locale))
    months = rule.by_month
    if rule.frequency is Frequency.YEARLY and not months and not rule.by_day and not rule.by_month_day:
        months = (start.month,)
    if months:
        names = [_MONTHS[locale][month - 1] for month in sorted(months)]
        said.append(f"{'in' if locale == 'en' else 'im'} {_list(names, locale)}")
    return " ".join(said)


def _weekdays(days: Sequence[Weekday], locale: Locale) -> str:
    if {each.day for each in days} == _WORKDAYS and not any(each.ordinal for each in days):
        return "from Monday to Friday" if locale == "en" else "von Montag bis Freitag"
    ordered = sorted(days, key=lambda each: (each.ordinal < 0, each.ordinal, each.day))
    names = [_weekday(each, locale) for each in ordered]
    return f"{'on' if locale == 'en' else 'am'} {_list(names, locale)}"


def _weekday(each: Weekday, locale: Locale) -> str:
    name = _DAYS[locale][each.day]
    if not each.ordinal:
        return name
    return f"the {_ordinal(each.ordinal)} {name}" if locale == "en" else f"{_german_ordinal(each.ordinal)} {name}"


def _month_days(days: Sequence[int], locale: Locale, *, also: bool) -> str:
    ordered = sorted(days, key=lambda day: (day < 0, day))
    if locale == "en":
        said = f"on {_list([f'the {_ordinal(day)}' + (' day' if day < 0 else '') for day in ordered], locale)}"
        return f"{said}, if that is" if also else said
    said = f"am {_list([f'{day}.' if day > 0 else f'{_german_ordinal(day)} Tag' for day in ordered], locale)}"
    return f"{said}, falls" if also else said


def _positions(positions: Sequence[int], locale: Locale) -> str:
    ordered = sorted(positions, key=lambda each: (each < 0, each))
    if locale == "en":
        return f"on {_list([f'the {_ordinal(each)}' for each in ordered], locale)} of the days"
    return f"am {_list([_german_ordinal(each) for each in ordered], locale)} der Tage"


def _ordinal(number: int) -> str:
    """``1st``, ``2nd``, ``last``, ``2nd last``."""
    if number == -1:
        return "last"
    size = abs(number)
    ending = "th" if size % 100 in {11, 12, 13} else {1: "st", 2: "nd", 3: "rd"}.get(size % 10, "th")
    return f"{size}{ending}" + (" last" if number < 0 else "")


def _german_ordinal(number: int) -> str:
    if number == -1:
        return "letzten"
    return f"{number}." if number > 0 else f"{-number}.-letzten"


def _list(names: Sequence[str], locale: Locale) -> str:
    *others, last = names
    joint = " and " if locale == "en" else " und "
    return f"{', '.join(others)}{joint}{last}" if others else last


def _end(rule: Rule, schedule: Schedule, locale: Locale) -> str:
    if rule.count is not None:
        times = ("once" if rule.count == 1 else f"{rule.count} times") if locale == "en" else f"{rule.count}-mal"
        return f", {times}"
    if rule.until is None:
        return ""
    until = rule.until
    last = in_zone(until, zone_of(schedule.time_zone)).date() if isinstance(until, datetime) else until
    return f", {'until' if locale == 'en' else 'bis'} {_date(last, locale)}"
