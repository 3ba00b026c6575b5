"""The events of a meeting log: what has happened in a room, in order.

Each event is one entry of the meeting's Redis stream. The entry's id is ``<version>-0``; versions start at 1 and
have no gaps. Its field ``e`` is the event as JSON, with its name in ``type``. Its field ``a`` names the append that
wrote it: a gateway whose connection broke before the answer came asks again with the same name, and finds out
whether its events stand.

Events are facts: past participles, immutable, and enough to rebuild the room with `evolve` alone.
"""

from __future__ import annotations

from typing import TypeAlias

from contracts.account_standing import AccessLoss, TokenSession
from contracts.broadcast_events import BroadcastChanged, BroadcastStarted, BroadcastStopped
from contracts.ingress_events import IngressChanged, IngressStarted, IngressStopped
from contracts.leaving import LeaveReason, LobbyLeaveReason
from contracts.logged import Logged as _Event
from contracts.rooms import (
    Assignment,
    Breakouts,
    ChatMessage,
    CompositeLayout,
    GatewayId,
    Identity,
    MeetingId,
    Move,
    NodeId,
    ParticipantId,
    ParticipantInfo,
    PeerSignal,
    Permissions,
    PollInfo,
    RecordingEnd,
    RecordingKind,
    Role,
    RoomPolicy,
    RoomRules,
    TrackId,
    TrackInfo,
    TrackSource,
)
from contracts.text_changes import TextChange


class MeetingStarted(_Event, frozen=True, kw_only=True, tag="meeting_started"):
    """The first event of every log."""

    meeting_id: MeetingId
    host_id: Identity | None = None
    """Whose meeting it is; None: the first token did not say."""
    rules: RoomRules | None = None
    """By which it opens; None: by the platform's alone."""


class NodePlaced(_Event, frozen=True, kw_only=True, tag="node_placed"):
    """The meeting's media now goes through this node (again, when an earlier node was lost)."""

    node_id: NodeId


class ParticipantPlaced(_Event, frozen=True, kw_only=True, tag="participant_placed"):
    """A participant's media goes through this node, not (or no longer) through the one that it went through before."""

    participant_id: ParticipantId
    node_id: NodeId


class ParticipantJoined(_Event, frozen=True, kw_only=True, tag="participant_joined"):
    participant: ParticipantInfo
    gateway_id: GatewayId
    resume_hash: str
    """SHA-256, in hex, of the secret with which this participant may resume. Never sent to clients."""
    granted: Permissions | None = None
    """What the token gave, where the room's own rules have made something else of it."""
    session: TokenSession | None = None
    """The session that the token was issued in. Never sent to clients."""
    stands_on: tuple[Identity, ...] = ()
    account_name: bool = False
    """Both as the token has them (`contracts.meeting_token`). Never sent to clients."""


class ParticipantDisconnected(_Event, frozen=True, kw_only=True, tag="participant_disconnected"):
    """The signalling connection is gone; media goes on, and the grace period runs."""

    participant_id: ParticipantId
    gateway_id: GatewayId


class ParticipantResumed(_Event, frozen=True, kw_only=True, tag="participant_resumed"):
    participant_id: ParticipantId
    gateway_id: GatewayId
    session: TokenSession | None = None
    """That of the token they came back with; None: as before."""


class ParticipantLeft(_Event, frozen=True, kw_only=True, tag="participant_left"):
    """Takes the participant's tracks along; no track events follow."""

    participant_id: ParticipantId
    identity: Identity
    reason: LeaveReason
    banned: str | None = None
    """The name of somebody who may not come back; None: they may."""
    by: ParticipantId | None = None
    """Who removed them; None: nobody did."""
    loss: AccessLoss | None = None
    """Where the reason is `LeaveReason.ACCESS_LOST`: why. Never sent to clients, but for the one it is about."""


class TrackPublished(_Event, frozen=True, kw_only=True, tag="track_published"):
    track: TrackInfo
    mid: str = ""
    """The m-line of its publisher's SDP that carries it, so that any gateway can go on with the negotiation."""


class TrackUnpublished(_Event, frozen=True, kw_only=True, tag="track_unpublished"):
    track_id: TrackId
    participant_id: ParticipantId
    by: ParticipantId | None = None
    """The moderator who stopped it; None: its publisher."""


class TrackMuted(_Event, frozen=True, kw_only=True, tag="track_muted"):
    track_id: TrackId
    participant_id: ParticipantId
    by: ParticipantId
    """Who did it: the publisher, or a moderator."""


class TrackUnmuted(_Event, frozen=True, kw_only=True, tag="track_unmuted"):
    track_id: TrackId
    participant_id: ParticipantId


