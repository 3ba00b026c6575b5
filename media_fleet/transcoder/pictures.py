"""Pictures decoded from one codec and encoded in another."""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import cast

import av
from av.video.frame import PictureType
from av.video.reformatter import Interpolation
from msgspec import Struct

from media_fleet.composer.decoding import PictureDecoder, UndecodableError
from media_fleet.recorder.pictures import Picture
from media_fleet.transcoder.packets import h264_payloads, vp8_payloads

CLOCK_RATE = 90_000
LEAST_RATE, MOST_RATE = 100_000, 3_000_000
"""Bits a second."""
_RATE_AT_0, _RATE_PER_PIXEL = 150_000, 1.7
"""What a picture needs that is worth looking at: 0.7 Mbit/s for 640 x 480, 1.7 for 720p."""
_OTHER_RATE = 0.15
"""An encoder begins anew, with a key frame, for a rate that differs by more than this part."""
LEAST_SIDE = 16
"""Pixels: of smaller pictures no encoder makes anything, and nobody sends them who wants to be seen."""
RATE_AGAIN_S = 2.0
SIZES_AT_ONCE = 3
"""So often the size may change; after that, once in `RATE_AGAIN_S`. Pictures of others are left out meanwhile: each
change is another encoder, and a key frame."""
KEY_AGAIN_S = 0.3
"""Key frames that are asked for follow each other no faster."""
MOST_WAITING = 30
"""Pictures. With more of them waiting, decoding alone does not keep up."""
_SCALING = Interpolation.AREA
_ENCODERS = {"VP8": "libvpx", "H264": "libx264"}


class Payload(Struct, frozen=True, kw_only=True):
    """What goes into a packet. ``timestamp``: of RTP."""

    timestamp: int
    data: bytes
    marker: bool


class PictureTranscoder:
    """Of one track. ``wants_key``: nothing can be decoded before a key frame comes."""

    def __init__(self, taken: str, made: str, *, part: int = 1) -> None:
        """``taken``, ``made``: codecs by their names in `media_fleet.domain.media_formats`. ``part``: so many times
        less wide and high are the pictures that are made."""
        self._taken = taken
        self._decoder = PictureDecoder(taken)
        self._encoder = PictureEncoder(made, part=part)
        self.wants_key = False
        self.made = self.dropped = 0
        self.took_ms = 0.0

    @property
    def needed_bps(self) -> int:
        """What the picture would take if nothing limited it, in bits a second; 0 before the first one."""
        return self._encoder.needed

    def limit(self, bits_per_s: int) -> None:
        """So much may be taken at the most from now on."""
        self._encoder.limit = bits_per_s

    def ask_for_key_frame(self) -> None:
        """The next picture is to be a key frame."""
        self._encoder.wants_key = True

    def take(self, pictures: Sequence[Picture], now: float) -> Iterator[Payload]:
        """What comes of pictures that are there at once, at milliseconds of the clock by which they arrived.

        All are decoded, since others need them; only the last is encoded: whoever is late leaves the others out.
        """
        if len(pictures) > MOST_WAITING:
            self.dropped += len(pictures)
            self.wants_key = True
            return
        began = time.monotonic()
        latest: tuple[Picture, av.VideoFrame] | None = None
        for picture in pictures:
            try:
                frame = _large_enough(self._decoder.decode(picture))
            except UndecodableError:
                self._decoder = PictureDecoder(self._taken)
                self.wants_key = True
                return
            if frame is not None:
                self.dropped += latest is not None
                latest = (picture, frame)
        if latest is None:
            return
        picture, frame = latest
        if not self._encoder.may_take(frame):
            self.dropped += 1
            return
        payloads = self._encoder.encode(frame, picture.timestamp)
        for index, data in enumerate(payloads):
            yield Payload(timestamp=picture.timestamp, data=data, marker=index == len(payloads) - 1)
        self.made += 1
        self.took_ms += now - picture.arrived + (time.monotonic() - began) * 1000


def _large_enough(frame: av.VideoFrame | None) -> av.VideoFrame | None:
    """Raises `UndecodableError`: it is smaller than anything that can be encoded."""
    if frame is not None and min(frame.width, frame.height) < LEAST_SIDE:
        raise UndecodableError
    return frame


