"""What gateways keep of broadcasts in Redis, beside the log: their servers' addresses, and where they are watched."""

from __future__ import annotations

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from contracts.broadcasting import BroadcastTarget
from contracts.redis_names import (
    BROADCAST_TARGETS_MS,
    WATCHED_END_MS,
    WATCHED_MS,
    broadcast_targets,
    watched_broadcast,
)
from contracts.room_broadcast import KeptTargets, WatchedBroadcast, encode, kept_decoder, watched_decoder
from contracts.rooms import MeetingId
from signaling_gateway.errors import LogUnavailableError


class RedisBroadcastStore:
    """`signaling_gateway.service.broadcasts.BroadcastStore` in Redis."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def keep_targets(
        self, meeting_id: MeetingId, broadcast_id: str, targets: tuple[BroadcastTarget, ...]
    ) -> None:
        """See `BroadcastStore`."""
        kept = encode(KeptTargets(targets=targets))
        try:
            await self._redis.set(broadcast_targets(meeting_id, broadcast_id), kept, px=BROADCAST_TARGETS_MS)
        except (RedisError, OSError) as error:
            raise LogUnavailableError from error

    async def targets(self, meeting_id: MeetingId, broadcast_id: str) -> tuple[BroadcastTarget, ...] | None:
        """See `BroadcastStore`."""
        try:
            found = await self._redis.getex(broadcast_targets(meeting_id, broadcast_id), px=BROADCAST_TARGETS_MS)
        except (RedisError, OSError) as error:
            raise LogUnavailableError from error
        return None if found is None else kept_decoder.decode(found).targets

    async def forget_targets(self, meeting_id: MeetingId, broadcast_id: str) -> None:
        """See `BroadcastStore`."""
        try:
            await self._redis.delete(broadcast_targets(meeting_id, broadcast_id))
        except (RedisError, OSError) as error:
            raise LogUnavailableError from error

    async def watched_at(self, watch_key: str, origin: str) -> None:
        """See `BroadcastStore`."""
        try:
            await self._redis.set(watched_broadcast(watch_key), encode(WatchedBroadcast(origin=origin)), px=WATCHED_MS)
        except (RedisError, OSError) as error:
            raise LogUnavailableError from error

    async def watched_no_more(self, watch_key: str) -> None:
        """See `BroadcastStore`."""
        watched = await self.watched(watch_key)
        ended = WatchedBroadcast(origin="" if watched is None else watched.origin, ended=True)
        try:
            await self._redis.set(watched_broadcast(watch_key), encode(ended), px=WATCHED_END_MS)
        except (RedisError, OSError) as error:
            raise LogUnavailableError from error

    async def watched(self, watch_key: str) -> WatchedBroadcast | None:
        """See `signaling_gateway.service.watching.Watched`."""
        try:
            found = await self._redis.get(watched_broadcast(watch_key))
        except (RedisError, OSError) as error:
            raise LogUnavailableError from error
        try:
            return None if found is None else watched_decoder.decode(found)
        except msgspec.DecodeError:
            return None
