"""What is missing in a recording: between its parts, before the first one and after the last one."""

from __future__ import annotations

from meetings_service.domain.recording_gaps import APART_MS, TOLD_MS, Gap, GapReason, gaps_in
from msgspec.structs import replace

from contracts.recording_manifest import COMPOSITE_PART, RESUMED_PART, Manifest, PartEnd
from contracts.rooms import RecordingKind
from tests.doubles.recorded_files import film, track
from tests.unit.meetings_service.test_recordings import manifest

COMPOSITE, TRACKS, AUDIO = RecordingKind.COMPOSITE, RecordingKind.TRACKS, RecordingKind.AUDIO
START, STOP = 100_000, 200_000


def part(started_at: int, ended_at: int, end: PartEnd | None = PartEnd.FINISHED) -> Manifest:
    return replace(manifest(started_at, ended_at), end=end)


def lost(started_at: int, length_ms: int, end: PartEnd | None = PartEnd.RECORDER_LOST) -> Manifest:
    """One whose recorder has not noted when it ended: its files tell."""
    return replace(
        manifest(started_at, None),
        end=end,
        files=(replace(track("a.webm"), start_ms=500, duration_ms=length_ms - 500),),
    )


def gaps(parts: dict[str, Manifest], kind: RecordingKind = TRACKS) -> tuple[Gap, ...]:
    return gaps_in(kind, parts, started_at=START, stopped_at=STOP)


def gap(begins_at: int, ends_at: int, reason: GapReason, kind: RecordingKind = TRACKS) -> Gap:
    return Gap(kind=kind, begins_at=begins_at, ends_at=ends_at, reason=reason)


def test_a_part_from_beginning_to_end_has_no_gap() -> None:
    assert gaps({"1": part(START - 900, STOP - 100)}) == ()
    assert gaps({"1": part(START + APART_MS, STOP - TOLD_MS)}) == (), "clocks differ, and the log comes later"


def test_what_a_lost_recorder_had_not_written_is_missing_until_another_one_went_on() -> None:
    parts = {"2.again": part(152_000, STOP), "1": lost(START, 50_000)}
    assert gaps(parts) == (gap(150_000, 152_000, GapReason.RECORDER_LOST),)
    assert gaps({**parts, "1": lost(START, 50_000, end=None)})[0].reason is GapReason.RECORDER_LOST


def test_the_reasons_are_what_ended_the_part_before() -> None:
    parts = {
        "1": lost(START, 20_000, PartEnd.NODE_LOST),
        "2": part(125_000, 140_000),
        "3": part(141_000, 160_000, PartEnd.DISK_FULL),
    }
    assert gaps(parts) == (
        gap(120_000, 125_000, GapReason.NODE_LOST),
        gap(140_000, 141_000, GapReason.MOVED),
        gap(160_000, STOP, GapReason.DISK_FULL),
    )


def test_what_has_never_come_is_missing() -> None:
    assert gaps({"2": part(130_000, 150_000)}) == (
        gap(START, 130_000, GapReason.MISSING),
        gap(150_000, STOP, GapReason.MISSING),
    )
    assert gaps({}) == ()


def test_each_kind_has_gaps_of_its_own() -> None:
    film_part = replace(manifest(START, None, replace(film("m.mp4"), duration_ms=30_000)), end=PartEnd.RECORDER_LOST)
    parts = {
        "1": part(START, STOP),
        f"1{COMPOSITE_PART}": film_part,
        f"2{RESUMED_PART}{COMPOSITE_PART}": part(132_000, STOP),
    }
    found = gap(130_000, 132_000, GapReason.RECORDER_LOST, COMPOSITE)
    assert gaps(parts, RecordingKind.BOTH) == (found,)
    del parts["1"]
    assert gaps(parts, AUDIO) == (replace(found, kind=AUDIO),)


def test_of_two_kinds_the_one_that_never_came_is_missing_as_a_whole() -> None:
    whole = {"1": part(START, STOP)}
    assert gaps(whole, RecordingKind.BOTH) == (gap(START, STOP, GapReason.MISSING, COMPOSITE),)
    assert gaps({f"1{COMPOSITE_PART}": part(START, STOP)}, RecordingKind.BOTH) == (gap(START, STOP, GapReason.MISSING),)
    assert gaps(whole) == ()


def test_parts_that_overlap_have_no_gap() -> None:
    assert gaps({"1": part(START, 160_000), "2": part(120_000, 140_000), "3": part(159_000, STOP)}) == ()
