"""A UDP relay in front of a node that loses and delays packets, the same ones for the same seed, and that is narrow."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

Address = tuple[str, int]


class _ClientSide(asyncio.DatagramProtocol):
    def __init__(self, network: LossyNetwork) -> None:
        self._network = network

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self._network.from_client(data, addr)


class _NodeSide(asyncio.DatagramProtocol):
    def __init__(self, received: Callable[[bytes], None]) -> None:
        self._received = received

    def datagram_received(self, data: bytes, _addr: Address) -> None:
        self._received(data)


class LossyNetwork:
    """Each client address gets a socket of its own towards the node, as behind a NAT."""

    def __init__(self, *, seed: int) -> None:
        self._random = random.Random(seed)
        self._sockets: dict[Address, asyncio.Task[asyncio.DatagramTransport]] = {}
        self._clients: asyncio.DatagramTransport | None = None
        self.node_port = 0
        self.port = 0
        self.loss_to_node = 0.0
        """Share of the packets, 0 to 1."""
        self.loss_to_clients = 0.0
        self.delay_s = 0.01
        """One way."""
        self.rate_to_clients: float | None = None
        """Bits a second to each client; None: as fast as they come."""
        self.rates_of_ports: dict[int, float] = {}
        """The same for clients of these ports."""
        self.queue_s = 0.3
        """What would wait longer for its turn is dropped."""
        self._free_at: dict[Address, float] = {}

    @property
    def ports(self) -> list[int]:
        """Of the clients, in the order in which they came."""
        return [port for _, port in self._sockets]

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
        if self._random.random() >= self.loss_to_node:
            asyncio.get_running_loop().call_later(self.delay_s, self._to_node, task, data)

    def _to_node(self, task: asyncio.Task[asyncio.DatagramTransport], data: bytes) -> None:
        if task.done() and not task.result().is_closing():
            task.result().sendto(data)

    async def _socket_for(self, client: Address) -> asyncio.DatagramTransport:
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: _NodeSide(lambda data: self._from_node(data, client)), remote_addr=("127.0.0.1", self.node_port)
        )
        return transport

    def _from_node(self, data: bytes, client: Address) -> None:
        if self._random.random() < self.loss_to_clients:
            return
        loop = asyncio.get_running_loop()
        turn = now = loop.time()
        rate = self.rates_of_ports.get(client[1], self.rate_to_clients)
        if rate is not None:
            turn = max(now, self._free_at.get(client, now))
            if turn > now + self.queue_s:
                return
            turn += len(data) * 8 / rate
            self._free_at[client] = turn
        loop.call_at(turn + self.delay_s, self._to_client, data, client)

    def _to_client(self, data: bytes, client: Address) -> None:
        if self._clients is not None and not self._clients.is_closing():
            self._clients.sendto(data, client)
