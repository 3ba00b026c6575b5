"""When a room is recorded: who may have it so, who is told, and when it is over by itself."""

from __future__ import annotations

import msgspec
import pytest

from contracts.log_codec import decode_event
from contracts.log_events import BreakoutsOpened, MeetingEnded, ParticipantLeft, ParticipantsMoved, RecordingStopped
from contracts.rooms import (
    ADMINISTRATOR,
    Breakout,
    Breakouts,
    CompositeLayout,
    Move,
    ParticipantId,
    ParticipantKind,
    PeerSignal,
    PeerSignalKind,
    RecordingEnd,
    RecordingKind,
)
from signaling_gateway.domain import commands
from signaling_gateway.domain.decide import decide
from signaling_gateway.domain.evolve import evolve_all
from signaling_gateway.domain.projection import snapshot
from signaling_gateway.domain.recording import order_of
from signaling_gateway.domain.room_state import RoomState
from tests.unit.signaling_gateway.test_decisions import ADA, BOB, EVE, MEETING, NONE, ROOM, after, join, refusal


def start(who: ParticipantId, recording_id: str = "r1") -> commands.StartRecording:
    return commands.StartRecording(participant_id=who, recording_id=recording_id, prefix=f"m/{recording_id}/")


CAROL = ParticipantId("p_carol")
RECORDED = after(ROOM, start(ADA))


def test_recording_takes_its_permission_and_somebody_to_record() -> None:
    room = after(ROOM, join(EVE, NONE))
    assert refusal(room, start(EVE)) == "permission_denied"
    assert refusal(RECORDED, commands.StopRecording(participant_id=EVE, recording_id="r1")) == "participant_not_found"
    assert after(ROOM, start(ADMINISTRATOR)).recording is not None
    empty = after(ROOM, commands.Leave(participant_id=ADA), commands.Leave(participant_id=BOB))
    assert refusal(empty, start(ADMINISTRATOR)) == "meeting_not_live"


def test_who_joins_while_it_is_recorded_is_told_in_the_room_itself() -> None:
    room = after(RECORDED, join(EVE, NONE))
    told = snapshot(room, MEETING, room.stays[EVE]).recording
    assert told is not None
    assert (told.id, told.by) == ("r1", ADA)


def test_one_recording_is_made_at_a_time_and_stopping_another_one_changes_nothing() -> None:
    assert decide(RECORDED, start(BOB, "r2"), 1000) == ()
    assert decide(RECORDED, commands.StopRecording(participant_id=BOB, recording_id="r2"), 1000) == ()
    assert decide(RECORDED, commands.FailRecording(recording_id="r2"), 1000) == ()


def test_the_last_one_leaving_ends_it_and_whoever_takes_their_place_does_not() -> None:
    alone = after(RECORDED, commands.Leave(participant_id=BOB))
    assert alone.recording is not None
    left, stopped = decide(alone, commands.Leave(participant_id=ADA), 1000)
    assert isinstance(left, ParticipantLeft)
    assert isinstance(stopped, RecordingStopped)
    assert stopped.reason is RecordingEnd.ENDED
    anew = commands.Join(
        meeting_id=MEETING,
        participant_id=EVE,
        identity=alone.stays[ADA].info.identity,
        name="Ada",
        role=alone.stays[ADA].info.role,
        permissions=NONE,
        gateway_id=alone.stays[ADA].gateway_id,
        resume_hash="bb",
        tabs=1,
        replaces=True,
    )
    assert after(alone, anew).recording is not None


def test_the_end_of_the_meeting_is_told_after_that_of_the_recording() -> None:
    stopped, ended = decide(RECORDED, commands.EndMeeting(participant_id=ADA), 1000)
    assert isinstance(stopped, RecordingStopped)
    assert isinstance(ended, MeetingEnded)


def test_a_failure_is_announced_once() -> None:
    (stopped,) = decide(RECORDED, commands.FailRecording(recording_id="r1"), 1000)
    assert isinstance(stopped, RecordingStopped)
    assert (stopped.reason, stopped.by) == (RecordingEnd.FAILED, None)
    assert decide(evolve_all(RECORDED, [stopped]), commands.FailRecording(recording_id="r1"), 1000) == ()


def test_media_is_not_direct_where_it_is_recorded_and_may_be_in_a_breakout_room() -> None:
    direct = commands.SetPolicy(participant_id=ADA, direct=True)
    signal = commands.SignalPeer(
        participant_id=ADA, target=BOB, signal=PeerSignal(session="s", kind=PeerSignalKind.OFFER, sdp="v=0")
    )
    assert decide(after(ROOM, direct), signal, 1000)
    recorded = after(RECORDED, direct)
    assert refusal(recorded, signal) == "direct_unavailable"
    assert decide(after(recorded, commands.StopRecording(participant_id=ADA, recording_id="r1")), signal, 1000)
    assert decide(_in_a_breakout_room(recorded), signal, 1000)


def _in_a_breakout_room(room: RoomState) -> RoomState:
    moves = tuple(Move(participant_id=each, breakout="b1", assigned_breakout=None) for each in (ADA, BOB))
    breakouts = Breakouts(rooms=(Breakout(id="b1", name="One"),), free_choice=True)
    opened = BreakoutsOpened(at=1000, breakouts=breakouts, by=ADA)
    return evolve_all(room, [opened, ParticipantsMoved(at=1000, moves=moves, by=ADA)])


def test_an_encrypted_meeting_is_not_recorded_and_a_recorded_one_not_encrypted() -> None:
    encrypt = commands.SetPolicy(participant_id=ADA, e2ee=True)
    assert refusal(after(ROOM, encrypt), start(ADA)) == "meeting_encrypted"
    assert refusal(RECORDED, encrypt) == "conflict"
    assert after(RECORDED, commands.StopRecording(participant_id=ADA, recording_id="r1"), encrypt).policy.e2ee


def test_what_is_recorded_is_told_as_what_it_was_started() -> None:
    command = msgspec.structs.replace(start(ADA), kind=RecordingKind.BOTH, layout=CompositeLayout.SPEAKER)
    room = after(ROOM, command)
    told = snapshot(room, MEETING, room.stays[BOB]).recording
    assert told is not None
    assert (told.kind, told.layout) == (RecordingKind.BOTH, CompositeLayout.SPEAKER)


def test_what_an_earlier_release_began_goes_on_as_separate_files() -> None:
    entry = '{"type":"recording_started","at":1000,"recording_id":"r1","by":"p_ada","prefix":"m/r1/"}'
    recording = evolve_all(ROOM, [decode_event(entry)]).recording
    assert recording is not None
    assert recording.kind is RecordingKind.TRACKS


@pytest.mark.parametrize("kind", RecordingKind)
def test_those_are_named_who_can_be_seen_or_heard_in_what_is_recorded(kind: RecordingKind) -> None:
    viewer = msgspec.structs.replace(join(EVE), kind=ParticipantKind.VIEWER)
    order = order_of(after(ROOM, viewer), kind, CompositeLayout.SPEAKER)
    assert (order.kind, order.layout) == (kind, CompositeLayout.SPEAKER)
    named = [] if kind is RecordingKind.TRACKS else [(ADA, ADA), (BOB, BOB)]
    assert [(each.participant_id, each.name) for each in order.people] == named
    apart = order_of(_in_a_breakout_room(after(ROOM, viewer, join(CAROL))), kind, CompositeLayout.GRID)
    assert [each.participant_id for each in apart.people] == ([] if kind is RecordingKind.TRACKS else [CAROL])
