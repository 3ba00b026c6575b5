"""Requests from a gateway to a media node, their answers, and what a node reports.

A request is published on `redis_names.node_inbox`, its answer on the caller's `redis_names.gateway_inbox`: at most
once each. The caller waits until ``deadline_at`` and then gives up (`media_node_timeout`); a node drops a request
whose deadline has passed. Every request may safely be sent again. A node reports events about a participant to
the gateway that last sent `JoinRoom` for that participant: others may ask for a mute of hers.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec
from msgspec import Struct

from contracts.client_commands import SubscriptionWish
from contracts.client_messages import ErrorBody, OfferedTrack
from contracts.meeting_work import (
    AnswerIngress,
    BroadcastChanged,
    Broadcasting,
    IngressChanged,
    Ingressing,
    Recording,
    RecordingEnded,
    StartBroadcast,
    StartIngress,
    StartRecording,
    StopBroadcast,
    StopIngress,
    StopRecording,
)
from contracts.rooms import GatewayId, MeetingId, NodeId, ParticipantId, StarvedReason, TrackId, TrackSource
from contracts.sound_work import SetSound, SoundChanged
from contracts.statistics import ConnectionQuality, ParticipantStatistics, RoomStatistics


class NodeLease(Struct, frozen=True, kw_only=True):
    """What a node says of itself each time it renews its lease."""

    node_id: NodeId
    region: str
    load: float
    """0 idle, 1 full: the greatest of its resources' shares; of its threads the one counts that is next."""
    participants: int
    draining: bool
    renewed_at: int
    started_at: int = 0
    """When the node's process started. Another value than before: it has started anew, and knows nobody any more."""
    settling: float = 0.0
    """Meetings that have come lately and whose people are still to come; each counts less and less. Not in ``load``.

    Those of the thread that takes the next one.
    """


# ---- requests ----


class _Request(Struct, frozen=True, kw_only=True, tag_field="type", tag=True):
    meeting_id: MeetingId


class ParticipantRequest(_Request, frozen=True, kw_only=True):
    participant_id: ParticipantId


class JoinRoom(ParticipantRequest, frozen=True, kw_only=True, tag="join_room"):
    """Makes the participant known. Answer: `SubscriptionOffered`, with an offer if there is anything to receive.

    Sent again (a resumed connection, another gateway) it changes where events go, and says ``breakout`` and ``data``
    anew; with ``anew`` the client has a new connection to receive on, too, and gets an offer for it. One that a newer
    connection has overtaken is refused (`stale_negotiation`).
    """

    subscribe: bool
    connection: int
    """The version of the meeting's log at which the participant's connection began."""
    anew: bool = False
    """Whether the client has begun again: what it has received on is no more."""
    breakout: str | None = None
    """The breakout room that the participant is in; None: the main room."""
    version: int = 0
    """The version of the meeting's log as of which ``breakout``, ``data`` and ``nodes`` hold."""
    data: bool = False
    """Whether the participant may send on data channels."""
    nodes: tuple[NodeId, ...] = ()
    """As in `SpanRoom`; none: this one alone, as far as is known."""
    spotlight: tuple[ParticipantId, ...] | None = None
    """As in `ChangeSpotlight`, as of ``version``; None: not known."""
    encrypted: bool | None = None
    """As in `ChangeEncryption`, as of ``version``; None: not known."""


class Publish(ParticipantRequest, frozen=True, kw_only=True, tag="publish"):
    """A client's publishing offer. ``tracks``: all that it publishes from now on. Answer: `Published`."""

    sdp: str
    tracks: tuple[AssignedTrack, ...]
    version: int
    """The version of the meeting's log as of which ``tracks`` says who is muted."""


class AssignedTrack(Struct, frozen=True, kw_only=True):
    mid: str
    track_id: TrackId
    source: TrackSource
    muted: bool = False


class AnswerSubscription(ParticipantRequest, frozen=True, kw_only=True, tag="answer_subscription"):
    """A client's answer to the node's offer. Answer: `Done`."""

    generation: int
    negotiation: int
    sdp: str


class ChangeSubscriptions(ParticipantRequest, frozen=True, kw_only=True, tag="change_subscriptions"):
    """A client's wishes. Answer: `Done`; a new offer follows as an event if one is needed."""

    tracks: tuple[SubscriptionWish, ...]
    max_cameras: int | None = None
    """As in `contracts.client_commands.UpdateSubscriptions`."""


class RestartSubscription(ParticipantRequest, frozen=True, kw_only=True, tag="restart_subscription"):
    """A new subscribing transport, of the next generation. Answer: `SubscriptionOffered`."""


class Watch(ParticipantRequest, frozen=True, kw_only=True, tag="watch"):
    """A client's offer to receive (WHEP), in the place of the node's. Answer: `Published`, with the SDP answer.

    ``tracks``: what it wants, the most wanted first. Each m-line carries one; what there is no line for is left out.
    """

    sdp: str
    tracks: tuple[TrackId, ...]


