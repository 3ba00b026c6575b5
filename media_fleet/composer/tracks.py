"""A track in a composite recording: what is received waits here, encoded, until the composition has come to it."""

from __future__ import annotations

import time
from collections import deque

import av
from aiortc.rtp import RtpPacket

from contracts.rooms import TrackSource
from media_fleet.composer.canvas import turned
from media_fleet.composer.decoding import PictureDecoder, SoundDecoder, UndecodableError
from media_fleet.composer.levelling import Levelling
from media_fleet.composer.mixing import RATE, Sound, Voice, place_at
from media_fleet.recorder.pictures import Picture
from media_fleet.recorder.protocol import TrackBegun
from media_fleet.recorder.reception import Reception
from media_fleet.recorder.reordering import GIVE_UP_MS

APART_MS = 1_000.0
"""A picture that belongs so far from its arrival by the publisher's clock goes by its arrival: the clock has leapt."""
FROZEN_MS = 5_000.0
"""A camera from which nothing has come for so long shows nobody."""
MAX_WAITING = 16 * 1024 * 1024
"""Octets of a track that wait to be composed: some seconds of the best picture. What comes then is left out."""
MOST_DUE = 30
"""Pictures of a track that belong to one of the composition's. Of more, which only a clock that leaps makes, or who
wants to hold others up, none is decoded before the next key frame."""
SHARE = 0.6
"""Of the composition's time, that one track may take of a processor for decoding."""
MOST_OWED_MS = 300.0
"""By so much it may take more than that for a while."""
RESTS_MS = 2_000.0
"""For so long nothing of it is decoded then, and what stands of it goes on standing."""
_OVERHEAD = 256
"""Octets that a picture takes beside its data, or a packet of sound."""


class ReceivedTrack:
    """Times are milliseconds since the recording began.

    Packets come in by one thread, and what is due goes out by another: `receive` and `due` may run at the same time.
    """

    def __init__(self, begun: TrackBegun, give_up_ms: float = GIVE_UP_MS) -> None:
        """``give_up_ms``: how long a packet that was lost is waited for."""
        self.participant_id = begun.participant_id
        self.source = begun.source
        self.codec = begun.codec
        self.reception = Reception(begun.codec, begun.clock_rate, give_up_ms)
        self._waiting: deque[tuple[float, Picture]] = deque()
        """With their positions on the track's timeline."""
        self._kept = self._gone = 0
        """Octets that were put there, and that were taken away: each is counted by one thread."""
        self.is_wanted = True
        """Whether key frames are to be asked for."""

    def receive(self, packet: RtpPacket, now: float) -> None:
        """A media packet."""
        self._keep(self.reception.receive(packet, now))

    def tick(self, now: float) -> None:
        """Gives up what has not come."""
        self._keep(self.reception.due(now))

    def missing(self, now: float) -> list[int]:
        """Packets to ask for now."""
        return self.reception.missing(now)

    def wants_key_frame(self, now: float) -> bool:
        """Whether to ask for a key frame now."""
        return self.is_wanted and self.reception.wants_key_frame(now)

    def sender_report(self, ntp: int, timestamp: int) -> None:
        """What the publisher's clock says at an RTP timestamp."""
        self.reception.sender_report(ntp, timestamp)

    def take(self, until: float, along: Seat | None) -> list[tuple[float, Picture]]:
        """What lies before ``until``, with its time. ``along``: the sound with which it goes; None: none."""
        taken = []
        while self._waiting:
            position, picture = self._waiting[0]
            at = self._time_of(position, along)
            if at >= until:
                break
            self._drop()
            taken.append((at, picture))
        return taken

    def forget(self) -> None:
        """What waits is not wanted; nothing comes before the next key frame."""
        self.reception.begin_anew()
        while self._waiting:
            self._drop()

    def _drop(self) -> None:
        self._gone += _octets(self._waiting.popleft()[1])

    def _keep(self, pictures: list[Picture]) -> None:
        for picture in pictures:
            position = self.reception.timeline.place(picture.timestamp, picture.arrived)
            if self._kept - self._gone + _octets(picture) > MAX_WAITING:
                self.reception.begin_anew()
                return
            self._kept += _octets(picture)
            self._waiting.append((position, picture))

    def _time_of(self, position: float, along: Seat | None) -> float:
        by_arrival = self.reception.timeline.start + position
        if along is None or self.reception.publisher_clock_ms is None:
            return by_arrival
        by_clock = along.time_of(self.reception.publisher_clock_ms + position)
        return by_arrival if by_clock is None or abs(by_clock - by_arrival) > APART_MS else by_clock


