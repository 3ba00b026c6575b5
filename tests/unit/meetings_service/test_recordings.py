"""Recordings: when they are whole, what of them can be had, and how names and times follow."""

from __future__ import annotations

import pytest
from meetings_service.domain.recordings import (
    DAY_MS,
    CataloguedRecording,
    StoredObject,
    contents_of,
    download_name,
    expires_at,
    files_of,
    is_whole,
    least_days,
    next_look,
    object_of,
    outcome_of,
)
from meetings_service.recording_messages import CatalogueEntryWhole, whole
from meetings_service.recordings import RecordingAccess, Seen
from msgspec.structs import replace

from contracts.recording_manifest import MANIFEST, Chapter, CompositeFile, Manifest
from contracts.rooms import (
    Identity,
    MeetingId,
    ParticipantId,
    RecordingKind,
)
from tests.doubles.recorded_files import film, track


def recording(*, stopped_at: int | None = 100, kind: RecordingKind = RecordingKind.TRACKS) -> CataloguedRecording:
    return CataloguedRecording(
        recording_id="rec_1",
        meeting_id=MeetingId("abcd-efgh-jkmn"),
        session=1,
        prefix="abcd-efgh-jkmn/rec_1/",
        kind=kind,
        title="Weekly",
        owner_id=Identity("u_a"),
        started_at=50,
        stopped_at=stopped_at,
    )


def objects(*names: str) -> list[StoredObject]:
    return [StoredObject(part=each.split("/")[0], name=each.split("/")[1], bytes=10) for each in names]


