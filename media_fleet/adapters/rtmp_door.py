"""The port on which people send RTMP: reads until a key is shown, and gives the connection to whoever expects it.

Of a stream itself nothing is read here: the socket goes to a process of its own.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import os
from typing import Protocol, cast

from media_fleet.metrics import RTMP_CONNECTIONS
from media_fleet.rtmp.messages import RtmpError
from media_fleet.rtmp.session import Publishing, RtmpSession, handed_over

logger = logging.getLogger(__name__)

SHOW_S = 10.0
"""Until a key has been shown."""
LISTEN_S = 2.0
"""Until who is refused has taken what they are told."""
MOST_WAITING, MOST_WAITING_OF_ONE = 256, 16
"""Connections on which none has been shown yet: of all, and from one network."""


class Expecting(Protocol):
    """Who expects streams."""

    def shown(self, key: str) -> bool:
        """Whether a stream is expected by this key, now. If so, `pushed` follows."""

    def pushed(self, key: str, descriptor: int, session: bytes) -> None:
        """The connection on which it comes, which is the taker's from now on."""


class RtmpDoor:
    """One listening port."""

    def __init__(self, expecting: Expecting) -> None:
        self._expecting = expecting
        self._server: asyncio.Server | None = None
        self.waiting: dict[_Connection, str] = {}
        """Connections on which no key has been shown, the oldest first, and the networks from which they come."""

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

    def wait(self, connection: _Connection, network: str) -> None:
        """One more has come. If there are too many, who has waited for longest does not any more: encoders show
        their keys at once, and so nobody keeps others out by waiting."""
        same = [each for each, whence in self.waiting.items() if whence == network]
        if len(same) >= MOST_WAITING_OF_ONE:
            same[0].end("dropped")
        elif len(self.waiting) >= MOST_WAITING:
            next(iter(self.waiting)).end("dropped")
        self.waiting[connection] = network


def network_of(address: str) -> str:
    """What one customer of a provider has: an address of IPv4, or 64 bits of one of IPv6 (RFC 6177, section 2)."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(known, ipaddress.IPv4Address):
        return str(known)
    return str(known.ipv4_mapped or ipaddress.IPv6Address(int(known) >> 64 << 64))


class _Connection(asyncio.Protocol):
    """One connection, until a key is shown."""

    def __init__(self, door: RtmpDoor, expecting: Expecting) -> None:
        self._door = door
        self._expecting = expecting
        self._session = RtmpSession()
        self._transport: asyncio.Transport | None = None
        self._is_heard = True
        self._patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._door.wait(self, network_of(str((transport.get_extra_info("peername") or ("",))[0])))
        self._patience = asyncio.get_running_loop().call_later(SHOW_S, self.end, "broken")

    def data_received(self, data: bytes) -> None:
        if self._transport is None or not self._is_heard:
            return
        try:
            events = list(self._session.receive(data, os.urandom(1_528)))
        except RtmpError:
            self.end("broken")
            return
        wish = next((event for event in events if isinstance(event, Publishing)), None)
        if wish is None:
            self._transport.write(self._session.to_send())
        elif self._transport.get_write_buffer_size():  # an encoder that does not read what it is told
            self.end("broken")
        elif self._expecting.shown(wish.key):
            self._give(self._transport, wish.key)
        else:
            self._refuse(self._transport)

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002 - it is gone, whatever the reason
        self._forget()

    def end(self, outcome: str) -> None:
        """Ends the connection at once, if it is not given away. ``outcome``: what it counts as, if it has not yet."""
        transport = self._transport
        if transport is not None:
            self._count(outcome)
            self._forget()
            transport.abort()

    def _give(self, transport: asyncio.Transport, key: str) -> None:
        """To whoever expects it. What is not yet said is said by them."""
        transport.pause_reading()
        descriptor = os.dup(transport.get_extra_info("socket").fileno())
        self._count("taken")
        self._forget()
        transport.abort()  # closes this process's end alone
        self._expecting.pushed(key, descriptor, handed_over(self._session))

    def _refuse(self, transport: asyncio.Transport) -> None:
        """Ends the connection once they have taken what they are told, or had the time to."""
        self._session.refuse()
        transport.write(self._session.to_send())
        self._count("refused")
        if self._patience is not None:
            self._patience.cancel()
        self._patience = asyncio.get_running_loop().call_later(LISTEN_S, self.end, "refused")
        transport.close()

    def _count(self, outcome: str) -> None:
        """Once for each connection, of which nothing is heard from then on."""
        if self._is_heard:
            RTMP_CONNECTIONS.labels(outcome).inc()
        self._is_heard = False

    def _forget(self) -> None:
        self._transport = None
        self._door.waiting.pop(self, None)
        if self._patience is not None:
            self._patience.cancel()
