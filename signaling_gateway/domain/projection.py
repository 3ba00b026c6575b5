"""What clients are told: of an event, and of the whole room. What only services need to know is left out here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from contracts import log_events as log
from contracts.client_messages import (
    AnyPublicEvent,
    ChatSentEvent,
    MeetingEndedEvent,
    ParticipantDisconnectedEvent,
    ParticipantJoinedEvent,
    ParticipantLeftEvent,
    ParticipantResumedEvent,
    RoomEvents,
    RoomSnapshot,
    TrackMutedEvent,
    TrackPublishedEvent,
    TrackUnmutedEvent,
    TrackUnpublishedEvent,
)
from contracts.rooms import MeetingId
from signaling_gateway.domain.room_state import RoomState

_PUBLIC: dict[type, Callable[[int, Any], AnyPublicEvent]] = {
    log.ParticipantJoined: lambda version, e: ParticipantJoinedEvent(
        version=version, at=e.at, participant=e.participant
    ),
    log.ParticipantDisconnected: lambda version, e: ParticipantDisconnectedEvent(
        version=version, at=e.at, participant_id=e.participant_id
    ),
    log.ParticipantResumed: lambda version, e: ParticipantResumedEvent(
        version=version, at=e.at, participant_id=e.participant_id
    ),
    log.ParticipantLeft: lambda version, e: ParticipantLeftEvent(
        version=version, at=e.at, participant_id=e.participant_id, reason=e.reason
    ),
    log.TrackPublished: lambda version, e: TrackPublishedEvent(version=version, at=e.at, track=e.track),
    log.TrackUnpublished: lambda version, e: TrackUnpublishedEvent(
        version=version, at=e.at, track_id=e.track_id, participant_id=e.participant_id
    ),
    log.TrackMuted: lambda version, e: TrackMutedEvent(
        version=version, at=e.at, track_id=e.track_id, participant_id=e.participant_id, by=e.by
    ),
    log.TrackUnmuted: lambda version, e: TrackUnmutedEvent(
        version=version, at=e.at, track_id=e.track_id, participant_id=e.participant_id
    ),
    log.ChatSent: lambda version, e: ChatSentEvent(version=version, at=e.at, message=e.message),
    log.MeetingEnded: lambda version, e: MeetingEndedEvent(version=version, at=e.at, by=e.by),
}

PRIVATE = frozenset({log.MeetingStarted, log.NodePlaced})
"""Events that concern the services alone."""


def public_event(version: int, event: log.LogEvent) -> AnyPublicEvent | None:
    """What clients are told of the event at ``version``; None if it does not concern them."""
    make = _PUBLIC.get(type(event))
    return None if make is None else make(version, event)


def public_events(after: int, events: Iterable[log.LogEvent]) -> RoomEvents:
    """The message about the ``events`` that follow version ``after``."""
    told: list[AnyPublicEvent] = []
    version = after
    for event in events:
        version += 1
        public = public_event(version, event)
        if public is not None:
            told.append(public)
    return RoomEvents(after=after, version=version, events=tuple(told))


def snapshot(state: RoomState, meeting_id: MeetingId) -> RoomSnapshot:
    """The room as a joining or resuming client gets it."""
    return RoomSnapshot(
        meeting_id=meeting_id,
        started_at=state.started_at,
        participants=tuple(stay.info for stay in state.stays.values()),
        tracks=tuple(track.info for track in state.tracks.values()),
        chat=state.chat,
    )
