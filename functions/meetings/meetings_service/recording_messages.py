"""Bodies of the routes of recordings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from contracts.recording_manifest import RecordedFile
from contracts.rooms import RecordingEnd
from functions.serverless.times import rfc3339, rfc3339_if_known
from meetings_service.domain import recordings as domain
from meetings_service.domain.recordings import RecordingState
from meetings_service.messages import ListQuery, Time, Title
from meetings_service.recordings import RecordingAccess, Seen


class RecordingsQuery(ListQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``list``: those of meetings that one hosted then; those that others share with one; for administrators, all."""

    list: Literal["mine", "shared", "all"] = "mine"


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


class CatalogueEntry(Struct, frozen=True, kw_only=True):
    """A recording. ``host_id`` hosted the meeting when it was made. ``state``: being made; over, with its files on
    their way; ready; or lost, where no file has come in a week. ``expires_at``: when it is deleted; null: never."""

    id: str
    meeting_id: str
    session: int
    title: str
    host_id: str
    state: RecordingState
    started_at: Time
    stopped_at: Time | None
    stopped_because: RecordingEnd | None
    ready_at: Time | None
    duration_ms: int | None
    bytes: int | None
    expires_at: Time | None
    access: RecordingAccess


class CataloguePage(Struct, frozen=True, kw_only=True):
    """A page may have fewer items than asked for, even none, and others follow: until ``next_cursor`` is null."""

    items: tuple[CatalogueEntry, ...]
    next_cursor: str | None


class FileTold(Struct, frozen=True, kw_only=True):
    """One track of one participant, as it was sent; or the manifest, which says all of it to programs. ``start_ms`` is
    on the clock that all files of a ``part`` share: a recording that went on at another media node has several."""

    id: str
    part: str
    source: Literal["microphone", "camera", "screen", "screen_audio", "manifest"]
    content_type: str
    codec: str | None
    participant_id: str | None
    name: str | None
    start_ms: int | None
    duration_ms: int | None
    bytes: int


class CatalogueEntryWhole(CatalogueEntry, frozen=True, kw_only=True):
    """A recording with its files."""

    files: tuple[FileTold, ...]


class Download(Struct, frozen=True, kw_only=True):
    """``url`` opens this one file until ``expires_at``, for whoever has it."""

    url: str
    expires_at: Time


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


def entry(seen: Seen, kept_days: int | None) -> CatalogueEntry:
    """A recording as it is answered."""
    return CatalogueEntry(**_fields(seen, kept_days))


def whole(
    seen: Seen, kept_days: int | None, files: tuple[domain.RecordingFile, ...], names: Mapping[str, str]
) -> CatalogueEntryWhole:
    """A recording with its files. ``names`` of participants, by their ids."""
    return CatalogueEntryWhole(**_fields(seen, kept_days), files=tuple(_file(each, names) for each in files))


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


def _fields(seen: Seen, kept_days: int | None) -> dict[str, Any]:
    recording = seen.recording
    return {
        "id": recording.recording_id,
        "meeting_id": recording.meeting_id,
        "session": recording.session,
        "title": recording.title,
        "host_id": recording.owner_id,
        "state": recording.state,
        "started_at": rfc3339(recording.started_at),
        "stopped_at": rfc3339_if_known(recording.stopped_at),
        "stopped_because": recording.stopped_because,
        "ready_at": rfc3339_if_known(recording.ready_at),
        "duration_ms": recording.duration_ms,
        "bytes": recording.bytes,
        "expires_at": rfc3339_if_known(domain.expires_at(recording, kept_days)),
        "access": seen.access,
    }


def _file(file: domain.RecordingFile, names: Mapping[str, str]) -> FileTold:
    track: RecordedFile | None = file.recorded
    return FileTold(
        id=file.id,
        part=file.part,
        source="manifest" if track is None else track.source.value,
        content_type=file.content_type,
        codec=None if track is None else track.codec,
        participant_id=None if track is None else track.participant_id,
        name=None if track is None else names.get(track.participant_id),
        start_ms=None if track is None else track.start_ms,
        duration_ms=None if track is None else track.duration_ms,
        bytes=file.bytes,
    )
