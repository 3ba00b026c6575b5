"""How many transcoders and mixers a node may have. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

MIX = "mix"
"""Beside the kinds of media: a mixer of sound."""


class TranscoderPlaces:
    """Those of all meetings. Pictures cost a good part of a processor each, sound nearly nothing but memory, and a
    mixer a tenth of a processor."""

    def __init__(self, *, video: int, sound: int, mixers: int = 0, composites: Callable[[], int] = lambda: 0) -> None:
        """``composites``: how many pictures of meetings are being made, which take places of those for video."""
        self._most = {"video": video, "audio": sound, MIX: mixers}
        self._taken: Counter[str] = Counter()
        self._composites = composites

    def taken(self, kind: str) -> int:
        """How many there are of a kind."""
        return self._taken[kind]

    def has_place(self, kind: str) -> bool:
        """Whether there is a place."""
        beside = self._composites() if kind == "video" else 0
        return self._taken[kind] + beside < self._most[kind]

    def take(self, kind: str) -> bool:
        """Takes a place, if there is one."""
        if not self.has_place(kind):
            return False
        self._taken[kind] += 1
        return True

    def give_back(self, kind: str) -> None:
        """A place is free again: the process that had it has ended."""
        self._taken[kind] -= 1
