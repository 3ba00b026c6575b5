"""Clients reach a node wherever their networks let them: by IPv6 alone, by TCP alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import redis.asyncio

from media_fleet.main import RunningNode, running
from media_fleet.settings import Settings
from tests.integration.media.page_client import TIMEOUT, Join, until_frames_grow

DISCARD_PORT = "9"
BY_IPV6 = {
    "PARLEY_NODE_BIND_ADDRESSES": "::1",
    "PARLEY_NODE_ADVERTISED_ADDRESSES": "::1",
    "PARLEY_NODE_TCP": "off",
}
BY_TCP = {"PARLEY_NODE_ADVERTISED_PORT": DISCARD_PORT}
"""What is sent by UDP goes where nobody listens."""


@pytest.fixture
async def node(
    node_environ: dict[str, str], redis_client: redis.asyncio.Redis, request: pytest.FixtureRequest
) -> AsyncIterator[RunningNode]:
    async with running(Settings.from_environ(node_environ | request.param)) as parts:
        yield parts


@pytest.mark.parametrize("node", [BY_IPV6], indirect=True, ids=["ipv6"])
async def test_a_picture_is_seen_over_ipv6_alone(join: Join, eventually: Any) -> None:
    alice, bob = await join("alice"), await join("bob")
    await alice.publish("camera")
    await until_frames_grow(bob, "alice-camera", eventually)


@pytest.mark.parametrize("node", [BY_TCP], indirect=True, ids=["tcp"])
async def test_where_udp_leads_nowhere_picture_and_sound_come_over_tcp(
    join: Join, eventually: Any, node: RunningNode
) -> None:
    alice, bob = await join("alice"), await join("bob")
    await alice.publish("microphone")
    await alice.publish("camera")
    await until_frames_grow(bob, "alice-camera", eventually)

    async def loud() -> bool:
        now = await bob.received("alice-microphone")
        return now is not None and now["energy"] > 0.01

    await eventually(loud, timeout_s=TIMEOUT)
    state, stats = await bob.received("alice-camera"), node.core.stats()
    assert state is not None
    assert (state["lost"], stats.send_failures) == (0, 0)
    assert stats.connections == 2
    await bob.page.close()
    await eventually(lambda: node.core.stats().connections == 1)
