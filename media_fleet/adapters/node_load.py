"""How busy the node is: the greatest share in use of what the next meeting would need."""

from __future__ import annotations

import os
import resource
from collections.abc import Callable, Sequence

from msgspec import Struct
from packet_core import CoreStats, PacketCore

from media_fleet.domain.thread_places import ThreadPlaces, Vacancy
from media_fleet.metrics import LOAD

STUCK = 1.0
"""The load of a thread that does not answer."""


class _Sample(Struct, frozen=True):
    at: float
    cpu_s: float
    """Of the whole process."""
    threads: tuple[tuple[float, int] | None, ...]
    """Of each of the core's: its own time, its packets; None: it does not answer."""


class NodeLoad:
    """Measures over the time between two calls."""

    def __init__(
        self,
        core: PacketCore,
        threads: ThreadPlaces,
        *,
        capacity_packets: int,
        participants: Callable[[], int],
        max_participants: int,
    ) -> None:
        """``capacity_packets``: of one thread, each second."""
        self._core = core
        self._threads = threads
        self._capacity_packets = capacity_packets
        self._participants = participants
        self._max_participants = max_participants
        self._last: _Sample | None = None

    def measure(self, now: float) -> Vacancy:
        """0 idle to 1 full. ``now``: a monotonic clock's seconds."""
        usage = resource.getrusage(resource.RUSAGE_SELF)
        threads = tuple(_taken(stats) for stats in self._core.thread_stats())
        last = self._last
        self._last = sample = _Sample(now, usage.ru_utime + usage.ru_stime, threads)
        loads = self._loads(last, sample)
        vacancy = self._threads.measure(loads, now)
        shares = [vacancy.load, self._participants() / self._max_participants, *_of_process(last, sample)]
        load = round(min(1.0, max(shares)), 4)
        LOAD.set(load)
        return Vacancy(load=load, settling=vacancy.settling)

    def _loads(self, last: _Sample | None, sample: _Sample) -> Sequence[float]:
        before = (None,) * len(sample.threads) if last is None else last.threads
        seconds = 0.0 if last is None else sample.at - last.at
        return [self._load(*both, seconds) for both in zip(before, sample.threads, strict=True)]

    def _load(self, last: tuple[float, int] | None, taken: tuple[float, int] | None, seconds: float) -> float:
        """The greater one of the shares of a processor's time and of the packets."""
        if taken is None:
            return STUCK
        if last is None or seconds <= 0:
            return 0.0
        cpu_s, packets = taken[0] - last[0], taken[1] - last[1]
        return min(1.0, max(cpu_s / seconds, packets / seconds / self._capacity_packets))


def _taken(stats: CoreStats | None) -> tuple[float, int] | None:
    return None if stats is None else (stats.cpu_seconds, stats.datagrams_received + stats.datagrams_sent)


def _of_process(last: _Sample | None, sample: _Sample) -> Sequence[float]:
    """The shares of what all threads have in common: the machine's processors, and the one of the interpreter."""
    if last is None or sample.at <= last.at:
        return ()
    seconds, cpu_s = sample.at - last.at, sample.cpu_s - last.cpu_s
    both = zip(last.threads, sample.threads, strict=True)
    of_core = sum(now[0] - before[0] for before, now in both if before is not None and now is not None)
    return cpu_s / seconds / len(os.sched_getaffinity(0)), (cpu_s - of_core) / seconds
