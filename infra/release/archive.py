"""A gzipped tar of a folder that depends on names and contents alone: the same input has the same hash."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from pathlib import Path
from typing import Final

EPOCH: Final = 315_532_800
"""1980-01-01, the earliest that zip files know, too."""


def files_of(folder: Path) -> list[Path]:
    """All files below a folder, by name."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


def manifest(folder: Path) -> str:
    """One line for each file: its SHA-256 and its name (as ``sha256sum`` checks it)."""
    return "".join(
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder).as_posix()}\n"
        for path in files_of(folder)
        if path.name != "MANIFEST" or path.parent != folder
    )


def write_archive(folder: Path, target: Path) -> str:
    """Writes ``target`` with a ``MANIFEST`` of what is in it, and answers its SHA-256.

    Owners are root's, times are `EPOCH`, and modes say only whether a file may be executed.
    """
    (folder / "MANIFEST").write_text(manifest(folder))
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path in files_of(folder):
            entry = tarfile.TarInfo(path.relative_to(folder).as_posix())
            data = path.read_bytes()
            entry.size, entry.mtime = len(data), EPOCH
            entry.mode = 0o755 if path.stat().st_mode & 0o100 else 0o644
            archive.addfile(entry, io.BytesIO(data))
    packed = gzip.compress(content.getvalue(), mtime=0)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(packed)
    return hashlib.sha256(packed).hexdigest()
