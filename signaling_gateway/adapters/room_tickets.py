"""Tickets and answers of what is asked of rooms, in Redis: `contracts.room_commands`."""

from __future__ import annotations

from redis.asyncio import Redis
from redis.exceptions import RedisError

from contracts import redis_names
from contracts.room_commands import RoomAnswer, encode_room_answer
from signaling_gateway.errors import LogUnavailableError


class RedisRoomTickets:
    """`signaling_gateway.edge.administration.Tickets` in Redis."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def take(self, request_id: str) -> bool:
        """See `Tickets.take`."""
        try:
            return bool(await self._redis.delete(redis_names.room_ticket(request_id)))
        except (RedisError, OSError) as error:
            raise LogUnavailableError from error

    async def answer(self, request_id: str, answer: RoomAnswer, *, keep: bool) -> None:
        """See `Tickets.answer`. An answer that nobody waits for any more expires."""
        key, encoded = redis_names.room_answer(request_id), encode_room_answer(answer)
        try:
            async with self._redis.pipeline(transaction=True) as pipeline:
                if keep:
                    pipeline.set(redis_names.room_result(request_id), encoded, px=redis_names.ROOM_RESULT_LIFE_MS)
                pipeline.rpush(key, encoded)
                pipeline.pexpire(key, redis_names.ROOM_ANSWER_LIFE_MS)
                await pipeline.execute()
        except (RedisError, OSError) as error:
            raise LogUnavailableError from error
