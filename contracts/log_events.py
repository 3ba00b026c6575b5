"""The events of a meeting log: what has happened in a room, in order.

Each event is one entry of the meeting's Redis stream. The entry's id is ``<version>-0``; versions start at 1 and
have no gaps. Its field ``e`` is the event as JSON, with its name in ``type``. Its field ``a`` names the append that
wrote it: a gateway whose connection broke before the answer came asks again with the same name, and finds out
whether its events stand.

Events are facts: past participles, immutable, and enough to rebuild the room with `evolve` alone.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TypeAlias

import msgspec
from msgspec import Struct

from contracts.rooms import (
    ChatMessage,
    GatewayId,
    Identity,
    MeetingId,
    NodeId,
    ParticipantId,
    ParticipantInfo,
    TrackId,
    TrackInfo,
)


class LeaveReason(StrEnum):
    """Why a participant is no longer in the room."""

    LEFT = "left"
    REMOVED = "removed"
    CONNECTION_LOST = "connection_lost"
    """The grace period ended without the connection coming back."""
    MEETING_ENDED = "meeting_ended"


class _Event(Struct, frozen=True, kw_only=True, tag_field="type", tag=True):
    at: int
    """When it was decided, milliseconds since the epoch, by the deciding gateway's clock."""


class MeetingStarted(_Event, frozen=True, kw_only=True, tag="meeting_started"):
    """The first event of every log."""

    meeting_id: MeetingId


class NodePlaced(_Event, frozen=True, kw_only=True, tag="node_placed"):
    """The meeting's media now goes through this node (again, when an earlier node was lost)."""

    node_id: NodeId


class ParticipantJoined(_Event, frozen=True, kw_only=True, tag="participant_joined"):
    participant: ParticipantInfo
    gateway_id: GatewayId
    resume_hash: str
    """SHA-256, in hex, of the secret with which this participant may resume. Never sent to clients."""


class ParticipantDisconnected(_Event, frozen=True, kw_only=True, tag="participant_disconnected"):
    """The signalling connection is gone; media goes on, and the grace period runs."""

    participant_id: ParticipantId
    gateway_id: GatewayId


class ParticipantResumed(_Event, frozen=True, kw_only=True, tag="participant_resumed"):
    participant_id: ParticipantId
    gateway_id: GatewayId


class ParticipantLeft(_Event, frozen=True, kw_only=True, tag="participant_left"):
    """Takes the participant's tracks along; no track events follow."""

    participant_id: ParticipantId
    identity: Identity
    reason: LeaveReason


class TrackPublished(_Event, frozen=True, kw_only=True, tag="track_published"):
    track: TrackInfo
    mid: str = ""
    """The m-line of its publisher's SDP that carries it, so that any gateway can go on with the negotiation."""


class TrackUnpublished(_Event, frozen=True, kw_only=True, tag="track_unpublished"):
    track_id: TrackId
    participant_id: ParticipantId


class TrackMuted(_Event, frozen=True, kw_only=True, tag="track_muted"):
    track_id: TrackId
    participant_id: ParticipantId
    by: ParticipantId
    """Who did it: the publisher, or a moderator."""


class TrackUnmuted(_Event, frozen=True, kw_only=True, tag="track_unmuted"):
    track_id: TrackId
    participant_id: ParticipantId


class ChatSent(_Event, frozen=True, kw_only=True, tag="chat_sent"):
    message: ChatMessage


class MeetingEnded(_Event, frozen=True, kw_only=True, tag="meeting_ended"):
    """The last event of a log: nothing is accepted after it."""

    by: Identity | None
    """Who ended it for all; None when the service did."""


LogEvent: TypeAlias = (
    MeetingStarted
    | NodePlaced
    | ParticipantJoined
    | ParticipantDisconnected
    | ParticipantResumed
    | ParticipantLeft
    | TrackPublished
    | TrackUnpublished
    | TrackMuted
    | TrackUnmuted
    | ChatSent
    | MeetingEnded
)

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[LogEvent] = msgspec.json.Decoder(LogEvent)


def encode_event(event: LogEvent) -> bytes:
    """The JSON form of one event, as it stands in the stream."""
    return _encoder.encode(event)


def decode_event(data: bytes | str) -> LogEvent:
    """One event from its JSON form.

    Raises:
        msgspec.ValidationError: it is JSON, but no event of the log.
        msgspec.DecodeError: it is not JSON.
    """
    return _decoder.decode(data)
