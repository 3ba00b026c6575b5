"""A smaller picture that the node makes of a camera with one encoding: who gets it, who does not, and when it ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from fractions import Fraction
from typing import Any

import aiortc
import numpy as np
import pytest
from av import VideoFrame

from contracts.client_commands import SubscriptionWish
from contracts.node_rpc import ChangeEncryption, ChangeSubscriptions, Done, LeaveRoom
from contracts.rooms import ParticipantId, TrackId
from media_fleet.main import RunningNode
from tests.integration.media.aiortc_client import MEETING, Client
from tests.integration.media.narrow_client import NarrowClient
from tests.integration.media.one_codec_client import PATIENT, OneCodecClient

pytestmark = pytest.mark.timeout(180)

PATIENCE_S = 60
WIDTH, HEIGHT = 1280, 720
LEVELS = (40, 100, 160, 220)
PICTURES_PER_S = 8
NARROW = 300_000
"""Bits a second: less than the camera takes, and more than the smaller picture has to."""
TRACK = TrackId("alice-video")


class Wall(aiortc.VideoStreamTrack):
    """Four bars from left to right, and beneath them something that takes bits."""

    def __init__(self) -> None:
        super().__init__()
        self._number = 0
        self._random = np.random.default_rng(1)
        self._began = asyncio.get_running_loop().time()

    async def recv(self) -> VideoFrame:
        self._number += 1
        due = self._began + self._number / PICTURES_PER_S
        await asyncio.sleep(due - asyncio.get_running_loop().time())
        picture = np.full((HEIGHT * 3 // 2, WIDTH), 128, np.uint8)
        picture[:HEIGHT] = np.repeat(np.array(LEVELS, np.uint8), WIDTH // 4)
        picture[600:HEIGHT] = self._random.integers(0, 255, (HEIGHT - 600, WIDTH), np.uint8)
        frame = VideoFrame.from_ndarray(picture, format="yuv420p")
        frame.pts, frame.time_base = self._number * 90_000 // PICTURES_PER_S, Fraction(1, 90_000)
        return frame


def bars_of(frame: VideoFrame) -> list[int]:
    luma, bar = frame.to_ndarray(format="yuv420p")[: frame.height], frame.width // 4
    middle = luma[frame.height // 4 : frame.height // 2]
    return [round(float(middle[:, bar * place + bar // 4 : bar * place + bar // 2].mean())) for place in range(4)]


async def frame_of_height(client: Client, height: int) -> VideoFrame:
    """The next picture of that height. All before it are whole pictures of the same bars."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            frame = await client.received[TRACK].recv()
            assert isinstance(frame, VideoFrame)
            assert bars_of(frame) == pytest.approx(list(LEVELS), abs=12)
            if frame.height == height:
                return frame


async def heights_of(client: Client, count: int) -> set[int]:
    return {frame.height for frame in await client.frames(TRACK, count)}


@pytest.fixture
def node_environ(node_environ: dict[str, str]) -> dict[str, str]:
    return {**node_environ, **PATIENT, "PARLEY_NODE_MAX_VIDEO_TRANSCODERS": "2"}


New = Callable[[Client], Client]


@pytest.fixture
async def closed_later(node: RunningNode) -> AsyncIterator[New]:
    async with AsyncExitStack() as stack:

        def keep(client: Client) -> Client:
            stack.push_async_callback(client.close)
            return client

        yield keep


async def watching(client: Client) -> Client:
    await client.join()
    await client.wait_for_tracks(TRACK)
    return client


@pytest.mark.parametrize("codec", ["VP8", "H264"])
async def test_who_shows_it_small_gets_a_smaller_picture_as_long_as_they_do(
    node: RunningNode, gateway: Any, eventually: Any, closed_later: New, codec: str
) -> None:
    alice = closed_later(OneCodecClient(gateway, "alice", {"video": f"video/{codec}"}))
    await alice.join()
    await alice.publish(Wall())
    carol, bob = [await watching(closed_later(Client(gateway, name))) for name in ("carol", "bob")]
    await asyncio.gather(frame_of_height(carol, HEIGHT), frame_of_height(bob, HEIGHT))
    assert node.node.transcoders.processes == []

    async def show(height: int | None) -> None:
        wishes = (SubscriptionWish(track_id=TRACK, max_height=height),)
        await gateway.ask(ChangeSubscriptions(meeting_id=MEETING, participant_id=bob.id, tracks=wishes), Done)

    await show(180)
    small = await frame_of_height(bob, HEIGHT // 2)
    assert small.width == WIDTH // 2
    assert len(node.node.transcoders.processes) == 1
    assert await heights_of(carol, 5) == {HEIGHT}
    await show(None)
    await frame_of_height(bob, HEIGHT)
    await show(180)
    await frame_of_height(bob, HEIGHT // 2)
    await gateway.ask(LeaveRoom(meeting_id=MEETING, participant_id=bob.id), Done)
    await eventually(lambda: node.node.transcoders.processes == [], timeout_s=PATIENCE_S)
    assert await heights_of(carol, 3) == {HEIGHT}


async def test_whose_path_carries_no_more_gets_a_smaller_picture_and_others_the_one_that_is_sent(
    node: RunningNode, gateway: Any, eventually: Any, closed_later: New
) -> None:
    alice = closed_later(OneCodecClient(gateway, "alice", {"video": "video/VP8"}))
    await alice.join()
    await alice.publish(Wall())
    carol = await watching(closed_later(Client(gateway, "carol")))
    bob = await watching(closed_later(NarrowClient(gateway, "bob", rate=NARROW, decodes=True)))
    await frame_of_height(bob, HEIGHT // 2)
    assert (ParticipantId("bob"), TRACK) not in gateway.starved
    assert await heights_of(carol, 5) == {HEIGHT}
    await gateway.ask(ChangeEncryption(meeting_id=MEETING, encrypted=True, version=9), Done)
    await eventually(lambda: node.node.transcoders.processes == [], timeout_s=PATIENCE_S)
    await eventually(lambda: (ParticipantId("bob"), TRACK) in gateway.starved, timeout_s=PATIENCE_S)
