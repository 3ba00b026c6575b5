"""What clients are told of a room's log: the entries of ``events``, told apart by ``type``.

How they travel stands in `contracts.client_messages`. Most are told to all; where not, it says so.
"""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct

from contracts.ingesting import IngressFailure, IngressState
from contracts.leaving import LeaveReason
from contracts.room_broadcast import BroadcastEnd, BroadcastTargetInfo
from contracts.room_ingress import IngressEnd, IngressInfo
from contracts.rooms import (
    Breakouts,
    ChatMessage,
    CompositeLayout,
    Identity,
    LobbyGuest,
    Move,
    ParticipantId,
    ParticipantInfo,
    PeerSignal,
    Permissions,
    PollInfo,
    RecordingEnd,
    RecordingKind,
    Role,
    RoomPolicy,
    TrackId,
    TrackInfo,
    TrackSource,
)
from contracts.text_changes import TextChange


class PublicEvent(Struct, frozen=True, kw_only=True, tag_field="type", tag=True):
    """What clients are told of a log event."""

    version: int
    at: int


class ParticipantJoinedEvent(PublicEvent, frozen=True, kw_only=True, tag="participant_joined"):
    participant: ParticipantInfo


class ParticipantDisconnectedEvent(PublicEvent, frozen=True, kw_only=True, tag="participant_disconnected"):
    participant_id: ParticipantId


class ParticipantResumedEvent(PublicEvent, frozen=True, kw_only=True, tag="participant_resumed"):
    participant_id: ParticipantId


class ParticipantLeftEvent(PublicEvent, frozen=True, kw_only=True, tag="participant_left"):
    """The participant's tracks are gone with it."""

    participant_id: ParticipantId
    reason: LeaveReason
    by: ParticipantId | None
    """Who removed them; None: nobody did."""


class TrackPublishedEvent(PublicEvent, frozen=True, kw_only=True, tag="track_published"):
    track: TrackInfo


class TrackUnpublishedEvent(PublicEvent, frozen=True, kw_only=True, tag="track_unpublished"):
    """Where somebody else stopped it, its publisher stops sending it, too."""

    track_id: TrackId
    participant_id: ParticipantId
    by: ParticipantId | None
    """The moderator who stopped it; None: its publisher."""


class TrackMutedEvent(PublicEvent, frozen=True, kw_only=True, tag="track_muted"):
    track_id: TrackId
    participant_id: ParticipantId
    by: ParticipantId


class TrackUnmutedEvent(PublicEvent, frozen=True, kw_only=True, tag="track_unmuted"):
    track_id: TrackId
    participant_id: ParticipantId


class UnmuteAskedEvent(PublicEvent, frozen=True, kw_only=True, tag="unmute_asked"):
    """Told to the one who is asked. They may unmute now, whatever the policy says."""

    participant_id: ParticipantId
    source: TrackSource
    by: ParticipantId


class HandRaisedEvent(PublicEvent, frozen=True, kw_only=True, tag="hand_raised"):
    """``ParticipantInfo.hand_raised`` is this event's version."""

    participant_id: ParticipantId


class HandLoweredEvent(PublicEvent, frozen=True, kw_only=True, tag="hand_lowered"):
    participant_id: ParticipantId
    by: ParticipantId


class ReactionSentEvent(PublicEvent, frozen=True, kw_only=True, tag="reaction_sent"):
    """Told to those in the same room as the one who reacts."""

    participant_id: ParticipantId
    emoji: str


class ChatSentEvent(PublicEvent, frozen=True, kw_only=True, tag="chat_sent"):
    """Told to those whom the message is for, and its author; so are its edits and its removal."""

    message: ChatMessage


class ChatEditedEvent(PublicEvent, frozen=True, kw_only=True, tag="chat_edited"):
    message_id: str
    text: str


class ChatRemovedEvent(PublicEvent, frozen=True, kw_only=True, tag="chat_removed"):
    message_id: str
    by: ParticipantId


