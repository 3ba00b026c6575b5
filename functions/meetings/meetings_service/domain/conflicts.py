"""Meetings of one's own that are at the same time. Pure."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from msgspec import Struct

from meetings_service.domain.answering import answer_to
from meetings_service.domain.meetings import Answer, Invitee, Meeting
from meetings_service.domain.recurrence import Occurrence, occurrences
from meetings_service.domain.schedule import Schedule

LOOKED_AT: Final = 60
"""So many occurrences of what is planned are looked at."""
HORIZON_MS: Final = 120 * 86_400_000
"""And no further ahead of the first: what is meant is whether the time is a good one."""
SHOWN: Final = 20


class Own(Struct, frozen=True, kw_only=True):
    """A meeting of one's own; ``invitee``: one's invitation, None for the host."""

    meeting: Meeting
    invitee: Invitee | None = None


class Conflict(Struct, frozen=True, kw_only=True):
    """Two that overlap: an occurrence of a meeting of one's own, and one of what is planned."""

    own: Own
    occurrence: Occurrence
    planned: Occurrence


def conflicts(schedule: Schedule, others: Iterable[Own], *, now: int) -> list[Conflict]:
    """The first `SHOWN` + 1 overlaps, in the order of what is planned. What one has declined does not count.

    ``now`` in milliseconds since the epoch: what is past does not count, either.
    """
    first = next(occurrences(schedule, after=now), None)
    if first is None:
        return []
    coming = occurrences(schedule, after=now, before=first.start + HORIZON_MS)
    planned = list(itertools.islice(coming, LOOKED_AT))
    last = max(each.end for each in planned)
    runs = [_run(own, after=planned[0].start, before=last) for own in others]
    found = _overlaps(planned, list(heapq.merge(*runs, key=lambda each: each[0].start)))
    return list(itertools.islice(found, SHOWN + 1))


def _run(own: Own, *, after: int, before: int) -> Iterator[tuple[Occurrence, Own]]:
    if own.meeting.schedule is None or own.meeting.is_over:
        return
    for one in occurrences(own.meeting.schedule, after=after, before=before):
        if own.invitee is None or answer_to(own.meeting, own.invitee, one) is not Answer.DECLINED:
            yield one, own


def _overlaps(planned: Sequence[Occurrence], others: Sequence[tuple[Occurrence, Own]]) -> Iterator[Conflict]:
    first = 0
    longest = max((one.end - one.start for one, _ in others), default=0)
    for each in planned:
        while first < len(others) and others[first][0].start + longest <= each.start:
            first += 1
        for one, own in itertools.islice(others, first, None):
            if one.start >= each.end:
                break
            if one.end > each.start:
                yield Conflict(own=own, occurrence=one, planned=each)
