"""What waits to be sent, while Redis is slow or away."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from contracts.node_rpc import AnswerEnvelope, Done
from contracts.rooms import GatewayId, NodeId
from media_fleet.adapters import rpc_endpoint
from media_fleet.adapters.rpc_endpoint import RpcEndpoint
from telemetry.clock import local_ms


class Redis:
    """A pipeline that notes what it sent, and does what a test wants before that."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.failures = 0
        self.meanwhile: Any = lambda: None
        self._batch: list[bytes] = []

    def pipeline(self, *, transaction: bool) -> Redis:
        self._batch = []
        return self

    async def __aenter__(self) -> Redis:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    def execute_command(self, _name: str, _channel: str, message: bytes) -> None:
        self._batch.append(message)

    async def execute(self) -> None:
        self.meanwhile()
        self.meanwhile = lambda: None
        if self.failures:
            self.failures -= 1
            raise RedisConnectionError("away")
        self.sent += self._batch


def _answer(number: int) -> AnswerEnvelope:
    return AnswerEnvelope(id=f"{number}", answer=Done())


async def _numbers_sent(redis: Redis, endpoint: RpcEndpoint, count: int) -> list[int]:
    speaking = asyncio.create_task(endpoint.speak())
    async with asyncio.timeout(10):
        while len(redis.sent) < count:  # noqa: ASYNC110
            await asyncio.sleep(0)
    speaking.cancel()
    return [int(message.split(b'"id":"')[1].split(b'"')[0]) for message in redis.sent]


@pytest.fixture
def redis() -> Redis:
    return Redis()


@pytest.fixture
def endpoint(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> RpcEndpoint:
    monkeypatch.setattr(rpc_endpoint, "MAX_WAITING_MESSAGES", 4)
    monkeypatch.setattr(rpc_endpoint, "RETRY_DELAYS", (0.0,))
    client: Any = redis
    return RpcEndpoint(client, client, node_id=NodeId("n"), now=local_ms)


def _emit(endpoint: RpcEndpoint, *numbers: int) -> None:
    for number in numbers:
        endpoint.emit(GatewayId("g"), _answer(number))


async def test_what_comes_while_a_batch_is_sent_is_sent_after_it(redis: Redis, endpoint: RpcEndpoint) -> None:
    _emit(endpoint, 1, 2, 3, 4)
    redis.meanwhile = lambda: _emit(endpoint, 5, 6, 7, 8)
    assert await _numbers_sent(redis, endpoint, 8) == [1, 2, 3, 4, 5, 6, 7, 8]


async def test_what_could_not_be_sent_keeps_its_place(redis: Redis, endpoint: RpcEndpoint) -> None:
    redis.failures = 2
    _emit(endpoint, 1, 2)
    redis.meanwhile = lambda: _emit(endpoint, 3)
    assert await _numbers_sent(redis, endpoint, 3) == [1, 2, 3]


async def test_of_too_much_the_oldest_goes(redis: Redis, endpoint: RpcEndpoint) -> None:
    _emit(endpoint, 1, 2, 3, 4, 5, 6)
    assert await _numbers_sent(redis, endpoint, 4) == [3, 4, 5, 6]
