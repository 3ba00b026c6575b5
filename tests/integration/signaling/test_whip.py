"""WHIP (RFC 9725) and WHEP at a gateway: who comes in, how a session changes, and when it is over."""

from __future__ import annotations

import asyncio
import re
import time
from typing import Any

import httpx
import pytest

from contracts.client_messages import ErrorBody
from contracts.error_codes import ErrorCode
from contracts.node_rpc import (
    CheckTransport,
    JoinRoom,
    LeaveRoom,
    Publish,
    Refused,
    RestartIce,
    SetTrackMuted,
    TransportChecked,
    TransportFailed,
)
from contracts.rooms import Identity, MeetingId, Permissions, PublishPermission, Role
from contracts.turn_credentials import turn_credentials
from signaling_gateway.adapters import restart_budget
from signaling_gateway.edge import standard_doors as edge
from signaling_gateway.service import door_session, standard_doors
from tests.doubles.door_clients import ANSWER, FRAGMENT, OFFER, SDP, Encoder, code, door_node

Platform = Any


@pytest.fixture
async def node(platform: Platform) -> Any:
    return await door_node(platform)


async def test_an_encoder_is_a_participant_with_camera_and_microphone_until_it_deletes(
    platform: Platform, node: Any
) -> None:
    one, two = await platform.gateway(), await platform.gateway()
    ada = await platform.join(one, "u_ada")
    encoder = Encoder(platform, two.url, name="Camera 2")
    answer = await encoder.post()
    assert (answer.status_code, answer.text, answer.headers["ETag"]) == (201, ANSWER, '"theirs"')
    joined = await ada.happened("participant_joined")
    assert (joined["participant"]["name"], joined["participant"]["kind"]) == ("Camera 2", "stream")
    sources = [(await ada.happened("track_published", count))["track"]["source"] for count in (1, 2)]
    assert sources == ["microphone", "camera"]
    assert node.asked(JoinRoom, encoder.id)[0].subscribe is False
    encoder.http.base_url = one.url  # any gateway ends it
    assert (await encoder.delete()).status_code == 200
    assert (await ada.happened("participant_left"))["participant_id"] == encoder.id
    await platform.eventually(lambda: node.asked(LeaveRoom, encoder.id))
    assert code(await encoder.delete()) == (404, "not_found")


async def test_turn_servers_are_told_with_credentials_of_the_encoders_own(platform: Platform, node: Any) -> None:
    urls, secret = ("turn:turn.test:3478", "turns:turn.test:443?transport=tcp"), "sixteen letters!"
    gateway = await platform.gateway(turn_urls=urls, turn_secret=secret, turn_lifetime_s=3600)
    links = (await Encoder(platform, gateway.url).post()).headers.get_list("Link")
    found = [
        re.fullmatch(
            r'<(.+)>; rel="ice-server"; username="((\d+):s_obs)"; credential="(.+)"; credential-type="password"', link
        )
        for link in links
    ]
    assert [each and each[1] for each in found] == list(urls)
    for each in found:
        assert each is not None
        made = turn_credentials(secret, Identity("s_obs"), now=int(each[3]) - 3600, lifetime_s=3600)
        assert (each[2], each[4]) == (made.username, made.credential)
        assert 0 <= time.time() + 3600 - int(each[3]) < 60
    without = await platform.gateway()
    assert "Link" not in (await Encoder(platform, without.url, "s_other").post()).headers


async def test_a_screen_takes_its_own_permission(platform: Platform, node: Any) -> None:
    gateway = await platform.gateway()
    allowed = Permissions(publish=(PublishPermission.AUDIO, PublishPermission.VIDEO))
    assert code(await Encoder(platform, gateway.url, permissions=allowed).post("/whip?source=screen")) == (
        403,
        "permission_denied",
    )
    assert not node.asked(JoinRoom)
    encoder = Encoder(platform, gateway.url)
    await encoder.post("/whip?source=screen")
    assert [each.source for each in node.asked(Publish)[0].tracks] == ["screen_audio", "screen"]


