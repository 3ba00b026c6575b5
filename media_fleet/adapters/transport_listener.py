"""The port through which the packet plane tells what happens by itself."""

from __future__ import annotations

from typing import Protocol

from contracts.data_messages import Label
from contracts.node_links import RelayedData
from contracts.rooms import MeetingId, NodeId, ParticipantId
from media_fleet.domain.effects import SubscriptionKey, TrackKey, TransportKey


class TransportListener(Protocol):
    """Who is told of what happens to transports by itself."""

    def transport_lost(self, meeting_id: MeetingId, transport: TransportKey, reason: str) -> None:
        """No sign of life; it may come back."""

    def association_ended(self, meeting_id: MeetingId, transport: TransportKey, reason: str) -> None:
        """Its DTLS handshake failed, or the peer closed it: for good."""

    def subscription_starved(self, meeting_id: MeetingId, subscription: SubscriptionKey, *, starved: bool) -> None:
        """The path to the subscriber does not carry the track any more, or does again."""

    def track_succeeded(self, meeting_id: MeetingId, track: TrackKey) -> None:
        """Everybody has gone over from a track to the one in its place."""

    def data_received(self, meeting_id: MeetingId, transport: TransportKey, label: Label, message: bytes) -> None:
        """A message on a data channel."""

    def data_crossed(self, node_id: NodeId, data: RelayedData) -> None:
        """A lossy message from a participant of another node."""

    def speakers_changed(
        self, meeting_id: MeetingId, breakout: str | None, speakers: tuple[ParticipantId, ...]
    ) -> None:
        """These speak in a breakout room or in the main room, the loudest first; nobody else does."""

    def layers_wanted(self, meeting_id: MeetingId, publisher: ParticipantId, track: TrackKey, layers: int) -> None:
        """So many layers of a track, from the lowest up, are of use to somebody; the others need not be sent."""

    def layer_needed(self, meeting_id: MeetingId, track: TrackKey, *, needed: bool) -> None:
        """Somebody needs a smaller picture of the track, which this node could make; or nobody does any more."""
