"""The metrics of the real platform: what a participant does is counted where it happens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

from parley_client import RoomClient
from tests.platform_process import Platform


async def told(port: int) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """All samples by name and labels."""
    async with httpx.AsyncClient() as client:
        text = (await client.get(f"http://127.0.0.1:{port}/metrics")).text
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def until(port: int, name: str, is_so: Callable[[float], bool], **labels: str) -> None:
    """Waits for a sample to be so."""
    async with asyncio.timeout(20):
        while True:
            if is_so((await told(port)).get((name, frozenset(labels.items())), 0.0)):
                return
            await asyncio.sleep(0.05)


async def test_a_stay_is_counted_by_gateway_and_node(
    platform: Platform, gateway_metrics: int, node_metrics: int, tickets: Any
) -> None:
    connections = (await told(gateway_metrics))["parley_gateway_connections", frozenset()]
    participants = (await told(node_metrics))["parley_node_participants", frozenset()]
    async with RoomClient(await tickets()) as ada:
        await ada.send("send_chat", text="counted")
        await until(gateway_metrics, "parley_gateway_connections", lambda value: value == connections + 1)
        await until(node_metrics, "parley_node_participants", lambda value: value == participants + 1)
        gateway, node = await told(gateway_metrics), await told(node_metrics)
        done = frozenset({("command", "send_chat"), ("code", "ok")})
        assert gateway["parley_gateway_command_seconds_count", done] >= 1
        assert gateway["parley_gateway_connects_total", frozenset({("outcome", "joined")})] >= 1
        assert gateway["parley_gateway_log_append_seconds_count", frozenset({("outcome", "stands")})] >= 2
        assert gateway["parley_gateway_sent_messages_total", frozenset({("message", "welcome")})] >= 1
        joined = frozenset({("request", "JoinRoom"), ("code", "ok")})
        assert gateway["parley_gateway_node_request_seconds_count", joined] >= 1
        assert node["parley_node_request_seconds_count", joined] >= 1
        assert ("parley_node_rtp_forwarded_total", frozenset()) in node
    await until(gateway_metrics, "parley_gateway_connections", lambda value: value == connections)
    await until(node_metrics, "parley_node_participants", lambda value: value == participants)
    await until(gateway_metrics, "parley_gateway_facts_total", lambda value: value >= 1, outcome="delivered")
