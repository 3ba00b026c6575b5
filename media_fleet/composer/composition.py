"""A composite as it comes to be: the clock by which the meeting is drawn, mixed and put into a file or a broadcast.

Everything is composed so long after it happened that all that was lost on the way has been sent again. Pictures are
drawn at a steady rate. Where drawing and encoding do not keep up, pictures are left out until they do, and the one
before stands longer; where decoding does not either, nothing is decoded until they do. Sound is always whole.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Protocol

import av

from media_fleet.composer.drawing import Drawing
from media_fleet.composer.mixing import RATE, Limiter, Sound
from media_fleet.composer.poster import Poster
from media_fleet.composer.stage import Stage
from media_fleet.recorder.protocol import CompositeOrder
from media_fleet.recorder.reordering import GIVE_UP_MS
from media_fleet.recorder.timeline import APART_MS

HELD_MS = GIVE_UP_MS + APART_MS + 200.0
"""Sound is placed by the packet with the least delay: what was delayed more, and then waited for one that was lost,
comes so late. A broadcast may hold less (`CompositeOrder.held_ms`)."""
SETTLED_MS = 200.0
"""What is given up of what was lost is, so long before its time comes."""
BEHIND_MS = 500.0
"""So far behind, pictures are left out."""
FAR_BEHIND_MS = 2_000.0
"""So far behind, they are not decoded either, until the composition is less than `BEHIND_MS` behind."""
_PIECE = RATE // 50

Happening = Callable[[Stage], None]


class Output(Protocol):
    """Where a composition goes."""

    def draw(self, frame: av.VideoFrame, number: int) -> None:
        """A picture; ``number`` counts those that were left out, too."""

    def leave_out(self, number: int) -> None:
        """There was no time for a picture: the one before stands longer."""

    def play(self, sound: Sound) -> None:
        """What follows of the sound."""

    def close(self) -> None:
        """That was all."""


def give_up_ms(order: CompositeOrder) -> float:
    """How long a packet that was lost is waited for."""
    return GIVE_UP_MS if order.held_ms is None else min(GIVE_UP_MS, max(0.0, order.held_ms - SETTLED_MS))


class Composition:
    """Times are milliseconds since the recording began. Methods raise `OSError` when nothing can be written."""

    def __init__(
        self, order: CompositeOrder, output: Output, drawing: Drawing | None, poster: Poster | None = None
    ) -> None:
        """``drawing`` None: there is sound alone. ``poster`` None: none is made."""
        self.stage = Stage()
        self._picture_ms = 1000 / order.frame_rate
        self._held_ms = HELD_MS if order.held_ms is None else order.held_ms
        self._output = output
        self._drawing = drawing
        self._poster = poster
        self._limiter = Limiter()
        self._happenings: deque[tuple[float, Happening]] = deque()
        self._number = 0
        self._mixed = 0
        self._is_far_behind = False
        self.dropped = 0
        """Pictures that were left out."""

    def happens(self, at: float, happening: Happening) -> None:
        """Something changes in the meeting: it does when the composition has come to it. By any thread."""
        self._happenings.append((at, happening))

    def behind(self, now: float) -> float:
        """By how much the composition is later than it need be."""
        return max(0.0, now - self._held_ms - self._number * self._picture_ms)

    def compose(self, now: float, *, end: float = float("-inf")) -> bool:
        """Makes the next picture, with the sound up to it, if it is of so long ago, or before ``end``.

        Returns:
            Whether it was; otherwise there is nothing to be done yet.
        """
        at = self._number * self._picture_ms
        if at > max(now - self._held_ms, end):
            return False
        while self._happenings and self._happenings[0][0] <= at:
            self._happenings.popleft()[1](self.stage)
        self._mix(at)
        self._draw(at, behind=now - self._held_ms - at)
        self._number += 1
        return True

    def complete(self, end: float, clock: Callable[[], float]) -> None:
        """Goes on to the end, and completes the file. ``clock``: what the time is.

        What is left takes no longer than it would have if the recording had gone on: who is too slow, leaves out.
        """
        while self._number * self._picture_ms <= end:
            self.compose(clock(), end=end)
        self._output.play(self._limiter.rest())
        self._output.close()
        if self._drawing is not None and self._poster is not None and self._poster.name is None:
            self._poster.take(end, self._drawing.draw(self.stage, end), self._drawing.people_seen)

    def _mix(self, until: float) -> None:
        while (self._mixed + _PIECE) * 1000 / RATE <= until:
            self._output.play(self._limiter.put(self.stage.mixed(self._mixed, _PIECE)))
            self._mixed += _PIECE

    def _draw(self, at: float, *, behind: float) -> None:
        if self._drawing is None:
            return
        self._is_far_behind = behind > (BEHIND_MS if self._is_far_behind else FAR_BEHIND_MS)
        self._drawing.arrange(self.stage, at)
        if self._is_far_behind:
            self.stage.skip_pictures()
        else:
            # The picture nearest to the time, not the last one before it: it is never off by more than half of one.
            self.stage.decode_pictures(at + self._picture_ms / 2, self._drawing.is_shown)
        if behind > BEHIND_MS:
            self.dropped += 1
            self._output.leave_out(self._number)
        else:
            frame = self._drawing.draw(self.stage, at)
            self._output.draw(frame, self._number)
            if self._poster is not None:
                self._poster.look(at, frame, self._drawing.people_seen)
