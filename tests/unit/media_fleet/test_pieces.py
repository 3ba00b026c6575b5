"""Pieces of a recording: laid one after the other they are the folder, however it grew."""

from __future__ import annotations

import tempfile
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.recording_manifest import MANIFEST, finished_part, unfinished
from media_fleet.recorder import pieces
from media_fleet.recorder.pieces import HEAD, Piece, PieceError, Progress, Slice, lay, next_piece

NAMES = ("001-ann-camera.webm", "002-ann-microphone.webm", "meeting.growing.mp4")


def taken(folder: Path, brought: Progress) -> tuple[list[bytes], Progress]:
    """All pieces that are due, as they go to the bucket."""
    found = []
    while (following := next_piece(folder, brought)) is not None:
        piece, brought = following
        found.append(pieces.encoder.encode(piece))
    return found, brought


def laid(data: list[bytes], folder: Path) -> dict[str, bytes]:
    manifest = b""
    for each in data:
        manifest = lay(each, folder)
    return {path.name: path.read_bytes() for path in folder.iterdir()} | {MANIFEST: manifest}


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


growth = st.tuples(st.sampled_from(NAMES), st.binary(max_size=3 * HEAD))
step = st.one_of(growth, st.just("piece"), st.tuples(st.just("head"), st.sampled_from(NAMES)), st.just("poster"))


@given(steps=st.lists(step, max_size=30), most=st.integers(1, 2 * HEAD), forgets=st.booleans())
def test_pieces_are_the_folder_however_it_grew(steps: list[object], most: int, *, forgets: bool) -> None:
    with (
        tempfile.TemporaryDirectory() as first,
        tempfile.TemporaryDirectory() as second,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(pieces, "MAX_PIECE", most)
        folder, brought, found = Path(first), Progress(), []
        (folder / MANIFEST).write_bytes(b"0")
        for number, each in enumerate([*steps, "piece"]):
            (folder / MANIFEST).write_text(f"{number}")
            if each == "piece":
                new, brought = taken(folder, brought)
                found += new
                if forgets:  # another courier, which found no state
                    brought = Progress(pieces=brought.pieces)
            elif each == "poster":
                (folder / "poster.jpg").write_bytes(bytes([number]) * (5 * HEAD if number % 2 else 7))
            elif isinstance(each, tuple) and each[0] == "head":
                path = folder / str(each[1])
                if path.exists():
                    with path.open("r+b") as file:  # as a muxer that completes its file
                        file.write(bytes([number]) * min(path.stat().st_size, HEAD))
            elif isinstance(each, tuple):
                with (folder / str(each[0])).open("ab") as file:
                    file.write(each[1])
        assert laid(found, Path(second)).keys() >= {MANIFEST}
        expected = contents(folder)
        got = contents(Path(second))
        assert {name: data for name, data in expected.items() if data and name != MANIFEST} == {
            name: data for name, data in got.items() if data
        }


def test_the_first_piece_says_that_something_is_made_and_no_other_says_nothing(tmp_path: Path) -> None:
    (tmp_path / MANIFEST).write_bytes(b"{}")
    first = next_piece(tmp_path, Progress())
    assert first is not None
    piece, brought = first
    assert (piece.slices, piece.manifest, brought.pieces) == ((), b"{}", 1)
    assert next_piece(tmp_path, brought) is None


def test_what_is_behind_is_counted(tmp_path: Path) -> None:
    (tmp_path / MANIFEST).write_bytes(b"{}")
    (tmp_path / NAMES[0]).write_bytes(b"12345")
    assert pieces.behind(tmp_path, Progress()) == 5
    _, brought = taken(tmp_path, Progress())
    assert pieces.behind(tmp_path, brought) == 0


def test_what_was_brought_is_known_to_the_next_courier(tmp_path: Path) -> None:
    assert pieces.progress(tmp_path) is None
    (tmp_path / MANIFEST).write_bytes(b"{}")
    (tmp_path / NAMES[0]).write_bytes(b"12345")
    _, brought = taken(tmp_path, Progress())
    pieces.keep(tmp_path, brought)
    assert pieces.progress(tmp_path) == brought


@pytest.mark.parametrize("name", ["../001.webm", "/etc/passwd.json", "held", "a/b.webm", ".webm/..", "001.webm.new"])
def test_a_piece_writes_recordings_files_in_its_folder_and_nothing_else(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    piece = Piece(manifest=b"{}", slices=(Slice(name=name, offset=0, data=b"x"),))
    with pytest.raises(PieceError):
        lay(pieces.encoder.encode(piece), folder)
    assert [path.name for path in tmp_path.rglob("*")] == ["in"]


def test_what_is_no_piece_is_refused(tmp_path: Path) -> None:
    for data in (b"", b"\xc1", msgspec.msgpack.encode({"manifest": 1})):
        with pytest.raises(PieceError):
            lay(data, tmp_path)


def test_who_brings_the_files_waits_for_the_piece_and_no_piece_comes_then(tmp_path: Path) -> None:
    with pieces.bringing(tmp_path, wait=True) as first, pieces.bringing(tmp_path, wait=False) as second:
        assert (first, second) == (True, False)
    with pieces.bringing(tmp_path, wait=False) as third:
        assert third


def test_names_of_pieces_tell_what_they_are_of() -> None:
    name = unfinished("meet.2/rec_1/", "17-node.again.composite")
    assert name == "unfinished/meet.2~rec_1~17-node.again.composite/"
    assert name.startswith(unfinished("meet.2/rec_1/"))
    assert not name.startswith(unfinished("meet.2/rec_/"))
    assert finished_part(name) == ("meet.2", "rec_1", "17-node.again.composite")
    for other in (
        "unfinished/",
        "unfinished/a~b/",
        "unfinished/a~~c/",
        "unfinished/..~..~b/",
        "unfinished/a~b~c/d/",
        "x",
    ):
        assert finished_part(other) is None
