"""Brings what is being recorded to the bucket while it grows: ``python -m media_fleet.recorder.courier`` with the words
``ROOT BUCKET PIECE_S LOOK_S [ENDPOINT]``. One process for all recordings of a node; it ends with its input.

Every PIECE_S seconds each part under ROOT that is being made gets another piece, so that a machine that is lost takes
along no more than that. Every LOOK_S seconds it is told which parts have pieces in the bucket: those of nodes that are
lost wait for somebody who finishes them (`media_fleet.adapters.rescue`).
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError
from msgspec import DecodeError

from media_fleet.recorder import manifest, pieces
from media_fleet.recorder.bucket import RecordingsBucket
from media_fleet.recorder.protocol import Brought, FromCourier, Unfinished, encoder
from media_fleet.recorder.upload import waiting

NICENESS = 10
AT_ONCE = 4
"""Parts whose pieces are on their way at once."""


class Courier:
    """Brings pieces of all that is being made under a folder."""

    def __init__(self, bucket: RecordingsBucket, root: Path) -> None:
        self._bucket = bucket
        self._root = root
        self._known: dict[Path, pieces.Progress] = {}
        self._pool = ThreadPoolExecutor(AT_ONCE)

    def bring_all(self) -> Brought:
        """Another piece of each part, or several where much has waited. What could not be brought waits."""
        folders = waiting(self._root)
        self._known = {folder: known for folder, known in self._known.items() if folder in folders}
        told = list(self._pool.map(self._bring, folders))
        return Brought(
            pieces=sum(each.pieces for each in told),
            failures=sum(each.failures for each in told),
            behind=sum(each.behind for each in told),
            reason=next((each.reason for each in told if each.reason), None),
        )

    def _bring(self, folder: Path) -> Brought:
        count = 0
        try:
            with pieces.bringing(folder, wait=False) as is_held:
                while is_held and (size := self._bring_piece(folder)) is not None:
                    count += 1
                    if size < pieces.MAX_PIECE:
                        break
        except FileNotFoundError:  # it has been brought whole meanwhile, and is gone
            return Brought(pieces=count)
        except (BotoCoreError, ClientError, OSError, DecodeError) as error:
            return Brought(pieces=count, failures=1, behind=self._behind(folder), reason=str(error))
        return Brought(pieces=count)

    def _bring_piece(self, folder: Path) -> int | None:
        """How many octets of files were new; None: nothing is, or comes any more."""
        noted = pieces.progress(folder)
        if manifest.read(folder).end is not None or (noted is not None and noted.is_over):
            return None  # its files are about to be brought
        prefix, part = f"{folder.parent.relative_to(self._root).as_posix()}/", folder.name
        brought = self._known.get(folder) or noted or self._found(prefix, part)
        following = pieces.next_piece(folder, brought)
        if following is None:
            return None
        piece, after = following
        self._bucket.put_piece(prefix, part, brought.pieces, pieces.encoder.encode(piece))
        self._known[folder] = after
        pieces.keep(folder, after)
        return sum(len(each.data) for each in piece.slices)

    def _found(self, prefix: str, part: str) -> pieces.Progress:
        """What nobody has noted: it goes on after the last piece, with everything once more."""
        names = [name for name, _, _ in self._bucket.pieces(prefix, part)]
        return pieces.Progress(pieces=int(names[-1]) + 1 if names else 0)

    def _behind(self, folder: Path) -> int:
        try:
            return pieces.behind(folder, self._known.get(folder) or pieces.progress(folder) or pieces.Progress())
        except OSError:
            return 0


def _say(message: FromCourier) -> None:
    os.write(sys.stdout.fileno(), encoder.encode(message) + b"\n")


def _look(bucket: RecordingsBucket) -> None:
    try:
        folders = bucket.unfinished()
    except (BotoCoreError, ClientError) as error:
        _say(Brought(failures=1, reason=str(error)))
    else:
        _say(Unfinished(folders=tuple(folders)))


def main(words: list[str]) -> int:
    """The exit status: 0 once the input has ended."""
    root, name, piece_s, look_s, *endpoint = words
    os.nice(NICENESS)
    os.umask(0o077)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # the node's affair, which closes the input
    bucket = RecordingsBucket(name, endpoint[0] if endpoint else None)
    courier = Courier(bucket, Path(root))
    looks_at = time.monotonic()
    while True:
        begun = time.monotonic()
        try:
            _say(courier.bring_all())
            if begun >= looks_at:
                looks_at = begun + float(look_s)
                _look(bucket)
        except BrokenPipeError:
            return 0
        left = float(piece_s) - (time.monotonic() - begun)
        readable, _, _ = select.select([sys.stdin], [], [], max(0.0, left))
        if readable:
            return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
