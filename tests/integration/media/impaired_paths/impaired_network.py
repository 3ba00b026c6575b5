"""A UDP relay in front of a node that loses, delays and holds up packets.

What `tc netem` does, for each client apart, on kernels that have no netem, too, and without root. Of the n-th client's
packets each way the same ones are lost for the same seed.
"""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from tests.integration.media.impaired_paths.passages import Passage, transport_sequence

Address = tuple[str, int]


@dataclass
class Conditions:
    """Of the path between one client and the node. May be changed at any time."""

    loss_to_node: float = 0.0
    """Share of the packets, 0 to 1."""
    loss_to_client: float = 0.0
    delay_s: float = 0.01
    """One way."""
    jitter_s: float = 0.0
    """Each packet is late by up to so much more, at random: it may be overtaken."""
    rate_to_node: float | None = None
    """Bits a second; None: as fast as they come."""
    rate_to_client: float | None = None
    queue_s: float = 0.3
    """What would wait longer for its turn is dropped."""


class _Way:
    """One direction of a client's path."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)
        self._free_at = 0.0

    def arrival(self, path: Conditions, loss: float, rate: float | None, now: float, octets: int) -> float | None:
        """When a packet that leaves now is to arrive; None if it is lost. ``loss`` and ``rate``: of this direction."""
        if self._random.random() < loss:
            return None
        turn = now
        if rate is not None:
            turn = max(now, self._free_at)
            if turn > now + path.queue_s:
                return None
            turn += octets * 8 / rate
            self._free_at = turn
        return turn + path.delay_s + path.jitter_s * self._random.random()


class _ClientSide(asyncio.DatagramProtocol):
    def __init__(self, network: ImpairedNetwork) -> None:
        self._network = network

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self._network.from_client(data, addr)


class _NodeSide(asyncio.DatagramProtocol):
    def __init__(self, received: Callable[[bytes], None]) -> None:
        self._received = received

    def datagram_received(self, data: bytes, _addr: Address) -> None:
        self._received(data)


class ImpairedNetwork:
    """Each client address gets a socket of its own towards the node, as behind a NAT."""

    def __init__(self, *, seed: int) -> None:
        self._seed = seed
        self._sockets: dict[Address, asyncio.Task[asyncio.DatagramTransport]] = {}
        self._clients: asyncio.DatagramTransport | None = None
        self.node_port = 0
        self.port = 0
        self.usual = Conditions()
        """Of all paths that have none of their own."""
        self.of_ports: dict[int, Conditions] = {}
        """Of clients of these ports."""
        self._ways: dict[tuple[Address, str], _Way] = {}
        self.passages: dict[int, list[Passage]] = defaultdict(list)
        """What was on its way to the client of a port, in the order of sending."""

    @property
    def ports(self) -> list[int]:
        """Of the clients, in the order in which they came."""
        return [port for _, port in self._sockets]

    def keep_paths(self) -> None:
        """Whoever came so far keeps the conditions that they have, whatever becomes usual."""
        for port in self.ports:
            self.of_ports.setdefault(port, self.usual)

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        self._clients, _ = await loop.create_datagram_endpoint(lambda: _ClientSide(self), local_addr=("127.0.0.1", 0))
        self.port = self._clients.get_extra_info("sockname")[1]

    async def close(self) -> None:
        if self._clients is not None:
            self._clients.close()
        for task in self._sockets.values():
            (await task).close()

    def from_client(self, data: bytes, client: Address) -> None:
        """A packet on its way to the node."""
        task = self._sockets.get(client)
        if task is None:
            task = self._sockets[client] = asyncio.create_task(self._socket_for(client))
        path, loop = self._path(client), asyncio.get_running_loop()
        way = self._way(client, "to the node")
        arrives_at = way.arrival(path, path.loss_to_node, path.rate_to_node, loop.time(), len(data))
        if arrives_at is not None:
            loop.call_at(arrives_at, self._to_node, task, data)

    def _path(self, client: Address) -> Conditions:
        return self.of_ports.get(client[1], self.usual)

    def _way(self, client: Address, direction: str) -> _Way:
        key = (client, direction)
        if key not in self._ways:
            self._ways[key] = _Way(f"{self._seed} {self.ports.index(client[1])} {direction}")
        return self._ways[key]

    def _to_node(self, task: asyncio.Task[asyncio.DatagramTransport], data: bytes) -> None:
        if task.done() and not task.result().is_closing():
            task.result().sendto(data)

    async def _socket_for(self, client: Address) -> asyncio.DatagramTransport:
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: _NodeSide(lambda data: self._from_node(data, client)), remote_addr=("127.0.0.1", self.node_port)
        )
        return transport

    def _from_node(self, data: bytes, client: Address) -> None:
        loop, path = asyncio.get_running_loop(), self._path(client)
        now = loop.time()
        way = self._way(client, "to the client")
        arrives_at = way.arrival(path, path.loss_to_client, path.rate_to_client, now, len(data))
        sequence = transport_sequence(data)
        if sequence is not None:
            self.passages[client[1]].append(Passage(sequence, len(data), now, arrives_at))
        if arrives_at is not None:
            loop.call_at(arrives_at, self._to_client, data, client)

    def _to_client(self, data: bytes, client: Address) -> None:
        if self._clients is not None and not self._clients.is_closing():
            self._clients.sendto(data, client)
