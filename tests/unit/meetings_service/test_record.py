"""The record of a meeting: any order and any repetition of facts gives the same."""

from __future__ import annotations

from functools import reduce

from hypothesis import given
from hypothesis import strategies as st
from meetings_service.domain.attendance import Attendance
from meetings_service.domain.record import Changes, Recording, add, changes_by_meeting

from contracts.facts import Fact
from contracts.leaving import LeaveReason
from contracts.log_events import MeetingEnded, ParticipantJoined
from contracts.rooms import Identity, MeetingId, ParticipantId, RecordingEnd, RecordingKind, Role
from tests.unit.meetings_service.room_history import (
    MEETING,
    START,
    deliveries,
    histories,
    joined,
    left,
    recorded,
    said,
    stopped,
)


def record_of(batches: list[list[Fact]]) -> Changes:
    return reduce(add, (changes_by_meeting(batch).get(MEETING, Changes()) for batch in batches), Changes())


@given(st.data())
def test_any_order_and_any_repetition_give_the_same_record(data: st.DataObject) -> None:
    history = data.draw(histories())
    batches = data.draw(deliveries(history))
    assert record_of(batches) == record_of([list(history)])


@given(st.data())
def test_record_tells_everybody_who_came_and_everything_that_was_said(data: st.DataObject) -> None:
    history = data.draw(histories())
    record = record_of(data.draw(deliveries(history)))
    events = [fact.event for fact in history]
    assert len(record.attendance) == sum(event.__struct_config__.tag == "participant_joined" for event in events)
    assert len(record.chat) == sum(event.__struct_config__.tag == "chat_sent" for event in events)
    joined_at = [event.participant.joined_at for event in events if isinstance(event, ParticipantJoined)]
    assert record.started_at == min(joined_at, default=None)
    assert (record.ended is not None) == isinstance(events[-1], MeetingEnded)
    assert all(stay.joined_at is not None and stay.name for stay in record.attendance.values())


def test_leaving_that_is_told_before_the_joining_is_kept() -> None:
    early = changes_by_meeting([Fact(meeting_id=MEETING, version=5, event=left(1, START + 50))])[MEETING]
    stay = Attendance(
        participant_id=ParticipantId("p_1"),
        identity=Identity("g_1"),
        left_at=START + 50,
        left_because=LeaveReason.LEFT,
    )
    assert early.attendance == {ParticipantId("p_1"): stay}
    late = changes_by_meeting([Fact(meeting_id=MEETING, version=3, event=joined(1, START + 10))])[MEETING]
    whole = add(early, late).attendance[ParticipantId("p_1")]
    assert (whole.name, whole.role, whole.joined_at, whole.left_at) == ("Guest 1", Role.GUEST, START + 10, START + 50)


def test_a_recording_whose_end_is_told_first_is_kept_whole() -> None:
    end = changes_by_meeting([Fact(meeting_id=MEETING, version=9, event=stopped(1, START + 1040))])[MEETING]
    begin = changes_by_meeting([Fact(meeting_id=MEETING, version=4, event=recorded(1, START + 40))])[MEETING]
    assert add(end, begin).recordings == {
        f"rec_{START + 40}": Recording(
            recording_id=f"rec_{START + 40}",
            prefix="m/",
            kind=RecordingKind.TRACKS,
            by=ParticipantId("p_1"),
            started_at=START + 40,
            stopped_at=START + 1040,
            stopped_because=RecordingEnd.ASKED,
        )
    }


def test_batch_may_hold_facts_of_many_meetings() -> None:
    other = MeetingId("zzz-zzzz-zzz")
    changes = changes_by_meeting(
        [
            Fact(meeting_id=MEETING, version=1, event=said(1, START)),
            Fact(meeting_id=other, version=1, event=said(2, START + 1)),
        ]
    )
    assert {meeting: list(change.chat) for meeting, change in changes.items()} == {
        MEETING: [f"c_{START}"],
        other: [f"c_{START + 1}"],
    }
