"""A subscriber's path that carries less and less, and then all again: it gets what fits, and is told what does not."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.rooms import TrackId
from media_fleet.main import RunningNode
from tests.integration.media.impaired_paths.impaired_network import Conditions, ImpairedNetwork
from tests.integration.media.page_client import Join, PageClient, until_frames_grow, until_width_is

pytestmark = pytest.mark.timeout(180)

CAMERA = "alice-camera"
PATIENCE_S = 30


async def _until_narrower_than(client: PageClient, width: int, eventually: Any) -> None:
    async def narrow() -> bool:
        now = await client.received(CAMERA)
        return now is not None and 0 < now["width"] < width

    await eventually(narrow, timeout_s=PATIENCE_S)


async def test_a_picture_that_no_path_is_left_for_is_paused_and_said_to_be(
    join: Join, eventually: Any, network: ImpairedNetwork, gateway: Any
) -> None:
    alice, bob = await join("alice"), await join("bob")
    await alice.publish("camera")
    await until_frames_grow(bob, CAMERA, eventually)
    network.usual.rate_to_client = 60_000
    what = (bob.id, TrackId(CAMERA))
    await eventually(lambda: what in gateway.starved, timeout_s=PATIENCE_S)
    network.usual.rate_to_client = None
    await eventually(lambda: what not in gateway.starved, timeout_s=PATIENCE_S)
    await until_frames_grow(bob, CAMERA, eventually)


async def test_one_with_a_narrow_path_costs_the_others_nothing(
    join: Join, eventually: Any, network: ImpairedNetwork, node: RunningNode
) -> None:
    alice, bob = await join("alice"), await join("bob")
    await alice.publish("camera")
    await until_width_is(bob, CAMERA, 1280, eventually)
    port_of_bob = network.ports[-1]
    carol = await join("carol")
    await until_width_is(carol, CAMERA, 1280, eventually)
    network.of_ports[port_of_bob] = Conditions(rate_to_client=450_000)
    await _until_narrower_than(bob, 1280, eventually)
    # What a publisher on a busy machine sends of its best for a moment is no matter of bob's.
    await until_frames_grow(carol, CAMERA, eventually, count=60)
    await until_width_is(carol, CAMERA, 1280, eventually)
