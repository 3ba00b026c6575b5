"""What a recording consists of: ``manifest.json`` beside its files, always whole, whatever becomes of the recorder."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from msgspec import Struct

from contracts.rooms import MeetingId, ParticipantId, TrackId, TrackSource

MANIFEST = "manifest.json"


class Span(Struct, frozen=True, kw_only=True):
    """A stretch of the recording, milliseconds since it began. ``until_ms`` None: to the file's end."""

    from_ms: int
    until_ms: int | None = None


class RecordedFile(Struct, frozen=True, kw_only=True):
    """One track, from when it was first seen or heard, as it was sent: nothing was decoded."""

    name: str
    track_id: TrackId
    participant_id: ParticipantId
    source: TrackSource
    codec: str
    start_ms: int
    """When the file's time 0 is, on the clock that all files of this manifest share."""
    duration_ms: int
    """From the first picture or packet to the last one."""
    frames: int
    """Pictures, or packets of sound."""
    packets_lost: int
    publisher_clock_ms: int | None
    """What the publisher's clock said at the file's time 0 (milliseconds since the epoch, from its sender reports, RFC
    3550, 6.4.1): files of one participant go together by it, to the millisecond. None: it has not told."""
    muted: tuple[Span, ...]


class Manifest(Struct, frozen=True, kw_only=True):
    """A recording, or the part of it that one node made."""

    version: int = 1
    meeting_id: MeetingId
    recording_id: str
    started_at: int
    """When the shared clock was 0, milliseconds since the epoch."""
    ended_at: int | None
    """None: it is being made, or its recorder was lost."""
    files: tuple[RecordedFile, ...]


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Holds the folder for this process alone, as soon as no other one does. Ends with the process, however it ends."""
    with (folder / "held").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def write(manifest: Manifest, folder: Path) -> None:
    """Puts the manifest in the place of the one before. Raises `OSError`."""
    beside = folder / f"{MANIFEST}.new"
    with beside.open("wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(manifest)))
        file.flush()
        os.fsync(file.fileno())
    beside.replace(folder / MANIFEST)


def read(folder: Path) -> Manifest:
    """The folder's manifest. Raises `OSError`, `msgspec.DecodeError`."""
    return msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
