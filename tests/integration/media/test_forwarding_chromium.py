"""Media through a real node between Chromium pages with a fake camera and microphone."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from contracts.node_rpc import Done, LeaveRoom, SetTrackMuted
from contracts.rooms import TrackId
from media_fleet.main import RunningNode
from tests.integration.media.page_client import MEETING, TIMEOUT, Join, until_frames_grow, until_width_is


@pytest.mark.parametrize("codec", ["VP8", "H264", "VP9", "AV1"])
async def test_simulcast_is_decoded_by_others_and_by_late_joiners(join: Join, eventually: Any, codec: str) -> None:
    alice, bob = await join("alice"), await join("bob")
    await alice.publish("microphone", redundant=True)
    await alice.publish("camera", codec=codec)
    await until_frames_grow(bob, "alice-camera", eventually)

    async def loud() -> bool:
        now = await bob.received("alice-microphone")
        return now is not None and now["energy"] > 0.01

    await eventually(loud, timeout_s=TIMEOUT)
    sound = await bob.received("alice-microphone")
    assert sound is not None
    # Statistics name the codec within: that each packet has a copy shows in those that were not needed.
    assert await alice.run("client.senders.microphone.sender.getParameters().codecs[0].mimeType") == "audio/red"
    assert sound["discarded"] > sound["packets"] / 2
    carol = await join("carol")
    await until_frames_grow(carol, "alice-camera", eventually)
    for client in (bob, carol):
        state = await client.received("alice-camera")
        assert state is not None
        assert state["lost"] == 0


@pytest.mark.parametrize("codec", ["VP8", "H264", "AV1"])
async def test_a_wish_for_a_small_picture_gets_the_small_layer(join: Join, eventually: Any, codec: str) -> None:
    alice, bob = await join("alice"), await join("bob")
    await alice.publish("camera", codec=codec)
    await until_width_is(bob, "alice-camera", 1280, eventually)
    await bob.wish("alice-camera", max_height=180)
    await until_width_is(bob, "alice-camera", 320, eventually)
    await until_frames_grow(bob, "alice-camera", eventually)
    await bob.wish("alice-camera", max_height=360)
    await until_width_is(bob, "alice-camera", 640, eventually)
    await bob.wish("alice-camera")
    await until_width_is(bob, "alice-camera", 1280, eventually)
    state = await bob.received("alice-camera")
    assert state is not None
    assert state["lost"] == 0


@pytest.mark.parametrize("codec", ["VP9", "AV1"])
async def test_layers_within_one_encoding_are_chosen_for_each_subscriber(
    join: Join, eventually: Any, codec: str
) -> None:
    alice, bob, carol = await join("alice"), await join("bob"), await join("carol")
    await alice.publish("camera", codec=codec, mode="L3T3_KEY")
    for client in (bob, carol):
        await until_width_is(client, "alice-camera", 1280, eventually)
    for height, width in ((180, 320), (None, 1280), (180, 320)):
        await bob.wish("alice-camera", max_height=height)
        await until_width_is(bob, "alice-camera", width, eventually)
        await until_frames_grow(bob, "alice-camera", eventually, count=10)
    his, hers = await bob.repairs_of("alice-camera"), await carol.repairs_of("alice-camera")
    state = await carol.received("alice-camera")
    assert his is not None
    assert hers is not None
    assert state is not None
    assert state["width"] == 1280
    assert (his["pliCount"], hers["pliCount"], his["packetsLost"], hers["packetsLost"]) == (0, 0, 0, 0)
    # An encoder that had to wait for the machine shows with both; a switch would show with him alone.
    assert his["freezeCount"] <= hers["freezeCount"]


async def test_a_wish_for_fewer_pictures_is_nothing_to_another(join: Join, eventually: Any) -> None:
    alice, bob, carol = await join("alice"), await join("bob"), await join("carol")
    await alice.publish("camera")
    for client in (bob, carol):
        await until_width_is(client, "alice-camera", 1280, eventually)
    await bob.wish("alice-camera", max_frame_rate=10)

    async def frames_while_carol_sees(count: int) -> float:
        before = await bob.received("alice-camera")
        await until_frames_grow(carol, "alice-camera", eventually, count=count)
        after = await bob.received("alice-camera")
        assert before is not None
        assert after is not None
        assert (after["width"], after["lost"]) == (1280, 0)
        return after["frames"] - before["frames"]

    async def half_is_seen() -> bool:
        return 10 <= await frames_while_carol_sees(40) <= 28

    await eventually(half_is_seen)
    await bob.wish("alice-camera")

    async def all_is_seen() -> bool:
        return await frames_while_carol_sees(40) > 32

    await eventually(all_is_seen)


async def test_when_the_best_layer_stops_the_next_one_is_seen(join: Join, eventually: Any) -> None:
    alice, bob = await join("alice"), await join("bob")
    await alice.publish("camera")
    await until_width_is(bob, "alice-camera", 1280, eventually)
    await alice.run("setLayerActive('f', false)")
    await until_width_is(bob, "alice-camera", 640, eventually)
    await until_frames_grow(bob, "alice-camera", eventually)
    await alice.run("setLayerActive('f', true)")
    await until_width_is(bob, "alice-camera", 1280, eventually)


async def test_a_screen_is_a_track_of_its_own(join: Join, eventually: Any) -> None:
    alice, bob = await join("alice"), await join("bob")
    await alice.publish("camera")
    await until_frames_grow(bob, "alice-camera", eventually)
    await alice.publish("screen", codec="VP9")
    await until_frames_grow(bob, "alice-screen", eventually, count=5)
    await until_frames_grow(bob, "alice-camera", eventually)
    await alice.run("setDirection('screen', 'inactive')")
    await until_frames_grow(bob, "alice-camera", eventually)


async def test_a_camera_that_went_off_and_on_has_all_its_layers(join: Join, eventually: Any) -> None:
    alice, bob = await join("alice"), await join("bob")
    await alice.publish("camera")
    await until_frames_grow(bob, "alice-camera", eventually)
    await alice.run("setDirection('camera', 'inactive')")
    await alice.run("setDirection('camera', 'sendonly')")
    await until_width_is(bob, "alice-camera", 1280, eventually)
    await until_frames_grow(bob, "alice-camera", eventually)
    layers = await alice.run("sent()")
    assert {rid for rid in layers if rid} == {"q", "h", "f"}


async def test_media_goes_on_through_an_ice_restart(join: Join, eventually: Any, node: RunningNode) -> None:
    alice, bob = await join("alice"), await join("bob")
    await alice.publish("camera")
    await until_frames_grow(bob, "alice-camera", eventually)
    await alice.run("restartIce()")
    await until_frames_grow(bob, "alice-camera", eventually, count=60)
    assert node.core.stats().transports == 2


async def test_muting_stops_the_sound_and_unmuting_brings_it_back(join: Join, eventually: Any, gateway: Any) -> None:
    alice, bob = await join("alice"), await join("bob")
    await alice.publish("microphone")

    async def packets() -> float:
        now = await bob.received("alice-microphone")
        return now["packets"] if now is not None else 0

    async def flows() -> bool:
        return await packets() > before + 20

    before = 0.0
    await eventually(flows, timeout_s=TIMEOUT)
    request = SetTrackMuted(
        meeting_id=MEETING, participant_id=alice.id, track_id=TrackId("alice-microphone"), muted=True, version=2
    )
    await gateway.ask(request, Done)
    before = await packets()
    await gateway.ask(msgspec.structs.replace(request, muted=False, version=3), Done)
    await eventually(flows, timeout_s=TIMEOUT)


async def test_a_restarted_subscription_is_seen_on_a_new_connection(join: Join, eventually: Any) -> None:
    alice, bob = await join("alice"), await join("bob")
    await alice.publish("camera")
    await until_frames_grow(bob, "alice-camera", eventually)
    await bob.restart_subscription()
    await until_frames_grow(bob, "alice-camera", eventually)


async def test_people_come_and_go_and_their_places_are_used_again(join: Join, eventually: Any, gateway: Any) -> None:
    bob = await join("bob")
    for name in ("first", "second", "third"):
        guest = await join(name)
        await guest.publish("microphone")
        await guest.publish("camera", codec="H264" if name == "second" else "VP8")
        await until_frames_grow(bob, f"{name}-camera", eventually)
        await gateway.ask(LeaveRoom(meeting_id=MEETING, participant_id=guest.id), Done)
    assert await bob.run("client.sub.getTransceivers().length") == 2


async def test_two_generations_of_a_publishing_connection(join: Join, eventually: Any, node: RunningNode) -> None:
    alice, bob = await join("alice"), await join("bob")
    await alice.publish("camera")
    await until_frames_grow(bob, "alice-camera", eventually)
    await alice.run("client.pub.close(); client.pub = undefined; client.senders = {};")
    await alice.publish("camera")
    await until_frames_grow(bob, "alice-camera", eventually)
    await eventually(lambda: node.core.stats().transports == 2)
