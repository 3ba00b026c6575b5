"""A gateway's requests to a media node: deadlines, cancellation, and answers that nobody waits for any more."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from contracts import redis_names
from contracts.error_codes import ErrorCode
from contracts.node_rpc import AnswerEnvelope, CloseRoom, Done, encoder
from contracts.redis_names import gateway_inbox
from contracts.rooms import GatewayId, MeetingId, NodeId
from signaling_gateway.adapters.node_rpc import RedisNodeRpc
from signaling_gateway.adapters.subscriptions import Subscriptions
from signaling_gateway.errors import NodeError
from tests.doubles.scripted_node import ScriptedNode

GATEWAY = GatewayId("g-1")
REQUEST = CloseRoom(meeting_id=MeetingId("m"))


@pytest.fixture
async def rpc(redis: Redis) -> AsyncIterator[RedisNodeRpc]:
    subscriptions = Subscriptions(redis, publisher=redis, own_channel=redis_names.gateway_echo(GATEWAY))
    listening = asyncio.create_task(subscriptions.run())
    rpc = RedisNodeRpc(
        redis,
        subscriptions,
        gateway_id=GATEWAY,
        now=lambda: time.time_ns() // 1_000_000,
        on_report=lambda report: pytest.fail(f"a report that nobody made: {report}"),
    )
    await rpc.open()
    yield rpc
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)


@pytest.fixture
async def node(redis: Redis) -> AsyncIterator[ScriptedNode]:
    node = ScriptedNode(redis, "n_1")
    await node.start()
    yield node
    await node.stop()


async def test_a_request_is_answered_and_carries_its_deadline(rpc: RedisNodeRpc, node: ScriptedNode) -> None:
    before = time.time() * 1000
    assert await rpc.request(node.id, REQUEST, timeout_s=3) == Done()
    assert before + 2_900 < node.requests[0].deadline_at < time.time() * 1000 + 3_000


async def test_a_node_that_does_not_answer_in_time_is_a_clear_error(rpc: RedisNodeRpc, node: ScriptedNode) -> None:
    node.answers[CloseRoom] = lambda _: None
    with pytest.raises(NodeError) as caught:
        await rpc.request(node.id, REQUEST, timeout_s=0.1)
    assert caught.value.code == ErrorCode.MEDIA_NODE_TIMEOUT


async def test_a_node_that_nobody_is_at_is_known_at_once(rpc: RedisNodeRpc) -> None:
    with pytest.raises(NodeError) as caught:
        await rpc.request(NodeId("n_gone"), REQUEST, timeout_s=60)
    assert caught.value.code == ErrorCode.NO_MEDIA_NODE


async def test_a_cancelled_request_is_forgotten_and_its_late_answer_disturbs_nobody(
    rpc: RedisNodeRpc, node: ScriptedNode, redis: Redis
) -> None:
    asked = asyncio.Event()

    def take(_: CloseRoom) -> None:
        asked.set()

    node.answers[CloseRoom] = take
    asking = asyncio.create_task(rpc.request(node.id, REQUEST, timeout_s=60))
    await asked.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert not rpc._waiting
    late = AnswerEnvelope(id=node.requests[0].id, answer=Done())
    await redis.spublish(gateway_inbox(GATEWAY), encoder.encode(late))
    del node.answers[CloseRoom]
    assert await rpc.request(node.id, REQUEST, timeout_s=3) == Done()
    assert node.requests[0].id != node.requests[1].id