class ChooseTracks(ParticipantRequest, frozen=True, kw_only=True, tag="choose_tracks"):
    """What a client that sent `Watch` wants from now on. Answer: `Done`."""

    tracks: tuple[TrackId, ...]


class RestartIce(ParticipantRequest, frozen=True, kw_only=True, tag="restart_ice"):
    """The client's ICE credentials have changed (RFC 8839, 4.4.1.1.1), and nothing else. Answer: `IceRestarted`."""

    transport: str
    """``publish`` or ``subscribe``."""
    ufrag: str
    pwd: str


class CheckTransport(ParticipantRequest, frozen=True, kw_only=True, tag="check_transport"):
    """Asks whether a transport is connected, in case a `TransportFailed` was lost. Answer: `TransportChecked`."""

    transport: str
    """``publish`` or ``subscribe``."""


class SetTrackMuted(ParticipantRequest, frozen=True, kw_only=True, tag="set_track_muted"):
    """A muted track is not forwarded, whatever its publisher sends. Answer: `Done`.

    Requests may overtake each other: what the node knows of a later version of the log stands.
    """

    track_id: TrackId
    muted: bool
    version: int
    """That of the log with which it became so."""


class PermitData(ParticipantRequest, frozen=True, kw_only=True, tag="permit_data"):
    """Whether the participant may send on data channels from now on. Answer: `Done`.

    What the node knows of a later version of the log stands.
    """

    permitted: bool
    version: int


class Whereabouts(Struct, frozen=True, kw_only=True):
    participant_id: ParticipantId
    breakout: str | None


class MoveParticipants(_Request, frozen=True, kw_only=True, tag="move_participants"):
    """These receive, and are received by, those in their breakout room alone. Answer: `Done`.

    Whom the node does not know is left out. What it knows of a later version of the log stands.
    """

    moves: tuple[Whereabouts, ...]
    version: int


class ChangeSpotlight(_Request, frozen=True, kw_only=True, tag="change_spotlight"):
    """Everybody is to see these before others, where not all pictures fit: a host's choice. Answer: `Done`.

    What the node knows of a later version of the log stands.
    """

    participant_ids: tuple[ParticipantId, ...]
    version: int


class ChangeEncryption(_Request, frozen=True, kw_only=True, tag="change_encryption"):
    """Whether media is encrypted from end to end: no node can decode it then. Answer: `Done`.

    What the node knows of a later version of the log stands.
    """

    encrypted: bool
    version: int


class SpanRoom(_Request, frozen=True, kw_only=True, tag="span_room"):
    """These nodes have participants of the meeting: each relays its tracks to the others. Answer: `Done`.

    What the node knows of a later version of the log stands.
    """

    nodes: tuple[NodeId, ...]
    version: int


class LeaveRoom(ParticipantRequest, frozen=True, kw_only=True, tag="leave_room"):
    """Closes all that belongs to the participant. Answer: `Done`."""


class CloseRoom(_Request, frozen=True, kw_only=True, tag="close_room"):
    """Closes all that belongs to the meeting. Answer: `Done`."""


class ReadRoomStatistics(_Request, frozen=True, kw_only=True, tag="read_room_statistics"):
    """Answer: `RoomStatistics`, as of the node's last sample; of a meeting that the node does not know, of nobody."""


class ReadParticipantStatistics(ParticipantRequest, frozen=True, kw_only=True, tag="read_participant_statistics"):
    """Answer: `ParticipantStatistics`, as of the node's last sample."""


NodeRequest: TypeAlias = (
    JoinRoom
    | Publish
    | AnswerSubscription
    | ChangeSubscriptions
    | SetSound
    | RestartSubscription
    | Watch
    | ChooseTracks
    | RestartIce
    | CheckTransport
    | SetTrackMuted
    | PermitData
    | MoveParticipants
    | ChangeSpotlight
    | ChangeEncryption
    | SpanRoom
    | LeaveRoom
    | CloseRoom
    | ReadRoomStatistics
    | ReadParticipantStatistics
    | StartRecording
    | StopRecording
    | StartBroadcast
    | StopBroadcast
    | StartIngress
    | AnswerIngress
    | StopIngress
)


class RequestEnvelope(Struct, frozen=True, kw_only=True):
    """What is published on a node's inbox."""

    id: str
    gateway_id: GatewayId
    deadline_at: int
    """Milliseconds since the epoch."""
    request: NodeRequest
    trace_id: str = ""
    """The trace that it belongs to (W3C Trace Context)."""
    span_id: str = ""
    """The span that asks, where there is one."""


# ---- answers ----


class Offer(Struct, frozen=True, kw_only=True):
    """The node's offer for a participant's subscribing connection; passed to the client as it is."""

    generation: int
    negotiation: int
    sdp: str
    tracks: tuple[OfferedTrack, ...]


class Done(Struct, frozen=True, kw_only=True, tag_field="type", tag="done"):
    pass


