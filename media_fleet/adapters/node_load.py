"""How busy the node is: the greatest share of its processor, its packets and its places in use."""

from __future__ import annotations

import os
import resource
from collections.abc import Callable

from packet_core import PacketCore

from media_fleet.metrics import LOAD

THREADS = 2
"""The core's I/O thread and the interpreter: more processors than these do not help one node."""


class NodeLoad:
    """Measures over the time between two calls."""

    def __init__(
        self, core: PacketCore, *, capacity_packets: int, participants: Callable[[], int], max_participants: int
    ) -> None:
        self._core = core
        self._capacity_packets = capacity_packets
        self._participants = participants
        self._max_participants = max_participants
        self._last: tuple[float, float, int] | None = None

    def measure(self, now: float) -> float:
        """0 idle to 1 full. ``now``: a monotonic clock's seconds."""
        usage = resource.getrusage(resource.RUSAGE_SELF)
        stats = self._core.stats()
        sample = (now, usage.ru_utime + usage.ru_stime, stats.datagrams_received + stats.datagrams_sent)
        last, self._last = self._last, sample
        shares = [self._participants() / self._max_participants]
        if last is not None and now > last[0]:
            seconds = now - last[0]
            shares.append((sample[1] - last[1]) / seconds / min(THREADS, os.cpu_count() or 1))
            shares.append((sample[2] - last[2]) / seconds / self._capacity_packets)
        load = round(min(1.0, max(shares)), 4)
        LOAD.set(load)
        return load
