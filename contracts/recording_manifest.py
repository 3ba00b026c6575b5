"""What a recording consists of, as its recorder says it: ``manifest.json`` beside the files, which is brought last.

The names of its objects in the bucket are ``<meeting id>/<recording id>/<part>/<file>``. A recording that went on at
another media node has several parts, each with a manifest and a clock of its own.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from contracts.rooms import MeetingId, ParticipantId, TrackId, TrackSource

MANIFEST: Final = "manifest.json"


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


class Manifest(Struct, frozen=True, kw_only=True):
    """A recording, or the part of it that one node made."""

    version: int = 1
    meeting_id: MeetingId
    recording_id: str
    started_at: int
    """When the shared clock was 0, milliseconds since the epoch."""
    ended_at: int | None
    """None: it is being made, or its recorder was lost."""
    files: tuple[RecordedFile, ...]
