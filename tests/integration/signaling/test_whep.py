"""WHEP at a gateway: what a viewer is shown; and that neither door opens where media is encrypted from end to end."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.node_rpc import (
    ChooseTracks,
    JoinRoom,
    RestartIce,
    Watch,
)
from contracts.rooms import Permissions, PublishPermission, Role
from signaling_gateway.service import standard_doors
from tests.doubles.door_clients import ANSWER, OFFER, Encoder, code, door_node

Platform = Any


@pytest.fixture
async def node(platform: Platform) -> Any:
    return await door_node(platform)


async def test_a_viewer_is_sent_what_the_room_is_about_and_chooses_anew_when_that_changes(
    platform: Platform, node: Any
) -> None:
    one, two = await platform.gateway(), await platform.gateway()
    ada = await platform.join(one, "u_ada", role=Role.HOST)
    receiving = OFFER.replace("sendonly", "recvonly")
    silent = Permissions(publish=(PublishPermission.AUDIO,))
    assert code(await Encoder(platform, two.url, permissions=silent).post("/whep", receiving)) == (
        403,
        "permission_denied",
    )
    player = Encoder(platform, two.url)
    answer = await player.post("/whep", receiving)
    assert (answer.status_code, answer.text, answer.headers["ETag"]) == (201, ANSWER, '"theirs"')
    joined = await ada.happened("participant_joined")
    assert (joined["participant"]["id"], joined["participant"]["kind"]) == (player.id, "viewer")
    assert (node.asked(JoinRoom, player.id)[0].subscribe, node.asked(Watch)[0].tracks) == (False, ())
    published = await ada.ask("publish_offer", {"sdp": "v=0", "tracks": [{"mid": "0", "source": "camera"}]})
    track = published["tracks"][0]["track_id"]
    await platform.eventually(lambda: [each.tracks for each in node.asked(ChooseTracks)] == [(track,)])
    for subscribes, shown in ((False, ()), (True, (track,))):
        permissions = {"publish": [], "subscribe": subscribes, "chat": False}
        await ada.ask("set_permissions", {"participant_id": player.id, "permissions": permissions})
        await platform.eventually(lambda shown=shown: node.asked(ChooseTracks)[-1].tracks == shown)
    await ada.ask("mute_track", {"track_id": track})
    await platform.eventually(lambda: node.asked(ChooseTracks)[-1].tracks == ())
    assert (await player.patch(**{"If-Match": "*"})).status_code == 200
    assert node.asked(RestartIce)[0].transport == "subscribe"
    # What it wants to see is known to its gateway alone.
    await two.stop()
    assert (await ada.happened("participant_left"))["participant_id"] == player.id
    player.http.base_url = one.url
    assert code(await player.delete()) == (404, "not_found")


async def test_an_older_choice_never_follows_a_newer_one(platform: Platform, node: Any) -> None:
    """The node answers the first choice late: what changes meanwhile is said after that, once, as it is then."""
    gateway = await platform.gateway()
    ada = await platform.join(gateway, "u_ada", role=Role.HOST)
    player = Encoder(platform, gateway.url)
    await player.post("/whep", OFFER.replace("sendonly", "recvonly"))
    node.answers[ChooseTracks] = lambda _: None
    published = await ada.ask("publish_offer", {"sdp": "v=0", "tracks": [{"mid": "0", "source": "camera"}]})
    track = published["tracks"][0]["track_id"]
    await platform.eventually(lambda: node.asked(ChooseTracks))
    for _ in range(3):
        await ada.ask("mute_track", {"track_id": track})
        await ada.ask("unmute_track", {"track_id": track})
    await ada.ask("mute_track", {"track_id": track})
    assert [each.tracks for each in node.asked(ChooseTracks)] == [(track,)]
    del node.answers[ChooseTracks]
    await node.answer_late(ChooseTracks)
    await platform.eventually(lambda: len(node.asked(ChooseTracks)) == 2)
    await ada.ask("unmute_track", {"track_id": track})
    await platform.eventually(lambda: len(node.asked(ChooseTracks)) == 3)
    assert [each.tracks for each in node.asked(ChooseTracks)] == [(track,), (), (track,)]


async def test_nobody_streams_into_or_watches_what_is_encrypted_from_end_to_end(
    platform: Platform, node: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standard_doors, "LOBBY_PATIENCE_S", 0.05)
    gateway = await platform.gateway()
    ada = await platform.join(gateway, "u_ada", role=Role.HOST)
    receiving = OFFER.replace("sendonly", "recvonly")
    early, player = Encoder(platform, gateway.url), Encoder(platform, gateway.url, "s_player")
    await early.post()
    await player.post("/whep", receiving)
    await ada.ask("set_policy", {"lobby": True})
    waiting = Encoder(platform, gateway.url, "s_waiting")
    assert code(await waiting.post()) == (503, "waiting_in_lobby")
    await ada.ask("set_policy", {"e2ee": True, "lobby": False})
    left = [await ada.happened("participant_left", count) for count in (1, 2)]
    assert {each["participant_id"] for each in left} == {early.id, player.id}
    assert (await ada.happened("lobby_left"))["participant_id"]
    assert "s_waiting" not in {each["participant"]["identity"] for each in ada.events if "participant" in each}
    assert code(await waiting.post()) == (403, "lobby_refused")
    for encoder, door, offer in ((early, "/whip", OFFER), (waiting, "/whip", OFFER), (player, "/whep", receiving)):
        assert code(await encoder.post(door, offer)) == (409, "meeting_encrypted")
