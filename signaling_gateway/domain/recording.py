"""Recording: who may start and stop it, and when it is over by itself.

The room only says whether it is recorded. A recorder runs before the room says so, and has stopped before the room
says that: nobody is recorded without knowing. One recording is made at a time, of the main room alone.
"""

from __future__ import annotations

from contracts.error_codes import ErrorCode
from contracts.log_events import LogEvent, MeetingEnded, ParticipantLeft, RecordingStarted, RecordingStopped
from contracts.recording_order import RecordedPerson, RecordingOrder
from contracts.rooms import (
    CompositeLayout,
    ParticipantId,
    ParticipantKind,
    RecordingEnd,
    RecordingInfo,
    RecordingKind,
)
from signaling_gateway.domain.commands import FailRecording, StartRecording, StopRecording
from signaling_gateway.domain.evolve import evolve_all
from signaling_gateway.domain.permissions import Action, require
from signaling_gateway.domain.room_state import RoomState
from signaling_gateway.errors import Refusal


def require_may_record(state: RoomState, participant_id: ParticipantId) -> None:
    """Passes if the participant (or the administrator) may start and stop recordings, and there is somebody to record.

    Raises:
        Refusal: they may not (``permission_denied``), the meeting has ended (``meeting_ended``), or nobody is in it
            (``meeting_not_live``).
    """
    if state.ended:
        raise Refusal(ErrorCode.MEETING_ENDED, "This meeting has ended.")
    require(state.actor(participant_id).info.permissions, Action.RECORD)
    if not state.stays:
        raise Refusal(ErrorCode.MEETING_NOT_LIVE, "Nobody is in this meeting.")


def require_may_start(state: RoomState, participant_id: ParticipantId) -> None:
    """As `require_may_record`; what is encrypted from end to end could not be played.

    Raises:
        Refusal: as there, or it is encrypted (``meeting_encrypted``).
    """
    require_may_record(state, participant_id)
    if state.policy.e2ee:
        raise Refusal(
            ErrorCode.MEETING_ENCRYPTED, "This meeting is encrypted from end to end: no server can record it."
        )


def is_due(state: RoomState) -> bool:
    """Whether a recording shall begin by itself: the meeting's rules say so, and nobody has stopped one."""
    has_somebody = bool(state.stays) and not state.ended
    wanted = state.rules.record and not state.is_recorded_enough
    return has_somebody and wanted and state.recording is None and not state.policy.e2ee


def start(state: RoomState, command: StartRecording, now: int) -> tuple[LogEvent, ...]:
    """Everybody is told, unless a recording is being made already."""
    require_may_start(state, command.participant_id)
    if state.recording is not None:
        return ()
    started = RecordingStarted(
        at=now,
        recording_id=command.recording_id,
        by=command.participant_id,
        prefix=command.prefix,
        kind=command.kind,
        layout=command.layout,
    )
    return (started,)


def stop(state: RoomState, command: StopRecording, now: int) -> tuple[LogEvent, ...]:
    """Stopping what is over already is fine."""
    require_may_record(state, command.participant_id)
    if state.recording is None or state.recording.id != command.recording_id:
        return ()
    return (_stopped(state.recording, RecordingEnd.ASKED, now, by=command.participant_id),)


def fail(state: RoomState, command: FailRecording, now: int) -> tuple[LogEvent, ...]:
    """Everybody is told that nothing is recorded any more."""
    if state.recording is None or state.recording.id != command.recording_id:
        return ()
    return (_stopped(state.recording, RecordingEnd.FAILED, now),)


def order_of(state: RoomState, kind: RecordingKind, layout: CompositeLayout) -> RecordingOrder:
    """What a media node is asked for: who is in the main room now is named, for recordings in which they are seen."""
    names_people = kind is not RecordingKind.TRACKS
    people = (
        RecordedPerson(participant_id=each.info.id, name=each.info.name)
        for each in state.stays.values()
        if names_people and each.info.breakout is None and each.info.kind is not ParticipantKind.VIEWER
    )
    return RecordingOrder(kind=kind, layout=layout, people=tuple(people))


def over_with(state: RoomState, events: tuple[LogEvent, ...], now: int) -> tuple[LogEvent, ...]:
    """``events``, with the end of the recording where they end the meeting or leave nobody in it."""
    if state.recording is None:
        return events
    ended = _stopped(state.recording, RecordingEnd.ENDED, now)
    if events and isinstance(events[-1], MeetingEnded):
        return (*events[:-1], ended, events[-1])
    left = any(isinstance(event, ParticipantLeft) for event in events)
    return (*events, ended) if left and not evolve_all(state, events).stays else events


def _stopped(
    recording: RecordingInfo, reason: RecordingEnd, now: int, by: ParticipantId | None = None
) -> RecordingStopped:
    return RecordingStopped(at=now, recording_id=recording.id, reason=reason, by=by)
