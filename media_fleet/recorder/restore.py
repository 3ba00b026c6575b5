"""Puts a part whose node is lost together from its pieces: ``python -m media_fleet.recorder.restore`` with the words
``ROOT FOLDER BUCKET SILENT_S MIN_FREE_BYTES [ENDPOINT]``.

Afterwards FOLDER is as the lost recorder has left it, and is brought to the bucket as any other
(`media_fleet.recorder.upload`). Nothing is done about a part of which a piece has come in the last SILENT_S seconds:
somebody makes it.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError
from msgspec import DecodeError

from contracts.recording_manifest import PartEnd
from media_fleet.recorder import manifest, pieces
from media_fleet.recorder.bucket import RecordingsBucket
from media_fleet.recorder.ending import settle
from media_fleet.recorder.upload import NICENESS

RESTORED, NOT_YET, FAILED = 0, 3, 1
RESTORING = ".restoring"
"""The folder below ROOT of what is not whole yet: no recording's folder is there."""


def restore(bucket: RecordingsBucket, root: Path, folder: Path, *, silent_s: float, min_free_bytes: int) -> bool:
    """Whether ``folder`` is there now; otherwise there is nothing of it in the bucket, or it is being made.

    Raises:
        BotoCoreError, ClientError: the bucket is away.
        OSError: it cannot be written, or there is no room for it beside ``min_free_bytes``.
        PieceError, DecodeError: what is in the bucket cannot be read.
    """
    prefix, part = f"{folder.parent.relative_to(root).as_posix()}/", folder.name
    found = bucket.pieces(prefix, part)
    if not found or min(age for _, _, age in found) < silent_s:
        return False
    if shutil.disk_usage(root).free < 2 * sum(size for _, size, _ in found) + min_free_bytes:
        raise OSError(f"there is no room for {folder.name}")
    beside = root / RESTORING / part
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    told = b""
    for name, _, _ in found:
        told = pieces.lay(bucket.piece(prefix, part, name), beside)
    manifest.put(told, beside)
    settle(beside, PartEnd.NODE_LOST)
    (beside / pieces.RESCUED).touch()
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside.rename(folder)  # as a whole: it says already whose it is
    return True


def main(words: list[str]) -> int:
    """The exit status: 0, 3 where there is nothing to be done yet, 1 where it did not succeed."""
    root, folder, name, silent_s, min_free_bytes, *endpoint = words
    os.nice(NICENESS)
    os.umask(0o077)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    bucket = RecordingsBucket(name, endpoint[0] if endpoint else None)
    try:
        is_there = restore(
            bucket, Path(root), Path(folder), silent_s=float(silent_s), min_free_bytes=int(min_free_bytes)
        )
    except (BotoCoreError, ClientError, OSError, pieces.PieceError, DecodeError) as error:
        sys.stderr.write(f"{error}\n")
        return FAILED
    return RESTORED if is_there else NOT_YET


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
