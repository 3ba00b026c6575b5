"""What a node sees of its meetings' streams and paths at one moment, and since the moment before.

The packet core counts from the start; a sample adds what only two moments tell: bit rates, losses of the time between,
for how long nothing came. All transports of a meeting are read with one question to the core.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct
from packet_core import LayerStats, SubscriptionStats, TransportReport, TransportStats

from contracts.rooms import MeetingId, ParticipantId
from media_fleet.adapters.held_media import HeldTrack, HeldTransport
from media_fleet.adapters.packet_plane import PacketPlane
from media_fleet.domain.effects import AddSubscription, TrackKey, TransportKey
from media_fleet.domain.layers import expected_layer

Transport = tuple[TransportKey, HeldTransport]


class SinceLast(Struct, frozen=True, kw_only=True):
    """What a stream did between two samples. ``idle_s``: for how long no packet has come or gone that should have."""

    bitrate: float = 0.0
    packets: int = 0
    lost: int = 0
    idle_s: float = 0.0


class SampledLayer(Struct, frozen=True, kw_only=True):
    stats: LayerStats
    since: SinceLast


class SampledTrack(Struct, frozen=True, kw_only=True):
    held: HeldTrack
    layers: tuple[SampledLayer, ...]


class SampledSubscription(Struct, frozen=True, kw_only=True):
    effect: AddSubscription
    track: HeldTrack
    stats: SubscriptionStats
    since: SinceLast
    is_due: bool
    """Whether anything should be forwarded."""
    expected_layer: int | None
    below_s: float
    """For how long less has been forwarded than should be."""


class SampledTransport(Struct, frozen=True, kw_only=True):
    key: TransportKey
    connected: bool
    stats: TransportStats
    silent_s: float
    """For how long no datagram has come."""
    tracks: tuple[SampledTrack, ...]
    subscriptions: tuple[SampledSubscription, ...]


class Sample(Struct, frozen=True, kw_only=True):
    """A meeting. ``at``: a monotonic clock's seconds; ``timestamp``: ms since the epoch."""

    at: float
    timestamp: int
    participants: dict[ParticipantId, tuple[SampledTransport, ...]]


class _Counted(Struct, frozen=True, kw_only=True):
    """Where a stream's counters stood, and for how long it has been idle and below what it should be."""

    octets: int
    packets: int
    lost: int = 0
    idle_s: float = 0.0
    below_s: float = 0.0


_StreamName = tuple[str, int, int]
_FIRST = _Counted(octets=0, packets=0)


class Sampler:
    """Samples one meeting again and again."""

    def __init__(self) -> None:
        self._counted: dict[_StreamName, _Counted] = {}
        self._at: float | None = None

    def sample(
        self, plane: PacketPlane, meeting_id: MeetingId, held: Sequence[Transport], *, now: float, timestamp: int
    ) -> Sample:
        """A meeting as it is now, with the transports that it has."""
        reports = plane.reports([transport.core_id for _, transport in held])
        found = [(key, transport, report) for (key, transport), report in zip(held, reports, strict=True) if report]
        taking = _Taking(plane, meeting_id, self._counted, 0.0 if self._at is None else now - self._at)
        publishing = {key: taking.tracks(transport, report) for key, transport, report in found}
        layers = {track.held.key: _sent(track.layers) for tracks in publishing.values() for track in tracks}
        participants: dict[ParticipantId, list[SampledTransport]] = {}
        for key, transport, report in found:
            participants.setdefault(key.participant_id, []).append(
                SampledTransport(
                    key=key,
                    connected=transport.connected,
                    stats=report.transport,
                    silent_s=taking.silence(transport, report),
                    tracks=publishing[key],
                    subscriptions=tuple(taking.subscriptions(report, layers)),
                )
            )
        self._counted, self._at = taking.counted, now
        return Sample(
            at=now,
            timestamp=timestamp,
            participants={participant_id: tuple(own) for participant_id, own in participants.items()},
        )


