"""Keeps the node's lease in Redis: the sign that it is alive, with its load.

While Redis is away nothing is renewed and the node goes on forwarding: the meetings here do not depend on it. When it
comes back the lease is taken again.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

import redis.asyncio
from redis.exceptions import RedisError

from contracts import redis_names
from contracts.node_rpc import NodeLease, encoder
from contracts.rooms import NodeId
from media_fleet.adapters.node_load import NodeLoad

logger = logging.getLogger(__name__)


class LeaseKeeper:
    """Renews the lease until it is told to let go."""

    def __init__(
        self,
        client: redis.asyncio.Redis,
        *,
        node_id: NodeId,
        region: str,
        load: NodeLoad,
        participants: Callable[[], int],
    ) -> None:
        self._client = client
        self._node_id = node_id
        self._region = region
        self._load = load
        self._participants = participants
        self._started_at = time.time_ns() // 1_000_000
        self._draining = False
        self._wake = asyncio.Event()
        self.held = asyncio.Event()
        """Set once the lease has been taken for the first time."""

    def drain(self) -> None:
        """Says so with the next renewal, which is at once: no new meetings come."""
        self._draining = True
        self._wake.set()

    async def run(self) -> None:
        """Renews for ever; ends by cancellation."""
        while True:
            self._wake.clear()
            try:
                await self._renew()
                self.held.set()
            except (RedisError, OSError) as error:
                logger.warning("lease not renewed", extra={"reason": str(error)})
            try:
                await asyncio.wait_for(self._wake.wait(), redis_names.NODE_RENEW_MS / 1000)
            except TimeoutError:
                continue

    async def let_go(self) -> None:
        """Gives the lease up, so that gateways need not wait for its end."""
        try:
            async with self._client.pipeline(transaction=False) as pipeline:
                pipeline.delete(redis_names.node_lease(self._node_id))
                pipeline.zrem(redis_names.NODES, self._node_id)
                await pipeline.execute()
        except (RedisError, OSError) as error:
            logger.warning("lease not given up", extra={"reason": str(error)})

    async def _renew(self) -> None:
        now = time.time_ns() // 1_000_000
        lease = NodeLease(
            node_id=self._node_id,
            region=self._region,
            load=self._load.measure(time.monotonic()),
            participants=self._participants(),
            draining=self._draining,
            renewed_at=now,
            started_at=self._started_at,
        )
        async with self._client.pipeline(transaction=False) as pipeline:
            pipeline.set(redis_names.node_lease(self._node_id), encoder.encode(lease), px=redis_names.NODE_LEASE_MS)
            pipeline.zadd(redis_names.NODES, {self._node_id: now + redis_names.NODE_LEASE_MS})
            await pipeline.execute()
