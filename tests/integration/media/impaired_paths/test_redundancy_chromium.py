"""What redundant sound is worth where packets are lost: two microphones over one path, one of them with copies.

``--log-cli-level=INFO`` shows how much was made up for each.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.media.impaired_paths.impaired_network import ImpairedNetwork
from tests.integration.media.page_client import Join

logger = logging.getLogger(__name__)

pytestmark = pytest.mark.timeout(180)
FRAME = 960
"""Samples in a packet: 20 ms."""
PATIENCE_S = 60


@pytest.mark.parametrize("way", ["loss_to_client", "loss_to_node"])
async def test_copies_of_what_was_lost_are_heard_in_its_place(
    join: Join, eventually: Callable[..., Any], network: ImpairedNetwork, way: str
) -> None:
    alice, bob, carol = await join("alice"), await join("bob"), await join("carol")
    await alice.publish("microphone", sounds=True, redundant=True)
    await bob.publish("microphone", sounds=True)

    async def heard() -> list[dict[str, float]]:
        """What came of both, and what was made up, in this order."""
        found = [await carol.received(f"{name}-microphone") for name in ("alice", "bob")]
        return [each for each in found if each is not None and each["packets"] > 100]

    async def are_both_heard() -> bool:
        return len(await heard()) == 2

    await eventually(are_both_heard, timeout_s=PATIENCE_S)
    before = await heard()
    setattr(network.usual, way, 0.1)

    async def since() -> list[dict[str, float]]:
        return [{name: now[name] - then[name] for name in now} for now, then in zip(await heard(), before, strict=True)]

    async def is_much_lost() -> bool:
        return all(each["lost"] >= 60 for each in await since())

    await eventually(is_much_lost, timeout_s=PATIENCE_S)
    redundant, plain = await since()
    for name, each in (("redundant", redundant), ("plain", plain)):
        logger.info(
            "%s: %d packets lost, %.2f %% made up", name, each["lost"], 100 * each["concealed"] / each["samples"]
        )
    assert redundant["discarded"] > redundant["packets"] / 2, "copies came that were not needed"
    assert plain["discarded"] < plain["packets"] / 2
    # A machine that stands still makes gaps in both; what both differ by is what the copies have filled.
    made_up = [each["concealed"] / each["lost"] for each in (plain, redundant)]
    assert made_up[0] - made_up[1] > FRAME / 2, "of each lost packet"
