"""What gateways keep of ingresses in Redis, beside the log: where they are fetched from, or what opens them."""

from __future__ import annotations

from redis.asyncio import Redis
from redis.exceptions import RedisError

from contracts.ingesting import IngressOrder
from contracts.redis_names import INGRESS_MS, kept_ingress
from contracts.room_ingress import KeptIngress, encode, kept_decoder
from contracts.rooms import MeetingId
from signaling_gateway.errors import LogUnavailableError


class RedisIngressStore:
    """`signaling_gateway.service.ingresses.IngressStore` in Redis."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def keep(self, meeting_id: MeetingId, ingress_id: str, order: IngressOrder) -> None:
        """See `IngressStore`."""
        try:
            await self._redis.set(kept_ingress(meeting_id, ingress_id), encode(KeptIngress(order=order)), px=INGRESS_MS)
        except (RedisError, OSError) as error:
            raise LogUnavailableError from error

    async def order(self, meeting_id: MeetingId, ingress_id: str) -> IngressOrder | None:
        """See `IngressStore`."""
        try:
            found = await self._redis.getex(kept_ingress(meeting_id, ingress_id), px=INGRESS_MS)
        except (RedisError, OSError) as error:
            raise LogUnavailableError from error
        return None if found is None else kept_decoder.decode(found).order

    async def forget(self, meeting_id: MeetingId, ingress_id: str) -> None:
        """See `IngressStore`."""
        try:
            await self._redis.delete(kept_ingress(meeting_id, ingress_id))
        except (RedisError, OSError) as error:
            raise LogUnavailableError from error
