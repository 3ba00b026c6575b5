"""The rooms that this gateway serves: opened when first needed, closed when nothing is left to do for them."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from contracts.rooms import GatewayId, MeetingId
from signaling_gateway.errors import LogUnavailableError
from signaling_gateway.service.background import BackgroundTasks
from signaling_gateway.service.client_delivery import ClientDelivery
from signaling_gateway.service.live_room import LiveRoom, RoomListener
from signaling_gateway.service.meeting_log import LogEntry, MeetingLog, append_id_of

RENEW_AGAIN_S = 1.0

_log = logging.getLogger(__name__)


class RoomFeed(Protocol):
    """Announcements of what was appended to a meeting's log."""

    async def subscribe(
        self,
        meeting_id: MeetingId,
        *,
        on_entries: Callable[[Sequence[LogEntry], str], None],
        on_subscribed: Callable[[], None],
    ) -> None:
        """Listens to the meeting: entries, and the append of the entry before them (empty: not known).

        ``on_subscribed`` is called whenever announcements may have been missed until now.

        Raises:
            LogUnavailableError: it is not possible now.
        """

    async def unsubscribe(self, meeting_id: MeetingId) -> None:
        """Listens no longer."""


class RoomDuties(Protocol):
    """Notes which rooms this gateway answers for, so that another one can take over."""

    async def take_up(self, meeting_id: MeetingId) -> None:
        """From now on. Raises `LogUnavailableError`."""

    async def renew(self, meeting_id: MeetingId) -> None:
        """Redis was away, and may have lost what was noted or passed on. Raises `LogUnavailableError`."""

    async def done(self, meeting_id: MeetingId) -> None:
        """Returns when everything that this gateway owes for the room is done, however long that takes."""

    async def lay_down(self, meeting_id: MeetingId) -> None:
        """No longer. Raises `LogUnavailableError`."""


@dataclass(eq=False)
class _Served:
    room: LiveRoom
    changing: asyncio.Lock = field(default_factory=asyncio.Lock)
    open: bool = False
    closing: bool = False
    closed: bool = False


class Rooms:
    """All rooms of this gateway."""

    def __init__(
        self,
        *,
        gateway_id: GatewayId,
        log: MeetingLog,
        feed: RoomFeed,
        duties: RoomDuties,
        delivery: ClientDelivery,
        listener: RoomListener,
        tasks: BackgroundTasks,
        now: Callable[[], int],
    ) -> None:
        self.gateway_id = gateway_id
        self._log = log
        self._feed = feed
        self._duties = duties
        self._delivery = delivery
        self._listener = listener
        self._tasks = tasks
        self._now = now
        self._append_ids = (append_id_of(gateway_id, number) for number in itertools.count(1))
        self._served: dict[MeetingId, _Served] = {}

    def open_rooms(self) -> list[LiveRoom]:
        """The rooms that are open now."""
        return [served.room for served in self._served.values() if served.open and not served.closed]

    def get(self, meeting_id: MeetingId) -> LiveRoom | None:
        """The meeting's room, if it is open here."""
        served = self._served.get(meeting_id)
        return served.room if served is not None and served.open and not served.closed else None

    @contextlib.asynccontextmanager
    async def use(self, meeting_id: MeetingId) -> AsyncIterator[LiveRoom]:
        """The meeting's room, caught up with its log, and open at least as long as it is used.

        Raises:
            LogUnavailableError: the log cannot be read or listened to.
        """
        served = await self._acquire(meeting_id)
        try:
            yield served.room
        finally:
            served.room.users -= 1
            self.close_if_idle(served.room)

    @contextlib.contextmanager
    def hold(self, room: LiveRoom) -> Iterator[None]:
        """Keeps an open room open."""
        room.users += 1
        try:
            yield
        finally:
            room.users -= 1
            self.close_if_idle(room)

    def close_if_idle(self, room: LiveRoom) -> None:
        """Closes the room, soon, if nobody here is in it and neither a grace period nor the end is to be watched here.

        A room that everybody has left is kept open until it ends, by every gateway that has it.
        """
        served = self._served.get(room.meeting_id)
        if served is not None and served.room is room and not served.closing and self._idle(room):
            served.closing = True
            self._tasks.spawn(self._close_when_done(served))

    def discard(self, room: LiveRoom) -> None:
        """Drops a room whose log was lost; the next use opens it anew."""
        served = self._served.get(room.meeting_id)
        if served is not None and served.room is room:
            self._tasks.spawn(self._close(served))

    async def _acquire(self, meeting_id: MeetingId) -> _Served:
        while True:
            served = self._served.get(meeting_id)
            if served is None:
                served = self._served[meeting_id] = _Served(self._new_room(meeting_id))
            served.room.users += 1
            try:
                async with served.changing:
                    if not served.closed and not served.open:
                        await self._open(served)
            except BaseException:
                served.room.users -= 1
                raise
            if not served.closed:
                return served
            served.room.users -= 1

    async def _open(self, served: _Served) -> None:
        room = served.room
        try:
            await self._duties.take_up(room.meeting_id)
            # What is announced before the log was read waits for it, lest it be taken for a gap.
            early: list[tuple[Sequence[LogEntry], str]] = []
            loaded = False

            def on_entries(entries: Sequence[LogEntry], follows: str) -> None:
                if loaded:
                    room.announced(entries, follows)
                else:
                    early.append((entries, follows))

            def on_subscribed() -> None:
                if loaded:
                    self._tasks.spawn(self._renew(room))

            await self._feed.subscribe(room.meeting_id, on_entries=on_entries, on_subscribed=on_subscribed)
            await room.load()
            loaded = True
            for entries, follows in early:
                room.announced(entries, follows)
        except BaseException:
            served.closed = True
            del self._served[room.meeting_id]
            await self._feed.unsubscribe(room.meeting_id)
            raise
        served.open = True

    async def _renew(self, room: LiveRoom) -> None:
        await room.read_up()
        while not room.void:
            try:
                await self._duties.renew(room.meeting_id)
                return
            except LogUnavailableError:
                await asyncio.sleep(RENEW_AGAIN_S)

    async def _close_when_done(self, served: _Served) -> None:
        try:
            await self._duties.done(served.room.meeting_id)
            await self._close(served)
        finally:
            served.closing = False

    async def _close(self, served: _Served) -> None:
        room = served.room
        async with served.changing:
            if served.closed or not self._idle(room):
                return
            served.closed = room.void = True
            try:
                await self._feed.unsubscribe(room.meeting_id)
                await self._duties.lay_down(room.meeting_id)
            except LogUnavailableError as error:
                # A duty that stays noted costs the heir of this gateway one look at the log.
                names = {"meeting_id": room.meeting_id, "error": error.message}
                _log.warning("a meeting is still noted as served here", extra=names)
            finally:
                del self._served[room.meeting_id]

    def _idle(self, room: LiveRoom) -> bool:
        if room.void:
            return True
        state = room.state
        watched = any(stay.gateway_id == self.gateway_id for stay in (*state.stays.values(), *state.lobby.values()))
        watched = watched or (state.empty_since is not None and not state.ended)
        return room.users == 0 and not room.connections and not room.waiting and not room.reading and not watched

    def _new_room(self, meeting_id: MeetingId) -> LiveRoom:
        return LiveRoom(
            meeting_id,
            log=self._log,
            now=self._now,
            append_ids=self._append_ids,
            delivery=self._delivery,
            listener=self._listener,
            tasks=self._tasks,
        )
