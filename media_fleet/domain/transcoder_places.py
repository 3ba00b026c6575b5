"""How many transcoders a node may have. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable


class TranscoderPlaces:
    """Those of all meetings. Pictures cost a good part of a processor each, sound nearly nothing but memory."""

    def __init__(self, *, video: int, sound: int, composites: Callable[[], int] = lambda: 0) -> None:
        """``composites``: how many pictures of meetings are being made, which take places of those for video."""
        self._most = {"video": video, "audio": sound}
        self._taken: Counter[str] = Counter()
        self._composites = composites

    def taken(self, kind: str) -> int:
        """How many transcoders of a kind of media there are."""
        return self._taken[kind]

    def take(self, kind: str) -> bool:
        """Takes a place, if there is one."""
        beside = self._composites() if kind == "video" else 0
        if self._taken[kind] + beside >= self._most[kind]:
            return False
        self._taken[kind] += 1
        return True

    def give_back(self, kind: str) -> None:
        """A place is free again: the process that had it has ended."""
        self._taken[kind] -= 1
