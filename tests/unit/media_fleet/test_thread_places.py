"""Where in the packet core meetings go."""

from __future__ import annotations

from collections import Counter

from contracts.rooms import MeetingId
from media_fleet.domain.settling_meetings import HALF_LIFE_S
from media_fleet.domain.thread_places import MEETING_LOAD, ThreadPlaces


def begin(places: ThreadPlaces, *names: str) -> list[int]:
    return [places.begin(MeetingId(name)) for name in names]


def test_meetings_that_begin_together_are_spread() -> None:
    places = ThreadPlaces(4)
    assert Counter(begin(places, *(f"m{number}" for number in range(40)))) == dict.fromkeys(range(4), 10)


def test_the_least_loaded_thread_takes_the_next_meeting_and_is_how_full_the_node_is() -> None:
    places = ThreadPlaces(3)
    vacancy = places.measure([0.9, 0.2, 0.6], 1_000.0)
    assert (vacancy.load, vacancy.settling) == (0.2, 0.0)
    # As many as bring it near the next one, when their people have come; then by turns.
    until_even = round(0.4 / MEETING_LOAD)
    assert set(begin(places, *(f"m{number}" for number in range(until_even)))) == {1}
    assert set(begin(places, "a", "b")) == {1, 2}
    vacancy = places.measure([0.9, 0.2, 0.6], 1_001.0)
    assert vacancy.load + MEETING_LOAD * vacancy.settling >= 0.6
    # When they have come, or not, the load says so.
    vacancy = places.measure([0.9, 0.3, 0.7], 1_001.0 + 20 * HALF_LIFE_S)
    assert (vacancy.load, vacancy.settling) == (0.3, 0.0)
    assert begin(places, "c") == [1]


def test_a_meeting_stays_and_leaves_room_when_it_ends() -> None:
    places = ThreadPlaces(2)
    assert begin(places, "a", "b") == [0, 1]
    places.measure([0.0, 0.0], 1.0)
    places.measure([0.0, 0.0], 1.0 + 100 * HALF_LIFE_S)
    assert [places.of(MeetingId(name)) for name in "abc"] == [0, 1, None]
    places.end(MeetingId("b"))
    assert places.of(MeetingId("b")) is None
    assert begin(places, "c") == [1]


def test_a_thread_that_does_not_answer_gets_nothing_while_another_one_does() -> None:
    places = ThreadPlaces(2)
    assert places.measure([1.0, 0.5], 1.0).load == 0.5
    assert set(begin(places, *"abcdef")) == {1}
    assert places.measure([1.0, 1.0], 2.0).load == 1.0
