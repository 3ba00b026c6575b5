"""What becomes of those whose account is not what it was when they came in.

They have lost their access if it is suspended or gone, or the session has ended; and if it has another name, so have
they, unless somebody has chosen one for them in the room."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from contracts.account_standing import AccessLoss
from contracts.leaving import LeaveReason, LobbyLeaveReason
from contracts.log_events import LobbyLeft, LogEvent, ParticipantRenamed
from signaling_gateway.domain.access_loss import HeedAccount, loss_of
from signaling_gateway.domain.presence import left
from signaling_gateway.domain.room_state import RoomState, Stay


def heed(state: RoomState, command: HeedAccount, now: int) -> tuple[LogEvent, ...]:
    """Takes out those stays of somebody, and their places in the lobby, that have lost their access, and renames the
    others. Who waits in the lobby is renamed once they are in."""
    return tuple(_heed(state, command, now))


def _heed(state: RoomState, command: HeedAccount, now: int) -> Iterator[LogEvent]:
    for stay in state.standing_on(command.identity):
        loss = _loss(stay, command)
        if loss is not None and stay.info.id in state.lobby:
            yield LobbyLeft(at=now, participant_id=stay.info.id, reason=LobbyLeaveReason.ACCESS_LOST, loss=loss)
        elif loss is not None:
            yield replace(left(stay, LeaveReason.ACCESS_LOST, now), loss=loss)
        elif stay.info.id in state.stays:
            yield from _renamed(stay, command, now)


def _loss(stay: Stay, command: HeedAccount) -> AccessLoss | None:
    if stay.info.identity == command.identity:
        return loss_of(stay.session, command.standing, command.ended)
    return (
        None if command.standing is None else command.standing.closed
    )  # others stand on the account, not on a session


def _renamed(stay: Stay, command: HeedAccount, now: int) -> Iterator[ParticipantRenamed]:
    name = None if command.standing is None else command.standing.name
    is_own = stay.info.identity == command.identity and stay.account_name
    if is_own and name is not None and name != stay.info.name:
        who, me = stay.info.identity, stay.info.id
        yield ParticipantRenamed(at=now, participant_id=me, name=name, by=me, identity=who, account_name=True)
