"""Broadcasts: who may start and stop them, who is told what of them, and when they are over by themselves.

As with recordings (`signaling_gateway.domain.recording`), the room says what is so: the node streams out before the
room says that it does. One broadcast is on at a time, of the main room alone.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from contracts.broadcast_events import BroadcastChanged, BroadcastStarted, BroadcastStopped
from contracts.broadcasting import BroadcastOrder, BroadcastTarget, TargetState
from contracts.error_codes import ErrorCode
from contracts.log_events import LogEvent, MeetingEnded, ParticipantLeft
from contracts.recording_order import RecordedPerson
from contracts.room_broadcast import BroadcastEnd, BroadcastInfo, BroadcastTargetInfo
from contracts.rooms import ParticipantId, ParticipantKind
from signaling_gateway.domain.broadcast_commands import ChangeBroadcast, FailBroadcast, StartBroadcast, StopBroadcast
from signaling_gateway.domain.evolve import evolve_all
from signaling_gateway.domain.permissions import Action, require
from signaling_gateway.domain.room_state import RoomState, Stay
from signaling_gateway.errors import Refusal


def require_may_broadcast(state: RoomState, participant_id: ParticipantId) -> None:
    """Passes if the participant (or the administrator) may start and stop broadcasts, and there is somebody to show.

    Raises:
        Refusal: they may not (``permission_denied``), the meeting has ended (``meeting_ended``), or nobody is in it
            (``meeting_not_live``).
    """
    if state.ended:
        raise Refusal(ErrorCode.MEETING_ENDED, "This meeting has ended.")
    require(state.actor(participant_id).info.permissions, Action.BROADCAST)
    if not state.stays:
        raise Refusal(ErrorCode.MEETING_NOT_LIVE, "Nobody is in this meeting.")


def require_may_start(state: RoomState, participant_id: ParticipantId) -> None:
    """As `require_may_broadcast`; what is encrypted from end to end could not be seen.

    Raises:
        Refusal: as there, or it is encrypted (``meeting_encrypted``).
    """
    require_may_broadcast(state, participant_id)
    if state.policy.e2ee:
        raise Refusal(
            ErrorCode.MEETING_ENCRYPTED, "This meeting is encrypted from end to end: no server can stream it out."
        )


def start(state: RoomState, command: StartBroadcast, now: int) -> tuple[LogEvent, ...]:
    """Everybody is told, unless a broadcast is on already."""
    require_may_start(state, command.participant_id)
    if state.broadcast is not None:
        return ()
    started = BroadcastStarted(
        at=now,
        broadcast_id=command.broadcast_id,
        by=command.participant_id,
        layout=command.layout,
        watch_key=command.watch_key,
    )
    changed = BroadcastChanged(at=now, broadcast_id=command.broadcast_id, targets=command.targets)
    return (started, changed) if command.targets else (started,)


def change(state: RoomState, command: ChangeBroadcast, now: int) -> tuple[LogEvent, ...]:
    """Those who moderate are told how its servers do, where that is news."""
    broadcast = state.broadcast
    if broadcast is None or broadcast.id != command.broadcast_id or broadcast.targets == command.targets:
        return ()
    return (BroadcastChanged(at=now, broadcast_id=broadcast.id, targets=command.targets),)


def stop(state: RoomState, command: StopBroadcast, now: int) -> tuple[LogEvent, ...]:
    """Stopping what is over already is fine."""
    require_may_broadcast(state, command.participant_id)
    if state.broadcast is None or state.broadcast.id != command.broadcast_id:
        return ()
    return (_stopped(state.broadcast, BroadcastEnd.ASKED, now, by=command.participant_id),)


def fail(state: RoomState, command: FailBroadcast, now: int) -> tuple[LogEvent, ...]:
    """Everybody is told that nothing is streamed out any more."""
    if state.broadcast is None or state.broadcast.id != command.broadcast_id:
        return ()
    return (_stopped(state.broadcast, BroadcastEnd.FAILED, now),)


def order_of(state: RoomState, broadcast: BroadcastInfo, targets: tuple[BroadcastTarget, ...]) -> BroadcastOrder:
    """What a media node is asked for: who is in the main room now is named."""
    people = (
        RecordedPerson(participant_id=each.info.id, name=each.info.name)
        for each in state.stays.values()
        if each.info.breakout is None and each.info.kind is not ParticipantKind.VIEWER
    )
    return BroadcastOrder(
        layout=broadcast.layout, hls=broadcast.watch_key is not None, targets=targets, people=tuple(people)
    )


def told_of(known: Iterable[BroadcastTargetInfo], states: Iterable[TargetState]) -> tuple[BroadcastTargetInfo, ...]:
    """The servers that are ``known``, as a node says that they do now."""
    by_id = {each.id: each for each in states}
    return tuple(
        each if (now := by_id.get(each.id)) is None else replace(each, state=now.state, reason=now.reason)
        for each in known
    )


def seen_by(broadcast: BroadcastInfo | None, stay: Stay) -> BroadcastInfo | None:
    """What a participant is told: which servers get it, and how they do, is for those who moderate."""
    if broadcast is None or stay.info.permissions.moderate:
        return broadcast
    return replace(broadcast, targets=())


def over_with(state: RoomState, events: tuple[LogEvent, ...], now: int) -> tuple[LogEvent, ...]:
    """``events``, with the end of the broadcast where they end the meeting or leave nobody in it."""
    if state.broadcast is None:
        return events
    ended = _stopped(state.broadcast, BroadcastEnd.ENDED, now)
    if events and isinstance(events[-1], MeetingEnded):
        return (*events[:-1], ended, events[-1])
    left = any(isinstance(event, ParticipantLeft) for event in events)
    return (*events, ended) if left and not evolve_all(state, events).stays else events


def _stopped(
    broadcast: BroadcastInfo, reason: BroadcastEnd, now: int, by: ParticipantId | None = None
) -> BroadcastStopped:
    return BroadcastStopped(at=now, broadcast_id=broadcast.id, reason=reason, by=by)
