"""Which media nodes are alive, from the leases that they renew."""

from __future__ import annotations

import logging
from typing import Any

import msgspec
from redis.asyncio import Redis

from contracts import redis_names
from contracts.node_rpc import NodeLease, lease_decoder
from contracts.rooms import NodeId

_log = logging.getLogger(__name__)


class RedisNodeDirectory:
    """`NodeDirectory` on Redis. A node is alive while its lease key exists: Redis's clock decides, nobody else's."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def live(self) -> dict[NodeId, NodeLease]:
        """The leases of all live nodes. Two round trips, however many nodes there are."""
        raw: Any = await self._redis.zrange(redis_names.NODES, 0, -1)
        members = [NodeId(member.decode()) for member in raw]
        if not members:
            return {}
        values = await self._redis.mget([redis_names.node_lease(member) for member in members])
        leases: dict[NodeId, NodeLease] = {}
        for member, value in zip(members, values, strict=True):
            if value is None:
                continue
            try:
                leases[member] = lease_decoder.decode(value)
            except msgspec.DecodeError as error:
                _log.warning("a lease cannot be read", extra={"node_id": member, "error": str(error)})
        return leases
