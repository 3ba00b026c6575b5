"""How often one connection may ask for something."""

from __future__ import annotations

from contracts.command_limits import COMMAND_LIMIT, LIMITS, RateLimit
from signaling_gateway.domain.token_bucket import TokenBucket


class CommandBudget:
    """What one connection has left. Times in seconds of any steady clock."""

    def __init__(self, now: float) -> None:
        self._now = now
        self._buckets: dict[RateLimit, TokenBucket] = {}

    def take(self, command: object, now: float) -> bool:
        """Whether the connection may give the command now. One that it may not give costs nothing."""
        limits = [COMMAND_LIMIT, *(limit for limit in LIMITS if command in limit.commands)]
        drawn = {limit: self._bucket(limit).take(now) for limit in limits}
        taken = {limit: bucket for limit, bucket in drawn.items() if bucket is not None}
        if len(taken) < len(limits):
            return False
        self._buckets |= taken
        return True

    def _bucket(self, limit: RateLimit) -> TokenBucket:
        full = TokenBucket.full(capacity=limit.at_once, rate=limit.per_s, now=self._now)
        return self._buckets.get(limit, full)
