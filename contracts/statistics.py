"""What a media node knows of its streams and of the paths to its participants, in the terms of W3C's webrtc-stats.

In JSON, a member that W3C defines has W3C's name, unit and meaning (seconds, bytes, bits a second); what W3C has no
word for is told apart in docs/statistics.md. Seen from the node: *inbound* is what a participant publishes, *outbound*
what they receive. Nobody's address is in it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal, TypeAlias

from msgspec import Struct

from contracts.rooms import NodeId, ParticipantId, TrackId


class QualityLevel(StrEnum):
    """How a participant's connection is, in one word."""

    EXCELLENT = "excellent"
    GOOD = "good"
    POOR = "poor"
    LOST = "lost"
    """Nothing comes from them any more."""


class ConnectionQuality(Struct, frozen=True, kw_only=True):
    """How somebody's connection is. ``score``: a mean opinion score after ITU-T G.107, 1 (bad) to 4.5."""

    participant_id: ParticipantId
    level: QualityLevel
    score: float


MediaKind: TypeAlias = Literal["audio", "video"]
AddressFamily: TypeAlias = Literal["IPv4", "IPv6"]
Protocol: TypeAlias = Literal["udp", "tcp"]


class InboundRtp(Struct, frozen=True, kw_only=True, rename="camel"):
    """RTCInboundRtpStreamStats: one encoding of a track that the participant publishes."""

    track_id: TrackId
    muted: bool
    kind: MediaKind
    mid: str
    mime_type: str
    """RTCCodecStats."""
    layer: int
    """Its place among the track's encodings, 0 the lowest."""
    rid: str | None
    ssrc: int
    packets_received: int
    bytes_received: int
    packets_lost: int
    jitter: float
    nack_count: int
    pli_count: int
    key_frames_received: int
    bitrate: float
    fraction_lost: float
    """Of what was sent since the last sample, 0 to 1; packets that were sent again do not lessen it."""


class RemoteInboundRtp(Struct, frozen=True, kw_only=True, rename="camel"):
    """RTCRemoteInboundRtpStreamStats: what the receiver's last report says."""

    packets_lost: int
    fraction_lost: float
    jitter: float
    round_trip_time: float | None
    """None until it was measured."""


class OutboundRtp(Struct, frozen=True, kw_only=True, rename="camel"):
    """RTCOutboundRtpStreamStats: a track that the participant receives."""

    track_id: TrackId
    publisher_id: ParticipantId
    muted: bool
    active: bool
    """Whether the participant wants it now."""
    kind: MediaKind
    mid: str
    mime_type: str
    ssrc: int
    packets_sent: int
    bytes_sent: int
    retransmitted_packets_sent: int
    nack_count: int
    pli_count: int
    bitrate: float
    layer: int | None
    """What is forwarded; None: nothing yet."""
    rid: str | None
    spatial_layer: int | None
    """The highest that is forwarded within the layer (SVC); None: all there are."""
    temporal_layer: int | None
    """The highest that is forwarded within the layer; None: all there are."""
    expected_layer: int | None
    """The best that is being published, up to the one that the participant wants; None: none is."""
    starved: bool
    """The path does not carry it, not even its lowest layer."""
    remote_inbound: RemoteInboundRtp


class CandidatePair(Struct, frozen=True, kw_only=True, rename="camel"):
    """RTCIceCandidatePairStats: one of the participant's two connections."""

    connection: Literal["publish", "subscribe"]
    state: Literal["waiting", "succeeded", "failed"]
    protocol: Protocol | None
    """RTCIceCandidateStats; None until a pair is nominated."""
    address_family: AddressFamily | None
    packets_received: int
    bytes_received: int
    available_outgoing_bitrate: float | None
    """None without feedback, and where nothing is sent."""
    wanted_outgoing_bitrate: float
    """What all that is subscribed to would take at its best."""


class ParticipantSummary(Struct, frozen=True, kw_only=True, rename="camel"):
    """A participant's connection in a few numbers. None: it is not known, or there is nothing that it could be of."""

    participant_id: ParticipantId
    level: QualityLevel
    score: float
    inbound_bitrate: float
    outbound_bitrate: float
    inbound_fraction_lost: float | None
    outbound_fraction_lost: float | None
    round_trip_time: float | None
    available_outgoing_bitrate: float | None
    wanted_outgoing_bitrate: float
    pictures: int
    """Pictures that they want and others send."""
    pictures_below: int
    """Of these, how many come smaller than wanted, or not at all."""
    starved: int
    """Of these, how many their path does not carry at all."""


class RoomStatistics(Struct, frozen=True, kw_only=True, rename="camel", tag_field="type", tag="room_statistics"):
    """All participants of a meeting. ``timestamp``: when the numbers were read, ms since the epoch."""

    node_id: NodeId | None
    """None: the meeting has no media node yet."""
    timestamp: int
    participants: tuple[ParticipantSummary, ...]


class ParticipantStatistics(
    Struct, frozen=True, kw_only=True, rename="camel", tag_field="type", tag="participant_statistics"
):
    """One participant, with every stream."""

    node_id: NodeId
    timestamp: int
    summary: ParticipantSummary
    candidate_pairs: tuple[CandidatePair, ...]
    inbound_rtp: tuple[InboundRtp, ...]
    outbound_rtp: tuple[OutboundRtp, ...]
