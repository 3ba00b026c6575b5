"""The record of what happened in a meeting, from the facts of its log.

Facts come at least once and in any order. Every change here is therefore one that may be made twice and in any order
with the same end: the earliest of two times, a value that only one fact of the log can set, an entry under a
fact's own version. `Changes` is the sum of a batch; adding `Changes` up is commutative, associative and idempotent.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from contracts.facts import Fact
from contracts.log_events import (
    BreakoutsChanged,
    BreakoutsClosed,
    BreakoutsOpened,
    ChatEdited,
    ChatRemoved,
    ChatSent,
    MeetingEnded,
    NotesKept,
    ParticipantJoined,
    ParticipantLeft,
    PersonUnbanned,
    PollClosed,
    PollCreated,
    PollVoted,
    RecordingStarted,
    RecordingStopped,
)
from contracts.rooms import Identity, MeetingId, ParticipantId, RecordingEnd, RecordingKind
from meetings_service.domain.attendance import (
    Attendance,
    AttendanceEvent,
    Person,
    Turn,
    attended,
    merge,
    merge_people,
)
from meetings_service.domain.breakout_history import BreakoutNews, news_of
from meetings_service.domain.chat_history import ChatLine, line_of, merge_lines
from meetings_service.domain.notes import Notes, later_notes, longest_notes, notes_of
from meetings_service.domain.polls import Poll, merge_polls, poll_of
from meetings_service.domain.times import earliest

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recording(Struct, frozen=True, kw_only=True):
    """A recording. ``prefix`` is what the names of its files begin with, in the bucket for recordings.

    What only the beginning or only the end tells is None until that fact has come.
    """

    recording_id: str
    prefix: str | None = None
    kind: RecordingKind | None = None
    by: ParticipantId | None = None
    started_at: int | None = None
    stopped_at: int | None = None
    stopped_because: RecordingEnd | None = None


class Ended(Struct, frozen=True, kw_only=True, order=True):
    """The end of a session, and who has ended it for all (empty: it ended by itself)."""

    at: int
    by: Identity = Identity("")


class Ban(Struct, frozen=True, kw_only=True, order=True):
    """Whether somebody may come back, as of a version of the session's log. The latest word counts."""

    version: int
    is_banned: bool
    name: str = ""


class Changes(Struct, frozen=True, kw_only=True):
    """What a batch of facts changes in the record of one meeting."""

    started_at: int | None = None
    ended: Ended | None = None
    bans: dict[Identity, Ban] = field(default_factory=dict)
    attendance: dict[ParticipantId, Attendance] = field(default_factory=dict)
    turns: dict[tuple[int, ParticipantId], Turn] = field(default_factory=dict)
    people: dict[Identity, Person] = field(default_factory=dict)
    chat: dict[str, ChatLine] = field(default_factory=dict)
    polls: dict[str, Poll] = field(default_factory=dict)
    notes: Notes | None = None
    longest_notes: Notes | None = None
    breakouts: dict[int, BreakoutNews] = field(default_factory=dict)
    recordings: dict[str, Recording] = field(default_factory=dict)


def changes_by_meeting(facts: Iterable[Fact]) -> dict[MeetingId, Changes]:
    """What a batch of facts changes, meeting by meeting."""
    changes: dict[MeetingId, Changes] = {}
    for fact in facts:
        changes[fact.meeting_id] = add(changes.get(fact.meeting_id, Changes()), changes_of(fact))
    return changes


