"""What a room can be asked to do: each names who asks, and brings its ids and secrets along.

These are the domain's words. What clients send over the wire (`contracts.client_messages`) is turned into them at
the edge, where the asking participant is known from the connection and never from the message.
"""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct

from contracts.rooms import (
    GatewayId,
    Identity,
    MeetingId,
    NodeId,
    ParticipantId,
    Permissions,
    Role,
    TrackId,
    TrackSource,
)


class Join(Struct, frozen=True, kw_only=True):
    """Someone with a valid token comes in. The first one starts the log."""

    meeting_id: MeetingId
    participant_id: ParticipantId
    identity: Identity
    name: str
    role: Role
    permissions: Permissions
    gateway_id: GatewayId
    resume_hash: str


class Resume(Struct, frozen=True, kw_only=True):
    """A participant comes back with its secret (as SHA-256, hex) and a token of the same identity."""

    participant_id: ParticipantId
    identity: Identity
    secret_hash: str
    gateway_id: GatewayId


class LoseConnection(Struct, frozen=True, kw_only=True):
    """The connection that began at version ``connection`` is gone. Says nothing about a newer one."""

    participant_id: ParticipantId
    connection: int
    gateway_id: GatewayId


class ReclaimConnection(Struct, frozen=True, kw_only=True):
    """Another gateway took this participant for lost, but its connection to ``gateway_id`` stands."""

    participant_id: ParticipantId
    connection: int
    gateway_id: GatewayId


class AdoptParticipants(Struct, frozen=True, kw_only=True):
    """The gateway ``lost_gateway_id`` is gone: ``gateway_id`` watches over its participants' grace periods."""

    lost_gateway_id: GatewayId
    gateway_id: GatewayId


class EndGrace(Struct, frozen=True, kw_only=True):
    """The grace period of ``grace_ms`` may be over for a participant whose connection ``connection`` was lost."""

    participant_id: ParticipantId
    connection: int
    grace_ms: int


class Leave(Struct, frozen=True, kw_only=True):
    participant_id: ParticipantId


class Remove(Struct, frozen=True, kw_only=True):
    """``participant_id`` takes ``target`` out, with every other stay of the same person."""

    participant_id: ParticipantId
    target: ParticipantId


class TrackToPublish(Struct, frozen=True, kw_only=True):
    """One m-line of a publisher. ``track_id`` is used if the m-line has no track yet."""

    mid: str
    source: TrackSource
    track_id: TrackId
    muted: bool = False


class PublishTracks(Struct, frozen=True, kw_only=True):
    """From now on the participant publishes these tracks, and no others."""

    participant_id: ParticipantId
    tracks: tuple[TrackToPublish, ...]


class Mute(Struct, frozen=True, kw_only=True):
    participant_id: ParticipantId
    track_id: TrackId


class Unmute(Struct, frozen=True, kw_only=True):
    participant_id: ParticipantId
    track_id: TrackId


class SendChat(Struct, frozen=True, kw_only=True):
    participant_id: ParticipantId
    message_id: str
    text: str


class ControlRecording(Struct, frozen=True, kw_only=True):
    """Starts or stops the server-side recording."""

    participant_id: ParticipantId


class EndMeeting(Struct, frozen=True, kw_only=True):
    """A participant ends the meeting for all."""

    participant_id: ParticipantId


class EndByService(Struct, frozen=True, kw_only=True):
    """The meeting service ends the meeting, for ``by`` or on its own. The log may not have begun."""

    meeting_id: MeetingId
    by: Identity | None


class PlaceNode(Struct, frozen=True, kw_only=True):
    """Media moves to ``node_id``, if it still is at ``instead_of`` (None: nowhere)."""

    node_id: NodeId
    instead_of: NodeId | None


RoomCommand: TypeAlias = (
    Join
    | Resume
    | LoseConnection
    | ReclaimConnection
    | AdoptParticipants
    | EndGrace
    | Leave
    | Remove
    | PublishTracks
    | Mute
    | Unmute
    | SendChat
    | ControlRecording
    | EndMeeting
    | EndByService
    | PlaceNode
)
