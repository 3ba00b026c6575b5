"""What a joining client costs Redis: so many round trips, however many people are in the meeting."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from contracts import redis_names
from contracts.rooms import MeetingId
from tests.integration.signaling.conftest import Platform, RunningGateway

FEW, MANY = 3, 25


class RoundTrips:
    """Commands that Redis is given about a meeting; what a script does inside Redis is none of them."""

    def __init__(self, platform: Platform) -> None:
        self._redis = platform.redis
        meeting_id = MeetingId(platform.meeting_id)
        self._keys = {
            redis_names.meeting_log(meeting_id),
            redis_names.meeting_checkpoint(meeting_id),
            redis_names.meeting_channel(meeting_id),
        }

    @contextlib.asynccontextmanager
    async def watched(self) -> AsyncIterator[list[str]]:
        """The names of the commands that are given meanwhile."""
        async with self._redis.monitor() as monitor:
            seen: list[str] = []
            watching = asyncio.create_task(self._watch(monitor, seen))
            await self._redis.echo("begin")
            yield seen
            await self._redis.echo("end")
            await watching

    async def _watch(self, monitor: Any, seen: list[str]) -> None:
        while True:
            told = await monitor.next_command()
            name, *words = told["command"].split()
            if name.upper() == "ECHO" and words == ["end"]:
                return
            if told["client_type"] != "lua" and self._keys & set(words):
                seen.append(name.upper())


async def _cost_of_a_join(platform: Platform, gateway: RunningGateway, who: str) -> list[str]:
    async with RoundTrips(platform).watched() as seen:
        await platform.join(gateway, who)
    return sorted(seen)


async def test_a_joining_client_costs_as_many_round_trips_among_many_as_among_few(platform: Platform) -> None:
    one = await platform.gateway()
    for number in range(FEW):
        await platform.join(one, f"u_{number}")
    here, elsewhere = (
        await _cost_of_a_join(platform, one, "u_here"),
        await _cost_of_a_join(platform, await platform.gateway(), "u_elsewhere"),
    )
    for number in range(FEW, MANY):
        await platform.join(one, f"u_{number}")
    assert await _cost_of_a_join(platform, one, "u_last") == here
    assert await _cost_of_a_join(platform, await platform.gateway(), "u_far") == elsewhere
    assert len(here) == 1, "one append"
    assert len(elsewhere) <= 5, "the first one of a gateway also has the log read, and listened to"


async def test_only_gateways_with_somebody_in_a_meeting_are_told_of_it(platform: Platform) -> None:
    one, two, _ = await platform.gateway(), await platform.gateway(), await platform.gateway()
    channel = redis_names.meeting_channel(MeetingId(platform.meeting_id))

    async def told() -> int:
        ((_, count),) = await platform.redis.pubsub_shardnumsub(channel)
        return int(count)

    await platform.join(one, "u_ada")
    assert await told() == 1
    bob = await platform.join(two, "u_bob")
    assert await told() == 2
    await bob.ask("leave_meeting")

    async def is_told_alone() -> bool:
        return await told() == 1

    await platform.eventually(is_told_alone)
