"""What a node holds of its meetings' media: rooms' keys beside the packet core's ids."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator

from msgspec import Struct

from contracts.rooms import MeetingId
from media_fleet.domain.effects import (
    AddSubscription,
    PublishedMedia,
    SubscriptionKey,
    TrackKey,
    TransportKey,
)
from media_fleet.dtls_border import DtlsAssociation
from media_fleet.sctp_border import DataChannels


class HeldTrack(Struct, frozen=True, kw_only=True):
    """A track in the core."""

    key: TrackKey
    core_id: int
    media: PublishedMedia
    transport: TransportKey | None
    """None: another node relays it."""
    muted: bool


class HeldSubscription(Struct, frozen=True, kw_only=True):
    """A subscription in the core, with what the subscriber wants of it now."""

    meeting_id: MeetingId
    effect: AddSubscription

    @property
    def key(self) -> SubscriptionKey:
        return self.effect.subscription


class HeldTransport:
    """What belongs to one transport."""

    def __init__(self, core_id: int, dtls: DtlsAssociation) -> None:
        self.core_id = core_id
        self.dtls = dtls
        self.has_keys = False
        self.connected = False
        self.tracks: set[TrackKey] = set()
        self.waiting: dict[TrackKey, AddSubscription] = {}
        self.parked: dict[str, HeldTrack] = {}
        """By mid."""
        self.data: DataChannels | None = None


class PlaneCounts(Struct, frozen=True, kw_only=True):
    """How much is held: all zero when no meeting is."""

    transports: int
    tracks: int
    subscriptions: int
    waiting_subscriptions: int
    parked_tracks: int
    closing: int


class HeldMedia:
    """All of a node: the packet plane changes it, others look it up."""

    def __init__(self) -> None:
        self.by_transport: dict[tuple[MeetingId, TransportKey], HeldTransport] = {}
        self.place_of_transport: dict[int, tuple[MeetingId, TransportKey]] = {}
        """By the core's id."""
        self.tracks: dict[tuple[MeetingId, TrackKey], HeldTrack] = {}
        self.subscriptions: dict[tuple[MeetingId, TrackKey], dict[TransportKey, int]] = {}
        self.by_subscription: dict[int, HeldSubscription] = {}
        """By the core's id."""

    def counts(self, *, closing: int) -> PlaneCounts:
        """How much there is, with so many transports that are being closed."""
        transports = self.by_transport.values()
        return PlaneCounts(
            transports=len(self.by_transport),
            tracks=len(self.tracks),
            subscriptions=sum(len(by_transport) for by_transport in self.subscriptions.values()),
            waiting_subscriptions=sum(len(transport.waiting) for transport in transports),
            parked_tracks=sum(len(transport.parked) for transport in transports),
            closing=closing,
        )

    def connections(self) -> dict[MeetingId, bool]:
        """For each meeting that has clients' transports, whether any of them is connected."""
        connected: dict[MeetingId, bool] = {}
        for (meeting_id, key), transport in self.by_transport.items():
            if not key.purpose.is_clients:
                continue
            connected[meeting_id] = connected.get(meeting_id, False) or transport.connected
        return connected

    def is_connected(self, meeting_id: MeetingId, key: TransportKey) -> bool:
        """Whether the client has shown itself on a transport, and has not been silent for too long since."""
        transport = self.by_transport.get((meeting_id, key))
        return transport is not None and transport.connected

    def streams(self) -> Counter[MeetingId]:
        """How many tracks and subscriptions each meeting has that has transports."""
        counted = Counter({meeting_id: 0 for meeting_id, _ in self.by_transport})
        for (meeting_id, _), by_transport in self.subscriptions.items():
            counted[meeting_id] += 1 + len(by_transport)
        return counted

    def transports(self, meetings: Collection[MeetingId]) -> Iterator[tuple[MeetingId, TransportKey, HeldTransport]]:
        """The transports of some meetings."""
        for (meeting_id, key), transport in self.by_transport.items():
            if meeting_id in meetings:
                yield meeting_id, key, transport

    def transport_of(self, core_id: int) -> tuple[MeetingId, TransportKey, HeldTransport] | None:
        """The transport with an id of the core; None if it is gone or being closed."""
        place = self.place_of_transport.get(core_id)
        transport = self.by_transport.get(place) if place is not None else None
        return None if place is None or transport is None else (*place, transport)

    def track(self, meeting_id: MeetingId, key: TrackKey) -> HeldTrack | None:
        """A track that is published now."""
        return self.tracks.get((meeting_id, key))

    def track_of(self, core_id: int) -> tuple[MeetingId, TrackKey] | None:
        """The track with an id of the core; None if it is gone."""
        return next((place for place, track in self.tracks.items() if track.core_id == core_id), None)

    def subscription(self, core_id: int) -> AddSubscription | None:
        """What was asked of the core for a subscription, with the share that was given last; None if it is gone."""
        known = self.by_subscription.get(core_id)
        return None if known is None else known.effect

    def open_data_channels(self) -> int:
        """How many data channels are open."""
        carriers = (transport.data for transport in self.by_transport.values())
        return sum(len(data.open_labels) for data in carriers if data is not None)


def names_of(meeting_id: MeetingId, key: TransportKey) -> dict[str, object]:
    """What log lines about a transport carry."""
    return {
        "meeting_id": meeting_id,
        "participant_id": key.participant_id,
        "transport": f"{key.purpose}.{key.generation}",
    }
