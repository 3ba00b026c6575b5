"""Whatever comes over a WebSocket: nobody else notices, nothing of ours fails, and commands get answers with codes."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import logging
from typing import Any

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.client_commands import COMMANDS
from tests.doubles.asyncapi_messages import fault

Platform = Any
PATIENCE_S = 15
NUMBERS = itertools.count()


class Long(str):
    """A text of which only the beginning is shown when a test fails."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"{self[:30]!s}… ({len(self)})"


EXPECTED_CLOSES = {1000, 1002, 1003, 1008, 1009}
"""Left by itself, no packet, binary, policy, too big."""

TEXT = st.text(st.characters(exclude_categories=()), max_size=40)
"""Halves of surrogate pairs included: JSON can say them, UTF-8 cannot."""
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from([*COMMANDS, "connect", "disconnect", "connect_error", "welcome", "*", "__proto__", ""])
COMMAND = st.tuples(st.just("42"), st.integers(0, 10**30).map(str), st.lists(NAMES | JSON, max_size=4).map(json.dumps))
NAMESPACE = st.sampled_from(["", "/", "/,", "/admin,", "/?x=1,", "/" + "n" * 300 + ",", "//,", ","])
PACKET = st.tuples(
    st.sampled_from(["40", "41", "42", "43", "44", "45", "46", "49"]),
    NAMESPACE,
    st.sampled_from(["", "0", "7", "-1", "9" * 60, "1-"]),
    (JSON.map(json.dumps) | st.text(max_size=60)),
)
HUGE = st.sampled_from(
    [
        Long('42["send_chat",{"text":"' + "x" * 400_000 + '"}]'),
        Long("42" + "[" * 200_000),
        Long('421["send_chat",' + '{"a":' * 50_000),
        Long("4" * 600_000),
        Long("42" + "9" * 400_000),
        Long('40{"token":"' + "t" * 100_000 + '"}'),
    ]
)
FRAME = st.one_of(
    COMMAND.map("".join),
    PACKET.map("".join),
    st.text(max_size=80),
    st.binary(max_size=80),
    HUGE,
    st.sampled_from("123456"),
)

fuzzed = settings(derandomize=True, suppress_health_check=list(HealthCheck))


async def until_answered(socket: aiohttp.ClientWebSocketResponse, beginning: str | tuple[str, ...]) -> None:
    """Returns once a frame that begins so has come, or the WebSocket is closed with a code that says why."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            message = await socket.receive()
            if message.type is not aiohttp.WSMsgType.TEXT:
                assert socket.close_code in EXPECTED_CLOSES
                return
            text = str(message.data)
            if text.startswith("43"):
                assert '"internal"' not in text
            if text.startswith(beginning):
                return


@pytest.fixture
async def stage(platform: Platform, caplog: pytest.LogCaptureFixture) -> Any:
    """A gateway, a bystander in the meeting, and a session for strangers."""
    caplog.set_level(logging.WARNING)
    gateway = await platform.gateway()
    bystander = await platform.join(gateway, "u_bystander")
    async with aiohttp.ClientSession() as session:
        yield gateway, bystander, session
    # Asyncio tells there of tasks that failed and were waited for by nobody.
    assert [each.getMessage() for each in caplog.records if each.levelno >= logging.ERROR] == []


@settings(fuzzed, max_examples=80)
@given(start=st.sampled_from(["stranger", "participant"]), frames=st.lists(FRAME, min_size=1, max_size=6))
async def test_frames_of_any_kind_harm_nobody(
    platform: Platform, stage: Any, start: str, frames: list[str | bytes]
) -> None:
    gateway, bystander, session = stage
    url = f"{gateway.url}/socket.io/?EIO=4&transport=websocket"
    token = platform.service.token(platform.meeting_id, f"u_{next(NUMBERS)}")
    connect = "40" + json.dumps({"token": token, "meeting_id": platform.meeting_id})
    async with session.ws_connect(url, max_msg_size=0) as socket:
        if start == "participant":
            await socket.send_str(connect)
            await until_answered(socket, '42["welcome"')
        with contextlib.suppress(ConnectionError):
            for frame in frames:
                await (socket.send_bytes(frame) if isinstance(frame, bytes) else socket.send_str(frame))
            # A participant who is still there is answered; one who has left may not come in again on this WebSocket.
            await socket.send_str('42424242["lower_hand",{}]' if start == "participant" else connect)
            await socket.send_str("40{}")
        await until_answered(socket, "43424242" if start == "participant" else ("44", '42["welcome"'))
    answer = await bystander.ask("send_data", {"topic": "t", "data": "here"})
    assert answer.get("error", {}).get("code") in {None, "rate_limited"}
    assert not bystander.disconnected


@settings(fuzzed, max_examples=120)
@given(command=st.sampled_from(sorted(COMMANDS)), body=JSON)
async def test_commands_of_any_form_are_answered(platform: Platform, stage: Any, command: str, body: Any) -> None:
    gateway, bystander, _ = stage
    client = await platform.join(gateway, f"u_{next(NUMBERS)}")
    answer = await client.sio.call(command, body, timeout=PATIENCE_S)
    assert fault(f"{command}_acknowledged", answer) is None
    assert answer.get("error", {}).get("code") != "internal"
    await client.leave()
    assert not bystander.disconnected
