"""What a node holds of its meetings' media: rooms' keys beside the packet core's ids."""

from __future__ import annotations

from msgspec import Struct

from contracts.rooms import MeetingId
from media_fleet.domain.effects import AddSubscription, PublishedMedia, SubscriptionKey, TrackKey, TransportKey
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


def names_of(meeting_id: MeetingId, key: TransportKey) -> dict[str, object]:
    """What log lines about a transport carry."""
    return {
        "meeting_id": meeting_id,
        "participant_id": key.participant_id,
        "transport": f"{key.purpose}.{key.generation}",
    }
