"""Who was in a room, from when to when, where, and as what: from facts that come at least once and in any order.

What belongs to a person and a stay is kept under both, so that a fact has to name the identity, too. Facts of earlier
releases that do not are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from contracts.facts import Fact
from contracts.leaving import LeaveReason
from contracts.log_events import (
    HandRaised,
    ParticipantJoined,
    ParticipantLeft,
    ParticipantRenamed,
    ParticipantsMoved,
    ReactionSent,
    RoleChanged,
)
from contracts.rooms import Identity, ParticipantId, ParticipantKind, Role
from meetings_service.domain.meeting_settings import RUNNING
from meetings_service.domain.times import earliest

COUNTED_AT_MOST: Final = 1_000
"""So many raised hands and so many reactions are counted in one stay."""


class Attendance(Struct, frozen=True, kw_only=True):
    """One stay of one person. Times in milliseconds since the epoch.

    What only the joining tells is None until that fact has come. ``left_at`` None with an ended meeting: stayed to its
    end. Of ``hands`` and ``reactions`` the versions are kept, since a count would not know what it has counted.
    """

    participant_id: ParticipantId
    identity: Identity
    name: str | None = None
    role: Role | None = None
    kind: ParticipantKind | None = None
    joined_at: int | None = None
    left_at: int | None = None
    left_because: LeaveReason | None = None
    hands: frozenset[int] = frozenset()
    reactions: frozenset[int] = frozenset()


class Turn(Struct, frozen=True, kw_only=True):
    """Something that changed in a stay: another name, another role, or another room (``moved``)."""

    version: int
    at: int
    participant_id: ParticipantId
    identity: Identity
    name: str | None = None
    role: Role | None = None
    moved: bool = False
    breakout: str | None = None
    """Where they are from now on, if ``moved``; None: in the main room."""
    assigned_breakout: str | None = None
    by: ParticipantId | None = None


class Person(Struct, frozen=True, kw_only=True):
    """Somebody who was in the room, whatever the number of their stays: what they may read follows from it.

    Of what happened more than once, the versions: which was the last is known when all facts have come.
    """

    identity: Identity
    since: int | None = None
    came_in: frozenset[int] = frozenset()
    taken_out: frozenset[int] = frozenset()
    """When somebody removed them; they may have come in again."""
    moderates_from: frozenset[int] = frozenset()
    moderates_to: frozenset[int] = frozenset()
    breakouts: frozenset[str] = frozenset()
    """The breakout rooms they have been in."""


class Attended(Struct, frozen=True, kw_only=True):
    """What facts tell of those who were there."""

    stays: tuple[Attendance, ...] = ()
    turns: tuple[Turn, ...] = ()
    people: tuple[Person, ...] = ()


AttendanceEvent = (
    ParticipantJoined
    | ParticipantLeft
    | ParticipantRenamed
    | RoleChanged
    | ParticipantsMoved
    | HandRaised
    | ReactionSent
)


def attended(fact: Fact, event: AttendanceEvent) -> Attended:
    """What the event of a fact tells."""
    told = Attended()
    match event:
        case ParticipantJoined():
            told = _joined(event, fact.version)
        case ParticipantLeft():
            told = _left(event, fact.version)
        case ParticipantsMoved():
            told = _moved(event, fact.version)
        case RoleChanged(identity=identity) if identity is not None:
            told = _role(event, identity, fact.version)
        case ParticipantRenamed(identity=identity) if identity is not None:
            turn = _turn(event.participant_id, identity, fact.version, event.at, event.by)
            told = Attended(turns=(replace(turn, name=event.name),))
        case HandRaised(identity=identity) | ReactionSent(identity=identity) if identity is not None:
            stay = Attendance(participant_id=event.participant_id, identity=identity)
            once, is_hand = frozenset({fact.version}), isinstance(event, HandRaised)
            told = Attended(stays=(replace(stay, hands=once) if is_hand else replace(stay, reactions=once),))
    return told


def merge(first: Attendance, second: Attendance) -> Attendance:
    """What two reports of the same stay tell together."""
    return replace(
        first,
        name=first.name if first.name is not None else second.name,
        role=first.role if first.role is not None else second.role,
        kind=first.kind if first.kind is not None else second.kind,
        joined_at=earliest(first.joined_at, second.joined_at),
        left_at=earliest(first.left_at, second.left_at),
        left_because=first.left_because if first.left_because is not None else second.left_because,
        hands=first.hands | second.hands,
        reactions=first.reactions | second.reactions,
    )


def merge_people(first: Person, second: Person) -> Person:
    """What two reports of the same person tell together."""
    return Person(
        identity=first.identity,
        since=earliest(first.since, second.since),
        came_in=first.came_in | second.came_in,
        taken_out=first.taken_out | second.taken_out,
        moderates_from=first.moderates_from | second.moderates_from,
        moderates_to=first.moderates_to | second.moderates_to,
        breakouts=first.breakouts | second.breakouts,
    )


def seconds_present(stays: Iterable[Attendance], *, until: int) -> int:
    """For how long somebody was there, in whole seconds: being there twice at once counts once. A stay without an end
    goes on ``until`` (milliseconds since the epoch)."""
    spans = sorted(
        (stay.joined_at, max(stay.joined_at, until if stay.left_at is None else stay.left_at))
        for stay in stays
        if stay.joined_at is not None
    )
    total, covered = 0, 0
    for start, end in spans:
        total += max(0, end - max(start, covered))
        covered = max(covered, end)
    return total // 1000


def role_at_the_end(stay: Attendance, turns: Sequence[Turn]) -> Role | None:
    """What somebody was last in a stay, with the turns of that stay in their order."""
    return next((turn.role for turn in reversed(turns) if turn.role is not None), stay.role)


def name_at_the_end(stay: Attendance, turns: Sequence[Turn]) -> str | None:
    """As `role_at_the_end`, of the name."""
    return next((turn.name for turn in reversed(turns) if turn.name is not None), stay.name)


def _joined(event: ParticipantJoined, version: int) -> Attended:
    info = event.participant
    stay = Attendance(
        participant_id=info.id,
        identity=info.identity,
        name=info.name,
        role=info.role,
        kind=info.kind,
        joined_at=info.joined_at,
    )
    once, came_to = frozenset({version}), info.breakout
    person = Person(
        identity=info.identity,
        since=info.joined_at,
        came_in=once,
        moderates_from=once if info.permissions.moderate else frozenset(),
        breakouts=frozenset() if came_to is None else frozenset({came_to}),
    )
    turn = _turn(info.id, info.identity, version, info.joined_at, None)
    moved = replace(turn, moved=True, breakout=came_to, assigned_breakout=info.assigned_breakout)
    return Attended(stays=(stay,), people=(person,), turns=() if came_to is None else (moved,))


def _left(event: ParticipantLeft, version: int) -> Attended:
    stay = Attendance(
        participant_id=event.participant_id, identity=event.identity, left_at=event.at, left_because=event.reason
    )
    if event.reason is not LeaveReason.REMOVED:
        return Attended(stays=(stay,))
    return Attended(stays=(stay,), people=(Person(identity=event.identity, taken_out=frozenset({version})),))


def _role(event: RoleChanged, identity: Identity, version: int) -> Attended:
    turn = replace(_turn(event.participant_id, identity, version, event.at, event.by), role=event.role)
    once = frozenset({version})
    person = Person(identity=identity)
    changed = replace(person, moderates_from=once) if event.role in RUNNING else replace(person, moderates_to=once)
    return Attended(turns=(turn,), people=(changed,))


def _moved(event: ParticipantsMoved, version: int) -> Attended:
    turns, people = [], []
    for move, identity in zip(event.moves, event.identities, strict=False):  # earlier releases named no identities
        turn = _turn(move.participant_id, identity, version, event.at, event.by)
        turns.append(replace(turn, moved=True, breakout=move.breakout, assigned_breakout=move.assigned_breakout))
        if move.breakout is not None:
            people.append(Person(identity=identity, breakouts=frozenset({move.breakout})))
    return Attended(turns=tuple(turns), people=tuple(people))


def _turn(participant_id: ParticipantId, identity: Identity, version: int, at: int, by: ParticipantId | None) -> Turn:
    return Turn(version=version, at=at, participant_id=participant_id, identity=identity, by=by)
