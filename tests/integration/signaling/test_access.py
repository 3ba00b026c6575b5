"""Who gets in, and what they may do once they are."""

from __future__ import annotations

import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from contracts.node_rpc import JoinRoom, Publish
from contracts.rooms import Identity, Permissions, PublishPermission, Role
from contracts.turn_credentials import turn_credentials

Platform = Any


async def _refused(platform: Platform, token: Any, meeting_id: str | None = None) -> str:
    gateway = await platform.gateway()
    auth = {"token": token, "meeting_id": meeting_id or platform.meeting_id}
    code: str = await platform.client().refused(gateway.url, auth)
    return code


async def test_a_connection_without_a_token_is_refused(platform: Platform) -> None:
    gateway = await platform.gateway()
    for auth in (None, {}, {"token": ""}, {"meeting_id": "x"}, "token", ["token"], 7):
        assert await platform.client().refused(gateway.url, auth) == "token_missing"


async def test_a_malformed_token_is_refused(platform: Platform) -> None:
    gateway = await platform.gateway()
    for token in ("x", "a.b.c", "..", 5, ["x"], "é" * 10):
        auth = {"token": token, "meeting_id": platform.meeting_id}
        assert await platform.client().refused(gateway.url, auth) == "token_malformed"


async def test_an_expired_token_is_refused(platform: Platform) -> None:
    token = platform.service.token(platform.meeting_id, exp=int(time.time()) - 1)
    assert await _refused(platform, token) == "token_expired"


async def test_a_token_from_the_future_is_refused(platform: Platform) -> None:
    token = platform.service.token(platform.meeting_id, iat=int(time.time()) + 60)
    assert await _refused(platform, token) == "token_not_yet_valid"


async def test_a_token_signed_with_another_key_is_refused(platform: Platform) -> None:
    good = platform.service.keys["k1"]
    platform.service.keys["k1"] = ec.generate_private_key(ec.SECP256R1())
    forged = platform.service.token(platform.meeting_id)
    platform.service.keys["k1"] = good
    assert await _refused(platform, forged) == "token_bad_signature"


async def test_a_token_signed_with_no_key_or_a_shared_secret_is_refused(platform: Platform) -> None:
    claims = jwt.decode(platform.service.token(platform.meeting_id), options={"verify_signature": False})
    headers = {"typ": "meeting+jwt", "kid": "k1"}
    gateway = await platform.gateway()
    for forged in (
        jwt.encode(claims, "", algorithm="none", headers=headers),
        jwt.encode(claims, "s" * 64, algorithm="HS256", headers=headers),
    ):
        auth = {"token": forged, "meeting_id": platform.meeting_id}
        assert await platform.client().refused(gateway.url, auth) == "token_bad_signature"


async def test_a_token_for_another_service_is_refused(platform: Platform) -> None:
    assert await _refused(platform, platform.service.token(platform.meeting_id, aud="x")) == "token_wrong_audience"


async def test_a_token_of_another_issuer_is_refused(platform: Platform) -> None:
    token = platform.service.token(platform.meeting_id, iss="https://evil.test")
    assert await _refused(platform, token) == "token_wrong_issuer"


async def test_a_token_for_another_meeting_is_refused(platform: Platform) -> None:
    assert await _refused(platform, platform.service.token("another")) == "token_wrong_meeting"


async def test_fields_that_do_not_belong_into_auth_are_refused(platform: Platform) -> None:
    gateway = await platform.gateway()
    auth = {"token": platform.service.token(platform.meeting_id), "meeting_id": platform.meeting_id}
    for changes in ({"admin": True}, {"meeting_id": 5}, {"meeting_id": "x" * 65}, {"resume": "yes"}):
        assert await platform.client().refused(gateway.url, {**auth, **changes}) == "validation_failed"


async def test_keys_rotate_without_a_restart(platform: Platform) -> None:
    gateway = await platform.gateway()
    await platform.join(gateway, "u_1")
    platform.service.keys["k2"] = ec.generate_private_key(ec.SECP256R1())
    platform.service.published = ["k1", "k2"]
    # As in a rotation, the new key is published for longer than the pause between two fetches before it signs.
    gateway.gateway._keys._tried_at -= 60
    await platform.join(gateway, "u_2", kid="k2")
    platform.service.published = ["k2"]
    gateway.gateway._keys._tried_at -= 60
    await gateway.gateway._keys.refresh()
    auth = {"token": platform.service.token(platform.meeting_id, "u_3"), "meeting_id": platform.meeting_id}
    assert await platform.client().refused(gateway.url, auth) == "token_unknown_key"


async def test_unknown_keys_do_not_cause_a_fetch_each(platform: Platform) -> None:
    gateway = await platform.gateway()
    platform.service.keys["made_up"] = ec.generate_private_key(ec.SECP256R1())
    token = platform.service.token(platform.meeting_id, kid="made_up")
    before = platform.service.fetches
    for _ in range(5):
        auth = {"token": token, "meeting_id": platform.meeting_id}
        assert await platform.client().refused(gateway.url, auth) == "token_unknown_key"
    assert platform.service.fetches <= before + 2


@pytest.mark.parametrize("status", [302, 404, 500])
async def test_old_keys_stay_when_the_document_cannot_be_fetched(platform: Platform, status: int) -> None:
    gateway = await platform.gateway()
    platform.service.jwks_status = status
    gateway.gateway._keys._tried_at -= 60
    gateway.gateway._keys._fetched_at -= 1000
    await platform.join(gateway, "u_1")


