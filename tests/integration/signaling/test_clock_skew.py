"""Machines whose clocks are wrong: what they say is still true for everybody."""

from __future__ import annotations

import time
from typing import Any

import pytest

from contracts.rooms import Role
from telemetry.clock import local_ms

Platform = Any

HOUR_MS = 3_600_000
TOLERANCE_MS = 5_000


@pytest.mark.parametrize("wrong_ms", [-HOUR_MS, HOUR_MS])
async def test_a_gateway_whose_clock_is_wrong_agrees_with_all_others(platform: Platform, wrong_ms: int) -> None:
    node = await platform.node()
    wrong = await platform.gateway(lambda: local_ms() + wrong_ms)
    right = await platform.gateway()
    began = local_ms()
    host = await platform.join(wrong, "u_host", role=Role.HOST)
    ada = await platform.join(right, "u_ada")
    assert "message_id" in await host.ask("send_chat", {"text": "what time is it?"})
    said = await ada.happened("chat_sent")
    assert abs(said["message"]["at"] - began) < TOLERANCE_MS
    rooms = [{"name": "One", "participant_ids": [ada.id]}]
    await host.ask("open_breakouts", {"rooms": rooms, "close_after_s": 1})
    opened = await ada.happened("breakouts_opened")
    assert abs(opened["breakouts"]["ends_at"] - began - 1_000) < TOLERANCE_MS
    closed = await ada.happened("breakouts_closed")
    assert opened["breakouts"]["ends_at"] <= closed["at"] < local_ms() + TOLERANCE_MS
    await platform.eventually(lambda: node.requests)
    assert all(abs(request.deadline_at - time.time() * 1000) < 4 * TOLERANCE_MS for request in node.requests)


async def test_a_gateway_whose_clock_is_wrong_takes_a_token_for_as_old_as_it_is(platform: Platform) -> None:
    fast = await platform.gateway(lambda: local_ms() + HOUR_MS)
    slow = await platform.gateway(lambda: local_ms() - HOUR_MS)
    await platform.join(fast, "u_ada")
    expired = platform.client()
    token = platform.service.token(platform.meeting_id, "u_bob", exp=int(time.time()) - 120)
    auth = {"token": token, "meeting_id": platform.meeting_id}
    assert await expired.refused(slow.url, auth) == "token_expired"
