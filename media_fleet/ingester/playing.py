"""When what is decoded is sent: at its time, as it is played; and which pictures are left out."""

from __future__ import annotations

import asyncio
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from fractions import Fraction
from typing import Any, Final

import av
from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError

from media_fleet.ingester.decoding import LEAST_APART_S, RATE, SAMPLES, Decoded, Scaling

AHEAD_S: Final = 0.4
MOST_AHEAD_S: Final = 3.0
"""So far ahead of its time both picture and sound are decoded, and one of them at the most while the other does not
come."""
HELD_S: Final = 0.25
"""How long what has come first is held, so that what comes less regularly is not late."""
LATE_S: Final = 0.1
"""A picture that is later than that when it is decoded is left out, if it is not the first for long."""
MOST_LATE_S: Final = 0.5
"""What lies further from its time, or further ahead than `MOST_AHEAD_S`, moves the time: something was waited for, or
left out."""
_MOST_HELD_S: Final = MOST_AHEAD_S + 2 * MOST_LATE_S
"""What waits to be sent is no longer than that: more is there only if nobody sends it."""
_PICTURE_RATE: Final = 90_000


class Clock:
    """When something that has a time in a stream is due. By any thread. ``now`` is a monotonic clock's seconds."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._zero: float | None = None
        self._began = now()
        self._lock = threading.Lock()

    def now(self) -> float:
        """The monotonic clock's seconds."""
        return self._now()

    def due(self, at: float, after: float = 0.0) -> float:
        """When it is to be sent, by the monotonic clock. ``after``: when what comes before it has been.

        Where the time in the stream jumps, it goes on from ``after``: however often it jumps, nothing is sent faster.
        """
        with self._lock:
            now = self._now()
            if self._zero is None or not -MOST_LATE_S <= self._zero + at - now <= MOST_AHEAD_S + MOST_LATE_S:
                self._zero = max(now + HELD_S, after) - at
            return self._zero + at

    def since_beginning(self, due: float) -> float:
        """How many seconds after this clock's beginning that is."""
        return max(0.0, due - self._began)


class _Due:
    """What is to be sent, and when."""

    __slots__ = ("due", "frame")

    def __init__(self, due: float, frame: Any) -> None:
        self.due = due
        self.frame = frame


class PlayedTrack(MediaStreamTrack, ABC):
    """One of the tracks of a peer connection. What is put is given at its time; None ends it."""

    def __init__(self, kind: str, clock: Clock, lasts: float) -> None:
        """``lasts``: how many seconds what is put lasts at the least."""
        super().__init__()
        self.kind = kind
        self.lasts = lasts
        self._clock = clock
        self._most = round(_MOST_HELD_S / lasts)
        self._queue: deque[_Due | None] = deque()
        self._news = asyncio.Event()
        self.sent = self.dropped = 0

    def put(self, due: float, frame: Any) -> None:
        """Something to be sent at a time of the clock. In the event loop's thread."""
        if len(self._queue) >= self._most:
            self._queue.popleft()
            self.dropped += 1
        self._queue.append(_Due(due, frame))
        self._news.set()

    def end(self) -> None:
        """Nothing follows. In the event loop's thread."""
        self._queue.append(None)
        self._news.set()

    async def recv(self) -> Any:
        """See `aiortc.MediaStreamTrack`."""
        while True:
            item = await self._next()
            wait = item.due - self._clock.now()
            if wait > 0:
                await asyncio.sleep(wait)
            elif self._is_late():
                self.dropped += 1
                continue
            self.sent += 1
            return self._stamped(item)

    def _is_late(self) -> bool:
        """Whether something is left out that is due. Sound never is."""
        return False

    @abstractmethod
    def _stamped(self, item: _Due) -> Any:
        """What is due, with the time that the track gives it."""

    async def _next(self) -> _Due:
        while not self._queue:
            self._news.clear()
            await self._news.wait()
        item = self._queue.popleft()
        if item is None:
            self.stop()
            raise MediaStreamError
        return item