def manifest(started_at: int, ended_at: int | None, *composites: CompositeFile, tracks: str = "") -> Manifest:
    return Manifest(
        meeting_id=MeetingId("abcd-efgh-jkmn"),
        recording_id="rec_1",
        started_at=started_at,
        ended_at=ended_at,
        files=tuple(track(name) for name in tracks.split()),
        composites=composites,
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
    assert is_whole(recording(), objects(*names), (), now=100 + since_ms) is (whole == "yes")
    assert not is_whole(recording(stopped_at=None), objects(*names), (), now=100 + since_ms), "it is being made"
    waits = is_whole(recording(), objects(*names), ("1", "3"), now=100 + since_ms)
    assert waits is (whole == "yes" and since_ms >= DAY_MS), "pieces tell of a part that will come"


def test_length_is_from_the_first_part_to_the_last() -> None:
    found = outcome_of(recording(), {"1": manifest(1_000, 4_000), "2": manifest(9_000, 9_500)}, objects("1/a", "2/a"))
    assert (found.duration_ms, found.bytes) == (8_500, 20)
    assert outcome_of(recording(), {}, []).duration_ms == 0
    assert outcome_of(recording(), {"1": manifest(1_000, None)}, []).duration_ms == 0


def test_files_that_no_manifest_names_are_not_given_away() -> None:
    files = files_of(objects("1/a.webm", f"1/{MANIFEST}", "1/b.tmp", "2/a.webm"), {"1": manifest(0, 1)})
    assert [file.id for file in files] == [f"1~{MANIFEST}"]


BOTH_OF_ONE = ("1/a.webm", f"1/{MANIFEST}", "1.composite/m.mp4", f"1.composite/{MANIFEST}")


@pytest.mark.parametrize(
    ("kind", "names", "since_ms", "is_all"),
    [
        ("both", BOTH_OF_ONE, 0, True),
        ("both", BOTH_OF_ONE[:2], 0, False),
        ("both", BOTH_OF_ONE[2:], 0, False),
        ("both", BOTH_OF_ONE[:2], DAY_MS, True),
        ("both", BOTH_OF_ONE[:3], 0, False),
        ("both", (*BOTH_OF_ONE, f"2/{MANIFEST}"), 0, False),
        ("both", (*BOTH_OF_ONE, f"2/{MANIFEST}", f"2.composite/{MANIFEST}"), 0, True),
        ("both", (*BOTH_OF_ONE, f"2.again.composite/{MANIFEST}"), 0, True),
        ("both", (*BOTH_OF_ONE, "2.again.composite/m.mp4"), 0, False),
        ("both", (), DAY_MS, False),
        ("composite", BOTH_OF_ONE[2:], 0, True),
        ("composite", BOTH_OF_ONE[2:3], 0, False),
        ("audio", BOTH_OF_ONE[2:], 0, True),
        ("tracks", BOTH_OF_ONE[:2], 0, True),
    ],
)
def test_of_both_kinds_each_nodes_two_parts_are_waited_for(
    kind: str, names: tuple[str, ...], since_ms: int, *, is_all: bool
) -> None:
    known = recording(kind=RecordingKind(kind))
    assert is_whole(known, objects(*names), (), now=100 + since_ms) is is_all


def test_the_meeting_as_one_comes_first_and_no_part_takes_anothers_names() -> None:
    manifests = {
        "1": manifest(0, 1, tracks="a.webm"),
        "1.composite": manifest(0, 1, film("m.mp4"), film("m.m4a", audio_only=True)),
    }
    there = objects(*BOTH_OF_ONE, "1.composite/m.m4a", "1.composite/a.webm", "1/m.mp4")
    files = files_of(there, manifests)
    assert [(each.part, each.name) for each in files] == [
        ("1.composite", "m.m4a"),
        ("1.composite", "m.mp4"),
        ("1", "a.webm"),
        ("1", MANIFEST),
        ("1.composite", MANIFEST),
    ]
    seen = Seen(recording=recording(kind=RecordingKind.BOTH), access=RecordingAccess.MANAGE)
    told = whole(seen, None, None, contents_of(there, manifests), {"p_a": "Ada"})
    assert told.kind is RecordingKind.BOTH
    assert [(each.source, each.codec, each.content_type, each.name) for each in told.files] == [
        ("meeting", "AAC", "audio/mp4", None),
        ("meeting", "H264, AAC", "video/mp4", None),
        ("camera", "VP8", "video/webm", "Ada"),
        ("manifest", None, "application/json", None),
        ("manifest", None, "application/json", None),
    ]
    assert outcome_of(recording(), {"1": manifest(0, None, film("m.mp4"), tracks="a.webm")}, []).duration_ms == 2_000


def told_of(manifests: dict[str, Manifest], there: list[StoredObject], names: dict[str, str]) -> CatalogueEntryWhole:
    seen = Seen(recording=recording(), access=RecordingAccess.MANAGE)
    return whole(seen, None, None, contents_of(there, manifests), names)


def test_chapters_end_where_the_next_begins_and_name_whom_the_record_knows_now() -> None:
    ada, ben = ParticipantId("p_a"), ParticipantId("p_b")
    chapters = (
        Chapter(start_ms=0, speakers=(), names=()),
        Chapter(start_ms=500, speakers=(ben, ada), names=("Ben", "Ada")),
        Chapter(start_ms=1_200, speakers=(ada,), names=("Ada",)),
        Chapter(start_ms=2_000, speakers=(ben,), names=("Ben",)),
    )
    manifests = {"1": manifest(0, 1, replace(film("m.mp4"), chapters=chapters), tracks="a.webm")}
    told = told_of(manifests, objects("1/m.mp4", "1/a.webm", f"1/{MANIFEST}"), {"p_a": "Ada Lovelace"})
    chaptered, *others = told.files
    assert [
        (each.start_ms, each.end_ms, [(who.participant_id, who.name) for who in each.speakers])
        for each in chaptered.chapters
    ] == [
        (0, 500, []),
        (500, 1_200, [("p_b", None), ("p_a", "Ada Lovelace")]),
        (1_200, 2_000, [("p_a", "Ada Lovelace")]),
    ], "what begins where the film ends is none of it"
    assert [each.chapters for each in others] == [(), ()]


def test_participants_are_those_of_all_parts_in_the_order_in_which_they_came() -> None:
    second = replace(film("m.mp4"), participants=tuple(map(ParticipantId, ("p_c", "p_b"))))
    first = replace(film("m.mp4"), participants=(ParticipantId("p_b"),))
    manifests = {
        "a": manifest(9_000, 9_500, second),
        "b": manifest(1_000, 2_000, tracks="a.webm"),
        "c": manifest(1_001, 2_000, first),
    }
    told = told_of(manifests, objects("a/m.mp4"), {"p_a": "Ada"})
    assert [(who.participant_id, who.name) for who in told.participants] == [
        ("p_b", None),
        ("p_c", None),
        ("p_a", "Ada"),
    ], "films know it, and come first"


def test_the_first_poster_that_is_there_stands_for_it_and_is_no_file_of_its_own() -> None:
    with_poster = replace(film("m.mp4"), poster="poster.jpg")
    manifests = {"1": manifest(0, 1, film("m.mp4")), "2": manifest(5, 6, with_poster), "3": manifest(7, 8, with_poster)}
    there = objects("1/m.mp4", "1/poster.jpg", "2/m.mp4", "3/m.mp4", "3/poster.jpg")
    assert outcome_of(recording(), manifests, there).poster == "3~poster.jpg"
    assert outcome_of(recording(), manifests, there[:4]).poster is None
    assert [each.name for each in files_of(there, manifests)] == ["m.mp4"] * 3


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
