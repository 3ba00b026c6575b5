"""Which gateways are alive, which rooms each serves, and who takes over when one is gone.

Times are Redis's own, so that the gateways' clocks need not agree; each renewal tells the gateway what it is.
"""

from __future__ import annotations

from typing import Any

from redis.asyncio import Redis

from contracts import redis_names
from contracts.rooms import GatewayId, MeetingId
from contracts.shared_clock import SharedClock

_RENEW = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[1], string.format('%d', now + ARGV[2]), ARGV[1])
return {now, redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', string.format('(%d', now))}
"""
HEIR_MS = 30_000
"""How long one gateway has for taking over another's rooms before a third may try."""


class GatewayLease:
    """This gateway's lease, and the rooms that it answers for."""

    def __init__(self, redis: Redis, gateway_id: GatewayId, clock: SharedClock) -> None:
        self._redis = redis
        self._clock = clock
        self.gateway_id = gateway_id
        self._renew = redis.register_script(_RENEW)

    async def renew(self) -> frozenset[GatewayId]:
        """Renews the lease, and sets the clock. Answers which gateways' leases have ended."""
        asked_at = self._clock.local()
        now, ended = await self._renew(
            keys=[redis_names.GATEWAYS], args=[self.gateway_id, redis_names.GATEWAY_LEASE_MS]
        )
        self._clock.heard(now, asked_at=asked_at)
        return frozenset(GatewayId(member.decode()) for member in ended)

    async def release(self) -> None:
        """Ends the lease at once. The rooms that are left go to the next gateway that looks."""
        if await self._redis.exists(redis_names.gateway_rooms(self.gateway_id)):
            await self._redis.zadd(redis_names.GATEWAYS, {self.gateway_id: 0})
        else:
            await self._redis.zrem(redis_names.GATEWAYS, self.gateway_id)

    async def add_room(self, meeting_id: MeetingId) -> None:
        """This gateway serves the meeting from now on."""
        await self._redis.sadd(redis_names.gateway_rooms(self.gateway_id), meeting_id)

    async def drop_room(self, meeting_id: MeetingId) -> None:
        """This gateway has nothing more to do for the meeting."""
        await self._redis.srem(redis_names.gateway_rooms(self.gateway_id), meeting_id)

    async def inherit(self, lost: GatewayId) -> tuple[MeetingId, ...] | None:
        """The rooms of a lost gateway, which this one is to take over; None if another one does."""
        claimed = await self._redis.set(redis_names.gateway_heir(lost), self.gateway_id, nx=True, px=HEIR_MS)
        if not claimed:
            return None
        rooms: Any = await self._redis.smembers(redis_names.gateway_rooms(lost))
        return tuple(sorted(MeetingId(room.decode()) for room in rooms))

    async def taken_over(self, lost: GatewayId, meeting_id: MeetingId) -> None:
        """A room of a lost gateway is in this one's hands."""
        await self._redis.srem(redis_names.gateway_rooms(lost), meeting_id)

    async def forget(self, lost: GatewayId) -> None:
        """A lost gateway has no rooms left."""
        await self._redis.zrem(redis_names.GATEWAYS, lost)
        await self._redis.delete(redis_names.gateway_heir(lost))

    async def disown(self, lost: GatewayId) -> None:
        """Gives a failed take-over back, for another try."""
        await self._redis.delete(redis_names.gateway_heir(lost))
