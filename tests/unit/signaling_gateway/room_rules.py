"""The rules of a room once more, in the words of the log, and independent of `decide`."""

from __future__ import annotations

from contracts.leaving import LeaveReason
from contracts.log_events import (
    ChatSent,
    LogEvent,
    MeetingEnded,
    NotesEdited,
    NotesKept,
    ParticipantJoined,
    ParticipantLeft,
    ParticipantsMoved,
    RecordingStarted,
    RecordingStopped,
    TrackMuted,
    TrackPublished,
    TrackUnmuted,
)
from contracts.rooms import RecordingEnd
from contracts.text_changes import changed
from signaling_gateway.domain.room_state import RoomState


def assert_allowed(state: RoomState, event: LogEvent) -> None:
    """`event` may follow what made `state`; otherwise an AssertionError."""
    assert not state.ended
    if isinstance(event, ParticipantJoined):
        assert event.participant.identity not in state.banned
        assert event.participant.id not in state.stays
    elif isinstance(event, ParticipantLeft):
        assert event.participant_id in state.stays
        if event.reason is LeaveReason.REMOVED:
            assert any(
                stay.info.permissions.moderate and stay.info.identity != event.identity for stay in state.stays.values()
            )
    elif isinstance(event, ChatSent):
        assert state.stays[event.message.participant_id].info.permissions.chat
    elif isinstance(event, TrackPublished):
        granted = state.stays[event.track.participant_id].info.permissions.publish
        assert event.track.source.permission in granted
        assert event.track.id not in state.tracks
    elif isinstance(event, TrackMuted):
        assert state.tracks[event.track_id].info.participant_id == event.participant_id
        assert event.by == event.participant_id or state.stays[event.by].info.permissions.moderate
    elif isinstance(event, TrackUnmuted):
        assert state.tracks[event.track_id].info.participant_id == event.participant_id
    elif isinstance(event, ParticipantsMoved):
        _assert_moved_rightly(state, event)
    elif isinstance(event, MeetingEnded) and event.by is not None:
        assert any(stay.info.identity == event.by and stay.info.permissions.moderate for stay in state.stays.values())


def assert_recorded_rightly(before: RoomState, event: LogEvent, after: RoomState) -> None:
    """One recording at a time, by somebody who may, announced from beginning to end; never of an empty room."""
    if isinstance(event, RecordingStarted):
        assert before.recording is None
        assert before.stays[event.by].info.permissions.record
    elif isinstance(event, RecordingStopped):
        assert before.recording is not None
        assert before.recording.id == event.recording_id
        assert (event.by is not None) == (event.reason is RecordingEnd.ASKED)
        assert event.by is None or before.stays[event.by].info.permissions.record
    elif not isinstance(event, MeetingEnded | ParticipantLeft):
        assert after.recording == before.recording
        assert before.stays or before.recording is None or isinstance(event, ParticipantJoined)
    if isinstance(event, MeetingEnded):
        assert before.recording is None, "its end is announced before that of the meeting"


def assert_noted_rightly(before: RoomState, event: LogEvent, after: RoomState) -> None:
    """Edits by those who may, one after another, that fit; what is kept is the text."""
    if isinstance(event, NotesEdited):
        assert before.stays[event.participant_id].info.permissions.notes
        assert event.revision == before.notes.revision + 1
        assert after.notes.text == changed(before.notes.text, event.change)
    elif isinstance(event, NotesKept):
        assert (event.text, event.revision) == (before.notes.text, before.notes.revision)
    if isinstance(event, MeetingEnded):
        assert before.notes.unkept_since is None, "what was not kept yet is before the end"


def _assert_moved_rightly(state: RoomState, event: ParticipantsMoved) -> None:
    assert state.breakouts is not None
    rooms = {room.id for room in state.breakouts.rooms} | {None}
    for move in event.moves:
        assert {move.breakout, move.assigned_breakout} <= rooms
        stay = state.stays[move.participant_id]
        by_themselves = event.by == move.participant_id and (
            state.breakouts.free_choice or move.breakout in {None, stay.info.assigned_breakout}
        )
        moderated = event.by is not None and state.stays[event.by].info.permissions.moderate
        assert by_themselves or moderated or event.by is None
