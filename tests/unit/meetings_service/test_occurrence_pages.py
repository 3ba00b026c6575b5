"""Pages of occurrences: together they are the whole list, whatever differs and however many are on one."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from meetings_service.domain.occurrence_pages import OccurrencePage, Shown, first_page, next_page
from meetings_service.domain.recurrence import check
from meetings_service.domain.schedule import Schedule, ScheduleException, moment_of, zone_of

from functions.serverless.cursors import cursor_of_text
from functions.serverless.problems import InvalidFieldError

DAYS = 8
FIRST = datetime(2026, 12, 1, 9)  # noqa: DTZ001
HOUR = 3_600_000


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    """Eight days, of which any were moved, made longer or shorter, or cancelled: often to the same few times."""
    exceptions = []
    for number in sorted(draw(st.sets(st.integers(0, DAYS - 1)))):
        moved = draw(st.none() | st.integers(0, 3 * 24).map(lambda hours: FIRST + timedelta(hours=hours)))
        exceptions.append(
            ScheduleException(
                occurrence=(FIRST + timedelta(days=number)).isoformat(),
                cancelled=draw(st.booleans()) and number > 0,
                start=None if moved is None else moved.isoformat(),
                duration_minutes=draw(st.none() | st.sampled_from([1, 60, 120, 1440])),
            )
        )
    zone = draw(st.sampled_from(["UTC", "Europe/Berlin", "America/New_York"]))
    made = Schedule(
        start=FIRST.isoformat(),
        time_zone=zone,
        duration_minutes=draw(st.sampled_from([60, 1440])),
        rule=f"FREQ=DAILY;COUNT={DAYS}",
        exceptions=tuple(exceptions),
    )
    check(made)
    return made


def all_pages(schedule: Schedule, after: int, limit: int) -> list[OccurrencePage]:
    pages = [first_page(schedule, after=after, limit=limit)]
    while (cursor := pages[-1].next_cursor) is not None:
        assert len(pages) <= DAYS, "the pages have no end"
        pages.append(next_page(schedule, cursor, limit=limit))
    return pages


def whole(schedule: Schedule, after: int) -> tuple[Shown, ...]:
    return first_page(schedule, after=after, limit=DAYS).shown


@settings(max_examples=400, deadline=None)
@given(schedules(), st.integers(1, DAYS + 1), st.integers(-24, 12 * 24))
def test_the_pages_together_are_the_whole_each_once(schedule: Schedule, limit: int, hours: int) -> None:
    after = moment_of(FIRST, zone_of(schedule.time_zone)) + hours * HOUR
    pages = all_pages(schedule, after, limit)
    assert tuple(each for page in pages for each in page.shown) == whole(schedule, after)
    assert all(len(page.shown) == limit for page in pages[:-1])


@settings(max_examples=100, deadline=None)
@given(schedules())
def test_the_whole_is_what_the_schedule_names_and_is_not_over(schedule: Schedule) -> None:
    names = {each.occurrence.occurrence for each in whole(schedule, 0)}
    assert names == {(FIRST + timedelta(days=number)).isoformat() for number in range(DAYS)}
    after = moment_of(FIRST, zone_of(schedule.time_zone)) + 24 * HOUR
    assert whole(schedule, after) == tuple(each for each in whole(schedule, 0) if each.occurrence.end > after)


def test_a_series_without_an_end_goes_on_where_the_page_ended() -> None:
    endless = Schedule(start="2026-12-01T09:00:00", time_zone="UTC", duration_minutes=5, rule="FREQ=DAILY")
    page, found = first_page(endless, after=0, limit=3), list[str]()
    for _ in range(5):
        found += [each.occurrence.occurrence for each in page.shown]
        assert page.next_cursor is not None
        page = next_page(endless, page.next_cursor, limit=3)
    assert found == [(FIRST + timedelta(days=number)).isoformat() for number in range(15)]


def test_two_days_that_a_zone_has_at_the_same_moment_are_two() -> None:
    """Samoa went over the International Date Line, and had no 30 December in 2011."""
    schedule = Schedule(
        start="2011-12-29T09:00:00", time_zone="Pacific/Apia", duration_minutes=30, rule="FREQ=DAILY;COUNT=3"
    )
    shown = [each.occurrence for page in all_pages(schedule, 0, 1) for each in page.shown]
    assert [each.occurrence for each in shown] == [f"2011-12-{day}T09:00:00" for day in (29, 30, 31)]
    assert shown[1].start == shown[2].start


def test_what_is_no_place_in_a_list_is_refused() -> None:
    schedule = Schedule(start="2026-12-01T09:00:00", time_zone="UTC", duration_minutes=5, rule="FREQ=DAILY")
    for text in ("", "1#2#3", "000000000000001#000000000000001#tomorrow", "000000000000001#2026-12-01T09:00:00"):
        for of in (schedule, None):
            with pytest.raises(InvalidFieldError):
                next_page(of, cursor_of_text(text), limit=1)
