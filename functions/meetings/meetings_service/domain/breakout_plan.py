"""Breakout rooms that are planned before a meeting, and who of the invited goes where. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from contracts.new_breakouts import MAX_BREAKOUT_NAME
from functions.serverless.names import normalise_line
from functions.serverless.problems import InvalidFieldError


class Others(StrEnum):
    """What becomes of those who are assigned to no room when the rooms are opened."""

    EVENLY = "evenly"
    CHOOSE = "choose"
    STAY = "stay"


class PlannedRoom(Struct, frozen=True, kw_only=True):
    """A room, and the keys of the invitations (`domain.meetings.Invitee`) of those who go there."""

    name: str
    invitees: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"PlannedRoom(invitees={len(self.invitees)})"  # keys are addresses


class BreakoutPlan(Struct, frozen=True, kw_only=True):
    """``minutes``: how long the rooms are open; None: until they are closed. ``version`` 0: it was not kept yet.
    Without rooms: there is no plan (any more)."""

    rooms: tuple[PlannedRoom, ...]
    others: Others = Others.EVENLY
    minutes: int | None = None
    version: int = 0

    def uninvited(self, invited: Collection[str]) -> tuple[str, ...]:
        """Whom it has and who is not ``invited``."""
        return tuple(key for room in self.rooms for key in room.invitees if key not in invited)


def checked(plan: BreakoutPlan, invited: Mapping[str, str | None]) -> BreakoutPlan:
    """The plan with its names as a room takes them. ``invited``: by the keys of invitations, the ids of accounts where
    they are known. Whoever is invited twice, by an address and as an account, has one place.

    Raises:
        InvalidFieldError: a name cannot be used or is another room's, or somebody has two places or is not ``invited``.
    """
    rooms: list[PlannedRoom] = []
    placed: set[str] = set()
    for number, room in enumerate(plan.rooms):
        name = normalise_line(room.name, field=f"rooms[{number}].name", most=MAX_BREAKOUT_NAME)
        if any(name == other.name for other in rooms):
            raise InvalidFieldError(f"rooms[{number}].name", "Another room has this name.")
        for place, key in enumerate(room.invitees):
            field = f"rooms[{number}].invitees[{place}]"
            if key not in invited:
                raise InvalidFieldError(field, "The meeting has no such invitation.")
            person = invited[key] or key
            if person in placed:
                raise InvalidFieldError(field, "This person is in a room already.")
            placed.add(person)
        rooms.append(replace(room, name=name))
    return replace(plan, rooms=tuple(rooms))


def without(plan: BreakoutPlan, *keys: str) -> BreakoutPlan:
    """The plan without those who are invited no more."""
    rooms = (replace(room, invitees=tuple(each for each in room.invitees if each not in keys)) for room in plan.rooms)
    return replace(plan, rooms=tuple(rooms))
