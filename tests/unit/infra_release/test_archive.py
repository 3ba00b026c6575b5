"""A release depends on what is in it, and on nothing else."""

from __future__ import annotations

import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from infra.release.archive import EPOCH, write_archive


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "made"
    (made / "b").mkdir(parents=True)
    (made / "b" / "run.sh").write_text("#!/bin/sh\n")
    (made / "b" / "run.sh").chmod(0o700)
    (made / "a.txt").write_text("one")
    return made


def test_the_same_input_has_the_same_hash(folder: Path, tmp_path: Path) -> None:
    first = write_archive(folder, tmp_path / "first.tar.gz")
    os.utime(folder / "a.txt", (1, 1))
    (folder / "a.txt").chmod(0o600)
    assert write_archive(folder, tmp_path / "second.tar.gz") == first
    (folder / "a.txt").write_text("two")
    assert write_archive(folder, tmp_path / "third.tar.gz") != first


def test_names_are_sorted_and_say_nothing_of_who_built_it(folder: Path, tmp_path: Path) -> None:
    write_archive(folder, tmp_path / "made.tar.gz")
    with tarfile.open(tmp_path / "made.tar.gz") as archive:
        entries = archive.getmembers()
    assert [entry.name for entry in entries] == ["MANIFEST", "a.txt", "b/run.sh"]
    assert {(entry.mtime, entry.uid, entry.uname) for entry in entries} == {(EPOCH, 0, "")}
    assert [oct(entry.mode) for entry in entries] == ["0o644", "0o644", "0o755"]


def test_the_manifest_is_what_sha256sum_checks(folder: Path, tmp_path: Path) -> None:
    write_archive(folder, tmp_path / "made.tar.gz")
    out = tmp_path / "out"
    with tarfile.open(tmp_path / "made.tar.gz") as archive:
        archive.extractall(out, filter="data")
    done = subprocess.run(["sha256sum", "--check", "--quiet", "MANIFEST"], cwd=out, check=False)
    assert done.returncode == 0
