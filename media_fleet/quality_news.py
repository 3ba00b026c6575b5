"""How participants' connections are, as all in a meeting are told: on this node and, by it, on the meeting's others."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from contracts.rooms import MeetingId, ParticipantId
from contracts.statistics import ConnectionQuality
from media_fleet.domain.room import Room
from media_fleet.gateway_reports import GatewayReports
from media_fleet.observation import Observation


class QualityNews:
    """``rooms`` is kept by the node; ``changed`` has its other nodes told of a room."""

    def __init__(
        self,
        rooms: Mapping[MeetingId, Room],
        observation: Observation,
        reports: GatewayReports,
        *,
        changed: Callable[[MeetingId], None],
    ) -> None:
        self._rooms = rooms
        self._observation = observation
        self._reports = reports
        self._changed = changed
        self._newcomers: dict[MeetingId, set[ParticipantId]] = {}
        """Who has not been told yet how the others' connections are."""

    def came(self, meeting_id: MeetingId, participant_id: ParticipantId) -> None:
        """Somebody is to be told how all connections are."""
        self._newcomers.setdefault(meeting_id, set()).add(participant_id)

    def look(self, now: float, timestamp: int) -> None:
        """See `MediaNode.look_at_connections`."""
        for changes in self._observation.look(now, timestamp):
            room = self._rooms.get(changes.meeting_id)
            if room is not None and changes.qualities:
                room.rated(changes.qualities)
                self.tell(changes.meeting_id, changes.qualities)
                self._changed(changes.meeting_id)
        newcomers, self._newcomers = self._newcomers, {}
        for meeting_id, who in newcomers.items():
            room = self._rooms.get(meeting_id)
            elsewhere = () if room is None else room.tracks.relayed.qualities()
            qualities = (*self._observation.qualities(meeting_id), *elsewhere)
            if qualities:
                self._reports.qualities(meeting_id, who, qualities, to_all=False)

    def tell(self, meeting_id: MeetingId, qualities: tuple[ConnectionQuality, ...]) -> None:
        """Tells everybody on this node."""
        self._reports.qualities(meeting_id, self._rooms[meeting_id].participant_ids, qualities, to_all=True)
