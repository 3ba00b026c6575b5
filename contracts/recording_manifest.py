"""What a recording consists of, as its recorder says it: ``manifest.json`` beside the files, which is brought last.

The names of its objects in the bucket are ``<meeting id>/<recording id>/<part>/<file>``. A recording that went on at
another media node, or with another recorder, has several parts, each with a manifest and a clock of its own. While a
part is being made, its files are brought in pieces under other names (`unfinished`): where such are, a part is to come.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from msgspec import Struct

from contracts.rooms import CompositeLayout, MeetingId, ParticipantId, TrackId, TrackSource

MANIFEST: Final = "manifest.json"
COMPOSITE_PART: Final = ".composite"
"""Ends the name of a part that holds the meeting as one. Where both kinds are made, a part of the tracks has the name
without it."""
RESUMED_PART: Final = ".again"
"""Ends the name of a part, before `COMPOSITE_PART`, with which another recorder of the same node goes on: only what had
been lost, of two kinds, is in it."""
UNFINISHED: Final = "unfinished/"
"""The names of pieces begin with it."""
MAX_PARTICIPANTS: Final = 1_000
"""So many of those who were seen or heard a manifest names."""
CONTENT_TYPES: Final[Mapping[str, str]] = {
    ".webm": "video/webm",
    ".mp4": "video/mp4",
    ".m4a": "audio/mp4",
    ".jpg": "image/jpeg",
    ".json": "application/json",
}
"""Of a recording's files, by how their names end."""


class PartEnd(StrEnum):
    """Why a part is over."""

    FINISHED = "finished"
    """It was stopped, or the meeting had moved to another node."""
    RECORDER_LOST = "recorder_lost"
    """Its process ended by itself: what it had not written yet is missing."""
    NODE_LOST = "node_lost"
    """Its machine is gone, and the part was put together from its pieces: what came after the last one is missing."""
    DISK_FULL = "disk_full"


class Span(Struct, frozen=True, kw_only=True):
    """A stretch of the recording, milliseconds since it began. ``until_ms`` None: to the file's end."""

    from_ms: int
    until_ms: int | None = None


class RecordedFile(Struct, frozen=True, kw_only=True):
    """One track, from when it was first seen or heard, as it was sent: nothing was decoded."""

    name: str
    track_id: TrackId
    participant_id: ParticipantId
    source: TrackSource
    codec: str
    start_ms: int
    """When the file's time 0 is, on the clock that all files of this manifest share."""
    duration_ms: int
    """From the first picture or packet to the last one."""
    frames: int
    """Pictures, or packets of sound."""
    packets_lost: int
    publisher_clock_ms: int | None
    """What the publisher's clock said at the file's time 0 (milliseconds since the epoch, from its sender reports, RFC
    3550, 6.4.1): files of one participant go together by it, to the millisecond. None: it has not told."""
    muted: tuple[Span, ...]


class Chapter(Struct, frozen=True, kw_only=True):
    """A stretch in which the same people speak mainly; it goes on until the next one begins, or to the file's end."""

    start_ms: int
    """On the file's clock; of the first one 0."""
    speakers: tuple[ParticipantId, ...]
    """Who speaks most comes first. Empty: nobody speaks."""
    names: tuple[str, ...]
    """What they were called then, as the picture has it; empty: nobody has told."""


class CompositeFile(Struct, frozen=True, kw_only=True):
    """The meeting as one sound (AAC) and, unless it is ``audio_only``, one picture (H.264)."""

    name: str
    audio_only: bool
    layout: CompositeLayout
    width: int
    height: int
    frame_rate: int
    start_ms: int = 0
    """When the file's time 0 is, on the manifest's clock."""
    duration_ms: int
    frames: int
    """Pictures in the file."""
    frames_dropped: int
    """Pictures that were left out, since the machine was too slow for them: the one before stands longer."""
    participants: tuple[ParticipantId, ...]
    """Who was seen or heard, in the order in which they came: the first `MAX_PARTICIPANTS`."""
    has_more_participants: bool = False
    chapters: tuple[Chapter, ...] = ()
    """Who speaks when; none in what an earlier release has made."""
    poster: str | None = None
    """The name of a JPEG beside it: a moment in which as many people as possible are seen."""


class Manifest(Struct, frozen=True, kw_only=True):
    """A recording, or the part of it that one node made."""

    version: int = 1
    meeting_id: MeetingId
    recording_id: str
    started_at: int
    """When the shared clock was 0, milliseconds since the epoch."""
    ended_at: int | None
    """None: it is being made, or its recorder was lost; then it is as long as its longest file."""
    end: PartEnd | None = None
    """None: it is being made, or an earlier release has made it."""
    files: tuple[RecordedFile, ...]
    composites: tuple[CompositeFile, ...] = ()

    @property
    def lasts_until(self) -> int:
        """When it ended, milliseconds since the epoch; of one whose recorder was lost, as far as its files go."""
        if self.ended_at is not None:
            return self.ended_at
        lengths = [file.start_ms + file.duration_ms for file in self.files]
        lengths += [film.start_ms + film.duration_ms for film in self.composites]
        return self.started_at + max(lengths, default=0)


def unfinished(prefix: str, part: str = "") -> str:
    """What the names of the pieces of a recording's parts begin with, or of one part's; ``prefix``: that of its files.

    One level holds all that is unfinished in a bucket, so that a single list tells of it.
    """
    start = UNFINISHED + prefix.replace("/", "~")
    return f"{start}{part}/" if part else start


def finished_part(folder: str) -> tuple[MeetingId, str, str] | None:
    """The meeting, the recording and the part of the pieces whose names begin with ``folder``. None: it is none."""
    names = folder.removeprefix(UNFINISHED).removesuffix("/").split("~")
    if len(names) != 3 or any(not name or name.startswith(".") or "/" in name for name in names):
        return None
    return MeetingId(names[0]), names[1], names[2]
