"""What sender, node and receiver of a camera count while packets are lost: says why a picture froze."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from media_fleet.main import RunningNode
from tests.integration.media.page_client import PageClient

INTERVAL_S = 0.5
NODE_COUNTERS = (
    "key_frames_requested",
    "key_frames_asked_for",
    "nacks_sent",
    "rtx_received",
    "nacks_received",
    "rtx_sent",
    "send_failures",
)


async def _sample(sender: PageClient, node: RunningNode, receiver: PageClient) -> dict[str, Any]:
    stats = node.core.stats()
    return {
        "receiver": await receiver.repairs_of(f"{sender.id}-camera"),
        "sender": await sender.encodings(),
        "node": {name: getattr(stats, name) for name in NODE_COUNTERS},
    }


@asynccontextmanager
async def told_on_failure(sender: PageClient, node: RunningNode, receiver: PageClient) -> AsyncIterator[None]:
    """Follows the sender's camera; if what is done meanwhile fails, the failure says what was counted all the time."""
    samples: list[str] = []
    start = time.monotonic()

    async def sample() -> None:
        counted = await _sample(sender, node, receiver)
        lines = (f"    {who}: {numbers}" for who, numbers in counted.items())
        samples.append("\n".join([f"After {time.monotonic() - start:.1f} s:", *lines]))

    async def follow() -> None:
        while True:
            await sample()
            await asyncio.sleep(INTERVAL_S)

    following = asyncio.create_task(follow())
    try:
        yield
    except Exception as error:
        try:
            await sample()
        finally:
            error.add_note("\n".join(samples))
        raise
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
