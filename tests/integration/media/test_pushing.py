"""A broadcast is pushed to real servers: FFmpeg listening, which goes away and comes back."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from contracts.broadcasting import Broadcast, BroadcastState, BroadcastTarget, TargetFailure, TargetState
from infra.local.certificate import ensure_certificate
from media_fleet.broadcaster import rtmp_connection
from media_fleet.broadcaster.encoding import Encoding
from media_fleet.broadcaster.loop_thread import LoopThread
from media_fleet.broadcaster.target import Targets
from media_fleet.main import RunningNode
from tests.integration.media.aiortc_client import Client
from tests.integration.media.test_broadcast import (  # noqa: F401 - fixtures
    alice,
    broadcast,
    lets_hear_alice,
    node_environ,
    order,
    pictures,
    shows_alice,
)
from tests.integration.media.watching import PATIENCE_S
from tests.platform_process import free_port
from tests.unit.media_fleet.test_broadcast_encoding import ORDER, RATE, grey, tone

KEY = "very-secret-key"
SOUND = 48_000 // RATE


@contextmanager
def server(port: int, path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """FFmpeg listens for one publisher, and writes what it gets to a file."""
    command = ["ffmpeg", "-nostdin", "-loglevel", "fatal", "-listen", "1", "-f", "flv"]
    command += ["-i", f"rtmp://127.0.0.1:{port}/live/{KEY}", "-c", "copy", "-flush_packets", "1", "-f", "matroska"]
    process = subprocess.Popen([*command, "-y", str(path)])
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def target(port: int) -> BroadcastTarget:
    return BroadcastTarget(id="t1", url=f"rtmp://127.0.0.1:{port}/live/{KEY}")


async def larger_than(path: Path, octets: int, eventually: Any) -> None:
    """Once so much has come."""
    await eventually(lambda: path.exists() and path.stat().st_size > octets, timeout_s=PATIENCE_S)


async def finished(process: subprocess.Popen[bytes]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        await asyncio.to_thread(process.wait)


async def test_a_server_gets_what_is_seen_and_heard(  # noqa: PLR0917
    alice: Client,  # noqa: F811
    node: RunningNode,
    gateway: Any,
    eventually: Any,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    port, path = free_port(socket.SOCK_STREAM), tmp_path / "pushed.mkv"
    with server(port, path):
        async with broadcast(gateway, order(targets=(target(port),), hls=False)) as made:
            assert made.origin is None, "there is nothing to be watched here"
            await live(gateway, made)
            await larger_than(path, 150_000, eventually)
            [process] = node.node.workers.broadcasts.processes
            assert KEY not in Path(f"/proc/{process}/cmdline").read_text()  # noqa: ASYNC240
    assert lets_hear_alice(path.read_bytes())
    assert shows_alice(path.read_bytes())
    said = [str(record.__dict__) for record in caplog.records]
    assert not any(re.search(f"{KEY}|:{port}", each) for each in said)


async def live(gateway: Any, made: Broadcast) -> None:
    """Once the server takes the stream."""
    async with asyncio.timeout(PATIENCE_S):
        targets = made.targets
        while [each.state for each in targets] != [BroadcastState.LIVE]:
            targets = (await gateway.broadcasts.get()).broadcast.targets


class Pushing:
    """An encoding that goes on, and what is told of where it goes."""

    def __init__(self) -> None:
        self.told: asyncio.Queue[tuple[TargetState, ...]] = asyncio.Queue()
        self._encoding = Encoding(ORDER)
        self._network = LoopThread()
        loop = asyncio.get_running_loop()
        self.targets = Targets(
            self._encoding.parameters,
            self._network,
            may_reach_any=True,
            changed=lambda states: self._tell(loop, states),
        )
        self._encoding.takers = (self.targets,)

    def _tell(self, loop: asyncio.AbstractEventLoop, states: tuple[TargetState, ...]) -> None:
        loop.call_soon_threadsafe(self.told.put_nowait, states)

    async def run(self) -> None:
        """Goes on until it is cancelled."""
        number = 0
        while True:
            self._encoding.play(tone(number * SOUND, SOUND))
            self._encoding.draw(grey(40 + number % 160), number)
            number += 1
            await asyncio.sleep(1 / RATE)

    async def until(self, name: str, state: BroadcastState) -> TargetState:
        """A server, once it is in a state."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                for each in await self.told.get():
                    if each.id == name and each.state is state:
                        return each

    def close(self) -> None:
        self.targets.close()
        self._network.close()


