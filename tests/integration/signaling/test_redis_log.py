"""The log on a real Valkey keeps the contract, announces what is appended, and expires after the end."""

from __future__ import annotations

from typing import Any

import pytest
from redis.asyncio import Redis

from contracts import redis_names
from contracts.log_events import MeetingEnded
from contracts.rooms import MeetingId
from signaling_gateway.adapters.meeting_log import RedisMeetingLog, announcement_decoder
from signaling_gateway.domain.room_state import RoomState
from signaling_gateway.service.meeting_log import ENDED_LOG_LIFE_MS, KEPT_ENTRIES, RECALLED, LoadedLog, LogLostError
from tests.doubles.meeting_log_contract import MeetingLogContract, said


@pytest.fixture
def log(redis: Redis) -> RedisMeetingLog:
    return RedisMeetingLog(redis)


@pytest.fixture
def meeting_id() -> MeetingId:
    return MeetingId("abc-defg-hjk")


class TestRedisMeetingLog(MeetingLogContract[RedisMeetingLog]):
    @pytest.fixture(autouse=True)
    def _with_redis(self, redis: Redis) -> None:
        self._redis = redis

    async def lose(self, log: RedisMeetingLog, meeting_id: MeetingId, count: int) -> None:
        # Written anew: a stream remembers what was deleted from it, and a replica has never heard of it.
        key = redis_names.meeting_log(meeting_id)
        entries: Any = await self._redis.xrange(key)
        await self._redis.delete(key)
        for entry_id, fields in entries[:-count]:
            await self._redis.xadd(key, fields, id=entry_id)


async def test_an_append_is_announced_as_it_stands_in_the_log(
    redis: Redis, log: RedisMeetingLog, meeting_id: MeetingId
) -> None:
    async with redis.pubsub() as pubsub:
        await pubsub.ssubscribe(redis_names.meeting_channel(meeting_id))
        assert (await pubsub.get_message(timeout=5))["type"] == "ssubscribe"
        await log.append(meeting_id, after=0, events=[said("a"), said("b")], append_id="g:1")
        message = await pubsub.get_message(timeout=5)
        await log.append(meeting_id, after=2, events=[said("c")], append_id="h:1")
        next_one = await pubsub.get_message(timeout=5)
    announcement = announcement_decoder.decode(message["data"])
    assert announcement.entries() == (await log.read(meeting_id, after=0))[:2]
    assert announcement.follows == ""
    assert announcement_decoder.decode(next_one["data"]).follows == "g:1"


async def test_what_is_given_back_is_announced(redis: Redis, log: RedisMeetingLog, meeting_id: MeetingId) -> None:
    await log.append(meeting_id, after=0, events=[said("a"), said("b")], append_id="g:1")
    await log.append(meeting_id, after=2, events=[said("c")], append_id="h:1")
    entries = await log.read(meeting_id, after=0)
    await redis.delete(redis_names.meeting_log(meeting_id))
    async with redis.pubsub() as pubsub:
        await pubsub.ssubscribe(redis_names.meeting_channel(meeting_id))
        assert (await pubsub.get_message(timeout=5))["type"] == "ssubscribe"
        assert await log.mend(meeting_id, state=RoomState(version=3), entries=entries)
        told = [announcement_decoder.decode((await pubsub.get_message(timeout=5))["data"]) for _ in entries]
    assert [entry for each in told for entry in each.entries()] == list(entries)
    assert [each.follows for each in told] == ["", "g:1", "g:1"]


async def test_the_log_of_an_ended_meeting_expires_also_when_it_was_given_back(
    redis: Redis, log: RedisMeetingLog, meeting_id: MeetingId
) -> None:
    await log.append(meeting_id, after=0, events=[said("a"), MeetingEnded(at=9, by=None)], append_id="g:1")
    entries = await log.read(meeting_id, after=0)
    await redis.delete(redis_names.meeting_log(meeting_id))
    assert await log.mend(meeting_id, state=RoomState(version=2, ended=True), entries=entries)
    assert 0 < await redis.pttl(redis_names.meeting_log(meeting_id)) <= ENDED_LOG_LIFE_MS


