"""What publishers were told of the use of their tracks' layers, by the packet core."""

from __future__ import annotations

from packet_core import LayersWanted

from contracts.rooms import MeetingId, ParticipantId
from media_fleet.adapters.transport_listener import TransportListener
from media_fleet.domain.effects import TrackKey


class LayersInUse:
    """Of tracks that nothing was told of, all layers are wanted."""

    def __init__(self, listener: TransportListener) -> None:
        self._listener = listener
        self._tracks: dict[int, tuple[MeetingId, ParticipantId, TrackKey]] = {}
        self._told: dict[int, int] = {}

    def begin(self, core_id: int, meeting_id: MeetingId, publisher: ParticipantId, track: TrackKey) -> None:
        """A participant publishes a track."""
        self._tracks[core_id] = (meeting_id, publisher, track)

    def end(self, core_id: int) -> None:
        """It is published no more."""
        self._tracks.pop(core_id, None)
        self._told.pop(core_id, None)

    def happened(self, event: LayersWanted) -> None:
        """What comes from another node is not told: its node is asked for what is wanted here."""
        known = self._tracks.get(event.track)
        if known is not None:
            self._told[event.track] = event.layers
            self._listener.layers_wanted(*known, event.layers)

    def repeat(self, meeting_id: MeetingId, publisher: ParticipantId) -> None:
        """Tells again what was told of a participant's tracks."""
        for core_id, layers in self._told.items():
            if self._tracks[core_id][:2] == (meeting_id, publisher):
                self._listener.layers_wanted(*self._tracks[core_id], layers)
