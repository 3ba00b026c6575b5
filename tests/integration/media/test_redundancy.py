"""Redundant sound through a real node: whole to who takes it, and as plain Opus to everybody else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from av import AudioFrame

from media_fleet.main import RunningNode
from tests.doubles.tone import Tone
from tests.integration.media.redundant_client import RedundantClient, blocks

ENOUGH = 40


@pytest.fixture
async def clients(node: RunningNode, gateway: Any) -> AsyncIterator[list[RedundantClient]]:
    """Alice, who sends redundant sound, Bob, who takes it, and Carol, who does not; all have joined."""
    assert node.core.stats().transports == 0
    clients = [RedundantClient(gateway, name, takes_red=name != "carol") for name in ("alice", "bob", "carol")]
    for client in clients:
        await client.join()
    yield clients
    for client in clients:
        await client.close()


async def test_redundant_sound_goes_whole_to_who_takes_it_and_without_copies_to_others(
    clients: list[RedundantClient], node: RunningNode, eventually: Any
) -> None:
    alice, bob, carol = clients
    await alice.publish(Tone(-20.0))
    for listener in (bob, carol):
        await listener.wait_for_tracks("alice-audio")
    await eventually(lambda: len(bob.packets) >= ENOUGH and len(carol.packets) >= ENOUGH)
    whole = [packet for packet in bob.packets if packet.payload_type == 97]
    assert len(whole) == len(bob.packets)
    split = [(packet.sequence_number, *blocks(packet.payload)) for packet in whole]
    # The very first one has nothing before it.
    assert [types for _, types, _ in split[1:]] == [[96, 96]] * (len(split) - 1)
    assert all(found[-1] in alice.sounds for _, _, found in split)
    for (number, _, before), (following, _, found) in pairwise(split):
        assert following != number + 1 or found[0] == before[-1], "the copy of what was before"
    assert {packet.payload_type for packet in carol.packets} == {96}
    plain = [packet.payload for packet in carol.packets]
    # A tone's frames repeat: where they begin cannot be told by the first of them.
    assert any(plain == alice.sounds[place : place + len(plain)] for place in range(len(alice.sounds)))
    steps = {later.sequence_number - earlier.sequence_number for earlier, later in pairwise(carol.packets)}
    assert steps <= {1, 1 - 2**16}, "one packet for each that came"
    assert node.core.stats().dropped_malformed == 0

    async def is_loud() -> bool:
        frame = await carol.received["alice-audio"].recv()
        assert isinstance(frame, AudioFrame)
        return bool(np.abs(frame.to_ndarray()).max() > 1_000)

    await eventually(is_loud)