async def test_what_is_wrong_with_a_request_is_said(platform: Platform, node: Any) -> None:
    gateway = await platform.gateway()
    encoder = Encoder(platform, gateway.url)
    async with httpx.AsyncClient(base_url=gateway.url) as stranger:
        missing = await stranger.post("/whip", content=OFFER)
        assert (code(missing), missing.headers["WWW-Authenticate"]) == ((401, "token_missing"), "Bearer")
        bad = await stranger.post("/whip", content=OFFER, headers={"Authorization": "Bearer x.y"})
        assert code(bad) == (401, "token_malformed")
        got = await stranger.get("/whip")
        assert (code(got), got.headers["Allow"]) == ((405, "method_not_allowed"), "POST, OPTIONS")
        assert code(await stranger.post("/whip/elsewhere", content=OFFER)) == (404, "not_found")
    assert code(await encoder.post(**{"Content-Type": "text/plain"})) == (415, "unsupported_media_type")
    assert code(await encoder.post(Accept="text/html")) == (406, "not_acceptable")
    assert code(await encoder.post("/whip?source=hat")) == (422, "validation_failed")
    assert code(await encoder.post(body="a" * 300_000)) == (413, "payload_too_large")
    assert code(await encoder.post(body="v=0\r\n")) == (422, "bad_sdp")
    assert code(await encoder.post(body=OFFER + OFFER[OFFER.index("m=video") :])) == (422, "bad_sdp")
    node.answers[Publish] = lambda _: Refused(error=ErrorBody(code=ErrorCode.NO_COMMON_CODEC, message="None."))
    refused = Encoder(platform, gateway.url, "s_refused")
    assert code(await refused.post()) == (422, "no_common_codec")
    await platform.eventually(lambda: node.asked(LeaveRoom))


async def test_who_asks_too_often_is_told_to_wait(platform: Platform, node: Any) -> None:
    gateway = await platform.gateway()
    encoder = Encoder(platform, gateway.url)
    answers = [await encoder.post(body="v=0\r\n") for _ in range(12)]
    assert code(answers[0]) == (422, "bad_sdp")
    assert code(answers[-1]) == (429, "rate_limited")
    assert answers[-1].headers["Retry-After"]


async def test_addresses_that_are_made_up_open_no_rooms_without_end(
    platform: Platform, node: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door_session, "OPENED_AT_ONCE", 2)
    monkeypatch.setattr(door_session, "OPENED_PER_S", 1e-6)
    gateway = await platform.gateway()
    encoder = Encoder(platform, gateway.url)
    await encoder.post()
    right = encoder.place
    answers = []
    for number in range(4):
        encoder.place = f"/whip/m_{number}/p_nobody/{'s' * 32}"
        answers.append(code(await (encoder.delete() if number % 2 else encoder.patch(**{"If-Match": "*"}))))
    assert answers == [(404, "not_found")] * 2 + [(429, "rate_limited")] * 2
    # Whose room is open here is not held up.
    encoder.place = right
    assert (await encoder.delete()).status_code == 200


async def test_ice_restarts_are_counted(platform: Platform, node: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restart_budget, "MOST", 2)
    encoder = Encoder(platform, (await platform.gateway()).url)
    await encoder.post()
    answers = [await encoder.patch(**{"If-Match": "*"}) for _ in range(2)]
    # Another gateway counts on.
    encoder.http.base_url = (await platform.gateway()).url
    answers.append(await encoder.patch(**{"If-Match": "*"}))
    assert [each.status_code for each in answers] == [200, 200, 429]
    assert code(answers[-1]) == (429, "rate_limited")
    assert len(node.asked(RestartIce)) == 2


async def test_a_body_that_does_not_come_is_not_waited_for(
    platform: Platform, node: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edge, "BODY_WITHIN_S", 0.05)
    gateway = await platform.gateway()
    address = httpx.URL(gateway.url)
    reader, writer = await asyncio.open_connection(address.host, address.port)
    head = f"POST /whip HTTP/1.1\r\nHost: h\r\nContent-Type: {SDP}\r\nContent-Length: 100\r\n\r\nv=0\r\n"
    writer.write(head.encode())
    assert (await reader.readline()).split()[1] == b"400"
    writer.close()
    await writer.wait_closed()


