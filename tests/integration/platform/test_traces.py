"""One trace, from the request for a ticket to the media node, in the logs and spans of all services of the platform."""

from __future__ import annotations

import asyncio
import json
import secrets
from typing import Any

from parley_client import RoomClient
from tests.doubles.trace_collector import Collector, Span
from tests.platform_process import Platform

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
CALLER = "00f067aa0ba902b7"
TRACEPARENT = f"00-{TRACE_ID}-{CALLER}-01"


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


async def test_spans_of_all_services_hang_together(tickets: Any, collector: Collector) -> None:
    """From who asked for the ticket to the node: each lies under the one that caused it."""
    trace_id = secrets.token_hex(16)
    ticket = await tickets({"traceparent": f"00-{trace_id}-{CALLER}-01"})

    async def span(service: str, name: str, kind: str, under: str) -> Span:
        found = await asyncio.to_thread(collector.wait_for, trace_id, f"parley-{service}", name, under)
        assert (found.kind, found.failed) == (kind, False)
        return found

    async def asked_of_node(request: str, under: Span) -> None:
        asking = await span("signaling", request, "CLIENT", under.span_id)
        answering = await span("media", request, "SERVER", asking.span_id)
        assert answering.ended_at - answering.started_at <= asking.ended_at - asking.started_at

    async with RoomClient(ticket) as ada:
        joined = await span("meetings", "POST /v1/meetings/{id}/join", "SERVER", CALLER)
        assert joined.attributes["http.response.status_code"] == "200"
        await span("signaling", "connect", "SERVER", joined.span_id)
        await asked_of_node("JoinRoom", joined)
        await ada.send("restart_media")
        restarted = await span("signaling", "restart_media", "SERVER", joined.span_id)
        await asked_of_node("RestartSubscription", restarted)
