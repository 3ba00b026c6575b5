"""The playlists of a broadcast (RFC 8216, and draft-pantos-hls-rfc8216bis for low latency). Pure.

A segment is some parts that follow each other, beginning with a key frame. Parts are listed as soon as they are there;
what is older than a few segments is listed by segments alone.
"""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime

from msgspec import Struct

VERSION = 6
"""Of the protocol: what ``EXT-X-MAP`` needs (RFC 8216, 7)."""
SEGMENTS = 30
"""In a playlist: a viewer can go back so many."""
WITH_PARTS = 4
"""Segments whose parts are listed: parts are not to be older than three target durations (rfc8216bis, 6.2.2)."""
HOLD_BACK_PARTS = 3
"""How far from the end players begin, in parts: what is recommended at the least (rfc8216bis, 4.4.3.8)."""
AHEAD, AHEAD_OF_PARTS = 2, 1
"""A segment so far beyond the last one cannot be waited for, and no part of one (rfc8216bis, 6.2.5.2)."""
SOON = 3
"""Parts of the segment that grows that are waited for by name, the announced one being the first of them."""
SOON_OF_NEXT = 2
"""Parts of the one after it that are: whoever asks a little early is not told that there is no such thing."""
INDEX, STREAM = "index.m3u8", "stream.m3u8"

DISCONTINUITIES = 1 << 16
"""What the numbers of discontinuities are counted up to, a day and a half of segments: hls.js (1.7) looks through all
numbers from 0 on, and stands still for minutes where they are as great as those of segments."""


class Part(Struct, frozen=True):
    """``duration``: seconds."""

    duration: float
    independent: bool
    """Whether it begins with a key frame."""


class Segment(Struct):
    """What is listed of a segment."""

    number: int
    """Its media sequence number."""
    starts_at: int
    """Milliseconds since the epoch."""
    parts: list[Part]
    is_whole: bool = False

    @property
    def duration(self) -> float:
        """Seconds."""
        return sum(each.duration for each in self.parts)


class Names(Struct, frozen=True):
    """What files are called: those of no two broadcasters alike, so that caches may keep them for good."""

    run: str

    @property
    def init(self) -> str:
        """The initialization section."""
        return f"init_{self.run}.mp4"

    def segment(self, number: int) -> str:
        """A whole segment."""
        return f"seg_{self.run}_{number}.m4s"

    def part(self, number: int, index: int) -> str:
        """A part of a segment."""
        return f"part_{self.run}_{number}_{index}.m4s"


