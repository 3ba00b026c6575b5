"""Meetings that have just come to the node, as gateways should know of them."""

from __future__ import annotations

HALF_LIFE_S = 30.0
"""After so long, half of what a meeting will take shows in the node's load: its people come one after the other."""


class SettlingMeetings:
    """Counts the meetings that the node's load does not show yet."""

    def __init__(self) -> None:
        self._left = 0.0
        self._begun = 0
        self._at = 0.0

    def measure(self, begun: int, now: float) -> float:
        """Each meeting counts 1 when it is seen first, and half as much every `HALF_LIFE_S` later.

        ``begun``: how many meetings have ever begun here. ``now``: a monotonic clock's seconds.
        """
        share: float = 0.5 ** ((now - self._at) / HALF_LIFE_S)
        self._left = self._left * share + begun - self._begun
        self._begun, self._at = begun, now
        return round(self._left, 2)
