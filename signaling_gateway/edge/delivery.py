"""Messages to clients: each encoded once, however many clients get it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from msgspec import Struct

from contracts.client_messages import Closing
from signaling_gateway.edge.engine_io import text_frame
from signaling_gateway.edge.frame_guard import NORMAL_CLOSURE, Link
from signaling_gateway.metrics import SENT, SENT_BYTES, SLOW_CLIENTS
from signaling_gateway.service.background import BackgroundTasks

ACKNOWLEDGE_TIMEOUT_S = 5.0
FAREWELL_S = 2.0
"""How long a client has for closing the WebSocket itself after it was told to."""

_log = logging.getLogger(__name__)
_EVENT = b"42"
"""An Engine.IO MESSAGE with a Socket.IO EVENT in the namespace ``/``."""
_encoder = msgspec.json.Encoder()


class SocketDelivery:
    """`ClientDelivery` on a python-socketio server.

    A message is one WebSocket frame, the same bytes for all, which is written to each client's transport.
    """

    def __init__(self, tasks: BackgroundTasks) -> None:
        self._tasks = tasks
        self._server: Any = None
        self._links: dict[str, Link] = {}
        self._busy: Counter[str] = Counter()
        self._idle = asyncio.Condition()

    def bind(self, server: Any) -> None:
        """Gives the python-socketio server."""
        self._server = server

    def opened(self, sid: str, link: Link) -> None:
        """A client may be sent to from now on."""
        link.admitted = True
        self._links[sid] = link

    def gone(self, sid: str) -> None:
        """A client is not there any more."""
        link = self._links.pop(sid, None)
        if link is not None:
            link.left = True

    def send(self, sids: Iterable[str], event: str, message: Struct) -> None:
        """See `ClientDelivery.send`."""
        frame = text_frame(_EVENT + _encoder.encode((event, message)))
        receivers = 0
        for sid in sids:
            link = self._links.get(sid)
            if link is not None and self.keeps_up(sid):
                link.write(frame)
                receivers += 1
        SENT.labels(event).inc(receivers)
        SENT_BYTES.inc(receivers * len(frame))

    def keeps_up(self, sid: str) -> bool:
        """Whether a client reads what it is sent. One that asks and does not read the answers is disconnected."""
        link = self._links.get(sid)
        if link is None or not link.is_slow:
            return True
        _log.info("a client reads too slowly and is disconnected")
        SLOW_CLIENTS.inc()
        link.abort()
        return False

    def replaced(self, sid: str, closing: Closing) -> None:
        """See `ClientDelivery.replaced`."""
        self._tasks.spawn(self._close_replaced(sid, closing))

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
                # The acknowledgement is written in the same step of the event loop, before whoever is woken here runs.
                self._tasks.spawn(self._wake())

    async def _wake(self) -> None:
        async with self._idle:
            self._idle.notify_all()

    async def _close_replaced(self, sid: str, closing: Closing) -> None:
        link = self._links.get(sid)
        if link is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(FAREWELL_S):
                    await link.over.wait()
        await self._close(sid, closing)

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
