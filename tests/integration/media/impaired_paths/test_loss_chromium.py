"""Loss on either side of a node is repaired, so that nobody sees it."""

from __future__ import annotations

import asyncio
from typing import Any

from media_fleet.main import RunningNode
from tests.integration.media.impaired_paths.impaired_network import ImpairedNetwork
from tests.integration.media.impaired_paths.loss_record import told_on_failure
from tests.integration.media.page_client import TIMEOUT, Join, until_frames_grow


async def test_packets_that_are_lost_on_the_way_to_the_node_are_sent_again_and_the_picture_goes_on(
    join: Join, eventually: Any, network: ImpairedNetwork, node: RunningNode
) -> None:
    alice, bob = await join("alice"), await join("bob")
    await alice.publish("camera")
    await until_frames_grow(bob, "alice-camera", eventually)
    async with told_on_failure(alice, node, bob):
        network.usual.loss_to_node = 0.05
        await until_frames_grow(bob, "alice-camera", eventually, count=100)
        state, stats = await bob.received("alice-camera"), node.core.stats()
        assert state is not None
        assert stats.nacks_sent > 0
        assert stats.rtx_received > 0
        # Seconds since the start. Unrepaired, such a loss freezes the picture most of the time; a loaded machine's
        # encoder pauses for a moment by itself.
        assert state["frozen"] < 5


async def test_a_path_that_was_gone_for_a_while_carries_on(
    join: Join, eventually: Any, network: ImpairedNetwork, node: RunningNode, gateway: Any
) -> None:
    alice, bob = await join("alice"), await join("bob")
    await alice.publish("camera")
    await until_frames_grow(bob, "alice-camera", eventually)
    async with told_on_failure(alice, node, bob):
        network.usual.loss_to_node = network.usual.loss_to_client = 1.0
        assert await asyncio.wait_for(gateway.failures[alice.id].get(), TIMEOUT)
        network.usual.loss_to_node = network.usual.loss_to_client = 0.0
        await until_frames_grow(bob, "alice-camera", eventually)
