"""Answers about what a session has left behind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from contracts.client_commands import EVERYONE, HOSTS
from contracts.rooms import Breakout, ParticipantKind, Role
from functions.serverless.times import rfc3339, rfc3339_if_known
from meetings_service.domain.attendance_report import PersonReport, StayReport
from meetings_service.domain.breakout_history import OpenedBreakout
from meetings_service.domain.chat_history import ChatLine
from meetings_service.domain.polls import Poll
from meetings_service.messages import Time

Cursor = Annotated[str, Meta(min_length=1, max_length=512)]


class HistoryQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    cursor: Cursor | UnsetType = UNSET
    limit: Annotated[int, Meta(ge=1, le=100)] = 50


class PartQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``cursor``: of the next part, as the header field ``Link`` has it."""

    cursor: Cursor | UnsetType = UNSET


class Author(Struct, frozen=True, kw_only=True):
    """Who wrote something. ``identity`` is null in what gateways of earlier releases have told."""

    identity: str | None
    name: str


class ChatLineTold(Struct, frozen=True, kw_only=True):
    """A chat message. ``text`` is null once it was removed. ``to``: null for all in the room that it was written in, or
    `everyone` in all rooms, the `hosts`, or the identity of the one whom it was for; ``breakout``: that room, null for
    the main one."""

    id: str
    version: int
    at: Time
    author: Author
    text: str | None
    to: str | None
    to_name: str | None
    breakout: Breakout | None
    edited_at: Time | None
    removed_at: Time | None
    removed_by: str | None


class ChatTold(Struct, frozen=True, kw_only=True):
    """In the order of writing. A page may have fewer entries than there are messages, since others' are left out;
    ``next_cursor``: ask for the next page with it; null on the last page."""

    items: tuple[ChatLineTold, ...]
    next_cursor: str | None


class ChatExport(Struct, frozen=True, kw_only=True):
    """The chat of a session, or a part of it, if the header field ``Link`` names a next one."""

    meeting_id: str
    title: str
    session: int
    items: tuple[ChatLineTold, ...]


class RoleTold(Struct, frozen=True, kw_only=True):
    """Another role, and the stay of who gave it (`administrator` for one that came by the HTTP API)."""

    at: Time
    role: Role
    by: str | None


class PlaceTold(Struct, frozen=True, kw_only=True):
    """A time in a breakout room. ``left_at`` null: still there; ``assigned``: whether it was the one assigned."""

    id: str
    name: str | None
    entered_at: Time
    left_at: Time | None
    assigned: bool


class StayTold(Struct, frozen=True, kw_only=True):
    """One stay: a person on a second device has a second one. ``left_at`` null: still there; ``left_because`` null:
    until the end, or still there."""

    participant_id: str
    name: str | None
    role: Role | None
    joined_at: Time | None
    left_at: Time | None
    left_because: str | None
    roles: tuple[RoleTold, ...]
    breakouts: tuple[PlaceTold, ...]


class PersonTold(Struct, frozen=True, kw_only=True):
    """Somebody who was there. ``seconds``: for how long, where two stays at once count once; ``kind``: `stream` and
    `viewer` are encoders and players; ``hands`` and ``reactions``: counted to 1000 in each stay; ``role``: the last."""

    identity: str
    name: str | None
    guest: bool
    kind: ParticipantKind
    role: Role | None
    joined_at: Time | None
    left_at: Time | None
    seconds: int
    hands: int
    reactions: int
    stays: tuple[StayTold, ...]


class AttendanceTold(Struct, frozen=True, kw_only=True):
    """By identity. ``next_cursor``: ask for the next page with it; null on the last page."""

    items: tuple[PersonTold, ...]
    next_cursor: str | None


class PollOption(Struct, frozen=True, kw_only=True):
    text: str
    votes: int


class PollTold(Struct, frozen=True, kw_only=True):
    """A poll and how it came out. Who voted what is kept nowhere. ``created_by``: the stay of who asked;
    ``prepared_id``: the meeting's prepared poll that it was, null for none."""

    id: str
    question: str
    options: tuple[PollOption, ...]
    multiple: bool
    voters: int
    created_at: Time
    created_by: str | None
    closed_at: Time | None
    prepared_id: str | None


class PollList(Struct, frozen=True, kw_only=True):
    items: tuple[PollTold, ...]


class OpenedBreakoutTold(Struct, frozen=True, kw_only=True):
    """A breakout room. ``closed_at`` null: it is open, or was until the end."""

    id: str
    name: str
    opened_at: Time
    closed_at: Time | None
    free_choice: bool


class BreakoutList(Struct, frozen=True, kw_only=True):
    items: tuple[OpenedBreakoutTold, ...]


def line_told(line: ChatLine) -> ChatLineTold:
    """A message as the API answers it."""
    to = line.to if line.to in {None, EVERYONE, HOSTS} else line.to_identity
    return ChatLineTold(
        id=line.message_id,
        version=line.version,
        at=rfc3339(line.at or 0),
        author=Author(identity=line.author, name=line.name or ""),
        text=line.last_text,
        to=to,
        to_name=line.to_name,
        breakout=line.breakout,
        edited_at=rfc3339_if_known(line.edited_at),
        removed_at=rfc3339_if_known(line.removed_at),
        removed_by=line.removed_by_identity,
    )


def person_told(person: PersonReport, breakouts: Mapping[str, str]) -> PersonTold:
    """Somebody who was there, as the API answers it."""
    return PersonTold(
        identity=person.identity,
        name=person.name,
        guest=person.guest,
        kind=person.kind,
        role=person.role,
        joined_at=rfc3339_if_known(person.joined_at),
        left_at=rfc3339_if_known(person.left_at),
        seconds=person.seconds,
        hands=person.hands,
        reactions=person.reactions,
        stays=tuple(_stay_told(stay, breakouts) for stay in person.stays),
    )


def poll_told(poll: Poll) -> PollTold:
    """A poll, as the API answers it."""
    options = poll.options or ()
    votes = poll.votes or (0,) * len(options)
    return PollTold(
        id=poll.poll_id,
        question=poll.question or "",
        options=tuple(PollOption(text=text, votes=count) for text, count in zip(options, votes, strict=True)),
        multiple=bool(poll.multiple),
        voters=poll.voters or 0,
        created_at=rfc3339(poll.created_at or 0),
        created_by=poll.participant_id,
        closed_at=rfc3339_if_known(poll.closed_at),
        prepared_id=poll.prepared_id,
    )


def breakout_told(room: OpenedBreakout) -> OpenedBreakoutTold:
    """A breakout room, as the API answers it."""
    return OpenedBreakoutTold(
        id=room.id,
        name=room.name,
        opened_at=rfc3339(room.opened_at),
        closed_at=rfc3339_if_known(room.closed_at),
        free_choice=room.free_choice,
    )


def _stay_told(stay: StayReport, breakouts: Mapping[str, str]) -> StayTold:
    roles = tuple(
        RoleTold(at=rfc3339(turn.at), role=turn.role, by=turn.by) for turn in stay.roles if turn.role is not None
    )
    places = tuple(
        PlaceTold(
            id=place.breakout,
            name=breakouts.get(place.breakout),
            entered_at=rfc3339(place.since),
            left_at=rfc3339_if_known(place.left_at),
            assigned=place.assigned,
        )
        for place in stay.places
    )
    return StayTold(
        participant_id=stay.participant_id,
        name=stay.name,
        role=stay.role,
        joined_at=rfc3339_if_known(stay.joined_at),
        left_at=rfc3339_if_known(stay.left_at),
        left_because=stay.left_because,
        roles=roles,
        breakouts=places,
    )
