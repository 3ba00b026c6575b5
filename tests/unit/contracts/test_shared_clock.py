"""One time for all, whatever the machines' own clocks say."""

from __future__ import annotations

import pytest

from contracts.shared_clock import MAX_ROUND_TRIP_MS, SharedClock


class Machine:
    def __init__(self) -> None:
        self.now = 1_000_000

    def __call__(self) -> int:
        return self.now


@pytest.mark.parametrize("apart", [-3_600_000, -1, 0, 40, 86_400_000])
def test_the_time_is_the_others_as_of_the_middle_of_the_round_trip(apart: int) -> None:
    machine = Machine()
    clock = SharedClock(machine)
    assert clock() == 1_000_000
    machine.now += 20
    clock.heard(1_000_010 + apart, asked_at=1_000_000)
    assert clock() == 1_000_020 + apart
    machine.now += 500
    assert clock() == 1_000_520 + apart
    assert clock.seconds() == (1_000_520 + apart) / 1000


@pytest.mark.parametrize("round_trip", [MAX_ROUND_TRIP_MS + 1, -5])
def test_an_answer_that_took_too_long_or_came_while_the_clock_was_set_says_nothing(round_trip: int) -> None:
    machine = Machine()
    clock = SharedClock(machine)
    clock.heard(1_000_300, asked_at=1_000_000)
    machine.now += round_trip
    clock.heard(9_000_000, asked_at=1_000_000)
    assert clock.ahead_ms == 300
