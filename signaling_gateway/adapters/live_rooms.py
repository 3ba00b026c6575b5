"""The list of live rooms in Redis: `contracts.live_rooms`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from contracts import redis_names
from contracts.live_rooms import RoomSummary
from contracts.rooms import Identity, MeetingId
from signaling_gateway.errors import LogUnavailableError

# Gateways tell of the same room, some a moment behind: what is known of a later version stands.
# KEYS: summary. ARGV: version, summary, time to live in ms. Answer: whether it was put.
_PUT = """
local known = redis.call('HGET', KEYS[1], 'v')
if known and tonumber(known) > tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'v', ARGV[1], 's', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
"""
# KEYS: summary. ARGV: version, time to live in ms. Answer: whether it is gone. The version stays for a while, lest a
# gateway that is behind brings the room back.
_DROP = """
local known = redis.call('HGET', KEYS[1], 'v')
if known and tonumber(known) > tonumber(ARGV[1]) then return 0 end
redis.call('HDEL', KEYS[1], 's')
redis.call('HSET', KEYS[1], 'v', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
"""


class RedisLiveRooms:
    """`signaling_gateway.service.room_listing.LiveRooms` in Redis."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._put = redis.register_script(_PUT)
        self._drop = redis.register_script(_DROP)

    async def put(self, summaries: Mapping[MeetingId, tuple[int, RoomSummary]]) -> None:
        """See `LiveRooms.put`."""
        listed = [summary for _, summary in summaries.values()]
        lease_ms = redis_names.LIVE_ROOM_LEASE_MS
        try:
            async with self._redis.pipeline(transaction=False) as pipeline:
                for version, summary in summaries.values():
                    args: list[bytes | int] = [version, msgspec.json.encode(summary), lease_ms]
                    await self._put(keys=[redis_names.live_room(summary.meeting_id)], args=args, client=pipeline)
                put = await pipeline.execute()
            async with self._redis.pipeline(transaction=False) as pipeline:
                for summary, done in zip(listed, put, strict=True):
                    for key in _lists(summary.host_id) if done else ():
                        pipeline.zadd(key, {summary.meeting_id: summary.started_at})
                        pipeline.pexpire(key, lease_ms)
                await pipeline.execute()
        except (RedisError, OSError) as error:
            raise LogUnavailableError from error

    async def drop(self, rooms: Iterable[tuple[MeetingId, Identity | None, int]]) -> None:
        """See `LiveRooms.drop`."""
        gone = list(rooms)
        try:
            async with self._redis.pipeline(transaction=False) as pipeline:
                for meeting_id, _, version in gone:
                    args = [version, redis_names.LIVE_ROOM_LEASE_MS]
                    await self._drop(keys=[redis_names.live_room(meeting_id)], args=args, client=pipeline)
                dropped: list[Any] = await pipeline.execute()
            async with self._redis.pipeline(transaction=False) as pipeline:
                for (meeting_id, host_id, _), done in zip(gone, dropped, strict=True):
                    for key in _lists(host_id) if done else ():
                        pipeline.zrem(key, meeting_id)
                await pipeline.execute()
        except (RedisError, OSError) as error:
            raise LogUnavailableError from error


def _lists(host_id: Identity | None) -> tuple[str, ...]:
    return (redis_names.LIVE_ROOMS, *(() if host_id is None else (redis_names.live_rooms_of(host_id),)))
