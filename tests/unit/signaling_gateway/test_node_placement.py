"""What a gateway knows of the media nodes when it places a meeting."""

from __future__ import annotations

import asyncio
from random import Random

import pytest

from contracts.node_rpc import NodeLease
from contracts.redis_names import NODE_LEASE_MS
from contracts.rooms import NodeId
from signaling_gateway.service.node_placement import SILENT_MS, VIEW_LIFE_MS, NodePlacement
from signaling_gateway.service.upkeep import NODE_WATCH_S

A, B = NodeId("a"), NodeId("b")


class Directory:
    """Leases that the test sets, and how often they were read."""

    def __init__(self, **loads: float) -> None:
        self.loads = {NodeId(node_id): load for node_id, load in loads.items()}
        self.renewed = dict.fromkeys(self.loads, 0)
        self.readings = 0
        self.error: OSError | None = None

    async def live(self) -> dict[NodeId, NodeLease]:
        self.readings += 1
        await asyncio.sleep(0)
        if self.error is not None:
            raise self.error
        return {
            node_id: NodeLease(
                node_id=node_id,
                region="local",
                load=load,
                participants=0,
                draining=False,
                renewed_at=self.renewed.get(node_id, 0),
            )
            for node_id, load in self.loads.items()
        }


class Clock:
    def __init__(self) -> None:
        self.ms = 10_000

    def __call__(self) -> float:
        return self.ms / 1000


def placement(directory: Directory, clock: Clock) -> NodePlacement:
    return NodePlacement(directory, regions=("local",), steady=clock, draw=Random(1).randrange)


async def test_a_placement_reads_nothing_while_the_watch_goes_on() -> None:
    directory, clock = Directory(a=0.2, b=0.3), Clock()
    nodes = placement(directory, clock)
    await nodes.read()
    for _ in range(50):
        clock.ms += 10
        assert await nodes.choose(instead_of=None) is not None
    assert directory.readings == 1


async def test_meetings_of_one_moment_are_spread() -> None:
    directory, clock = Directory(a=0.2, b=0.2), Clock()
    nodes = placement(directory, clock)
    went = [await nodes.choose(instead_of=None) for _ in range(20)]
    assert went.count(A) == went.count(B) == 10


async def test_what_is_known_no_longer_is_read_once_for_all_who_wait() -> None:
    directory, clock = Directory(a=0.2), Clock()
    nodes = placement(directory, clock)
    await asyncio.gather(*(nodes.choose(instead_of=None) for _ in range(10)))
    assert directory.readings == 1
    clock.ms += VIEW_LIFE_MS + 1
    await asyncio.gather(*(nodes.choose(instead_of=None) for _ in range(10)))
    assert directory.readings == 2


async def test_a_node_that_has_just_come_is_found_when_there_was_none() -> None:
    directory, clock = Directory(a=0.2), Clock()
    nodes = placement(directory, clock)
    await nodes.read()
    assert await nodes.choose(instead_of=A) is None
    directory.loads[B] = 0.9
    clock.ms += 1
    assert await nodes.choose(instead_of=A) == B


async def test_the_stores_errors_reach_who_asks() -> None:
    directory, clock = Directory(a=0.2), Clock()
    directory.error = ConnectionError()
    nodes = placement(directory, clock)
    with pytest.raises(ConnectionError):
        await nodes.choose(instead_of=None)


async def test_a_node_that_does_not_renew_gets_nothing_long_before_its_lease_ends() -> None:
    directory, clock = Directory(a=0.0, b=0.6), Clock()
    nodes = placement(directory, clock)
    await nodes.read()
    assert await nodes.choose(instead_of=None) == A
    while clock.ms < 10_000 + SILENT_MS:
        clock.ms += int(NODE_WATCH_S * 1000)
        directory.renewed[B] = clock.ms // 1000 * 1000
        await nodes.read()
    assert await nodes.choose(instead_of=None) == B
    assert SILENT_MS + NODE_WATCH_S * 1000 < NODE_LEASE_MS
    directory.renewed[A] = clock.ms
    await nodes.read()
    assert await nodes.choose(instead_of=None) == A


async def test_a_meeting_that_went_elsewhere_does_not_count() -> None:
    directory, clock = Directory(a=0.2, b=0.21), Clock()
    nodes = placement(directory, clock)
    for _ in range(20):
        assert await nodes.choose(instead_of=None) == A
        nodes.settled(A, B)
