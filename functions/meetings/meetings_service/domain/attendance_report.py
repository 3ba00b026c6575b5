"""Attendance, person by person, from what is kept of their stays."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct

from contracts.rooms import Identity, ParticipantId, ParticipantKind, Role
from functions.serverless.times import rfc3339
from meetings_service.domain.access import is_guest
from meetings_service.domain.attendance import (
    COUNTED_AT_MOST,
    Attendance,
    Turn,
    name_at_the_end,
    role_at_the_end,
    seconds_present,
)
from meetings_service.domain.spreadsheets import harmless

COLUMNS: Final = ("name", "user_id", "guest", "role", "joined_at", "left_at", "seconds", "stays")


class Place(Struct, frozen=True, kw_only=True):
    """A time that somebody was in a breakout room. ``left_at`` None: they still are."""

    breakout: str
    since: int
    left_at: int | None
    assigned: bool
    """Whether it is the room that they were assigned to."""


class StayReport(Struct, frozen=True, kw_only=True):
    """One stay, with the name at its end. ``left_at`` None: they are still there."""

    participant_id: ParticipantId
    name: str | None
    role: Role | None
    joined_at: int | None
    left_at: int | None
    left_because: str | None
    roles: tuple[Turn, ...]
    places: tuple[Place, ...]


class PersonReport(Struct, frozen=True, kw_only=True):
    """One person: with the name and the role they had last, from when to when and for how long they were there."""

    identity: Identity
    name: str | None
    guest: bool
    kind: ParticipantKind
    role: Role | None
    joined_at: int | None
    left_at: int | None
    seconds: int
    hands: int
    reactions: int
    stays: tuple[StayReport, ...]


def reports(entries: Iterable[Attendance | Turn], *, ended_at: int | None, now: int) -> tuple[PersonReport, ...]:
    """Everybody of whom ``entries`` tell, in their order. Who has not left was there until the session's end, or is
    still there."""
    stays: dict[ParticipantId, Attendance] = {}
    turns: dict[ParticipantId, list[Turn]] = {}
    for entry in entries:
        if isinstance(entry, Attendance):
            stays[entry.participant_id] = entry
        else:
            turns.setdefault(entry.participant_id, []).append(entry)
    by_person: dict[Identity, list[Attendance]] = {}
    for stay in stays.values():
        by_person.setdefault(stay.identity, []).append(stay)
    return tuple(_person(own, turns, ended_at=ended_at, now=now) for own in by_person.values())


def as_csv(people: Iterable[PersonReport]) -> str:
    """A table (RFC 4180, with a header) of the people, by the time they came. Streams and players are no people.

    People choose their names: those that a spreadsheet would take for a formula have an apostrophe before them.
    """
    present = (person for person in people if person.kind is ParticipantKind.PERSON)
    rows = [COLUMNS, *map(_row, sorted(present, key=lambda each: (each.joined_at or 0, each.identity)))]
    return "".join(f"{','.join(map(_cell, row))}\r\n" for row in rows)


def _row(person: PersonReport) -> tuple[str, ...]:
    return (
        harmless(person.name or ""),
        "" if person.guest else person.identity,
        "yes" if person.guest else "no",
        "" if person.role is None else person.role.value,
        _time(person.joined_at),
        _time(person.left_at),
        str(person.seconds),
        str(len(person.stays)),
    )


def _cell(text: str) -> str:
    quoted = text.replace('"', '""')
    return f'"{quoted}"' if re.search(r'[",\r\n]', text) else text


def _person(
    own: list[Attendance], turns: dict[ParticipantId, list[Turn]], *, ended_at: int | None, now: int
) -> PersonReport:
    own.sort(key=lambda stay: (stay.joined_at or 0, stay.participant_id))
    told = tuple(_stay(stay, turns.get(stay.participant_id, []), ended_at) for stay in own)
    last = told[-1]
    starts = [stay.joined_at for stay in told if stay.joined_at is not None]
    ends = [stay.left_at for stay in told]
    return PersonReport(
        identity=own[-1].identity,
        name=last.name,
        guest=is_guest(own[-1].identity),
        kind=next((stay.kind for stay in own if stay.kind is not None), ParticipantKind.PERSON),
        role=last.role,
        joined_at=min(starts, default=None),
        left_at=None if None in ends else max(end for end in ends if end is not None),
        seconds=seconds_present(own, until=now if ended_at is None else ended_at),
        hands=sum(min(len(stay.hands), COUNTED_AT_MOST) for stay in own),
        reactions=sum(min(len(stay.reactions), COUNTED_AT_MOST) for stay in own),
        stays=told,
    )


def _stay(stay: Attendance, turns: Sequence[Turn], ended_at: int | None) -> StayReport:
    in_order = sorted(turns, key=lambda turn: turn.version)
    left_at = ended_at if stay.left_at is None else stay.left_at
    return StayReport(
        participant_id=stay.participant_id,
        name=name_at_the_end(stay, in_order),
        role=role_at_the_end(stay, in_order),
        joined_at=stay.joined_at,
        left_at=left_at,
        left_because=stay.left_because,
        roles=tuple(turn for turn in in_order if turn.role is not None),
        places=_places([turn for turn in in_order if turn.moved], left_at),
    )


def _places(moves: Sequence[Turn], left_at: int | None) -> tuple[Place, ...]:
    ends = [*(turn.at for turn in moves[1:]), left_at]
    return tuple(
        Place(
            breakout=move.breakout,
            since=move.at,
            left_at=end,
            assigned=move.breakout == move.assigned_breakout,
        )
        for move, end in zip(moves, ends, strict=False)
        if move.breakout is not None
    )


def _time(milliseconds: int | None) -> str:
    return "" if milliseconds is None else rfc3339(milliseconds)
