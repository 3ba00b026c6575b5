"""Brings a finished part of a recording to the bucket: ``python -m media_fleet.recorder.upload`` with the words
``ROOT FOLDER BUCKET MIN_FREE_BYTES [ENDPOINT]``.

A process of its own, since it may take long. It is tried for a minute; the node has it tried again. The names of the
objects are the files' paths below ROOT. The manifest goes last: where it is, everything is. Only then are the pieces
removed that were brought while it was made (`media_fleet.recorder.courier`), and the folder. What no piece has yet is
brought first: where this takes long and the node is lost, another one has all of it.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

import msgspec
from botocore.exceptions import BotoCoreError, ClientError
from msgspec.structs import replace

from contracts.recording_manifest import CONTENT_TYPES, MANIFEST
from media_fleet.recorder import manifest, pieces
from media_fleet.recorder.bucket import RecordingsBucket
from media_fleet.recorder.ending import settle
from media_fleet.recorder.seekable import make_seekable

NICENESS = 10
"""Packets come first, and recorders second: nobody waits for a film to be put together anew."""
PAUSES_S = (1.0, 2.0, 5.0, 10.0, 30.0)
"""Between tries."""


def upload(bucket: RecordingsBucket, root: Path, folder: Path, *, min_free_bytes: int) -> None:
    """Puts every file of ``folder`` into the bucket, those that grew put together anew, and removes the folder.

    What was put together from pieces, of a node that was lost, never replaces what that node has brought all the same.
    ``min_free_bytes``: see `make_seekable`.

    Raises:
        BotoCoreError, ClientError: not all are there. Doing it again is fine.
        OSError, msgspec.DecodeError: a file cannot be read.
    """
    manifest.spend(folder)
    prefix = f"{folder.parent.relative_to(root).as_posix()}/"
    _bring_rest(bucket, prefix, folder)
    make_seekable(folder, min_free_bytes, cut_off=manifest.read(folder).ended_at is None)
    settle(folder)
    is_rescued = (folder / pieces.RESCUED).exists()
    # A node that is taken for lost may be bringing the part itself. What neither goes on with, the bucket's rule ends.
    if not is_rescued:
        with suppress(ClientError):  # who may not look for them has that rule
            bucket.abort_uploads(f"{prefix}{folder.name}/")
    files = [path for path in sorted(folder.iterdir()) if path.suffix in CONTENT_TYPES]
    for path in sorted(files, key=lambda each: each.name == MANIFEST):
        bucket.put_file(path, f"{prefix}{folder.name}/{path.name}", only_new=is_rescued)
    with suppress(ClientError):  # the same: the part is there, and they are of no use
        bucket.delete_pieces(prefix, folder.name)
    shutil.rmtree(folder)


def _bring_rest(bucket: RecordingsBucket, prefix: str, folder: Path) -> None:
    """The last piece of a folder that is brought in pieces. Where much has waited, its files are there as soon."""
    brought = pieces.progress(folder)
    if brought is None or brought.is_over:
        return
    following = pieces.next_piece(folder, brought)
    if following is not None and pieces.behind(folder, brought) <= pieces.MAX_PIECE:
        piece, after = following
        bucket.put_piece(prefix, folder.name, brought.pieces, pieces.encoder.encode(piece))
        brought = after
    pieces.keep(folder, replace(brought, is_over=True))


def waiting(root: Path) -> list[Path]:
    """The folders under ``root`` that hold a recording."""
    return sorted(path.parent for path in root.glob(f"*/*/*/{MANIFEST}"))


def main(words: list[str]) -> int:
    """The exit status: 0 once everything is in the bucket, 1 if it has not succeeded."""
    root, folder, name, min_free_bytes, *endpoint = words
    os.nice(NICENESS)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # the node's affair, which ends this process if it must
    bucket = RecordingsBucket(name, endpoint[0] if endpoint else None)
    with manifest.held(Path(folder)), pieces.bringing(Path(folder), wait=True):
        for pause_s in PAUSES_S:
            if not Path(folder, MANIFEST).exists():
                return 0
            try:
                upload(bucket, Path(root), Path(folder), min_free_bytes=int(min_free_bytes))
            except (BotoCoreError, ClientError, OSError, msgspec.DecodeError) as error:
                sys.stderr.write(f"{error}\n")
                time.sleep(pause_s)
            else:
                return 0
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
