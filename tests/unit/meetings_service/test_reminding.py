"""When people are reminded, and what they are told."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from meetings_service.domain.meeting_settings import MeetingSettings
from meetings_service.domain.meetings import Meeting
from meetings_service.domain.recurrence import Occurrence, occurrences
from meetings_service.domain.reminder_mails import Reminder, compose, until_in_words
from meetings_service.domain.reminding import due, next_due
from meetings_service.domain.rule_words import Locale
from meetings_service.domain.schedule import Schedule, ScheduleException
from msgspec.structs import replace

from contracts.rooms import MeetingId

MINUTE = 60_000
DAY = 1440


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1000


MEETING = Meeting(
    id=MeetingId("abcd-efgh-jkmn"),
    title="t",
    host_id="u_1",
    host_name="Ada",
    created_at=1,
    settings=MeetingSettings(reminders=(DAY, 10)),
    schedule=Schedule(start="2026-12-07T09:00:00", time_zone="UTC", duration_minutes=30, rule="FREQ=DAILY;COUNT=3"),
)


def test_reminders_fall_due_one_after_the_other() -> None:
    found, after = [], at("2026-12-01T00:00:00")
    while (due_at := next_due(MEETING, after=after)) is not None:
        found.append(due_at)
        after = due_at
    assert found == [
        at("2026-12-06T09:00:00"),
        at("2026-12-07T08:50:00"),
        at("2026-12-07T09:00:00"),
        at("2026-12-08T08:50:00"),
        at("2026-12-08T09:00:00"),
        at("2026-12-09T08:50:00"),
    ]
    for due_at in found:
        [one] = due(MEETING, since=due_at, until=due_at + MINUTE)
        assert one.start - due_at in (DAY * MINUTE, 10 * MINUTE)
    assert due(MEETING, since=found[0] - 1, until=found[0] - 1) == []


def test_who_comes_late_reminds_once_and_not_of_what_has_begun() -> None:
    since = at("2026-12-06T09:00:00")
    assert [each.occurrence for each in due(MEETING, since=since, until=at("2026-12-07T08:55:00"))] == [
        "2026-12-07T09:00:00"
    ]
    late = due(MEETING, since=since, until=at("2026-12-07T09:01:00"))
    assert [each.occurrence for each in late] == ["2026-12-08T09:00:00"]


def test_what_is_moved_or_off_reminds_at_its_own_time_or_not_at_all() -> None:
    assert MEETING.schedule is not None
    exceptions = (
        ScheduleException(occurrence="2026-12-07T09:00:00", start="2026-12-07T12:00:00"),
        ScheduleException(occurrence="2026-12-08T09:00:00", cancelled=True),
    )
    moved = replace(MEETING, schedule=replace(MEETING.schedule, exceptions=exceptions))
    after = at("2026-12-06T10:00:00")
    assert next_due(moved, after=after) == at("2026-12-06T12:00:00")
    assert next_due(moved, after=at("2026-12-06T12:00:00")) == at("2026-12-07T11:50:00")
    assert next_due(moved, after=at("2026-12-07T11:50:00")) == at("2026-12-08T09:00:00")
    for off in (
        replace(MEETING, cancelled_at=1),
        replace(MEETING, schedule=None),
        replace(MEETING, settings=MeetingSettings()),
    ):
        assert next_due(off, after=after) is None
        assert due(off, since=0, until=at("2026-12-07T08:59:00")) == []


def test_a_reminder_a_day_before_a_clock_change_is_24_hours_before() -> None:
    schedule = Schedule(start="2026-03-29T09:00:00", time_zone="Europe/Berlin", duration_minutes=30)
    meeting = replace(MEETING, schedule=schedule)
    [one] = occurrences(schedule, after=0)
    assert next_due(meeting, after=0) == one.start - DAY * MINUTE == at("2026-03-28T07:00:00")


@pytest.mark.parametrize(
    ("minutes", "english", "german"),
    [
        (0, "a minute", "einer Minute"),
        (10, "10 minutes", "10 Minuten"),
        (60, "an hour", "einer Stunde"),
        (90, "2 hours", "2 Stunden"),
        (75, "75 minutes", "75 Minuten"),
        (1440, "a day", "einem Tag"),
        (1439, "a day", "einem Tag"),
        (10_080, "7 days", "7 Tagen"),
    ],
)
def test_how_soon_is_said_in_words(minutes: int, english: str, german: str) -> None:
    for late_ms in (0, 59_000):
        left = minutes * MINUTE - late_ms
        assert (until_in_words(left, "en"), until_in_words(left, "de")) == (english, german)


@pytest.mark.parametrize("locale", ["en", "de"])
@pytest.mark.parametrize("host", [None, "Bob <b>"])
def test_a_reminder_says_when_in_the_readers_zone(locale: Locale, host: str | None) -> None:
    start = at("2026-12-07T09:00:00")
    mail = compose(
        Reminder(
            to="ada@example.org",
            locale=locale,
            host=host,
            title="Plan {soon} <i>",
            occurrence=Occurrence(start=start, end=start + 30 * MINUTE, occurrence="2026-12-07T09:00:00"),
            time_zone="America/New_York",
            link="https://meet.example/m/x",
            passcode="1234",
        ),
        now=start - 10 * MINUTE,
    )
    assert "Plan {soon} <i>" in mail.subject
    assert "10 Minu" in mail.subject or "10 minu" in mail.subject
    assert "04:00–04:30 (America/New_York)" in mail.text
    assert "https://meet.example/m/x" in mail.text
    assert "1234" in mail.text
    assert "<i>" not in mail.html
    assert mail.html.count("<p>") == len(mail.text.strip().split("\n\n"))
    assert mail.calendar is None