class Published(Struct, frozen=True, kw_only=True, tag_field="type", tag="published"):
    sdp: str


class SubscriptionOffered(Struct, frozen=True, kw_only=True, tag_field="type", tag="subscription_offered"):
    offer: Offer | None


class IceRestarted(Struct, frozen=True, kw_only=True, tag_field="type", tag="ice_restarted"):
    """The node's end of the restarted transport."""

    ufrag: str
    pwd: str
    candidates: tuple[str, ...]
    """As a=candidate writes them (RFC 8839, 5.1)."""


class TransportChecked(Struct, frozen=True, kw_only=True, tag_field="type", tag="transport_checked"):
    connected: bool
    """Whether the client has shown itself, and not been silent for the consent timeout since (RFC 7675)."""


class Refused(Struct, frozen=True, kw_only=True, tag_field="type", tag="refused"):
    error: ErrorBody


NodeAnswer: TypeAlias = (
    Done
    | Published
    | SubscriptionOffered
    | IceRestarted
    | TransportChecked
    | RoomStatistics
    | ParticipantStatistics
    | Recording
    | Broadcasting
    | Ingressing
    | Refused
)


# ---- what arrives on a gateway's inbox ----


class AnswerEnvelope(Struct, frozen=True, kw_only=True, tag_field="kind", tag="answer"):
    id: str
    answer: NodeAnswer


class SubscriptionChanged(Struct, frozen=True, kw_only=True, tag_field="kind", tag="subscription_changed"):
    """A new offer for the participant, because tracks came or went."""

    node_id: NodeId
    meeting_id: MeetingId
    participant_id: ParticipantId
    offer: Offer


class TransportFailed(Struct, frozen=True, kw_only=True, tag_field="kind", tag="transport_failed"):
    """No sign of life on a transport for the consent timeout (RFC 7675), or its DTLS handshake failed."""

    node_id: NodeId
    meeting_id: MeetingId
    participant_id: ParticipantId
    transport: str
    """``publish`` or ``subscribe``."""
    reason: str


class TrackStarved(Struct, frozen=True, kw_only=True, tag_field="kind", tag="track_starved"):
    """The path to a participant does not carry a track any more, not even at its lowest layer; or does again. Or nobody
    transcodes it for them. Each reason is told of by itself."""

    node_id: NodeId
    meeting_id: MeetingId
    participant_id: ParticipantId
    track_id: TrackId
    starved: bool
    reason: StarvedReason = StarvedReason.PATH


class CamerasShown(Struct, frozen=True, kw_only=True, tag_field="kind", tag="cameras_shown"):
    """Of the cameras that a participant wants these alone are sent; None: all.

    Told when it changes, and to who joins again.
    """

    node_id: NodeId
    meeting_id: MeetingId
    participant_id: ParticipantId
    track_ids: tuple[TrackId, ...] | None


class QualitiesChanged(Struct, frozen=True, kw_only=True, tag_field="kind", tag="qualities_changed"):
    """How the connections of some participants are now. At most one a second for each meeting and gateway.

    ``only_for`` None: told to everybody of the meeting. Otherwise to these alone, who have just come: then it names all
    whose connection is known.
    """

    node_id: NodeId
    meeting_id: MeetingId
    qualities: tuple[ConnectionQuality, ...]
    only_for: tuple[ParticipantId, ...] | None


class ActiveSpeakers(Struct, frozen=True, kw_only=True, tag_field="kind", tag="active_speakers"):
    """Who speaks now where the ``receivers`` are. Told when it changes, and to who comes there."""

    node_id: NodeId
    meeting_id: MeetingId
    speakers: tuple[ParticipantId, ...]
    """The loudest first."""
    receivers: tuple[ParticipantId, ...]
    """Of the gateway's participants, those who are in one breakout room."""


class LayersWanted(Struct, frozen=True, kw_only=True, tag_field="kind", tag="layers_wanted"):
    """Of a participant's own track, so many layers from the lowest up are of use to somebody. All are at first."""

    node_id: NodeId
    meeting_id: MeetingId
    participant_id: ParticipantId
    track_id: TrackId
    layers: int


ParticipantReport: TypeAlias = (
    SubscriptionChanged | TransportFailed | TrackStarved | CamerasShown | SoundChanged | LayersWanted
)
"""What is for one participant's gateway."""
NodeReport: TypeAlias = (
    ParticipantReport | QualitiesChanged | ActiveSpeakers | RecordingEnded | BroadcastChanged | IngressChanged
)
GatewayMessage: TypeAlias = AnswerEnvelope | NodeReport

encoder = msgspec.json.Encoder()
request_decoder: msgspec.json.Decoder[RequestEnvelope] = msgspec.json.Decoder(RequestEnvelope)
gateway_message_decoder: msgspec.json.Decoder[GatewayMessage] = msgspec.json.Decoder(GatewayMessage)
lease_decoder: msgspec.json.Decoder[NodeLease] = msgspec.json.Decoder(NodeLease)
