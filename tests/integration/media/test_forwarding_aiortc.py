"""Media through a real node between aiortc clients: what is sent is decoded on the other side."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
from aiortc.mediastreams import VideoStreamTrack

from contracts.client_commands import SubscriptionWish
from contracts.error_codes import ErrorCode
from contracts.node_rpc import (
    ChangeSubscriptions,
    CloseRoom,
    Done,
    JoinRoom,
    LeaveRoom,
    Publish,
    Refused,
    SetTrackMuted,
)
from contracts.rooms import TrackId
from media_fleet.main import RunningNode
from tests.doubles.tone import Tone
from tests.integration.media.aiortc_client import MEETING, TIMEOUT, Client


@pytest.fixture
async def new_client(node: RunningNode, gateway: Any) -> AsyncIterator[Callable[[str], Client]]:
    async with AsyncExitStack() as stack:

        def make(name: str) -> Client:
            client = Client(gateway, name)
            stack.push_async_callback(client.close)
            return client

        yield make


@pytest.fixture
async def alice(new_client: Callable[[str], Client]) -> Client:
    client = new_client("alice")
    await client.join()
    return client


@pytest.fixture
async def bob(new_client: Callable[[str], Client]) -> Client:
    client = new_client("bob")
    await client.join()
    return client


async def test_audio_and_video_are_decoded_on_the_other_side(alice: Client, bob: Client) -> None:
    await alice.publish(Tone(), VideoStreamTrack())
    await bob.wait_for_tracks("alice-audio", "alice-video")
    video = await bob.frames("alice-video", 10)
    assert {(frame.width, frame.height) for frame in video} == {(640, 480)}
    audio = await bob.frames("alice-audio", 20)
    assert {frame.sample_rate for frame in audio} == {48_000}


async def test_two_people_see_each_other_and_a_third_joins_later(
    alice: Client, bob: Client, new_client: Callable[[str], Client]
) -> None:
    await asyncio.gather(alice.publish(VideoStreamTrack()), bob.publish(VideoStreamTrack()))
    await alice.wait_for_tracks("bob-video")
    await bob.wait_for_tracks("alice-video")
    await asyncio.gather(alice.frames("bob-video", 5), bob.frames("alice-video", 5))
    carol = new_client("carol")
    await carol.join()
    await carol.wait_for_tracks("alice-video", "bob-video")
    await asyncio.gather(carol.frames("alice-video", 5), carol.frames("bob-video", 5))


async def test_a_muted_track_is_not_forwarded(
    alice: Client, bob: Client, gateway: Any, node: RunningNode, eventually: Any
) -> None:
    await alice.publish(Tone())
    await bob.wait_for_tracks("alice-audio")
    await bob.frames("alice-audio", 5)
    mute = SetTrackMuted(
        meeting_id=MEETING, participant_id=alice.id, track_id=TrackId("alice-audio"), muted=True, version=2
    )
    assert await gateway.request(mute) == Done()
    forwarded = node.core.stats().rtp_forwarded
    received = node.core.stats().rtp_received
    await eventually(lambda: node.core.stats().rtp_received >= received + 20)
    assert node.core.stats().rtp_forwarded == forwarded
    unmute = SetTrackMuted(
        meeting_id=MEETING, participant_id=alice.id, track_id=TrackId("alice-audio"), muted=False, version=3
    )
    assert await gateway.request(unmute) == Done()
    await eventually(lambda: node.core.stats().rtp_forwarded >= forwarded + 5)


async def test_a_disabled_subscription_is_paused_and_resumed(
    alice: Client, bob: Client, gateway: Any, node: RunningNode, eventually: Any
) -> None:
    await alice.publish(VideoStreamTrack())
    await bob.wait_for_tracks("alice-video")
    await bob.frames("alice-video", 3)

    async def wish(*, enabled: bool) -> None:
        wishes = (SubscriptionWish(track_id="alice-video", enabled=enabled),)
        request = ChangeSubscriptions(meeting_id=MEETING, participant_id=bob.id, tracks=wishes)
        assert await gateway.request(request) == Done()

    await wish(enabled=False)
    forwarded = node.core.stats().rtp_forwarded
    received = node.core.stats().rtp_received
    await eventually(lambda: node.core.stats().rtp_received >= received + 20)
    assert node.core.stats().rtp_forwarded == forwarded
    await wish(enabled=True)
    await eventually(lambda: node.core.stats().rtp_forwarded >= forwarded + 5)


async def test_a_track_comes_and_goes_on_one_connection(alice: Client, bob: Client) -> None:
    await alice.publish(Tone())
    await bob.wait_for_tracks("alice-audio")
    await alice.publish(VideoStreamTrack())
    await bob.wait_for_tracks("alice-audio", "alice-video")
    await bob.frames("alice-video", 3)
    for transceiver in alice.publishing.getTransceivers():
        if transceiver.kind == "video":
            transceiver.direction = "inactive"
    await alice.negotiate()
    await bob.wait_for_tracks("alice-audio")
    await bob.frames("alice-audio", 5)


async def test_a_restarted_subscription_gets_everything_on_a_new_transport(alice: Client, bob: Client) -> None:
    await alice.publish(VideoStreamTrack())
    await bob.wait_for_tracks("alice-video")
    await bob.frames("alice-video", 3)
    await bob.restart_subscription()
    assert bob.last_offer is not None
    assert bob.last_offer.generation == 2
    await bob.frames("alice-video", 3)


async def test_events_go_to_the_gateway_over_which_one_joined_last(
    alice: Client, bob: Client, new_gateway: Any, gateway: Any, redis_client: Any
) -> None:
    other = new_gateway(redis_client)
    await other.open()
    try:
        await other.request(JoinRoom(meeting_id=MEETING, participant_id=bob.id, subscribe=True, connection=1))
        # Somebody at the first gateway mutes him.
        await gateway.request(
            SetTrackMuted(
                meeting_id=MEETING, participant_id=bob.id, track_id=TrackId("bob-video"), muted=True, version=2
            )
        )
        await alice.publish(Tone())
        changed = await asyncio.wait_for(other.offers[bob.id].get(), TIMEOUT)
        assert [track.track_id for track in changed.offer.tracks] == ["alice-audio"]
        assert gateway.offers[bob.id].empty()
    finally:
        await other.close()


async def test_a_bad_offer_disturbs_nobody(alice: Client, bob: Client, gateway: Any) -> None:
    await alice.publish(VideoStreamTrack())
    await bob.wait_for_tracks("alice-video")
    await bob.frames("alice-video", 3)
    good = alice.publish_request()
    for sdp in (good.sdp[:200], good.sdp.replace("a=mid:0", "a=mid:"), good.sdp.replace("a=rtcp-mux\r\n", "")):
        bad = Publish(meeting_id=MEETING, participant_id=alice.id, sdp=sdp, tracks=good.tracks, version=1)
        answer = await gateway.request(bad)
        assert isinstance(answer, Refused)
        assert answer.error.code == ErrorCode.BAD_SDP
    await bob.frames("alice-video", 10)
    assert gateway.offers[bob.id].empty()


async def test_a_client_that_falls_silent_is_reported(alice: Client, bob: Client, gateway: Any) -> None:
    await alice.publish(Tone())
    await bob.wait_for_tracks("alice-audio")
    await bob.frames("alice-audio", 3)
    [transport] = {transceiver.sender.transport for transceiver in alice.publishing.getTransceivers()}
    await transport.transport._connection.close()  # the socket goes without a word, as a lost network does
    failed = await asyncio.wait_for(gateway.failures[alice.id].get(), TIMEOUT)
    assert failed.transport == "publish"
    assert "RFC 7675" in failed.reason


async def test_a_client_that_closes_its_connection_is_reported(
    alice: Client, gateway: Any, node: RunningNode, eventually: Any
) -> None:
    await alice.publish(Tone())
    await eventually(lambda: node.core.stats().rtp_received > 0)
    await alice.publishing.close()
    failed = await asyncio.wait_for(gateway.failures[alice.id].get(), TIMEOUT)
    assert failed.reason == "the peer closed the DTLS association"


@pytest.mark.parametrize("how", ["leave", "close"])
async def test_nothing_is_left_of_a_meeting_that_is_over(
    alice: Client, bob: Client, gateway: Any, node: RunningNode, *, how: str, eventually: Any
) -> None:
    tasks = len(asyncio.all_tasks())
    await asyncio.gather(alice.publish(VideoStreamTrack()), bob.publish(Tone()))
    await bob.wait_for_tracks("alice-video")
    await bob.frames("alice-video", 3)
    assert node.core.stats().transports == 4
    if how == "leave":
        for client in (alice, bob):
            assert await gateway.request(LeaveRoom(meeting_id=MEETING, participant_id=client.id)) == Done()
    else:
        assert await gateway.request(CloseRoom(meeting_id=MEETING)) == Done()
    await alice.close()
    await bob.close()
    await eventually(lambda: not node.plane.counts().closing and not node.core.stats().transports)
    counts, stats = node.plane.counts(), node.core.stats()
    assert (counts.transports, counts.tracks, counts.subscriptions, counts.waiting_subscriptions) == (0, 0, 0, 0)
    assert (stats.transports, stats.tracks, stats.subscriptions) == (0, 0, 0)
    assert (node.node.participants, node.node.meetings) == (0, 0)
    assert len(asyncio.all_tasks()) <= tasks
