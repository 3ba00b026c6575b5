"""What browsers see of a camera over bad paths, held against limits; the plots are in ``artefacts/paths``.

Receivers are compared with one whose path is good, in the same meeting at the same time: a loaded machine's encoder
slows all of them, and a limit of time alone would be a limit of the machine.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from msgspec import Struct

from tests.integration.media.impaired_paths.impaired_network import Conditions, ImpairedNetwork
from tests.integration.media.impaired_paths.path_record import (
    Seen,
    keep_trace,
    recorded,
    seen_smaller,
    worse_in_windows,
)
from tests.integration.media.page_client import Join, PageClient, until_frames_grow, until_width_is

logger = logging.getLogger(__name__)

pytestmark = pytest.mark.timeout(240)

CAMERA = "alice-camera"
PATIENCE_S = 60
HALF_ROUND_TRIP_S = 0.05
GOOD = "good"
NARROWING = "three-megabit-to-300-kilobit"
Tell = Callable[[str, object], None]


class Bad(Struct, frozen=True, kw_only=True):
    """A path, and what may become of the picture on it, compared with a good one."""

    path: Conditions
    frames: float
    """The least share of the frames: of two temporal layers, upper ones that are late are left out."""
    frozen_s: float
    """The most time that the picture stands still."""


def _lossy(share: float) -> Conditions:
    """Each way: what is asked for again is lost, too, and so are the requests."""
    return Conditions(delay_s=HALF_ROUND_TRIP_S, loss_to_client=share, loss_to_node=share)


# Those first whose players have the most to learn before they are watched.
BAD_PATHS = {
    "10 % lost": Bad(path=_lossy(0.10), frames=0.85, frozen_s=0.3),
    "5 % lost": Bad(path=_lossy(0.05), frames=0.9, frozen_s=0.3),
    "1 % lost": Bad(path=_lossy(0.01), frames=0.9, frozen_s=0.3),
    "30 ms jitter": Bad(path=Conditions(delay_s=HALF_ROUND_TRIP_S, jitter_s=0.03), frames=0.9, frozen_s=0.3),
}
FRAMES = 150
"""So many of the good receiver's frames the others are watched."""
LONGEST_PAUSE_S = 2.0
LEAST_BITRATE = 100_000
"""Of a path of 300 kbit/s: what there is between the layers that fit is not used."""


async def _join_over(path: Conditions, join: Join, network: ImpairedNetwork, name: str, eventually: Any) -> PageClient:
    """A receiver of the small picture whose path is so from the beginning."""
    network.keep_paths()
    network.usual = path
    client = await join(name)
    await client.wish(CAMERA, max_height=360)
    await until_frames_grow(client, CAMERA, eventually)
    return client


async def test_loss_delay_and_jitter_are_hardly_seen(join: Join, eventually: Any, network: ImpairedNetwork) -> None:
    alice = await join("alice")
    await alice.publish("camera")
    receivers: dict[str, PageClient] = {}
    ports: dict[str, int] = {}
    good_path = Conditions(delay_s=HALF_ROUND_TRIP_S)
    paths = {**{label: bad.path for label, bad in BAD_PATHS.items()}, GOOD: good_path}
    for number, (label, path) in enumerate(paths.items()):
        receivers[label] = await _join_over(path, join, network, f"bob{number}", eventually)
        ports[label] = network.ports[-1]
    async with recorded("loss-delay-jitter", {label: (who, CAMERA) for label, who in receivers.items()}) as records:
        watched = partial(until_frames_grow, receivers[GOOD], CAMERA, eventually, count=FRAMES)
        worse = await worse_in_windows(records, watched, _worse_than_may_be)
    for label, port in ports.items():
        keep_trace(label.replace(" ", "-").replace("%", "percent"), network.passages[port])
    assert not worse


def _worse_than_may_be(seen: dict[str, Seen]) -> dict[str, Seen]:
    """What is beyond its limits, and then what the good path gave beside it."""
    good = seen[GOOD]
    worse = {
        label: seen[label]
        for label, bad in BAD_PATHS.items()
        if seen[label].frame_rate < bad.frames * good.frame_rate or seen[label].frozen_s > good.frozen_s + bad.frozen_s
    }
    return {**worse, GOOD: good} if worse else {}


async def test_a_path_that_narrows_tenfold_is_not_overfilled_and_taken_back(
    join: Join, eventually: Any, network: ImpairedNetwork, node: Any, record_testsuite_property: Tell
) -> None:
    alice, carol = await join("alice"), await join("carol")
    await alice.publish("camera")
    await until_width_is(carol, CAMERA, 1280, eventually)
    network.keep_paths()
    network.usual = Conditions(rate_to_client=3_000_000)
    bob = await join("bob")
    await until_width_is(bob, CAMERA, 1280, eventually)
    port = network.ports[-1]
    async with recorded(NARROWING, {"bob": (bob, CAMERA), GOOD: (carol, CAMERA)}) as records:
        record = records["bob"]
        network.usual.rate_to_client = 300_000
        narrow = await seen_smaller(record, bob, CAMERA, eventually, timeout_s=PATIENCE_S)
        widened = record.last
        network.usual.rate_to_client = 3_000_000
        await until_width_is(bob, CAMERA, 1280, eventually)
        record_testsuite_property(
            "s from a path widened to 3 Mbit/s to the best layer", record.last.at_s - widened.at_s
        )
        watched = partial(until_frames_grow, carol, CAMERA, eventually, count=FRAMES)
        worse = await worse_in_windows(records, watched, _less_than_the_good_one)
    logger.info("narrow: %s", narrow)
    keep_trace(NARROWING, network.passages[port])
    assert LEAST_BITRATE < narrow.bitrate < 300_000, narrow
    assert narrow.frame_rate > 5, narrow
    assert narrow.longest_pause_s < LONGEST_PAUSE_S, narrow
    assert narrow.frozen_s < 0.25 * narrow.seconds, narrow
    assert node.core.stats().padding_sent > 0, "room is looked for, not waited for"
    assert not worse


def _less_than_the_good_one(both: dict[str, Seen]) -> dict[str, tuple[Seen, Seen]]:
    """In what a path that carries all again gives less than one that always did, and what both give."""
    seen, good = both["bob"], both[GOOD]
    limits = {
        "frames": seen.frame_rate < 0.9 * good.frame_rate,
        "frozen": seen.frozen_s > good.frozen_s + 0.3,
        "bitrate": seen.bitrate < 0.8 * good.bitrate,
        "layer": seen.narrowest < good.narrowest,
    }
    return {what: (seen, good) for what, is_less in limits.items() if is_less}