async def test_a_log_expires_some_time_after_the_end_and_not_before(
    redis: Redis, log: RedisMeetingLog, meeting_id: MeetingId
) -> None:
    key = redis_names.meeting_log(meeting_id)
    await log.append(meeting_id, after=0, events=[said("a")], append_id="g:1")
    assert await redis.pttl(key) == -1
    await log.append(meeting_id, after=1, events=[MeetingEnded(at=9, by=None)], append_id="g:2")
    assert ENDED_LOG_LIFE_MS - 60_000 < await redis.pttl(key) <= ENDED_LOG_LIFE_MS


async def test_what_lies_far_behind_a_checkpoint_goes_once_its_facts_were_passed_on(
    redis: Redis, log: RedisMeetingLog, meeting_id: MeetingId
) -> None:
    length = KEPT_ENTRIES + 40
    for version, gateway in enumerate(("g", "h", "g", "g"), start=0):
        events = [said(f"{version}-{number}") for number in range(10 if version < 3 else length - 30)]
        await log.append(meeting_id, after=10 * version, events=events, append_id=f"{gateway}:{version}")
    state = RoomState(version=length)

    async def versions_kept() -> list[int]:
        return [entry.version for entry in await log.kept(meeting_id)]

    await redis.hset(redis_names.meeting_facts(meeting_id), mapping={"g": str(length), "h": "15"})
    await log.keep_checkpoint(meeting_id, state)
    assert await versions_kept() == list(range(16, length + 1))
    await redis.hset(redis_names.meeting_facts(meeting_id), "h", "20")
    await log.append(meeting_id, after=length, events=[said("next")], append_id="g:9")
    await log.keep_checkpoint(meeting_id, RoomState(version=length + 1))
    assert await versions_kept() == list(range(42, length + 2))
    loaded = await log.load(meeting_id)
    assert loaded.state == RoomState(version=length + 1)
    assert [entry.version for entry in loaded.entries] == list(range(length + 2 - RECALLED, length + 2))


async def test_whoever_knew_only_what_is_gone_begins_anew(
    redis: Redis, log: RedisMeetingLog, meeting_id: MeetingId
) -> None:
    events = [said(f"{number}") for number in range(KEPT_ENTRIES + 10)]
    await log.append(meeting_id, after=0, events=events, append_id="g:1")
    await redis.hset(redis_names.meeting_facts(meeting_id), "g", str(len(events)))
    await log.keep_checkpoint(meeting_id, RoomState(version=len(events)))
    assert len(await log.read(meeting_id, after=11)) == len(events) - 11
    for after in (0, 5):
        with pytest.raises(LogLostError):
            await log.read(meeting_id, after=after)
        with pytest.raises(LogLostError):
            await log.append(meeting_id, after=after, events=[said("late")], append_id="h:1")


async def test_a_checkpoint_beyond_its_log_is_void(redis: Redis, log: RedisMeetingLog, meeting_id: MeetingId) -> None:
    await log.append(meeting_id, after=0, events=[said("a")], append_id="g:1")
    await log.keep_checkpoint(meeting_id, RoomState(version=9))
    assert await log.load(meeting_id) == LoadedLog(state=RoomState(), entries=await log.read(meeting_id, after=0))


async def test_a_checkpoint_expires_with_its_log(redis: Redis, log: RedisMeetingLog, meeting_id: MeetingId) -> None:
    key = redis_names.meeting_checkpoint(meeting_id)
    await log.append(meeting_id, after=0, events=[said("a")], append_id="g:1")
    await log.keep_checkpoint(meeting_id, RoomState(version=1))
    assert await redis.pttl(key) == -1
    await log.append(meeting_id, after=1, events=[MeetingEnded(at=9, by=None)], append_id="g:2")
    assert ENDED_LOG_LIFE_MS - 60_000 < await redis.pttl(key) <= ENDED_LOG_LIFE_MS
    await log.keep_checkpoint(meeting_id, RoomState(version=2, ended=True))
    assert ENDED_LOG_LIFE_MS - 60_000 < await redis.pttl(key) <= ENDED_LOG_LIFE_MS
