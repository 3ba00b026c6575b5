"""New and changed meetings, from what is asked for."""

from __future__ import annotations

from typing import Any

import pytest
from meetings_service.domain.changes import address_of, changed, with_occurrence
from meetings_service.domain.meeting_settings import Lobby, MeetingSettings
from meetings_service.domain.meetings import Kind, Meeting
from meetings_service.domain.schedule import Schedule
from msgspec.structs import replace

from contracts.rooms import MeetingId
from functions.serverless.problems import InvalidFieldError

NOW = 1_796_000_000_000
SCHEDULE = {"start": "2026-12-01T09:00:00", "time_zone": "Europe/Berlin", "duration_minutes": 30}


def meeting(**more: Any) -> Meeting:
    base = Meeting(id=MeetingId("abcd-efgh-jkmn"), title="t", host_id="u_1", host_name="Ada", created_at=1)
    return replace(base, **more)


def test_what_is_left_out_stays_and_null_takes_away() -> None:
    before = meeting(description="old", settings=MeetingSettings(lobby=Lobby.GUESTS, passcode="1234", max_minutes=30))
    after = changed(before, {"description": None, "settings": {"passcode": None, "locked": True}}, now=NOW)
    assert after == replace(
        before,
        description="",
        settings=MeetingSettings(lobby=Lobby.GUESTS, locked=True, max_minutes=30),
        changed_at=NOW,
    )
    assert changed(before, {}, now=NOW) == before


def test_schedule_is_merged_and_counted() -> None:
    planned = changed(meeting(), {"schedule": SCHEDULE}, now=NOW)
    moved = changed(planned, {"schedule": {"start": "2026-12-02T10:00:00"}}, now=NOW)
    assert planned.schedule is not None
    assert moved.schedule == replace(planned.schedule, start="2026-12-02T10:00:00")
    assert (planned.sequence, moved.sequence) == (1, 2)
    assert changed(moved, {"schedule": None}, now=NOW).schedule is None
    assert changed(moved, {"title": "other"}, now=NOW).sequence == 2


WEEKLY = {**SCHEDULE, "rule": "FREQ=WEEKLY"}


@pytest.mark.parametrize(
    ("change", "sequence", "rescheduled", "shown"),
    [
        ({"title": "other"}, 1, 1, True),
        ({"settings": {"passcode": "1234"}}, 1, 1, True),
        ({"settings": {"locked": True}}, 1, 1, False),
        ({"schedule": {"duration_minutes": 30}}, 1, 1, False),
        ({"schedule": {"duration_minutes": 45}}, 2, 2, True),
        ({"schedule": {"rule": "FREQ=WEEKLY;COUNT=3"}}, 2, 2, True),
        ({"schedule": {"exceptions": [{"occurrence": "2026-12-08T09:00:00", "cancelled": True}]}}, 2, 1, True),
        ({"schedule": None}, 2, 2, True),
    ],
)
def test_a_sequence_counts_times_alone_and_answers_are_asked_anew_where_the_whole_was_moved(
    change: dict[str, Any], sequence: int, rescheduled: int, *, shown: bool
) -> None:
    planned = replace(changed(meeting(), {"schedule": WEEKLY}, now=NOW - 1), changed_at=None)
    after = changed(planned, change, now=NOW)
    assert (after.sequence, after.rescheduled) == (sequence, rescheduled)
    assert after.changed_at == (NOW if shown else None)


def test_exceptions_of_the_rule_before_go_with_it_unless_told() -> None:
    weekly = {
        **SCHEDULE,
        "rule": "FREQ=WEEKLY",
        "exceptions": [{"occurrence": "2026-12-08T09:00:00", "cancelled": True}],
    }
    planned = changed(meeting(), {"schedule": weekly}, now=NOW)
    assert planned.kind is Kind.RECURRING
    daily = changed(planned, {"schedule": {"rule": "FREQ=DAILY"}}, now=NOW)
    later = changed(planned, {"schedule": {"start": "2026-12-01T10:00:00"}}, now=NOW)
    once = changed(planned, {"schedule": {"rule": None}}, now=NOW)
    assert [len(each.schedule.exceptions) for each in (daily, later, once) if each.schedule] == [1, 0, 0]
    assert (daily.kind, once.kind) == (Kind.RECURRING, Kind.ONCE)
    with pytest.raises(InvalidFieldError):
        changed(planned, {"schedule": {"start": "2026-12-01T10:00:00", "exceptions": weekly["exceptions"]}}, now=NOW)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": " \t "}, "title"),
        ({"title": "a\x07"}, "title"),
        ({"description": "a\x00b"}, "description"),
        ({"schedule": {"start": "2026-12-01T09:00:00"}}, "schedule.time_zone"),
        ({"schedule": {**SCHEDULE, "time_zone": "Mars/Olympus"}}, "schedule.time_zone"),
        ({"schedule": {**SCHEDULE, "time_zone": "../etc/passwd"}}, "schedule.time_zone"),
        ({"schedule": {**SCHEDULE, "start": "2026-13-01T09:00:00"}}, "schedule.start"),
        ({"schedule": {**SCHEDULE, "start": "2026-02-30T09:00:00"}}, "schedule.start"),
        ({"schedule": {**SCHEDULE, "start": "9999-12-31T23:59:59"}}, "schedule.start"),
        ({"schedule": {**SCHEDULE, "start": "2025-12-01T09:00:00"}}, "schedule.start"),
        ({"schedule": {**SCHEDULE, "rule": "FREQ=HOURLY"}}, "schedule.rule"),
        ({"schedule": {**SCHEDULE, "rule": "FREQ=WEEKLY;BYDAY=SU"}}, "schedule.start"),
        (
            {"schedule": {**SCHEDULE, "start": "2025-12-01T09:00:00", "rule": "FREQ=DAILY;COUNT=9"}},
            "schedule.start",
        ),
        ({"schedule": {**SCHEDULE, "exceptions": [{"occurrence": "2026-12-01T09:00:00"}]}}, "schedule.exceptions"),
    ],
)
def test_what_cannot_be_used_is_named(change: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidFieldError) as caught:
        changed(meeting(), change, now=NOW)
    assert caught.value.fields[0].field == field


def test_personal_room_has_no_schedule() -> None:
    with pytest.raises(InvalidFieldError):
        changed(meeting(personal=True), {"schedule": SCHEDULE}, now=NOW)


def test_description_keeps_its_lines() -> None:
    assert changed(meeting(), {"description": " a\r\n\tb \n"}, now=NOW).description == "a\n\tb"


def test_addresses_are_compared_as_accounts_have_them() -> None:
    assert address_of(" Ida@Example.ORG ") == "ida@example.org"
    for text in ("", "ida", "@", "a b@c", "a@b@c", "a@"):
        with pytest.raises(InvalidFieldError):
            address_of(text)


def test_an_occurrence_is_named_once_however_its_time_is_written() -> None:
    series = Schedule(start="2026-12-01T09:00:00", time_zone="UTC", duration_minutes=30, rule="FREQ=DAILY")
    [kept] = with_occurrence(series, "20261202T090000", {"cancelled": True})
    assert (kept.occurrence, kept.cancelled) == ("2026-12-02T09:00:00", True)
    off = replace(series, exceptions=(kept,))
    assert with_occurrence(off, "2026-12-02T09:00:00", {"cancelled": False}) == ()
    for name in ("2026-12-02T10:00:00", "2026-12-02T09:00:00Z", "tomorrow", "\ud800"):
        with pytest.raises(InvalidFieldError):
            with_occurrence(series, name, {"cancelled": True})
