"""What receivers saw of tracks over time, as numbers to hold against limits and as a plot in the artefacts."""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from html import escape
from typing import Any, TypeVar

from msgspec import Struct

from tests.integration.media.impaired_paths.passages import Passage, trace
from tests.integration.media.page_client import PageClient, until_frames_grow
from tests.platform_process import ROOT

logger = logging.getLogger(__name__)

T = TypeVar("T")
INTERVAL_S = 0.5
WINDOWS = 3
ARTEFACTS = ROOT / "artefacts" / "paths"


class Sample(Struct, frozen=True, kw_only=True):
    """Totals since the first packet, and the picture's width now."""

    at_s: float
    frames: float
    width: float
    frozen_s: float
    octets: float


class Seen(Struct, frozen=True, kw_only=True):
    """Between two moments."""

    seconds: float
    frames: float
    frozen_s: float
    bitrate: float
    """Of what arrived, bits a second."""
    narrowest: float
    """Width of the smallest picture."""
    longest_pause_s: float
    """From one sample to the first one with another picture."""

    @property
    def frame_rate(self) -> float:
        return self.frames / self.seconds


class Record:
    """One receiver's samples, in order."""

    def __init__(self) -> None:
        self.samples: list[Sample] = []

    @property
    def last(self) -> Sample:
        return self.samples[-1]

    def _longest_pause_since(self, start: Sample) -> float:
        longest, picture = 0.0, start
        for sample in self.samples:
            if sample.at_s > start.at_s and sample.frames != picture.frames:
                longest, picture = max(longest, sample.at_s - picture.at_s), sample
        return max(longest, self.last.at_s - picture.at_s)

    def since(self, start: Sample) -> Seen:
        """From one sample to the last."""
        seconds = self.last.at_s - start.at_s
        return Seen(
            seconds=seconds,
            frames=self.last.frames - start.frames,
            frozen_s=self.last.frozen_s - start.frozen_s,
            bitrate=8 * (self.last.octets - start.octets) / seconds,
            narrowest=min(sample.width for sample in self.samples if sample.at_s >= start.at_s),
            longest_pause_s=self._longest_pause_since(start),
        )


@asynccontextmanager
async def recorded(name: str, receivers: Mapping[str, tuple[PageClient, str]]) -> AsyncIterator[dict[str, Record]]:
    """Samples what each receiver sees of a track while the block runs.

    Then, even if it failed, draws ``artefacts/paths/NAME.svg``.
    """
    records = {label: Record() for label in receivers}
    started = time.monotonic()

    async def sample() -> None:
        for label, (client, track_id) in receivers.items():
            now = await client.received(track_id)
            if now is not None:
                records[label].samples.append(
                    Sample(
                        at_s=time.monotonic() - started,
                        frames=now["frames"],
                        width=now["width"],
                        frozen_s=now["frozen"],
                        octets=now["octets"],
                    )
                )

    async def follow() -> None:
        while True:
            await sample()
            await asyncio.sleep(INTERVAL_S)

    await sample()
    following = asyncio.create_task(follow())
    try:
        yield records
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        ARTEFACTS.mkdir(parents=True, exist_ok=True)
        (ARTEFACTS / f"{name}.svg").write_text(plot(records))


async def seen_smaller(record: Record, who: PageClient, track_id: str, eventually: Any, *, timeout_s: float) -> Seen:
    """What is seen of a camera when its path has become too narrow for the best layer."""
    await eventually(lambda: 0 < record.last.width < 1280, timeout_s=timeout_s)
    # A queue of old packets, full to the brim, has its time to empty.
    await until_frames_grow(who, track_id, eventually, count=20)
    start = record.last
    await until_frames_grow(who, track_id, eventually, count=60)
    return record.since(start)


async def worse_in_windows(
    records: Mapping[str, Record], until: Callable[[], Awaitable[None]], judge: Callable[[dict[str, Seen]], T]
) -> T:
    """What ``judge`` finds beyond its limits of what was seen until ``until`` returned: nothing, or what it found last.

    Up to three times: a moment of somebody else's work on a shared machine is no fault of a path.
    """
    for _ in range(WINDOWS - 1):
        if not (worse := await _seen_worse(records, until, judge)):
            return worse
    return await _seen_worse(records, until, judge)


async def _seen_worse(
    records: Mapping[str, Record], until: Callable[[], Awaitable[None]], judge: Callable[[dict[str, Seen]], T]
) -> T:
    starts = {label: record.last for label, record in records.items()}
    await until()
    seen = {label: record.since(starts[label]) for label, record in records.items()}
    logger.info("%s", seen)
    return judge(seen)


def keep_trace(name: str, passages: list[Passage]) -> None:
    """Writes ``artefacts/paths/NAME.trace``: what was on its way to one receiver."""
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    (ARTEFACTS / f"{name}.trace").write_text(trace(passages))


# ---- the plot: a row for each receiver, a column for each quantity ----

_CHART_WIDTH, _CHART_HEIGHT, _LABEL, _GAP = 260, 70, 130, 46
_COLUMNS = ("frames a second", "kbit/s", "width of the picture", "seconds frozen")


def plot(records: Mapping[str, Record]) -> str:
    """An SVG."""
    width = _LABEL + len(_COLUMNS) * (_CHART_WIDTH + _GAP)
    height = 30 + len(records) * (_CHART_HEIGHT + _GAP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"',
        ' font-family="sans-serif" font-size="11">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
    ]
    parts += [
        f'<text x="{_LABEL + column * (_CHART_WIDTH + _GAP)}" y="16">{escape(name)}</text>'
        for column, name in enumerate(_COLUMNS)
    ]
    for row, (label, record) in enumerate(records.items()):
        top = 30 + row * (_CHART_HEIGHT + _GAP)
        parts.append(f'<text x="6" y="{top + 14}">{escape(label)}</text>')
        for column, points in enumerate(_series(record.samples)):
            parts += _chart(points, left=_LABEL + column * (_CHART_WIDTH + _GAP), top=top)
    return "\n".join([*parts, "</svg>"])


def _series(samples: list[Sample]) -> list[list[tuple[float, float]]]:
    pairs = list(itertools.pairwise(samples))
    return [
        [(b.at_s, (b.frames - a.frames) / (b.at_s - a.at_s)) for a, b in pairs],
        [(b.at_s, 8 * (b.octets - a.octets) / (b.at_s - a.at_s) / 1000) for a, b in pairs],
        [(sample.at_s, sample.width) for sample in samples],
        [(sample.at_s, sample.frozen_s - samples[0].frozen_s) for sample in samples],
    ]


def _chart(points: list[tuple[float, float]], *, left: int, top: int) -> list[str]:
    end = max((at for at, _ in points), default=1.0) or 1.0
    highest = max((value for _, value in points), default=1.0) or 1.0
    line = " ".join(
        f"{left + at / end * _CHART_WIDTH:.1f},{top + _CHART_HEIGHT * (1 - value / highest):.1f}"
        for at, value in points
    )
    bottom = top + _CHART_HEIGHT
    return [
        f'<path d="M{left} {top}V{bottom}H{left + _CHART_WIDTH}" fill="none" stroke="#999"/>',
        f'<polyline points="{line}" fill="none" stroke="#1452b8" stroke-width="1.5"/>',
        f'<text x="{left + 3}" y="{top + 9}" fill="#555">{highest:.0f}</text>',
        f'<text x="{left + _CHART_WIDTH}" y="{bottom + 12}" text-anchor="end" fill="#555">{end:.0f} s</text>',
    ]
