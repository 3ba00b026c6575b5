"""What the tracks carry, decoded: pictures, and sound of 48 kHz stereo."""

from __future__ import annotations

from typing import cast

import av
import numpy as np

from media_fleet.composer.mixing import RATE, Sound
from media_fleet.recorder.pictures import Picture

_DECODERS = {"VP8": "vp8", "VP9": "libvpx-vp9", "H264": "h264", "AV1": "libdav1d"}
"""FFmpeg's own decoder of VP9 shows the first of the layers that come as one picture; libvpx shows the last."""
_SOUND_DECODERS = {
    "opus": ("libopus", RATE, "stereo"),
    "G722": ("g722", 16_000, "mono"),
    "PCMU": ("pcm_mulaw", 8_000, "mono"),
}
MAX_PIXELS = 4_096 * 2_304
"""Of a picture. Nobody sends larger ones, and whoever does must not fill the memory."""
_VP9_HEAD = 12
"""Octets, up to a key frame's size at the most."""
_VP9_PROFILE_2, _VP9_PROFILE_3 = 2, 3


class UndecodableError(Exception):
    """It is no picture, or none without those before it."""


class PictureDecoder:
    """Of one track. A picture comes out at once: nothing is held back for threads."""

    def __init__(self, codec: str, *, most: int = MAX_PIXELS) -> None:
        """``codec``: a name of `media_fleet.domain.media_formats`. ``most``: pixels of a picture."""
        context = cast(av.VideoCodecContext, av.CodecContext.create(_DECODERS[codec], "r"))
        context.thread_count = 1
        # FFmpeg counts with the edges that a decoder needs around a picture.
        context.options = {"max_pixels": str(2 * most)} | ({"max_frame_delay": "1"} if codec == "AV1" else {})
        self._context = context
        self._most = most
        self._is_vp9 = codec == "VP9"

    def decode(self, picture: Picture) -> av.VideoFrame | None:
        """The picture to be shown; None: there is none to be shown yet.

        Raises:
            UndecodableError: the next one must be a key frame.
        """
        if self._is_vp9 and vp9_pixels(picture.data) > self._most:
            raise UndecodableError  # the other decoders look before they take memory for it, libvpx does not
        try:
            frames = self._context.decode(av.Packet(picture.data))
        except av.FFmpegError as error:
            raise UndecodableError from error
        frame = frames[-1] if frames else None
        if frame is not None and frame.width * frame.height > self._most:
            raise UndecodableError
        return frame


def vp9_pixels(data: bytes) -> int:
    """How many pixels a key frame of VP9 says it has (VP9, 6.2 and 7.2). 0: it is no key frame."""
    head = f"{int.from_bytes(data[:_VP9_HEAD]):0{8 * _VP9_HEAD}b}" if len(data) >= _VP9_HEAD else ""
    profile = int(head[3:4] + head[2:3] or "0", 2)
    at = 5 if profile == _VP9_PROFILE_3 else 4
    if head[at : at + 2] != "00":  # show_existing_frame, and not a key frame
        return 0
    at += 4 + 24 + (1 if profile >= _VP9_PROFILE_2 else 0)
    is_rgb = head[at : at + 3] == "111"
    at += 3 + (0 if is_rgb else 1) + ((1 if is_rgb else 3) if profile % 2 else 0)
    return (int(head[at : at + 16], 2) + 1) * (int(head[at + 16 : at + 32], 2) + 1)


class SoundDecoder:
    """Of one track: Opus (RFC 7587), G.711 or G.722, mono or stereo; it is decoded as stereo."""

    def __init__(self, codec: str) -> None:
        """``codec``: a name of `media_fleet.domain.media_formats`."""
        decoder, rate, layout = _SOUND_DECODERS[codec]
        self._context = cast(av.AudioCodecContext, av.CodecContext.create(decoder, "r"))
        self._context.format = "s16"
        self._context.layout = layout
        self._context.sample_rate = rate
        self._resampler = None if rate == RATE else av.AudioResampler(format="s16", layout="mono", rate=RATE)

    def decode(self, packet: Picture) -> Sound:
        """The sound of a packet; none, if it is not of the codec."""
        try:
            frames = self._context.decode(av.Packet(packet.data))
        except av.FFmpegError:
            frames = []
        if self._resampler is not None:
            frames = [made for frame in frames for made in self._resampler.resample(frame)]
        sounds = [_as_floats(frame) for frame in frames]
        return np.concatenate(sounds, axis=1) if sounds else np.zeros((2, 0), np.float32)


def _as_floats(frame: av.AudioFrame) -> Sound:
    samples = frame.to_ndarray()
    channels = len(frame.layout.channels)
    planar = samples if frame.format.is_planar else samples.reshape(-1, channels).T
    floats = planar.astype(np.float32) * np.float32(1 / 32_768 if planar.dtype == np.int16 else 1)
    return np.repeat(floats, 2, axis=0) if channels == 1 else floats[:2]
