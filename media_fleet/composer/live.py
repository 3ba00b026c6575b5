"""A meeting that is composed while it happens: packets come in by one thread, and another makes pictures of them."""

from __future__ import annotations

import threading
from collections.abc import Callable

import av

from contracts.rooms import TrackKind
from media_fleet.composer.composition import Composition, Output, give_up_ms
from media_fleet.composer.drawing import Drawing
from media_fleet.composer.poster import Poster
from media_fleet.composer.stage import Stage
from media_fleet.composer.tracks import PictureTrack, ReceivedTrack, SoundTrack
from media_fleet.recorder.intake import Intake
from media_fleet.recorder.path_to_node import RecorderError
from media_fleet.recorder.protocol import (
    CompositeOrder,
    PeopleChanged,
    Progress,
    Route,
    ToBroadcaster,
    ToRecorder,
    TrackBegun,
    TrackMuted,
    TrackOver,
)

REPORT_AGAIN_MS = 2_000.0
TICK_S = 0.01


class LiveComposition:
    """The path to the node, the meeting's tracks, and what is made of them. Times are milliseconds since it began."""

    def __init__(
        self,
        route: Route,
        order: CompositeOrder,
        output: Output,
        drawing: Drawing | None,
        poster: Poster | None = None,
    ) -> None:
        self.intake = Intake(route)
        self.composition = Composition(order, output, drawing, poster)
        self.error: Exception | None = None
        """What has stopped it, in the words of the recorders' family of errors."""
        self._order = order
        self._tracks: dict[int, ReceivedTrack] = {}
        self._stopping = threading.Event()
        self.thread = threading.Thread(target=self._compose, name="composition", daemon=True)

    def open(self) -> None:
        """Returns when the node has answered. Raises `RecorderError`: it does not."""
        self.intake.open()

    def tell(self, message: ToRecorder | ToBroadcaster) -> None:
        """Tracks and people come, go, and are muted."""
        if isinstance(message, TrackBegun):
            self._begin_track(message)
        elif isinstance(message, TrackMuted):
            self.happens(lambda stage: stage.mute(message.ssrc, muted=message.muted))
        elif isinstance(message, TrackOver):
            self._tracks.pop(message.ssrc, None)
            self.happens(lambda stage: stage.remove(message.ssrc))
        elif isinstance(message, PeopleChanged):
            self.happens(lambda stage: stage.people_are(message.people))

    def happens(self, happening: Callable[[Stage], None]) -> None:
        """Something changes in the meeting, now."""
        self.composition.happens(self.intake.now, happening)

    def work(self) -> None:
        """Takes what has come, and asks for what has not. Raises what stopped the composition."""
        if self.error is not None:
            raise self.error
        self.intake.work(self._tracks)

    def close(self, *, with_rest: bool = True) -> float:
        """Composes what is left, unless nobody waits for that. When that was; `error` tells whether it could be."""
        ended_at = self.intake.now
        self._stopping.set()
        if self.thread.ident is not None:
            self.thread.join()
        self.intake.close()
        if self.error is None:
            until = ended_at if with_rest else float("-inf")
            self.error = failure(lambda: self.composition.complete(until, lambda: self.intake.now))
        return ended_at

    def _begin_track(self, begun: TrackBegun) -> None:
        if begun.source.kind is TrackKind.VIDEO and self._order.audio_only:
            return
        received = self._tracks[begun.ssrc] = ReceivedTrack(begun, give_up_ms(self._order))

        def add(stage: Stage) -> None:
            is_sound = begun.source.kind is TrackKind.AUDIO
            track = SoundTrack(received) if is_sound else PictureTrack(received, begun.codec, muted=begun.muted)
            stage.add(begun.ssrc, track)

        self.happens(add)

    def _compose(self) -> None:
        self.error = failure(self._compose_on)

    def _compose_on(self) -> None:
        while not self._stopping.is_set():
            if not self.composition.compose(self.intake.now):
                self._stopping.wait(TICK_S)


class Reports:
    """From time to time, how far a composition has come since the last report."""

    def __init__(self, live: LiveComposition, say: Callable[[Progress], None]) -> None:
        self._live = live
        self._say = say
        self._reported_at = float("-inf")
        self._told_ms = self._told_pictures = self._told_dropped = 0

    @property
    def is_due(self) -> bool:
        """Whether it is time for one."""
        return self._live.intake.now - self._reported_at >= REPORT_AGAIN_MS

    def report(self, *, pictures: int, composed_ms: int) -> None:
        """Tells what has been made so far."""
        now, composition = self._live.intake.now, self._live.composition
        self._reported_at = now
        self._say(
            Progress(
                recorded_ms=composed_ms - self._told_ms,
                pictures=pictures - self._told_pictures,
                dropped=composition.dropped - self._told_dropped,
                behind_ms=round(composition.behind(now)),
            )
        )
        self._told_ms, self._told_pictures, self._told_dropped = composed_ms, pictures, composition.dropped


def failure(work: Callable[[], None]) -> Exception | None:
    """Why some work cannot be done, in the words of the recorders' family of errors; None: it is done."""
    try:
        work()
    except (OSError, av.FFmpegError) as error:
        return error
    except Exception as error:  # noqa: BLE001 - it ends the process, by the thread that can
        return RecorderError(f"the composition has failed: {error!r}")
    return None