class UnmuteAsked(_Event, frozen=True, kw_only=True, tag="unmute_asked"):
    """From now on the participant may unmute this source, whatever the policy says."""

    participant_id: ParticipantId
    source: TrackSource
    by: ParticipantId


class HandRaised(_Event, frozen=True, kw_only=True, tag="hand_raised"):
    participant_id: ParticipantId
    identity: Identity | None = None
    """Whose stay it is, for the meeting's record; so it is in other events."""


class HandLowered(_Event, frozen=True, kw_only=True, tag="hand_lowered"):
    participant_id: ParticipantId
    by: ParticipantId


class ReactionSent(_Event, frozen=True, kw_only=True, tag="reaction_sent"):
    participant_id: ParticipantId
    emoji: str
    breakout: str | None = None
    """The room it is shown in; None: the main one."""
    identity: Identity | None = None


class _ChatEvent(_Event, frozen=True, kw_only=True):
    """Who sees it: a room, everyone, the people of these two identities, or its author and those who moderate."""

    author: Identity | None = None
    to: str | None = None
    to_identity: Identity | None = None
    breakout: str | None = None
    """The room it was written in; None: the main one."""


class ChatSent(_ChatEvent, frozen=True, kw_only=True, tag="chat_sent"):
    message: ChatMessage


class ChatEdited(_ChatEvent, frozen=True, kw_only=True, tag="chat_edited"):
    message_id: str
    text: str
    sent_version: int | None = None
    """The version of its `ChatSent`."""


class ChatRemoved(_ChatEvent, frozen=True, kw_only=True, tag="chat_removed"):
    message_id: str
    by: ParticipantId
    by_identity: Identity | None = None
    sent_version: int | None = None
    """As in `ChatEdited`."""


class DataSent(_Event, frozen=True, kw_only=True, tag="data_sent"):
    participant_id: ParticipantId | None
    """None: the meeting service."""
    topic: str
    data: str
    base64: bool = False
    """Whether ``data`` is bytes, in Base64."""
    to: tuple[ParticipantId, ...] | None = None
    breakout: str | None = None
    """The room whose participants it is for, unless ``to`` names some, or it is the meeting service's."""


class ParticipantRenamed(_Event, frozen=True, kw_only=True, tag="participant_renamed"):
    participant_id: ParticipantId
    name: str
    by: ParticipantId
    identity: Identity | None = None
    account_name: bool = False
    """Whether their account has that name now; otherwise somebody in the room has chosen it. Never sent to clients."""


class RoleChanged(_Event, frozen=True, kw_only=True, tag="role_changed"):
    """For one stay. The person keeps the role when they come back."""

    participant_id: ParticipantId
    role: Role
    permissions: Permissions
    by: ParticipantId
    identity: Identity | None = None


class HostChanged(_Event, frozen=True, kw_only=True, tag="host_changed"):
    """The meeting is somebody else's from now on, whether they are in the room or not. What it makes of those who are
    in it follows."""

    host_id: Identity


class PermissionsGranted(_Event, frozen=True, kw_only=True, tag="permissions_granted"):
    """Somebody was given permissions of their own, which they keep when they come back."""

    identity: Identity
    permissions: Permissions


class PermissionsChanged(_Event, frozen=True, kw_only=True, tag="permissions_changed"):
    """What one stay may do from now on."""

    participant_id: ParticipantId
    permissions: Permissions
    by: ParticipantId


class RolePermissionsChanged(_Event, frozen=True, kw_only=True, tag="role_permissions_changed"):
    role: Role
    permissions: Permissions
    by: ParticipantId


class PolicyChanged(_Event, frozen=True, kw_only=True, tag="policy_changed"):
    policy: RoomPolicy
    by: ParticipantId


class SpotlightChanged(_Event, frozen=True, kw_only=True, tag="spotlight_changed"):
    participant_ids: tuple[ParticipantId, ...]
    by: ParticipantId


class LobbyJoined(_Event, frozen=True, kw_only=True, tag="lobby_joined"):
    """Somebody waits to be let in. A `ParticipantJoined` of the same id follows if they are."""

    participant: ParticipantInfo
    gateway_id: GatewayId
    resume_hash: str
    granted: Permissions
    vouched: bool = False
    """They wait for the host alone: the lobby is not for them."""
    session: TokenSession | None = None
    stands_on: tuple[Identity, ...] = ()
    account_name: bool = False
    """As in `ParticipantJoined`."""


class LobbyLeft(_Event, frozen=True, kw_only=True, tag="lobby_left"):
    participant_id: ParticipantId
    reason: LobbyLeaveReason
    loss: AccessLoss | None = None
    """As in `ParticipantLeft`."""


class LobbyMessageSent(_Event, frozen=True, kw_only=True, tag="lobby_message_sent"):
    text: str
    by: ParticipantId
    participant_id: ParticipantId | None
    """None: all who wait."""


