"""Where the packets of a track lie: in its file, and on the recording's clock. Pure."""

from __future__ import annotations

APART_MS = 1_000.0
"""A track whose timestamps are so far from the time of arrival has leapt: it is placed anew by its arrival."""


class Timeline:
    """Maps RTP timestamps to milliseconds since the track's first packet.

    The distance between packets is that of their timestamps, whatever the publisher's jitter or a busy machine does to
    their arrival. Where the track begins on the recording's clock follows from the packet with the least delay.
    """

    def __init__(self, clock_rate: int) -> None:
        self._ticks_per_ms = clock_rate / 1000
        self._first: int | None = None
        self._highest = 0
        self._leapt_ms = 0.0
        self.start = 0.0
        """When the track began, as far as is known by now."""

    @property
    def has_begun(self) -> bool:
        """Whether anything has been placed."""
        return self._first is not None

    def place(self, timestamp: int, arrived: float) -> float:
        """Where a packet lies that arrived at ``arrived``, on the recording's clock."""
        if self._first is None:
            self._first = self._highest = timestamp
            self.start = arrived
            return 0.0
        at = self.position(timestamp)
        if abs(self.start + at - arrived) > APART_MS:
            self._leapt_ms += arrived - (self.start + at)
            at = arrived - self.start
        self.start = min(self.start, arrived - at)
        self._highest = max(self._highest, self._extended(timestamp))
        return at

    def position(self, timestamp: int) -> float:
        """Where a timestamp near the latest ones lies. 0 before the first packet."""
        if self._first is None:
            return 0.0
        return (self._extended(timestamp) - self._first) / self._ticks_per_ms + self._leapt_ms

    def _extended(self, timestamp: int) -> int:
        distance = (timestamp - self._highest) & 0xFFFFFFFF
        return self._highest + (distance if distance < 0x80000000 else distance - 0x100000000)
