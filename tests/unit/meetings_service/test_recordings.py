"""Recordings: when they are whole, what of them can be had, and how names and times follow."""

from __future__ import annotations

import pytest
from meetings_service.domain.recordings import (
    DAY_MS,
    CataloguedRecording,
    StoredObject,
    download_name,
    expires_at,
    files_of,
    is_whole,
    least_days,
    next_look,
    object_of,
    outcome_of,
)

from contracts.recording_manifest import MANIFEST, Manifest
from contracts.rooms import Identity, MeetingId


def recording(*, stopped_at: int | None = 100) -> CataloguedRecording:
    return CataloguedRecording(
        recording_id="rec_1",
        meeting_id=MeetingId("abcd-efgh-jkmn"),
        session=1,
        prefix="abcd-efgh-jkmn/rec_1/",
        title="Weekly",
        owner_id=Identity("u_a"),
        started_at=50,
        stopped_at=stopped_at,
    )


def objects(*names: str) -> list[StoredObject]:
    return [StoredObject(part=each.split("/")[0], name=each.split("/")[1], bytes=10) for each in names]


def manifest(started_at: int, ended_at: int | None) -> Manifest:
    return Manifest(
        meeting_id=MeetingId("abcd-efgh-jkmn"), recording_id="rec_1", started_at=started_at, ended_at=ended_at, files=()
    )


@pytest.mark.parametrize(
    ("names", "since_ms", "whole"),
    [
        ((), 0, "no"),
        (("1/a.webm",), 0, "no"),
        (("1/a.webm",), DAY_MS, "no"),
        (("1/a.webm", f"1/{MANIFEST}"), 0, "yes"),
        (("1/a.webm", f"1/{MANIFEST}", "2/a.webm"), 0, "no"),
        (("1/a.webm", f"1/{MANIFEST}", "2/a.webm"), DAY_MS, "yes"),
        (("1/a.webm", f"1/{MANIFEST}", "2/a.webm", f"2/{MANIFEST}"), 0, "yes"),
    ],
)
def test_recording_is_whole_when_every_part_that_has_begun_to_come_has_its_manifest(
    names: tuple[str, ...], since_ms: int, whole: str
) -> None:
    assert is_whole(recording(), objects(*names), now=100 + since_ms) is (whole == "yes")
    assert not is_whole(recording(stopped_at=None), objects(*names), now=100 + since_ms), "it is being made"


def test_length_is_from_the_first_part_to_the_last() -> None:
    found = outcome_of([manifest(1_000, 4_000), manifest(9_000, 9_500)], objects("1/a", "2/a"))
    assert (found.duration_ms, found.bytes) == (8_500, 20)
    assert outcome_of([], []).duration_ms == 0
    assert outcome_of([manifest(1_000, None)], []).duration_ms == 0


def test_files_that_no_manifest_names_are_not_given_away() -> None:
    files = files_of(objects("1/a.webm", f"1/{MANIFEST}", "1/b.tmp", "2/a.webm"), {"1": manifest(0, 1)})
    assert [file.id for file in files] == [f"1~{MANIFEST}"]


@pytest.mark.parametrize("file_id", ["", "a", "a/b", "..~a", "a~..", "a~b/c", "~", "a~", "a~b~c", "a~b\n"])
def test_an_id_that_is_none_names_no_object(file_id: str) -> None:
    assert object_of(file_id) is None


def test_names_for_the_disk_are_harmless() -> None:
    assert download_name('Übung "7";\r\n../x', "001.webm") == "Ubung-7-x-001.webm"
    assert download_name("会議", "001.webm") == "recording-001.webm"


def test_recordings_go_after_so_many_days_from_their_beginning() -> None:
    assert expires_at(recording(), None) is None
    assert expires_at(recording(), 2) == 50 + 2 * DAY_MS
    assert (least_days(None, None), least_days(3, None), least_days(9, 4)) == (None, 3, 4)


def test_they_are_looked_after_ever_more_rarely() -> None:
    soon, later = next_look(recording(), 200) - 200, next_look(recording(), DAY_MS) - DAY_MS
    assert soon == 60_000
    assert soon < later <= 6 * 3_600_000
