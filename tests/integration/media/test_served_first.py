"""What gateways, subscribers and voices say of who comes first reaches the packet core, which shares paths by it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from aiortc.mediastreams import VideoStreamTrack

from contracts.client_commands import SubscriptionWish
from contracts.node_rpc import ChangeSpotlight, ChangeSubscriptions, Done, JoinRoom, SubscriptionOffered
from contracts.rooms import ParticipantId
from media_fleet.main import RunningNode
from tests.doubles.tone import Tone
from tests.integration.media.aiortc_client import MEETING, Client

ALICE, BOB, CAROL = (ParticipantId(name) for name in ("alice", "bob", "carol"))


@pytest.fixture
async def voice(node: RunningNode, gateway: Any) -> AsyncIterator[Tone]:
    """Carol's, who has a camera and a microphone; Alice has a camera, and Bob watches both."""
    voice = Tone(None)
    async with AsyncExitStack() as stack:
        clients = {who: Client(gateway, who) for who in (ALICE, CAROL, BOB)}
        for client in clients.values():
            stack.push_async_callback(client.close)
            await client.join()
        await clients[ALICE].publish(VideoStreamTrack())
        await clients[CAROL].publish(VideoStreamTrack(), voice)
        await clients[BOB].wait_for_tracks("alice-video", "carol-video", "carol-audio")
        yield voice


def _first(node: RunningNode) -> str | None:
    """Which picture the packet core serves Bob before the others, if it has both; None: neither comes first."""
    of_bob = {
        str(held.effect.subscription.track.track_id): held.effect.share.priority
        for held in node.plane.held.by_subscription.values()
        if held.effect.subscription.transport.participant_id == BOB
    }
    alice, carol = of_bob.get("alice-video", 0), of_bob.get("carol-video", 0)
    return None if alice == carol else "alice" if alice > carol else "carol"


async def test_the_spotlight_and_pins_come_before_who_speaks_and_speech_before_the_rest(
    node: RunningNode, gateway: Any, voice: Tone, eventually: Any
) -> None:
    assert _first(node) is None
    voice.level = -20.0
    await eventually(lambda: _first(node) == CAROL)
    await gateway.ask(ChangeSpotlight(meeting_id=MEETING, participant_ids=(ALICE,), version=2), Done)
    assert _first(node) == ALICE
    # Whoever comes says it as of a version, and an earlier one is nothing to go by.
    for version, spotlight, first in ((1, (CAROL,), ALICE), (3, (), CAROL)):
        join = JoinRoom(
            meeting_id=MEETING,
            participant_id=BOB,
            subscribe=True,
            connection=1,
            version=version,
            spotlight=spotlight,
        )
        await gateway.ask(join, SubscriptionOffered)
        assert _first(node) == first
    wishes = (SubscriptionWish(track_id="alice-video", pinned=True),)
    await gateway.ask(ChangeSubscriptions(meeting_id=MEETING, participant_id=BOB, tracks=wishes), Done)
    assert _first(node) == ALICE
    wishes = (SubscriptionWish(track_id="alice-video"),)
    await gateway.ask(ChangeSubscriptions(meeting_id=MEETING, participant_id=BOB, tracks=wishes), Done)
    assert _first(node) == CAROL
    voice.level = None
    while await gateway.speakers[BOB].get() != ():
        pass
    assert _first(node) == CAROL, "until somebody else speaks"
