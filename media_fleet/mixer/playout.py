"""When each packet of a voice is to be mixed: late enough for those that come late, and no later. Pure.

Packets of one voice take unlike times to the node. How long each is held back follows from how much these times have
differed lately, and changes where nothing is heard of it: between two sounds (as in Ramjee et al., Adaptive playout
mechanisms for packetized audio applications, INFOCOM 1994). A voice whose packets come later still is held back more
at once, since a gap is heard once and lost words are missed.
"""

from __future__ import annotations

from collections import deque

LEAST_MS, MOST_MS = 40.0, 240.0
"""How long the packet with the least delay is held back: a piece of the mix and some jitter at least. Who is later than
the other is not heard as one who speaks in the same room any more."""
MARGIN_MS = 20.0
"""Beyond what was seen: a piece of the mix is 20 ms long, and begins anywhere in a packet."""
KEPT = 250
"""Of so many packets the delays are known: five seconds of sound."""
BETWEEN_MS = 100.0
"""A pause of so long between two packets is one where a voice may be held back longer or shorter."""
TOO_LATE_MS, FOR_MS = 80.0, 3_000.0
"""A voice without pauses that has been held back by so much too long, for so long, skips that: music never pauses."""
_LEAP_MS = 1_000.0
"""Delays that differ by so much are of another clock."""
_MOST_OF_THEM = 0.95


class Playout:
    """Of one voice. Times are milliseconds."""

    def __init__(self, clock_rate: int) -> None:
        self._ticks_per_ms = clock_rate / 1000
        self._highest: int | None = None
        self._delays: deque[float] = deque(maxlen=KEPT)
        """When packets came, less when they lie by their timestamps."""
        self._anchor = 0.0
        """When that is mixed which lies at 0."""
        self._right_at = 0.0
        """When the voice was last held back as long as it should be, or nearly."""
        self._last = float("-inf")

    def place(self, timestamp: int, arrived: float) -> float:
        """When a packet is to be mixed that came at ``arrived``: never before that."""
        lies = self._extended(timestamp) / self._ticks_per_ms
        delay = arrived - lies
        begins = not self._delays or abs(delay - self._delays[-1]) > _LEAP_MS
        if begins:
            self._delays.clear()
        self._delays.append(delay)
        if begins or lies - self._last > BETWEEN_MS:
            self._anchor, self._right_at = self._needed(), arrived
        elif self._anchor < delay:
            self._anchor, self._right_at = min(delay + MARGIN_MS, min(self._delays) + MOST_MS), arrived
        elif self._anchor - TOO_LATE_MS < self._needed():
            self._right_at = arrived
        elif arrived - self._right_at > FOR_MS:
            self._anchor, self._right_at = self._needed(), arrived
        self._last = max(self._last, lies) if not begins else lies
        return max(arrived, lies + self._anchor)

    def _needed(self) -> float:
        in_order = sorted(self._delays)
        least, most = in_order[0], in_order[int(_MOST_OF_THEM * (len(in_order) - 1))]
        return least + min(MOST_MS, max(LEAST_MS, most - least + MARGIN_MS))

    def _extended(self, timestamp: int) -> int:
        if self._highest is None:
            self._highest = timestamp
        distance = (timestamp - self._highest) & 0xFFFFFFFF
        extended = self._highest + (distance if distance < 0x80000000 else distance - 0x100000000)
        self._highest = max(self._highest, extended)
        return extended
