"""The chapters of a recording: who speaks mainly from when on. Pure.

Turns of those who speak are short, and there are thousands of them in a long meeting. The shortest one is joined to the
shorter of its neighbours, and neighbours in which the same people speak mainly become one, until none is too short and
there are few enough for a list: a talk with questions in between is its speaker's chapter, and so is a dialogue that of
both who lead it.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from contracts.rooms import ParticipantId
from media_fleet.composer.speaker import Speaker

LEAST_MS = 10_000
"""A chapter is no shorter, unless it is the only one."""
MOST = 40
"""Chapters of a recording: in one of two hours they are three minutes long, or longer."""
PAUSE_MS = 60_000.0
"""Where nobody has spoken for so long, nobody is said to."""
MOST_SPEAKERS = 3
"""Whom a chapter names."""
_LEAST_SHARE = 0.2
"""Of what is spoken in a chapter, for one who is named."""
_KEPT = 4 * MOST
"""Turns that are kept apart; the shortest go first where there are more."""


class Stretch(Struct, frozen=True):
    """A part of the recording, until the next one begins. Milliseconds since the recording began."""

    start: float
    spoken: dict[ParticipantId, float]
    """For how long each of those who had their turn did speak; empty: nobody."""

    @property
    def speakers(self) -> tuple[ParticipantId, ...]:
        """Who speaks mainly, the one first who does most."""
        whole = sum(self.spoken.values())
        ranked = sorted(self.spoken, key=lambda each: -self.spoken[each])
        return tuple(each for each in ranked if self.spoken[each] >= _LEAST_SHARE * whole)[:MOST_SPEAKERS]


class Chapters:
    """Listens along while a recording is made. `heard` and `until` may run in two threads."""

    def __init__(self) -> None:
        self._over: tuple[Stretch, ...] = ()
        self._turn: ParticipantId | None = None
        self._start = 0.0
        self._spoken = 0.0
        self._heard = 0.0

    def heard(self, now: float, speaker: Speaker) -> None:
        """``speaker`` knows what was heard up to a time."""
        who = speaker.current if now - speaker.current_spoke_at < PAUSE_MS else None
        if who != self._turn:
            self._begin(who, self._since(who, now, speaker))
        if who is not None and speaker.is_speaking:
            self._spoken += now - self._heard
        self._heard = now

    def until(self, end: float) -> list[Stretch]:
        """The chapters of a recording that lasts so long; the first one begins at its beginning."""
        return joined((*self._over, self._present()), end, least=LEAST_MS, most=MOST)

    @property
    def people(self) -> frozenset[ParticipantId]:
        """All of whom a chapter may tell."""
        told = {who for each in self._over for who in each.spoken}
        return frozenset(told if self._turn is None else told | {self._turn})

    def _since(self, who: ParticipantId | None, now: float, speaker: Speaker) -> float:
        if who is None:
            return now if speaker.current is None else speaker.current_spoke_at
        return now if speaker.since < self._start else speaker.since  # they go on after a pause, or have taken over

    def _begin(self, who: ParticipantId | None, at: float) -> None:
        self._over = (*self._over, self._present())
        if len(self._over) > _KEPT:
            self._over = tuple(joined(self._over, at, least=0, most=_KEPT // 2))
        self._turn, self._start, self._spoken = who, max(at, self._start), 0.0

    def _present(self) -> Stretch:
        return Stretch(self._start, {} if self._turn is None else {self._turn: max(self._spoken, 1.0)})


def joined(stretches: Sequence[Stretch], end: float, *, least: float, most: int) -> list[Stretch]:
    """Stretches up to ``end`` that follow each other, joined until none is shorter than ``least`` milliseconds, and
    there are no more than ``most``."""
    left = list(stretches)
    for place in reversed(range(len(left))):
        _join_alike(left, place)
    while len(left) > 1:
        ends = (*(each.start for each in left[1:]), end)
        lengths = [until - each.start for each, until in zip(left, ends, strict=True)]
        shortest = min(range(len(left)), key=lengths.__getitem__)
        if lengths[shortest] >= least and len(left) <= most:
            break
        neighbours = [each for each in (shortest - 1, shortest + 1) if 0 <= each < len(left)]
        first = min(shortest, min(neighbours, key=lengths.__getitem__))
        _join(left, first)
        _join_alike(left, first)
        _join_alike(left, first - 1)
    return left


def _join_alike(stretches: list[Stretch], place: int) -> None:
    """Joins one with the next one, if the same people speak in both."""
    pair = stretches[place : place + 2] if place >= 0 else []
    if len(pair) == 2 and set(pair[0].speakers) == set(pair[1].speakers):
        _join(stretches, place)


def _join(stretches: list[Stretch], place: int) -> None:
    first, second = stretches[place : place + 2]
    spoken = dict(first.spoken)
    for each, long in second.spoken.items():
        spoken[each] = spoken.get(each, 0.0) + long
    stretches[place : place + 2] = [Stretch(first.start, spoken)]
