"""The port for RTMP: who is kept waiting, who is refused, and that nobody stays."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable

import pytest

from media_fleet.adapters import rtmp_door
from media_fleet.adapters.rtmp_door import MOST_WAITING_OF_ONE, RtmpDoor, network_of
from media_fleet.metrics import RTMP_CONNECTIONS
from media_fleet.rtmp.messages import Kind, Message, Value, chunks, encoded

PATIENCE_S = 30
HANDSHAKE = b"\x03" + bytes(2 * 1_536)


class Nobody:
    """Expects one key."""

    def shown(self, key: str) -> bool:
        return key == "right"

    def pushed(self, key: str, descriptor: int, session: bytes) -> None:
        os.close(descriptor)


@pytest.fixture
async def door() -> AsyncIterator[RtmpDoor]:
    door = RtmpDoor(Nobody())
    await door.open("127.0.0.1", 0)
    yield door
    for connection in list(door.waiting):
        connection.end("broken")
    await door.close()


def wish(key: str, *, asked: int = 0) -> bytes:
    """``asked``: how often something is asked for before."""
    question: list[Value] = ["createStream", 2.0, None]
    sent: list[list[Value]] = [*[question] * asked, ["publish", 3.0, None, key]]
    return HANDSHAKE + b"".join(chunks(Message(Kind.COMMAND, 0, 0, encoded(each)), 3, 128) for each in sent)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not holds():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.005)


def counted(outcome: str) -> float:
    return float(RTMP_CONNECTIONS.labels(outcome)._value.get())


async def test_who_is_refused_and_does_not_read_why_is_gone_all_the_same(
    door: RtmpDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rtmp_door, "LISTEN_S", 0.2)
    assert door._server is not None
    door._server.sockets[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)  # which those that come inherit
    before = counted("refused")
    with socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        deaf.setblocking(False)
        await asyncio.get_running_loop().sock_connect(deaf, ("127.0.0.1", door.port))
        await asyncio.get_running_loop().sock_sendall(deaf, wish("wrong", asked=30))
        await until(lambda: counted("refused") > before)
        [connection] = door.waiting
        assert connection._transport is not None
        assert connection._transport.get_write_buffer_size(), "there is something that is not read"
        await until(lambda: not door.waiting)
    assert counted("refused") == before + 1


async def test_who_reads_why_they_are_refused_is_told(door: RtmpDoor) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    writer.write(wish("wrong", asked=3))
    async with asyncio.timeout(PATIENCE_S):
        assert b"NetStream.Publish.BadName" in await reader.read(-1)
    writer.close()
    await until(lambda: not door.waiting)


async def test_when_the_places_are_full_who_has_waited_longest_goes_and_who_comes_is_heard(door: RtmpDoor) -> None:
    before = counted("dropped"), counted("taken")
    waiting = []
    for _ in range(MOST_WAITING_OF_ONE):
        waiting.append(await asyncio.open_connection("127.0.0.1", door.port))
        await until(lambda: len(door.waiting) == len(waiting))
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    writer.write(wish("right"))
    await until(lambda: counted("taken") > before[1])
    assert counted("dropped") == before[0] + 1
    async with asyncio.timeout(PATIENCE_S):
        assert await waiting[0][0].read() == b"", "it is closed"
    assert len(door.waiting) == MOST_WAITING_OF_ONE - 1
    for _, each in [*waiting, (reader, writer)]:
        each.close()


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("", ""),
    ],
)
def test_a_network_is_what_one_customer_has(address: str, network: str) -> None:
    assert network_of(address) == network
