"""What a listener is sent: a mix that is limited and encoded, in packets of 20 ms, and none where nothing is said."""

from __future__ import annotations

import av
import numpy as np

from media_fleet.composer.mixing import PIECE as AHEAD
from media_fleet.composer.mixing import RATE, Limiter, Sound
from media_fleet.mixer.mix import PIECE, is_silent, mono

BIT_RATE = 24_000
"""Of Opus: wideband speech at its best (RFC 7587, 3.1.1: 16 to 20 kbit/s), and room for what repairs it."""
EXPECTED_LOSS = 10
"""Per cent of packets that may be lost: for so much the encoder puts a coarse copy of each frame into the next one
(in-band FEC). Who listens to a mix for want of bandwidth has a path that loses some, and is sent nothing again."""
ENDING = 20
"""Pieces. Silence goes on for so long after a sound, so that a decoder that is left alone has faded out. FFmpeg's
encoder has no discontinuous transmission; what is silent is not sent at all."""
_NOTHING: Sound = np.zeros((2, PIECE), np.float32)


class Outlet:
    """One encoder, and the limiter before it."""

    def __init__(self, before: Sound | None = None) -> None:
        """``before``: the piece that came before the first one, where this one goes on for another outlet."""
        self._limiter = Limiter()
        # With it each piece that is put comes out as one, 5 ms later.
        self._limiter.put((_NOTHING if before is None else before)[:, -AHEAD:])
        self._encoder = _encoder()
        self._silent = ENDING

    def put(self, sound: Sound | None) -> bytes:
        """A packet of Opus that a piece comes to; empty: there is nothing to send."""
        self._silent = self._silent + 1 if is_silent(sound) else 0
        limited = self._limiter.put(_NOTHING if sound is None else sound)
        return b"" if self._silent > ENDING else self._encoded(limited)

    def _encoded(self, sound: Sound) -> bytes:
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(mono(sound)), format="flt", layout="mono")
        frame.sample_rate = RATE
        return b"".join(bytes(packet) for packet in self._encoder.encode(frame))


def _encoder() -> av.AudioCodecContext:
    context = av.CodecContext.create("libopus", "w")
    context.sample_rate = RATE
    context.layout = "mono"
    context.format = "flt"
    context.bit_rate = BIT_RATE
    context.options = {
        "application": "voip",
        "frame_duration": "20",
        "fec": "1",
        "packet_loss": str(EXPECTED_LOSS),
    }
    return context
