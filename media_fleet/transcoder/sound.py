"""Sound decoded from one codec and encoded in another, in packets of 20 ms."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import cast

import av
import numpy as np
import numpy.typing as npt
from msgspec import Struct

from media_fleet.composer.decoding import SoundDecoder
from media_fleet.composer.mixing import RATE
from media_fleet.recorder.pictures import Picture
from media_fleet.transcoder.pictures import Payload

PACKETS_PER_S = 50
_FILLED_S = 0.12
"""What is missing for so long is silence; where more is, sound begins anew."""
_NEAR_S = 0.02
"""Where packets lie by their timestamps and by what has been decoded differs by so much at the most."""

Samples = npt.NDArray[np.int16]
_NOTHING: Samples = np.zeros(0, np.int16)


class _Made(Struct, frozen=True, kw_only=True):
    encoder: str
    sample_rate: int
    clock_rate: int
    bit_rate: int | None = None


_MADE = {
    "opus": _Made(encoder="libopus", sample_rate=48_000, clock_rate=48_000, bit_rate=32_000),
    "G722": _Made(encoder="g722", sample_rate=16_000, clock_rate=8_000),
    "PCMU": _Made(encoder="pcm_mulaw", sample_rate=8_000, clock_rate=8_000),
}


class SoundTranscoder:
    """Of one track; what it makes is mono."""

    def __init__(self, taken: str, clock_rate: int, made: str) -> None:
        """``clock_rate``: of what comes."""
        self._decoder = SoundDecoder(taken)
        self._clock_rate = clock_rate
        self._made = _MADE[made]
        self._encoder = _encoder(self._made)
        self._resampler = _resampler(self._made)
        self._samples_per_packet = self._made.sample_rate // PACKETS_PER_S
        self._first = random.getrandbits(32)
        self._highest: int | None = None
        self._start: int | None = None
        """Where the first of the samples that wait lies."""
        self._waiting: Samples = _NOTHING
        self._begins = True
        self.sound_ms = 0.0

    def timestamp_of(self, timestamp: int) -> int | None:
        """What a timestamp of what comes is in what is made. None: nothing has come."""
        if self._highest is None:
            return None
        return self._stamp(self._place(timestamp))

    def take(self, packet: Picture) -> Iterator[Payload]:
        """What comes of a packet."""
        if self._highest is None:
            self._highest = packet.timestamp
        at = self._place(packet.timestamp)
        self._highest = max(self._highest, self._extended(packet.timestamp))
        place = self._go_to(at)
        self._waiting = np.concatenate((self._waiting, self._decoded(packet)))
        size = self._samples_per_packet
        while len(self._waiting) >= size:
            samples, self._waiting = self._waiting[:size], self._waiting[size:]
            self.sound_ms += 1000 / PACKETS_PER_S
            for data in self._encoded(samples):
                yield Payload(timestamp=self._stamp(place), data=data, marker=self._begins)
                self._begins = False
            place += size
        self._start = place

    def _go_to(self, at: int) -> int:
        """What comes next lies there; where the first of the samples that wait does."""
        if self._start is not None:
            ahead = at - (self._start + len(self._waiting))
            if abs(ahead) <= _NEAR_S * self._made.sample_rate:
                return self._start
            if 0 < ahead <= _FILLED_S * self._made.sample_rate:
                self._waiting = np.concatenate((self._waiting, np.zeros(ahead, np.int16)))
                return self._start
        self._waiting, self._begins = _NOTHING, True
        self._resampler = _resampler(self._made)
        return at

    def _decoded(self, packet: Picture) -> Samples:
        sound = self._decoder.decode(packet)
        if not sound.shape[1]:
            return _NOTHING
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound), format="fltp", layout="stereo")
        frame.sample_rate = RATE
        return np.concatenate([each.to_ndarray()[0] for each in self._resampler.resample(frame)] or [_NOTHING])

    def _encoded(self, samples: Samples) -> Iterator[bytes]:
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = self._made.sample_rate
        for packet in self._encoder.encode(frame):
            yield bytes(packet)

    def _place(self, timestamp: int) -> int:
        """In samples of what is made."""
        return self._extended(timestamp) * self._made.sample_rate // self._clock_rate

    def _stamp(self, place: int) -> int:
        return (self._first + place * self._made.clock_rate // self._made.sample_rate) & 0xFFFFFFFF

    def _extended(self, timestamp: int) -> int:
        highest = self._highest or 0
        distance = (timestamp - highest) & 0xFFFFFFFF
        return highest + (distance if distance < 0x80000000 else distance - 0x100000000)


def _encoder(made: _Made) -> av.AudioCodecContext:
    context = cast(av.AudioCodecContext, av.CodecContext.create(made.encoder, "w"))
    context.sample_rate = made.sample_rate
    context.layout = "mono"
    context.format = "s16"
    if made.bit_rate is not None:
        context.bit_rate = made.bit_rate
        context.options = {"application": "voip", "frame_duration": "20"}
    return context


def _resampler(made: _Made) -> av.AudioResampler:
    return av.AudioResampler(format="s16", layout="mono", rate=made.sample_rate)