async def test_an_origin_that_is_not_allowed_is_refused(platform: Platform) -> None:
    import aiohttp

    gateway = await platform.gateway()
    url = f"{gateway.url}/socket.io/?EIO=4&transport=websocket"
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(url, headers={"Origin": "https://evil.test"})
        async with session.ws_connect(url, headers={"Origin": "https://app.test"}) as accepted:
            assert (await accepted.receive()).data.startswith("0{")


@pytest.mark.parametrize(
    ("source", "permission"),
    [
        ("microphone", PublishPermission.AUDIO),
        ("camera", PublishPermission.VIDEO),
        ("screen", PublishPermission.SCREEN),
        ("screen_audio", PublishPermission.SCREEN),
    ],
)
async def test_publishing_takes_the_permission_of_its_source(
    platform: Platform, source: str, permission: PublishPermission
) -> None:
    gateway, node = await platform.gateway(), await platform.node()
    others = tuple(each for each in PublishPermission if each is not permission)
    without = await platform.join(gateway, "u_1", permissions=Permissions(publish=others, subscribe=True))
    offer = {"sdp": "v=0", "tracks": [{"mid": "0", "source": source}]}
    assert await without.code("publish_offer", offer) == "permission_denied"
    assert not node.asked(Publish)
    allowed = await platform.join(gateway, "u_2", permissions=Permissions(publish=(permission,)))
    assert (await allowed.ask("publish_offer", offer))["tracks"][0]["mid"] == "0"


async def test_a_participant_without_subscribe_is_offered_nothing(platform: Platform) -> None:
    gateway, node = await platform.gateway(), await platform.node()
    deaf = await platform.join(gateway, "u_1", permissions=Permissions(publish=tuple(PublishPermission)))
    await deaf.ask("publish_offer", {"sdp": "v=0", "tracks": []})
    assert [request.subscribe for request in node.asked(JoinRoom, deaf.id)] == [False]
    assert await deaf.code("restart_media") == "permission_denied"
    assert await deaf.code("update_subscriptions", {"tracks": []}) == "permission_denied"
    assert await deaf.code("set_sound", {"form": "mixed"}) == "permission_denied"
    answer = {"generation": 1, "negotiation": 1, "sdp": "v=0"}
    assert await deaf.code("subscriber_answer", answer) == "permission_denied"


async def test_chat_moderation_and_recording_take_their_permissions(platform: Platform) -> None:
    gateway = await platform.gateway()
    await platform.node()
    nobody = await platform.join(gateway, "u_1", permissions=Permissions())
    other = await platform.join(gateway, "u_2")
    published = await other.ask("publish_offer", {"sdp": "v=0", "tracks": [{"mid": "0", "source": "camera"}]})
    track_id = published["tracks"][0]["track_id"]
    for command, body in (
        ("send_chat", {"text": "x"}),
        ("mute_track", {"track_id": track_id}),
        ("unmute_track", {"track_id": track_id}),
        ("remove_participant", {"participant_id": other.id}),
        ("start_recording", {}),
        ("stop_recording", {}),
        ("end_meeting", {}),
    ):
        assert await nobody.code(command, body) == "permission_denied", command
    assert [event["type"] for event in other.events if event["type"] not in {"track_published"}] == []


async def test_a_removed_person_is_out_and_cannot_come_back(platform: Platform) -> None:
    one, two = await platform.gateway(), await platform.gateway()
    host = await platform.join(one, "u_host", role=Role.HOST)
    troll = await platform.join(two, "u_troll")
    second_tab = await platform.join(one, "u_troll")
    assert await host.ask("remove_participant", {"participant_id": troll.id}) == {}
    for client in (troll, second_tab):
        assert (await client.received("closing"))["code"] == "participant_removed"
        await client.gone()
    assert (await host.happened("participant_left"))["reason"] == "removed"
    auth = {"token": platform.service.token(platform.meeting_id, "u_troll"), "meeting_id": platform.meeting_id}
    for gateway in (one, two):
        assert await platform.client().refused(gateway.url, auth) == "participant_removed"
        assert await platform.client().refused(gateway.url, {**auth, "resume": troll.resume}) == "resume_refused"


async def test_relays_are_for_those_who_were_let_in(platform: Platform) -> None:
    urls, secret = ("turn:turn.test:3478",), "sixteen letters!"
    gateway = await platform.gateway(turn_urls=urls, turn_secret=secret, turn_lifetime_s=3600)
    ada = await platform.join(gateway, "u_ada", role=Role.HOST)
    await ada.ask("set_policy", {"lobby": True})
    bob = platform.client()
    auth = {"token": platform.service.token(platform.meeting_id, "u_bob"), "meeting_id": platform.meeting_id}
    await bob.sio.connect(gateway.url, auth=auth, transports=["websocket"])
    waiting = await bob.received("waiting")
    assert "turn.test" not in json.dumps(waiting)
    assert await bob.code("get_ice_servers") == "participant_not_found"
    await ada.ask("admit", {"participant_ids": [waiting["participant_id"]]})
    await bob.received("welcome")
    later = (await bob.ask("get_ice_servers", {}))["ice_servers"]
    for (server,) in (bob.welcome["ice_servers"], later):
        until, _, holder = server["username"].partition(":")
        made = turn_credentials(secret, Identity("u_bob"), now=int(until) - 3600, lifetime_s=3600)
        assert (server["urls"], server["credential"], holder) == (list(urls), made.credential, "u_bob")
        assert 0 <= time.time() + 3600 - int(until) < 60
    without = await platform.join(await platform.gateway(), "u_eve", role=Role.HOST)
    assert without.welcome["ice_servers"] == []
