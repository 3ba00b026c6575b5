"""Keeps the list of live rooms right: each change as it comes, and every room again before its lease ends."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from contracts.live_rooms import RoomSummary
from contracts.redis_names import LIVE_ROOM_RENEW_MS
from contracts.rooms import Identity, MeetingId
from signaling_gateway.domain.inspection import summary
from signaling_gateway.errors import LogUnavailableError
from signaling_gateway.service.live_room import LiveRoom

GATHER_S = 0.1
"""Pause after each telling, so that many changes of one room cost one."""
RETRY_S = 1.0

_log = logging.getLogger(__name__)


class LiveRooms(Protocol):
    """The list that all gateways share. What is known of a later version of a room stands."""

    async def put(self, summaries: Mapping[MeetingId, tuple[int, RoomSummary]]) -> None:
        """These rooms are live, as of these versions, for the length of a lease. Raises `LogUnavailableError`."""

    async def drop(self, rooms: Iterable[tuple[MeetingId, Identity | None, int]]) -> None:
        """These are not, as of these versions. Raises `LogUnavailableError`."""


class RoomListing:
    """What this gateway tells of its rooms. ``run`` must be running for anything to be told."""

    def __init__(self, live: LiveRooms, *, open_rooms: Callable[[], list[LiveRoom]]) -> None:
        self._live = live
        self._open_rooms = open_rooms
        self._changed: dict[MeetingId, LiveRoom] = {}
        self._told: dict[MeetingId, RoomSummary] = {}
        self._news = asyncio.Event()

    def changed(self, room: LiveRoom) -> None:
        """Something has happened in the room."""
        self._changed[room.meeting_id] = room
        self._news.set()

    async def run(self) -> None:
        """Tells, until cancelled."""
        clock = asyncio.get_running_loop().time
        renew_at = clock()
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(renew_at):
                    await self._news.wait()
            self._news.clear()
            changed, self._changed = self._changed, {}
            renewing = clock() >= renew_at
            if renewing:
                renew_at = clock() + LIVE_ROOM_RENEW_MS / 1000
                self._told = {}
            rooms = {room.meeting_id: room for room in self._open_rooms()} if renewing else {}
            try:
                await self._tell({**changed, **rooms}.values())
            except LogUnavailableError as error:
                _log.warning("the list of live rooms is behind", extra={"error": error.message})
                self._changed = {**changed, **self._changed}
                renew_at = clock()
                await asyncio.sleep(RETRY_S)
            await asyncio.sleep(GATHER_S)

    async def _tell(self, rooms: Iterable[LiveRoom]) -> None:
        live: dict[MeetingId, tuple[int, RoomSummary]] = {}
        gone: list[tuple[MeetingId, Identity | None, int]] = []
        for room in rooms:
            as_listed = summary(room.state, room.meeting_id)
            if as_listed is not None and as_listed == self._told.get(room.meeting_id):
                continue
            if as_listed is not None:
                live[room.meeting_id] = (room.state.version, as_listed)
            elif room.state.version:
                gone.append((room.meeting_id, room.state.host_id, room.state.version))
        if live:
            await self._live.put(live)
        if gone:
            await self._live.drop(gone)
        self._told.update({meeting_id: as_listed for meeting_id, (_, as_listed) in live.items()})
        for meeting_id, *_ in gone:
            self._told.pop(meeting_id, None)
