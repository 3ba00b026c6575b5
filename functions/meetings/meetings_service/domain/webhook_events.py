"""What webhooks are told of: the types of events, and the events that facts and changes of meetings make.

An event has a key of its own, and the id of its messages follows from that: whoever tells it twice tells it once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from enum import StrEnum
from typing import Any, Final, TypeAlias, get_args

import msgspec
from msgspec import Struct

from contracts.broadcast_events import BroadcastStarted, BroadcastStopped
from contracts.facts import Fact
from contracts.leaving import LeaveReason
from contracts.log_events import (
    LobbyJoined,
    MeetingEnded,
    ParticipantJoined,
    ParticipantLeft,
    RecordingStarted,
    RecordingStopped,
)
from contracts.rooms import ParticipantInfo, RecordingEnd, session_of
from functions.serverless.ids import base32
from functions.serverless.times import rfc3339
from meetings_service.domain.attendance import Attendance
from meetings_service.domain.meetings import Meeting
from meetings_service.domain.recordings import CataloguedRecording, Outcome


class EventType(StrEnum):
    """What a webhook may be told of."""

    MEETING_CREATED = "meeting.created"
    MEETING_UPDATED = "meeting.updated"
    MEETING_CANCELLED = "meeting.cancelled"
    MEETING_DELETED = "meeting.deleted"
    MEETING_STARTED = "meeting.started"
    """Somebody has come in: a session has begun."""
    MEETING_ENDED = "meeting.ended"
    """A session is over."""
    PARTICIPANT_WAITING = "participant.waiting"
    """Somebody is in the lobby."""
    PARTICIPANT_JOINED = "participant.joined"
    PARTICIPANT_LEFT = "participant.left"
    RECORDING_STARTED = "recording.started"
    RECORDING_STOPPED = "recording.stopped"
    """It is being brought to where it is kept."""
    RECORDING_FAILED = "recording.failed"
    """The recorder could not go on. What it had written is kept."""
    RECORDING_READY = "recording.ready"
    """All of its files that will come are there, and can be fetched."""
    BROADCAST_STARTED = "broadcast.started"
    """A meeting is streamed out."""
    BROADCAST_ENDED = "broadcast.ended"
    """It is not any more."""
    WEBHOOK_DISABLED = "webhook.disabled"
    """Another webhook of the same owner was turned off, since it has failed for days."""


TEST: Final = "webhook.test"
"""The type of what somebody has asked for to see whether it arrives. It goes to one webhook, whatever that wants."""


class Event(Struct, frozen=True, kw_only=True):
    """Something that webhooks are told of. ``key`` tells it from all others; ``at``: milliseconds since the epoch."""

    key: str
    type: str
    """An `EventType`, or `TEST`."""
    at: int
    data: dict[str, Any]

    @property
    def message_id(self) -> str:
        """The id of its messages: whoever puts the event down twice puts down the same ones."""
        return f"msg_{base32(hashlib.sha256(self.key.encode()).digest()[:20])}"

    @property
    def body(self) -> str:
        """The body of its messages, as JSON."""
        return msgspec.json.encode({"type": self.type, "timestamp": rfc3339(self.at), "data": self.data}).decode()


# ---- changes of meetings ----


def created(meeting: Meeting) -> Event:
    """A meeting was made."""
    return _of_meeting(EventType.MEETING_CREATED, meeting, meeting.created_at)


def updated(before: Meeting, after: Meeting, *, now: int) -> Event:
    """A meeting has another title, description, schedule or other settings; the event names which of these."""
    names = ("title", "description", "schedule", "settings")
    differ = [name for name in names if getattr(before, name) != getattr(after, name)]
    return _of_meeting(EventType.MEETING_UPDATED, after, now, once=f"#{after.version}", changed=differ)


def cancelled(meeting: Meeting) -> Event:
    """A meeting does not take place. It must have been cancelled."""
    return _of_meeting(EventType.MEETING_CANCELLED, meeting, meeting.cancelled_at or 0)


def deleted(meeting: Meeting, *, now: int) -> Event:
    """A meeting is gone, with all that was kept of it."""
    return _of_meeting(EventType.MEETING_DELETED, meeting, now)


def ended(meeting: Meeting, *, at: int, by: str) -> Event:
    """Somebody has ended the present session. The room's own fact gives the same event."""
    data = {**_about(meeting), "session": meeting.session, "ended_by": by}
    return Event(
        key=_session_key(meeting.room, EventType.MEETING_ENDED), type=EventType.MEETING_ENDED, at=at, data=data
    )


def recording_ready(meeting: Meeting, recording: CataloguedRecording, outcome: Outcome, *, now: int) -> Event:
    """The files of a recording can be fetched. Whoever finds it so again tells the same event."""
    kind = EventType.RECORDING_READY
    made = {"id": recording.recording_id, "duration_ms": outcome.duration_ms, "bytes": outcome.bytes}
    data = {**_about(meeting), "session": recording.session, "recording": made}
    return Event(key=f"{recording.recording_id}#{kind}", type=kind, at=now, data=data)


def _of_meeting(kind: EventType, meeting: Meeting, at: int, *, once: str = "", **data: Any) -> Event:
    return Event(key=f"{meeting.id}#{kind}{once}", type=kind, at=at, data={**_about(meeting), **data})


