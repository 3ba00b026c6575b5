"""Recordings as the catalogue has them: their states, what is in the bucket, and when they go."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from enum import StrEnum
from itertools import chain

from msgspec import Struct

from contracts.recording_manifest import (
    COMPOSITE_PART,
    CONTENT_TYPES,
    MANIFEST,
    RESUMED_PART,
    CompositeFile,
    Manifest,
    RecordedFile,
)
from contracts.rooms import Identity, MeetingId, ParticipantId, RecordingEnd, RecordingKind
from meetings_service.domain.recording_gaps import Gap, gaps_in

DAY_MS = 86_400_000
UNFINISHED_MS = DAY_MS
"""For so long after its end a recording waits for a part whose files have begun to come."""
LOST_MS = 7 * DAY_MS
"""A recording of which nothing has come for so long after its end is taken for lost."""
LATE_MS = 7 * DAY_MS
"""For so long after its end it is looked whether what is missing in a recording has come: for so long pieces of what a
lost node was making are kept, and a node may come back with what it had on its disk."""
_FIRST_LOOK_MS = 60_000
_LONGEST_PAUSE_MS = 6 * 3_600_000
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
    kind: RecordingKind = RecordingKind.TRACKS
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
    poster: str | None = None
    """The object that stands for it, as a file's id; None: there is none, or it is not ready."""
    gaps: tuple[Gap, ...] = ()
    is_partial: bool = False
    """Whether it is taken for ready with parts that have begun to come, and are not there."""
    version: int = 1
    """Every change by those who manage it adds one."""

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
    recorded: RecordedFile | CompositeFile | None = None


class Contents(Struct, frozen=True, kw_only=True):
    """What of a recording can be had, and who was recorded, in the order in which they came."""

    files: tuple[RecordingFile, ...]
    participants: tuple[ParticipantId, ...]


class Outcome(Struct, frozen=True, kw_only=True):
    """What was found of a recording that is over. ``bytes`` of all its objects; ``poster`` as a file's id;
    ``is_partial``: parts that have begun to come are not there."""

    bytes: int
    duration_ms: int
    poster: str | None = None
    gaps: tuple[Gap, ...] = ()
    is_partial: bool = False


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


def is_whole(
    recording: CataloguedRecording, objects: Iterable[StoredObject], unfinished: Iterable[str], *, now: int
) -> bool:
    """Whether everything has come that will: a part is complete, and none has begun to come that is not. How many
    parts there are nobody knows, since a node may be lost with its disk. ``unfinished``: parts with pieces."""
    if recording.stopped_at is None:
        return False
    known = tuple(objects)
    are_all_there = not _missing_parts(recording, known, unfinished)
    return bool(complete_parts(known)) and (are_all_there or now - recording.stopped_at >= UNFINISHED_MS)


def _missing_parts(
    recording: CataloguedRecording, objects: Iterable[StoredObject], unfinished: Iterable[str]
) -> set[str]:
    """The parts that have begun to come, and are not complete."""
    known = tuple(objects)
    begun = {each.part for each in known} | set(unfinished)
    if recording.kind is RecordingKind.BOTH:
        # Each node brings two, of which one may be there long before the other begins to come.
        names = {each.removesuffix(COMPOSITE_PART) for each in begun}
        begun |= {each + kind for each in names if not each.endswith(RESUMED_PART) for kind in ("", COMPOSITE_PART)}
    return begun - set(complete_parts(known))


def is_awaited(recording: CataloguedRecording, now: int) -> bool:
    """Whether more may come of a recording that is ready: something is missing in it, and it is not long over."""
    is_recent = recording.stopped_at is not None and now - recording.stopped_at < LATE_MS
    return recording.state is RecordingState.READY and is_recent and (recording.is_partial or bool(recording.gaps))


def outcome_of(
    recording: CataloguedRecording,
    manifests: Mapping[str, Manifest],
    objects: Iterable[StoredObject],
    unfinished: Iterable[str] = (),
) -> Outcome:
    """How long a recording that is over is from its first part's start to its last part's end, what is missing, how
    large it is, and what stands for it. ``manifests`` by their parts; ``unfinished``: parts with pieces."""
    starts = [manifest.started_at for manifest in manifests.values()]
    ends = [manifest.lasts_until for manifest in manifests.values()]
    duration = max(0, max(ends) - min(starts)) if starts else 0
    stopped_at = max(ends, default=0) if recording.stopped_at is None else recording.stopped_at
    known = tuple(objects)
    return Outcome(
        bytes=sum(each.bytes for each in known),
        duration_ms=duration,
        gaps=gaps_in(recording.kind, manifests, started_at=recording.started_at, stopped_at=stopped_at),
        is_partial=bool(_missing_parts(recording, known, unfinished)),
        poster=_poster_of(manifests, known),
    )


def _poster_of(manifests: Mapping[str, Manifest], objects: Iterable[StoredObject]) -> str | None:
    there = {(each.part, each.name) for each in objects}
    told = ((part, film.poster) for part in sorted(manifests) for film in manifests[part].composites)
    return next((file_id(part, name) for part, name in told if name is not None and (part, name) in there), None)


def participants_of(manifests: Iterable[Manifest]) -> tuple[ParticipantId, ...]:
    """Who was recorded, in the order in which they came."""
    told = sorted(manifests, key=lambda each: each.started_at)
    # Films know who came when; tracks only who was first heard or seen when.
    films = (film.participants for each in told for film in each.composites)
    tracks = (file for each in told for file in sorted(each.files, key=lambda file: file.start_ms))
    return tuple(dict.fromkeys([*chain.from_iterable(films), *(file.participant_id for file in tracks)]))


def contents_of(objects: Iterable[StoredObject], manifests: Mapping[str, Manifest]) -> Contents:
    """What the parts that are complete hold. ``manifests`` by their parts."""
    return Contents(files=files_of(objects, manifests), participants=participants_of(manifests.values()))


def files_of(objects: Iterable[StoredObject], manifests: Mapping[str, Manifest]) -> tuple[RecordingFile, ...]:
    """The files of the parts that are complete: the meeting as one first, and each part's manifest last.

    ``manifests`` by their parts.
    """
    told: dict[tuple[str, str], RecordedFile | CompositeFile] = {}
    for part, manifest in manifests.items():
        told |= {(part, film.name): film for film in manifest.composites}
        told |= {(part, file.name): file for file in manifest.files}
    files = [
        RecordingFile(
            id=file_id(each.part, each.name),
            part=each.part,
            name=each.name,
            content_type=content_type_of(each.name),
            bytes=each.bytes,
            recorded=told.get((each.part, each.name)),
        )
        for each in objects
        if each.part in manifests and (each.name == MANIFEST or (each.part, each.name) in told)
    ]

    def rank(file: RecordingFile) -> tuple[bool, str, bool, str]:
        return not isinstance(file.recorded, CompositeFile), file.part, file.name == MANIFEST, file.name

    return tuple(sorted(files, key=rank))


def file_id(part: str, name: str) -> str:
    """The id of a file of a recording."""
    return f"{part}~{name}"


def object_of(known: str) -> tuple[str, str] | None:
    """The part and the name that a file's id stands for; None: it is none. Neither leads out of the recording."""
    found = _FILE_ID.fullmatch(known)
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


def content_type_of(name: str) -> str:
    """The media type of a recording's file."""
    return CONTENT_TYPES.get(f".{name.rpartition('.')[2]}", "application/octet-stream")
