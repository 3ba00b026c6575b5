"""iCalendar output, read back by the `icalendar` package."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo, available_timezones

import icalendar
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from meetings_service.domain.icalendar import Event, Method, Person, calendar_of
from meetings_service.domain.meetings import Answer
from meetings_service.domain.recurrence import occurrences
from meetings_service.domain.schedule import Schedule, ScheduleException
from meetings_service.domain.time_zones import time_zone_lines
from msgspec.structs import replace

from tests.doubles.calendar_reader import read_calendar

_LINK = "https://meet.example/m/abcd-efgh-jkmn"
_WEEKLY = Schedule(
    start="2026-12-07T09:00:00",
    time_zone="Europe/Berlin",
    duration_minutes=45,
    rule="FREQ=WEEKLY;BYDAY=MO,WE;UNTIL=20270430",
    exceptions=(
        ScheduleException(occurrence="2026-12-09T09:00:00", cancelled=True),
        ScheduleException(occurrence="2026-12-14T09:00:00", start="2026-12-15T14:00:00", title="Moved"),
    ),
)
_EVENT = Event(
    uid="abcd-efgh-jkmn@meet.example",
    sequence=3,
    stamp=1_796_000_000_000,
    title="Weekly, with; signs \\ and more",
    description="First line\nSecond line",
    link=_LINK,
    schedule=_WEEKLY,
    organizer=Person(address="parley@meet.example", name='Ann "The Host"'),
    attendees=(Person(address="bob@example.org", name="Bob", answer=Answer.TENTATIVE),),
)


def test_an_invitation_says_all_that_programs_need() -> None:
    read = read_calendar(calendar_of([_EVENT], method=Method.REQUEST))
    assert read["METHOD"] == "REQUEST"
    whole, moved = read.walk("VEVENT")
    assert (whole["UID"], int(whole["SEQUENCE"]), whole["STATUS"]) == ("abcd-efgh-jkmn@meet.example", 3, "CONFIRMED")
    assert whole["SUMMARY"] == "Weekly, with; signs \\ and more"
    assert whole["DESCRIPTION"] == f"First line\nSecond line\n\n{_LINK}"
    assert whole["LOCATION"] == whole["URL"] == whole["CONFERENCE"] == _LINK
    assert whole["CONFERENCE"].params["FEATURE"] == ["AUDIO", "VIDEO"]
    assert whole["DTSTART"].dt == datetime(2026, 12, 7, 9, tzinfo=ZoneInfo("Europe/Berlin"))
    assert whole["DTEND"].dt - whole["DTSTART"].dt == timedelta(minutes=45)
    assert whole["RRULE"]["UNTIL"] == [datetime(2027, 4, 30, 21, 59, 59, tzinfo=UTC)]
    assert [each.dt for each in whole["EXDATE"].dts] == [datetime(2026, 12, 9, 9, tzinfo=ZoneInfo("Europe/Berlin"))]
    assert (whole["ORGANIZER"], whole["ORGANIZER"].params["CN"]) == ("mailto:parley@meet.example", "Ann 'The Host'")
    assert whole["ATTENDEE"] == "mailto:bob@example.org"
    assert whole["ATTENDEE"].params["PARTSTAT"] == "TENTATIVE"
    assert whole["ATTENDEE"].params["RSVP"] == "TRUE"
    assert moved["UID"] == whole["UID"]
    assert moved["RECURRENCE-ID"].dt == datetime(2026, 12, 14, 9, tzinfo=ZoneInfo("Europe/Berlin"))
    assert moved["DTSTART"].dt == datetime(2026, 12, 15, 14, tzinfo=ZoneInfo("Europe/Berlin"))
    assert moved["SUMMARY"] == "Moved"
    assert "RRULE" not in moved


def test_a_cancellation_names_the_event_and_says_so() -> None:
    read = read_calendar(calendar_of([replace(_EVENT, sequence=4)], method=Method.CANCEL))
    (event,) = read.walk("VEVENT")
    assert (read["METHOD"], event["STATUS"], int(event["SEQUENCE"])) == ("CANCEL", "CANCELLED", 4)
    assert event["UID"] == _EVENT.uid


def test_an_answer_to_one_occurrence_is_an_occurrence_of_its_own() -> None:
    event = replace(
        _EVENT, answers=(("2026-12-16T09:00:00", Answer.DECLINED), ("2026-12-01T09:00:00", Answer.DECLINED))
    )
    _, _, one = read_calendar(calendar_of([event], method=Method.PUBLISH)).walk("VEVENT")
    assert one["RECURRENCE-ID"].dt == one["DTSTART"].dt == datetime(2026, 12, 16, 9, tzinfo=ZoneInfo("Europe/Berlin"))
    assert one["ATTENDEE"].params["PARTSTAT"] == "DECLINED"


def test_a_feed_has_a_name_and_no_method() -> None:
    text = calendar_of([_EVENT], method=Method.PUBLISH, name="Meetings, mine")
    assert "METHOD" not in read_calendar(text)
    assert "\r\nNAME:Meetings\\, mine\r\nX-WR-CALNAME:Meetings\\, mine\r\n" in text
    assert read_calendar(calendar_of([], method=Method.PUBLISH, name="Empty")).walk("VEVENT") == []


_ANY = st.text(max_size=200) | st.from_regex(
    r"[a-z]{0,3}(\r\n|\r|\n|\x0b|\x0c|\x85|\u2028)(BEGIN|END|ATTENDEE):[\"';:,]"
)


@settings(deadline=None)
@given(_ANY, _ANY, _ANY)
def test_no_text_makes_a_line_of_its_own(title: str, name: str, address: str) -> None:
    event = replace(
        _EVENT,
        title=title,
        description=title,
        organizer=Person(address="parley@meet.example", name=name),
        attendees=(Person(address=address, name=title),),
    )
    text = calendar_of([event], method=Method.REQUEST)
    plain = calendar_of([_EVENT], method=Method.REQUEST)
    assert _names(text) == _names(plain)
    assert all(len(line.encode("utf-8", "replace")) <= 75 for line in text.split("\r\n"))
    assert not re.search(r"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f]", text.replace("\t", ""))


def _names(text: str) -> list[str]:
    """The names of the content lines, as the least careful program sees them."""
    return [re.split("[;:]", line, maxsplit=1)[0] for line in re.sub(r"\r\n[ \t]", "", text).split("\r\n")]


@settings(deadline=None)
@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=300))
def test_texts_are_read_as_they_were_written(title: str) -> None:
    (event, _) = read_calendar(calendar_of([replace(_EVENT, title=title)], method=Method.REQUEST)).walk("VEVENT")
    assert event["SUMMARY"] == title


_ZONES = [
    "Europe/Berlin",
    "Europe/Dublin",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Santiago",
    "Asia/Jerusalem",
    "Africa/Casablanca",
    "Asia/Kolkata",
    "America/Sao_Paulo",
    "Pacific/Chatham",
]


@pytest.mark.parametrize("zone", _ZONES)
@pytest.mark.parametrize("year", [1996, 2005, 2026])
def test_the_zone_that_is_told_is_the_zone(zone: str, year: int) -> None:
    """Every fourth day of ten years has the offset in the calendar that it has in the database."""
    lines = "\r\n".join(time_zone_lines(zone, year))
    read = icalendar.Timezone.from_ical(lines)
    assert isinstance(read, icalendar.Timezone)
    told = read.to_tz(lookup_tzid=False)
    day = datetime(year, 1, 1, 12)  # noqa: DTZ001
    for _ in range(365 * 10 // 4):
        assert told.utcoffset(day) == ZoneInfo(zone).utcoffset(day), day
        day += timedelta(days=4)


@pytest.mark.parametrize(
    ("zone", "rules"),
    [
        ("Europe/Berlin", ["FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU", "FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU"]),
        ("America/New_York", ["FREQ=YEARLY;BYMONTH=3;BYDAY=2SU", "FREQ=YEARLY;BYMONTH=11;BYDAY=1SU"]),
        ("Asia/Kolkata", []),
    ],
)
def test_yearly_changes_have_a_rule(zone: str, rules: list[str]) -> None:
    assert [line.removeprefix("RRULE:") for line in time_zone_lines(zone, 2026) if line.startswith("RRULE:")] == rules
    assert len(time_zone_lines(zone, 2026)) == 3 + 6 + 7 * len(rules)


def test_there_is_a_calendar_for_every_zone() -> None:
    zones = sorted(available_timezones())[::40]
    for zone in zones:
        event = replace(_EVENT, schedule=replace(_WEEKLY, time_zone=zone, exceptions=()))
        (read,) = read_calendar(calendar_of([event], method=Method.REQUEST)).walk("VEVENT")
        first = next(islice(occurrences(event.schedule, after=0), 1))
        assert read["DTSTART"].dt.timestamp() * 1000 == first.start, zone


def test_an_end_after_a_clock_change_is_so_many_minutes_after_the_start() -> None:
    night = Schedule(start="2026-03-29T01:30:00", time_zone="Europe/Berlin", duration_minutes=60)
    text = calendar_of([replace(_EVENT, schedule=night)], method=Method.REQUEST)
    assert "DTEND;TZID=Europe/Berlin:20260329T033000" in text
