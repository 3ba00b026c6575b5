"""A node's samples as others read them: `contracts.statistics`, and what a connection's quality is judged by."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Sequence

from contracts.rooms import ParticipantId
from contracts.statistics import (
    CandidatePair,
    InboundRtp,
    MediaKind,
    OutboundRtp,
    ParticipantSummary,
    RemoteInboundRtp,
)
from media_fleet.domain.connection_quality import Direction, Judgement, Picture, Sound, unheard
from media_fleet.domain.effects import PublishedMedia, Purpose
from media_fleet.sampling import SampledLayer, SampledSubscription, SampledTrack, SampledTransport

SILENT_AFTER_S = 4.0
"""Sound that stops while its connection stands was stopped by the client: while two talk directly, say."""
FROZEN_AFTER_S = 3.0
"""Longer than a switch of layers takes, key frame included."""
LOST_AFTER_S = 8.0
"""Clients send reports and consent checks (RFC 7675: every five seconds) on whatever connection stands."""

Transports = Sequence[SampledTransport]


# ---- what quality is judged by ----


def is_lost(transports: Transports) -> bool:
    """Whether nothing has come for long on any connection that stood."""
    stood = [each for each in transports if each.stats.address is not None]
    return bool(stood) and all(not each.connected or each.silent_s >= LOST_AFTER_S for each in stood)


def is_known(transports: Transports) -> bool:
    """Whether any connection has ever stood."""
    return any(each.stats.address is not None for each in transports)


def directions(transports: Transports) -> list[Direction]:
    """What the participant sends, and receives."""
    return [_upwards(transports), _downwards(transports)]


def _upwards(transports: Transports) -> Direction:
    tracks = [track for track in _tracks(transports) if not track.held.muted]
    heard = [track for track in tracks if track.held.media.kind == "audio" and track.layers]
    sound = None
    if heard:
        sound = Sound(
            loss=_mean((_unheard(track.held.media, _loss_of(track.layers)), _packets(track)) for track in heard) or 0.0,
            jitter=max(_seconds(layer.stats.jitter, _AUDIO_CLOCK) for track in heard for layer in track.layers),
            silent=all(each.silent_s >= SILENT_AFTER_S for each in transports if each.tracks),
        )
    pictures = tuple(
        Picture(loss=_loss_of(track.layers) or 0.0)
        for track in tracks
        if track.held.media.kind == "video" and any(layer.since.packets for layer in track.layers)
    )
    return Direction(sound=sound, pictures=pictures)


def _downwards(transports: Transports) -> Direction:
    subscriptions = [each for each in _subscriptions(transports) if each.is_due]
    heard = [each for each in subscriptions if each.track.media.kind == "audio" and each.since.packets]
    sound = None
    if heard:
        sound = Sound(
            loss=_mean((_unheard_of(each), each.since.packets) for each in heard) or 0.0,
            jitter=max(_seconds(each.stats.jitter, _AUDIO_CLOCK) for each in heard),
        )
    pictures = tuple(_picture(each) for each in subscriptions if each.track.media.kind == "video")
    estimate, wanted = _estimate(transports), _wanted(transports)
    carried = 1.0 if estimate is None or not wanted else estimate / wanted
    return Direction(sound=sound, pictures=pictures, carried=carried)


def _picture(subscription: SampledSubscription) -> Picture:
    stats, lasts = subscription.stats, subscription.below_s >= FROZEN_AFTER_S
    return Picture(
        loss=stats.fraction_lost if subscription.since.packets else 0.0,
        missing_layers=_missing(subscription) if lasts else 0,
        frozen=lasts and (stats.layer is None or subscription.since.idle_s >= FROZEN_AFTER_S),
        starved=stats.starved,
    )


def _missing(subscription: SampledSubscription) -> int:
    expected, layer = subscription.expected_layer, subscription.stats.layer
    return 0 if expected is None or layer is None else max(0, expected - layer)


# ---- what is read ----


def summary(participant_id: ParticipantId, transports: Transports, judgement: Judgement) -> ParticipantSummary:
    """The connection in a few numbers."""
    layers = [layer for track in _tracks(transports) for layer in track.layers]
    subscriptions = list(_subscriptions(transports))
    pictures = [each for each in subscriptions if each.is_due and each.track.media.kind == "video"]
    return ParticipantSummary(
        participant_id=participant_id,
        level=judgement.level,
        score=judgement.score,
        inbound_bitrate=sum(layer.since.bitrate for layer in layers),
        outbound_bitrate=sum(each.since.bitrate for each in subscriptions),
        inbound_fraction_lost=_loss_of(layers),
        outbound_fraction_lost=_mean_loss([each for each in subscriptions if each.since.packets]),
        round_trip_time=round_trip(transports),
        available_outgoing_bitrate=_estimate(transports),
        wanted_outgoing_bitrate=_wanted(transports),
        pictures=len(pictures),
        pictures_below=sum(each.stats.starved or each.stats.layer is None or _missing(each) > 0 for each in pictures),
        starved=sum(each.stats.starved for each in pictures),
    )


def candidate_pairs(transports: Transports) -> tuple[CandidatePair, ...]:
    """The participant's connections."""
    return tuple(_candidate_pair(each) for each in transports)


