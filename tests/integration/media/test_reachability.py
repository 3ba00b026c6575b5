"""Clients reach a node wherever their networks let them: by IPv6."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import redis.asyncio

from media_fleet.main import RunningNode, running
from media_fleet.settings import Settings
from tests.integration.media.page_client import Join, until_frames_grow


@pytest.fixture
async def node(node_environ: dict[str, str], redis_client: redis.asyncio.Redis) -> AsyncIterator[RunningNode]:
    """A node that is there by IPv6 alone."""
    own = {"PARLEY_NODE_BIND_ADDRESSES": "::1", "PARLEY_NODE_ADVERTISED_ADDRESSES": "::1"}
    async with running(Settings.from_environ(node_environ | own)) as parts:
        yield parts


async def test_a_picture_is_seen_over_ipv6_alone(join: Join, eventually: Any) -> None:
    alice, bob = await join("alice"), await join("bob")
    await alice.publish("camera")
    await until_frames_grow(bob, "alice-camera", eventually)
