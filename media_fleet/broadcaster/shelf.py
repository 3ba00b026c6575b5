"""A broadcast's HLS as it is served: playlists, and the segments and parts that they name. In memory, and bounded.

Everything happens in the origin's event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from msgspec import Struct

from media_fleet.broadcaster.cutting import Cut
from media_fleet.broadcaster.playlist import SEGMENTS, WITH_PARTS, Names, Window

KEPT_SEGMENTS = 5
"""Segments that are not listed any more are still there for those who have an older playlist."""
PATIENCE_S = 6.0
"""What has not come by then does not, now: three target durations (rfc8216bis, 6.2.5.2)."""


class _Kept(Struct):
    """A segment's parts, in their order; whole segments are these, one after the other."""

    parts: list[bytes]
    is_whole: bool = False


class Shelf:
    """What viewers are given."""

    def __init__(self, window: Window, names: Names, *, index: str, init: bytes, started_at: int, picture_ms: float):
        """``index``: the multivariant playlist; ``started_at``: ms since the epoch at the picture 0."""
        self._window = window
        self._names = names
        self.index = index
        self.init = init
        self._started_at = started_at
        self._picture_ms = picture_ms
        self._kept: dict[int, _Kept] = {}
        self._files: dict[str, tuple[int, int | None]] = {}
        """What each name stands for: a segment, or one of its parts."""
        self._changed = asyncio.Condition()
        self._following: set[asyncio.Task[None]] = set()

    @property
    def has_segment(self) -> bool:
        """Whether there is anything that every player can begin with."""
        return self._window.has_segment

    def put(self, cut: Cut) -> None:
        """A part is there."""
        number, index = self._window.add(cut.part, at=self._started_at + round(cut.first * self._picture_ms))
        kept = self._kept.setdefault(number, _Kept([]))
        kept.parts.append(cut.data)
        self._files[self._names.part(number, index)] = (number, index)
        if cut.ends_segment:
            kept.is_whole = True
            self._files[self._names.segment(number)] = (number, None)
            self._window.end_segment()
            self._forget(number)
        self._tell()

    def end(self) -> None:
        """Nothing follows any more."""
        self._window.end()
        self._tell()

    def playlist(self) -> str:
        """The media playlist as it is now."""
        return self._window.text()

    async def begun(self) -> bool:
        """Waits until there is anything that a player can go on with. Whether there is, or all is over."""
        return await self._when(lambda: self._window.has_segment or self._window.is_over)

    def may_come(self, number: int, part: int | None) -> bool:
        """Whether it makes sense to wait for a segment, or a part of one."""
        return self._window.may_come(number, part)

    async def come(self, number: int, part: int | None) -> bool:
        """Waits until the playlist has a segment, or a part of one. Whether it does, or else is over."""
        return await self._when(lambda: self._window.has(number, part))

    def file(self, name: str) -> bytes | None:
        """What a segment or a part is; None: it is not there (any more, or yet)."""
        if name == self._names.init:
            return self.init
        number, index = self._files.get(name, (None, None))
        kept = None if number is None else self._kept.get(number)
        if kept is None:
            return None
        return b"".join(kept.parts) if index is None else kept.parts[index]

    async def coming(self, name: str) -> bytes | None:
        """As `file`, and waits for the part that is announced, and a few that follow it."""
        if name in self._window.soon:
            await self._when(lambda: name in self._files or self._window.is_over or name not in self._window.soon)
        return self.file(name)

    def _forget(self, newest: int) -> None:
        oldest = newest - SEGMENTS - KEPT_SEGMENTS
        for number in [each for each in self._kept if each < oldest]:
            del self._kept[number]
        self._files = {
            name: (number, index)
            for name, (number, index) in self._files.items()
            if number >= oldest and (index is None or number > newest - WITH_PARTS - KEPT_SEGMENTS)
        }

    async def _when(self, holds: Callable[[], bool]) -> bool:
        try:
            async with asyncio.timeout(PATIENCE_S), self._changed:
                await self._changed.wait_for(holds)
        except TimeoutError:
            return False
        return True

    def _tell(self) -> None:
        async def tell() -> None:
            async with self._changed:
                self._changed.notify_all()

        task = asyncio.get_running_loop().create_task(tell())
        self._following.add(task)
        task.add_done_callback(self._following.discard)