def _candidate_pair(transport: SampledTransport) -> CandidatePair:
    stats = transport.stats
    family = None if stats.address is None else ipaddress.ip_address(stats.address).version
    stands = "waiting" if stats.address is None else "failed"
    return CandidatePair(
        connection="publish" if transport.key.purpose is Purpose.PUBLISH else "subscribe",
        state="succeeded" if transport.connected else stands,  # type: ignore[arg-type]  # one of the three
        protocol=stats.protocol,
        address_family=None if family is None else "IPv6" if family == 6 else "IPv4",
        packets_received=stats.packets_received,
        bytes_received=stats.bytes_received,
        available_outgoing_bitrate=stats.estimate_bps,
        wanted_outgoing_bitrate=stats.wanted_bps,
    )


def inbound_rtp(transports: Transports) -> tuple[InboundRtp, ...]:
    """The encodings that the participant publishes."""
    return tuple(_inbound_rtp(track, layer) for track in _tracks(transports) for layer in track.layers)


def _inbound_rtp(track: SampledTrack, layer: SampledLayer) -> InboundRtp:
    media, stats = track.held.media, layer.stats
    return InboundRtp(
        track_id=track.held.key.track_id,
        muted=track.held.muted,
        kind=_kind(media),
        mid=media.mid,
        mime_type=_mime_type(media),
        layer=stats.layer,
        rid=_rid(media, stats.layer),
        ssrc=stats.ssrc,
        packets_received=stats.packets_received,
        bytes_received=stats.bytes_received,
        packets_lost=stats.packets_lost,
        jitter=_seconds(stats.jitter, media.codec.codec.clock_rate),
        nack_count=stats.nacks_sent,
        pli_count=stats.key_frames_requested,
        key_frames_received=stats.key_frames,
        bitrate=layer.since.bitrate,
        fraction_lost=_loss_of([layer]) or 0.0,
    )


def outbound_rtp(transports: Transports) -> tuple[OutboundRtp, ...]:
    """The tracks that the participant receives."""
    return tuple(_outbound_rtp(each) for each in _subscriptions(transports))