class _Taking:
    """One sample while it is taken. ``elapsed_s``: since the one before, 0 for the first."""

    def __init__(
        self, plane: PacketPlane, meeting_id: MeetingId, before: Mapping[_StreamName, _Counted], elapsed_s: float
    ) -> None:
        self._plane = plane
        self._meeting_id = meeting_id
        self._before = before
        self._elapsed_s = elapsed_s
        self.counted: dict[_StreamName, _Counted] = {}

    def tracks(self, transport: HeldTransport, report: TransportReport) -> tuple[SampledTrack, ...]:
        held = (self._plane.held.track(self._meeting_id, key) for key in transport.tracks)
        return tuple(
            SampledTrack(
                held=track,
                layers=tuple(self._layer(track, layer) for layer in report.tracks.get(track.core_id, ())),
            )
            for track in held
            if track is not None
        )

    def _layer(self, track: HeldTrack, stats: LayerStats) -> SampledLayer:
        counted = _Counted(octets=stats.bytes_received, packets=stats.packets_received, lost=stats.packets_lost)
        name = ("layer", track.core_id, stats.layer)
        return SampledLayer(stats=stats, since=self._since(name, counted, is_due=not track.muted))

    def subscriptions(
        self, report: TransportReport, sent: dict[TrackKey, frozenset[int]]
    ) -> Iterator[SampledSubscription]:
        """``sent``: the layers that are being sent, by track; those of tracks that another node relays are put in."""
        for core_id, stats in report.subscriptions.items():
            effect = self._plane.held.subscription(core_id)
            track = None if effect is None else self._plane.held.track(self._meeting_id, effect.subscription.track)
            if effect is None or track is None:
                continue
            name = ("subscription", core_id, 0)
            counted = _Counted(octets=stats.bytes_sent, packets=stats.packets_sent, lost=stats.packets_lost)
            if track.key not in sent:
                sent[track.key] = frozenset(each.layer for each in self._plane.layers(track) if each.bitrate > 0)
            expected = expected_layer(sent[track.key], effect.share.layer)
            is_due = expected is not None and not effect.share.paused and not track.muted and not stats.unheard
            is_below = is_due and (stats.layer is None or (expected or 0) > stats.layer)
            below_s = self._before.get(name, _FIRST).below_s + self._elapsed_s if is_below else 0.0
            yield SampledSubscription(
                effect=effect,
                track=track,
                stats=stats,
                since=self._since(name, counted, is_due=is_due, below_s=below_s),
                is_due=is_due,
                expected_layer=expected,
                below_s=below_s,
            )

    def silence(self, transport: HeldTransport, report: TransportReport) -> float:
        stats = report.transport
        counted = _Counted(octets=stats.bytes_received, packets=stats.packets_received)
        return self._since(("transport", transport.core_id, 0), counted).idle_s

    def _since(self, name: _StreamName, now: _Counted, *, is_due: bool = True, below_s: float = 0.0) -> SinceLast:
        before = self._before.get(name)
        packets = now.packets - (before or _FIRST).packets
        idle_s = (before or _FIRST).idle_s + self._elapsed_s if is_due and packets == 0 else 0.0
        self.counted[name] = _Counted(
            octets=now.octets, packets=now.packets, lost=now.lost, idle_s=idle_s, below_s=below_s
        )
        if before is None or self._elapsed_s <= 0:
            return SinceLast(idle_s=idle_s)
        return SinceLast(
            bitrate=(now.octets - before.octets) * 8 / self._elapsed_s,
            packets=packets,
            lost=max(0, now.lost - before.lost),
            idle_s=idle_s,
        )


def _sent(layers: Iterable[SampledLayer]) -> frozenset[int]:
    """The layers that are being sent."""
    return frozenset(layer.stats.layer for layer in layers if layer.stats.bitrate > 0)