async def test_a_gateway_takes_so_many_streams_and_no_more(platform: Platform, node: Any) -> None:
    gateway = await platform.gateway(door_sessions=1)
    first = Encoder(platform, gateway.url)
    assert (await first.post()).status_code == 201
    full = await Encoder(platform, gateway.url, "s_other").post()
    assert code(full) == (503, "service_unavailable")
    await first.delete()
    assert (await Encoder(platform, gateway.url, "s_other").post()).status_code == 201


async def test_any_page_may_use_the_door(platform: Platform) -> None:
    gateway = await platform.gateway()
    async with httpx.AsyncClient(base_url=gateway.url) as page:
        asked = await page.options("/whip", headers={"Origin": "https://studio.test"})
        assert (asked.status_code, asked.headers["Accept-Post"]) == (204, SDP)
        assert asked.headers["Access-Control-Allow-Origin"] == "*"
        assert "Authorization" in asked.headers["Access-Control-Allow-Headers"]
        session = await page.options(f"/whip/m/p/{'s' * 24}")
        assert session.headers["Accept-Patch"] == FRAGMENT


async def test_candidates_are_taken_and_ice_restarts_under_a_new_tag(platform: Platform, node: Any) -> None:
    one, two = await platform.gateway(), await platform.gateway()
    encoder = Encoder(platform, one.url)
    tag = (await encoder.post()).headers["ETag"]
    candidate = "a=ice-ufrag:mine\r\na=ice-pwd:0123456789012345678901\r\na=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n"
    assert (await encoder.patch(candidate, **{"If-Match": tag})).status_code == 204
    assert code(await encoder.patch()) == (428, "precondition_required")
    assert code(await encoder.patch(kind="text/plain")) == (415, "unsupported_media_type")
    assert code(await encoder.patch("a=ice-ufrag:x\r\n", **{"If-Match": "*"})) == (422, "bad_sdp")
    restarted = await encoder.patch(**{"If-Match": "*"})
    assert (restarted.status_code, restarted.headers["ETag"]) == (200, '"fresh"')
    assert "a=ice-ufrag:fresh\r\n" in restarted.text
    assert "a=candidate:1 1 udp" in restarted.text
    assert (node.asked(RestartIce)[0].ufrag, node.asked(RestartIce)[0].transport) == ("anew", "publish")
    assert code(await encoder.patch(candidate, **{"If-Match": tag})) == (412, "precondition_failed")
    # Another gateway takes the session over, and the first one lets go of it.
    encoder.http.base_url = two.url
    assert (await encoder.patch(**{"If-Match": "*"})).status_code == 200
    await platform.eventually(lambda: (len(one.gateway.doors), len(two.gateway.doors)) == (0, 1))


async def test_a_session_is_over_for_whoever_does_not_know_its_secret(platform: Platform, node: Any) -> None:
    gateway = await platform.gateway()
    ada = await platform.join(gateway, "u_ada")
    encoder = Encoder(platform, gateway.url)
    await encoder.post()
    right = encoder.place
    encoder.place = right[:-4] + "AAAA"
    assert code(await encoder.delete()) == (404, "not_found")
    # Nor is a person's stay one, though its secret is known.
    welcome = await ada.received("welcome")
    encoder.place = f"/whip/{platform.meeting_id}/{ada.id}/{welcome['resume_secret']}"
    assert code(await encoder.delete()) == (404, "not_found")
    encoder.place = right
    assert (await encoder.delete()).status_code == 200


async def test_a_stream_leaves_when_its_transport_fails_or_was_never_there(
    platform: Platform, node: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standard_doors, "CHECK_EVERY_S", 0.05)
    gateway = await platform.gateway()
    ada = await platform.join(gateway, "u_ada")
    encoder = Encoder(platform, gateway.url)
    await encoder.post()
    await node.report(
        TransportFailed(
            node_id=node.id,
            meeting_id=MeetingId(platform.meeting_id),
            participant_id=encoder.id,
            transport="publish",
            reason="silent",
        )
    )
    assert (await ada.happened("participant_left"))["participant_id"] == encoder.id
    monkeypatch.setattr(standard_doors, "CONNECT_WITHIN_S", 0.0)
    node.answers[CheckTransport] = lambda _: TransportChecked(connected=False)
    silent = Encoder(platform, gateway.url, "s_silent")
    await silent.post()
    assert (await ada.happened("participant_left", 2))["participant_id"] == silent.id


