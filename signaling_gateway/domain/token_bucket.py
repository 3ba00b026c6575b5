"""A token bucket: so many at once, so many a second on average."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace


class TokenBucket(Struct, frozen=True, kw_only=True):
    """``capacity`` tokens when full, refilled by ``rate`` tokens a second. Times in seconds of any steady clock."""

    capacity: float
    rate: float
    tokens: float
    filled_at: float

    @classmethod
    def full(cls, *, capacity: float, rate: float, now: float) -> TokenBucket:
        """A bucket nobody has drawn from yet."""
        return cls(capacity=capacity, rate=rate, tokens=capacity, filled_at=now)

    def take(self, now: float, cost: float = 1.0) -> TokenBucket | None:
        """The bucket after drawing ``cost`` tokens at ``now``, or None if it does not hold as many."""
        elapsed = max(0.0, now - self.filled_at)
        available = min(self.capacity, self.tokens + elapsed * self.rate)
        if available < cost:
            return None
        return replace(self, tokens=available - cost, filled_at=max(now, self.filled_at))
