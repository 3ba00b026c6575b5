"""How many transcoders and mixers a node may have. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

LAYER = "layer"
"""Beside the kinds of media: a smaller picture of one that everybody could have as it is."""
MIX = "mix"
"""Beside the kinds of media: a mixer of sound."""


class TranscoderPlaces:
    """Those of all meetings. Pictures cost a good part of a processor each, sound nearly nothing but memory, and a
    mixer a tenth of a processor.

    Smaller pictures take places of those for video, half of them at the most: whoever takes another codec than is sent
    would see nothing.
    """

    def __init__(self, *, video: int, sound: int, mixers: int = 0, composites: Callable[[], int] = lambda: 0) -> None:
        """``composites``: how many pictures of meetings are being made, which take places of those for video."""
        self._most = {"video": video, "audio": sound, LAYER: video // 2, MIX: mixers}
        self._taken: Counter[str] = Counter()
        self._composites = composites

    def taken(self, kind: str) -> int:
        """How many there are of a kind."""
        return self._taken[kind]

    def take(self, kind: str) -> bool:
        """Takes a place, if there is one."""
        if not self.has_place(kind):
            return False
        self._taken[kind] += 1
        return True

    def has_any(self, kind: str) -> bool:
        """Whether there could be one, if all were free."""
        return self._most[kind] > 0

    def has_place(self, kind: str) -> bool:
        """Whether there is one."""
        if self._taken[kind] >= self._most[kind]:
            return False
        pictures = self._taken["video"] + self._taken[LAYER] + self._composites()
        return kind not in ("video", LAYER) or pictures < self._most["video"]

    def give_back(self, kind: str) -> None:
        """A place is free again: the process that had it has ended."""
        self._taken[kind] -= 1
