"""Pieces of a recording's part while it is made: what its files have grown by since the last one, of all files at once.

Laid one after the other they are the folder as it was when the last one was taken. Files of media only grow, but for
the first octets, in which it is noted when a file is completed; posters are replaced whole.
"""

from __future__ import annotations

import fcntl
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from msgspec import Struct

from contracts.recording_manifest import CONTENT_TYPES, MANIFEST

MAX_PIECE = 16 * 1024 * 1024
"""Octets of files in one piece: what has grown by more, since the bucket was away, takes several."""
HEAD = 4_096
"""Octets at a file's beginning that may change later."""
_REPLACED = frozenset({".jpg"})
_STATE = "pieces"
"""The file that says what has been brought, and which whoever brings anything holds."""
RESCUED = "rescued"
"""A file in a folder that was put together from pieces, and so may be less than what its own node has."""


class Slice(Struct, frozen=True, kw_only=True):
    """Some octets of a file, and where in it they lie."""

    name: str
    offset: int
    data: bytes
    whole: bool = False
    """The file is this and no more, whatever it was."""


class Piece(Struct, frozen=True, kw_only=True):
    """What files have grown by, and the manifest that was there before they had."""

    version: int = 1
    manifest: bytes
    slices: tuple[Slice, ...]


class FileBrought(Struct, frozen=True, kw_only=True):
    """How much of a file is in pieces. ``head``: the checksum of its first octets, as they were then."""

    size: int
    head: int


class Progress(Struct, frozen=True, kw_only=True):
    """What of a folder is in pieces. ``pieces``: how many there are; ``manifest``: the checksum of the latest one."""

    pieces: int = 0
    files: dict[str, FileBrought] = {}
    manifest: int | None = None
    is_over: bool = False
    """Nothing follows: its files are put together anew now, and are others than those in the pieces."""


encoder = msgspec.msgpack.Encoder()
_piece: msgspec.msgpack.Decoder[Piece] = msgspec.msgpack.Decoder(Piece)


class PieceError(Exception):
    """A piece that cannot be laid."""


@contextmanager
def bringing(folder: Path, *, wait: bool) -> Iterator[bool]:
    """Holds the right to bring what is in ``folder``: so that no piece comes after the files have. Ends with the
    process, however it ends. Yields whether it is held; with ``wait`` it will be.

    Raises:
        OSError: the folder is gone.
    """
    with (folder / f"{_STATE}.held").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
        else:
            yield True


def progress(folder: Path) -> Progress | None:
    """What was brought, as a process before has left it. None: nobody has, or it cannot be read."""
    try:
        return msgspec.json.decode((folder / _STATE).read_bytes(), type=Progress)
    except (OSError, msgspec.DecodeError):
        return None


def keep(folder: Path, brought: Progress) -> None:
    """For a process to come. Raises `OSError`."""
    beside = folder / f"{_STATE}.new"
    beside.write_bytes(msgspec.json.encode(brought))
    beside.replace(folder / _STATE)


def behind(folder: Path, brought: Progress) -> int:
    """Octets that are in no piece yet. Raises `OSError`."""
    return sum(path.stat().st_size - _size(brought, path.name) for path in _files(folder))


def next_piece(folder: Path, brought: Progress) -> tuple[Piece, Progress] | None:
    """What comes next, and what will have been brought with it. None: nothing is new.

    Raises:
        OSError: it cannot be read; the folder is gone.
    """
    manifest = (folder / MANIFEST).read_bytes()
    left = MAX_PIECE
    slices: list[Slice] = []
    files = dict(brought.files)
    for path in _files(folder):
        grown, files[path.name] = _grown(path, files.get(path.name), left)
        slices += grown
        left -= sum(len(each.data) for each in grown)
        if left <= 0:
            break
    told = zlib.crc32(manifest)
    if not slices and told == brought.manifest:
        return None
    following = Progress(pieces=brought.pieces + 1, files=files, manifest=told)
    return Piece(manifest=manifest, slices=tuple(slices)), following


def _grown(path: Path, known: FileBrought | None, most: int) -> tuple[list[Slice], FileBrought]:
    """What of a file is new, some ``most`` octets of it, and what of it has been brought then."""
    if path.suffix in _REPLACED:
        data = path.read_bytes()
        now = FileBrought(size=len(data), head=zlib.crc32(data))
        return ([] if now == known else [Slice(name=path.name, offset=0, data=data, whole=True)]), now
    slices = []
    start = 0 if known is None else known.size
    with path.open("rb") as file:
        head = file.read(HEAD)
        if known is not None and known.head != zlib.crc32(head):
            slices.append(Slice(name=path.name, offset=0, data=head))
        file.seek(start)
        data = file.read(most)
    if data:
        slices.append(Slice(name=path.name, offset=start, data=data))
    return slices, FileBrought(size=start + len(data), head=zlib.crc32(head))


def lay(data: bytes, folder: Path) -> bytes:
    """Puts a piece where it belongs, over what an earlier one has put there.

    Returns:
        Its manifest, which is not written: a folder that has one is a recording.

    Raises:
        PieceError: it is none, or would write elsewhere.
        OSError: it cannot be written.
    """
    try:
        piece = _piece.decode(data)
    except msgspec.DecodeError as error:
        raise PieceError(f"a piece that cannot be read: {error}") from error
    for each in piece.slices:
        if Path(each.name).name != each.name or Path(each.name).suffix not in CONTENT_TYPES:
            raise PieceError(f"a piece of {each.name!r}")
        descriptor = os.open(folder / each.name, os.O_WRONLY | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            if each.whole:
                file.truncate()
            file.seek(each.offset)
            file.write(each.data)
    return piece.manifest


def _files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.iterdir()) if path.suffix in CONTENT_TYPES and path.name != MANIFEST]


def _size(brought: Progress, name: str) -> int:
    known = brought.files.get(name)
    return 0 if known is None else known.size
