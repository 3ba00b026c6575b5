"""One meeting on two real nodes: what is published at one is seen at the other, and crosses between them once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from typing import Any

import msgspec
import pytest
from playwright.async_api import Browser

from contracts.data_messages import MAX_PAYLOAD, Heard, Label
from contracts.node_rpc import (
    Done,
    LeaveRoom,
    MoveParticipants,
    SetTrackMuted,
    SpanRoom,
    Whereabouts,
)
from contracts.rooms import NodeId, TrackId
from media_fleet.main import RunningNode
from tests.integration.media.page_client import MEETING, PageClient, until_frames_grow, until_width_is
from tests.integration.media.test_data_channels import Client as DataClient
from tests.integration.media.two_nodes import EAST, WEST, At


@pytest.fixture
async def join(
    nodes: dict[NodeId, RunningNode], gateway: Any, browser: Browser, page_url: str
) -> AsyncIterator[Callable[[str, NodeId], Awaitable[PageClient]]]:
    async with AsyncExitStack() as stack:

        async def join(name: str, node_id: NodeId) -> PageClient:
            client = PageClient(At(gateway, node_id), await browser.new_page(), name)
            stack.push_async_callback(client.close)
            await client.join(page_url)
            return client

        yield join


async def test_people_at_two_nodes_see_each_other_as_if_at_one(
    nodes: dict[NodeId, RunningNode], join: Any, gateway: Any, eventually: Any
) -> None:
    alice, bob = await join("alice", WEST), await join("bob", EAST)
    west, east = At(gateway, WEST), At(gateway, EAST)
    await alice.publish("camera")
    await bob.publish("microphone")
    await until_width_is(bob, "alice-camera", 1280, eventually)
    await until_frames_grow(bob, "alice-camera", eventually)

    async def loud() -> bool:
        heard = await alice.received("bob-microphone")
        return heard is not None and heard["energy"] > 0.01

    await eventually(loud, timeout_s=30)
    # Two layers are nobody's wish at the other node: the link carries what the smallest takes.
    await bob.wish("alice-camera", max_height=180)
    await until_width_is(bob, "alice-camera", 320, eventually)
    await until_frames_grow(bob, "alice-camera", eventually)
    # What is muted does not leave its node.
    mute = SetTrackMuted(
        meeting_id=MEETING, participant_id=alice.id, track_id=TrackId("alice-camera"), muted=True, version=2
    )
    await west.ask(mute, Done)
    forwarded = -1

    def is_still() -> bool:
        nonlocal forwarded
        before, forwarded = forwarded, nodes[EAST].core.stats().rtp_forwarded
        return nodes[WEST].core.stats().rtp_received > 0 and before == forwarded

    await eventually(is_still)
    await west.ask(msgspec.structs.replace(mute, muted=False, version=3), Done)
    await until_frames_grow(bob, "alice-camera", eventually)
    # Whoever goes into another breakout room is neither seen nor heard.
    move = MoveParticipants(meeting_id=MEETING, moves=(Whereabouts(participant_id=alice.id, breakout="b"),), version=4)
    for at in (west, east):
        await at.ask(move, Done)
    assert nodes[EAST].plane.counts().subscriptions == 0
    assert nodes[WEST].plane.counts().subscriptions == 0
    back = msgspec.structs.replace(move, moves=(Whereabouts(participant_id=alice.id, breakout=None),), version=5)
    for at in (west, east):
        await at.ask(back, Done)
    await until_frames_grow(bob, "alice-camera", eventually)
    # When nobody is left at one node the other knows nothing of it any more.
    await east.ask(LeaveRoom(meeting_id=MEETING, participant_id=bob.id), Done)
    await eventually(lambda: nodes[WEST].plane.counts().tracks == 1)
    await west.ask(SpanRoom(meeting_id=MEETING, nodes=(WEST,), version=6), Done)
    await eventually(lambda: all(node.node.relays.nodes == 0 for node in nodes.values()))
    await west.ask(LeaveRoom(meeting_id=MEETING, participant_id=alice.id), Done)
    for node in nodes.values():
        await eventually(lambda node=node: not any(msgspec.structs.astuple(node.plane.counts())))
        assert node.core.stats().transports == 0


async def test_whoever_goes_to_another_node_is_seen_again_by_those_who_stay(
    nodes: dict[NodeId, RunningNode], join: Any, gateway: Any, eventually: Any
) -> None:
    alice, bob = await join("alice", WEST), await join("bob", WEST)
    await alice.publish("camera")
    await until_frames_grow(bob, "alice-camera", eventually)
    # First at the new node, then no longer at the old one.
    moved = await join("alice", EAST)
    await moved.publish("camera")
    await eventually(lambda: nodes[EAST].core.stats().rtp_received > 100, timeout_s=30)
    await At(gateway, WEST).ask(LeaveRoom(meeting_id=MEETING, participant_id=alice.id), Done)
    await until_frames_grow(bob, "alice-camera", eventually)
    assert nodes[WEST].plane.counts().tracks == 1


async def test_lossy_messages_reach_those_at_the_other_node(nodes: dict[NodeId, RunningNode], gateway: Any) -> None:
    async with AsyncExitStack() as stack:
        west, east = At(gateway, WEST), At(gateway, EAST)
        clients = [DataClient(at, name) for at, name in ((west, "a"), (west, "b"), (east, "c"), (east, "d"))]
        for client in clients:
            stack.push_async_callback(client.close)
            await client.join(data=client.id != "d")
        alice, bob, carol, dora = clients
        # The nodes find each other; what is lossy is lost until then.
        while True:
            alice.say(b"first", label=Label.LOSSY)
            with suppress(TimeoutError):
                await asyncio.wait_for(carol.heard.get(), 0.1)
                break
        alice.say(b"x" * MAX_PAYLOAD[Label.LOSSY], label=Label.LOSSY, topic="y" * 64)
        for client in (bob, carol, dora):
            while (heard := await client.hears()).payload == b"first":
                assert heard.sender == "a"
            assert heard == Heard(sender=alice.id, topic="y" * 64, payload=b"x" * MAX_PAYLOAD[Label.LOSSY])
        # To one of them, from one who may not, and to another room: the last message shows that no other came before.
        alice.say(b"to carol", "c", label=Label.LOSSY)
        dora.say(b"not permitted", label=Label.LOSSY)
        assert (await carol.hears()).payload == b"to carol"
        apart = (Whereabouts(participant_id=dora.id, breakout="b1"),)
        for at in (west, east):
            await at.ask(MoveParticipants(meeting_id=MEETING, moves=apart, version=2), Done)
        carol.say(b"in the main room", label=Label.LOSSY)
        for client in (alice, bob):
            assert (await client.hears()).payload == b"in the main room"
        assert all(client.heard.empty() for client in clients)
        alice.say(b"surely", label=Label.RELIABLE)
        assert set((await alice.answer()).missed) == {carol.id}, "others are reached through the gateway"
