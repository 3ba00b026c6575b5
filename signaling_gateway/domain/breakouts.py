"""Breakout rooms: who is in which, who may go where, and when everybody comes back.

A room of its own in everything that people see of each other as it happens: media, chat to all, reactions, data. What
concerns the meeting as a whole stays common: who is present, raised hands, polls, messages to one or to the hosts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from contracts.error_codes import ErrorCode
from contracts.log_events import (
    BreakoutsChanged,
    BreakoutsClosed,
    BreakoutsOpened,
    LogEvent,
    ParticipantsMoved,
)
from contracts.new_breakouts import MAX_ASSIGNED
from contracts.rooms import Assignment, Breakout, Breakouts, Move, ParticipantId
from signaling_gateway.domain.commands import (
    ChangeBreakouts,
    CloseBreakouts,
    EndBreakouts,
    EnterBreakout,
    MoveToBreakout,
    OpenBreakouts,
)
from signaling_gateway.domain.permissions import Action, require
from signaling_gateway.domain.room_state import RoomState, Stay
from signaling_gateway.errors import Refusal


def open_breakouts(state: RoomState, command: OpenBreakouts, now: int) -> tuple[LogEvent, ...]:
    """Opens the rooms and moves those who are assigned, each with all stays. Who is assigned as a participant and has
    left meanwhile is left out; who is assigned by identity gets there when they come."""
    require(state.actor(command.participant_id).info.permissions, Action.BREAKOUTS)
    if state.breakouts is not None:
        raise Refusal(ErrorCode.CONFLICT, "Breakout rooms are open already. Close them first.")
    names = [" ".join(room.name.split()) for room in command.rooms]
    if not all(names) or len(set(names)) < len(names):
        raise Refusal(ErrorCode.VALIDATION_FAILED, "Breakout rooms have names that differ.")
    present = [each for room in command.rooms for each in room.participant_ids]
    assigned = tuple(Assignment(identity=each, breakout=room.id) for room in command.rooms for each in room.identities)
    if len(set(present)) < len(present) or len({each.identity for each in assigned}) < len(assigned):
        raise Refusal(ErrorCode.VALIDATION_FAILED, "Somebody is assigned to two breakout rooms.")
    if len(assigned) > MAX_ASSIGNED:
        raise Refusal(ErrorCode.VALIDATION_FAILED, f"At most {MAX_ASSIGNED} are assigned to breakout rooms by name.")
    breakouts = Breakouts(
        rooms=tuple(Breakout(id=room.id, name=name) for room, name in zip(command.rooms, names, strict=True)),
        free_choice=command.free_choice,
        ends_at=None if command.close_after_ms is None else now + command.close_after_ms,
    )
    by_name = {each.identity: each.breakout for each in assigned}
    moves = {
        stay.info.id: Move(participant_id=stay.info.id, breakout=room_id, assigned_breakout=room_id)
        for stay in state.stays.values()
        if (room_id := by_name.get(stay.info.identity)) is not None
    }
    moves |= {
        move.participant_id: move
        for room in command.rooms
        for move in _moves(state, room.participant_ids, breakout=room.id, assigned=room.id)
    }
    opened = BreakoutsOpened(at=now, breakouts=breakouts, by=command.participant_id, assigned=assigned)
    return (opened, *_moved(state, moves.values(), command.participant_id, now))


def change(state: RoomState, command: ChangeBreakouts, now: int) -> tuple[LogEvent, ...]:
    """Another choice for participants, or another end."""
    require(state.actor(command.participant_id).info.permissions, Action.BREAKOUTS)
    before = _open(state)
    after = replace(
        before,
        free_choice=before.free_choice if command.free_choice is None else command.free_choice,
        ends_at=before.ends_at if command.close_after_ms is None else now + command.close_after_ms,
    )
    return () if after == before else (BreakoutsChanged(at=now, breakouts=after, by=command.participant_id),)


def move(state: RoomState, command: MoveToBreakout, now: int) -> tuple[LogEvent, ...]:
    """Somebody who moderates puts people into a room, with all their stays."""
    require(state.actor(command.participant_id).info.permissions, Action.BREAKOUTS)
    _check_room(state, command.breakout_id)
    if not any(target in state.stays for target in command.targets):
        raise Refusal(ErrorCode.PARTICIPANT_NOT_FOUND, "Nobody of these is in the meeting.")
    moves = _moves(state, command.targets, breakout=command.breakout_id, assigned=command.breakout_id)
    return _moved(state, moves, command.participant_id, now)


def enter(state: RoomState, command: EnterBreakout, now: int) -> tuple[LogEvent, ...]:
    """Somebody goes by themselves: to the main room, to the room they are assigned to, or wherever they may choose."""
    info = state.stay_of(command.participant_id).info
    breakouts = _check_room(state, command.breakout_id)
    goes_home = command.breakout_id in {None, info.assigned_breakout}
    if not goes_home and not breakouts.free_choice:
        require(info.permissions, Action.BREAKOUTS)
    # Who looks in from room to room is not assigned to any; who chooses a room has chosen it.
    chooses = not goes_home and not info.permissions.moderate
    gone = Move(
        participant_id=info.id,
        breakout=command.breakout_id,
        assigned_breakout=command.breakout_id if chooses else info.assigned_breakout,
    )
    return _moved(state, (gone,) if info.breakout != command.breakout_id else (), info.id, now)


def close(state: RoomState, command: CloseBreakouts, now: int) -> tuple[LogEvent, ...]:
    """Everybody comes back."""
    require(state.actor(command.participant_id).info.permissions, Action.BREAKOUTS)
    return () if state.breakouts is None else _closed(state, command.participant_id, now)


def end_when_due(state: RoomState, command: EndBreakouts, now: int) -> tuple[LogEvent, ...]:  # noqa: ARG001
    """Everybody comes back when the time is over."""
    if state.breakouts is None or state.breakouts.ends_at is None or now < state.breakouts.ends_at:
        return ()
    return _closed(state, None, now)


def _closed(state: RoomState, by: ParticipantId | None, now: int) -> tuple[LogEvent, ...]:
    moves = _moves(state, state.stays, breakout=None, assigned=None)
    return (*_moved(state, moves, by, now), BreakoutsClosed(at=now, by=by))


def _moves(
    state: RoomState, targets: Iterable[ParticipantId], *, breakout: str | None, assigned: str | None
) -> Iterator[Move]:
    """What changes for these people, with all their stays."""
    people = {state.stays[target].info.identity for target in targets if target in state.stays}
    for stay in state.stays.values():
        if stay.info.identity in people and _where(stay) != (breakout, assigned):
            yield Move(participant_id=stay.info.id, breakout=breakout, assigned_breakout=assigned)


def _where(stay: Stay) -> tuple[str | None, str | None]:
    return stay.info.breakout, stay.info.assigned_breakout


def _moved(state: RoomState, moves: Iterable[Move], by: ParticipantId | None, now: int) -> tuple[LogEvent, ...]:
    made = tuple(moves)
    identities = tuple(state.stays[move.participant_id].info.identity for move in made)
    return (ParticipantsMoved(at=now, moves=made, by=by, identities=identities),) if made else ()


def _open(state: RoomState) -> Breakouts:
    if state.breakouts is None:
        raise Refusal(ErrorCode.BREAKOUT_NOT_FOUND, "No breakout rooms are open.")
    return state.breakouts


def _check_room(state: RoomState, breakout_id: str | None) -> Breakouts:
    breakouts = _open(state)
    if breakout_id is not None and all(room.id != breakout_id for room in breakouts.rooms):
        raise Refusal(ErrorCode.BREAKOUT_NOT_FOUND, "There is no such breakout room.")
    return breakouts
