"""A subscriber's path that carries less and less, and then all again: it gets what fits, and is told what does not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import redis.asyncio

from contracts.rooms import TrackId
from media_fleet.main import RunningNode, running
from media_fleet.settings import Settings
from tests.integration.media.lossy_network import LossyNetwork
from tests.integration.media.page_client import Join, PageClient, until_frames_grow, until_width_is

pytestmark = pytest.mark.timeout(180)

CAMERA = "alice-camera"
PATIENCE_S = 30


@pytest.fixture
async def network() -> AsyncIterator[LossyNetwork]:
    network = LossyNetwork(seed=1)
    await network.open()
    yield network
    await network.close()


@pytest.fixture
async def node(
    node_environ: dict[str, str], redis_client: redis.asyncio.Redis, network: LossyNetwork
) -> AsyncIterator[RunningNode]:
    environ = node_environ | {"PARLEY_NODE_ADVERTISED_PORT": str(network.port)}
    async with running(Settings.from_environ(environ)) as parts:
        network.node_port = parts.core.local_port
        yield parts


async def _until_narrower_than(client: PageClient, width: int, eventually: Any) -> None:
    async def narrow() -> bool:
        now = await client.received(CAMERA)
        return now is not None and 0 < now["width"] < width

    await eventually(narrow, timeout_s=PATIENCE_S)


async def test_a_picture_shrinks_with_the_path_and_grows_again(
    join: Join, eventually: Any, network: LossyNetwork, node: RunningNode
) -> None:
    alice, bob = await join("alice"), await join("bob")
    await alice.publish("camera")
    await until_width_is(bob, CAMERA, 1280, eventually)
    network.rate_to_clients = 450_000
    await _until_narrower_than(bob, 1280, eventually)
    before = await bob.received(CAMERA)
    await until_frames_grow(bob, CAMERA, eventually, count=60)
    after = await bob.received(CAMERA)
    assert before is not None
    assert after is not None
    assert after["width"] < 1280, "what does not fit stays away"
    assert after["frozen"] - before["frozen"] < 2
    network.rate_to_clients = None
    await until_width_is(bob, CAMERA, 1280, eventually)
    assert node.core.stats().padding_sent > 0, "room is looked for, not waited for"


async def test_a_picture_that_no_path_is_left_for_is_paused_and_said_to_be(
    join: Join, eventually: Any, network: LossyNetwork, gateway: Any
) -> None:
    alice, bob = await join("alice"), await join("bob")
    await alice.publish("camera")
    await until_frames_grow(bob, CAMERA, eventually)
    network.rate_to_clients = 60_000
    what = (bob.id, TrackId(CAMERA))
    await eventually(lambda: what in gateway.starved, timeout_s=PATIENCE_S)
    network.rate_to_clients = None
    await eventually(lambda: what not in gateway.starved, timeout_s=PATIENCE_S)
    await until_frames_grow(bob, CAMERA, eventually)


async def test_one_with_a_narrow_path_costs_the_others_nothing(
    join: Join, eventually: Any, network: LossyNetwork, node: RunningNode
) -> None:
    alice, bob = await join("alice"), await join("bob")
    await alice.publish("camera")
    await until_width_is(bob, CAMERA, 1280, eventually)
    port_of_bob = network.ports[-1]
    carol = await join("carol")
    await until_width_is(carol, CAMERA, 1280, eventually)
    network.rates_of_ports[port_of_bob] = 450_000
    await _until_narrower_than(bob, 1280, eventually)
    await until_frames_grow(carol, CAMERA, eventually, count=60)
    seen = await carol.received(CAMERA)
    assert seen is not None
    assert seen["width"] == 1280
