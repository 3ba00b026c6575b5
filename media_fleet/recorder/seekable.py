"""Files of MP4 that grew in fragments, put together anew without encoding once they are finished: with its index in
front, players find every place of a file before they have it all, and with chapters those of who speaks when.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import msgspec
from av.container import InputContainer

from contracts.recording_manifest import Chapter
from media_fleet.recorder import manifest

if TYPE_CHECKING:
    from av.container.core import Chapter as ChapterMark

GROWING = ".growing"
"""Stands before the ending of a file's name until it has been put together anew."""
_WEBM = ".webm"
_LOOK_EVERY = 100
"""Packets that are copied until it is looked again whether there is room for the others."""
NOBODY = "\u2013"
"""The title of a chapter in which nobody speaks, or nobody whose name is known."""


def growing(name: str) -> str:
    """What a file is called while it grows."""
    path = Path(name)
    return f"{path.stem}{GROWING}{path.suffix}"


def make_seekable(folder: Path, min_free_bytes: int = 0, *, cut_off: bool = False) -> None:
    """Puts each file that grew in ``folder`` together anew, under its name. Doing it again is fine.

    With ``cut_off`` also those of tracks, whose recorder would have noted their length and index at their end.
    One for which there is no room beside ``min_free_bytes``, which stay free on the disk for those who record, or that
    was cut off before anything was whole, gets its name as it is; of a film, with its whole fragments.
    """
    paths = set(folder.glob(f"*{GROWING}.*"))
    if cut_off:
        paths |= {path for path in folder.iterdir() if path.suffix == _WEBM}
    for path in sorted(paths):
        whole = path.with_name(path.name.replace(GROWING, "", 1))
        beside = path.with_name(f"{whole.name}.new")
        try:
            _copy(path, beside, _chapters(folder, whole.name), min_free_bytes)
        except (av.FFmpegError, OSError):
            beside.unlink(missing_ok=True)
            if path.suffix != _WEBM:
                _keep_whole_fragments(path)
            path.replace(whole)
        else:
            beside.replace(whole)
            if path != whole:
                path.unlink()


def _chapters(folder: Path, name: str) -> tuple[Chapter, ...]:
    """Those of a film, as far as its manifest can be read."""
    try:
        films = manifest.read(folder).composites
    except (OSError, msgspec.DecodeError):
        return ()
    return next((film.chapters for film in films if film.name == name), ())


def _copy(path: Path, to: Path, chapters: Sequence[Chapter], min_free_bytes: int) -> None:
    left = path.stat().st_size
    kind = "webm" if path.suffix == _WEBM else "mp4"
    options = {"movflags": "+faststart"} if kind == "mp4" else {}
    with (
        av.open(str(path), "r") as source,
        av.open(str(to), "w", format=kind, options=options) as copy,
    ):
        copy.set_chapters(_marks(chapters, (source.duration or 0) * 1000 // av.time_base))
        streams = {stream.index: copy.add_stream_from_template(stream) for stream in source.streams}
        for number, packet in enumerate(whole_packets(source)):
            if number % _LOOK_EVERY == 0:
                _require_room(to.parent, left + min_free_bytes)
            left -= packet.size
            packet.stream = streams[packet.stream.index]
            copy.mux(packet)


def _keep_whole_fragments(path: Path) -> None:
    """Takes away what was begun when a film was cut off (boxes of ISO/IEC 14496-12, 4.2): players end at it with an
    error. A fragment's index (``moof``) is nothing without what it is for (``mdat``)."""
    size, at, whole = path.stat().st_size, 0, 0
    with path.open("r+b") as file:
        while at < size:
            file.seek(at)
            header = file.read(16)
            length = int.from_bytes(header[:4])
            if length == 1:
                length = int.from_bytes(header[8:])
            at += length
            if length < 8 or at > size:
                break
            whole = whole if header[4:8] == b"moof" else at
        if whole:
            file.truncate(whole)


def _marks(chapters: Sequence[Chapter], duration_ms: int) -> list[ChapterMark]:
    """Chapters as players of files know them; those that begin before the end."""
    begun = [each for each in chapters if each.start_ms < duration_ms]
    ends = [*(each.start_ms for each in begun), duration_ms][1:]
    return [
        {
            "id": number,
            "start": each.start_ms,
            "end": end,
            "time_base": Fraction(1, 1000),
            "metadata": {"title": ", ".join(filter(None, each.names)) or NOBODY},
        }
        for number, (each, end) in enumerate(zip(begun, ends, strict=True), 1)
    ]


def _require_room(folder: Path, size: int) -> None:
    """Looked at again and again: others write, too, and two that each find room at first may have none together."""
    if shutil.disk_usage(folder).free < size:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def whole_packets(source: InputContainer) -> Iterator[av.Packet[Any]]:
    """Those up to where it was cut off; the last one may have been, too."""
    packets = source.demux()
    while True:
        try:
            packet = next(packets)
        except (StopIteration, av.InvalidDataError):
            return
        if packet.is_corrupt:
            return
        if packet.dts is not None:
            yield packet
