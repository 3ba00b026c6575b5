"""Direct media between two who are alone in a room: whether it may be, and the signals for it.

The room only passes signals on. Its media node keeps both connections of both clients all the while, so that they can
go back at once: when somebody comes in, when the rules change, when their room is recorded or streamed out, or when the
direct path fails.
"""

from __future__ import annotations

from contracts.error_codes import ErrorCode
from contracts.log_events import LogEvent, PeerSignalled
from contracts.rooms import ParticipantInfo, ParticipantKind
from signaling_gateway.domain.commands import SignalPeer
from signaling_gateway.domain.room_state import RoomState
from signaling_gateway.errors import Refusal


def signal_peer(state: RoomState, command: SignalPeer, now: int) -> tuple[LogEvent, ...]:
    """A signal for the other one, where both may receive and nobody else is in their room."""
    actor = state.stay_of(command.participant_id).info
    target = state.stay_of(command.target).info
    if not _may_go_direct(state, actor, target):
        raise Refusal(ErrorCode.DIRECT_UNAVAILABLE, "Here media goes through the media server.")
    return (PeerSignalled(at=now, participant_id=actor.id, to=target.id, signal=command.signal),)


def _may_go_direct(state: RoomState, actor: ParticipantInfo, target: ParticipantInfo) -> bool:
    in_room = [stay.info.id for stay in state.stays.values() if stay.info.breakout == actor.breakout]
    return (
        state.policy.direct
        and not state.policy.e2ee
        and ((state.recording is None and state.broadcast is None) or actor.breakout is not None)
        and actor.permissions.subscribe
        and target.permissions.subscribe
        and actor.id != target.id
        and actor.kind is target.kind is ParticipantKind.PERSON
        and len(in_room) == 2
        and target.id in in_room
    )