async def test_who_is_removed_or_outlasts_the_meeting_has_no_session_left(platform: Platform, node: Any) -> None:
    gateway = await platform.gateway()
    ada = await platform.join(gateway, "u_ada", role=Role.HOST)
    encoder, other = Encoder(platform, gateway.url), Encoder(platform, gateway.url, "s_other")
    await encoder.post()
    await other.post()
    await ada.ask("remove_participant", {"participant_id": encoder.id})
    await platform.eventually(lambda: node.asked(LeaveRoom, encoder.id))
    assert code(await encoder.post()) == (403, "participant_removed")
    await ada.ask("end_meeting", {})
    await platform.eventually(lambda: len(gateway.gateway.doors) == 0)
    assert code(await other.post()) == (410, "meeting_ended")


async def test_a_stream_waits_in_the_lobby_and_keeps_its_place(
    platform: Platform, node: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standard_doors, "LOBBY_PATIENCE_S", 0.1)
    gateway = await platform.gateway()
    ada = await platform.join(gateway, "u_ada", role=Role.HOST)
    await ada.ask("set_policy", {"lobby": True})
    encoder = Encoder(platform, gateway.url)
    waiting = await encoder.post()
    assert (code(waiting), waiting.headers["Retry-After"]) == ((503, "waiting_in_lobby"), "2")
    guest = await ada.happened("lobby_joined")
    assert code(await encoder.post()) == (503, "waiting_in_lobby")
    assert len([event for event in ada.events if event["type"] == "lobby_joined"]) == 1
    # The same token at the other door is somebody else, and so is a second request while the first one waits.
    players = [Encoder(platform, gateway.url) for _ in range(2)]
    receiving = OFFER.replace("sendonly", "recvonly")
    for player in players:
        player.http.headers.update(encoder.http.headers)
    both = await asyncio.gather(*(player.post("/whep", receiving) for player in players))
    assert {code(each) for each in both} == {(503, "waiting_in_lobby")}
    await ada.happened("lobby_joined", 3)
    assert (await ada.happened("lobby_left"))["participant_id"] != guest["guest"]["id"], "one of the two is given up"
    await ada.ask("admit", {"participant_ids": [guest["guest"]["id"]]})
    assert (await encoder.post()).status_code == 201
    assert encoder.id == guest["guest"]["id"]
    assert node.asked(Publish, encoder.id)
    await ada.ask("set_policy", {"locked": True})
    assert code(await Encoder(platform, gateway.url, "s_stranger").post()) == (403, "meeting_locked")


async def test_a_muted_stream_sounds_again_when_it_is_asked_to(platform: Platform, node: Any) -> None:
    gateway = await platform.gateway()
    ada = await platform.join(gateway, "u_ada", role=Role.HOST)
    encoder = Encoder(platform, gateway.url)
    await encoder.post()
    track = (await ada.happened("track_published"))["track"]
    await ada.ask("mute_track", {"track_id": track["id"]})
    await ada.happened("track_muted")
    await ada.ask("ask_to_unmute", {"participant_id": encoder.id, "source": "microphone"})
    assert (await ada.happened("track_unmuted"))["track_id"] == track["id"]
    await platform.eventually(lambda: [each.muted for each in node.asked(SetTrackMuted)][-1:] == [False])


async def test_streams_go_on_under_another_gateway_when_theirs_is_gone(platform: Platform, node: Any) -> None:
    one, two = await platform.gateway(), await platform.gateway()
    ada = await platform.join(two, "u_ada")
    encoder = Encoder(platform, one.url)
    await encoder.post()
    await ada.happened("track_published", 2)
    await one.stop()
    await platform.eventually(lambda: len(two.gateway.doors) == 1, patience_s=20)
    await platform.eventually(lambda: len(node.asked(JoinRoom, encoder.id)) == 2)
    assert await ada.happened("participant_resumed")
    assert "participant_disconnected" not in {event["type"] for event in ada.events}
    await node.report(
        TransportFailed(
            node_id=node.id,
            meeting_id=MeetingId(platform.meeting_id),
            participant_id=encoder.id,
            transport="publish",
            reason="silent",
        )
    )
    assert (await ada.happened("participant_left"))["participant_id"] == encoder.id
