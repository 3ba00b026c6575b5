"""What is missing in a recording, as the manifests of its parts tell it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from msgspec import Struct

from contracts.recording_manifest import COMPOSITE_PART, Manifest, PartEnd
from contracts.rooms import RecordingKind

APART_MS: Final = 5_000
"""The log and the recorders go by different clocks, and a recorder begins and ends somewhat before the log says so."""


TOLD_MS: Final = 30_000
"""A node that is asked to stop does at once; the log may have that so much later."""


class GapReason(StrEnum):
    """Why something is missing."""

    RECORDER_LOST = "recorder_lost"
    """A recorder ended by itself, and another one went on."""
    NODE_LOST = "node_lost"
    """A media node was lost; what it had recorded until shortly before is there."""
    DISK_FULL = "disk_full"
    MOVED = "moved"
    """The meeting moved to another media node."""
    MISSING = "missing"
    """Nothing of it has come."""


class Gap(Struct, frozen=True, kw_only=True):
    """A stretch that is missing in the files of a kind. Milliseconds since the epoch."""

    kind: RecordingKind
    begins_at: int
    ends_at: int
    reason: GapReason


_REASONS: Final[Mapping[PartEnd | None, GapReason]] = {
    PartEnd.RECORDER_LOST: GapReason.RECORDER_LOST,
    PartEnd.NODE_LOST: GapReason.NODE_LOST,
    PartEnd.DISK_FULL: GapReason.DISK_FULL,
}


def gaps_in(
    kind: RecordingKind, manifests: Mapping[str, Manifest], *, started_at: int, stopped_at: int
) -> tuple[Gap, ...]:
    """The gaps of a recording that is over, in the order of their beginnings.

    ``manifests`` by their parts. By the log the recording began at ``started_at`` and ended at ``stopped_at``, in
    milliseconds since the epoch.
    """
    tracks = [each for part, each in manifests.items() if not part.endswith(COMPOSITE_PART)]
    films = [each for part, each in manifests.items() if part.endswith(COMPOSITE_PART)]
    film_kind = RecordingKind.AUDIO if kind is RecordingKind.AUDIO else RecordingKind.COMPOSITE
    found: list[Gap] = []
    for each, parts in ((RecordingKind.TRACKS, tracks), (film_kind, films)):
        if parts:
            found += _between(each, parts, started_at, stopped_at)
        elif kind in {each, RecordingKind.BOTH} and manifests:
            found.append(Gap(kind=each, begins_at=started_at, ends_at=stopped_at, reason=GapReason.MISSING))
    return tuple(sorted(found, key=lambda gap: gap.begins_at))


def _between(kind: RecordingKind, manifests: list[Manifest], started_at: int, stopped_at: int) -> list[Gap]:
    gaps: list[Gap] = []
    reached, reason, apart = started_at, GapReason.MISSING, APART_MS
    for manifest in sorted(manifests, key=lambda each: each.started_at):
        if manifest.started_at > reached + apart:
            gaps.append(Gap(kind=kind, begins_at=reached, ends_at=manifest.started_at, reason=reason))
        if manifest.lasts_until >= reached:
            reached, reason = manifest.lasts_until, _reason(manifest)
        apart = 0
    is_finished = reason is GapReason.MOVED
    if stopped_at > reached + (TOLD_MS if is_finished else APART_MS):
        last = GapReason.MISSING if is_finished else reason
        gaps.append(Gap(kind=kind, begins_at=reached, ends_at=stopped_at, reason=last))
    return gaps


def _reason(manifest: Manifest) -> GapReason:
    if manifest.end is None and manifest.ended_at is None:  # of an earlier release
        return GapReason.RECORDER_LOST
    return _REASONS.get(manifest.end, GapReason.MOVED)
