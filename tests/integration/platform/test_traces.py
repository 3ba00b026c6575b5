"""One trace, from the request for a ticket to the media node, in the logs of all services of the real platform."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from parley_client import RoomClient
from tests.platform_process import Platform

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = f"00-{TRACE_ID}-00f067aa0ba902b7-01"


def lines_of_trace(platform: Platform, process: str) -> list[dict[str, Any]]:
    """The log lines of a process that belong to the trace."""
    lines = [json.loads(line) for line in platform.log(process).splitlines() if line.startswith("{")]
    return [line for line in lines if line.get("trace_id") == TRACE_ID]


async def logged(platform: Platform, process: str, event: str) -> dict[str, Any]:
    """The line about an event, once it is there."""
    async with asyncio.timeout(20):
        while True:
            for line in lines_of_trace(platform, process):
                if line["event"] == event:
                    return line
            await asyncio.sleep(0.05)


async def test_a_trace_goes_from_the_request_to_the_media_node(platform: Platform, tickets: Any) -> None:
    ticket = await tickets({"traceparent": TRACEPARENT})
    async with RoomClient(ticket) as ada:
        names = {"meeting_id": (await ticket()).meeting_id, "participant_id": ada.participant_id}
        answered = await logged(platform, "meetings-function", "request")
        connected = await logged(platform, "gateway", "connected")
        joined = await logged(platform, "media-node", "participant joined")
        assert answered.items() >= {"method": "POST", "status": 200}.items()
        for line in (connected, joined):
            assert line.items() >= names.items()
    assert (await logged(platform, "gateway", "disconnected")).items() >= names.items()
