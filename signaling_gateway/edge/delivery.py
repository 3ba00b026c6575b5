"""Messages to clients: each encoded once, however many clients get it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from engineio import packet as engineio_packet
from msgspec import Struct

from contracts.client_messages import Closing
from signaling_gateway.edge.frame_guard import NORMAL_CLOSURE, Link
from signaling_gateway.service.background import BackgroundTasks

MAX_QUEUED = 2_000
"""How many messages may wait for one client. It is slow beyond that, and is disconnected; it can resume."""
ACKNOWLEDGE_TIMEOUT_S = 5.0
FAREWELL_S = 2.0
"""How long a client has for closing the WebSocket itself after it was told to."""

_log = logging.getLogger(__name__)
_encoder = msgspec.json.Encoder()


class SocketDelivery:
    """`ClientDelivery` on a python-socketio server.

    Packets are put into Engine.IO's queues directly: one packet object, encoded once, and no task for each client.
    """

    def __init__(self, tasks: BackgroundTasks) -> None:
        self._tasks = tasks
        self._server: Any = None
        self._engine_sids: dict[str, str] = {}
        self._links: dict[str, Link] = {}
        self._busy: Counter[str] = Counter()
        self._idle = asyncio.Condition()

    def bind(self, server: Any) -> None:
        """Gives the python-socketio server."""
        self._server = server

    def opened(self, sid: str, engine_sid: str, link: Link) -> None:
        """A client may be sent to from now on."""
        link.admitted = True
        self._engine_sids[sid] = engine_sid
        self._links[sid] = link

    def gone(self, sid: str) -> None:
        """A client is not there any more."""
        self._engine_sids.pop(sid, None)
        link = self._links.pop(sid, None)
        if link is not None:
            link.left = True

    def send(self, sids: Iterable[str], event: str, message: Struct) -> None:
        """See `ClientDelivery.send`."""
        text = "2" + _encoder.encode((event, message)).decode()
        packet = engineio_packet.Packet(engineio_packet.MESSAGE, text)
        for sid in sids:
            socket = self._server.eio.sockets.get(self._engine_sids.get(sid))
            if socket is None or socket.closed or socket.closing:
                continue
            if socket.queue.qsize() >= MAX_QUEUED:
                self._drop_slow(sid)
            else:
                socket.queue.put_nowait(packet)

    def keeps_up(self, sid: str) -> bool:
        """Whether a client reads what it is sent. One that asks and does not read the answers is disconnected."""
        socket = self._server.eio.sockets.get(self._engine_sids.get(sid))
        if socket is None or socket.queue.qsize() < MAX_QUEUED:
            return True
        self._drop_slow(sid)
        return False

    def close(self, sid: str, closing: Closing) -> None:
        """See `ClientDelivery.close`."""
        self._tasks.spawn(self._close(sid, closing))

    @contextlib.contextmanager
    def busy(self, sid: str) -> Iterator[None]:
        """Around a command: a farewell waits for its acknowledgement."""
        self._busy[sid] += 1
        try:
            yield
        finally:
            self._busy[sid] -= 1
            if not self._busy[sid]:
                del self._busy[sid]
                # The acknowledgement is queued in the same step of the event loop, before whoever is woken here runs.
                self._tasks.spawn(self._wake())

    async def _wake(self) -> None:
        async with self._idle:
            self._idle.notify_all()

    async def _close(self, sid: str, closing: Closing) -> None:
        link = self._links.get(sid)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ACKNOWLEDGE_TIMEOUT_S), self._idle:
                await self._idle.wait_for(lambda: sid not in self._busy)
        self.send([sid], "closing", closing)
        await self._server.disconnect(sid)
        if link is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(FAREWELL_S):
                    await link.over.wait()
            await link.close(NORMAL_CLOSURE, closing.code)

    def _drop_slow(self, sid: str) -> None:
        link = self._links.get(sid)
        if link is not None and not link.closed:
            _log.info("a client reads too slowly and is disconnected")
            link.abort()
