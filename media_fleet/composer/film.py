"""The file of a composite recording: H.264 and AAC in MP4.

While it grows it is fragmented, so that what a killed composer leaves can be played up to its last fragment. Once it is
finished, it is put together anew (`media_fleet.recorder.seekable`).
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import OutputContainer
from av.video.frame import PictureType

from media_fleet.composer.mixing import RATE, Sound
from media_fleet.recorder.protocol import CompositeOrder

FRAGMENT_S = 2
"""Between key frames: a killed composer loses so much at the most, and players seek in such steps."""
_FRAGMENTED = {
    "movflags": "empty_moov+default_base_moof+frag_keyframe+delay_moov",
    "frag_duration": str(FRAGMENT_S * 1_000_000),
    "flush_packets": "1",
    "max_interleave_delta": "1000000",
}
"""Sound waits in memory for the pictures beside it: microseconds, not for long where these are left out."""
SOUND_BITS = 128_000
"""A second."""
MOST_BITS = {360: 1_000_000, 720: 2_500_000, 1080: 4_500_000}
"""A second of the picture, by its height."""
_BT601 = 6
"""ITU-T H.273: SMPTE 170M, for primaries, transfer and matrix alike: what browsers' encoders send."""
_LIMITED = 1


class Film:
    """A file that begins at the recording's time 0. Methods raise `OSError` when the disk is full, or broken."""

    def __init__(self, path: Path, order: CompositeOrder) -> None:
        self._container: OutputContainer = av.open(str(path), "w", format="mp4", options=_FRAGMENTED)
        self._picture = None if order.audio_only else picture_stream(self._container, order, _options(order))
        self._sound = sound_stream(self._container)
        self._samples = 0
        self._fragment = -1
        self.pictures = 0
        """How many are in it."""

    @property
    def duration_ms(self) -> int:
        """Of its sound, which has no gaps."""
        return self._samples * 1000 // RATE

    def draw(self, frame: av.VideoFrame, number: int) -> None:
        """Adds a picture; ``number`` counts those that were left out, too."""
        if self._picture is None:
            return
        rate = self._picture.codec_context.framerate
        # Counted in pictures it would be long to the next where most were left out.
        fragment = number // int(FRAGMENT_S * rate)
        frame.pict_type = PictureType.I if fragment != self._fragment else PictureType.NONE
        self._fragment = fragment
        frame.pts, frame.time_base = number, 1 / Fraction(rate)
        self._container.mux(self._picture.encode(frame))
        self.pictures += 1

    def leave_out(self, number: int) -> None:
        """See `Output`: the file's timestamps say so."""

    def play(self, sound: Sound) -> None:
        """Adds what follows of the sound."""
        if not sound.shape[1]:
            return
        frame = sound_frame(sound, self._samples)
        self._samples += sound.shape[1]
        self._container.mux(self._sound.encode(frame))

    def close(self) -> None:
        """Completes the file, with what is in it even where the encoders do not go on."""
        try:
            if self._picture is not None:
                self._container.mux(self._picture.encode(None))
            self._container.mux(self._sound.encode(None))
        finally:
            self._container.close()


def most_bits(height: int) -> int:
    """A second of a picture of so many pixels of height, at the most."""
    return MOST_BITS.get(height, MOST_BITS[1080])


def picture_stream(container: OutputContainer, order: CompositeOrder, options: Mapping[str, str]) -> av.VideoStream:
    """A container's stream of H.264. ``options``: of the encoder, beside or instead of those that all have."""
    stream: av.VideoStream = container.add_stream("libx264", rate=order.frame_rate)
    stream.width, stream.height, stream.pix_fmt = order.width, order.height, "yuv420p"
    stream.options = {"preset": "veryfast", "crf": "23", "bf": "0", **options}
    context = stream.codec_context
    context.thread_count = order.threads
    context.color_primaries = context.color_trc = context.colorspace = _BT601
    context.color_range = _LIMITED
    return stream


def sound_stream(container: OutputContainer) -> av.AudioStream:
    """A container's stream of AAC."""
    stream: av.AudioStream = container.add_stream("aac", rate=RATE)
    stream.codec_context.layout = "stereo"
    stream.codec_context.bit_rate = SOUND_BITS
    return stream


def sound_frame(sound: Sound, at: int) -> av.AudioFrame:
    """What is to be encoded of it; ``at``: how many samples come before."""
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound), format="fltp", layout="stereo")
    frame.sample_rate, frame.pts, frame.time_base = RATE, at, Fraction(1, RATE)
    return frame


def _options(order: CompositeOrder) -> dict[str, str]:
    most = most_bits(order.height)
    return {
        "maxrate": str(most),
        "bufsize": str(2 * most),
        "g": str(2 * FRAGMENT_S * order.frame_rate),
        "forced-idr": "1",
        "rc-lookahead": "10",
    }
