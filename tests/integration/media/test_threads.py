"""A node with several I/O threads: meetings in each, one port, and what becomes of a thread that hangs."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis.asyncio
from aiortc.mediastreams import VideoStreamTrack

from contracts.node_rpc import CloseRoom, Done
from contracts.rooms import MeetingId
from media_fleet.main import RunningNode, running
from media_fleet.metrics import CoreCollector
from media_fleet.settings import Settings
from tests.integration.media.aiortc_client import Client
from tests.platform_process import free_port

MEETINGS = (MeetingId("one"), MeetingId("two"))
PEOPLE = ("alice", "bob")


@pytest.fixture
async def node(node_environ: dict[str, str], redis_client: redis.asyncio.Redis) -> AsyncIterator[RunningNode]:
    assert redis_client
    async with running(Settings.from_environ(node_environ | {"PARLEY_NODE_THREADS": "2"})) as parts:
        yield parts


@pytest.fixture
async def join(gateway: Any) -> AsyncIterator[Callable[[MeetingId, str], Awaitable[Client]]]:
    async with AsyncExitStack() as stack:

        async def join(meeting_id: MeetingId, name: str) -> Client:
            client = Client(gateway, f"{meeting_id}-{name}", meeting_id)
            stack.push_async_callback(client.close)
            await client.join()
            await client.publish(VideoStreamTrack())
            return client

        yield join


def _totals(node: RunningNode) -> dict[str, float]:
    return {
        sample.name: sample.value
        for family in CoreCollector(node.core).collect()
        for sample in family.samples
        if not sample.labels
    }


async def test_two_meetings_in_two_threads_share_a_port(
    node: RunningNode, gateway: Any, join: Any, eventually: Any
) -> None:
    clients = {(meeting_id, name): await join(meeting_id, name) for meeting_id in MEETINGS for name in PEOPLE}
    for meeting_id in MEETINGS:
        for name, other in (PEOPLE, PEOPLE[::-1]):
            track = f"{meeting_id}-{other}-video"
            await clients[meeting_id, name].wait_for_tracks(track)
            assert await clients[meeting_id, name].frames(track, 5)
    threads = [stats for stats in node.core.thread_stats() if stats is not None]
    # Each has one meeting: two people, each with a transport to publish and one to receive.
    assert [(each.transports, each.tracks, each.subscriptions) for each in threads] == [(4, 2, 2)] * 2
    assert all(each.rtp_forwarded > 0 for each in threads)
    assert len({node.core.ufrag_start(thread) for thread in range(2)}) == 2
    # The sum is what the node says of itself.
    stats, totals = node.core.stats(), _totals(node)
    assert (stats.transports, stats.tracks, stats.subscriptions) == (8, 4, 4)
    assert totals["parley_node_transports"] == 8
    assert totals["parley_node_rtp_forwarded_total"] >= sum(each.rtp_forwarded for each in threads)
    assert (stats.dropped_authentication, stats.hand_over_drops) == (0, 0)
    for meeting_id in MEETINGS:
        for client in (clients[meeting_id, name] for name in PEOPLE):
            await client.close()
        assert await gateway.request(CloseRoom(meeting_id=meeting_id)) == Done()
    await eventually(lambda: not node.plane.counts().closing and not node.core.stats().transports)


async def test_what_belongs_together_must_be_in_one_thread(node: RunningNode) -> None:
    core = node.core
    first, second = (
        core.add_transport(ice_ufrag=core.ufrag_start(thread) + "abc", ice_pwd="x" * 22) for thread in range(2)
    )
    with pytest.raises(ValueError, match="another thread"):
        core.restart_ice(first, ice_ufrag=core.ufrag_start(1) + "def", ice_pwd="x" * 22)
    core.restart_ice(second, ice_ufrag=core.ufrag_start(1) + "def", ice_pwd="x" * 22)
    with pytest.raises(ValueError, match="no such thread"):
        core.ufrag_start(2)
    reports = core.transport_reports([second, first, 999, second])
    assert [report is not None for report in reports] == [True, True, False, True]
    link = {"address": "192.0.2.1", "port": 5000, "peer_thread": 0, "receive_key": bytes(16), "receive_salt": bytes(12)}
    here = core.add_link(thread=1, **link, send_key=bytes(16), send_salt=bytes(12))  # type: ignore[arg-type]
    track = core.add_relayed_track(here, kind="audio", codec="opus", clock_rate=48_000, ssrcs=[7])
    core.add_relay(here, track, layer=0, ssrc=8, cname="c")
    there = core.add_link(thread=0, **link, send_key=bytes(16), send_salt=bytes(12))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="one thread"):
        core.add_relay(there, track, layer=0, ssrc=8, cname="c")
    assert core.stats().commands_ignored == 0


# ---- a thread that hangs ----

_SEIZE, _INTERRUPT, _DETACH = 0x4206, 0x4207, 17
_WAIT_FOR_THREADS = 0x40000000


class Thread:
    """One thread of a child process, that can be had stand still (ptrace(2))."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]

    def stop(self) -> None:
        if self._trace(_SEIZE) != 0:
            pytest.skip(f"this machine lets nobody trace a process: {os.strerror(ctypes.get_errno())}")
        assert self._trace(_INTERRUPT) == 0
        os.waitpid(self._number, _WAIT_FOR_THREADS)

    def go_on(self) -> None:
        assert self._trace(_DETACH) == 0

    def has_ended(self) -> bool:
        """Whoever traces it has to ask."""
        return os.waitpid(self._number, _WAIT_FOR_THREADS | os.WNOHANG)[0] == self._number

    def _trace(self, request: int) -> int:
        result: int = self._libc.ptrace(request, self._number, None, None)
        return result


def _threads(process: int) -> dict[str, int]:
    names: dict[str, int] = {}
    for task in Path(f"/proc/{process}/task").iterdir():
        with contextlib.suppress(FileNotFoundError):  # ended meanwhile
            names[(task / "comm").read_text().strip()] = int(task.name)
    return names


async def test_a_thread_that_hangs_is_told_of_and_the_node_can_still_be_ended(
    node_environ: dict[str, str], eventually: Any
) -> None:
    port = free_port(socket.SOCK_STREAM)
    environ = node_environ | {"PARLEY_NODE_THREADS": "2", "PARLEY_NODE_METRICS_PORT": str(port)}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "media_fleet.main", env=dict(os.environ) | environ, stderr=asyncio.subprocess.DEVNULL
    )
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20) as http:

        async def health(status: int) -> dict[str, bool] | None:
            try:
                answer = await http.get("/healthz")
            except httpx.ConnectError:
                return None
            checks: dict[str, bool] = answer.json()["checks"]
            return checks if answer.status_code == status else None

        try:
            await eventually(lambda: health(200))
            thread = Thread(_threads(process.pid)["packet-core-1"])
            thread.stop()
            checks = await health(503)
            assert checks is not None
            assert not checks["packet_core"]
            numbers = (await http.get("/metrics")).text
            assert 'parley_node_thread_answers{thread="0"} 1.0' in numbers
            assert 'parley_node_thread_answers{thread="1"} 0.0' in numbers
            thread.go_on()
            await eventually(lambda: health(200))
            thread.stop()
            process.send_signal(signal.SIGINT)
            await eventually(thread.has_ended)
            async with asyncio.timeout(20):
                assert await process.wait() == 0
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
