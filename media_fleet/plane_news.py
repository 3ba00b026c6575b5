"""What the packet plane tells by itself, on its way to the rooms and to the participants' gateways."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from contracts.data_messages import Label
from contracts.node_links import RelayedData
from contracts.rooms import MeetingId, NodeId, ParticipantId
from media_fleet.domain.effects import Effect, SubscriptionKey, TrackKey, TransportKey
from media_fleet.domain.room import Room
from media_fleet.gateway_reports import GatewayReports


class PlaneNews:
    """A `media_fleet.adapters.transport_listener.TransportListener`. ``rooms`` is kept by the node.

    ``follow`` carries out what a room wants done, and tells other nodes of it; ``relay_data`` takes
    messages on, and ``take_data`` those of other nodes.
    """

    def __init__(
        self,
        rooms: Mapping[MeetingId, Room],
        reports: GatewayReports,
        *,
        follow: Callable[[MeetingId, Iterable[Effect]], None],
        relay_data: Callable[[Room, TransportKey, Label, bytes], None],
        take_data: Callable[[Room, NodeId, RelayedData], None],
    ) -> None:
        self._rooms = rooms
        self._reports = reports
        self._follow = follow
        self._relay_data = relay_data
        self._take_data = take_data

    def transport_lost(self, meeting_id: MeetingId, transport: TransportKey, reason: str) -> None:
        """Tells the participant's gateway."""
        self._reports.failed(meeting_id, transport, reason)

    def association_ended(self, meeting_id: MeetingId, transport: TransportKey, reason: str) -> None:
        """Tells the participant's gateway; the next publishing offer gets a new transport."""
        room = self._rooms.get(meeting_id)
        if room is not None:
            room.association_ended(transport)
        self._reports.failed(meeting_id, transport, reason)

    def subscription_starved(self, meeting_id: MeetingId, subscription: SubscriptionKey, *, starved: bool) -> None:
        """Tells the participant's gateway."""
        self._reports.starved(meeting_id, subscription, starved=starved)

    def speakers_changed(
        self, meeting_id: MeetingId, breakout: str | None, speakers: tuple[ParticipantId, ...]
    ) -> None:
        """Tells the gateways of those who are there; who speaks may be seen better now, or by more."""
        room = self._rooms.get(meeting_id)
        if room is None:
            return
        self._reports.speakers(meeting_id, room.tracks.listeners(breakout), speakers)
        if changed := room.tracks.heard(breakout, speakers):
            self._follow(meeting_id, changed)

    def layers_wanted(self, meeting_id: MeetingId, publisher: ParticipantId, track: TrackKey, layers: int) -> None:
        """Tells the publisher's gateway."""
        self._reports.layers_wanted(meeting_id, publisher, track.track_id, layers)

    def layer_needed(self, meeting_id: MeetingId, track: TrackKey, *, needed: bool) -> None:
        """A smaller picture is made of the track, if it can be; or no longer."""
        room = self._rooms.get(meeting_id)
        if room is not None:
            self._follow(meeting_id, room.tracks.layer_needed(track, needed=needed))

    def track_succeeded(self, meeting_id: MeetingId, track: TrackKey) -> None:
        """What nobody receives any more ends."""
        room = self._rooms.get(meeting_id)
        if room is not None:
            self._follow(meeting_id, room.left(track))

    def data_received(self, meeting_id: MeetingId, transport: TransportKey, label: Label, message: bytes) -> None:
        """Relays the message, and answers it if its channel is reliable."""
        room = self._rooms.get(meeting_id)
        if room is not None:
            self._relay_data(room, transport, label, message)

    def data_crossed(self, node_id: NodeId, data: RelayedData) -> None:
        """Relays a message from another node."""
        room = self._rooms.get(data.meeting_id)
        if room is not None:
            self._take_data(room, node_id, data)