@asynccontextmanager
async def pushing() -> AsyncIterator[Pushing]:
    some = Pushing()
    running = asyncio.create_task(some.run())
    try:
        yield some
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await asyncio.to_thread(some.close)


async def test_a_server_that_was_away_gets_the_stream_again(eventually: Any, tmp_path: Path) -> None:
    port, path = free_port(socket.SOCK_STREAM), tmp_path / "second.mkv"
    async with pushing() as some:
        with server(port, tmp_path / "first.mkv"):
            some.targets.are([target(port)])
            await some.until("t1", BroadcastState.LIVE)
        lost = await some.until("t1", BroadcastState.CONNECTING)
        assert lost.reason in {TargetFailure.CLOSED, TargetFailure.ABSENT}
        assert lost.attempts >= 1
        with server(port, path) as process:
            assert (await some.until("t1", BroadcastState.LIVE)).attempts == 0
            await larger_than(path, 50_000, eventually)
            some.targets.are([])
            await finished(process)
    shown = pictures(path.read_bytes())
    assert shown[0][0] < 0.2, "it begins anew, with a key frame"
    assert len(shown) > RATE


async def test_a_server_that_takes_nothing_holds_up_no_other(eventually: Any, tmp_path: Path) -> None:
    port, path = free_port(socket.SOCK_STREAM), tmp_path / "other.mkv"

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    deaf = await asyncio.start_server(silent, "127.0.0.1", 0)
    deaf_port = deaf.sockets[0].getsockname()[1]
    async with pushing() as some:
        with server(port, path) as process:
            some.targets.are([BroadcastTarget(id="deaf", url=f"rtmp://127.0.0.1:{deaf_port}/live/{KEY}"), target(port)])
            await some.until("t1", BroadcastState.LIVE)
            lost = await some.until("deaf", BroadcastState.CONNECTING)
            while lost.reason is None:
                lost = await some.until("deaf", BroadcastState.CONNECTING)
            assert lost.reason is TargetFailure.ABSENT
            await larger_than(path, 50_000, eventually)
            some.targets.are([])
            await finished(process)
    deaf.close()
    times = [round(at * RATE) for at, _ in pictures(path.read_bytes())]
    assert times == list(range(len(times))), "nothing is missing"


@asynccontextmanager
async def tls_before(port: int, context: ssl.SSLContext) -> AsyncIterator[int]:
    """A port where what comes over TLS is passed on to another."""

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        except OSError:
            return
        finally:
            writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(pass_on(reader, back), pass_on(there, writer))

    async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context) as listening:
        yield listening.sockets[0].getsockname()[1]


@pytest.mark.parametrize("is_trusted", [True, False])
async def test_a_server_behind_tls_gets_the_stream_if_its_certificate_is_valid(
    eventually: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_trusted: bool
) -> None:
    made = ensure_certificate(tmp_path, "localhost", now=datetime.now(UTC))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(made.certificate, made.key)
    if is_trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(made.certificate))
    monkeypatch.setattr(rtmp_connection, "_tls", ssl.create_default_context)
    port, path = free_port(socket.SOCK_STREAM), tmp_path / "pushed.mkv"
    async with pushing() as some, tls_before(port, context) as tls_port:
        with server(port, path) as process:
            some.targets.are([BroadcastTarget(id="t1", url=f"rtmps://localhost:{tls_port}/live/{KEY}")])
            if not is_trusted:
                told = await some.until("t1", BroadcastState.CONNECTING)
                while told.reason is None:
                    told = await some.until("t1", BroadcastState.CONNECTING)
                assert told.reason is TargetFailure.UNTRUSTED
                return
            await some.until("t1", BroadcastState.LIVE)
            await larger_than(path, 50_000, eventually)
            some.targets.are([])
            await finished(process)
    assert len(pictures(path.read_bytes())) > RATE


async def test_what_does_not_speak_tls_is_told() -> None:
    hasty = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    port = hasty.sockets[0].getsockname()[1]
    async with pushing() as some:
        some.targets.are([BroadcastTarget(id="t1", url=f"rtmps://127.0.0.1:{port}/live/{KEY}")])
        told = await some.until("t1", BroadcastState.CONNECTING)
        while told.reason is None:
            told = await some.until("t1", BroadcastState.CONNECTING)
    hasty.close()
    assert told.reason is TargetFailure.ABSENT