def changes_of(fact: Fact) -> Changes:
    """What one fact changes. Facts about tracks, connections, nodes and single edits of notes change
    nothing: they are the room's own.

    A session begins when the first one is in: the log may have begun before, with somebody in the lobby.
    """
    changes = Changes()
    match fact.event:
        case MeetingEnded(at=at, by=by):
            changes = Changes(ended=Ended(at=at, by=by or Identity("")))
        case PersonUnbanned(identity=identity):
            changes = Changes(bans={identity: Ban(version=fact.version, is_banned=False)})
        case ChatSent() | ChatEdited() | ChatRemoved():
            line = line_of(fact.version, fact.event)
            changes = Changes() if line is None else Changes(chat={line.message_id: line})
        case PollCreated() | PollVoted() | PollClosed():
            poll = poll_of(fact.version, fact.event)
            changes = Changes(polls={poll.poll_id: poll})
        case NotesKept():
            notes = notes_of(fact.version, fact.event)
            changes = Changes(notes=notes, longest_notes=notes)
        case BreakoutsOpened() | BreakoutsChanged() | BreakoutsClosed():
            changes = Changes(breakouts={fact.version: news_of(fact.version, fact.event)})
        case RecordingStarted() | RecordingStopped():
            changes = Changes(recordings={fact.event.recording_id: _recording_of(fact.event)})
        case _ if isinstance(fact.event, AttendanceEvent):
            changes = _attended(fact, fact.event)
    return changes


def _attended(fact: Fact, event: AttendanceEvent) -> Changes:
    told = attended(fact, event)
    bans = {}
    if isinstance(event, ParticipantLeft) and event.banned is not None:
        bans = {event.identity: Ban(version=fact.version, is_banned=True, name=event.banned)}
    return Changes(
        started_at=event.participant.joined_at if isinstance(event, ParticipantJoined) else None,
        bans=bans,
        attendance={stay.participant_id: stay for stay in told.stays},
        turns={(turn.version, turn.participant_id): turn for turn in told.turns},
        people=_by_identity(told.people),
    )


def _by_identity(people: Iterable[Person]) -> dict[Identity, Person]:
    """One entry for each, of whom a fact may tell more than once: somebody with two stays."""
    known: dict[Identity, Person] = {}
    for person in people:
        known = _both(known, {person.identity: person}, merge_people)
    return known


def _recording_of(event: RecordingStarted | RecordingStopped) -> Recording:
    if isinstance(event, RecordingStopped):
        return Recording(recording_id=event.recording_id, stopped_at=event.at, stopped_because=event.reason)
    return Recording(
        recording_id=event.recording_id, prefix=event.prefix, kind=event.kind, by=event.by, started_at=event.at
    )


def add(first: Changes, second: Changes) -> Changes:
    """Both changes."""
    return Changes(
        started_at=earliest(first.started_at, second.started_at),
        ended=earliest_end(first.ended, second.ended),
        bans=_both(first.bans, second.bans, max),
        attendance=_both(first.attendance, second.attendance, merge),
        turns=first.turns | second.turns,
        people=_both(first.people, second.people, merge_people),
        chat=_both(first.chat, second.chat, merge_lines),
        polls=_both(first.polls, second.polls, merge_polls),
        notes=later_notes(first.notes, second.notes),
        longest_notes=longest_notes(first.longest_notes, second.longest_notes),
        breakouts=first.breakouts | second.breakouts,
        recordings=_both(first.recordings, second.recordings, merge_recordings),
    )


def _both(first: Mapping[K, V], second: Mapping[K, V], together: Callable[[V, V], V]) -> dict[K, V]:
    merged = dict(first)
    for key, value in second.items():
        merged[key] = together(merged[key], value) if key in merged else value
    return merged


def merge_recordings(first: Recording, second: Recording) -> Recording:
    """What two reports of the same recording tell together."""
    return replace(
        first,
        prefix=first.prefix if first.prefix is not None else second.prefix,
        kind=first.kind if first.kind is not None else second.kind,
        by=first.by if first.by is not None else second.by,
        started_at=earliest(first.started_at, second.started_at),
        stopped_at=earliest(first.stopped_at, second.stopped_at),
        stopped_because=first.stopped_because if first.stopped_because is not None else second.stopped_because,
    )


def earliest_end(first: Ended | None, second: Ended | None) -> Ended | None:
    """The earlier of two ends, either of which may be unknown."""
    if first is None or second is None:
        return second if first is None else first
    return min(first, second)
