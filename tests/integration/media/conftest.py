"""A real node (packet core, DTLS, RPC) on a real Valkey, and a gateway's end of the RPC."""

from __future__ import annotations

import asyncio
import inspect
import os
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, Protocol

import pytest
import redis.asyncio
from aiohttp import web
from playwright.async_api import Browser, async_playwright

from media_fleet.main import RunningNode, running
from media_fleet.settings import Settings
from tests.doubles.node_gateway import NODE_ID, TIMEOUT, Gateway
from tests.integration.media.page_client import ARGUMENTS, CHROMIUM, PAGE, Join, PageClient
from tests.valkey_server import valkey_server


@pytest.fixture(scope="session")
def valkey_url() -> Iterator[str]:
    with valkey_server() as server:
        yield f"redis://127.0.0.1:{server.port}/0"


@pytest.fixture
async def redis_client(valkey_url: str) -> AsyncIterator[redis.asyncio.Redis]:
    client = redis.asyncio.Redis.from_url(valkey_url, socket_timeout=None)
    await client.flushdb()
    yield client
    await client.aclose()


@pytest.fixture
def node_environ(valkey_url: str, request: pytest.FixtureRequest) -> dict[str, str]:
    """A test may add settings by indirect parameters."""
    return {
        "PARLEY_NODE_ID": NODE_ID,
        "PARLEY_NODE_REDIS_URL": valkey_url,
        "PARLEY_NODE_BIND_ADDRESSES": "127.0.0.1",
        "PARLEY_NODE_ADVERTISED_ADDRESSES": "127.0.0.1",
        "PARLEY_NODE_CONSENT_TIMEOUT_MS": "3000",
        # By hand all that follows can be seen with several: PARLEY_NODE_THREADS=2 pytest tests/integration/media
        "PARLEY_NODE_THREADS": os.environ.get("PARLEY_NODE_THREADS", "1"),
        **getattr(request, "param", {}),
    }


@pytest.fixture
async def node(node_environ: dict[str, str], redis_client: redis.asyncio.Redis) -> AsyncIterator[RunningNode]:
    async with running(Settings.from_environ(node_environ)) as parts:
        yield parts


@pytest.fixture
async def gateway(redis_client: redis.asyncio.Redis) -> AsyncIterator[Gateway]:
    gateway = Gateway(redis_client)
    await gateway.open()
    yield gateway
    await gateway.close()


@pytest.fixture
def new_gateway() -> type[Gateway]:
    return Gateway


class Eventually(Protocol):
    async def __call__(self, condition: Callable[[], Any], *, timeout_s: float = TIMEOUT) -> None: ...


@pytest.fixture
def eventually() -> Eventually:
    """Waits until a condition (a function, or a coroutine function) holds, for what announces itself by no event."""

    async def wait(condition: Callable[[], Any], *, timeout_s: float = TIMEOUT) -> None:
        async with asyncio.timeout(timeout_s):
            while True:
                holds = condition()
                if await holds if inspect.isawaitable(holds) else holds:
                    return
                await asyncio.sleep(0.01)

    return wait


@pytest.fixture
async def page_url() -> AsyncIterator[str]:
    async def page(_request: web.Request) -> web.Response:
        return web.Response(text=PAGE.read_text(), content_type="text/html")

    application = web.Application()
    application.router.add_get("/", page)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    await runner.cleanup()


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        await browser.close()


@pytest.fixture
async def join(node: RunningNode, gateway: Any, browser: Browser, page_url: str) -> AsyncIterator[Join]:
    clients: list[PageClient] = []

    async def join(name: str, configuration: dict[str, Any] | None = None) -> PageClient:
        client = PageClient(gateway, await browser.new_page(), name)
        clients.append(client)
        await client.join(page_url, configuration)
        return client

    yield join
    for client in clients:
        await client.close()