class Window:
    """The segments that a media playlist lists, the last of which grows."""

    def __init__(
        self, names: Names, *, first: int, segment_s: float, part_s: float, is_continuation: bool = False
    ) -> None:
        """``first``: the media sequence number at which it begins; ``part_s``: what no part is longer than.

        ``is_continuation``: another broadcaster came before, whose stream this one does not follow without a break.
        """
        self._names = names
        self._first = first
        self._segment_s = segment_s
        self._part_s = part_s
        self._is_continuation = is_continuation
        self._segments: deque[Segment] = deque()
        self._next = first
        self.is_over = False

    # ---- what comes ----

    def add(self, part: Part, *, at: int) -> tuple[int, int]:
        """A part is there, which begins a segment if none is being made. ``at``: when it begins, ms since the epoch.

        Returns:
            The number of its segment, and its own within that.
        """
        if not self._segments or self._segments[-1].is_whole:
            self._segments.append(Segment(number=self._next, starts_at=at, parts=[]))
            self._next += 1
        growing = self._segments[-1]
        growing.parts.append(part)
        return growing.number, len(growing.parts) - 1

    def end_segment(self) -> list[Segment]:
        """The segment that grows is whole. Those that are not listed any more."""
        if not self._segments or self._segments[-1].is_whole:
            return []
        self._segments[-1].is_whole = True
        return [self._segments.popleft() for _ in range(len(self._segments) - SEGMENTS)]

    def end(self) -> None:
        """Nothing follows any more."""
        self.end_segment()
        self.is_over = True

    # ---- what there is ----

    @property
    def has_segment(self) -> bool:
        """Whether there is anything that every player can begin with."""
        return any(each.is_whole for each in self._segments)

    def has(self, number: int, part: int | None) -> bool:
        """Whether the playlist has come to a segment or, unless ``part`` is None, a part of it (rfc8216bis, 6.2.5.2).

        A part beyond the last one of a whole segment is the first one of the next.
        """
        growing, parts = self._growing
        if number < growing - 1 or self.is_over:
            return True
        if number == growing - 1:
            before = [each for each in self._segments if each.number == number]
            return part is None or parts > 0 or all(part < len(each.parts) for each in before)
        return number == growing and part is not None and part < parts

    @property
    def hinted(self) -> str:
        """The part that comes next."""
        return self._names.part(*self._growing)

    @property
    def soon(self) -> frozenset[str]:
        """The parts that can be waited for by name, some of which may turn out not to be made."""
        number, parts = self._growing
        growing = (self._names.part(number, parts + index) for index in range(SOON))
        following = (self._names.part(number + 1, index) for index in range(SOON_OF_NEXT))
        return frozenset((*growing, *following))

    @property
    def _growing(self) -> tuple[int, int]:
        """The number of the segment that is being made, or is next, and how many parts of it there are."""
        if self._segments and not self._segments[-1].is_whole:
            return self._segments[-1].number, len(self._segments[-1].parts)
        return self._next, 0

    def may_come(self, number: int, part: int | None) -> bool:
        """Whether it makes sense to wait for a segment, or unless ``part`` is None for a part of it."""
        return self.is_over or number < self._next + (AHEAD if part is None else AHEAD_OF_PARTS)

    def text(self) -> str:
        """The media playlist."""
        lines = [
            "#EXTM3U",
            f"#EXT-X-VERSION:{VERSION}",
            f"#EXT-X-TARGETDURATION:{round(self._segment_s)}",
            "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,"
            f"PART-HOLD-BACK={_seconds(HOLD_BACK_PARTS * self._part_s)},HOLD-BACK={_seconds(3 * self._segment_s)}",
            f"#EXT-X-PART-INF:PART-TARGET={_seconds(self._part_s)}",
            f"#EXT-X-MEDIA-SEQUENCE:{self._segments[0].number if self._segments else self._first}",
            f"#EXT-X-DISCONTINUITY-SEQUENCE:{self._discontinuities}",
            f'#EXT-X-MAP:URI="{self._names.init}"',
        ]
        for index, segment in enumerate(self._segments):
            lines += self._lines(segment, with_parts=index >= len(self._segments) - WITH_PARTS)
        if self.is_over:
            lines.append("#EXT-X-ENDLIST")
        else:
            lines.append(f'#EXT-X-PRELOAD-HINT:TYPE=PART,URI="{self.hinted}"')
        return "\n".join(lines) + "\n"

    @property
    def _begins_anew(self) -> bool:
        """Whether the first segment of a continuation is still listed."""
        listed = not self._segments or self._segments[0].number == self._first
        return self._is_continuation and listed

    @property
    def _discontinuities(self) -> int:
        # Numbers that grow from one broadcaster to the next, without any of them having to know of the others.
        return (self._first - (1 if self._begins_anew else 0)) % DISCONTINUITIES

    def _lines(self, segment: Segment, *, with_parts: bool) -> list[str]:
        lines = []
        if segment.number == self._first and self._is_continuation:
            lines.append("#EXT-X-DISCONTINUITY")
        lines.append(f"#EXT-X-PROGRAM-DATE-TIME:{_date(segment.starts_at)}")
        if with_parts:
            for index, part in enumerate(segment.parts):
                independent = ",INDEPENDENT=YES" if part.independent else ""
                uri = self._names.part(segment.number, index)
                lines.append(f'#EXT-X-PART:DURATION={_seconds(part.duration)},URI="{uri}"{independent}')
        if segment.is_whole:
            lines += [f"#EXTINF:{_seconds(segment.duration)},", self._names.segment(segment.number)]
        return lines


def multivariant(*, codecs: str, width: int, height: int, frame_rate: int, bits: int) -> str:
    """The playlist that names the one with the media. ``bits``: a second, what it never exceeds for long."""
    return (
        "#EXTM3U\n"
        f"#EXT-X-VERSION:{VERSION}\n"
        "#EXT-X-INDEPENDENT-SEGMENTS\n"
        f'#EXT-X-STREAM-INF:BANDWIDTH={bits},CODECS="{codecs}",RESOLUTION={width}x{height},'
        f"FRAME-RATE={frame_rate:.3f},CLOSED-CAPTIONS=NONE\n"
        f"{STREAM}\n"
    )


def _seconds(seconds: float) -> str:
    return f"{seconds:.5f}"


def _date(at: int) -> str:
    return datetime.fromtimestamp(at // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{at % 1000:03d}Z"
