"""Meetings that a node's load does not show yet."""

from __future__ import annotations

from media_fleet.domain.settling_meetings import HALF_LIFE_S, SettlingMeetings


def test_a_meeting_counts_less_and_less_as_its_people_come() -> None:
    settling = SettlingMeetings()
    assert settling.measure(0, 1_000) == 0
    assert settling.measure(4, 1_001) == 4
    assert settling.measure(4, 1_001 + HALF_LIFE_S) == 2
    assert settling.measure(5, 1_001 + 2 * HALF_LIFE_S) == 2
    assert settling.measure(5, 1_001 + 30 * HALF_LIFE_S) == 0
