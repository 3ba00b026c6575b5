"""A composer that fails completes what it has, and says why."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import av
import pytest

from contracts.recording_manifest import PartEnd
from contracts.recording_order import RecordedPerson
from contracts.rooms import MeetingId, ParticipantId
from media_fleet.composer.composer import Composer
from media_fleet.composer.film import Film
from media_fleet.composer.poster import POSTER
from media_fleet.composer.stage import Stage
from media_fleet.recorder import intake, manifest
from media_fleet.recorder.path_to_node import RecorderError
from media_fleet.recorder.protocol import Begin, CompositeOrder, FromRecorder, PeopleChanged

PATIENCE_S = 60.0


class QuietPath:
    """A node that answers, and sends nothing."""

    def __init__(self, _: Begin) -> None:
        self.socket, self._other = socket.socketpair()

    def open(self) -> None:
        """At once."""

    def tick(self) -> None:
        """Nothing to be checked."""

    def receive(self) -> Iterator[object]:
        return iter(())

    def close(self) -> None:
        self.socket.close()
        self._other.close()


@pytest.fixture
def composer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Composer:
    monkeypatch.setattr(intake, "PathToNode", QuietPath)
    order = CompositeOrder(width=320, height=180, frame_rate=10, threads=1)
    begin = Begin(
        meeting_id=MeetingId("meet"),
        recording_id="rec_1",
        folder=str(tmp_path),
        address="127.0.0.1",
        port=9,
        ufrag="u",
        pwd="p",
        receive_key=b"",
        send_key=b"",
        composite=order,
    )
    said: list[FromRecorder] = []
    return Composer(begin, order, tmp_path, said.append)


def fails(_: Stage) -> None:
    raise ZeroDivisionError("of a drawing")


def test_what_a_failing_composer_has_is_whole_and_it_says_why(composer: Composer, tmp_path: Path) -> None:
    composer.open()
    composer.tell(PeopleChanged(people=(RecordedPerson(participant_id=ParticipantId("alice"), name="Alice"),)))
    composer.live.happens(fails)
    composer.live.thread.join(PATIENCE_S)
    with pytest.raises(RecorderError, match="of a drawing"):
        composer.work()
    with pytest.raises(RecorderError, match="of a drawing"):
        composer.close(PartEnd.RECORDER_LOST, is_cut_off=True)
    told = manifest.read(tmp_path)
    assert (told.ended_at, told.end) == (None, PartEnd.RECORDER_LOST)
    [about] = told.composites
    assert about.frames > 0
    assert [(each.start_ms, each.speakers) for each in about.chapters] == [(0, ())]
    with av.open(str(tmp_path / "meeting.growing.mp4")) as film:
        assert sum(1 for _ in film.decode(video=0)) == about.frames, "the file is completed, too"


def test_what_is_over_at_once_has_a_poster_all_the_same(composer: Composer, tmp_path: Path) -> None:
    composer.open()
    composer.close(PartEnd.FINISHED, is_cut_off=False)
    [about] = manifest.read(tmp_path).composites
    assert about.poster == POSTER
    assert (tmp_path / POSTER).read_bytes().startswith(b"\xff\xd8")


def test_what_fails_only_in_the_end_is_told_as_well(
    composer: Composer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    composer.open()

    def broken(_: Film) -> None:
        raise ValueError("no more")

    monkeypatch.setattr(Film, "close", broken)
    with pytest.raises(RecorderError, match="no more"):
        composer.close(PartEnd.FINISHED, is_cut_off=False)
    told = manifest.read(tmp_path)
    assert (told.ended_at, told.end) == (None, PartEnd.RECORDER_LOST)
