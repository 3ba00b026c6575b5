"""The node's lease and its RPC, on a real Valkey."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
import redis.asyncio
from msgspec.structs import replace

from contracts import redis_names
from contracts.error_codes import ErrorCode
from contracts.node_rpc import (
    AssignedTrack,
    CloseRoom,
    Done,
    JoinRoom,
    LeaveRoom,
    Publish,
    Refused,
    RequestEnvelope,
    SubscriptionOffered,
    encoder,
    lease_decoder,
)
from contracts.rooms import MeetingId, NodeId, ParticipantId, TrackId, TrackSource
from media_fleet import main
from media_fleet.adapters import rpc_endpoint
from media_fleet.housekeeping import Housekeeping
from media_fleet.main import RunningNode, running
from media_fleet.metrics import METRICS
from media_fleet.settings import Settings
from tests.valkey_server import valkey_server

MEETING = MeetingId("meeting-1")
LEASE = redis_names.node_lease(NodeId("node-under-test"))
INBOX = redis_names.node_inbox(NodeId("node-under-test"))
ALICE = ParticipantId("alice")
TIMEOUT = 10


def join(participant_id: ParticipantId = ALICE) -> JoinRoom:
    return JoinRoom(meeting_id=MEETING, participant_id=participant_id, subscribe=True, connection=1)


async def test_a_running_node_holds_its_lease(node: RunningNode, redis_client: redis.asyncio.Redis) -> None:
    lease = lease_decoder.decode(await redis_client.get(LEASE) or b"")
    assert lease.region == "local"
    assert not lease.draining
    assert 0 <= lease.load <= 1
    assert await redis_client.pttl(redis_names.node_lease(lease.node_id)) <= redis_names.NODE_LEASE_MS
    ends_at = await redis_client.zscore(redis_names.NODES, lease.node_id)
    assert ends_at == lease.renewed_at + redis_names.NODE_LEASE_MS


async def test_a_draining_node_says_so_at_once(
    node: RunningNode, redis_client: redis.asyncio.Redis, eventually: Any
) -> None:
    node.lease.drain()

    async def draining() -> bool:
        return lease_decoder.decode(await redis_client.get(LEASE) or b"").draining

    await eventually(draining, timeout_s=1.5)  # less than the time between two renewals


async def test_a_lease_tells_of_meetings_that_have_just_come(
    node: RunningNode, redis_client: redis.asyncio.Redis, gateway: Any, eventually: Any
) -> None:
    await gateway.request(join())
    await gateway.request(join(ParticipantId("bob")))
    for other in range(1, node.core.threads):  # as many in each thread: one that has none tells of none
        await gateway.request(msgspec.structs.replace(join(), meeting_id=MeetingId(f"other-{other}")))

    async def told() -> bool:
        return 0.9 <= lease_decoder.decode(await redis_client.get(LEASE) or b"").settling <= 1

    await eventually(told, timeout_s=3)


async def test_joining_alone_gives_no_offer(node: RunningNode, gateway: Any) -> None:
    assert await gateway.request(join()) == SubscriptionOffered(offer=None)
    assert node.node.participants == 1
    assert await gateway.request(join()) == SubscriptionOffered(offer=None)
    assert node.node.participants == 1


async def test_leaving_and_closing_are_fine_when_nobody_is_there(node: RunningNode, gateway: Any) -> None:
    assert await gateway.request(LeaveRoom(meeting_id=MEETING, participant_id=ALICE)) == Done()
    assert await gateway.request(CloseRoom(meeting_id=MEETING)) == Done()


@pytest.mark.parametrize("sdp", ["x", "v=0\r\n", "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio\r\n"])
async def test_a_bad_sdp_is_refused_with_a_sentence(node: RunningNode, gateway: Any, sdp: str) -> None:
    await gateway.request(join())
    track = AssignedTrack(mid="0", track_id=TrackId("t"), source=TrackSource.CAMERA)
    answer = await gateway.request(
        Publish(meeting_id=MEETING, participant_id=ALICE, sdp=sdp, tracks=(track,), version=1)
    )
    assert isinstance(answer, Refused)
    assert answer.error.code == ErrorCode.BAD_SDP
    assert answer.error.message.endswith(".")


async def test_a_join_that_a_newer_connection_has_overtaken_is_refused(node: RunningNode, gateway: Any) -> None:
    newer = replace(join(), connection=7)
    assert isinstance(await gateway.request(newer), SubscriptionOffered)
    refused = await gateway.request(join())
    assert isinstance(refused, Refused)
    assert refused.error.code == ErrorCode.STALE_NEGOTIATION
    assert isinstance(await gateway.request(newer), SubscriptionOffered)


async def test_a_stranger_is_refused(node: RunningNode, gateway: Any) -> None:
    answer = await gateway.request(Publish(meeting_id=MEETING, participant_id=ALICE, sdp="v=0", tracks=(), version=1))
    assert isinstance(answer, Refused)
    assert answer.error.code == ErrorCode.PARTICIPANT_NOT_FOUND


async def test_an_id_that_could_break_out_of_sdp_is_refused(node: RunningNode, gateway: Any) -> None:
    answer = await gateway.request(join(ParticipantId("a\r\na=recvonly")))
    assert isinstance(answer, Refused)
    assert answer.error.code == ErrorCode.BAD_REQUEST


def dropped(reason: str) -> float:
    """How many requests the node has counted as dropped."""
    return METRICS.registry.get_sample_value("parley_node_dropped_requests_total", {"reason": reason}) or 0


async def test_malformed_requests_disturb_nobody(node: RunningNode, gateway: Any) -> None:
    before = dropped("malformed")
    for message in (
        b"",
        b"\xff\xfe",
        b"{}",
        b"[1]",
        b'{"id":"x","gateway_id":"g","deadline_at":1,"request":{"type":"?"}}',
    ):
        await gateway.publish(message)
    assert await gateway.request(join()) == SubscriptionOffered(offer=None)
    assert dropped("malformed") == before + 5


async def test_a_request_whose_deadline_has_passed_is_dropped(node: RunningNode, gateway: Any) -> None:
    before = dropped("late")
    late = RequestEnvelope(
        id="late", gateway_id=gateway.id, deadline_at=time.time_ns() // 1_000_000 - 1, request=join()
    )
    await gateway.publish(encoder.encode(late))
    assert await gateway.request(LeaveRoom(meeting_id=MEETING, participant_id=ALICE)) == Done()
    assert dropped("late") == before + 1
    assert node.node.participants == 0


async def test_a_full_node_takes_no_more(node_environ: dict[str, str], redis_client: Any, gateway: Any) -> None:
    async with running(Settings.from_environ(node_environ | {"PARLEY_NODE_MAX_PARTICIPANTS": "1"})):
        assert isinstance(await gateway.request(join()), SubscriptionOffered)
        answer = await gateway.request(join(ParticipantId("bob")))
        assert isinstance(answer, Refused)
        assert answer.error.code == ErrorCode.MEDIA_NODE_OVERLOADED
        assert isinstance(await gateway.request(join()), SubscriptionOffered)


async def test_a_node_outlives_the_loss_of_its_connections(
    node: RunningNode, gateway: Any, redis_client: redis.asyncio.Redis, eventually: Any
) -> None:
    await gateway.request(join())
    await redis_client.client_kill_filter(_type="pubsub")
    await redis_client.client_kill_filter(_type="normal", skipme=True)
    again = type(gateway)(redis_client)
    await again.open()
    try:

        async def listens() -> bool:
            heard: Any = await redis_client.pubsub_shardnumsub(INBOX)
            return bool(heard[0][1])

        await eventually(listens)
        assert await again.request(join()) == SubscriptionOffered(offer=None)
        assert node.node.participants == 1
    finally:
        await again.close()


async def test_a_node_hears_again_after_a_redis_that_hung(
    node_environ: dict[str, str], monkeypatch: pytest.MonkeyPatch, gateway: Any, eventually: Any
) -> None:
    monkeypatch.setattr(rpc_endpoint, "SILENCE_S", 0.3)
    monkeypatch.setattr(main, "REDIS_TIMEOUT_S", 0.5)
    with valkey_server(save="") as server:
        process = server._process
        environ = node_environ | {"PARLEY_NODE_REDIS_URL": f"{server.connection_url}/0"}
        async with (
            running(Settings.from_environ(environ)) as parts,
            redis.asyncio.Redis.from_url(server.connection_url) as client,
        ):
            os.kill(process.pid, signal.SIGSTOP)
            try:
                parts.lease.drain()
                await eventually(lambda: not parts.rpc.connected)
            finally:
                os.kill(process.pid, signal.SIGCONT)
            again = type(gateway)(client)
            await again.open()
            await eventually(lambda: parts.rpc.connected)
            assert await again.request(join()) == SubscriptionOffered(offer=None)
            await again.close()


async def test_a_node_without_one_of_its_loops_ends(
    node_environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = asyncio.Event()

    async def breaks(_: Housekeeping) -> None:
        await broken.wait()
        raise ValueError("a bug of ours")

    monkeypatch.setattr(Housekeeping, "run", breaks)
    async with running(Settings.from_environ(node_environ)) as parts:
        broken.set()
        with pytest.raises(main.LoopFailedError, match="housekeeping"):
            await asyncio.wait_for(main._failed(parts.loops), TIMEOUT)


# ---- as a process ----


@pytest.fixture
async def node_process(
    node_environ: dict[str, str], redis_client: redis.asyncio.Redis
) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await _start(node_environ | {"PARLEY_NODE_DRAIN_TIMEOUT_S": "30"})
    yield process
    if process.returncode is None:
        process.kill()
        await process.wait()


async def _start(environ: dict[str, str]) -> asyncio.subprocess.Process:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PARLEY_")}
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "media_fleet.main", env=kept | environ, stderr=asyncio.subprocess.PIPE
    )


async def _line(process: asyncio.subprocess.Process, event: str) -> dict[str, Any]:
    assert process.stderr is not None
    async with asyncio.timeout(TIMEOUT):
        async for raw in process.stderr:
            line: dict[str, Any] = json.loads(raw)
            if line["event"] == event:
                return line
    raise AssertionError(f"the process ended without {event!r}")


async def test_the_process_says_when_it_is_ready(node_process: asyncio.subprocess.Process) -> None:
    ready = await _line(node_process, "ready")
    assert ready["udp_port"] > 0
    assert ready["node_id"] == "node-under-test"


async def test_sigterm_waits_for_the_participants_and_gives_the_lease_up(
    node_process: asyncio.subprocess.Process, gateway: Any, redis_client: redis.asyncio.Redis
) -> None:
    await _line(node_process, "ready")
    await gateway.request(join())
    node_process.send_signal(signal.SIGTERM)
    draining = await _line(node_process, "draining")
    assert draining["participants"] == 1
    assert await gateway.request(LeaveRoom(meeting_id=MEETING, participant_id=ALICE)) == Done()
    assert await asyncio.wait_for(node_process.wait(), TIMEOUT) == 0
    assert await redis_client.get(LEASE) is None
    assert await redis_client.zcard(redis_names.NODES) == 0


async def test_a_second_sigterm_ends_it_at_once(node_process: asyncio.subprocess.Process, gateway: Any) -> None:
    await _line(node_process, "ready")
    await gateway.request(join())
    node_process.send_signal(signal.SIGTERM)
    await _line(node_process, "draining")
    node_process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(node_process.wait(), TIMEOUT) == 0


async def test_a_bad_setting_stops_the_start_by_its_name(node_environ: dict[str, str]) -> None:
    process = await _start(node_environ | {"PARLEY_NODE_UDP_PORT": "-1"})
    _, stderr = await asyncio.wait_for(process.communicate(), TIMEOUT)
    assert process.returncode == 2
    assert b"PARLEY_NODE_UDP_PORT" in stderr


async def test_a_taken_port_stops_the_start_with_a_sentence(node: RunningNode, node_environ: dict[str, str]) -> None:
    process = await _start(node_environ | {"PARLEY_NODE_UDP_PORT": str(node.core.local_port)})
    _, stderr = await asyncio.wait_for(process.communicate(), TIMEOUT)
    assert process.returncode == 1
    assert json.loads(stderr.splitlines()[-1])["event"] == "cannot start"
