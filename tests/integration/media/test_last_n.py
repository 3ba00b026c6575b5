"""Of many microphones and cameras those of who speaks are forwarded, and silence is not, between aiortc clients."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest
from aiortc.mediastreams import MediaStreamTrack, VideoStreamTrack
from av import AudioFrame

from media_fleet.main import RunningNode
from tests.doubles.tone import Tone
from tests.integration.media.aiortc_client import Client
from tests.integration.media.one_codec_client import PATIENT


@pytest.fixture
async def clients(node: RunningNode, gateway: Any) -> AsyncIterator[list[Client]]:
    """Alice, Bob, Carol and Dave, who have joined."""
    clients = [Client(gateway, name) for name in ("alice", "bob", "carol", "dave")]
    for client in clients:
        await client.join()
    yield clients
    for client in clients:
        await client.close()


async def packets_of(client: Client, track_id: str) -> int:
    """How many a client has received."""
    assert client.subscribing is not None
    [receiver] = [each for each in client.subscribing.getReceivers() if each.track is client.received[track_id]]
    stats = (await receiver.getStats()).values()
    return sum(stat.packetsReceived for stat in stats if stat.type == "inbound-rtp")


async def is_loud(track: MediaStreamTrack) -> bool:
    frame = await track.recv()
    assert isinstance(frame, AudioFrame)
    return bool(np.abs(frame.to_ndarray()).max() > 1_000)


@pytest.mark.parametrize("node_environ", [{**PATIENT, "PARLEY_NODE_LAST_N_AUDIO": "1"}], indirect=True)
async def test_the_one_who_speaks_is_heard_and_who_is_silent_or_soft_is_not_sent(
    clients: list[Client], node: RunningNode, eventually: Any
) -> None:
    alice, bob, carol, dave = clients
    speech, noise, silence = Tone(-20.0), Tone(-60.0), Tone(None)
    await alice.publish(speech)
    await eventually(lambda: node.core.stats().rtp_received > 0)
    await bob.publish(noise)
    await carol.publish(silence)
    await dave.wait_for_tracks("alice-audio", "bob-audio", "carol-audio")
    await eventually(lambda: is_loud(dave.received["alice-audio"]))
    await eventually(lambda: node.core.stats().sound_silent > 20 and node.core.stats().sound_surplus > 20)
    assert await packets_of(dave, "alice-audio") > 0
    assert [await packets_of(dave, track_id) for track_id in ("bob-audio", "carol-audio")] == [0, 0]
    assert node.core.stats().tracks_unheard == 2
    speech.level, silence.level = None, -20.0
    await eventually(lambda: is_loud(dave.received["carol-audio"]))
    assert await packets_of(dave, "bob-audio") == 0


@pytest.mark.parametrize("node_environ", [{**PATIENT, "PARLEY_NODE_LAST_N_VIDEO": "1"}], indirect=True)
async def test_the_one_who_speaks_is_seen_and_the_viewer_is_told_whom_they_see(
    clients: list[Client], gateway: Any, eventually: Any
) -> None:
    alice, bob, _, dave = clients
    tone = Tone(None)
    await alice.publish(VideoStreamTrack(), Tone(None))
    await dave.wait_for_tracks("alice-video", "alice-audio")
    await dave.frames("alice-video", 3)
    await bob.publish(VideoStreamTrack(), tone)
    await dave.wait_for_tracks("alice-video", "alice-audio", "bob-video", "bob-audio")
    assert await gateway.cameras[dave.id].get() == ("alice-video",)
    await dave.frames("alice-video", 3)
    assert await packets_of(dave, "bob-video") == 0
    tone.level = -20.0
    assert await gateway.cameras[dave.id].get() == ("bob-video",)
    await dave.frames("bob-video", 10)
    last = await packets_of(dave, "alice-video")
    await dave.frames("bob-video", 10)
    assert await packets_of(dave, "alice-video") == last
    tone.level = None
    await dave.frames("bob-video", 10)
