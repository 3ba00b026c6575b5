"""Carries out what the meeting service asks of rooms: `contracts.room_commands`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import msgspec

from contracts.room_commands import (
    EndMeetingRequested,
    HostChangeRequested,
    RoomAsked,
    ShutOutRequested,
    decode_room_command,
)
from signaling_gateway.adapters.stream_consumer import NotHandledError, StreamEntry
from signaling_gateway.domain.service_commands import ChangeHost, EndByService, ShutOut
from signaling_gateway.errors import LogUnavailableError
from signaling_gateway.service.rooms import Rooms

_log = logging.getLogger(__name__)


class RoomRequests:
    """Handles batches of the room commands' stream for a `StreamConsumer`."""

    def __init__(self, rooms: Rooms, *, ask: Callable[[RoomAsked], None]) -> None:
        self._rooms = rooms
        self._ask = ask

    async def __call__(self, entries: Sequence[StreamEntry]) -> None:
        """Carries the requests out; one that cannot be read is logged and dropped. Answering does not hold up the rest.

        Raises:
            NotHandledError: a log cannot be reached; they are to be handed over again.
        """
        for entry in entries:
            if not entry.fields:
                continue
            try:
                request = decode_room_command(entry.fields.get(b"c", b""))
            except msgspec.DecodeError as error:
                _log.error("a room command cannot be read, and is dropped", extra={"error": str(error)})
                continue
            if isinstance(request, RoomAsked):
                self._ask(request)
                continue
            try:
                await self._carry_out(request)
            except LogUnavailableError as error:
                raise NotHandledError(error.message) from error

    async def _carry_out(self, request: EndMeetingRequested | ShutOutRequested | HostChangeRequested) -> None:
        async with self._rooms.use(request.meeting_id) as room:
            if isinstance(request, EndMeetingRequested):
                await room.execute(EndByService(meeting_id=request.meeting_id, by=request.by))
            elif isinstance(request, HostChangeRequested):
                await room.execute(ChangeHost(host_id=request.host_id))
            else:
                await room.execute(ShutOut(identity=request.identity))
