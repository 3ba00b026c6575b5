"""Recordings of which something comes late, or in many parts: the catalogue has all of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from contracts.recording_manifest import unfinished
from tests.integration.functions.conftest import Person
from tests.integration.functions.lambda_events import Client
from tests.integration.functions.recording_studio import DAY_MS, Studio, now_ms, one
from tests.unit.meetings_service.room_history import START

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@pytest.fixture
def studio(meetings: Client, s3: S3Client, tables: dict[str, str], person: Callable[..., Person]) -> Studio:
    return Studio(meetings, s3, tables["recordings"], person)


def test_what_a_rescue_brings_after_a_recording_was_ready_shows_in_it(studio: Studio) -> None:
    began = now_ms() - 3 * DAY_MS
    recording_id = studio.record(at=began)
    table, rescued = studio.meetings.module.recordings_table, "2-node"
    studio.bring(recording_id, began=began, lasts_ms=1_000)
    pieces = unfinished(f"{studio.meeting['id']}/{recording_id}/", rescued)
    studio.s3.put_object(Bucket=studio.bucket, Key=f"{pieces}00000000", Body=b"")
    told = one(studio.host, recording_id).json()
    assert (told["state"], told["duration_ms"]) == ("ready", 1_000), "nobody has finished the other part for a day"
    ready_at, size = told["ready_at"], told["bytes"]
    studio.upkeep(after_ms=60_000)
    assert table.find(recording_id).duration_ms == 1_000
    studio.bring(recording_id, rescued, began=began + 1_000, lasts_ms=4_000)
    studio.upkeep(after_ms=DAY_MS)
    found = table.find(recording_id)
    assert (found.duration_ms, found.gaps, found.ready_at is not None) == (5_000, (), True)
    told = one(studio.host, recording_id).json()
    assert (told["duration_ms"], told["gaps"], told["ready_at"]) == (5_000, [], ready_at)
    assert told["bytes"] == 2 * size
    studio.upkeep(after_ms=2 * DAY_MS)
    looks = [look.recording_id for look in table.looks_due(now_ms() + 365 * DAY_MS, limit=1_000)]
    assert recording_id not in looks, "nothing is missing in it"


def test_one_that_was_lost_is_ready_once_its_files_have_come_all_the_same(studio: Studio) -> None:
    recording_id = studio.record()
    studio.upkeep(after_ms=8 * DAY_MS)
    assert one(studio.host, recording_id).json()["state"] == "lost"
    lost_at = studio.meetings.module.recordings_table.find(recording_id).lost_at
    assert one(studio.host, recording_id).json()["state"] == "lost"
    assert studio.meetings.module.recordings_table.find(recording_id).lost_at == lost_at
    studio.bring(recording_id)
    told = one(studio.host, recording_id).json()
    assert (told["state"], told["duration_ms"]) == ("ready", 5_000)


def test_a_recording_of_many_parts_is_there_as_a_whole(studio: Studio) -> None:
    recording_id = studio.record()
    parts = [f"{number:03d}-node" for number in range(70)]
    for number, part in enumerate(parts):
        studio.bring(recording_id, part, began=START + number * 1_000, lasts_ms=1_000)
    told = one(studio.host, recording_id).json()
    assert told["duration_ms"] == 70_000
    assert {file["part"] for file in told["files"]} == set(parts)
