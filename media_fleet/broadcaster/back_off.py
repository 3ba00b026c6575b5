"""When a server that was lost is tried again. Pure."""

from __future__ import annotations

FIRST_S = 1.0
MOST_S = 30.0


class BackOff:
    """Each time twice as long as before, and never all at the same time."""

    def __init__(self, first_s: float = FIRST_S, most_s: float = MOST_S) -> None:
        self._first_s = first_s
        self._most_s = most_s
        self.attempts = 0
        """How many have failed since the last one that did not."""
        self.waited_s = 0.0
        """How long has been waited since then, all in all."""

    def failed(self, chance: float) -> float:
        """Seconds to wait now. ``chance``: 0 to 1, of the caller's randomness: between half of the time and all."""
        wait = min(self._most_s, self._first_s * 2.0 ** min(self.attempts, 30))
        self.attempts += 1
        wait *= 0.5 + chance / 2
        self.waited_s += wait
        return wait

    def succeeded(self) -> None:
        """The next failure is the first one."""
        self.attempts = 0
        self.waited_s = 0.0
