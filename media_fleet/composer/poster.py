"""The picture that stands for a recording in lists: a moment in which as many people as possible are seen."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import av
from av.video.reformatter import Interpolation
from PIL import Image

POSTER: Final = "poster.jpg"
WIDTH: Final = 960
"""Pixels, at the most: as large as a player shows it, and with `_QUALITY` some 50 kB."""
_QUALITY: Final = 82
_LOOK_AGAIN_MS = 2_000.0
_LATER = 2.0
"""As many people so many times later are another poster: meetings seldom look like their first moments."""


class Poster:
    """Looks on while a recording is made. What it has is on the disk, whatever becomes of the composer."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / POSTER
        self._people = -1
        self._taken_at = 0.0
        self._looked_at = 0.0

    @property
    def name(self) -> str | None:
        """Of its file; None: there is none."""
        return None if self._people < 0 else self._path.name

    def look(self, now: float, frame: av.VideoFrame, people: int) -> None:
        """A picture in which so many people are seen. Raises `OSError`: it cannot be written."""
        if now - self._looked_at < _LOOK_AGAIN_MS:
            return
        self._looked_at = now
        if people > self._people or (people == self._people and now >= _LATER * self._taken_at):
            self.take(now, frame, people)

    def take(self, now: float, frame: av.VideoFrame, people: int) -> None:
        """It is the poster, until there is a better one. Raises `OSError`: it cannot be written."""
        width = min(WIDTH, frame.width)
        height = round(frame.height * width / frame.width)
        picture = frame.reformat(width, height, format="rgb24", interpolation=Interpolation.AREA).to_ndarray()
        beside = self._path.with_name(f"{POSTER}.new")
        Image.fromarray(picture).save(beside, format="JPEG", quality=_QUALITY, optimize=True)
        beside.replace(self._path)
        self._people, self._taken_at = people, now
