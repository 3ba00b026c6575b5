"""Occurrences of series: against `dateutil`, and what it does not know: zones, exceptions, splitting, bounds."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from meetings_service.domain.recurrence import (
    Occurrence,
    check,
    is_named,
    last_end,
    occurrence_named,
    occurrences,
    split,
    until_in_utc,
    without_strays,
)
from meetings_service.domain.rules import WEEKDAYS, Frequency, Rule, Weekday, format_rule, parse_rule
from meetings_service.domain.schedule import Schedule, ScheduleException
from msgspec.structs import replace

from functions.serverless.problems import InvalidFieldError

_MINUTE = 60_000
_HOUR = 60 * _MINUTE


def _ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * 1000


def _series(rule: str, start: str = "2026-03-02T09:00:00", zone: str = "Europe/Berlin") -> Schedule:
    return Schedule(start=start, time_zone=zone, duration_minutes=30, rule=rule)


def _first(schedule: Schedule, number: int) -> list[str]:
    return [each.occurrence for each in islice(occurrences(schedule, after=0), number)]


# ---- against dateutil ----


@st.composite
def _rules(draw: st.DrawFn) -> Rule:
    frequency = draw(st.sampled_from(list(Frequency)))
    by_the_month = frequency in {Frequency.MONTHLY, Frequency.YEARLY}
    # dateutil takes MO,1TU for the Mondays that are first Tuesdays, not for both.
    with_ordinals = by_the_month and draw(st.booleans())
    ordinals = st.sampled_from([1, 2, 3, 4, 5, -1, -2, -5]) if with_ordinals else st.just(0)
    month_days = st.integers(1, 31) | st.integers(-31, -1)
    by_day = draw(st.lists(st.builds(Weekday, st.integers(0, 6), ordinals), max_size=4, unique=True))
    by_month_day = draw(st.lists(month_days, max_size=4, unique=True)) if frequency is not Frequency.WEEKLY else []
    by_month = draw(st.lists(st.integers(1, 12), max_size=4, unique=True))
    positions = st.lists(st.integers(1, 5) | st.integers(-5, -1), max_size=2, unique=True)
    return Rule(
        frequency=frequency,
        interval=draw(st.integers(1, 5)),
        count=draw(st.none() | st.integers(1, 40)),
        by_day=tuple(by_day),
        by_month_day=tuple(by_month_day),
        by_month=tuple(by_month),
        # dateutil counts BYSETPOS of the first week from the start on; 3.3.10 has it count from the week's first day.
        by_set_position=tuple(draw(positions))
        if frequency is not Frequency.WEEKLY and (by_day or by_month_day or by_month)
        else (),
        week_start=draw(st.integers(0, 6)),
    )


_STARTS = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)).map(lambda each: each.replace(microsecond=0))  # noqa: DTZ001


@settings(max_examples=300, deadline=None)
@given(_rules(), _STARTS)
def test_days_are_those_that_dateutil_finds(rule: Rule, start: datetime) -> None:
    text = format_rule(rule)
    schedule = Schedule(start=start.isoformat(), time_zone="UTC", duration_minutes=30, rule=text)
    end = start + timedelta(days=8 * 366)
    endless = replace(schedule, rule=format_rule(replace(rule, count=None)))
    # dateutil looks for a day that never comes until the year 9999, for minutes.
    assume(next(occurrences(endless, after=int(end.replace(tzinfo=UTC).timestamp() * 1000 + 1)), None) is not None)
    expected = []
    for each in rrulestr(text, dtstart=start):
        if each >= end:
            break
        expected.append(each.isoformat())
    before = int(end.replace(tzinfo=UTC).timestamp()) * 1000
    assert [each.occurrence for each in occurrences(schedule, after=0, before=before)] == expected


@settings(max_examples=150, deadline=None)
@given(_rules(), _STARTS, st.integers(-100, 3_000), st.integers(0, 400))
def test_a_window_holds_what_the_whole_series_has_there(rule: Rule, start: datetime, days: int, length: int) -> None:
    schedule = _series(format_rule(rule), start.isoformat())
    after = int((start + timedelta(days=days)).replace(tzinfo=UTC).timestamp()) * 1000
    before = after + length * 24 * _HOUR
    whole = list(occurrences(schedule, after=0, before=before))
    assert list(occurrences(schedule, after=after, before=before)) == [each for each in whole if each.end > after]


@given(_rules())
def test_rules_are_read_as_they_were_written(rule: Rule) -> None:
    assert parse_rule(format_rule(rule)) == rule


def test_the_last_of_days_that_are_further_apart_than_one_look_reaches_is_found() -> None:
    # A Thursday, the last day of its month, one of every fourth day: in 2029, 2033, 2036, and not again until 2058.
    rule = "FREQ=DAILY;INTERVAL=4;UNTIL=20580131T045959Z;BYMONTH=1,3,5;BYMONTHDAY=-1;BYDAY=TH"
    schedule = _series(rule, "2029-05-31T00:00:00", "America/New_York")
    whole = list(occurrences(schedule, after=0))
    days = ["2029-05-31T00:00:00", "2033-03-31T00:00:00", "2036-01-31T00:00:00"]
    assert [each.occurrence for each in whole] == days
    assert last_end(schedule) == whole[-1].end


def test_a_series_of_one_day_ends_when_that_day_was_moved_to() -> None:
    exception = ScheduleException(occurrence="2026-12-07T09:00:00", start="2026-12-07T15:00:00")
    schedule = replace(_series("FREQ=DAILY;UNTIL=20261207T080000Z", "2026-12-07T09:00:00"), exceptions=(exception,))
    assert last_end(schedule) == _ms("2026-12-07T14:30:00+00:00")  # half past three in Berlin


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(_rules(), _STARTS, st.integers(1, 12))
def test_a_series_that_is_split_has_the_same_occurrences(rule: Rule, start: datetime, number: int) -> None:
    schedule = _series(format_rule(rule), start.isoformat(), "America/New_York")
    first = next(occurrences(schedule, after=0), None)
    assume(first is not None)
    assert first is not None
    schedule = replace(schedule, start=first.occurrence)
    try:
        check(schedule)
    except InvalidFieldError:
        assume(False)  # its end is too far away
    whole = list(islice(occurrences(schedule, after=0), 30))
    assume(len(whole) > number and whole[0] == first)
    before, following = split(schedule, whole[number].occurrence)
    check(before)
    check(following)
    parts = [*occurrences(before, after=0), *islice(occurrences(following, after=0), 30)]
    assert parts[: len(whole)] == whole
    assert last_end(schedule) == last_end(following)
    assert last_end(before) == whole[number - 1].end


def test_positions_in_the_first_week_count_from_the_days_first_day() -> None:
    # Wednesday the 4th is the first day, and the second position is Wednesday: not the Friday that follows it.
    assert _first(_series("FREQ=WEEKLY;BYDAY=MO,WE,FR;BYSETPOS=2", "2026-03-04T09:00:00"), 2) == [
        "2026-03-04T09:00:00",
        "2026-03-11T09:00:00",
    ]


# ---- time zones ----


def test_wall_time_stays_when_clocks_change() -> None:
    found = list(islice(occurrences(_series("FREQ=WEEKLY", "2026-03-23T09:00:00"), after=0), 2))
    assert [each.start for each in found] == [_ms("2026-03-23T08:00:00+00:00"), _ms("2026-03-30T07:00:00+00:00")]


def test_a_time_that_a_clock_change_leaves_out_is_read_with_the_offset_before_it() -> None:
    found = list(islice(occurrences(_series("FREQ=DAILY", "2026-03-28T02:30:00"), after=0), 3))
    assert [each.start for each in found] == [
        _ms("2026-03-28T02:30:00+01:00"),
        _ms("2026-03-29T02:30:00+01:00"),  # 03:30 on that day's clocks
        _ms("2026-03-30T02:30:00+02:00"),
    ]
    assert found[1].occurrence == "2026-03-29T02:30:00"
    assert [each.end - each.start for each in found] == [30 * _MINUTE] * 3


def test_of_a_time_that_comes_twice_the_first_is_meant() -> None:
    found = list(islice(occurrences(_series("FREQ=DAILY", "2026-10-25T02:30:00"), after=0), 1))
    assert found[0].start == _ms("2026-10-25T02:30:00+02:00")


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(["Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia"]), _STARTS)
def test_every_occurrence_is_where_its_zone_has_its_wall_time(zone: str, start: datetime) -> None:
    for each in islice(occurrences(_series("FREQ=DAILY", start.isoformat(), zone), after=0), 400):
        local = datetime.fromisoformat(each.occurrence)
        shown = datetime.fromtimestamp(each.start / 1000, ZoneInfo(zone)).replace(tzinfo=None)
        is_left_out = shown != local
        assert not is_left_out or shown - local in (timedelta(hours=1), timedelta(minutes=30), timedelta(days=1))


def test_until_as_a_day_is_that_local_day() -> None:
    # 23:30 in New York is the next day in UTC.
    schedule = _series("FREQ=DAILY;UNTIL=20260304", "2026-03-02T23:30:00", "America/New_York")
    assert _first(schedule, 9) == ["2026-03-02T23:30:00", "2026-03-03T23:30:00", "2026-03-04T23:30:00"]
    until = until_in_utc(parse_rule("FREQ=DAILY;UNTIL=20260304"), ZoneInfo("America/New_York"))
    assert until == datetime(2026, 3, 5, 4, 59, 59)  # noqa: DTZ001


def test_until_as_a_moment_is_in_utc_and_holds_itself() -> None:
    assert len(_first(_series("FREQ=DAILY;UNTIL=20260304T080000Z"), 9)) == 3
    assert len(_first(_series("FREQ=DAILY;UNTIL=20260304T075959Z"), 9)) == 2


# ---- exceptions ----


def _with(schedule: Schedule, *exceptions: ScheduleException) -> Schedule:
    return replace(schedule, exceptions=exceptions)


def test_an_occurrence_can_be_cancelled_moved_renamed_and_made_longer() -> None:
    schedule = _with(
        _series("FREQ=DAILY;COUNT=4"),
        ScheduleException(occurrence="2026-03-02T09:00:00", cancelled=True),
        ScheduleException(occurrence="2026-03-03T09:00:00", start="2026-03-05T11:00:00", title="Later"),
        ScheduleException(occurrence="2026-03-04T09:00:00", duration_minutes=60),
    )
    check(schedule)
    fourth, fifth_nine, fifth_eleven = occurrences(schedule, after=0)
    assert fourth == Occurrence(
        start=_ms("2026-03-04T09:00+01:00"), end=_ms("2026-03-04T10:00+01:00"), occurrence="2026-03-04T09:00:00"
    )
    assert fifth_nine.occurrence == "2026-03-05T09:00:00"
    assert (fifth_eleven.occurrence, fifth_eleven.title) == ("2026-03-03T09:00:00", "Later")
    assert last_end(schedule) == _ms("2026-03-05T11:30+01:00")
    assert occurrence_named(schedule, "2026-03-02T09:00:00") is None
    assert is_named(schedule, "2026-03-02T09:00:00")
    assert occurrence_named(schedule, "2026-03-03T09:00:00") == fifth_eleven
    assert occurrence_named(schedule, "2026-03-05T09:00:00") == fifth_nine
    assert occurrence_named(schedule, "2026-03-06T09:00:00") is None  # beyond COUNT


def test_an_occurrence_moved_into_a_window_is_in_it() -> None:
    moved = ScheduleException(occurrence="2026-03-02T09:00:00", start="2026-06-01T09:00:00")
    schedule = _with(_series("FREQ=DAILY;COUNT=3"), moved)
    found = list(occurrences(schedule, after=_ms("2026-05-01T00:00+00:00"), before=_ms("2026-07-01T00:00+00:00")))
    assert [each.occurrence for each in found] == ["2026-03-02T09:00:00"]


def test_exceptions_of_the_rule_before_are_left_behind() -> None:
    kept = ScheduleException(occurrence="2026-03-09T09:00:00", cancelled=True)
    schedule = _with(_series("FREQ=WEEKLY"), ScheduleException(occurrence="2026-03-03T09:00:00", cancelled=True), kept)
    assert without_strays(schedule).exceptions == (kept,)


# ---- what is refused ----


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("", "list such as"),
        ("WEEKLY", "list such as"),
        ("INTERVAL=2", "no FREQ"),
        ("FREQ=HOURLY", "FREQ is one of"),
        ("FREQ=DAILY;FREQ=DAILY", "twice"),
        ("FREQ=DAILY;BYHOUR=9", "no rules with BYHOUR"),
        ("FREQ=YEARLY;BYWEEKNO=20", "no rules with BYWEEKNO"),
        ("FREQ=DAILY;\r\nX=1", "unknown part"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL has numbers"),
        ("FREQ=DAILY;INTERVAL=1,2", "one number"),
        ("FREQ=DAILY;INTERVAL=99999999999999999999", "INTERVAL has numbers"),
        ("FREQ=DAILY;COUNT=-1", "COUNT has numbers"),
        ("FREQ=DAILY;COUNT=1001", "COUNT has numbers"),
        ("FREQ=DAILY;COUNT=2;UNTIL=20270101", "not both"),
        ("FREQ=DAILY;UNTIL=20270101T000000", "UNTIL is a day"),
        ("FREQ=DAILY;UNTIL=20270230", "UNTIL is a day"),
        ("FREQ=DAILY;UNTIL=20250101", "before the start"),
        ("FREQ=WEEKLY;BYDAY=1MO", "by the month or year"),
        ("FREQ=WEEKLY;BYDAY=XX", "BYDAY has days"),
        ("FREQ=MONTHLY;BYDAY=54MO", "BYDAY has days"),
        ("FREQ=WEEKLY;BYMONTHDAY=1", "no BYMONTHDAY"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "BYMONTHDAY has numbers"),
        ("FREQ=MONTHLY;BYMONTHDAY=32", "BYMONTHDAY has numbers"),
        ("FREQ=YEARLY;BYMONTH=13", "BYMONTH has numbers"),
        ("FREQ=DAILY;BYSETPOS=1", "BYSETPOS chooses"),
        ("FREQ=DAILY;WKST=1", "WKST is a day"),
    ],
)
def test_other_rules_are_refused_with_their_field(rule: str, said: str) -> None:
    with pytest.raises(InvalidFieldError, match=said) as refused:
        check(_series(rule))
    assert refused.value.fields[0].field == "schedule.rule"


@given(st.text(max_size=60) | st.from_regex(r"(FREQ|COUNT|BYDAY|UNTIL|BYMONTHDAY)=[A-Z0-9+,;=-]{0,20}"))
def test_no_text_is_more_than_refused(text: str) -> None:
    with suppress(InvalidFieldError):
        rule = parse_rule(text)
        assert parse_rule(format_rule(rule)) == rule


def test_the_start_has_to_be_a_day_of_the_rule() -> None:
    with pytest.raises(InvalidFieldError, match="first day is 2026-03-03") as refused:
        check(_series("FREQ=WEEKLY;BYDAY=TU"))
    assert refused.value.fields[0].field == "schedule.start"
    with pytest.raises(InvalidFieldError, match="no day at all"):
        check(_series("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"))


@pytest.mark.parametrize(
    ("exception", "field"),
    [
        (ScheduleException(occurrence="2026-03-03T09:00:00"), "schedule.exceptions[0].occurrence"),
        (ScheduleException(occurrence="2026-03-09T10:00:00"), "schedule.exceptions[0].occurrence"),
        (ScheduleException(occurrence="2026-02-23T09:00:00"), "schedule.exceptions[0].occurrence"),
        (ScheduleException(occurrence="soon"), "schedule.exceptions[0].occurrence"),
        (ScheduleException(occurrence="2026-03-09T09:00:00", start="x"), "schedule.exceptions[0].start"),
        (
            ScheduleException(occurrence="2026-03-09T09:00:00", start="2029-01-01T09:00:00"),
            "schedule.exceptions[0].start",
        ),
    ],
)
def test_exceptions_have_to_be_of_the_series(exception: ScheduleException, field: str) -> None:
    with pytest.raises(InvalidFieldError) as refused:
        check(_with(_series("FREQ=WEEKLY"), exception))
    assert refused.value.fields[0].field == field


def test_a_series_has_to_keep_an_occurrence() -> None:
    gone = [ScheduleException(occurrence=f"2026-03-0{day}T09:00:00", cancelled=True) for day in (2, 3)]
    with pytest.raises(InvalidFieldError, match="No occurrence is left"):
        check(_with(_series("FREQ=DAILY;COUNT=2"), *gone))
    with pytest.raises(InvalidFieldError, match="named twice"):
        check(_with(_series("FREQ=DAILY;COUNT=2"), gone[0], gone[0]))


@pytest.mark.parametrize("occurrence", ["2026-03-02T09:00:00", "2026-03-03T09:00:00"])
def test_a_series_is_split_at_a_later_occurrence(occurrence: str) -> None:
    with pytest.raises(InvalidFieldError):
        split(_series("FREQ=WEEKLY"), occurrence)


# ---- bounds ----


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=YEARLY;BYDAY=53MO;BYMONTHDAY=2",
        "FREQ=MONTHLY;INTERVAL=12;BYMONTH=2;BYMONTHDAY=31;BYDAY=MO",
        "FREQ=DAILY;COUNT=1000;BYMONTH=2;BYMONTHDAY=29",
        "FREQ=DAILY",
    ],
)
def test_looking_through_any_series_comes_to_an_end_soon(rule: str) -> None:
    began = time.process_time()
    found = list(occurrences(_series(rule), after=0))
    assert len(found) <= 4_000
    assert time.process_time() - began < 2  # some milliseconds; by a mistake it would be minutes


def test_a_series_whose_end_is_too_far_away_is_refused() -> None:
    with pytest.raises(InvalidFieldError, match="too far away"):
        check(_series("FREQ=YEARLY;COUNT=1000"))


def test_what_a_series_of_long_ago_has_today_is_found_without_its_past() -> None:
    schedule = _series("FREQ=DAILY", "1975-01-01T09:00:00")
    assert next(occurrences(schedule, after=_ms("2026-11-29T12:00+00:00"))).occurrence == "2026-11-30T09:00:00"


def test_ends_of_series() -> None:
    assert last_end(_series("FREQ=DAILY")) is None
    assert last_end(_series("FREQ=DAILY;COUNT=2")) == _ms("2026-03-03T09:30+01:00")
    assert last_end(_series("FREQ=DAILY;UNTIL=20990101")) == _ms("2099-01-01T09:30+01:00")
    assert last_end(replace(_series("x"), rule=None)) == _ms("2026-03-02T09:30+01:00")
    assert date(2026, 3, 2).weekday() == WEEKDAYS.index("MO")
