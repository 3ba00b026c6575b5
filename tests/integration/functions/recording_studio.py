"""A host whose meetings are recorded, and the recorder, as the meeting service sees it."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec
from meetings_service.recordings_upkeep import RecordingsUpkeep
from msgspec.structs import replace

from contracts.log_events import RecordingStarted, RecordingStopped
from contracts.recording_manifest import MANIFEST, Chapter, Manifest
from contracts.rooms import MeetingId, ParticipantId, RecordingEnd
from tests.doubles.recorded_files import film, track
from tests.integration.functions.conftest import Person
from tests.integration.functions.lambda_events import Client, HttpAnswer
from tests.integration.functions.meeting_hosts import Host, tell
from tests.unit.meetings_service.room_history import START

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

DAY_MS = 86_400_000
PICTURE = b"a picture"
POSTER = b"a poster"


class Studio:
    """A host's meeting, its recordings, and the recorder that brings their files."""

    def __init__(self, meetings: Client, s3: S3Client, bucket: str, person: Callable[..., Person]) -> None:
        self.meetings, self.s3, self.bucket = meetings, s3, bucket
        self.person = person
        self.host = self.somebody("Ada")
        self.meeting = self.host.make("Weekly")

    def somebody(self, name: str = "Bob") -> Host:
        return Host(self.meetings, self.person(name))

    def record(self, *, room: str | None = None, at: int | None = None, stops: bool = True) -> str:
        """A recording, as the gateways tell of it."""
        recording_id, room = f"rec_{uuid.uuid4().hex}", room or self.meeting["id"]
        tell(self.meetings, room, *self.facts(recording_id, room, at or now_ms())[: 2 if stops else 1], first=7)
        return recording_id

    def facts(self, recording_id: str, room: str, at: int) -> list[Any]:
        begun = RecordingStarted(
            at=at, recording_id=recording_id, by=ParticipantId("p_1"), prefix=f"{room}/{recording_id}/"
        )
        over = RecordingStopped(at=at + 5_000, recording_id=recording_id, reason=RecordingEnd.ASKED)
        return [begun, over]

    def bring(
        self,
        recording_id: str,
        part: str = "1-node",
        *,
        room: str | None = None,
        whole: bool = True,
        began: int = START,
        lasts_ms: int = 5_000,
    ) -> None:
        """What the recorder's upload does, its manifest last."""
        prefix = f"{room or self.meeting['id']}/{recording_id}/{part}/"
        self.s3.put_object(Bucket=self.bucket, Key=f"{prefix}001.webm", Body=PICTURE)
        if whole:
            file = replace(
                track("001.webm"), start_ms=20, duration_ms=4_000, frames=120, participant_id=ParticipantId("p_1")
            )
            manifest = Manifest(
                meeting_id=MeetingId(self.meeting["id"]),
                recording_id=recording_id,
                started_at=began,
                ended_at=began + lasts_ms,
                files=(file,),
            )
            self.s3.put_object(Bucket=self.bucket, Key=f"{prefix}{MANIFEST}", Body=msgspec.json.encode(manifest))

    def bring_film(self, recording_id: str, part: str = "1-node.composite") -> None:
        """One video of the meeting, with a poster and chapters of two who speak."""
        video = replace(
            film("meeting.mp4"),
            duration_ms=60_000,
            frames=1_500,
            participants=(ParticipantId("p_1"), ParticipantId("p_2")),
            chapters=(
                Chapter(start_ms=0, speakers=(ParticipantId("p_1"),), names=("Ada",)),
                Chapter(start_ms=20_000, speakers=(ParticipantId("p_2"), ParticipantId("p_1")), names=("Bob", "Ada")),
            ),
            poster="poster.jpg",
        )
        manifest = Manifest(
            meeting_id=MeetingId(self.meeting["id"]),
            recording_id=recording_id,
            started_at=START,
            ended_at=START + 60_000,
            files=(),
            composites=(video,),
        )
        prefix = f"{self.meeting['id']}/{recording_id}/{part}/"
        files = (("meeting.mp4", PICTURE), ("poster.jpg", POSTER), (MANIFEST, msgspec.json.encode(manifest)))
        for name, data in files:
            self.s3.put_object(Bucket=self.bucket, Key=prefix + name, Body=data)

    def made(self) -> str:
        """A recording that is ready."""
        recording_id = self.record()
        self.bring(recording_id)
        return recording_id

    def keys(self, recording_id: str) -> list[str]:
        listed = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=f"{self.meeting['id']}/{recording_id}/")
        return [each["Key"] for each in listed.get("Contents", [])]

    def items(self, recording_id: str) -> list[str]:
        return [item["sk"] for item in self.meetings.module.repository.table.query(f"RECORDING#{recording_id}")]

    def upkeep(self, *, after_ms: int = 0, kept_days: int | None = None) -> None:
        """One run of the schedule, so long from now."""
        module = self.meetings.module
        at = time.time() + after_ms / 1000
        module.recordings._clock = lambda: at
        try:
            RecordingsUpkeep(
                recordings=module.recordings,
                table=module.recordings_table,
                bucket=module.recordings_bucket,
                kept_days=lambda: kept_days,
                expired=module.recordings_upkeep._expired,
                clock=lambda: at,
                logger=module.logger,
            ).run(for_s=60)
        finally:
            module.recordings._clock = time.time


def now_ms() -> int:
    return int(time.time() * 1000)


def one(who: Host, recording_id: str) -> HttpAnswer:
    return who.ask("GET", f"/recordings/{recording_id}")


def ids(answer: HttpAnswer) -> list[str]:
    assert answer.status == 200, answer.text
    return [each["id"] for each in answer.json()["items"]]
