"""The servers that get a broadcast by RTMP: one that is slow or away concerns no other.

Everything happens in one event loop, but for what says otherwise.
"""

from __future__ import annotations

import asyncio
import logging
import random
import traceback
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from contracts.broadcasting import BroadcastState, BroadcastTarget, TargetFailure, TargetState
from contracts.rtmp_address import RtmpAddress, RtmpAddressError, parse
from media_fleet.broadcaster.back_off import BackOff
from media_fleet.broadcaster.encoding import EncodedPacket, StreamParameters
from media_fleet.broadcaster.gop_queue import GopQueue
from media_fleet.broadcaster.loop_thread import LoopThread
from media_fleet.broadcaster.rtmp_connection import (
    RtmpConnection,
    TargetError,
    TargetLostError,
    TargetRefusedError,
    connect,
)
from media_fleet.broadcaster.rtmp_media import RtmpMedia

logger = logging.getLogger(__name__)

GIVE_UP_S = 900.0
"""A server that was not live for so long is not tried any more."""
LIVE_AFTER = 10
"""Packets that a server has taken before it counts as live: some refuse a stream's key only after they took it."""
STOP_S = 3.0
"""For servers to be told that this was all."""


class Target:
    """One server."""

    def __init__(
        self,
        target: BroadcastTarget,
        parameters: StreamParameters,
        *,
        may_reach_any: bool,
        changed: Callable[[], None],
    ) -> None:
        """``changed`` is told when `state` is another one."""
        self.target = target
        self.state = TargetState(id=target.id, state=BroadcastState.CONNECTING)
        self._parameters = parameters
        self._may_reach_any = may_reach_any
        self._changed = changed
        self._queue = GopQueue()
        self._is_connected = False
        self._news = asyncio.Event()
        self._stopping = asyncio.Event()
        self._back_off = BackOff()
        self._task = asyncio.get_running_loop().create_task(self._run())

    @property
    def dropped(self) -> int:
        """Packets that the server did not take fast enough. By any thread."""
        return self._queue.dropped

    def take(self, packet: EncodedPacket) -> None:
        """A packet to be sent, if the server is there."""
        if self._is_connected:
            self._queue.put(packet)
            self._news.set()

    async def stop(self) -> None:
        """Tells the server that this was all."""
        self._stopping.set()
        self._news.set()
        await asyncio.wait([self._task], timeout=STOP_S)
        self._task.cancel()

    async def _run(self) -> None:
        try:
            address = parse(self.target.url)
            while not self._stopping.is_set():
                await self._try(address)
        except RtmpAddressError:
            self._becomes(BroadcastState.FAILED, TargetFailure.ADDRESS)
        except TargetRefusedError as error:
            self._becomes(BroadcastState.FAILED, error.failure)

    async def _try(self, address: RtmpAddress) -> None:
        """Sends until it is told to stop, or the server is lost, and waits a while then. Raises `TargetRefusedError`:
        it is not to be tried again."""
        try:
            await self._push(address)
        except TargetLostError as error:
            wait = self._back_off.failed(random.random())  # noqa: S311 - nothing secret
            if self._back_off.waited_s >= GIVE_UP_S:
                raise TargetRefusedError(error.failure) from None
            self._becomes(BroadcastState.CONNECTING, error.failure)
            await _first(wait, self._stopping.wait())

    async def _push(self, address: RtmpAddress) -> None:
        """Raises `TargetLostError`, `TargetRefusedError`."""
        try:
            await self._connected(address)
        except TargetError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a server makes of us, it is tried again, and told
            [where] = traceback.extract_tb(error.__traceback__)[-1:]
            # Its own words may have the address in them.
            logger.error(  # noqa: TRY400
                "a broadcast's server was lost: %s, %s:%s", type(error).__name__, where.name, where.lineno
            )
            raise TargetLostError(TargetFailure.GARBLED) from None

    async def _connected(self, address: RtmpAddress) -> None:
        connection = await connect(address, may_reach_any=self._may_reach_any)
        try:
            await connection.publish(address)
            self._queue.begin_anew()
            self._is_connected = True
            sending = asyncio.ensure_future(self._send(connection))
            listening = asyncio.ensure_future(connection.listen())
            await _ended_first(sending, listening)
            await connection.end(address)
        finally:
            self._is_connected = False
            self._queue.begin_anew()
            await connection.close()

    async def _send(self, connection: RtmpConnection) -> None:
        """Returns when it is to stop. Raises `TargetLostError`."""
        media = RtmpMedia(self._parameters)
        for kind, content in media.beginning():
            await connection.send(kind, 0, content)
        sent = 0
        while not self._stopping.is_set():
            packet = self._queue.take()
            if packet is None:
                self._news.clear()
                await self._news.wait()
                continue
            if (piece := media.piece(packet)) is not None:
                await connection.send(*piece)
            sent += 1
            if sent == LIVE_AFTER:
                self._back_off.succeeded()
                self._becomes(BroadcastState.LIVE, None)

    def _becomes(self, state: BroadcastState, reason: TargetFailure | None) -> None:
        self.state = TargetState(id=self.target.id, state=state, reason=reason, attempts=self._back_off.attempts)
        self._changed()


