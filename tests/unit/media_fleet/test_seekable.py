"""The file of a composite recording, once it is finished: with its index in front, where there is room for that."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from msgspec.structs import replace

from contracts.recording_manifest import MANIFEST, Chapter, Manifest, PartEnd
from contracts.rooms import MeetingId, ParticipantId
from media_fleet.composer.film import Film
from media_fleet.recorder import manifest
from media_fleet.recorder import seekable as module
from media_fleet.recorder.ending import settle
from media_fleet.recorder.protocol import CompositeOrder
from media_fleet.recorder.seekable import growing, make_seekable
from tests.doubles.recorded_files import film

KEPT = 1_000_000


@pytest.fixture
def grown(tmp_path: Path) -> Path:
    """A finished film that has not been put together anew."""
    path = tmp_path / growing("meeting.m4a")
    film = Film(path, CompositeOrder(width=640, height=360, frame_rate=25, threads=1, audio_only=True))
    for _ in range(200):
        film.play(np.zeros((2, 1_024), np.float32))
    film.close()
    return path


def frees(monkeypatch: pytest.MonkeyPatch, *free: int) -> None:
    """What is free on the disk, each time that somebody looks; the last one stays."""
    usage = shutil.disk_usage("/")
    said: Iterator[int] = iter(free)
    monkeypatch.setattr(module, "_LOOK_EVERY", 50)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=next(said, free[-1])))


@pytest.mark.parametrize(
    "free", [(0,), (KEPT,), (KEPT + 10**9, KEPT + 10**9, KEPT)], ids=["none", "as-much-as-stays", "others-write-too"]
)
def test_what_stays_free_for_those_who_record_is_not_taken_for_a_film(
    grown: Path, monkeypatch: pytest.MonkeyPatch, free: tuple[int, ...]
) -> None:
    before = grown.read_bytes()
    frees(monkeypatch, *free)
    make_seekable(grown.parent, KEPT)
    [left] = grown.parent.iterdir()
    assert (left.name, left.read_bytes()) == ("meeting.m4a", before), "it goes as it is"


def test_room_for_the_film_beside_what_stays_free_is_enough(grown: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = grown.read_bytes()
    frees(monkeypatch, KEPT + len(before))
    make_seekable(grown.parent, KEPT)
    [left] = grown.parent.iterdir()
    after = left.read_bytes()
    assert b"moof" in before
    assert b"moof" not in after
    assert after.index(b"moov") < after.index(b"mdat")


def told(chapters: tuple[Chapter, ...]) -> Manifest:
    sound = replace(
        film("meeting.m4a", audio_only=True), duration_ms=4_266, frames=0, participants=(), chapters=chapters
    )
    return Manifest(
        meeting_id=MeetingId("meet"), recording_id="rec", started_at=0, ended_at=None, files=(), composites=(sound,)
    )


def test_chapters_of_the_manifest_are_the_films_and_those_behind_its_end_are_not(grown: Path) -> None:
    ann, ben = ParticipantId("p_1"), ParticipantId("p_2")
    chapters = (
        Chapter(start_ms=0, speakers=(), names=()),
        Chapter(start_ms=1_000, speakers=(ann, ben), names=("Änne", "Ben")),
        Chapter(start_ms=2_500, speakers=(ben, ann), names=("", "Änne")),
        Chapter(start_ms=9_000, speakers=(ann,), names=("Änne",)),
    )
    manifest.write(told(chapters), grown.parent)
    make_seekable(grown.parent)
    with av.open(str(grown.parent / "meeting.m4a")) as film:
        found = [(each["start"], each["end"], each["metadata"]["title"]) for each in film.chapters()]
        assert film.streams.audio[0].duration is not None
        end = round(film.streams.audio[0].duration * 1000 / 48_000)
    assert found == [
        (0, 1_000, module.NOBODY),
        (1_000, 2_500, "Änne, Ben"),
        (2_500, pytest.approx(end, abs=30), "Änne"),
    ]


def test_a_manifest_that_cannot_be_read_costs_the_chapters_alone(grown: Path) -> None:
    (grown.parent / MANIFEST).write_text("{")
    make_seekable(grown.parent)
    with av.open(str(grown.parent / "meeting.m4a")) as film:
        assert film.chapters() == []
        assert sum(frame.samples for frame in film.decode(audio=0)) > 200_000


@pytest.mark.parametrize("free", [10**12, 0], ids=["put-together-anew", "as-it-is"])
@pytest.mark.parametrize("share", [0.4, 0.71, 0.97])
def test_a_film_that_was_cut_off_anywhere_plays_to_its_end_and_the_manifest_tells_how_long_it_is(
    grown: Path, monkeypatch: pytest.MonkeyPatch, free: int, share: float
) -> None:
    film = Film(grown, CompositeOrder(width=640, height=360, frame_rate=25, threads=1, audio_only=True))
    sound = np.random.default_rng(1).normal(0, 0.1, (2, 1_024)).astype(np.float32)
    for _ in range(900):
        film.play(sound)
    film.close()
    with grown.open("r+b") as file:
        file.truncate(round(grown.stat().st_size * share))
    frees(monkeypatch, free)
    manifest.write(told(()), grown.parent)
    make_seekable(grown.parent, KEPT, cut_off=True)
    settled = settle(grown.parent)
    [about] = settled.composites
    assert (settled.end, manifest.read(grown.parent)) == (PartEnd.RECORDER_LOST, settled)
    with av.open(str(grown.parent / "meeting.m4a")) as shown:
        samples = sum(frame.samples for frame in shown.decode(audio=0))
    assert about.duration_ms == pytest.approx(samples / 48, abs=30)
    whole_ms = 900 * 1_024 / 48
    assert share * whole_ms - 2_500 < about.duration_ms < whole_ms
    assert settle(grown.parent) == settled


def test_of_a_film_of_which_nothing_is_whole_the_manifest_tells_nothing(grown: Path) -> None:
    with grown.open("r+b") as file:
        file.truncate(30)
    manifest.write(told(()), grown.parent)
    make_seekable(grown.parent, cut_off=True)
    assert settle(grown.parent).composites == ()
