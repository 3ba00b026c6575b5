"""The live room as its log tells it, at one version."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct, field

from contracts.account_standing import TokenSession
from contracts.error_codes import ErrorCode
from contracts.room_broadcast import BroadcastInfo
from contracts.room_ingress import IngressInfo, identity_of_ingress
from contracts.rooms import (
    ADMINISTRATOR,
    PERMISSIONS_OF_ROLE,
    Breakouts,
    ChatMessage,
    GatewayId,
    Identity,
    MeetingId,
    NodeId,
    ParticipantId,
    ParticipantInfo,
    Permissions,
    PollInfo,
    RecordingInfo,
    Role,
    RoomPolicy,
    RoomRules,
    TrackId,
    TrackInfo,
    TrackSource,
)
from contracts.text_changes import TextChange
from signaling_gateway.errors import Refusal

CHAT_HISTORY = 500
"""How many of the latest chat messages a joining client is given."""
CHAT_HISTORY_CHARACTERS = 100_000
"""How long they are together, at most: the room's snapshot must stay small enough for every join."""


REPLACED_KEPT = 100
"""How many replaced stays are told why they cannot resume; earlier ones are told only that they cannot."""


class Stay(Struct, frozen=True, kw_only=True):
    """One participant, with what only the gateways know of it."""

    info: ParticipantInfo
    gateway_id: GatewayId
    """The gateway that holds its connection, or watches over its grace period."""
    resume_hash: str
    connection: int
    """The version at which its present (or last) connection began: tells one connection from the next."""
    disconnected_at: int | None = None
    """When the connection was lost, milliseconds since the epoch; None while it stands."""
    granted: Permissions
    """What the token gave, before the room's own rules."""
    asked_to_unmute: frozenset[TrackSource] = frozenset()
    """Sources that may be unmuted, whatever the policy says."""
    node_id: NodeId | None = None
    """The media node that the participant was sent to; None: the meeting's home."""
    vouched: bool = False
    """In the lobby: waits for the host alone."""
    session: TokenSession | None = None
    """The session that their token was issued in; None: they have no account."""
    stands_on: tuple[Identity, ...] = ()
    """The accounts without which their access is none, beside their own."""
    account_name: bool = False
    """Whether their name is their account's: nobody has chosen one for this stay."""


_ADMINISTRATOR = Stay(
    info=ParticipantInfo(
        id=ADMINISTRATOR,
        identity=Identity(ADMINISTRATOR),
        name="Administrator",
        role=Role.HOST,
        permissions=PERMISSIONS_OF_ROLE[Role.HOST],
        joined_at=0,
    ),
    gateway_id=GatewayId(""),
    resume_hash="",
    connection=0,
    granted=PERMISSIONS_OF_ROLE[Role.HOST],
)


class PublishedTrack(Struct, frozen=True, kw_only=True):
    """A track of the room, with the m-line (``mid``) of its publisher's SDP that carries it."""

    info: TrackInfo
    mid: str


class SentMessage(Struct, frozen=True, kw_only=True):
    """A chat message, with who wrote it and whom it is for as people rather than stays."""

    message: ChatMessage
    author: Identity | None
    to_identity: Identity | None
    version: int = 0
    """That of its sending; 0: a gateway of an earlier release has kept it."""


class Poll(Struct, frozen=True, kw_only=True):
    info: PollInfo
    votes: Mapping[Identity, tuple[int, ...]] = field(default_factory=dict)


class Notes(Struct, frozen=True, kw_only=True):
    """The shared notes."""

    text: str = ""
    revision: int = 0
    """How many edits have made it."""
    edits: tuple[TextChange, ...] = ()
    """The latest of them."""
    latest: Mapping[ParticipantId, str] = field(default_factory=dict)
    """The latest edit of each stay."""
    writers: tuple[Identity, ...] = ()
    unkept_since: int | None = None
    """When the first edit was made that is not kept yet; None: all are."""


