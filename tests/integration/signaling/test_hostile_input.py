"""Whatever a client sends: an answer in its own channel, and nobody else notices."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from typing import Any

import aiohttp
import pytest

from contracts.client_messages import ErrorBody
from signaling_gateway.edge import http_protocol
from signaling_gateway.edge.frame_guard import Link

Platform = Any


async def _socket(session: aiohttp.ClientSession, gateway: Any) -> aiohttp.ClientWebSocketResponse:
    url = f"{gateway.url}/socket.io/?EIO=4&transport=websocket"
    websocket = await session.ws_connect(url, max_msg_size=0)
    assert (await websocket.receive()).data.startswith("0{")
    return websocket


async def _joined(session: aiohttp.ClientSession, platform: Platform, gateway: Any) -> Any:
    websocket = await _socket(session, gateway)
    auth = {"token": platform.service.token(platform.meeting_id, "u_evil"), "meeting_id": platform.meeting_id}
    await websocket.send_str("40" + json.dumps(auth))
    async with asyncio.timeout(15):
        while not (await websocket.receive()).data.startswith('42["welcome"'):
            pass
    return websocket


@pytest.fixture
async def session() -> Any:
    async with aiohttp.ClientSession() as session:
        yield session


GARBAGE = ["", "x", "9", "0", "45-x", "46", "44{}", "4", "4{}", '4["x"]', "49", "ÿ", "\x00", "b4AAAA", "8[[["]


@pytest.mark.parametrize("frame", GARBAGE)
async def test_a_frame_that_is_no_packet_closes_its_own_connection(
    platform: Platform, session: aiohttp.ClientSession, frame: str
) -> None:
    gateway = await platform.gateway()
    ada = await platform.join(gateway, "u_ada")
    evil = await _joined(session, platform, gateway)
    await evil.send_str(frame)
    async with asyncio.timeout(15):
        while not evil.closed:
            await evil.receive()
    assert evil.close_code == 1002
    await ada.happened("participant_disconnected")
    assert "message_id" in await ada.ask("send_chat", {"text": "unmoved"})


async def test_binary_and_oversized_frames_close_their_own_connection(
    platform: Platform, session: aiohttp.ClientSession
) -> None:
    gateway = await platform.gateway()
    ada = await platform.join(gateway, "u_ada")
    for frame, code in ((b"\x00\x01", 1003), ("4" * (513 * 1024), 1009), ('42["send_chat",' + " " * 700_000, 1009)):
        evil = await _joined(session, platform, gateway)
        await (evil.send_bytes(frame) if isinstance(frame, bytes) else evil.send_str(frame))
        async with asyncio.timeout(15):
            while not evil.closed:
                await evil.receive()
        assert evil.close_code == code
    await ada.happened("participant_disconnected", 3)
    assert not ada.disconnected


ODD = [
    "42[]",
    "42{}",
    '42"x"',
    "42[",
    "42" + "[" * 100_000,
    '42["send_chat"',
    "421",
    '42["disconnect","x"]',
    '421["disconnect"]',
    '42["disconnect"]',
    "43[]",
    '4399["x"]',
    '42/other,["send_chat",{}]',
    "40/other,{}",
    "40{}",
    "41/other,",
    "2probe",
    "3",
    "5",
    "6",
    "42999999999999999999999999999999999999[1]",
    "42" + "9" * 200 + "[1]",
]


@pytest.mark.parametrize("frame", ODD)
async def test_an_odd_packet_changes_nothing(platform: Platform, session: aiohttp.ClientSession, frame: str) -> None:
    gateway = await platform.gateway()
    ada = await platform.join(gateway, "u_ada")
    evil = await _joined(session, platform, gateway)
    await evil.send_str(frame)
    await evil.send_str('427["send_chat",{"text":"still works"}]')
    async with asyncio.timeout(15):
        while not (data := (await evil.receive()).data).startswith("437"):
            pass
    assert "message_id" in data
    await ada.happened("chat_sent")
    assert not ada.disconnected


async def test_a_forged_connect_event_is_an_unknown_command(platform: Platform, session: aiohttp.ClientSession) -> None:
    gateway = await platform.gateway()
    evil = await _joined(session, platform, gateway)
    await evil.send_str('425["connect",{},{"token":"x"}]')
    async with asyncio.timeout(15):
        while not (data := (await evil.receive()).data).startswith("435"):
            pass
    assert "unknown_command" in data


async def test_events_before_joining_are_ignored(platform: Platform, session: aiohttp.ClientSession) -> None:
    gateway = await platform.gateway()
    websocket = await _socket(session, gateway)
    await websocket.send_str('421["send_chat",{"text":"too early"}]')
    auth = {"token": platform.service.token(platform.meeting_id), "meeting_id": platform.meeting_id}
    await websocket.send_str("40" + json.dumps(auth))
    async with asyncio.timeout(15):
        while not (data := (await websocket.receive()).data).startswith('42["welcome"'):
            assert not data.startswith("431")
    assert "too early" not in data


async def test_unknown_commands_and_wrong_forms_are_answered(platform: Platform) -> None:
    gateway = await platform.gateway()
    ada = await platform.join(gateway, "u_ada")
    for name, body, code in (
        ("no_such", {}, "unknown_command"),
        ("welcome", {}, "unknown_command"),
        ("Send_Chat", {"text": "x"}, "unknown_command"),
        ("send_chat", {}, "validation_failed"),
        ("send_chat", {"text": ""}, "validation_failed"),
        ("send_chat", {"text": "   "}, "validation_failed"),
        ("send_chat", {"text": "x" * 4001}, "validation_failed"),
        ("send_chat", {"text": "x", "as": "u_host"}, "validation_failed"),
        ("send_chat", {"text": 5}, "validation_failed"),
        ("send_chat", {"text": "half of \ud83d"}, "validation_failed"),
        ("rename", {"name": "\udc00"}, "validation_failed"),
        ("edit_notes", {"edit_id": "e", "revision": 0, "change": ["\ud83d"]}, "validation_failed"),
        ("send_chat", "text", "validation_failed"),
        ("send_chat", [], "validation_failed"),
        ("send_chat", ({"text": "x"}, {"text": "y"}), "validation_failed"),
        ("mute_track", {"track_id": "t_none"}, "track_not_found"),
        ("publish_offer", {"sdp": "", "tracks": []}, "validation_failed"),
        ("publish_offer", {"sdp": "x" * 262_145, "tracks": []}, "validation_failed"),
        ("publish_offer", {"sdp": "x", "tracks": [{"mid": "0", "source": "tv"}]}, "validation_failed"),
        ("publish_offer", {"sdp": "x", "tracks": [{"mid": "0", "source": "camera"}] * 9}, "validation_failed"),
        ("publish_offer", {"sdp": "x", "tracks": [{"mid": "0", "source": "camera"}] * 2}, "bad_request"),
        ("subscriber_answer", {"generation": 0, "negotiation": 1, "sdp": "x"}, "validation_failed"),
        ("subscriber_answer", {"generation": 1, "negotiation": 1, "sdp": "x"}, "stale_negotiation"),
        ("remove_participant", {"participant_id": "p"}, "permission_denied"),
    ):
        assert await ada.code(name, body) == code, (name, code)


async def test_commands_are_limited_for_each_connection_alone(platform: Platform) -> None:
    gateway = await platform.gateway()
    ada, bob = await platform.join(gateway, "u_ada"), await platform.join(gateway, "u_bob")
    answers = await asyncio.gather(*(ada.ask("mute_track", {"track_id": "t_none"}) for _ in range(100)))
    codes = Counter(answer["error"]["code"] for answer in answers)
    assert set(codes) == {"rate_limited", "track_not_found"}
    assert codes["track_not_found"] >= 60
    assert "message_id" in await bob.ask("send_chat", {"text": "unhindered"})


async def test_what_costs_others_has_limits_of_its_own(platform: Platform) -> None:
    gateway = await platform.gateway()
    ada, bob = await platform.join(gateway, "u_ada"), await platform.join(gateway, "u_bob")
    answers = await asyncio.gather(*(ada.ask("send_chat", {"text": f"{number}"}) for number in range(30)))
    codes = [answer["error"]["code"] for answer in answers if "error" in answer]
    assert set(codes) == {"rate_limited"}
    accepted = len(answers) - len(codes)
    assert 10 <= accepted < 30
    assert await ada.code("mute_track", {"track_id": "t_none"}) == "track_not_found"
    await bob.happened("chat_sent", accepted)


async def test_a_flood_of_frames_closes_its_own_connection(platform: Platform, session: aiohttp.ClientSession) -> None:
    gateway = await platform.gateway()
    evil = await _joined(session, platform, gateway)
    for _ in range(1000):
        if evil.closed:
            break
        await evil.send_str("3")
    async with asyncio.timeout(15):
        while not evil.closed:
            await evil.receive()
    assert evil.close_code == 1008


async def test_long_polling_is_not_offered(platform: Platform, session: aiohttp.ClientSession) -> None:
    gateway = await platform.gateway()
    async with session.get(f"{gateway.url}/socket.io/?EIO=4&transport=polling") as answer:
        assert answer.status == 400


async def test_health_and_readiness_are_told_apart(platform: Platform, session: aiohttp.ClientSession) -> None:
    gateway = await platform.gateway()
    async with session.get(f"{gateway.url}/healthz") as answer:
        assert await answer.json() == {"status": "ok"}
    async with session.get(f"{gateway.url}/readyz") as answer:
        assert answer.status == 200
    gateway.gateway.sockets.closing = True
    async with session.get(f"{gateway.url}/readyz") as answer:
        assert answer.status == 503
        assert (await answer.json())["checks"]["open"] is False
    gateway.gateway.sockets.closing = False
    async with session.get(f"{gateway.url}/nothing-here") as answer:
        assert answer.status == 404


async def test_the_reference_is_told_to_tools_and_people(platform: Platform, session: aiohttp.ClientSession) -> None:
    gateway = await platform.gateway()
    async with session.get(f"{gateway.url}/asyncapi.json") as answer:
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert (await answer.json())["asyncapi"] == "3.0.0"
    async with session.get(f"{gateway.url}/reference") as answer:
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert 'id="send_chat"' in await answer.text()
    async with session.post(f"{gateway.url}/reference") as answer:
        assert answer.status == 405


async def test_a_client_that_asks_and_reads_no_answers_is_dropped(
    platform: Platform, session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = await platform.gateway()
    ada = await platform.join(gateway, "u_ada")
    slow = await _joined(session, platform, gateway)
    await ada.happened("participant_joined")
    connection = next(each for each in gateway.gateway.sockets._connections.values() if each.participant_id != ada.id)
    link = gateway.gateway.sockets._delivery._links[connection.sid]
    # The kernel takes at once what a client reads: here it is as if the client read nothing.
    monkeypatch.setattr(Link, "is_slow", property(lambda each: each is link))
    await slow.send_str('420["send_chat",{"text":"x"}]')
    async with asyncio.timeout(15):
        await ada.happened("participant_disconnected")
    await slow.close()


async def test_a_client_that_reads_nothing_is_dropped_and_can_resume(
    platform: Platform, session: aiohttp.ClientSession
) -> None:
    gateway = await platform.gateway()
    ada = await platform.join(gateway, "u_ada")
    slow = await _joined(session, platform, gateway)
    await ada.happened("participant_joined")
    connection = next(each for each in gateway.gateway.sockets._connections.values() if each.participant_id != ada.id)
    bulk = ErrorBody(code="bulk", message="x" * 1_000_000)
    for _ in range(60):
        gateway.gateway.sockets._delivery.send([connection.sid], "bulk", bulk)
        await asyncio.sleep(0)
    # At once, and not only when the heartbeat fails.
    async with asyncio.timeout(15):
        await ada.happened("participant_disconnected")
    assert "message_id" in await ada.ask("send_chat", {"text": "unhindered"})
    back = await platform.join(
        gateway,
        "u_evil",
        resume={"participant_id": connection.participant_id, "secret": connection.resume_secret, "version": 0},
    )
    assert back.chat == ["unhindered"]
    await slow.close()


@pytest.mark.parametrize("before", ["", "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n"], ids=["first", "next"])
async def test_a_head_that_comes_a_byte_at_a_time_is_not_waited_for(
    platform: Platform, session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch, before: str
) -> None:
    monkeypatch.setattr(http_protocol, "HEAD_WITHIN_S", 0.3)
    gateway = await platform.gateway()
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    writer.write(before.encode())
    if before:
        await reader.readuntil(b"\r\n\r\n")

    async def trickle() -> None:
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: h\r\nX-Slow: ")
        while True:
            writer.write(b"a")
            await asyncio.sleep(0.05)

    trickling = asyncio.create_task(trickle())
    async with asyncio.timeout(5):
        while await reader.read(1024):
            pass
    trickling.cancel()
    writer.close()
    # Whoever has asked in time is served, however long that takes.
    joined = await _joined(session, platform, gateway)
    await asyncio.sleep(0.4)
    await joined.send_str("2")
    assert not joined.closed
    assert (await platform.join(gateway, "u_ada")).welcome
