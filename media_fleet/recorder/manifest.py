"""Keeps a recording's manifest on the disk: always whole, whatever becomes of the recorder."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from contracts.recording_manifest import MANIFEST, Manifest


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