class RoomState(Struct, frozen=True, kw_only=True):
    """Everything that decisions depend on. ``version`` is that of the last event applied; 0 is before the first."""

    version: int = 0
    meeting_id: MeetingId | None = None
    host_id: Identity | None = None
    started_at: int = 0
    updated_at: int = 0
    """The latest time in the log. Decided times never go back behind it, whatever the gateways' clocks say."""
    ended: bool = False
    node_id: NodeId | None = None
    """The meeting's home: the media node of everybody who was not sent to another."""
    stays: Mapping[ParticipantId, Stay] = field(default_factory=dict)
    """In the order of joining."""
    tracks: Mapping[TrackId, PublishedTrack] = field(default_factory=dict)
    lobby: Mapping[ParticipantId, Stay] = field(default_factory=dict)
    """Who waits to be let in, in the order of coming."""
    chat: tuple[SentMessage, ...] = ()
    """The latest `CHAT_HISTORY` messages, or fewer if they are longer than `CHAT_HISTORY_CHARACTERS`."""
    chat_characters: int = 0
    """How long the messages of ``chat`` are together."""
    banned: Mapping[Identity, str] = field(default_factory=dict)
    """Who was taken out and may not come back, with their names."""
    admitted: frozenset[Identity] = frozenset()
    """Who has been in the room: neither lock nor lobby keep them out."""
    policy: RoomPolicy = RoomPolicy()
    rules: RoomRules = RoomRules()
    """By which the room has opened."""
    ends_at: int | None = None
    """When the longest time is over, once somebody has come in; None: there is none."""
    empty_since: int | None = None
    """Since when nobody is in the room, or waits to come in; None: somebody is."""
    is_recorded_enough: bool = False
    """Whether somebody has stopped a recording: none begins by itself any more."""
    role_permissions: Mapping[Role, Permissions] = field(default_factory=dict)
    """What everybody in a role may do at most."""
    own_permissions: Mapping[Identity, Permissions] = field(default_factory=dict)
    """Who was given permissions of their own."""
    own_roles: Mapping[Identity, Role] = field(default_factory=dict)
    """Who was given a role in the room."""
    replaced: Mapping[ParticipantId, str] = field(default_factory=dict)
    """The latest `REPLACED_KEPT` stays whose place was taken by the same person, with the hashes of their secrets."""
    spotlight: tuple[ParticipantId, ...] = ()
    polls: Mapping[str, Poll] = field(default_factory=dict)
    """In the order of their creation."""
    notes: Notes = Notes()
    breakouts: Breakouts | None = None
    """The breakout rooms, while they are open."""
    assigned: Mapping[Identity, str] = field(default_factory=dict)
    """The breakout rooms to which people are assigned who may come back."""
    visited: Mapping[str, frozenset[Identity]] = field(default_factory=dict)
    """Who has been in a breakout room, and may read its chat once the rooms are closed."""
    recording: RecordingInfo | None = None
    """The recording that is being made of the main room."""
    broadcast: BroadcastInfo | None = None
    """The broadcast of the main room that is on."""
    ingresses: Mapping[str, IngressInfo] = field(default_factory=dict)
    """The ingresses that are open, by id."""

    @property
    def nodes(self) -> tuple[NodeId, ...]:
        """The meeting's media nodes: its home, then those that participants were sent to."""
        sent_to = (stay.node_id for stay in self.stays.values())
        return tuple(dict.fromkeys(node_id for node_id in (self.node_id, *sent_to) if node_id is not None))

    @property
    def nodes_in_use(self) -> tuple[NodeId, ...]:
        """Those of the meeting's nodes on which somebody is, or a recording or a broadcast is made."""
        used = dict.fromkeys(stay.node_id or self.node_id for stay in self.stays.values())
        if self.recording is not None or self.broadcast is not None:
            used[self.node_id] = None
        return tuple(node_id for node_id in used if node_id is not None)

    def node_of(self, participant_id: ParticipantId) -> NodeId | None:
        """The media node of a participant; the home for somebody who is not in the room."""
        stay = self.stays.get(participant_id)
        return self.node_id if stay is None else stay.node_id or self.node_id

    def stay_of(self, participant_id: ParticipantId) -> Stay:
        """The participant's stay.

        Raises:
            Refusal: nobody by this id is in the room (``participant_not_found``).
        """
        stay = self.stays.get(participant_id)
        if stay is None:
            raise Refusal(ErrorCode.PARTICIPANT_NOT_FOUND, "This participant is not in the meeting.")
        return stay

    def actor(self, participant_id: ParticipantId) -> Stay:
        """Who acts: a participant, or the administrator, who is not in the room and may do what its host may.

        Raises:
            Refusal: nobody by this id is in the room (``participant_not_found``), or nobody has ever been in it
                (``meeting_not_live``).
        """
        if participant_id != ADMINISTRATOR:
            return self.stay_of(participant_id)
        if not self.version:
            raise Refusal(ErrorCode.MEETING_NOT_LIVE, "Nobody has joined this meeting yet.")
        return _ADMINISTRATOR

    def stays_with(self, identity: Identity) -> Iterator[Stay]:
        """The stays of one person."""
        return (stay for stay in self.stays.values() if stay.info.identity == identity)

    def is_ingress(self, identity: Identity) -> bool:
        """Whether it is that of an ingress which is open: somebody who moderates has asked it in."""
        return any(identity == identity_of_ingress(each) for each in self.ingresses)

    def standing_on(self, account: Identity) -> Iterator[Stay]:
        """Where somebody is, or waits to come in, whose access an account gives: its own people, and others."""
        everybody = (*self.stays.values(), *self.lobby.values())
        return (stay for stay in everybody if account in (stay.info.identity, *stay.stands_on))

    def track_of(self, track_id: TrackId) -> PublishedTrack:
        """The track.

        Raises:
            Refusal: there is none by this id (``track_not_found``).
        """
        track = self.tracks.get(track_id)
        if track is None:
            raise Refusal(ErrorCode.TRACK_NOT_FOUND, "This track is not published.")
        return track

    def tracks_of(self, participant_id: ParticipantId) -> Iterator[PublishedTrack]:
        """The participant's tracks, oldest first."""
        return (track for track in self.tracks.values() if track.info.participant_id == participant_id)