def _about(meeting: Meeting) -> dict[str, Any]:
    about = {
        "id": meeting.id,
        "title": meeting.title,
        "kind": meeting.kind.value,
        "host_id": meeting.host_id,
        "schedule": msgspec.to_builtins(meeting.schedule),
    }
    return {"meeting": about}


# ---- facts ----


def is_told(fact: Fact) -> bool:
    """Whether there are events of a fact: there are none of most."""
    return isinstance(fact.event, _TOLD)


def events_of(fact: Fact, meeting: Meeting) -> list[Event]:
    """What webhooks are told of a fact.

    A session starts with whoever is in it first. Facts come in any order, so that each joining may be the first: all of
    them give the same event, and the one that comes first is told. ``position`` is the fact's place in its session's
    log: by it receivers put in order what comes in any.
    """
    if not isinstance(fact.event, _TOLD):
        return []
    _, session = session_of(fact.meeting_id)
    about = {**_about(meeting), "session": session}
    started = EventType.MEETING_STARTED
    kind, data = _told(fact.event)
    at = fact.event.participant.joined_at if isinstance(fact.event, ParticipantJoined) else fact.event.at
    if kind is EventType.MEETING_ENDED:
        return [Event(key=_session_key(fact.meeting_id, kind), type=kind, at=at, data={**about, **data})]
    if isinstance(fact.event, ParticipantLeft):
        key = _leaving_key(fact.meeting_id, fact.event.participant_id)
    else:
        key = f"{fact.meeting_id}#{fact.version}#{kind}"
    event = Event(key=key, type=kind, at=at, data={**about, "position": fact.version, **data})
    if kind is not EventType.PARTICIPANT_JOINED:
        return [event]
    return [Event(key=_session_key(fact.meeting_id, started), type=started, at=at, data=about), event]


def ends_session(fact: Fact) -> bool:
    """Whether a fact is the end of its session."""
    return isinstance(fact.event, MeetingEnded)


def left_at_the_end(end: Fact, meeting: Meeting, stays: Iterable[Attendance]) -> list[Event]:
    """Those who were there until a session's end have left with it: no fact says so, and whoever counts them waits.

    If a fact does, since it comes late, it gives the same event.
    """
    _, session = session_of(end.meeting_id)
    about = {**_about(meeting), "session": session, "position": end.version}
    reason = LeaveReason.MEETING_ENDED.value
    return [
        Event(
            key=_leaving_key(end.meeting_id, stay.participant_id),
            type=EventType.PARTICIPANT_LEFT,
            at=end.event.at,
            data={**about, "participant": {"id": stay.participant_id, "identity": stay.identity}, "reason": reason},
        )
        for stay in stays
        if stay.left_at is None
    ]


_Told: TypeAlias = (
    ParticipantJoined
    | LobbyJoined
    | ParticipantLeft
    | MeetingEnded
    | RecordingStarted
    | RecordingStopped
    | BroadcastStarted
    | BroadcastStopped
)
_TOLD: Final = get_args(_Told)


def _told(event: _Told) -> tuple[EventType, dict[str, Any]]:
    """The type of an event, and what is told beside its meeting and session."""
    match event:
        case ParticipantJoined(participant=person):
            return EventType.PARTICIPANT_JOINED, {"participant": _person(person)}
        case LobbyJoined(participant=person):
            return EventType.PARTICIPANT_WAITING, {"participant": _person(person)}
        case ParticipantLeft(participant_id=participant_id, identity=identity, reason=reason):
            gone = {"id": participant_id, "identity": identity}
            return EventType.PARTICIPANT_LEFT, {"participant": gone, "reason": reason.value}
        case MeetingEnded(by=by):
            return EventType.MEETING_ENDED, {"ended_by": by}
        case _:
            return _told_of_making(event)


def _told_of_making(
    event: RecordingStarted | RecordingStopped | BroadcastStarted | BroadcastStopped,
) -> tuple[EventType, dict[str, Any]]:
    match event:
        case RecordingStarted(recording_id=recording_id, by=by):
            return EventType.RECORDING_STARTED, {"recording": {"id": recording_id}, "by": by}
        case RecordingStopped(recording_id=recording_id, reason=reason):
            kind = EventType.RECORDING_FAILED if reason is RecordingEnd.FAILED else EventType.RECORDING_STOPPED
            return kind, {"recording": {"id": recording_id}, "reason": reason.value}
        case BroadcastStarted(broadcast_id=broadcast_id, by=by):
            return EventType.BROADCAST_STARTED, {"broadcast": {"id": broadcast_id}, "by": by}
        case BroadcastStopped(broadcast_id=broadcast_id, reason=end):
            return EventType.BROADCAST_ENDED, {"broadcast": {"id": broadcast_id}, "reason": end.value}


def _session_key(room_id: str, kind: EventType) -> str:
    return f"{room_id}#session#{kind}"


def _leaving_key(room_id: str, participant_id: str) -> str:
    return f"{room_id}#{participant_id}#{EventType.PARTICIPANT_LEFT}"


def _person(person: ParticipantInfo) -> dict[str, str]:
    return {
        "id": person.id,
        "identity": person.identity,
        "name": person.name,
        "role": person.role.value,
        "kind": person.kind.value,
    }
