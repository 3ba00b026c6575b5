"""Which meetings are at the same time."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st
from meetings_service.domain.answering import answered
from meetings_service.domain.conflicts import HORIZON_MS, LOOKED_AT, SHOWN, Own, conflicts
from meetings_service.domain.meetings import Answer, Invitee, Meeting
from meetings_service.domain.recurrence import Occurrence, occurrences
from meetings_service.domain.schedule import Schedule
from msgspec.structs import replace

from contracts.rooms import MeetingId

NOW = int(datetime(2026, 12, 1, tzinfo=UTC).timestamp()) * 1000
PLANNED = Schedule(start="2026-12-07T09:00:00", time_zone="UTC", duration_minutes=60)


def _meeting(start: str, minutes: int = 30, rule: str | None = None, zone: str = "UTC") -> Meeting:
    schedule = Schedule(start=start, time_zone=zone, duration_minutes=minutes, rule=rule)
    return Meeting(
        id=MeetingId("abcd-efgh-jkmn"), title="t", host_id="u_1", host_name="Ada", created_at=1, schedule=schedule
    )


def _found(*others: Meeting | Own, planned: Schedule = PLANNED) -> list[str]:
    own = [each if isinstance(each, Own) else Own(meeting=each) for each in others]
    return [each.occurrence.occurrence for each in conflicts(planned, own, now=NOW)]


def test_what_touches_does_not_overlap() -> None:
    assert _found(_meeting("2026-12-07T08:30:00"), _meeting("2026-12-07T10:00:00")) == []
    assert _found(_meeting("2026-12-07T08:31:00")) == ["2026-12-07T08:31:00"]
    assert _found(_meeting("2026-12-07T09:59:00")) == ["2026-12-07T09:59:00"]
    assert _found(_meeting("2026-12-06T20:00:00", minutes=1440)) == ["2026-12-06T20:00:00"]
    assert _found(_meeting("2026-12-07T10:30:00", zone="Europe/Berlin")) == ["2026-12-07T10:30:00"]


def test_what_is_off_declined_or_past_does_not_count() -> None:
    series = _meeting("2026-12-07T09:00:00", rule="FREQ=DAILY")
    daily = replace(PLANNED, rule="FREQ=DAILY;COUNT=3")
    bob = Invitee(key="u_2", invited_at=1)
    declined = answered(series, bob, Answer.DECLINED, None, now=1)
    one = answered(series, bob, Answer.DECLINED, "2026-12-08T09:00:00", now=1)
    assert _found(replace(series, cancelled_at=1), planned=daily) == []
    assert _found(Own(meeting=series, invitee=declined), planned=daily) == []
    assert _found(Own(meeting=series, invitee=one), planned=daily) == ["2026-12-07T09:00:00", "2026-12-09T09:00:00"]
    assert _found(_meeting("2026-11-07T09:00:00"), planned=replace(PLANNED, start="2026-11-07T09:00:00")) == []


def test_no_more_are_shown_than_help() -> None:
    always = _meeting("2026-12-07T09:00:00", rule="FREQ=DAILY")
    found = conflicts(replace(PLANNED, rule="FREQ=DAILY"), [Own(meeting=always)], now=NOW)
    assert len(found) == SHOWN + 1


@given(
    st.lists(st.tuples(st.integers(0, 600), st.integers(1, 300), st.sampled_from([None, "FREQ=DAILY"])), max_size=6),
    st.integers(1, 300),
    st.sampled_from([None, "FREQ=DAILY;COUNT=5", "FREQ=WEEKLY"]),
)
def test_overlaps_are_those_that_comparing_all_with_all_finds(
    others: list[tuple[int, int, str | None]], minutes: int, rule: str | None
) -> None:
    planned = replace(PLANNED, duration_minutes=minutes, rule=rule)
    own = []
    for offset, length, each_rule in others:
        start = datetime(2026, 12, 7, 4 + offset // 60, offset % 60, tzinfo=UTC)
        own.append(Own(meeting=_meeting(f"{start:%Y-%m-%dT%H:%M:%S}", length, each_rule)))
    first = next(occurrences(planned, after=NOW))
    mine = list(occurrences(planned, after=NOW, before=first.start + HORIZON_MS))[:LOOKED_AT]
    wanted = set()
    for number, each in enumerate(own):
        assert each.meeting.schedule is not None
        for one in occurrences(each.meeting.schedule, after=mine[0].start, before=mine[-1].end):
            wanted |= {(number, one.start, mine_one.start) for mine_one in mine if _overlap(one, mine_one)}
    found = conflicts(planned, own, now=NOW)
    told = {(own.index(each.own), each.occurrence.start, each.planned.start) for each in found}
    by_identity = {
        (next(n for n, other in enumerate(own) if other == own[number]), start, other_start)
        for number, start, other_start in wanted
    }
    assert told <= by_identity
    assert len(found) == min(len(wanted), SHOWN + 1)


def _overlap(one: Occurrence, other: Occurrence) -> bool:
    return one.start < other.end and other.start < one.end
