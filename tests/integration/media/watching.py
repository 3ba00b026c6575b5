"""Somebody who watches a broadcast by HLS: fetches playlists and what they name, as players do."""

from __future__ import annotations

import asyncio
import re
import time
from datetime import datetime
from types import TracebackType
from typing import Self
from urllib.parse import urljoin

import aiohttp
from msgspec import Struct

PATIENCE_S = 150
_ATTRIBUTE = re.compile(r'([A-Z0-9-]+)=("[^"]*"|[^",]*)')


class ListedPart(Struct):
    uri: str
    duration: float
    independent: bool


class ListedSegment(Struct):
    """``starts_at``: seconds since the epoch. ``uri`` None: it is being made."""

    number: int
    starts_at: float
    parts: list[ListedPart]
    is_discontinuous: bool = False
    duration: float = 0.0
    uri: str | None = None


class MediaPlaylist:
    """What a media playlist says (RFC 8216, 4)."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tags: dict[str, str] = {}
        self.segments: list[ListedSegment] = []
        self.hint: str | None = None
        self.is_over = False
        assert text.startswith("#EXTM3U\n")
        discontinuous, growing = False, None
        for line in text.splitlines()[1:]:
            name, _, value = line.partition(":")
            if name == "#EXT-X-DISCONTINUITY":
                discontinuous = True
            elif name == "#EXT-X-PROGRAM-DATE-TIME":
                growing = ListedSegment(
                    number=int(self.tags["EXT-X-MEDIA-SEQUENCE"]) + len(self.segments),
                    starts_at=datetime.fromisoformat(value).timestamp(),
                    parts=[],
                    is_discontinuous=discontinuous,
                )
                self.segments.append(growing)
                discontinuous = False
            elif name == "#EXT-X-PART":
                assert growing is not None
                about = attributes(value)
                part = ListedPart(about["URI"], float(about["DURATION"]), about.get("INDEPENDENT") == "YES")
                growing.parts.append(part)
            elif name == "#EXTINF":
                assert growing is not None
                growing.duration = float(value.rstrip(","))
            elif name == "#EXT-X-PRELOAD-HINT":
                self.hint = attributes(value)["URI"]
            elif name == "#EXT-X-ENDLIST":
                self.is_over = True
            elif name.startswith("#"):
                self.tags[name.removeprefix("#")] = value
            else:
                assert growing is not None
                growing.uri = line

    @property
    def whole(self) -> list[ListedSegment]:
        return [each for each in self.segments if each.uri is not None]

    @property
    def end(self) -> float:
        """Until when there is something, in seconds since the epoch."""
        last = self.segments[-1]
        return last.starts_at + (last.duration or sum(each.duration for each in last.parts))


def attributes(text: str) -> dict[str, str]:
    """RFC 8216, 4.2."""
    return {name: value.strip('"') for name, value in _ATTRIBUTE.findall(text)}


class Viewer:
    """Fetches from an origin."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self._client = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PATIENCE_S))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.close()

    async def status(self, name: str) -> int:
        return (await self._answer(name))[0]

    async def get(self, name: str) -> bytes:
        status, data = await self._answer(name)
        assert status == 200, (name, status)
        return data

    async def _answer(self, name: str) -> tuple[int, bytes]:
        """What is answered, once anybody answers: another broadcaster may be on its way."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                try:
                    async with self._client.get(urljoin(self.origin, name)) as answer:
                        return answer.status, await answer.read()
                except aiohttp.ClientConnectionError:
                    await asyncio.sleep(0.1)

    async def index(self) -> str:
        """The name of the media playlist, once there is one."""
        first = await self.playlist()
        await self.until(int(first.tags["EXT-X-MEDIA-SEQUENCE"]))
        return (await self.get("index.m3u8")).decode().splitlines()[-1]

    async def playlist(self, query: str = "") -> MediaPlaylist:
        return MediaPlaylist((await self.get(f"stream.m3u8{query}")).decode())

    async def until(self, number: int, part: int | None = None) -> MediaPlaylist:
        """A playlist that has a segment or part, which the origin waits for; on a busy machine not for long enough."""
        asked = f"stream.m3u8?_HLS_msn={number}" + ("" if part is None else f"&_HLS_part={part}")
        status, data = 503, b""
        while status == 503:
            status, data = await self._answer(asked)
        assert status == 200, (asked, status)
        return MediaPlaylist(data.decode())

    async def whole(self, segments: list[ListedSegment], init: str) -> bytes:
        """The initialization section, and segments after it."""
        return await self.get(init) + b"".join([await self.get(each.uri) for each in segments if each.uri])


def now() -> float:
    return time.time()
