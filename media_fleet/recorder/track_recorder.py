"""A recording of tracks: each goes to a file of its own as it was sent, without decoding."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import av

from contracts.recording_manifest import Manifest, PartEnd, RecordedFile
from media_fleet.recorder import manifest
from media_fleet.recorder.intake import Intake
from media_fleet.recorder.protocol import (
    Begin,
    FromRecorder,
    Progress,
    ToRecorder,
    TrackBegun,
    TrackMuted,
    TrackOver,
)
from media_fleet.recorder.track import RecordedTrack

MANIFEST_AGAIN_MS = 2_000.0


class TrackRecorder:
    """One recording, or the part of it that one node makes."""

    def __init__(self, begin: Begin, folder: Path, say: Callable[[FromRecorder], None]) -> None:
        self._begin = begin
        self._folder = folder
        self._say = say
        self._intake = Intake(begin)
        self._tracks: dict[int, RecordedTrack] = {}
        self._complete: list[RecordedFile] = []
        self._written_at = float("-inf")
        self._files = 0
        self._told_ms = 0
        self._number = 0

    @property
    def descriptor(self) -> int:
        return self._intake.descriptor

    def open(self) -> None:
        """Returns when the node has answered. Raises `RecorderError`: it does not."""
        self._intake.open()
        self._write_manifest(None)

    def tell(self, message: ToRecorder) -> None:
        """Tracks come, go, and are muted."""
        if isinstance(message, TrackBegun):
            self._number += 1
            self._tracks[message.ssrc] = RecordedTrack(message, self._folder, self._number, self._intake.now)
        elif isinstance(message, TrackMuted) and message.ssrc in self._tracks:
            self._tracks[message.ssrc].set_muted(self._intake.now, muted=message.muted)
        elif isinstance(message, TrackOver) and message.ssrc in self._tracks:
            self._complete_track(self._tracks.pop(message.ssrc))

    def work(self) -> None:
        """Writes what has come, and asks for what has not."""
        self._intake.work(self._tracks)
        if self._intake.now - self._written_at >= MANIFEST_AGAIN_MS or len(self._told_files()) > self._files:
            self._write_manifest(None)
            self._report()

    def close(self, end: PartEnd, *, is_cut_off: bool) -> None:
        """Completes the files and the manifest.

        Where it is cut off, the manifest is written even if a file cannot be completed, which is raised then.
        """
        failures = [failure for track in self._tracks.values() if (failure := self._failure_of(track)) is not None]
        self._tracks.clear()
        self._intake.close()
        ended_at = None if is_cut_off or failures else self._intake.started_at + round(self._intake.now)
        self._write_manifest(ended_at, end)
        self._report()
        if failures:
            raise failures[0]

    def _failure_of(self, track: RecordedTrack) -> OSError | av.FFmpegError | None:
        """Why a track cannot be completed."""
        try:
            self._complete_track(track)
        except (OSError, av.FFmpegError) as error:
            return error
        return None

    def _report(self) -> None:
        now = round(self._intake.now)
        self._say(Progress(recorded_ms=now - self._told_ms))
        self._told_ms = now

    def _complete_track(self, track: RecordedTrack) -> None:
        try:
            track.close()
        finally:
            if track.about is not None:
                self._complete.append(track.about)

    def _told_files(self) -> list[RecordedFile]:
        growing = (track.about for track in self._tracks.values())
        return [*self._complete, *(about for about in growing if about is not None)]

    def _write_manifest(self, ended_at: int | None, end: PartEnd | None = None) -> None:
        files = self._told_files()
        self._written_at, self._files = self._intake.now, len(files)
        manifest.write(
            Manifest(
                meeting_id=self._begin.meeting_id,
                recording_id=self._begin.recording_id,
                started_at=self._intake.started_at,
                ended_at=ended_at,
                files=tuple(files),
                end=end,
            ),
            self._folder,
        )
