"""What a room can be asked to do: each names who asks, and brings its ids and secrets along.

These are the domain's words. What clients send over the wire (`contracts.client_messages`) is turned into them at
the edge, where the asking participant is known from the connection and never from the message.
"""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct

from contracts.account_standing import TokenSession
from contracts.rooms import (
    CompositeLayout,
    GatewayId,
    Identity,
    MeetingId,
    NodeId,
    ParticipantId,
    ParticipantKind,
    PeerSignal,
    Permissions,
    RecordingKind,
    Role,
    RoomRules,
    TrackId,
    TrackSource,
)
from signaling_gateway.domain.access_loss import HeedAccount
from signaling_gateway.domain.ingress_commands import StreamCommand
from signaling_gateway.domain.notes import EditNotes, KeepNotes
from signaling_gateway.domain.rules import EndIfDue
from signaling_gateway.domain.service_commands import ServiceCommand


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
    host_id: Identity | None = None
    tabs: int | None = None
    """How often one person may be connected at once; None: as often as one may be in the meeting at all."""
    replaces: bool = False
    """Whether one more than that takes the place of the person's oldest stay. Otherwise it is refused."""
    kind: ParticipantKind = ParticipantKind.PERSON
    vouched: bool = False
    """Whoever runs the meeting has let them in beforehand: they do not wait in the lobby."""
    rules: RoomRules | None = None
    """By which the room opens, if this is the first one; None: by the platform's alone."""
    session: TokenSession | None = None
    stands_on: tuple[Identity, ...] = ()
    account_name: bool = False
    """As the token has them (`contracts.meeting_token`)."""


class Resume(Struct, frozen=True, kw_only=True):
    """A participant comes back with its secret (as SHA-256, hex) and a token of the same identity."""

    participant_id: ParticipantId
    identity: Identity
    secret_hash: str
    gateway_id: GatewayId
    session: TokenSession | None = None


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
    ban: bool = True


class Unban(Struct, frozen=True, kw_only=True):
    participant_id: ParticipantId
    identity: Identity


class Admit(Struct, frozen=True, kw_only=True):
    """Lets these in from the lobby; None: all."""

    participant_id: ParticipantId
    targets: tuple[ParticipantId, ...] | None


class RefuseEntry(Struct, frozen=True, kw_only=True):
    participant_id: ParticipantId
    target: ParticipantId


class SendLobbyMessage(Struct, frozen=True, kw_only=True):
    participant_id: ParticipantId
    text: str
    target: ParticipantId | None


class SetPolicy(Struct, frozen=True, kw_only=True):
    """Rules that are None stay as they are."""

    participant_id: ParticipantId
    locked: bool | None = None
    lobby: bool | None = None
    unmute: bool | None = None
    rename: bool | None = None
    private_chat: bool | None = None
    notes: bool | None = None
    direct: bool | None = None
    e2ee: bool | None = None


class SetRole(Struct, frozen=True, kw_only=True):
    participant_id: ParticipantId
    target: ParticipantId
    role: Role


class SetPermissions(Struct, frozen=True, kw_only=True):
    participant_id: ParticipantId
    target: ParticipantId
    permissions: Permissions


class SetRolePermissions(Struct, frozen=True, kw_only=True):
    participant_id: ParticipantId
    role: Role
    permissions: Permissions


class SetSpotlight(Struct, frozen=True, kw_only=True):
    participant_id: ParticipantId
    targets: tuple[ParticipantId, ...]


class Rename(Struct, frozen=True, kw_only=True):
    """``target`` None: oneself."""

    participant_id: ParticipantId
    target: ParticipantId | None
    name: str


class RaiseHand(Struct, frozen=True, kw_only=True):
    participant_id: ParticipantId


class LowerHand(Struct, frozen=True, kw_only=True):
    """``target`` None: one's own."""

    participant_id: ParticipantId
    target: ParticipantId | None


class LowerAllHands(Struct, frozen=True, kw_only=True):
    participant_id: ParticipantId


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


class StopTrack(Struct, frozen=True, kw_only=True):
    participant_id: ParticipantId
    track_id: TrackId


class MuteAll(Struct, frozen=True, kw_only=True):
    participant_id: ParticipantId
    source: TrackSource


class AskToUnmute(Struct, frozen=True, kw_only=True):
    participant_id: ParticipantId
    target: ParticipantId
    source: TrackSource


class SendReaction(Struct, frozen=True, kw_only=True):
    participant_id: ParticipantId
    emoji: str


class SendChat(Struct, frozen=True, kw_only=True):
    """``to``: None for all in the same room, a participant's id, ``hosts``, or ``everyone``."""

    participant_id: ParticipantId
    message_id: str
    text: str
    to: str | None = None


