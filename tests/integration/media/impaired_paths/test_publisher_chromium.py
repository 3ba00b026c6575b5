"""Publishers whose own paths lose packets, or narrow: nobody else's picture is disturbed, and theirs go on.

The plots are in ``artefacts/paths``. Both pictures are watched in one page at the same time: a busy
machine slows both.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from media_fleet.main import RunningNode
from tests.integration.media.impaired_paths.impaired_network import Conditions, ImpairedNetwork
from tests.integration.media.impaired_paths.path_record import Seen, recorded, seen_smaller, worse_in_windows
from tests.integration.media.page_client import TIMEOUT, Join, PageClient, until_frames_grow, until_width_is

logger = logging.getLogger(__name__)

pytestmark = pytest.mark.timeout(180)

GOOD, LOSSY = "alice-camera", "carol-camera"
HALF_ROUND_TRIP_S = 0.05
LOSS = 0.10
FRAMES = 100
"""So many of the good one's frames both are watched."""
LEAST_FRAMES = 0.85
"""Of the frames of the good one: pictures that are repaired too late are left out."""
MOST_FROZEN_S = 0.3
"""Beyond what the good one stood still for."""
LONGEST_PAUSE_S = 0.75
"""As much longer than the good one's."""
WIDE, NARROW = 3_000_000, 500_000
LONGEST_PAUSE_WHILE_NARROW_S = 2.0
DISTURBED = ("pliCount", "nackCount", "packetsLost")


async def test_a_publisher_who_loses_packets_disturbs_no_other_picture_and_its_own_goes_on(
    join: Join, eventually: Any, network: ImpairedNetwork, node: RunningNode, gateway: Any
) -> None:
    network.usual = Conditions(delay_s=HALF_ROUND_TRIP_S)
    alice, bob = await join("alice"), await join("bob")
    await bob.wish(GOOD, max_height=180)
    await alice.publish("camera")
    await until_frames_grow(bob, GOOD, eventually)
    network.keep_paths()
    network.usual = Conditions(delay_s=HALF_ROUND_TRIP_S, loss_to_node=LOSS)
    carol = await join("carol")
    for who, track_id in ((carol, GOOD), (alice, LOSSY)):
        await who.wish(track_id, enabled=False)
    await bob.wish(LOSSY, max_height=180)
    await carol.publish("camera")
    await until_frames_grow(bob, LOSSY, eventually)
    async with recorded("lossy-publisher", {each: (bob, each) for each in (GOOD, LOSSY)}) as records:
        before, asked = await _repairs(bob), node.core.stats().nacks_sent
        watched = partial(until_frames_grow, bob, GOOD, eventually, count=FRAMES)
        worse = await worse_in_windows(records, watched, _worse_than_may_be)
        after = await _repairs(bob)
    assert not worse
    assert after == before, "nothing of the good one was lost or asked for again"
    assert (bob.id, GOOD) not in gateway.starved
    assert node.core.stats().nacks_sent > asked, "what was lost was asked for"


def _worse_than_may_be(seen: dict[str, Seen]) -> dict[str, Seen]:
    """What both pictures were, if the lossy one is beyond its limits."""
    is_worse = (
        seen[LOSSY].frame_rate < LEAST_FRAMES * seen[GOOD].frame_rate
        or seen[LOSSY].frozen_s > seen[GOOD].frozen_s + MOST_FROZEN_S
        or seen[LOSSY].longest_pause_s > seen[GOOD].longest_pause_s + LONGEST_PAUSE_S
    )
    return seen if is_worse else {}


async def _repairs(client: PageClient) -> dict[str, float]:
    counted = await client.repairs_of(GOOD)
    assert counted is not None
    return {name: counted[name] for name in DISTURBED}


async def test_a_publisher_whose_path_narrows_is_seen_smaller_and_then_as_before(
    join: Join, eventually: Any, network: ImpairedNetwork, record_testsuite_property: Callable[[str, object], None]
) -> None:
    # To bob it is as wide as it comes, and of him there are reports only.
    network.usual.rate_to_node = WIDE
    alice, bob = await join("alice"), await join("bob")
    await alice.publish("camera")
    await until_width_is(bob, GOOD, 1280, eventually)
    async with recorded("narrow-publisher", {"bob": (bob, GOOD)}) as records:
        record = records["bob"]
        network.usual.rate_to_node = NARROW
        seen = await seen_smaller(record, bob, GOOD, eventually, timeout_s=TIMEOUT)
        widened = record.last
        network.usual.rate_to_node = WIDE
        await until_width_is(bob, GOOD, 1280, eventually)
        took_s = record.last.at_s - widened.at_s
    logger.info("%s, %.1f s until the best layer", seen, took_s)
    record_testsuite_property("s from a publisher's path widened to 3 Mbit/s to the best layer", round(took_s, 1))
    assert seen.bitrate < NARROW, seen
    assert seen.longest_pause_s < LONGEST_PAUSE_WHILE_NARROW_S, seen
    assert seen.frozen_s < 0.25 * seen.seconds, seen