class PictureTrack(PlayedTrack):
    """A picture is left out if the one after it is due as well."""

    def __init__(self, clock: Clock) -> None:
        super().__init__("video", clock, LEAST_APART_S)

    def _is_late(self) -> bool:
        following = self._queue[0] if self._queue else None
        return following is not None and following.due <= self._clock.now()

    def _stamped(self, item: _Due) -> Any:
        frame = item.frame
        frame.pts = round(self._clock.since_beginning(item.due) * _PICTURE_RATE)
        frame.time_base = Fraction(1, _PICTURE_RATE)
        return frame


class SoundTrack(PlayedTrack):
    """Packets of 20 ms, numbered without gaps as long as they follow each other."""

    def __init__(self, clock: Clock) -> None:
        super().__init__("audio", clock, SAMPLES / RATE)
        self._place: int | None = None

    def _stamped(self, item: _Due) -> Any:
        place = round(self._clock.since_beginning(item.due) * RATE)
        if self._place is None or abs(place - self._place) > RATE // 20:
            self._place = place if self._place is None else max(place, self._place)
        item.frame.pts, item.frame.time_base = self._place, Fraction(1, RATE)
        self._place += item.frame.samples
        return item.frame


class Player:
    """Decodes in a thread of its own and gives the tracks what they send. ``loop``: the tracks'."""

    def __init__(
        self,
        frames: Callable[[], Any],
        picture: PictureTrack | None,
        sound: SoundTrack | None,
        *,
        clock: Clock,
        scaling: Scaling,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        """``frames``: what is to be played, an iterator of `Decoded`, from another thread."""
        self._frames = frames
        self._picture = picture
        self._sound = sound
        self._clock = clock
        self._scaling = scaling
        self._loop = loop
        self._latest: dict[PlayedTrack, float] = {}
        """When what was decoded last of each track is due."""
        self._open = threading.Event()
        """Set once what is decoded is sent; before that it is thrown away, or waits."""
        self.ended: asyncio.Future[None] = loop.create_future()

    def begin(self, *, discards: bool) -> None:
        """Begins to decode. ``discards``: what comes before `send` is of no use then, and nothing waits for it."""
        threading.Thread(target=self._run, args=(discards,), name="decoder", daemon=True).start()

    def send(self) -> None:
        """What comes from now on is sent."""
        self._open.set()

    def _run(self, discards: bool) -> None:  # noqa: FBT001 - a thread's argument
        try:
            if not discards:
                self._open.wait()
            last = 0.0
            for each in self._frames():
                if self._open.is_set():
                    last = self._take(each)
            time.sleep(max(0.0, last - time.monotonic()))
        except BaseException as error:  # noqa: BLE001 - whoever waits for the end is told, whatever it was
            self._loop.call_soon_threadsafe(self._end, error)
        else:
            self._loop.call_soon_threadsafe(self._end, None)

    def _take(self, each: Decoded) -> float:
        """Gives it to its track, and waits while enough is there. When it is due."""
        track = self._picture if isinstance(each.frame, av.VideoFrame) else self._sound
        if track is None:
            return self._clock.due(each.at)
        after = self._latest[track] + track.lasts if track in self._latest else 0.0
        due = self._clock.due(each.at, after)
        if after - due > MOST_LATE_S:  # there is more of it than its time has room for
            track.dropped += 1
            time.sleep(track.lasts)
            return after
        due = max(due, after)
        frame = each.frame
        if isinstance(frame, av.VideoFrame):
            if due < time.monotonic() - LATE_S and self._latest.get(track, 0.0) > time.monotonic() - MOST_LATE_S:
                track.dropped += 1
                return due
            frame = self._scaling.scaled(frame)
        self._loop.call_soon_threadsafe(track.put, due, frame)
        self._latest[track] = due
        self._wait()
        return due

    def _wait(self) -> None:
        """Until something is to be decoded again: also where the one comes in the file long before the other."""
        tracks = [each for each in (self._picture, self._sound) if each is not None]
        latest = [self._latest.get(each, 0.0) for each in tracks]
        wait = max(min(latest) - AHEAD_S, max(latest) - MOST_AHEAD_S) - time.monotonic()
        if wait > 0:
            time.sleep(wait)

    def _end(self, error: BaseException | None) -> None:
        for track in (self._picture, self._sound):
            if track is not None:
                track.end()
        if self.ended.done():
            return
        if error is None:
            self.ended.set_result(None)
        else:
            self.ended.set_exception(error)
