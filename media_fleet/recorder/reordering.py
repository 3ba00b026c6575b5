"""Puts the packets of one SSRC in order, and tells which to ask for again (RFC 3550, 5.1; RFC 4585, 6.2.1). Pure."""

from __future__ import annotations

from typing import Generic, TypeVar

Packet = TypeVar("Packet")

GIVE_UP_MS = 1_000.0
"""What has not come so long after it was missed will not. Over loopback a repair takes milliseconds; where a publisher
has to send it again, a few round trips."""
ASK_AGAIN_MS = 50.0
MAX_WAITING = 2_048
MAX_ASKED = 256
LEAP = 3_000
"""Sequence numbers so far apart are of another stream (as MAX_DROPOUT in RFC 3550, A.1)."""


class Reordering(Generic[Packet]):
    """Times are milliseconds of a steady clock."""

    def __init__(self, give_up_ms: float = GIVE_UP_MS) -> None:
        """``give_up_ms``: what has not come so long after it was missed will not."""
        self._give_up_ms = give_up_ms
        self._next: int | None = None
        self._highest = 0
        self._waiting: dict[int, tuple[Packet, float]] = {}
        """With the times at which they came, in the order of these."""
        self._asked_at = float("-inf")
        self.lost = 0
        """How many packets were given up."""

    def take(self, sequence_number: int, packet: Packet, now: float) -> list[Packet | None]:
        """The packets whose turn it is now, in order; None stands for some that are given up."""
        sequence = self._extended(sequence_number)
        if self._next is not None and abs(sequence - self._highest) > LEAP:
            return self._leap(sequence_number, packet)
        if self._next is None:
            self._next = self._highest = sequence
        self._highest = max(self._highest, sequence)
        if sequence >= self._next:
            self._waiting.setdefault(sequence, (packet, now))
        return self.due(now)

    def due(self, now: float) -> list[Packet | None]:
        """As `take`, without another packet: those for which nothing needs to be waited for any more."""
        ready: list[Packet | None] = list(self._in_turn())
        while self._waiting and self._is_given_up(now):
            first = min(self._waiting)
            self.lost += first - self._following
            self._next = first
            ready += [None, *self._in_turn()]
        return ready

    def missing(self, now: float) -> list[int]:
        """Sequence numbers to ask for now."""
        if not self._waiting or now - self._asked_at < ASK_AGAIN_MS:
            return []
        self._asked_at = now
        missing = (number for number in range(self._following, self._highest) if number not in self._waiting)
        return [number & 0xFFFF for number, _ in zip(missing, range(MAX_ASKED), strict=False)]

    @property
    def _following(self) -> int:
        return 0 if self._next is None else self._next

    def _in_turn(self) -> list[Packet]:
        ready = []
        while (waiting := self._waiting.pop(self._following, None)) is not None:
            ready.append(waiting[0])
            self._next = self._following + 1
        return ready

    def _is_given_up(self, now: float) -> bool:
        if len(self._waiting) > MAX_WAITING:
            return True
        # What is missing was missed when the first of those that wait for it came.
        _, missed_since = next(iter(self._waiting.values()))
        return now - missed_since >= self._give_up_ms

    def _leap(self, sequence_number: int, packet: Packet) -> list[Packet | None]:
        """Another stream begins under the same SSRC."""
        rest: list[Packet | None] = [self._waiting[number][0] for number in sorted(self._waiting)]
        self._waiting.clear()
        self._highest = sequence_number
        self._next = sequence_number + 1
        return [*rest, None, packet]

    def _extended(self, sequence_number: int) -> int:
        if self._next is None:
            return sequence_number
        distance = (sequence_number - self._highest) & 0xFFFF
        return self._highest + (distance if distance < 0x8000 else distance - 0x10000)
