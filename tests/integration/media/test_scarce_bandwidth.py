"""Where a path does not carry every best layer, who comes first has it, and gives it up to who comes first next."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any

import pytest

from contracts.client_commands import SubscriptionWish
from contracts.node_rpc import ChangeSpotlight, ChangeSubscriptions, Done
from contracts.rooms import ParticipantId
from media_fleet.main import RunningNode
from tests.doubles.tone import Tone
from tests.integration.media.aiortc_client import MEETING
from tests.integration.media.layered_client import LAYER_RATES, LayeredClient
from tests.integration.media.narrow_client import NarrowClient

pytestmark = pytest.mark.timeout(180)

ALICE, BOB, CAROL = (ParticipantId(name) for name in ("alice", "bob", "carol"))
PATIENCE_S = 60
LOW, HIGH = range(len(LAYER_RATES))
ROOM = 1_500_000
"""Bits a second. One at its best and one at its least need 1.2 Mbit/s with all that a step up asks for, two at their
best 2.0."""


async def test_on_a_narrow_path_who_comes_first_is_seen_best_and_layers_change_over_with_that(
    node: RunningNode, gateway: Any, eventually: Any
) -> None:
    voice = Tone(None)
    alice, carol = LayeredClient(gateway, ALICE), LayeredClient(gateway, CAROL)
    bob = NarrowClient(gateway, BOB, rate=ROOM)
    async with AsyncExitStack() as stack:
        for client in (alice, carol, bob):
            stack.push_async_callback(client.close)
            await client.join()
        await alice.show()
        await carol.show(voice)

        async def best_is(who: ParticipantId) -> None:
            wanted = {f"{each}-video": HIGH if each == who else LOW for each in (ALICE, CAROL)}
            await eventually(lambda: bob.layers() == wanted, timeout_s=PATIENCE_S)

        voice.level = -20.0
        await best_is(CAROL)
        await gateway.ask(ChangeSpotlight(meeting_id=MEETING, participant_ids=(ALICE,), version=2), Done)
        await best_is(ALICE)
        await gateway.ask(ChangeSpotlight(meeting_id=MEETING, participant_ids=(), version=3), Done)
        await best_is(CAROL)
        wishes = (SubscriptionWish(track_id="alice-video", pinned=True),)
        await gateway.ask(ChangeSubscriptions(meeting_id=MEETING, participant_id=BOB, tracks=wishes), Done)
        await best_is(ALICE)
