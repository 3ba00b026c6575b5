"""Recordings as the catalogue has them: their states, what is in the bucket, and when they go."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from enum import StrEnum

from msgspec import Struct

from contracts.recording_manifest import MANIFEST, Manifest, RecordedFile
from contracts.rooms import Identity, MeetingId, ParticipantId, RecordingEnd

DAY_MS = 86_400_000
UNFINISHED_MS = DAY_MS
"""For so long after its end a recording waits for a part whose files have begun to come."""
LOST_MS = 7 * DAY_MS
"""A recording of which nothing has come for so long after its end is taken for lost."""
_FIRST_LOOK_MS = 60_000
_LONGEST_PAUSE_MS = 6 * 3_600_000
_CONTENT_TYPES = {"webm": "video/webm", "mkv": "video/x-matroska", "json": "application/json"}
_PART = r"[A-Za-z0-9._-]{1,200}"
_FILE_ID = re.compile(rf"(?P<part>{_PART})~(?P<name>{_PART})")


class RecordingState(StrEnum):
    """How far a recording has come."""

    RECORDING = "recording"
    PROCESSING = "processing"
    """It is over, and its files are on their way to the bucket."""
    READY = "ready"
    LOST = "lost"


class CataloguedRecording(Struct, frozen=True, kw_only=True):
    """A recording. Times in milliseconds since the epoch; what no fact has told yet is None.

    ``prefix`` is what the names of its objects begin with. ``owner_id`` hosted the meeting when it was made.
    """

    recording_id: str
    meeting_id: MeetingId
    session: int
    prefix: str
    title: str
    owner_id: Identity
    by: ParticipantId | None = None
    started_at: int
    stopped_at: int | None = None
    stopped_because: RecordingEnd | None = None
    ready_at: int | None = None
    lost_at: int | None = None
    deleting_at: int | None = None
    """Since when it is being deleted: nobody sees it any more."""
    bytes: int | None = None
    duration_ms: int | None = None

    @property
    def state(self) -> RecordingState:
        """How far it has come."""
        if self.ready_at is not None:
            return RecordingState.READY
        if self.lost_at is not None:
            return RecordingState.LOST
        return RecordingState.RECORDING if self.stopped_at is None else RecordingState.PROCESSING


class StoredObject(Struct, frozen=True, kw_only=True):
    """An object of a recording, by the part that it belongs to."""

    part: str
    name: str
    bytes: int


class RecordingFile(Struct, frozen=True, kw_only=True):
    """A file that can be had. ``recorded``: what its manifest says of it; None for the manifest itself."""

    id: str
    part: str
    name: str
    content_type: str
    bytes: int
    recorded: RecordedFile | None = None


class Outcome(Struct, frozen=True, kw_only=True):
    """What was found of a recording that is over. ``bytes`` of all its objects."""

    bytes: int
    duration_ms: int


class Share(Struct, frozen=True, kw_only=True):
    """Somebody with whom a recording is shared: an account, or an address that will be one's. ``key`` names it."""

    key: str
    user_id: Identity | None = None
    address: str | None = None
    name: str | None = None
    shared_at: int
    shared_by: Identity


def complete_parts(objects: Iterable[StoredObject]) -> tuple[str, ...]:
    """The parts whose manifest is there, and so all of them, in their order."""
    return tuple(sorted(each.part for each in objects if each.name == MANIFEST))


def is_whole(recording: CataloguedRecording, objects: Iterable[StoredObject], *, now: int) -> bool:
    """Whether everything has come that will: a part is complete, and none has begun to come that is not. How many
    parts there are nobody knows, since a node may be lost with its disk."""
    if recording.stopped_at is None:
        return False
    known = tuple(objects)
    complete = set(complete_parts(known))
    begun = {each.part for each in known}
    return bool(complete) and (begun == complete or now - recording.stopped_at >= UNFINISHED_MS)


def outcome_of(manifests: Iterable[Manifest], objects: Iterable[StoredObject]) -> Outcome:
    """How long a recording is from its first part's start to its last part's end, and how large."""
    starts, ends = [], []
    for manifest in manifests:
        last = max((file.start_ms + file.duration_ms for file in manifest.files), default=0)
        starts.append(manifest.started_at)
        ends.append(manifest.started_at + last if manifest.ended_at is None else manifest.ended_at)
    duration = max(0, max(ends) - min(starts)) if starts else 0
    return Outcome(bytes=sum(each.bytes for each in objects), duration_ms=duration)


def files_of(objects: Iterable[StoredObject], manifests: Mapping[str, Manifest]) -> tuple[RecordingFile, ...]:
    """The files of the parts that are complete, each part's manifest last. ``manifests`` by their parts."""
    told = {(part, file.name): file for part, manifest in manifests.items() for file in manifest.files}
    files = [
        RecordingFile(
            id=f"{each.part}~{each.name}",
            part=each.part,
            name=each.name,
            content_type=_content_type(each.name),
            bytes=each.bytes,
            recorded=told.get((each.part, each.name)),
        )
        for each in objects
        if each.part in manifests and (each.name == MANIFEST or (each.part, each.name) in told)
    ]
    return tuple(sorted(files, key=lambda file: (file.part, file.name == MANIFEST, file.name)))


def object_of(file_id: str) -> tuple[str, str] | None:
    """The part and the name that a file's id stands for; None: it is none. Neither leads out of the recording."""
    found = _FILE_ID.fullmatch(file_id)
    if found is None or {found["part"], found["name"]} & {".", ".."}:
        return None
    return found["part"], found["name"]


def next_look(recording: CataloguedRecording, now: int) -> int:
    """When to look after it again: soon at first, then ever more rarely."""
    since = recording.deleting_at or recording.stopped_at or recording.started_at
    return now + min(max(_FIRST_LOOK_MS, (now - since) // 4), _LONGEST_PAUSE_MS)


def expires_at(recording: CataloguedRecording, kept_days: int | None) -> int | None:
    """When it is deleted, if it is kept for so many days from its beginning; None: never."""
    return None if kept_days is None else recording.started_at + kept_days * DAY_MS


def least_days(*limits: int | None) -> int | None:
    """The shortest of some times to keep something; None is no limit."""
    return min((each for each in limits if each is not None), default=None)


def download_name(title: str, file: str) -> str:
    """A name for a file on somebody's disk: the recording's title in ASCII, and the file's own name."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    words = "-".join(re.findall(r"[A-Za-z0-9]+", plain))[:80]
    return f"{words or 'recording'}-{file}"


def _content_type(name: str) -> str:
    return _CONTENT_TYPES.get(name.rpartition(".")[2], "application/octet-stream")
