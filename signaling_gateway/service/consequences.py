"""What this gateway does when something has happened in a room: for its own clients, and for what it appended itself.

Every gateway in a meeting sees every event. A client's connection is the business of the gateway that holds it; what
media nodes and the meeting service must learn is the business of the gateway that appended the event.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from contracts.client_messages import Closing
from contracts.error_codes import ErrorCode
from contracts.log_events import (
    LeaveReason,
    MeetingEnded,
    NodePlaced,
    ParticipantDisconnected,
    ParticipantLeft,
    ParticipantResumed,
    TrackMuted,
    TrackUnmuted,
)
from contracts.rooms import GatewayId, MeetingId, ParticipantId
from signaling_gateway.domain.commands import EndGrace, ReclaimConnection
from signaling_gateway.domain.room_state import Stay
from signaling_gateway.errors import LogUnavailableError
from signaling_gateway.service.background import BackgroundTasks
from signaling_gateway.service.client_delivery import ClientDelivery
from signaling_gateway.service.live_room import Connection, LiveRoom
from signaling_gateway.service.media_negotiation import MediaNegotiation
from signaling_gateway.service.meeting_log import LogEntry, is_append_of
from signaling_gateway.service.rooms import Rooms

RETRY_S = 1.0
"""Pause before a grace period that has run out is looked at again, when the log cannot be reached."""

CLOSING_OF_LEAVE = {
    LeaveReason.LEFT: Closing(code=ErrorCode.LEFT, message="You have left the meeting.", retry=False),
    LeaveReason.REMOVED: Closing(
        code=ErrorCode.PARTICIPANT_REMOVED, message="You were removed from this meeting.", retry=False
    ),
    LeaveReason.CONNECTION_LOST: Closing(
        code=ErrorCode.RESUME_REFUSED, message="Your connection was away for too long. Please join again.", retry=False
    ),
    LeaveReason.MEETING_ENDED: Closing(code=ErrorCode.MEETING_ENDED, message="This meeting has ended.", retry=False),
}
REPLACED = Closing(
    code=ErrorCode.REPLACED_BY_RESUME, message="You go on with this meeting in another connection.", retry=False
)
LOST = Closing(
    code=ErrorCode.SERVICE_UNAVAILABLE, message="The meeting was interrupted. Please join again.", retry=True
)


class Outbox(Protocol):
    """Takes up those entries that this gateway appended, for the meeting service."""

    def add(self, meeting_id: MeetingId, entries: Iterable[LogEntry]) -> None:
        """Takes them up; does not wait."""


class Consequences:
    """The `RoomListener` of a gateway. ``rooms`` and ``media`` are set by the composition root, which ties the knot."""

    rooms: Rooms
    media: MediaNegotiation

    def __init__(
        self,
        *,
        gateway_id: GatewayId,
        grace_ms: int,
        delivery: ClientDelivery,
        outbox: Outbox,
        tasks: BackgroundTasks,
        now: Callable[[], int],
    ) -> None:
        self._gateway_id = gateway_id
        self._grace_ms = grace_ms
        self._delivery = delivery
        self._outbox = outbox
        self._tasks = tasks
        self._now = now
        self._everywhere: dict[type, Callable[[LiveRoom, int, Any], None]] = {
            ParticipantLeft: self._left,
            ParticipantResumed: self._resumed,
            ParticipantDisconnected: self._disconnected,
            NodePlaced: self._placed,
            MeetingEnded: self._ended,
        }
        self._where_appended: dict[type, Callable[[LiveRoom, Any], None]] = {
            ParticipantLeft: lambda room, e: self.media.left(room, e.participant_id),
            TrackMuted: lambda room, e: self.media.muted(room, e.participant_id, e.track_id, muted=True),
            TrackUnmuted: lambda room, e: self.media.muted(room, e.participant_id, e.track_id, muted=False),
            MeetingEnded: lambda room, _: self.media.ended(room),
        }

    def happened(self, room: LiveRoom, entries: Sequence[LogEntry]) -> None:
        """See `RoomListener`."""
        self._outbox.add(room.meeting_id, entries)
        for entry in entries:
            everywhere = self._everywhere.get(type(entry.event))
            if everywhere is not None:
                everywhere(room, entry.version, entry.event)
            appended = self._where_appended.get(type(entry.event))
            if appended is not None and is_append_of(self._gateway_id, entry.append_id):
                appended(room, entry.event)
        self.rooms.close_if_idle(room)

    def lost(self, room: LiveRoom) -> None:
        """See `RoomListener`."""
        self._close_all(room, LOST)
        self.rooms.discard(room)

    # ---- for this gateway's clients ----

    def _left(self, room: LiveRoom, version: int, event: ParticipantLeft) -> None:
        connection = room.connections.get(event.participant_id)
        if connection is not None and connection.began < version:
            self._close(connection, CLOSING_OF_LEAVE[event.reason])

    def _resumed(self, room: LiveRoom, version: int, event: ParticipantResumed) -> None:
        connection = room.connections.get(event.participant_id)
        if connection is None or connection.began >= version:
            return
        if connection.reclaiming and event.gateway_id == self._gateway_id:
            connection.reclaiming = False
            connection.began = version
        else:
            self._close(connection, REPLACED)

    def _disconnected(self, room: LiveRoom, version: int, event: ParticipantDisconnected) -> None:  # noqa: ARG002
        stay = room.state.stays.get(event.participant_id)
        if stay is None or stay.disconnected_at is None:
            return
        connection = room.connections.get(event.participant_id)
        if connection is not None and connection.stands:
            connection.reclaiming = True
            self._tasks.spawn(self._reclaim(connection))
        elif stay.gateway_id == self._gateway_id:
            self._watch(room.meeting_id, stay)

    def _placed(self, room: LiveRoom, version: int, event: NodePlaced) -> None:  # noqa: ARG002
        self.media.moved(room)

    def _ended(self, room: LiveRoom, version: int, event: MeetingEnded) -> None:  # noqa: ARG002
        self._close_all(room, CLOSING_OF_LEAVE[LeaveReason.MEETING_ENDED])

    def _close(self, connection: Connection, closing: Closing) -> None:
        connection.room.connections.pop(connection.participant_id, None)
        self._delivery.close(connection.sid, closing)

    def _close_all(self, room: LiveRoom, closing: Closing) -> None:
        for connection in list(room.connections.values()):
            self._close(connection, closing)

    async def _reclaim(self, connection: Connection) -> None:
        while connection.reclaiming and connection.stands:
            command = ReclaimConnection(
                participant_id=connection.participant_id,
                connection=connection.began,
                gateway_id=self._gateway_id,
            )
            try:
                await connection.room.execute(command)
                return
            except LogUnavailableError:
                await asyncio.sleep(RETRY_S)

    # ---- grace periods ----

    def _watch(self, meeting_id: MeetingId, stay: Stay) -> None:
        if stay.disconnected_at is None:
            return
        remaining_ms = max(0, stay.disconnected_at + self._grace_ms - self._now())
        asyncio.get_running_loop().call_later(remaining_ms / 1000, self._grace_over, meeting_id, stay)

    def _grace_over(self, meeting_id: MeetingId, stay: Stay) -> None:
        self._tasks.spawn(self._end_grace(meeting_id, stay.info.id, stay.connection))

    async def _end_grace(self, meeting_id: MeetingId, participant_id: ParticipantId, connection: int) -> None:
        try:
            async with self.rooms.use(meeting_id) as room:
                await room.execute(
                    EndGrace(participant_id=participant_id, connection=connection, grace_ms=self._grace_ms)
                )
                stay = room.state.stays.get(participant_id)
                if stay is not None and stay.connection == connection and stay.gateway_id == self._gateway_id:
                    # The clock of the gateway that noted the loss was ahead.
                    self._watch(meeting_id, stay)
        except LogUnavailableError:
            await asyncio.sleep(RETRY_S)
            self._tasks.spawn(self._end_grace(meeting_id, participant_id, connection))
