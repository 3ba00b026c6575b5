"""A node that clients reach through a network which can be made as bad as one likes."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import redis.asyncio

from media_fleet.main import RunningNode, running
from media_fleet.settings import Settings
from tests.integration.media.impaired_paths.impaired_network import ImpairedNetwork


@pytest.fixture
async def network() -> AsyncIterator[ImpairedNetwork]:
    """Between clients and the node; good until it is told otherwise."""
    network = ImpairedNetwork(seed=1)
    await network.open()
    yield network
    await network.close()


@pytest.fixture
async def node(
    node_environ: dict[str, str], redis_client: redis.asyncio.Redis, network: ImpairedNetwork
) -> AsyncIterator[RunningNode]:
    environ = node_environ | {
        "PARLEY_NODE_ADVERTISED_PORT": str(network.port),
        # A browser would take it where UDP is bad, and what is impaired is the path of UDP.
        "PARLEY_NODE_TCP": "off",
        # As in production: of a few checks one is lost here, and other tests' patience is for little more than one.
        "PARLEY_NODE_CONSENT_TIMEOUT_MS": "15000",
    }
    async with running(Settings.from_environ(environ)) as parts:
        network.node_port = parts.core.local_port
        yield parts
