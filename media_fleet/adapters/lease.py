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
from contracts.shared_clock import SharedClock
from media_fleet.adapters.node_load import NodeLoad
from media_fleet.metrics import LEASE_FAILURES

FORGOTTEN_AFTER_MS = 3_600_000
"""After so long without renewal the name of a node that was killed goes from the list."""

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
        clock: SharedClock,
    ) -> None:
        self._client = client
        self._node_id = node_id
        self._region = region
        self._load = load
        self._participants = participants
        self._clock = clock
        self._started_at = clock()
        self._draining = False
        self._wake = asyncio.Event()
        self._renewed_at: float | None = None
        self.held = asyncio.Event()
        """Set once the lease has been taken for the first time."""

    @property
    def draining(self) -> bool:
        """Whether no new meetings are to come."""
        return self._draining

    def holds(self, now: float) -> bool:
        """Whether the lease, as far as is known, has not ended. ``now`` is on `time.monotonic`'s clock."""
        return self._renewed_at is not None and now < self._renewed_at + redis_names.NODE_LEASE_MS / 1000

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
                LEASE_FAILURES.inc()
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
        now, asked_at, begun_at = self._clock(), self._clock.local(), time.monotonic()
        vacancy = self._load.measure(time.monotonic())
        lease = NodeLease(
            node_id=self._node_id,
            region=self._region,
            load=vacancy.load,
            settling=vacancy.settling,
            participants=self._participants(),
            draining=self._draining,
            renewed_at=now,
            started_at=self._started_at,
        )
        async with self._client.pipeline(transaction=False) as pipeline:
            pipeline.set(redis_names.node_lease(self._node_id), encoder.encode(lease), px=redis_names.NODE_LEASE_MS)
            pipeline.zadd(redis_names.NODES, {self._node_id: now + redis_names.NODE_LEASE_MS})
            if self.held.is_set():  # and so the clock set
                pipeline.zremrangebyscore(redis_names.NODES, "-inf", now - FORGOTTEN_AFTER_MS)
            pipeline.time()
            *_, (seconds, microseconds) = await pipeline.execute()
        self._renewed_at = begun_at
        self._clock.heard(seconds * 1000 + microseconds // 1000, asked_at=asked_at)
