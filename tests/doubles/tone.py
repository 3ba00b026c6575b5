"""A microphone for aiortc that sounds: its own `AudioStreamTrack` is silent, and nodes forward no silence."""

from __future__ import annotations

import math
from array import array

from aiortc.mediastreams import AudioStreamTrack
from av import AudioFrame

_FREQUENCY = 440.0


class Tone(AudioStreamTrack):
    """A sine. ``level``: in dBov (RFC 6464), -3 at the loudest; None for silence. It may be changed at any time."""

    def __init__(self, level: float | None = -20.0, frequency: float = _FREQUENCY) -> None:
        super().__init__()
        self.level = level
        self._frequency = frequency
        self._phase = 0.0

    async def recv(self) -> AudioFrame:
        """The next 20 ms."""
        frame = await super().recv()
        assert isinstance(frame, AudioFrame)
        if self.level is not None:
            amplitude = 32767 * math.sqrt(2) * 10 ** (self.level / 20)
            step = 2 * math.pi * self._frequency / frame.sample_rate
            wave = (round(amplitude * math.sin(self._phase + index * step)) for index in range(frame.samples))
            frame.planes[0].update(array("h", wave).tobytes())
            self._phase = (self._phase + frame.samples * step) % (2 * math.pi)
        return frame
