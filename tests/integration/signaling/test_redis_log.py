"""The log on a real Valkey keeps the contract, announces what is appended, and expires after the end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis.asyncio import Redis

from contracts import redis_names
from contracts.log_events import MeetingEnded
from contracts.rooms import MeetingId
from signaling_gateway.adapters.meeting_log import RedisMeetingLog, announcement_decoder
from signaling_gateway.service.meeting_log import ENDED_LOG_LIFE_MS
from tests.doubles.meeting_log_contract import MeetingLogContract, said


@pytest.fixture
async def redis(shared_valkey: Any) -> AsyncIterator[Redis]:
    async with Redis.from_url(shared_valkey.connection_url) as redis:
        await redis.flushall()
        yield redis


@pytest.fixture
def log(redis: Redis) -> RedisMeetingLog:
    return RedisMeetingLog(redis)


@pytest.fixture
def meeting_id() -> MeetingId:
    return MeetingId("abc-defg-hjk")


class TestRedisMeetingLog(MeetingLogContract):
    pass


async def test_an_append_is_announced_as_it_stands_in_the_log(
    redis: Redis, log: RedisMeetingLog, meeting_id: MeetingId
) -> None:
    async with redis.pubsub() as pubsub:
        await pubsub.ssubscribe(redis_names.meeting_channel(meeting_id))
        assert (await pubsub.get_message(timeout=5))["type"] == "ssubscribe"
        await log.append(meeting_id, after=0, events=[said("a"), said("b")], append_id="g:1")
        message = await pubsub.get_message(timeout=5)
    assert announcement_decoder.decode(message["data"]).entries() == await log.read(meeting_id, after=0)


async def test_a_log_expires_some_time_after_the_end_and_not_before(
    redis: Redis, log: RedisMeetingLog, meeting_id: MeetingId
) -> None:
    key = redis_names.meeting_log(meeting_id)
    await log.append(meeting_id, after=0, events=[said("a")], append_id="g:1")
    assert await redis.pttl(key) == -1
    await log.append(meeting_id, after=1, events=[MeetingEnded(at=9, by=None)], append_id="g:2")
    assert ENDED_LOG_LIFE_MS - 60_000 < await redis.pttl(key) <= ENDED_LOG_LIFE_MS