class DataSentEvent(PublicEvent, frozen=True, kw_only=True, tag="data_sent"):
    """Told to those whom the data is for. ``participant_id`` is None when it came by the HTTP API."""

    participant_id: ParticipantId | None
    topic: str
    data: str
    base64: bool = False
    """Whether ``data`` is bytes, in Base64."""


class ParticipantRenamedEvent(PublicEvent, frozen=True, kw_only=True, tag="participant_renamed"):
    participant_id: ParticipantId
    name: str
    by: ParticipantId


class RoleChangedEvent(PublicEvent, frozen=True, kw_only=True, tag="role_changed"):
    """Those who moderate from now on get a `RoomSync`, with what only moderators see."""

    participant_id: ParticipantId
    role: Role
    permissions: Permissions
    by: ParticipantId


class PermissionsChangedEvent(PublicEvent, frozen=True, kw_only=True, tag="permissions_changed"):
    participant_id: ParticipantId
    permissions: Permissions
    by: ParticipantId


class RolePermissionsChangedEvent(PublicEvent, frozen=True, kw_only=True, tag="role_permissions_changed"):
    """A `PermissionsChangedEvent` follows for everybody who is concerned."""

    role: Role
    permissions: Permissions
    by: ParticipantId


class PolicyChangedEvent(PublicEvent, frozen=True, kw_only=True, tag="policy_changed"):
    policy: RoomPolicy
    by: ParticipantId


class SpotlightChangedEvent(PublicEvent, frozen=True, kw_only=True, tag="spotlight_changed"):
    participant_ids: tuple[ParticipantId, ...]
    by: ParticipantId


class LobbyJoinedEvent(PublicEvent, frozen=True, kw_only=True, tag="lobby_joined"):
    """Told to those who moderate."""

    guest: LobbyGuest


class LobbyLeftEvent(PublicEvent, frozen=True, kw_only=True, tag="lobby_left"):
    """Told to those who moderate: let in, sent away, or gone."""

    participant_id: ParticipantId


class PersonUnbannedEvent(PublicEvent, frozen=True, kw_only=True, tag="person_unbanned"):
    """Told to those who moderate."""

    identity: Identity
    by: ParticipantId


class PollCreatedEvent(PublicEvent, frozen=True, kw_only=True, tag="poll_created"):
    poll: PollInfo


class PollVotedEvent(PublicEvent, frozen=True, kw_only=True, tag="poll_voted"):
    """How the votes stand now."""

    poll_id: str
    votes: tuple[int, ...]
    voters: int


class PollClosedEvent(PublicEvent, frozen=True, kw_only=True, tag="poll_closed"):
    poll_id: str


class NotesEditedEvent(PublicEvent, frozen=True, kw_only=True, tag="notes_edited"):
    """``change`` is of the notes as they were at the revision before. One's own edit comes with its ``edit_id``, and as
    others' edits have made it."""

    participant_id: ParticipantId
    edit_id: str
    change: TextChange
    revision: int


class BreakoutsOpenedEvent(PublicEvent, frozen=True, kw_only=True, tag="breakouts_opened"):
    """A `ParticipantsMovedEvent` follows for those who are assigned."""

    breakouts: Breakouts
    by: ParticipantId


class BreakoutsChangedEvent(PublicEvent, frozen=True, kw_only=True, tag="breakouts_changed"):
    breakouts: Breakouts
    by: ParticipantId


class BreakoutsClosedEvent(PublicEvent, frozen=True, kw_only=True, tag="breakouts_closed"):
    """Everybody is in the main room. Nobody is assigned to a room any more."""

    by: ParticipantId | None
    """None: their time was over."""


class ParticipantsMovedEvent(PublicEvent, frozen=True, kw_only=True, tag="participants_moved"):
    """Media follows by itself: a `SubscriberOffer` takes the tracks of one room away, and brings those of the other.

    Whoever was moved is sent a `ChatSync`, if there is another chat to see.
    """

    moves: tuple[Move, ...]
    by: ParticipantId | None


