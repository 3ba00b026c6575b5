"""The lobby: who waits to come in, and who decides."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from contracts.error_codes import ErrorCode
from contracts.leaving import LobbyLeaveReason
from contracts.log_events import LobbyLeft, LobbyMessageSent, LogEvent, ParticipantJoined, PersonUnbanned
from signaling_gateway.domain.commands import Admit, RefuseEntry, SendLobbyMessage, Unban
from signaling_gateway.domain.permissions import Action, require
from signaling_gateway.domain.room_state import RoomState, Stay
from signaling_gateway.errors import Refusal


def admit(state: RoomState, command: Admit, now: int) -> tuple[LogEvent, ...]:
    """Lets people in. Who waits no longer is left out: they were faster, or so was somebody else."""
    require(state.actor(command.participant_id).info.permissions, Action.LET_IN)
    wanted = state.lobby if command.targets is None else dict.fromkeys(command.targets)
    return admissions(state, [state.lobby[each] for each in wanted if each in state.lobby], now)


def admissions(state: RoomState, waiting: Iterable[Stay], now: int) -> tuple[LogEvent, ...]:
    """What happens when these are let in: into the breakout room that they are assigned to now, or the main one."""
    events: list[LogEvent] = []
    for stay in waiting:
        place = state.assigned.get(stay.info.identity)
        events.append(LobbyLeft(at=now, participant_id=stay.info.id, reason=LobbyLeaveReason.ADMITTED))
        joined = ParticipantJoined(
            at=now,
            participant=replace(stay.info, joined_at=now, breakout=place, assigned_breakout=place),
            gateway_id=stay.gateway_id,
            resume_hash=stay.resume_hash,
            granted=stay.granted,
            session=stay.session,
            stands_on=stay.stands_on,
            account_name=stay.account_name,
        )
        events.append(joined)
    return tuple(events)


def refuse_entry(state: RoomState, command: RefuseEntry, now: int) -> tuple[LogEvent, ...]:
    """Sends somebody away, who may ask again."""
    require(state.actor(command.participant_id).info.permissions, Action.LET_IN)
    _waiting(state, command.target)
    return (LobbyLeft(at=now, participant_id=command.target, reason=LobbyLeaveReason.REFUSED),)


def send_message(state: RoomState, command: SendLobbyMessage, now: int) -> tuple[LogEvent, ...]:
    """Says something to those who wait."""
    require(state.actor(command.participant_id).info.permissions, Action.LET_IN)
    if not command.text.strip():
        raise Refusal(ErrorCode.VALIDATION_FAILED, "A message has some characters.")
    if command.target is not None:
        _waiting(state, command.target)
    sent = LobbyMessageSent(at=now, text=command.text, by=command.participant_id, participant_id=command.target)
    return (sent,)


def unban(state: RoomState, command: Unban, now: int) -> tuple[LogEvent, ...]:
    """Somebody who was taken out may come back."""
    require(state.actor(command.participant_id).info.permissions, Action.LET_IN)
    if command.identity not in state.banned:
        return ()
    return (PersonUnbanned(at=now, identity=command.identity, by=command.participant_id),)


def _waiting(state: RoomState, target: str) -> None:
    if target not in state.lobby:
        raise Refusal(ErrorCode.PARTICIPANT_NOT_FOUND, "This person is not in the lobby any more.")
