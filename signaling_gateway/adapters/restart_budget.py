"""ICE restarts of each session at a standard door, counted in Redis: a session may ask any gateway."""

from __future__ import annotations

from redis.asyncio import Redis
from redis.exceptions import RedisError

from contracts import redis_names
from contracts.rooms import ParticipantId
from signaling_gateway.errors import LogUnavailableError

MOST = 10
WINDOW_S = 20
"""A client that changes networks asks once or twice."""


class RedisRestartBudget:
    """`signaling_gateway.service.door_session.RestartBudget` in Redis."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def draw(self, participant_id: ParticipantId) -> bool:
        """See `RestartBudget.draw`."""
        key = redis_names.door_restarts(participant_id)
        try:
            async with self._redis.pipeline(transaction=True) as pipeline:
                pipeline.set(key, 0, nx=True, ex=WINDOW_S)
                pipeline.incr(key)
                _, count = await pipeline.execute()
        except (RedisError, OSError) as error:
            raise LogUnavailableError from error
        return bool(count <= MOST)
