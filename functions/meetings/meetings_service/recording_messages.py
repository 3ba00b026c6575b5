"""Bodies of the routes of recordings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from contracts.recording_manifest import CompositeFile, RecordedFile
from contracts.rooms import RecordingEnd, RecordingKind
from functions.serverless.times import rfc3339, rfc3339_if_known
from meetings_service.domain import recordings as domain
from meetings_service.domain.recording_gaps import Gap, GapReason
from meetings_service.domain.recordings import RecordingState
from meetings_service.messages import ListQuery, Time, Title
from meetings_service.recordings import RecordingAccess, Seen

FileSource = Literal["meeting", "microphone", "camera", "screen", "screen_audio", "manifest"]


class RecordingsQuery(ListQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``list``: those of meetings that one hosted then; those that others share with one; for administrators, all."""

    list: Literal["mine", "shared", "all"] = "mine"


class MeetingsRecordingsQuery(ListQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """With ``session`` those of one time that people met: a page may have fewer entries than there are."""

    session: Annotated[int, Meta(ge=1, le=999_999_999)] | UnsetType = UNSET


class RecordingChange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    title: Title


class ShareBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An account's id, or an address. ``name``: how those who manage the recording see them."""

    user_id: Annotated[str, Meta(pattern=r"^u_[a-z0-9]{1,64}$")] | None = None
    address: Annotated[str, Meta(min_length=3, max_length=254)] | None = None
    name: Annotated[str, Meta(min_length=1, max_length=200)] | None = None


class DeleteMeetingQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``recordings``: what becomes of them; needed where the meeting has some."""

    recordings: Literal["delete", "keep"] | UnsetType = UNSET


class Download(Struct, frozen=True, kw_only=True):
    """``url`` opens this one file until ``expires_at``, for whoever has it."""

    url: str
    expires_at: Time


class GapTold(Struct, frozen=True, kw_only=True):
    """A stretch that is missing in a recording's files of a kind, and why: its recorder or its media node was lost, a
    disk was full, the meeting moved to another node, or nothing has come."""

    kind: RecordingKind
    begins_at: Time
    ends_at: Time
    reason: GapReason


class CatalogueEntry(Struct, frozen=True, kw_only=True):
    """A recording. ``host_id`` hosted the meeting when it was made. ``state``: being made; over, with its files on
    their way; ready; or lost, where no file has come in a week. ``expires_at``: when it is deleted; null: never.
    ``poster``: a picture (JPEG) of a moment in which many people are seen, once a video of the meeting is ready.
    ``gaps``: what is missing, once it is ready."""

    id: str
    meeting_id: str
    session: int
    kind: RecordingKind
    title: str
    host_id: str
    state: RecordingState
    started_at: Time
    stopped_at: Time | None
    stopped_because: RecordingEnd | None
    ready_at: Time | None
    duration_ms: int | None
    bytes: int | None
    gaps: tuple[GapTold, ...]
    expires_at: Time | None
    poster: Download | None
    access: RecordingAccess


class CataloguePage(Struct, frozen=True, kw_only=True):
    """A page may have fewer items than asked for, even none, and others follow: until ``next_cursor`` is null."""

    items: tuple[CatalogueEntry, ...]
    next_cursor: str | None


class RecordedParticipant(Struct, frozen=True, kw_only=True):
    """Somebody in a recording. ``name`` is null where nobody knows it, or is to know it any more."""

    participant_id: str
    name: str | None


class ChapterTold(Struct, frozen=True, kw_only=True):
    """A stretch of a file in which the same people speak mainly; who speaks most comes first. None: nobody speaks."""

    start_ms: int
    end_ms: int
    speakers: tuple[RecordedParticipant, ...]


class FileTold(Struct, frozen=True, kw_only=True):
    """The whole meeting as one; one track of one participant, as it was sent; or the manifest, which says all of it to
    programs. ``start_ms`` is on the clock that all files of a ``part`` share: a recording that went on at another media
    node has several, and so has one of both kinds. ``chapters``, on the file's own clock, follow each other without
    gaps, 40 at most; only the whole meeting has some."""

    id: str
    part: str
    source: FileSource
    content_type: str
    codec: str | None
    participant_id: str | None
    name: str | None
    start_ms: int | None
    duration_ms: int | None
    bytes: int
    chapters: tuple[ChapterTold, ...]


class CatalogueEntryWhole(CatalogueEntry, frozen=True, kw_only=True):
    """A recording with its files, and who was recorded, in the order in which they came."""

    participants: tuple[RecordedParticipant, ...]
    files: tuple[FileTold, ...]


class ShareTold(Struct, frozen=True, kw_only=True):
    """With whom a recording is shared. ``key`` names the share; ``user_id`` is null until an address has an account."""

    key: str
    user_id: str | None
    address: str | None
    name: str | None
    shared_at: Time
    shared_by: str


class ShareList(Struct, frozen=True, kw_only=True):
    items: tuple[ShareTold, ...]


def download(address: tuple[str, int]) -> Download:
    """An address, and until when it opens something (milliseconds since the epoch), as they are answered."""
    url, until = address
    return Download(url=url, expires_at=rfc3339(until))


def entry(seen: Seen, kept_days: int | None, poster: tuple[str, int] | None) -> CatalogueEntry:
    """A recording as it is answered. ``poster``: see `download`."""
    return CatalogueEntry(**_fields(seen, kept_days, poster))


def whole(
    seen: Seen,
    kept_days: int | None,
    poster: tuple[str, int] | None,
    contents: domain.Contents,
    names: Mapping[str, str],
) -> CatalogueEntryWhole:
    """A recording with its files. ``names`` of participants, by their ids."""
    return CatalogueEntryWhole(
        **_fields(seen, kept_days, poster),
        participants=_people(contents.participants, names),
        files=tuple(_file(each, names) for each in contents.files),
    )


def share(known: domain.Share) -> ShareTold:
    """A share as it is answered."""
    return ShareTold(
        key=known.key,
        user_id=known.user_id,
        address=known.address,
        name=known.name,
        shared_at=rfc3339(known.shared_at),
        shared_by=known.shared_by,
    )


def _fields(seen: Seen, kept_days: int | None, poster: tuple[str, int] | None) -> dict[str, Any]:
    recording = seen.recording
    return {
        "id": recording.recording_id,
        "meeting_id": recording.meeting_id,
        "session": recording.session,
        "kind": recording.kind,
        "title": recording.title,
        "host_id": recording.owner_id,
        "state": recording.state,
        "started_at": rfc3339(recording.started_at),
        "stopped_at": rfc3339_if_known(recording.stopped_at),
        "stopped_because": recording.stopped_because,
        "ready_at": rfc3339_if_known(recording.ready_at),
        "duration_ms": recording.duration_ms,
        "bytes": recording.bytes,
        "gaps": tuple(_gap(each) for each in recording.gaps),
        "expires_at": rfc3339_if_known(domain.expires_at(recording, kept_days)),
        "poster": None if poster is None else download(poster),
        "access": seen.access,
    }


def _gap(known: Gap) -> GapTold:
    return GapTold(
        kind=known.kind, begins_at=rfc3339(known.begins_at), ends_at=rfc3339(known.ends_at), reason=known.reason
    )


def _file(file: domain.RecordingFile, names: Mapping[str, str]) -> FileTold:
    known = file.recorded
    track = known if isinstance(known, RecordedFile) else None
    return FileTold(
        id=file.id,
        part=file.part,
        source=_source(known),
        content_type=file.content_type,
        codec=_codec(known),
        participant_id=None if track is None else track.participant_id,
        name=None if track is None else names.get(track.participant_id),
        start_ms=None if known is None else known.start_ms,
        duration_ms=None if known is None else known.duration_ms,
        bytes=file.bytes,
        chapters=_chapters(known, names) if isinstance(known, CompositeFile) else (),
    )


def _chapters(film: CompositeFile, names: Mapping[str, str]) -> tuple[ChapterTold, ...]:
    """Those that begin before the film's end: what a lost recorder has told last may be more than it has written."""
    begun = [each for each in film.chapters if each.start_ms < film.duration_ms]
    ends = [*(each.start_ms for each in begun), film.duration_ms][1:]
    return tuple(
        ChapterTold(start_ms=each.start_ms, end_ms=end, speakers=_people(each.speakers, names))
        for each, end in zip(begun, ends, strict=True)
    )


def _people(known: Iterable[str], names: Mapping[str, str]) -> tuple[RecordedParticipant, ...]:
    return tuple(RecordedParticipant(participant_id=each, name=names.get(each)) for each in known)


def _source(known: RecordedFile | CompositeFile | None) -> FileSource:
    if isinstance(known, RecordedFile):
        return known.source.value
    return "manifest" if known is None else "meeting"


def _codec(known: RecordedFile | CompositeFile | None) -> str | None:
    if isinstance(known, CompositeFile):
        return "AAC" if known.audio_only else "H264, AAC"
    return None if known is None else known.codec
