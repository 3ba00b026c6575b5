"""Keeps a recording's manifest on the disk: always whole, whatever becomes of the recorder."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from contracts.recording_manifest import MANIFEST, Manifest

RESERVED = 1024 * 1024
"""Octets that a recording keeps for its own end: a disk that is full has room for its manifest, and its files' ends."""
_RESERVE = "reserve"


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Holds the folder for this process alone, as soon as no other one does. Ends with the process, however it ends."""
    with (folder / "held").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def write(manifest: Manifest, folder: Path) -> None:
    """Puts the manifest in the place of the one before. Raises `OSError`."""
    put(msgspec.json.format(msgspec.json.encode(manifest)), folder)


def put(data: bytes, folder: Path) -> None:
    """The same for one that is encoded. Raises `OSError`."""
    beside = folder / f"{MANIFEST}.new"
    with beside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(folder / MANIFEST)


def read(folder: Path) -> Manifest:
    """The folder's manifest. Raises `OSError`, `msgspec.DecodeError`."""
    return msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)


def reserve(folder: Path) -> None:
    """Takes the room that the recording's end needs. Raises `OSError`: there is none, so nothing begins."""
    with (folder / _RESERVE).open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, RESERVED)


def spend(folder: Path) -> None:
    """Gives that room to the end. Doing it again is fine."""
    (folder / _RESERVE).unlink(missing_ok=True)