class PersonUnbanned(_Event, frozen=True, kw_only=True, tag="person_unbanned"):
    identity: Identity
    by: ParticipantId


class PollCreated(_Event, frozen=True, kw_only=True, tag="poll_created"):
    poll: PollInfo


class PollVoted(_Event, frozen=True, kw_only=True, tag="poll_voted"):
    """``votes`` and ``voters`` are how the poll stands after this vote."""

    poll_id: str
    identity: Identity
    options: tuple[int, ...]
    votes: tuple[int, ...]
    voters: int


class PollClosed(_Event, frozen=True, kw_only=True, tag="poll_closed"):
    poll_id: str


class NotesEdited(_Event, frozen=True, kw_only=True, tag="notes_edited"):
    """``change`` is of the notes as they were just before: whoever applies the edits in order has the text."""

    participant_id: ParticipantId
    identity: Identity
    edit_id: str
    """Named so by its author, who knows by it that it stands."""
    change: TextChange
    revision: int
    """How many edits there have been, with this one."""


class NotesKept(_Event, frozen=True, kw_only=True, tag="notes_kept"):
    """The notes as a whole, for the meeting's record: so that it does not have to know all edits."""

    text: str
    revision: int
    writers: tuple[Identity, ...]
    """The accounts that have written in them, the first 500."""


class BreakoutsOpened(_Event, frozen=True, kw_only=True, tag="breakouts_opened"):
    breakouts: Breakouts
    by: ParticipantId
    assigned: tuple[Assignment, ...] = ()
    """Who is assigned by name, there or not. Never sent to clients, nor to the meeting service (`facts.as_fact`)."""


class BreakoutsChanged(_Event, frozen=True, kw_only=True, tag="breakouts_changed"):
    breakouts: Breakouts
    by: ParticipantId


class BreakoutsClosed(_Event, frozen=True, kw_only=True, tag="breakouts_closed"):
    """Follows the `ParticipantsMoved` of those who were in the rooms."""

    by: ParticipantId | None
    """None: their time was over."""


class ParticipantsMoved(_Event, frozen=True, kw_only=True, tag="participants_moved"):
    moves: tuple[Move, ...]
    by: ParticipantId | None
    identities: tuple[Identity, ...] = ()
    """Whose stays ``moves`` tells of, in its order."""


class PeerSignalled(_Event, frozen=True, kw_only=True, tag="peer_signalled"):
    """Something for a direct connection between two clients."""

    participant_id: ParticipantId
    to: ParticipantId
    signal: PeerSignal


class RecordingStarted(_Event, frozen=True, kw_only=True, tag="recording_started"):
    """The meeting's media node has begun to record the main room."""

    recording_id: str
    by: ParticipantId
    prefix: str
    """What the names of its files in the bucket begin with."""
    kind: RecordingKind = RecordingKind.TRACKS
    layout: CompositeLayout = CompositeLayout.GRID


class RecordingStopped(_Event, frozen=True, kw_only=True, tag="recording_stopped"):
    recording_id: str
    reason: RecordingEnd
    by: ParticipantId | None = None
    """Who stopped it; None: nobody did."""


class MeetingEnded(_Event, frozen=True, kw_only=True, tag="meeting_ended"):
    """The last event of a log: nothing is accepted after it."""

    by: Identity | None
    """Who ended it for all; None: it ended by itself, after everybody had gone, or when its time was over."""


LogEvent: TypeAlias = (
    MeetingStarted
    | NodePlaced
    | ParticipantPlaced
    | ParticipantJoined
    | ParticipantDisconnected
    | ParticipantResumed
    | ParticipantLeft
    | TrackPublished
    | TrackUnpublished
    | TrackMuted
    | TrackUnmuted
    | UnmuteAsked
    | HandRaised
    | HandLowered
    | ReactionSent
    | ChatSent
    | ChatEdited
    | ChatRemoved
    | DataSent
    | ParticipantRenamed
    | RoleChanged
    | HostChanged
    | PermissionsGranted
    | PermissionsChanged
    | RolePermissionsChanged
    | PolicyChanged
    | SpotlightChanged
    | LobbyJoined
    | LobbyLeft
    | LobbyMessageSent
    | PersonUnbanned
    | PollCreated
    | PollVoted
    | PollClosed
    | NotesEdited
    | NotesKept
    | BreakoutsOpened
    | BreakoutsChanged
    | BreakoutsClosed
    | ParticipantsMoved
    | PeerSignalled
    | RecordingStarted
    | RecordingStopped
    | BroadcastStarted
    | BroadcastChanged
    | BroadcastStopped
    | IngressStarted
    | IngressChanged
    | IngressStopped
    | MeetingEnded
)
