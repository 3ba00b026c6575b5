"""The time that all services share: Redis's, so that machines whose own clocks differ agree on what is when."""

from __future__ import annotations

from collections.abc import Callable

MAX_ROUND_TRIP_MS = 1_000
"""A slower answer says too little about when it was true."""


class SharedClock:
    """Milliseconds since the epoch as Redis counts them; until Redis was heard, as this machine does.

    How far the two are apart is asked whenever a lease is renewed, so that a clock that is set right, or a broker that
    is another machine since it failed over, is followed within seconds.
    """

    def __init__(self, local: Callable[[], int]) -> None:
        self.local = local
        self.ahead_ms = 0
        """How far Redis's clock is ahead of this machine's."""

    def __call__(self) -> int:
        return self.local() + self.ahead_ms

    def seconds(self) -> float:
        """The same, in seconds."""
        return self() / 1000

    def heard(self, shared_ms: int, *, asked_at: int) -> None:
        """Redis's time has come, which was asked for at ``asked_at`` by `local`.

        It was true somewhere between the question and now: in the middle, at best guess (RFC 5905 section 8).
        """
        round_trip = self.local() - asked_at
        if 0 <= round_trip <= MAX_ROUND_TRIP_MS:
            self.ahead_ms = shared_ms - asked_at - round_trip // 2
