"""How often a node looks at its meetings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from types import SimpleNamespace
from typing import Any

from contracts.rooms import MeetingId, NodeId
from media_fleet.observation import MAX_STREAMS, Observation


class Plane:
    """Meetings with so many streams each, and no transports."""

    def __init__(self, **streams: int) -> None:
        self._streams = Counter({MeetingId(name): count for name, count in streams.items()})
        self.looked_at: list[list[MeetingId]] = []
        self.events = SimpleNamespace(starving=SimpleNamespace(count=0))
        self.held = self

    def streams(self) -> Counter[MeetingId]:
        return self._streams

    def transports(self, meetings: Collection[MeetingId]) -> Iterator[Any]:
        self.looked_at.append(sorted(meetings))
        return iter(())

    def reports(self, _transports: Any) -> list[Any]:
        return []


def looks(plane: Any, count: int) -> list[list[str]]:
    observation = Observation(plane, node_id=NodeId("n"))
    for second in range(count):
        observation.look(float(second), second * 1000)
    return plane.looked_at  # type: ignore[no-any-return]


def test_few_streams_are_all_looked_at_each_time() -> None:
    assert looks(Plane(a=10, b=20, c=0), 3) == [["a", "b", "c"]] * 3


def test_with_many_streams_meetings_take_turns() -> None:
    seen = looks(Plane(a=MAX_STREAMS, b=MAX_STREAMS, c=MAX_STREAMS), 6)
    assert [len(each) for each in seen] == [1] * 6
    assert Counter(meeting for each in seen for meeting in each) == {"a": 2, "b": 2, "c": 2}


def test_what_one_large_meeting_takes_the_next_looks_do_without() -> None:
    assert looks(Plane(a=4 * MAX_STREAMS), 9) == [["a"], [], [], [], ["a"], [], [], [], ["a"]]
