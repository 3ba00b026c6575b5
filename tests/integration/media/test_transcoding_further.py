"""Transcoding between a browser and others, and where a meeting is on two nodes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from contracts.client_commands import SubscriptionWish
from contracts.node_rpc import ChangeSubscriptions, Done
from contracts.rooms import NodeId
from media_fleet.main import RunningNode
from tests.doubles.tone import Tone
from tests.integration.media.aiortc_client import MEETING
from tests.integration.media.one_codec_client import PATIENT, OneCodecClient
from tests.integration.media.page_client import Join, until_frames_grow, until_width_is
from tests.integration.media.test_transcoding import H264, OPUS, PCMU, VP8, Bars, bars_of, frequency_of
from tests.integration.media.two_nodes import EAST, WEST, At


@pytest.fixture
def node_environ(node_environ: dict[str, str]) -> dict[str, str]:
    return {**node_environ, **PATIENT}


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


async def test_chromium_with_vp8_and_pcmu_alone_and_somebody_with_h264_and_opus_alone(
    join: Join, gateway: Any, stack: AsyncExitStack, eventually: Any
) -> None:
    alice = await join("alice")
    await alice.run("window.only = { audio: ['audio/PCMU'], video: ['video/VP8', 'video/rtx'] }")
    bob = OneCodecClient(gateway, "bob", {**H264, **OPUS})
    stack.push_async_callback(bob.close)
    await bob.join()
    await bob.publish(Bars(), Tone(frequency=1_000))
    await until_width_is(alice, "bob-video", 320, eventually)
    await until_frames_grow(alice, "bob-video", eventually)

    async def loud() -> bool:
        heard = await alice.received("bob-audio")
        return heard is not None and heard["energy"] > 0.001

    await eventually(loud, timeout_s=30)
    await alice.publish("camera")
    await alice.publish("microphone", sounds=True)
    await bob.wait_for_tracks("alice-camera", "alice-microphone")
    assert await frequency_of(bob, "alice-microphone") == pytest.approx(440, abs=4)

    async def sees(width: int) -> bool:
        [frame] = await bob.frames("alice-camera", 1)
        return bool(frame.width == width)

    await eventually(lambda: sees(1280), timeout_s=60)
    wish = SubscriptionWish(track_id="alice-camera", max_height=180)
    request = ChangeSubscriptions(meeting_id=MEETING, participant_id=bob.id, tracks=(wish,))
    assert await gateway.request(request) == Done()
    await eventually(lambda: sees(320), timeout_s=30)


async def test_of_a_meeting_on_two_nodes_the_viewers_transcodes(
    nodes: dict[NodeId, RunningNode], gateway: Any, stack: AsyncExitStack
) -> None:
    alice = OneCodecClient(At(gateway, WEST), "alice", {**H264, **PCMU})
    bob = OneCodecClient(At(gateway, EAST), "bob", {**VP8, **OPUS})
    for client in (alice, bob):
        stack.push_async_callback(client.close)
        await client.join()
    await alice.publish(Bars(), Tone(frequency=440))
    await bob.wait_for_tracks("alice-video", "alice-audio")
    frames, heard = await asyncio.gather(bob.frames("alice-video", 12), frequency_of(bob, "alice-audio"))
    assert bars_of(frames[-1]) == pytest.approx(list(Bars.LEVELS), abs=6)
    assert heard == pytest.approx(440, abs=4)
    assert len(nodes[EAST].node.transcoders.processes) == 2
    assert nodes[WEST].node.transcoders.processes == []
