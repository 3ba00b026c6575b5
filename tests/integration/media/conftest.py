"""A real node (packet core, DTLS, RPC) on a real Valkey, and a gateway's end of the RPC."""

from __future__ import annotations

import asyncio
import inspect
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from typing import Any, Protocol

import boto3
import pytest
import redis.asyncio
from aiohttp import web
from moto.server import ThreadedMotoServer
from playwright.async_api import Browser, async_playwright

from contracts.rooms import NodeId
from media_fleet.main import RunningNode, running
from media_fleet.settings import Settings
from tests import chromium
from tests.doubles.node_gateway import NODE_ID, TIMEOUT, Gateway
from tests.integration.media.page_client import PAGE, Join, PageClient
from tests.integration.media.recordings_bucket import BUCKET
from tests.integration.media.two_nodes import EAST, WEST
from tests.valkey_server import valkey_server


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browsers take turns, however many processes run tests (``--dist loadgroup``): each of them needs a processor."""
    for item in items:
        if isinstance(item, pytest.Function) and "browser" in item.fixturenames:
            item.add_marker(pytest.mark.xdist_group("browsers"))


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


@pytest.fixture(scope="module")
def s3_url() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(s3_url: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    client = boto3.client("s3", endpoint_url=s3_url)
    client.create_bucket(Bucket=BUCKET)
    for item in client.list_objects_v2(Bucket=BUCKET).get("Contents", []):
        client.delete_object(Bucket=BUCKET, Key=item["Key"])
    return client


@pytest.fixture
async def nodes(
    node_environ: dict[str, str], redis_client: redis.asyncio.Redis
) -> AsyncIterator[dict[NodeId, RunningNode]]:
    """Two, each with an id of its own."""
    async with AsyncExitStack() as stack:
        yield {
            node_id: await stack.enter_async_context(
                running(Settings.from_environ({**node_environ, "PARLEY_NODE_ID": node_id}))
            )
            for node_id in (WEST, EAST)
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
        browser = await playwright.chromium.launch(
            executable_path=chromium.EXECUTABLE, args=chromium.arguments(pictures_per_second=20)
        )
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
