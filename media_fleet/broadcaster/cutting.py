"""Where a broadcast is cut: into segments, each of which begins with a key frame, and these into parts. Pure."""

from __future__ import annotations

import math

from msgspec import Struct

from media_fleet.broadcaster.fragments import Run, Sample, fragment
from media_fleet.broadcaster.playlist import Part

SEGMENT_S = 2
PART_S = 0.5
TICKS = 1000
"""Of the picture's track, for each picture of a steady rate."""
PICTURE_TRACK, SOUND_TRACK = 1, 2


class Grid(Struct, frozen=True):
    """Which pictures begin a segment or a part. ``frame_rate``: pictures a second."""

    frame_rate: int

    @property
    def segment(self) -> int:
        """Pictures of a segment."""
        return SEGMENT_S * self.frame_rate

    @property
    def part(self) -> int:
        """Pictures of a part, at the most: the last one of a segment may have fewer."""
        return math.ceil(self.frame_rate * PART_S)

    @property
    def part_s(self) -> float:
        """Seconds that no part is longer than."""
        return self.part / self.frame_rate

    def begins_segment(self, number: int) -> bool:
        return number % self.segment == 0

    def begins_part(self, number: int) -> bool:
        return number % self.segment % self.part == 0


class Cut(Struct, frozen=True):
    """A part that is there."""

    part: Part
    data: bytes
    first: int
    """The number of its first picture."""
    ends_segment: bool


class _Picture(Struct, frozen=True):
    data: bytes
    number: int
    is_key: bool


class Cutter:
    """Takes what is encoded, and gives parts. There is a picture wherever the grid has a cut."""

    def __init__(self, grid: Grid) -> None:
        self._grid = grid
        self._pictures: list[_Picture] = []
        self._sounds: list[Sample] = []
        self._sound_at = 0
        self._fragments = 0

    def picture(self, data: bytes, number: int, *, is_key: bool) -> Cut | None:
        """The next picture, with its units' lengths (`length_prefixed`). The part that ends where it begins."""
        cut = self._cut(number) if self._pictures and self._grid.begins_part(number) else None
        self._pictures.append(_Picture(data, number, is_key))
        return cut

    def sound(self, data: bytes, at: int, duration: int) -> None:
        """What follows of the sound, in samples."""
        if not self._sounds:
            self._sound_at = at
        self._sounds.append(Sample(data, duration, is_sync=True))

    def end(self) -> Cut | None:
        """What is left."""
        return self._cut(self._pictures[-1].number + 1, is_last=True) if self._pictures else None

    def _cut(self, until: int, *, is_last: bool = False) -> Cut:
        first = self._pictures[0]
        ends = [each.number for each in self._pictures[1:]] + [until]
        samples = [
            Sample(each.data, (end - each.number) * TICKS, each.is_key)
            for each, end in zip(self._pictures, ends, strict=True)
        ]
        self._fragments += 1
        data = fragment(
            self._fragments,
            [
                Run(PICTURE_TRACK, first.number * TICKS, samples),
                Run(SOUND_TRACK, self._sound_at, self._sounds),
            ],
        )
        self._pictures, self._sounds = [], []
        return Cut(
            part=Part((until - first.number) / self._grid.frame_rate, first.is_key),
            data=data,
            first=first.number,
            ends_segment=is_last or self._grid.begins_segment(until),
        )
