"""What the rules of a room's meeting say (`contracts.rooms.RoomRules`): who waits for the host, and when it is over."""

from __future__ import annotations

from msgspec import Struct

from contracts.log_events import LogEvent, MeetingEnded
from contracts.rooms import ParticipantInfo, ParticipantKind
from signaling_gateway.domain.room_state import RoomState, Stay


class EndIfDue(Struct, frozen=True, kw_only=True):
    """The room may have been empty for ``empty_ms``, or its longest time may be over."""

    empty_ms: int


def waits_for_host(state: RoomState, info: ParticipantInfo) -> bool:
    """Whether a newcomer waits until somebody is there who runs the meeting. Encoders and players do not."""
    return state.rules.wait_for_host and info.kind is ParticipantKind.PERSON and not is_run(state)


def is_run(state: RoomState) -> bool:
    """Whether somebody is in the room who moderates."""
    return any(stay.info.permissions.moderate for stay in state.stays.values())


def due_now(state: RoomState) -> list[Stay]:
    """Who of those that wait is let in by somebody's coming who runs the meeting: all whom the lobby is not for."""
    if not state.rules.wait_for_host or is_run(state):
        return []
    return [stay for stay in state.lobby.values() if stay.vouched or not state.policy.lobby]


def ends_when(state: RoomState, empty_ms: int) -> int | None:
    """When the room ends by itself, as it is now; None: not as long as somebody is there."""
    left_empty = None if state.empty_since is None else state.empty_since + empty_ms
    moments = [moment for moment in (left_empty, state.ends_at) if moment is not None]
    return min(moments, default=None)


def end_if_due(state: RoomState, command: EndIfDue, now: int) -> tuple[LogEvent, ...]:
    """The end, if everybody has been gone for long enough, or the longest time is over."""
    moment = ends_when(state, command.empty_ms)
    return () if moment is None or now < moment else (MeetingEnded(at=now, by=None),)