class EditChat(Struct, frozen=True, kw_only=True):
    participant_id: ParticipantId
    message_id: str
    text: str


class RemoveChat(Struct, frozen=True, kw_only=True):
    participant_id: ParticipantId
    message_id: str


class SendData(Struct, frozen=True, kw_only=True):
    participant_id: ParticipantId
    topic: str
    data: str
    to: tuple[ParticipantId, ...] | None
    base64: bool = False


class CreatePoll(Struct, frozen=True, kw_only=True):
    participant_id: ParticipantId
    poll_id: str
    question: str
    options: tuple[str, ...]
    multiple: bool
    prepared_id: str | None = None


class Vote(Struct, frozen=True, kw_only=True):
    participant_id: ParticipantId
    poll_id: str
    options: tuple[int, ...]


class ClosePoll(Struct, frozen=True, kw_only=True):
    participant_id: ParticipantId
    poll_id: str


class NewBreakout(Struct, frozen=True, kw_only=True):
    id: str
    name: str
    participant_ids: tuple[ParticipantId, ...]
    identities: tuple[Identity, ...] = ()


class OpenBreakouts(Struct, frozen=True, kw_only=True):
    participant_id: ParticipantId
    rooms: tuple[NewBreakout, ...]
    free_choice: bool
    close_after_ms: int | None


class ChangeBreakouts(Struct, frozen=True, kw_only=True):
    """What is None stays as it is."""

    participant_id: ParticipantId
    free_choice: bool | None
    close_after_ms: int | None


class CloseBreakouts(Struct, frozen=True, kw_only=True):
    participant_id: ParticipantId


class EndBreakouts(Struct, frozen=True, kw_only=True):
    """The time of the breakout rooms may be over."""


class MoveToBreakout(Struct, frozen=True, kw_only=True):
    """``breakout_id`` None: the main room."""

    participant_id: ParticipantId
    targets: tuple[ParticipantId, ...]
    breakout_id: str | None


class EnterBreakout(Struct, frozen=True, kw_only=True):
    """``breakout_id`` None: the main room."""

    participant_id: ParticipantId
    breakout_id: str | None


class SignalPeer(Struct, frozen=True, kw_only=True):
    participant_id: ParticipantId
    target: ParticipantId
    signal: PeerSignal


class StartRecording(Struct, frozen=True, kw_only=True):
    """The media node has begun to record, for ``participant_id``."""

    participant_id: ParticipantId
    recording_id: str
    prefix: str
    kind: RecordingKind = RecordingKind.TRACKS
    layout: CompositeLayout = CompositeLayout.GRID


class StopRecording(Struct, frozen=True, kw_only=True):
    """The media node has stopped this recording, for ``participant_id``."""

    participant_id: ParticipantId
    recording_id: str


class FailRecording(Struct, frozen=True, kw_only=True):
    """The recorder of this recording cannot go on."""

    recording_id: str


class EndMeeting(Struct, frozen=True, kw_only=True):
    """A participant ends the meeting for all."""

    participant_id: ParticipantId


class PlaceNode(Struct, frozen=True, kw_only=True):
    """Media moves to ``node_id``, if it still is at ``instead_of`` (None: nowhere)."""

    node_id: NodeId
    instead_of: NodeId | None


class PlaceParticipant(Struct, frozen=True, kw_only=True):
    """Somebody's media goes to ``node_id``, if it still goes to ``instead_of``.

    ``nodes``: the meeting's nodes as the caller knew them. A further one is taken only if these are still all.
    """

    participant_id: ParticipantId
    node_id: NodeId
    instead_of: NodeId
    nodes: tuple[NodeId, ...]


RoomCommand: TypeAlias = (
    Join
    | Resume
    | LoseConnection
    | ReclaimConnection
    | AdoptParticipants
    | EndGrace
    | Leave
    | Remove
    | Unban
    | Admit
    | RefuseEntry
    | SendLobbyMessage
    | SetPolicy
    | SetRole
    | SetPermissions
    | SetRolePermissions
    | SetSpotlight
    | Rename
    | RaiseHand
    | LowerHand
    | LowerAllHands
    | PublishTracks
    | Mute
    | Unmute
    | StopTrack
    | MuteAll
    | AskToUnmute
    | SendReaction
    | SendChat
    | EditChat
    | RemoveChat
    | SendData
    | CreatePoll
    | Vote
    | ClosePoll
    | EditNotes
    | KeepNotes
    | OpenBreakouts
    | ChangeBreakouts
    | CloseBreakouts
    | EndBreakouts
    | EndIfDue
    | MoveToBreakout
    | EnterBreakout
    | SignalPeer
    | StartRecording
    | StopRecording
    | FailRecording
    | StreamCommand
    | EndMeeting
    | ServiceCommand
    | HeedAccount
    | PlaceNode
    | PlaceParticipant
)
