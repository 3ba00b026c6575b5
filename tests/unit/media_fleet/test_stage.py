"""Who a composite recording knows: as many as a manifest names, however many come and go."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from contracts.recording_order import RecordedPerson
from contracts.rooms import ParticipantId, TrackId, TrackSource
from media_fleet.composer import stage as module
from media_fleet.composer.chapters import Chapters
from media_fleet.composer.stage import Stage
from media_fleet.composer.tracks import ReceivedTrack, SoundTrack
from media_fleet.recorder.protocol import TrackBegun

MOST = 5


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.setattr(module, "MAX_PARTICIPANTS", MOST)
    return Stage()


def people(numbers: Iterable[int]) -> list[RecordedPerson]:
    return [RecordedPerson(participant_id=ParticipantId(f"p{number}"), name=f"P {number}") for number in numbers]


def ids(numbers: Iterable[int]) -> tuple[str, ...]:
    return tuple(f"p{number}" for number in numbers)


def test_the_first_are_named_and_of_the_others_that_there_were_more(stage: Stage) -> None:
    stage.people_are(people(range(MOST)))
    assert (stage.participants, stage.has_more_participants) == (ids(range(MOST)), False)
    for first in range(1, 50):
        stage.people_are(people(range(first, first + MOST)))
        assert len(stage.seen) <= 2 * MOST
    assert (stage.participants, stage.has_more_participants) == (ids(range(MOST)), True)
    assert [each.id for each in stage.people(0)] == list(ids(range(49, 49 + MOST)))


def test_all_who_are_there_are_known_however_many(stage: Stage) -> None:
    stage.people_are(people(range(4 * MOST)))
    assert [each.id for each in stage.people(0)] == list(ids(range(4 * MOST)))
    assert stage.name(ParticipantId("p19")) == "P 19"


def test_somebody_who_comes_back_has_their_place_again(stage: Stage) -> None:
    stage.people_are(people([0, 1, 2]))
    stage.people_are(people([1, 2]))
    stage.people_are(people([1, 2, 0]))
    assert [each.id for each in stage.people(0)] == list(ids([0, 1, 2]))


def test_whom_a_chapter_names_and_who_publishes_are_not_forgotten(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Chapters, "people", frozenset({ParticipantId("p0")}))
    begun = TrackBegun(
        ssrc=7,
        track_id=TrackId("t"),
        participant_id=ParticipantId("p1"),
        source=TrackSource.MICROPHONE,
        codec="opus",
        clock_rate=48_000,
        muted=False,
    )
    stage.people_are(people(range(MOST)))
    stage.add(7, SoundTrack(ReceivedTrack(begun)))
    stage.people_are(people(range(10, 10 + MOST)))
    stage.people_are([])
    assert set(stage.seen) == {*ids(range(12, 10 + MOST)), "p0", "p1"}
    assert stage.name(ParticipantId("p0")) == "P 0"