class Seat:
    """A participant's sound, where it lies in the mix: their pictures go by it (RFC 3550, 6.4.1)."""

    def __init__(self, track: ReceivedTrack) -> None:
        self._reception = track.reception
        self.voice = Voice()

    def time_of(self, publisher_ms: float) -> float | None:
        """When that is heard which the publisher's clock places there; None: it has not told what its clock says."""
        clock = self._reception.publisher_clock_ms
        if clock is None or not self._reception.timeline.has_begun:
            return None
        return self._reception.timeline.start + publisher_ms - clock + self.voice.shift * 1000 / RATE


class SoundTrack:
    """A microphone, or what a shared screen lets hear."""

    def __init__(self, received: ReceivedTrack) -> None:
        self.received = received
        self.seat = Seat(received)
        self._decoder = SoundDecoder(received.codec)
        # What a screen plays is as loud as it was made; of people nobody is to be louder than the others.
        self._levelling = Levelling() if received.source is TrackSource.MICROPHONE else None

    @property
    def voice(self) -> Voice:
        return self.seat.voice

    def decode(self, until: float) -> None:
        """Puts what lies before ``until`` to the voice."""
        for at, packet in self.received.take(until, None):
            self.voice.put(place_at(at), self._decoder.decode(packet))

    def levelled(self, heard: Sound) -> Sound:
        """20 ms of the voice, as loud as they are to be in the mix."""
        return heard if self._levelling is None else self._levelling.put(heard)


class PictureTrack:
    """A camera, or a shared screen."""

    def __init__(self, received: ReceivedTrack, codec: str, *, muted: bool) -> None:
        self.received = received
        self.muted = muted
        self._codec = codec
        self._decoder = PictureDecoder(codec)
        self._owes_ms = 0.0
        self._decoded_until = self._rests_until = float("-inf")
        self.frame: av.VideoFrame | None = None
        """The picture to be seen now."""
        self.seen_at = float("-inf")
        """When it last had a place. For cameras."""

    def decode(self, until: float, along: Seat | None) -> None:
        """Shows the last picture that lies before ``until``. None of those that come while it is muted.

        A track that takes too long rests, so that it holds up no other: see `SHARE`.
        """
        if until < self._rests_until:
            self.skip()
            return
        self.received.is_wanted = True
        due = self.received.take(until, along)
        if len(due) > MOST_DUE:
            self._give_up()
            return
        owed_ms = max(0.0, self._owes_ms - SHARE * (until - self._decoded_until))
        self._decoded_until, began = until, time.thread_time()
        latest: tuple[av.VideoFrame, int] | None = None
        for _, picture in due:
            self._owes_ms = owed_ms + _ms_since(began)
            if self._owes_ms > MOST_OWED_MS:
                self._rests_until = until + RESTS_MS
                self._give_up()
                break
            try:
                decoded = self._decoder.decode(picture)
            except UndecodableError:
                self._give_up()
                break
            latest = latest if decoded is None else (decoded, picture.turns)
        if due and self.muted:
            self.frame = None
        elif latest is not None:
            self.frame = turned(*latest)  # not those before, which nobody sees: it takes longer than decoding
        self._owes_ms = owed_ms + _ms_since(began)

    def _give_up(self) -> None:
        self._decoder = PictureDecoder(self._codec)
        self.received.forget()

    def skip(self) -> None:
        """What has come is not decoded, and no key frame asked for until it is again."""
        self.received.is_wanted = False
        self.received.forget()

    def rest(self) -> None:
        """Nobody sees it."""
        self.frame = None
        self.skip()

    def is_shown(self, now: float) -> bool:
        """Whether there is a picture to be shown now."""
        return self.frame is not None and self.is_on(now)

    def is_on(self, now: float) -> bool:
        """Whether there is a picture to be had. A shared screen on which nothing moves may send none for long."""
        is_screen = self.received.source is TrackSource.SCREEN
        return not self.muted and (is_screen or now - self.received.reception.heard_at < FROZEN_MS)


def _ms_since(began: float) -> float:
    """Of a processor, by this thread: what others of the machine take is not the track's fault."""
    return (time.thread_time() - began) * 1000


def _octets(picture: Picture) -> int:
    return len(picture.data) + _OVERHEAD
