"""The port on which people send RTMP: reads until a key is shown, and gives the connection to whoever expects it.

Of a stream itself nothing is read here: the socket goes to a process of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections import Counter
from typing import Protocol, cast

from media_fleet.metrics import RTMP_CONNECTIONS
from media_fleet.rtmp.messages import RtmpError
from media_fleet.rtmp.session import Publishing, RtmpSession, handed_over

logger = logging.getLogger(__name__)

SHOW_S = 10.0
"""Until a key has been shown."""
MOST_WAITING, MOST_WAITING_OF_ONE = 256, 16
"""Connections on which none has been shown yet: of all, and from one address."""


class Expecting(Protocol):
    """Who expects streams."""

    def shown(self, key: str) -> bool:
        """Whether a stream is expected by this key, now."""

    def pushed(self, key: str, descriptor: int, session: bytes) -> None:
        """The connection on which it comes, which is the taker's from now on."""


class RtmpDoor:
    """One listening port."""

    def __init__(self, expecting: Expecting) -> None:
        self._expecting = expecting
        self._server: asyncio.Server | None = None
        self.waiting: Counter[str] = Counter()
        """Connections on which no key has been shown, by the address from which they come."""

    @property
    def port(self) -> int:
        """Where it listens; 0: nowhere."""
        return 0 if self._server is None else int(self._server.sockets[0].getsockname()[1])

    async def open(self, address: str, port: int) -> None:
        """Raises `OSError`: the port cannot be bound."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self, self._expecting), address, port)

    async def close(self) -> None:
        """Listens no more. What was given away goes on."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()


class _Connection(asyncio.Protocol):
    """One connection, until a key is shown."""

    def __init__(self, door: RtmpDoor, expecting: Expecting) -> None:
        self._door = door
        self._expecting = expecting
        self._session = RtmpSession()
        self._transport: asyncio.Transport | None = None
        self._address = ""
        self._patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._address = str((transport.get_extra_info("peername") or ("",))[0])
        waiting = self._door.waiting
        waiting[self._address] += 1
        if waiting.total() > MOST_WAITING or waiting[self._address] > MOST_WAITING_OF_ONE:
            self._end("refused")
            return
        self._patience = asyncio.get_running_loop().call_later(SHOW_S, self._end, "broken")

    def data_received(self, data: bytes) -> None:
        if self._transport is None:
            return
        try:
            events = list(self._session.receive(data, os.urandom(1_528)))
        except RtmpError:
            self._end("broken")
            return
        wish = next((event for event in events if isinstance(event, Publishing)), None)
        if wish is not None and not self._expecting.shown(wish.key):
            self._session.refuse()
        self._transport.write(self._session.to_send())
        if wish is not None:
            self._decide(wish)

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002 - it is gone, whatever the reason
        self._forget()

    def _decide(self, wish: Publishing) -> None:
        if self._transport is None or not self._expecting.shown(wish.key):
            self._close("refused")
            return
        self._transport.pause_reading()
        if self._transport.get_write_buffer_size():  # an encoder that does not read what it is told
            self._end("broken")
            return
        descriptor = os.dup(self._transport.get_extra_info("socket").fileno())
        RTMP_CONNECTIONS.labels("taken").inc()
        transport, self._transport = self._transport, None
        self._forget()
        transport.abort()  # closes this process's end alone
        self._expecting.pushed(wish.key, descriptor, handed_over(self._session))

    def _end(self, outcome: str) -> None:
        if self._transport is not None:
            RTMP_CONNECTIONS.labels(outcome).inc()
            self._transport.abort()
            self._transport = None

    def _close(self, outcome: str) -> None:
        """What was said is said yet."""
        if self._transport is not None:
            RTMP_CONNECTIONS.labels(outcome).inc()
            self._transport.close()
            self._transport = None

    def _forget(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
        with contextlib.suppress(KeyError):
            address, self._address = self._address, ""
            self._door.waiting[address] -= 1
            if self._door.waiting[address] <= 0:
                del self._door.waiting[address]
