"""How often one connection may ask for something."""

from __future__ import annotations

from contracts.command_limits import COMMAND_LIMIT, LIMITS, NOTES_CHARACTERS, RateLimit
from signaling_gateway.domain.token_bucket import TokenBucket


class CommandBudget:
    """What one connection has left. Times in seconds of any steady clock."""

    def __init__(self, now: float) -> None:
        self._now = now
        self._buckets: dict[RateLimit, TokenBucket] = {}

    def take(self, command: object, now: float, *, characters: int = 0) -> bool:
        """Whether the connection may give the command now. One that it may not give costs nothing.

        ``characters``: how many the command puts into shared notes, if it edits them.
        """
        limits = [COMMAND_LIMIT, *(limit for limit in LIMITS if command in limit.commands)]
        costs: dict[RateLimit, float] = dict.fromkeys(limits, 1.0)
        if command in NOTES_CHARACTERS.commands:
            # More than it ever holds at once is refused for what it is.
            costs[NOTES_CHARACTERS] = min(characters, NOTES_CHARACTERS.at_once)
        drawn = {limit: self._bucket(limit).take(now, cost) for limit, cost in costs.items()}
        taken = {limit: bucket for limit, bucket in drawn.items() if bucket is not None}
        if len(taken) < len(costs):
            return False
        self._buckets |= taken
        return True

    def _bucket(self, limit: RateLimit) -> TokenBucket:
        full = TokenBucket.full(capacity=limit.at_once, rate=limit.per_s, now=self._now)
        return self._buckets.get(limit, full)