async def _first(seconds: float, event: Coroutine[Any, Any, object]) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event
    except TimeoutError:
        return


async def _ended_first(*tasks: asyncio.Future[None]) -> None:
    """Waits for one of them, whose exception it raises, and ends the others."""
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in tasks:
            each.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for each in done:
        each.result()


class Targets:
    """All servers of a broadcast. By any thread; what it does, it does in the loop of ``network``."""

    def __init__(
        self,
        parameters: StreamParameters,
        network: LoopThread,
        *,
        may_reach_any: bool,
        changed: Callable[[tuple[TargetState, ...]], None],
    ) -> None:
        """``changed`` is told how all do, by another thread."""
        self._parameters = parameters
        self._network = network
        self._may_reach_any = may_reach_any
        self._changed = changed
        self._targets: tuple[Target, ...] = ()
        self._leaving: set[asyncio.Task[None]] = set()
        self._dropped_before = 0

    @property
    def dropped(self) -> int:
        """Packets that were not sent, to any of them."""
        return self._dropped_before + sum(each.dropped for each in self._targets)

    def take(self, packet: EncodedPacket) -> None:
        """See `media_fleet.broadcaster.encoding.PacketTaker`."""
        if self._targets:
            self._network.call(lambda: self._give(packet))

    def are(self, targets: Iterable[BroadcastTarget]) -> None:
        """The broadcast goes to these from now on: those that it goes to already are not touched."""
        wanted = {each.id: each for each in targets}
        self._network.call(lambda: self._become(wanted))

    def close(self) -> None:
        """Tells all servers that this was all, and waits a little for that."""
        self._network.wait_for(self._close())

    def _give(self, packet: EncodedPacket) -> None:
        for target in self._targets:
            target.take(packet)

    def _become(self, wanted: dict[str, BroadcastTarget]) -> None:
        kept = {each.target.id: each for each in self._targets if wanted.get(each.target.id) == each.target}
        gone = [each for each in self._targets if each.target.id not in kept]
        new = {name: self._new(each) for name, each in wanted.items() if name not in kept}
        self._targets = tuple((kept | new)[name] for name in wanted)
        self._dropped_before += sum(each.dropped for each in gone)
        for target in gone:
            task = asyncio.get_running_loop().create_task(target.stop())
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)
        self._tell()

    async def _close(self) -> None:
        leaving = [each.stop() for each in self._targets]
        self._targets = ()
        await asyncio.gather(*leaving, *self._leaving)

    def _new(self, target: BroadcastTarget) -> Target:
        return Target(target, self._parameters, may_reach_any=self._may_reach_any, changed=self._tell)

    def _tell(self) -> None:
        self._changed(tuple(each.state for each in self._targets))
