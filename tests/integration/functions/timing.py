"""Whether two kinds of requests can be told apart by how long they take, on a machine that does other things, too.

All kinds are measured in turns, in an order that is drawn anew in each round, so that whatever slows the machine slows
all of them. What medians differ by is held against what they differ by when the same times are dealt out to the kinds
at random (a permutation test, which knows nothing of how times are distributed).
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

ROUNDS = 16
ATTEMPTS = 3
_DEALS = 400
_BEYOND = 0.99
"""Of a hundred differences between what is the same, one is larger than what counts as different."""
FLOOR_S = 0.002
"""Nobody who is some network away sees less."""


@dataclass(frozen=True)
class Difference:
    """By how much the second kind takes longer, and what chance alone makes of the same times; seconds."""

    seconds: float
    by_chance: float

    @property
    def is_seen(self) -> bool:
        """Whether it is more than chance, and more than a network hides."""
        return abs(self.seconds) > max(self.by_chance, FLOOR_S)


def difference(first: Callable[[], object], second: Callable[[], object], *, draws: random.Random) -> Difference:
    """Measures both kinds, each twice a round."""
    rounds = []
    for _ in range(ROUNDS):
        order = [(0, first), (1, first), (2, second), (3, second)]
        draws.shuffle(order)
        times = [0.0] * 4
        for place, call in order:
            began = time.perf_counter()
            call()
            times[place] = time.perf_counter() - began
        rounds.append(times)
    dealt = sorted(abs(_median_difference([draws.sample(times, 4) for times in rounds])) for _ in range(_DEALS))
    return Difference(seconds=_median_difference(rounds), by_chance=dealt[int(_BEYOND * _DEALS)])


def differs_again_and_again(
    first: Callable[[], object], second: Callable[[], object], *, draws: random.Random
) -> list[Difference]:
    """The differences, as often as one is seen, and never more often than `ATTEMPTS`: noise does not come back."""
    seen: list[Difference] = []
    while len(seen) < ATTEMPTS:
        measured = difference(first, second, draws=draws)
        seen.append(measured)
        if not measured.is_seen:
            break
    return seen


def _median_difference(rounds: Sequence[Sequence[float]]) -> float:
    return statistics.median((times[2] + times[3] - times[0] - times[1]) / 2 for times in rounds)
