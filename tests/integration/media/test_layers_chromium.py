"""What nobody watches is not sent by a browser either, and comes back at once when somebody wants it."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.node_rpc import JoinRoom, SubscriptionOffered
from media_fleet.main import RunningNode
from tests.integration.media.page_client import MEETING, Join, PageClient, until_frames_grow, until_width_is

pytestmark = pytest.mark.timeout(180)

CAMERA = "alice-camera"
PATIENCE_S = 30


async def _sent(client: PageClient) -> list[str]:
    """The layers of the camera that the browser sends."""
    return [rid for rid, encoding in (await client.encodings()).items() if encoding["active"]]


async def test_layers_that_nobody_watches_are_paused_and_woken_without_a_freeze(
    join: Join, eventually: Any, gateway: Any, node: RunningNode
) -> None:
    alice, bob = await join("alice"), await join("bob")
    await alice.publish("camera")
    await until_width_is(bob, CAMERA, 1280, eventually)
    await bob.wish(CAMERA, max_height=180)
    await until_width_is(bob, CAMERA, 320, eventually)

    async def is_paused() -> bool:
        return await _sent(alice) == ["q"] and node.core.stats().layers_paused == 2

    await eventually(is_paused, timeout_s=PATIENCE_S)
    before = await bob.repairs_of(CAMERA)
    await bob.wish(CAMERA)
    await until_width_is(bob, CAMERA, 1280, eventually)
    after = await bob.repairs_of(CAMERA)
    assert before is not None
    assert after is not None
    assert after["freezeCount"] == before["freezeCount"]
    assert sorted(await _sent(alice)) == ["f", "h", "q"]
    await bob.wish(CAMERA, enabled=False)

    async def is_silent() -> bool:
        return await _sent(alice) == []

    await eventually(is_silent, timeout_s=PATIENCE_S)
    assert gateway.told_layers == [(CAMERA, 1), (CAMERA, 3), (CAMERA, 0)]
    await gateway.ask(
        JoinRoom(meeting_id=MEETING, participant_id=alice.id, subscribe=True, connection=2), SubscriptionOffered
    )
    await eventually(lambda: len(gateway.told_layers) == 4)
    assert gateway.told_layers[-1] == (CAMERA, 0), "who comes back is told again"
    await bob.wish(CAMERA)
    await until_frames_grow(bob, CAMERA, eventually)
