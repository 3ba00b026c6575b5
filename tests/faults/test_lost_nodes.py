"""Media nodes that die or are told to stop: their meetings go on through another one."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest

from contracts import redis_names
from contracts.node_rpc import NodeLease, lease_decoder
from contracts.rooms import NodeId
from parley_client import Ticket
from tests.doubles.media_client import MediaClient

Platform = Any

pytestmark = pytest.mark.timeout(180)

NODES = (NodeId("node-a"), NodeId("node-b"), NodeId("node-far"))
SETTINGS = {NodeId("node-far"): {"PARLEY_NODE_REGION": "far", "PARLEY_NODE_DRAIN_TIMEOUT_S": "30"}}


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()
        await process.wait()


@pytest.fixture
async def nodes(platform: Platform) -> AsyncIterator[dict[NodeId, asyncio.subprocess.Process]]:
    """Real nodes as processes, alive."""
    async with AsyncExitStack() as stack:
        processes = {}
        for node_id in NODES:
            kept = {key: value for key, value in os.environ.items() if not key.startswith("PARLEY_")}
            settings = {
                "PARLEY_NODE_ID": node_id,
                "PARLEY_NODE_REDIS_URL": f"{platform.valkey.connection_url}/0",
                "PARLEY_NODE_BIND_ADDRESSES": "127.0.0.1",
                "PARLEY_NODE_ADVERTISED_ADDRESSES": "127.0.0.1",
                "PARLEY_NODE_DRAIN_TIMEOUT_S": "0",
                **SETTINGS.get(node_id, {}),
            }
            processes[node_id] = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "media_fleet.main", env={**kept, **settings}, stderr=asyncio.subprocess.DEVNULL
            )
            stack.push_async_callback(_end, processes[node_id])
        async with asyncio.timeout(60):
            await platform.eventually(lambda: _all_live(platform))
        yield processes


async def _leases(platform: Platform) -> dict[NodeId, NodeLease]:
    values = {node_id: await platform.redis.get(redis_names.node_lease(node_id)) for node_id in NODES}
    return {node_id: lease_decoder.decode(value) for node_id, value in values.items() if value is not None}


async def _all_live(platform: Platform) -> bool:
    return len(await _leases(platform)) == len(NODES)


async def _is_used(platform: Platform, node_id: NodeId) -> bool:
    return (await _leases(platform))[node_id].participants == 1


async def _is_left(platform: Platform, node_id: NodeId) -> bool:
    lease = (await _leases(platform)).get(node_id)
    return lease is None or lease.participants == 0


async def _node_of_the_meeting(platform: Platform) -> NodeId | None:
    return next((node_id for node_id, lease in (await _leases(platform)).items() if lease.participants), None)


@asynccontextmanager
async def _meeting(
    platform: Platform, start: Any, *gateways: Mapping[str, str]
) -> AsyncIterator[tuple[MediaClient, MediaClient]]:
    """Ada and Ben, who see each other. ``gateways``: the settings of the gateway of each."""
    clients = []
    for who, settings in zip(("u_ada", "u_ben"), gateways, strict=True):
        gateway = await start(**settings)
        token = platform.service.token(platform.meeting_id, who)

        async def ticket(url: str = gateway.url, token: str = token) -> Ticket:
            return Ticket(gateway_url=url, meeting_token=token, meeting_id=platform.meeting_id)

        clients.append(MediaClient(ticket))
        await clients[-1].join()
    await platform.eventually(lambda: all(client.frames > 10 for client in clients))
    yield clients[0], clients[1]
    await asyncio.gather(*(client.leave() for client in clients))


@pytest.fixture
async def two(platform: Platform, start: Any, nodes: Any) -> AsyncIterator[tuple[MediaClient, MediaClient]]:
    """Two participants on two gateways, at one node."""
    async with _meeting(platform, start, {}, {}) as clients:
        yield clients


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "told to stop"])
async def test_media_comes_back_through_another_node(
    platform: Platform,
    nodes: dict[NodeId, asyncio.subprocess.Process],
    two: tuple[MediaClient, MediaClient],
    how: signal.Signals,
    record_testsuite_property: Any,
) -> None:
    lost = await platform.eventually(lambda: _node_of_the_meeting(platform))
    nodes[lost].send_signal(how)
    since = time.monotonic()
    await platform.eventually(lambda: all(client.restarts == 1 and client.frames > 0 for client in two))
    record_testsuite_property(f"seconds until media was back, node {how.name}", round(time.monotonic() - since, 2))
    assert [client.room.connections for client in two] == [1, 1]
    # A node that is told to stop tells of those who are gone with its next lease.
    await platform.eventually(lambda: _is_left(platform, lost))
    heir = await platform.eventually(lambda: _node_of_the_meeting(platform))
    assert heir != lost


@pytest.fixture
async def apart(platform: Platform, start: Any, nodes: Any) -> AsyncIterator[tuple[MediaClient, MediaClient]]:
    """Two participants in two regions, at a node each."""
    regions = ({"REGION": region, "REGIONS": "local"} for region in ("local", "far"))
    async with _meeting(platform, start, *regions) as clients:
        await platform.eventually(lambda: _is_used(platform, NodeId("node-far")))
        yield clients


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "told to stop"])
async def test_of_a_meeting_on_two_nodes_only_those_at_the_lost_one_begin_again(
    platform: Platform,
    nodes: dict[NodeId, asyncio.subprocess.Process],
    apart: tuple[MediaClient, MediaClient],
    how: signal.Signals,
    record_testsuite_property: Any,
) -> None:
    ada, ben = apart
    lost = NodeId("node-far")
    nodes[lost].send_signal(how)
    since = time.monotonic()
    await platform.eventually(lambda: ben.restarts == 1 and ben.frames > 0)
    record_testsuite_property(f"seconds until media was back, far node {how.name}", round(time.monotonic() - since, 2))
    assert ada.restarts == 0, "what she sends and receives at the other node goes on"
    async with asyncio.timeout(40):
        await nodes[lost].wait()
    assert [client.room.connections for client in apart] == [1, 1]
