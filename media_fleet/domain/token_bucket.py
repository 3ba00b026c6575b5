"""A token bucket: so many at once, so many a second on average."""

from __future__ import annotations


class TokenBucket:
    """``capacity`` tokens when full, refilled by ``rate`` tokens a second. Times in seconds of any steady clock."""

    __slots__ = ("_capacity", "_filled_at", "_rate", "_tokens")

    def __init__(self, *, capacity: float, rate: float, now: float) -> None:
        self._capacity = capacity
        self._rate = rate
        self._tokens = capacity
        self._filled_at = now

    def holds(self, cost: float, now: float) -> bool:
        """Whether ``cost`` tokens are there at ``now``; draws none."""
        elapsed = max(0.0, now - self._filled_at)
        self._tokens = min(self._capacity, self._tokens + elapsed * self._rate)
        self._filled_at = max(now, self._filled_at)
        return self._tokens >= cost

    def take(self, cost: float, now: float) -> bool:
        """Draws ``cost`` tokens, if it holds as many."""
        if not self.holds(cost, now):
            return False
        self._tokens -= cost
        return True
