"""In which of the packet core's threads each meeting is.

A meeting stays in its thread, as it stays on its node: what comes from one participant and goes to another is never in
two. So the node is as full, for whoever looks for one, as the thread that would take the next meeting.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from contracts.rooms import MeetingId
from media_fleet.domain.settling_meetings import SettlingMeetings

MEETING_LOAD = 0.015
"""What a meeting is expected to add to its thread's load: gateways reckon with as much (decision 9)."""


class Vacancy(Struct, frozen=True, kw_only=True):
    """How much is taken of the thread that takes the next meeting."""

    load: float
    settling: float
    """Meetings in it that ``load`` does not show yet."""


class _Thread:
    def __init__(self) -> None:
        self.load = 0.0
        self.meetings = 0
        self.begun = 0
        self.seen = 0
        """As many meetings had begun when `settled` was measured."""
        self.settled = 0.0
        self.settling = SettlingMeetings()

    @property
    def expected(self) -> tuple[float, int]:
        """Its load once the people of the meetings that came last are there; how many meetings there are."""
        return self.load + MEETING_LOAD * (self.settled + self.begun - self.seen), self.meetings


class ThreadPlaces:
    """The meetings of one node."""

    def __init__(self, threads: int) -> None:
        self._threads = [_Thread() for _ in range(threads)]
        self._places: dict[MeetingId, int] = {}

    def of(self, meeting_id: MeetingId) -> int | None:
        """The thread of a meeting, counted from 0; None: it is not here."""
        return self._places.get(meeting_id)

    def begin(self, meeting_id: MeetingId) -> int:
        """Chooses the thread of a meeting that comes: the least loaded."""
        place = self._next()
        self._places[meeting_id] = place
        self._threads[place].meetings += 1
        self._threads[place].begun += 1
        return place

    def end(self, meeting_id: MeetingId) -> None:
        """The meeting is gone."""
        self._threads[self._places.pop(meeting_id)].meetings -= 1

    def measure(self, loads: Sequence[float], now: float) -> Vacancy:
        """Takes in how loaded the threads are. ``now``: a monotonic clock's seconds."""
        for thread, load in zip(self._threads, loads, strict=True):
            thread.load, thread.seen = load, thread.begun
            thread.settled = thread.settling.measure(thread.begun, now)
        chosen = self._threads[self._next()]
        return Vacancy(load=chosen.load, settling=chosen.settled)

    def _next(self) -> int:
        return min(range(len(self._threads)), key=lambda place: self._threads[place].expected)
