"""Who does not take a codec gets what is sent in it by a transcoder of the node: pictures and sound are compared."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import aiortc
import numpy as np
import pytest
from av import VideoFrame

from contracts.client_commands import SubscriptionWish
from contracts.node_rpc import ChangeSubscriptions, Done, LeaveRoom
from contracts.rooms import TrackId
from media_fleet.main import RunningNode
from tests.doubles.tone import Tone
from tests.integration.media.aiortc_client import MEETING, Client
from tests.integration.media.one_codec_client import PATIENT, OneCodecClient

NewClient = Callable[[str, dict[str, str]], OneCodecClient]
H264, VP8 = {"video": "video/H264"}, {"video": "video/VP8"}
OPUS, PCMU, G722 = {"audio": "audio/opus"}, {"audio": "audio/PCMU"}, {"audio": "audio/G722"}
WIDTH, HEIGHT = 320, 240


class Bars(aiortc.VideoStreamTrack):
    """Four bars from left to right, whose brightness no two have in common."""

    LEVELS = (40, 100, 160, 220)

    async def recv(self) -> VideoFrame:
        pts, time_base = await self.next_timestamp()
        plane = np.repeat(np.array(self.LEVELS, np.uint8), WIDTH // 4)
        picture = np.full((HEIGHT * 3 // 2, WIDTH), 128, np.uint8)
        picture[:HEIGHT] = plane
        frame = VideoFrame.from_ndarray(picture, format="yuv420p")
        frame.pts, frame.time_base = pts, time_base
        return frame


def bars_of(frame: VideoFrame) -> list[int]:
    luma = frame.to_ndarray(format="yuv420p")[: frame.height]
    return [round(float(luma[60:180, 80 * bar + 20 : 80 * bar + 60].mean())) for bar in range(4)]


async def frequency_of(client: Client, track_id: str) -> float:
    """The loudest tone of a second, in hertz."""
    frames = await client.frames(track_id, 75)
    channels = len(frames[0].layout.channels)
    samples = np.concatenate([frame.to_ndarray().reshape(-1, channels)[:, 0] for frame in frames[25:]])
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum) * frames[0].sample_rate / len(samples))


@pytest.fixture
def node_environ(node_environ: dict[str, str], request: pytest.FixtureRequest) -> dict[str, str]:
    return {**node_environ, **PATIENT, **getattr(request, "param", {})}


@pytest.fixture
async def new_client(node: RunningNode, gateway: Any) -> AsyncIterator[NewClient]:
    async with AsyncExitStack() as stack:

        def make(name: str, codecs: dict[str, str]) -> OneCodecClient:
            client = OneCodecClient(gateway, name, codecs)
            stack.push_async_callback(client.close)
            return client

        yield make


@pytest.mark.parametrize(("one", "other"), [(PCMU, OPUS), (G722, OPUS), (PCMU, G722)], ids=["pcmu", "g722", "both"])
async def test_who_has_no_opus_and_who_has_hear_each_other(
    new_client: NewClient, one: dict[str, str], other: dict[str, str]
) -> None:
    alice, bob = new_client("alice", one), new_client("bob", other)
    await asyncio.gather(alice.join(), bob.join())
    await asyncio.gather(alice.publish(Tone(frequency=440)), bob.publish(Tone(frequency=1_000)))
    await asyncio.gather(alice.wait_for_tracks("bob-audio"), bob.wait_for_tracks("alice-audio"))
    heard = await asyncio.gather(frequency_of(bob, "alice-audio"), frequency_of(alice, "bob-audio"))
    assert list(heard) == pytest.approx([440, 1_000], abs=4)


async def test_who_has_h264_alone_and_who_has_vp8_alone_see_each_other(
    new_client: NewClient, node: RunningNode
) -> None:
    alice, bob = new_client("alice", H264), new_client("bob", VP8)
    await asyncio.gather(alice.join(), bob.join())
    await asyncio.gather(alice.publish(Bars()), bob.publish(Bars()))
    await asyncio.gather(alice.wait_for_tracks("bob-video"), bob.wait_for_tracks("alice-video"))
    for client, track in ((alice, "bob-video"), (bob, "alice-video")):
        frames = await client.frames(track, 12)
        assert (frames[-1].width, frames[-1].height) == (WIDTH, HEIGHT)
        assert bars_of(frames[-1]) == pytest.approx(list(Bars.LEVELS), abs=6)
    assert len(node.node.transcoders.processes) == 2, "one for each track"


async def seen(new_client: NewClient, name: str, track: str) -> OneCodecClient:
    """Somebody without H.264 who sees a track."""
    client = new_client(name, VP8)
    await client.join()
    await client.wait_for_tracks(track)
    await client.frames(track, 3)
    return client


async def test_all_who_need_the_same_share_a_transcoder_which_ends_when_the_last_of_them_has_left(
    new_client: NewClient, node: RunningNode, gateway: Any, eventually: Any
) -> None:
    alice = new_client("alice", H264)
    await alice.join()
    await alice.publish(Bars())
    viewers = [await seen(new_client, name, "alice-video") for name in ("bob", "carol")]
    dave = new_client("dave", H264)
    await dave.join()
    await dave.wait_for_tracks("alice-video")
    await dave.frames("alice-video", 3)
    [process] = node.node.transcoders.processes
    for viewer in viewers:
        leave = LeaveRoom(meeting_id=MEETING, participant_id=viewer.id)
        assert await gateway.request(leave) == Done()
    await eventually(lambda: node.node.transcoders.processes == [])
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
    await dave.frames("alice-video", 3)


async def test_a_key_frame_is_made_when_a_viewer_asks_for_one(
    new_client: NewClient, node: RunningNode, eventually: Any
) -> None:
    alice = new_client("alice", H264)
    await alice.join()
    await alice.publish(Bars())
    bob = await seen(new_client, "bob", "alice-video")
    [made] = [each for each in node.plane.held.tracks.values() if each.media.codec.codec.name == "VP8"]
    before = node.plane.layers(made)[0].key_frames
    assert bob.subscribing is not None
    [receiver] = bob.subscribing.getReceivers()
    [source] = receiver.getSynchronizationSources()
    await receiver._send_rtcp_pli(source.source)
    await eventually(lambda: node.plane.layers(made)[0].key_frames > before)
    await bob.frames("alice-video", 3)


async def test_another_transcoder_goes_on_for_one_that_is_lost_and_nothing_is_negotiated(
    new_client: NewClient, node: RunningNode, eventually: Any
) -> None:
    alice = new_client("alice", {**H264, **PCMU})
    await alice.join()
    await alice.publish(Bars(), Tone(frequency=440))
    bob = new_client("bob", {**VP8, **OPUS})
    await bob.join()
    await bob.wait_for_tracks("alice-video", "alice-audio")
    await bob.frames("alice-video", 3)
    assert await frequency_of(bob, "alice-audio") == pytest.approx(440, abs=4)
    offer, lost = bob.last_offer, set(node.node.transcoders.processes)
    assert len(lost) == 2
    for process in lost:
        os.kill(process, signal.SIGKILL)
    await eventually(lambda: len(set(node.node.transcoders.processes) - lost) == 2)
    frames = await bob.frames("alice-video", 60)
    assert bars_of(frames[-1]) == pytest.approx(list(Bars.LEVELS), abs=6)
    await bob.frames("alice-audio", 50)
    assert await frequency_of(bob, "alice-audio") == pytest.approx(440, abs=4)
    assert bob.last_offer is offer


@pytest.mark.parametrize("node_environ", [{"PARLEY_NODE_MAX_VIDEO_TRANSCODERS": "1"}], indirect=True)
async def test_whoever_cannot_be_served_is_told_why_and_is_when_there_is_a_place(
    new_client: NewClient, node: RunningNode, gateway: Any, eventually: Any
) -> None:
    alice, carol = new_client("alice", H264), new_client("carol", H264)
    await asyncio.gather(alice.join(), carol.join())
    await alice.publish(Bars())
    bob = await seen(new_client, "bob", "alice-video")
    await carol.publish(Bars())
    await bob.wait_for_tracks("alice-video", "carol-video")
    await eventually(lambda: gateway.unplayable == {("bob", "carol-video")})
    assert len(node.node.transcoders.processes) == 1
    assert await gateway.request(LeaveRoom(meeting_id=MEETING, participant_id=alice.id)) == Done()
    await eventually(lambda: gateway.unplayable == set())
    await bob.frames("carol-video", 3)


async def test_what_a_viewer_does_not_show_is_not_transcoded_and_is_when_they_show_it_again(
    new_client: NewClient, node: RunningNode, gateway: Any, eventually: Any
) -> None:
    alice = new_client("alice", H264)
    await alice.join()
    await alice.publish(Bars())
    bob = await seen(new_client, "bob", "alice-video")
    [made] = [each for each in node.plane.held.tracks.values() if each.media.codec.codec.name == "VP8"]

    async def wish(*, enabled: bool) -> None:
        wishes = (SubscriptionWish(track_id=TrackId("alice-video"), enabled=enabled),)
        request = ChangeSubscriptions(meeting_id=MEETING, participant_id=bob.id, tracks=wishes)
        assert await gateway.request(request) == Done()

    await wish(enabled=False)
    received = node.core.stats().rtp_received
    await eventually(lambda: node.plane.layers(made)[0].bitrate == 0)
    await eventually(lambda: node.core.stats().rtp_received >= received + 20)
    await wish(enabled=True)
    await eventually(lambda: node.plane.layers(made)[0].bitrate > 0)
    await bob.frames("alice-video", 3)