def _outbound_rtp(subscription: SampledSubscription) -> OutboundRtp:
    effect, track, stats = subscription.effect, subscription.track, subscription.stats
    return OutboundRtp(
        track_id=track.key.track_id,
        publisher_id=ParticipantId(effect.cname),
        muted=track.muted,
        active=not effect.share.paused,
        kind=_kind(track.media),
        mid=effect.mid,
        mime_type=_mime_type(track.media),
        ssrc=effect.ssrc,
        packets_sent=stats.packets_sent,
        bytes_sent=stats.bytes_sent,
        retransmitted_packets_sent=stats.retransmissions_sent,
        nack_count=stats.nacks_received,
        pli_count=stats.key_frames_asked_for,
        bitrate=subscription.since.bitrate,
        layer=stats.layer,
        rid=None if stats.layer is None else _rid(track.media, stats.layer),
        spatial_layer=_below_all(stats.spatial_layer),
        temporal_layer=_below_all(stats.temporal_layer),
        expected_layer=subscription.expected_layer,
        starved=stats.starved,
        remote_inbound=RemoteInboundRtp(
            packets_lost=stats.packets_lost,
            fraction_lost=stats.fraction_lost,
            jitter=_seconds(stats.jitter, track.media.codec.codec.clock_rate),
            round_trip_time=None if stats.round_trip_ms is None else stats.round_trip_ms / 1000,
        ),
    )


_ALL_LAYERS = 255
"""The core's highest layer where it leaves none out."""


def _below_all(layer: int | None) -> int | None:
    return None if layer == _ALL_LAYERS else layer


# ---- over several streams ----

_AUDIO_CLOCK = 48_000
"""That of Opus, the one audio codec that is forwarded."""


def round_trip(transports: Transports) -> float | None:
    """The mean of what the participant's reports say, seconds."""
    measured = [
        each.stats.round_trip_ms
        for each in _subscriptions(transports)
        if each.stats.round_trip_ms is not None and each.since.packets
    ]
    return sum(measured) / len(measured) / 1000 if measured else None


def _loss_of(layers: Iterable[SampledLayer]) -> float | None:
    """Of all packets since the last sample; None if there were none."""
    counted = [(layer.since.lost, layer.since.packets) for layer in layers]
    lost, came = (sum(column) for column in zip(*counted, strict=True)) if counted else (0, 0)
    return lost / (lost + came) if lost + came else None


def _mean_loss(subscriptions: Sequence[SampledSubscription]) -> float | None:
    """What the receiver's last reports say, each for as much as it was sent."""
    return _mean((each.stats.fraction_lost, each.since.packets) for each in subscriptions)


def _mean(weighted: Iterable[tuple[float, int]]) -> float | None:
    """Of values, each with its weight; None if all weights are 0."""
    pairs = list(weighted)
    weights = sum(weight for _, weight in pairs)
    return sum(value * weight for value, weight in pairs) / weights if weights else None


def _packets(track: SampledTrack) -> int:
    """That should have come since the last sample."""
    return sum(layer.since.packets + layer.since.lost for layer in track.layers)


def _unheard(media: PublishedMedia, loss: float | None) -> float:
    return unheard(loss or 0.0, redundant=media.codec.prefers_red)


def _unheard_of(subscription: SampledSubscription) -> float:
    """Who takes no redundancy is sent none."""
    takes_red = subscription.effect.red_payload_type is not None
    redundant = takes_red and subscription.track.media.codec.prefers_red
    return unheard(subscription.stats.fraction_lost, redundant=redundant)


def _estimate(transports: Transports) -> float | None:
    return max((each.stats.estimate_bps for each in transports if each.stats.estimate_bps is not None), default=None)


def _wanted(transports: Transports) -> float:
    return max((each.stats.wanted_bps for each in transports), default=0)


def _tracks(transports: Transports) -> Iterator[SampledTrack]:
    return (track for transport in transports for track in transport.tracks)


def _subscriptions(transports: Transports) -> Iterator[SampledSubscription]:
    return (each for transport in transports for each in transport.subscriptions)


def _kind(media: PublishedMedia) -> MediaKind:
    return "audio" if media.kind == "audio" else "video"


def _mime_type(media: PublishedMedia) -> str:
    return f"{media.kind}/{media.codec.codec.name}"


def _rid(media: PublishedMedia, layer: int) -> str | None:
    return media.rids[layer] if layer < len(media.rids) else None


def _seconds(jitter: int, clock_rate: int) -> float:
    return jitter / clock_rate