class PeerSignalledEvent(PublicEvent, frozen=True, kw_only=True, tag="peer_signalled"):
    """Told to the one whom it is for."""

    participant_id: ParticipantId
    signal: PeerSignal


class RecordingStartedEvent(PublicEvent, frozen=True, kw_only=True, tag="recording_started"):
    """The main room is being recorded from now on. Direct media in it goes back to the node."""

    recording_id: str
    by: ParticipantId
    kind: RecordingKind
    layout: CompositeLayout


class RecordingStoppedEvent(PublicEvent, frozen=True, kw_only=True, tag="recording_stopped"):
    recording_id: str
    reason: RecordingEnd
    by: ParticipantId | None
    """Who stopped it; None: nobody did."""


class BroadcastStartedEvent(PublicEvent, frozen=True, kw_only=True, tag="broadcast_started"):
    """The main room is streamed out from now on. Direct media in it goes back to the node."""

    broadcast_id: str
    by: ParticipantId
    layout: CompositeLayout
    watch_key: str | None
    """As in `BroadcastInfo`."""


class BroadcastChangedEvent(PublicEvent, frozen=True, kw_only=True, tag="broadcast_changed"):
    """How the servers do that get it. Told to those who moderate."""

    broadcast_id: str
    targets: tuple[BroadcastTargetInfo, ...]


class BroadcastStoppedEvent(PublicEvent, frozen=True, kw_only=True, tag="broadcast_stopped"):
    broadcast_id: str
    reason: BroadcastEnd
    by: ParticipantId | None
    """Who stopped it; None: nobody did."""


class IngressStartedEvent(PublicEvent, frozen=True, kw_only=True, tag="ingress_started"):
    """A stream can come in. This and what follows of it is told to those who moderate."""

    ingress: IngressInfo


class IngressChangedEvent(PublicEvent, frozen=True, kw_only=True, tag="ingress_changed"):
    """Its stream has come, or is gone; or it is sent to another address. As in `IngressInfo`."""

    ingress_id: str
    state: IngressState
    address: str | None
    participant_id: ParticipantId | None
    reason: IngressFailure | None


class IngressStoppedEvent(PublicEvent, frozen=True, kw_only=True, tag="ingress_stopped"):
    ingress_id: str
    end: IngressEnd
    by: ParticipantId | None
    """Who stopped it; None: nobody did."""
    reason: IngressFailure | None
    """Why it failed."""


class MeetingEndedEvent(PublicEvent, frozen=True, kw_only=True, tag="meeting_ended"):
    by: Identity | None


AnyPublicEvent: TypeAlias = (
    ParticipantJoinedEvent
    | ParticipantDisconnectedEvent
    | ParticipantResumedEvent
    | ParticipantLeftEvent
    | TrackPublishedEvent
    | TrackUnpublishedEvent
    | TrackMutedEvent
    | TrackUnmutedEvent
    | UnmuteAskedEvent
    | HandRaisedEvent
    | HandLoweredEvent
    | ReactionSentEvent
    | ChatSentEvent
    | ChatEditedEvent
    | ChatRemovedEvent
    | DataSentEvent
    | ParticipantRenamedEvent
    | RoleChangedEvent
    | PermissionsChangedEvent
    | RolePermissionsChangedEvent
    | PolicyChangedEvent
    | SpotlightChangedEvent
    | LobbyJoinedEvent
    | LobbyLeftEvent
    | PersonUnbannedEvent
    | PollCreatedEvent
    | PollVotedEvent
    | PollClosedEvent
    | NotesEditedEvent
    | BreakoutsOpenedEvent
    | BreakoutsChangedEvent
    | BreakoutsClosedEvent
    | ParticipantsMovedEvent
    | PeerSignalledEvent
    | RecordingStartedEvent
    | RecordingStoppedEvent
    | BroadcastStartedEvent
    | BroadcastChangedEvent
    | BroadcastStoppedEvent
    | IngressStartedEvent
    | IngressChangedEvent
    | IngressStoppedEvent
    | MeetingEndedEvent
)