class PictureEncoder:
    """One that begins anew for other sizes and rates."""

    def __init__(self, codec: str, *, part: int = 1) -> None:
        self._codec = codec
        self._part = part
        self._context: av.VideoCodecContext | None = None
        self._picture_id = random.getrandbits(15)
        self._first: int | None = None
        self._pts = 0
        self._rate = 0
        self._began_at = self._key_at = float("-inf")
        self._size_changes: deque[float] = deque(maxlen=SIZES_AT_ONCE)
        self.limit = MOST_RATE
        self.needed = 0
        self.wants_key = False

    def may_take(self, frame: av.VideoFrame) -> bool:
        """Whether it is of the size of those before, or sizes may change now."""
        context, size = self._context, self._size_of(frame)
        if context is None or (context.width, context.height) == size:
            return True
        used, most_s = self._size_changes, SIZES_AT_ONCE * RATE_AGAIN_S
        return len(used) < SIZES_AT_ONCE or time.monotonic() - used[0] >= most_s

    def encode(self, frame: av.VideoFrame, timestamp: int) -> list[bytes]:
        """A picture's RTP payloads."""
        width, height = self._size_of(frame)
        if (frame.format.name, frame.width, frame.height) != ("yuv420p", width, height):
            frame = frame.reformat(width=width, height=height, format="yuv420p", interpolation=_SCALING)
        context = self._context_for(frame)
        now = time.monotonic()
        is_key = self.wants_key and now - self._key_at >= KEY_AGAIN_S
        if is_key:
            self.wants_key, self._key_at = False, now
        frame.pict_type = PictureType.I if is_key else PictureType.NONE  # it has that with which it came
        frame.pts, frame.time_base = self._place(timestamp), Fraction(1, CLOCK_RATE)
        picture = b"".join(bytes(packet) for packet in context.encode(frame))
        if self._codec == "H264":
            return list(h264_payloads(picture))
        self._picture_id = (self._picture_id + 1) & 0x7FFF
        return list(vp8_payloads(picture, self._picture_id))

    def _size_of(self, frame: av.VideoFrame) -> tuple[int, int]:
        """The width and height that is made of a frame: odd ones H.264 has not in this form."""
        width, height = max(LEAST_SIDE, frame.width // self._part), max(LEAST_SIDE, frame.height // self._part)
        return width & ~1, height & ~1

    def _place(self, timestamp: int) -> int:
        """Always later than before, and as much later as the timestamps say."""
        if self._first is None:
            self._first = timestamp
        ahead = (timestamp - self._first - self._pts) & 0xFFFFFFFF
        self._pts += ahead if 0 < ahead < 0x80000000 else 1
        return self._pts

    def _context_for(self, frame: av.VideoFrame) -> av.VideoCodecContext:
        self.needed = min(MOST_RATE, round(_RATE_AT_0 + _RATE_PER_PIXEL * frame.width * frame.height))
        rate = max(LEAST_RATE, min(self.needed, self.limit))
        context, now = self._context, time.monotonic()
        if context is not None and (context.width, context.height) == (frame.width, frame.height):
            is_other = abs(rate - self._rate) > _OTHER_RATE * self._rate
            if not is_other or now - self._began_at < RATE_AGAIN_S:
                return context
        elif context is not None:
            self._size_changes.append(now)
        self._rate, self._began_at, self._key_at, self.wants_key = rate, now, now, False
        self._context = _context(_ENCODERS[self._codec], frame.width, frame.height, rate)
        return self._context


def _context(encoder: str, width: int, height: int, rate: int) -> av.VideoCodecContext:
    context = cast(av.VideoCodecContext, av.CodecContext.create(encoder, "w"))
    context.width, context.height = width, height
    context.pix_fmt = "yuv420p"
    context.time_base = Fraction(1, CLOCK_RATE)
    context.framerate = Fraction(30)
    context.bit_rate = rate
    context.gop_size = 3_000  # key frames come when they are asked for
    context.thread_count = 1
    if encoder == "libx264":
        context.profile = "Baseline"
        context.options = {
            "preset": "superfast",
            "tune": "zerolatency",
            "forced-idr": "1",
            "maxrate": str(rate),
            "bufsize": str(rate // 2),
        }
    else:
        context.options = {
            "deadline": "realtime",
            "cpu-used": "-8",
            "lag-in-frames": "0",
            "error-resilient": "default",
            "minrate": str(rate),
            "maxrate": str(rate),
            "bufsize": str(rate // 2),
            "static-thresh": "1",
            "undershoot-pct": "100",
            "overshoot-pct": "15",
        }
        context.qmin, context.qmax = 4, 56
    return context
