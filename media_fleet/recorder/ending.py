"""The end of a part that its recorder could not end: its manifest says what is in the files, and why no more is."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from msgspec.structs import replace

from contracts.recording_manifest import CompositeFile, Manifest, PartEnd, RecordedFile
from media_fleet.recorder import manifest
from media_fleet.recorder.seekable import growing, whole_packets

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def end_of(error: BaseException) -> PartEnd:
    """What an error that stopped a recorder makes of its part."""
    return PartEnd.DISK_FULL if getattr(error, "errno", None) in _FULL else PartEnd.RECORDER_LOST


def settle(folder: Path, end: PartEnd = PartEnd.RECORDER_LOST) -> Manifest:
    """The folder's manifest, which is written anew if its recorder was cut off: with the files as they are, and with
    ``end`` if the recorder has not told why. Doing it again is fine.

    Raises:
        OSError, msgspec.DecodeError: it cannot be read or written.
    """
    told = manifest.read(folder)
    if told.ended_at is not None:
        return told
    files = (_as_it_is(each, folder) for each in told.files)
    films = (_film_as_it_is(each, folder) for each in told.composites)
    settled = replace(
        told,
        end=told.end or end,
        files=tuple(each for each in files if each is not None),
        composites=tuple(each for each in films if each is not None),
    )
    manifest.write(settled, folder)
    return settled


def _as_it_is(about: RecordedFile, folder: Path) -> RecordedFile | None:
    """None: nothing of it is there."""
    path = _path_of(about, folder)
    if path is None:
        return None
    try:
        with av.open(str(path), "r") as container:
            times = [_milliseconds(packet) for packet in whole_packets(container)]
    except (av.FFmpegError, OSError):
        return None
    if not times:
        return None
    return replace(about, frames=len(times), duration_ms=times[-1])


def _path_of(about: RecordedFile | CompositeFile, folder: Path) -> Path | None:
    paths = (folder / growing(about.name), folder / about.name)
    return next((each for each in paths if each.exists()), None)


def _film_as_it_is(about: CompositeFile, folder: Path) -> CompositeFile | None:
    path = _path_of(about, folder)
    if path is None:
        return None
    try:
        with av.open(str(path), "r") as container:
            frames, last = _film_length(container)
    except (av.FFmpegError, OSError):
        return None
    return replace(about, frames=frames, duration_ms=last) if last else None


def _film_length(container: InputContainer) -> tuple[int, int]:
    """How many pictures there are, and until when its sound goes."""
    frames = last = 0
    for packet in whole_packets(container):
        if packet.stream.type == "video":
            frames += 1
        else:
            last = max(last, _milliseconds(packet) + round(1000 * (packet.duration or 0) * packet.stream.time_base))
    return frames, last


def _milliseconds(packet: av.Packet[Any]) -> int:
    return round(1000 * (packet.pts or 0) * packet.time_base)
