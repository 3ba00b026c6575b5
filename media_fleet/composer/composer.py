"""A composite recording: the film of a meeting, and the manifest beside it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from contracts.recording_manifest import Chapter, CompositeFile, Manifest, PartEnd
from media_fleet.composer.drawing import Drawing
from media_fleet.composer.film import Film
from media_fleet.composer.lettering import Lettering
from media_fleet.composer.live import LiveComposition, Reports, failure
from media_fleet.composer.poster import Poster
from media_fleet.composer.stage import Stage
from media_fleet.recorder import manifest
from media_fleet.recorder.ending import end_of
from media_fleet.recorder.protocol import Begin, CompositeOrder, FromRecorder, ToRecorder
from media_fleet.recorder.seekable import growing


class Composer:
    """One recording, or the part of it that one node makes."""

    def __init__(self, begin: Begin, order: CompositeOrder, folder: Path, say: Callable[[FromRecorder], None]) -> None:
        """Raises `OSError`: the file cannot be written, or the font not be read."""
        self._begin = begin
        self._order = order
        self._folder = folder
        self._name = "meeting.m4a" if order.audio_only else "meeting.mp4"
        self._film = Film(folder / growing(self._name), order)
        font = None if order.font is None else Path(order.font)
        drawing = None if order.audio_only else Drawing(order, Lettering(font))
        self._poster = Poster(folder)
        self.live = LiveComposition(begin, order, self._film, drawing, self._poster)
        self._reports = Reports(self.live, say)

    @property
    def descriptor(self) -> int:
        return self.live.intake.descriptor

    def open(self) -> None:
        """Returns when the node has answered. Raises `RecorderError`: it does not."""
        self.live.open()
        self._write_manifest(None)
        self.live.thread.start()

    def tell(self, message: ToRecorder) -> None:
        """Tracks and people come, go, and are muted."""
        self.live.tell(message)

    def work(self) -> None:
        """Takes what has come, and asks for what has not. Raises what stopped the composition."""
        self.live.work()
        if self._reports.is_due:
            self._report()
            self._write_manifest(None)

    def close(self, end: PartEnd, *, is_cut_off: bool) -> None:
        """Composes what is left, and completes the file and the manifest. Raises what stopped the composition.

        After a failure the file is completed with what is in it, if it can be.
        """
        ended_at = self.live.close()
        error = self.live.error
        if error is not None:
            # It may be what cannot be written any more: the failure before tells more than that.
            failure(self._film.close)
        self._report()
        if error is not None:
            self._write_manifest(None, end if is_cut_off else end_of(error))
            raise error
        self._write_manifest(None if is_cut_off else self.live.intake.started_at + round(ended_at), end)

    def _report(self) -> None:
        self._reports.report(pictures=self._film.pictures, composed_ms=self._film.duration_ms)

    def _write_manifest(self, ended_at: int | None, end: PartEnd | None = None) -> None:
        stage = self.live.composition.stage
        about = CompositeFile(
            name=self._name,
            audio_only=self._order.audio_only,
            layout=self._order.layout,
            width=self._order.width,
            height=self._order.height,
            frame_rate=self._order.frame_rate,
            duration_ms=self._film.duration_ms,
            frames=self._film.pictures,
            frames_dropped=self.live.composition.dropped,
            participants=stage.participants,
            has_more_participants=stage.has_more_participants,
            chapters=chapters_of(stage, self._film.duration_ms),
            poster=self._poster.name,
        )
        manifest.write(
            Manifest(
                meeting_id=self._begin.meeting_id,
                recording_id=self._begin.recording_id,
                started_at=self.live.intake.started_at,
                ended_at=ended_at,
                files=(),
                composites=(about,),
                end=end,
            ),
            self._folder,
        )


def chapters_of(stage: Stage, duration_ms: int) -> tuple[Chapter, ...]:
    """Who has spoken when, as the manifest tells it."""
    return tuple(
        Chapter(
            start_ms=round(each.start), speakers=each.speakers, names=tuple(stage.name(who) for who in each.speakers)
        )
        for each in stage.chapters.until(duration_ms)
    )
