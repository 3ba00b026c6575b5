"""Loss on either side of a node is repaired, so that nobody sees it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import redis.asyncio

from media_fleet.main import RunningNode, running
from media_fleet.settings import Settings
from tests.integration.media.loss_record import told_on_failure
from tests.integration.media.lossy_network import LossyNetwork
from tests.integration.media.page_client import Join, until_frames_grow, until_width_is


@pytest.fixture
async def network() -> AsyncIterator[LossyNetwork]:
    """Between clients and the node; loses nothing until it is told to."""
    network = LossyNetwork(seed=1)
    await network.open()
    yield network
    await network.close()


@pytest.fixture
async def node(
    node_environ: dict[str, str], redis_client: redis.asyncio.Redis, network: LossyNetwork
) -> AsyncIterator[RunningNode]:
    """A node that clients reach through the lossy network."""
    environ = node_environ | {"PARLEY_NODE_ADVERTISED_PORT": str(network.port)}
    async with running(Settings.from_environ(environ)) as parts:
        network.node_port = parts.core.local_port
        yield parts


@pytest.mark.parametrize("direction", ["to the node", "to the clients"])
async def test_lost_packets_are_sent_again_and_the_picture_goes_on(
    join: Join, eventually: Any, network: LossyNetwork, node: RunningNode, direction: str
) -> None:
    alice, bob = await join("alice"), await join("bob")
    await alice.publish("camera")
    await until_width_is(bob, "alice-camera", 1280, eventually)
    async with told_on_failure(alice, node, bob):
        if direction == "to the node":
            network.loss_to_node = 0.05
        else:
            network.loss_to_clients = 0.05
        await until_frames_grow(bob, "alice-camera", eventually, count=150)
        state, stats = await bob.received("alice-camera"), node.core.stats()
        assert state is not None
        if direction == "to the node":
            assert stats.nacks_sent > 0
            assert stats.rtx_received > 0
        else:
            assert stats.rtx_sent > 0
            assert state["retransmitted"] > 0
        # Seconds since the start. Unrepaired, such a loss freezes the picture most of the time; a loaded machine's
        # encoder pauses for a moment by itself.
        assert state["frozen"] < 5


async def test_a_path_that_was_gone_for_a_while_carries_on(
    join: Join, eventually: Any, network: LossyNetwork, gateway: Any
) -> None:
    alice, bob = await join("alice"), await join("bob")
    await alice.publish("camera")
    await until_frames_grow(bob, "alice-camera", eventually)
    network.loss_to_node = network.loss_to_clients = 1.0
    assert await gateway.failures[alice.id].get()
    network.loss_to_node = network.loss_to_clients = 0.0
    await until_frames_grow(bob, "alice-camera", eventually)
