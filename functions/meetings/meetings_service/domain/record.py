"""The record of what happened in a meeting, from the facts of its log.

Facts come at least once and in any order. Every change here is therefore one that may be made twice and in any order
with the same end: the earliest of two times, a value that only one fact of the log can set, an entry under a
fact's own version. `Changes` is the sum of a batch; adding `Changes` up is commutative, associative and idempotent.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct, field
from msgspec.structs import replace

from contracts.facts import Fact
from contracts.log_events import (
    ChatSent,
    LeaveReason,
    MeetingEnded,
    MeetingStarted,
    ParticipantJoined,
    ParticipantLeft,
    RecordingStarted,
    RecordingStopped,
)
from contracts.rooms import Identity, MeetingId, ParticipantId, RecordingEnd, Role


class Attendance(Struct, frozen=True, kw_only=True):
    """One stay of one person. Times in milliseconds since the epoch.

    What only the joining tells is None until that fact has come. ``left_at`` None with an ended meeting: stayed to its
    end.
    """

    participant_id: ParticipantId
    identity: Identity
    name: str | None = None
    role: Role | None = None
    joined_at: int | None = None
    left_at: int | None = None
    left_because: LeaveReason | None = None


class ChatLine(Struct, frozen=True, kw_only=True):
    """A chat message. ``version`` is that of its fact and gives the order; ``message_id`` tells it from others."""

    version: int
    message_id: str
    participant_id: ParticipantId
    name: str
    text: str
    at: int


class Recording(Struct, frozen=True, kw_only=True):
    """A recording. ``prefix`` is what the names of its files begin with, in the bucket for recordings.

    What only the beginning or only the end tells is None until that fact has come.
    """

    recording_id: str
    prefix: str | None = None
    by: ParticipantId | None = None
    started_at: int | None = None
    stopped_at: int | None = None
    stopped_because: RecordingEnd | None = None


class Changes(Struct, frozen=True, kw_only=True):
    """What a batch of facts changes in the record of one meeting."""

    started_at: int | None = None
    ended_at: int | None = None
    attendance: dict[ParticipantId, Attendance] = field(default_factory=dict)
    chat: dict[str, ChatLine] = field(default_factory=dict)
    recordings: dict[str, Recording] = field(default_factory=dict)


def changes_by_meeting(facts: Iterable[Fact]) -> dict[MeetingId, Changes]:
    """What a batch of facts changes, meeting by meeting."""
    changes: dict[MeetingId, Changes] = {}
    for fact in facts:
        changes[fact.meeting_id] = add(changes.get(fact.meeting_id, Changes()), changes_of(fact))
    return changes


def changes_of(fact: Fact) -> Changes:
    """What one fact changes. Facts about tracks, connections and nodes change nothing: they are the room's own."""
    match fact.event:
        case MeetingStarted() | MeetingEnded():
            begins = isinstance(fact.event, MeetingStarted)
            return Changes(started_at=fact.event.at) if begins else Changes(ended_at=fact.event.at)
        case ParticipantJoined(participant=person):
            joined = Attendance(
                participant_id=person.id,
                identity=person.identity,
                name=person.name,
                role=person.role,
                joined_at=person.joined_at,
            )
            return Changes(started_at=person.joined_at, attendance={person.id: joined})
        case ParticipantLeft(at=at, participant_id=participant_id, identity=identity, reason=reason):
            left = Attendance(participant_id=participant_id, identity=identity, left_at=at, left_because=reason)
            return Changes(attendance={participant_id: left})
        case ChatSent(message=message):
            line = ChatLine(
                version=fact.version,
                message_id=message.id,
                participant_id=message.participant_id,
                name=message.name,
                text=message.text,
                at=message.at,
            )
            return Changes(chat={message.id: line})
        case RecordingStarted() | RecordingStopped():
            return Changes(recordings={fact.event.recording_id: _recording_of(fact.event)})
        case _:
            return Changes()


def _recording_of(event: RecordingStarted | RecordingStopped) -> Recording:
    if isinstance(event, RecordingStopped):
        return Recording(recording_id=event.recording_id, stopped_at=event.at, stopped_because=event.reason)
    return Recording(recording_id=event.recording_id, prefix=event.prefix, by=event.by, started_at=event.at)


def add(first: Changes, second: Changes) -> Changes:
    """Both changes."""
    attendance = dict(first.attendance)
    for participant_id, stay in second.attendance.items():
        known = attendance.get(participant_id)
        attendance[participant_id] = stay if known is None else merge(known, stay)
    recordings = dict(first.recordings)
    for recording_id, recording in second.recordings.items():
        told = recordings.get(recording_id)
        recordings[recording_id] = recording if told is None else merge_recordings(told, recording)
    return Changes(
        started_at=earliest(first.started_at, second.started_at),
        ended_at=earliest(first.ended_at, second.ended_at),
        attendance=attendance,
        chat=first.chat | second.chat,
        recordings=recordings,
    )


def merge(first: Attendance, second: Attendance) -> Attendance:
    """What two reports of the same stay tell together."""
    return replace(
        first,
        name=first.name if first.name is not None else second.name,
        role=first.role if first.role is not None else second.role,
        joined_at=earliest(first.joined_at, second.joined_at),
        left_at=earliest(first.left_at, second.left_at),
        left_because=first.left_because if first.left_because is not None else second.left_because,
    )


def merge_recordings(first: Recording, second: Recording) -> Recording:
    """What two reports of the same recording tell together."""
    return replace(
        first,
        prefix=first.prefix if first.prefix is not None else second.prefix,
        by=first.by if first.by is not None else second.by,
        started_at=earliest(first.started_at, second.started_at),
        stopped_at=earliest(first.stopped_at, second.stopped_at),
        stopped_because=first.stopped_because if first.stopped_because is not None else second.stopped_because,
    )


def earliest(first: int | None, second: int | None) -> int | None:
    """The earlier of two times, either of which may be unknown."""
    if first is None or second is None:
        return second if first is None else first
    return min(first, second)
