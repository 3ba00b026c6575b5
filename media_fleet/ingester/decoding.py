"""Pictures and sound of a file, decoded: each with its time in seconds, from the first of them on.

Only formats that refer to nothing else are read, and only by codecs that people use: what comes is a stranger's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, TypeAlias, cast

import av
from av.video.frame import PictureType
from msgspec import Struct

from contracts.ingesting import IngressFailure
from media_fleet.ingester.errors import SourceError

FORMATS: Final = ("mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "mpegts", "flv", "ogg", "mp3", "aac", "flac", "wav")
PICTURES: Final = frozenset({"h264", "hevc", "vp8", "vp9", "av1", "libdav1d", "mpeg4", "theora"})
SOUND: Final = frozenset(
    {
        "aac",
        "mp3",
        "mp3float",
        "opus",
        "libopus",
        "vorbis",
        "flac",
        "pcm_s16le",
        "pcm_s24le",
        "pcm_f32le",
        "ac3",
        "alac",
    }
)
MOST_PIXELS: Final = 4_096 * 2_304
PROBED: Final = 5_000_000
"""Octets that are read to find out what is there."""
PROBED_US: Final = 5_000_000
RATE: Final = 48_000
SAMPLES: Final = RATE // 50
"""Of a packet of sound: 20 ms."""
MOST_FRAMES: Final = 30
"""Pictures a second that are sent on."""
LEAST_APART_S: Final = 0.9 / MOST_FRAMES
"""Pictures that lie less apart are more than are sent on."""
MOST_STREAMS: Final = 32
"""In one file: films have some sounds and many subtitles."""
_GAP_S: Final = 0.1
"""Where sound lies by its timestamps, and by how much of it has come, differs by so much at the most."""
_MOST_BROKEN: Final = 200
"""Packets in a row that cannot be decoded, before it is given up."""
_LEAST_SIDE: Final = 16
_BOUNDS: Final = {"max_pixels": str(MOST_PIXELS)}
"""A decoder's, so that it makes no room for a picture that is not taken."""


class Decoded(Struct, frozen=True):
    """A picture, or 20 ms of sound. ``at``: seconds."""

    at: float
    frame: av.VideoFrame | av.AudioFrame


_Stream: TypeAlias = "av.VideoStream | av.AudioStream"


class Decoding:
    """One file, from its beginning. ``file``: has ``read``, and ``seek`` and ``tell`` where one can go about in it."""

    def __init__(self, file: Any, *, form: str | None = None) -> None:
        """Waits for its beginning. ``form``: its format; None: that is to be found out.

        Raises:
            SourceError: it cannot be read, or there is nothing in it.
        """
        options = {
            "format_whitelist": ",".join(FORMATS),
            "protocol_whitelist": "none",
            "codec_whitelist": ",".join(sorted(PICTURES | SOUND)),
            "max_streams": str(MOST_STREAMS),
            "probesize": str(PROBED),
            "analyzeduration": str(PROBED_US),
            **_BOUNDS,
        }
        try:
            opened = av.open(file, "r", format=form, options=options, metadata_errors="ignore")
        except (av.FFmpegError, ValueError):
            raise SourceError(IngressFailure.NOTHING_TO_PLAY) from None
        self._container = cast(av.container.InputContainer, opened)
        self.picture = _usable(self._container.streams.video, PICTURES)
        self.sound = _usable(self._container.streams.audio, SOUND)
        self._streams: list[_Stream] = [each for each in (self.picture, self.sound) if each is not None]
        if not self._streams:
            raise SourceError(IngressFailure.NOTHING_TO_PLAY)
        if isinstance(self.picture, av.VideoStream) and self.picture.width * self.picture.height > MOST_PIXELS:
            raise SourceError(IngressFailure.TOO_LARGE)
        self._first: float | None = None
        self._sound = _Sound()
        self._last_picture = float("-inf")

    def frames(self) -> Iterator[Decoded]:
        """All of it, in the order of the file. Raises `SourceError`: it breaks off."""
        broken = 0
        try:
            for packet in self._container.demux(*self._streams):
                try:
                    decoded = packet.decode()
                except (av.InvalidDataError, av.PatchWelcomeError, av.ArgumentError):  # too large is the last of them
                    broken += 1
                    if broken > _MOST_BROKEN:
                        raise SourceError(IngressFailure.GARBLED) from None
                    continue
                broken = 0
                for frame in decoded:
                    yield from self._taken(frame)
        except av.FFmpegError:
            raise SourceError(IngressFailure.CLOSED) from None

    def _taken(self, frame: Any) -> Iterator[Decoded]:
        if frame.time is None:
            return
        if self._first is None:
            self._first = frame.time
        at = frame.time - self._first
        if isinstance(frame, av.AudioFrame):
            yield from self._sound.taken(frame, at)
        elif isinstance(frame, av.VideoFrame) and (picture := self._picture(frame, at)) is not None:
            yield picture

    def _picture(self, frame: av.VideoFrame, at: float) -> Decoded | None:
        """None: it is one of more than are sent on, or none that can be."""
        if frame.width * frame.height > MOST_PIXELS:
            raise SourceError(IngressFailure.TOO_LARGE)
        if abs(at - self._last_picture) < LEAST_APART_S or min(frame.width, frame.height) < _LEAST_SIDE:
            return None
        self._last_picture = at
        return Decoded(at, frame)


class Scaling:
    """Pictures as they are sent: of ``height`` on the shorter side at the most, even, in one form of colours."""

    def __init__(self, height: int) -> None:
        self._height = height

    def scaled(self, frame: av.VideoFrame) -> av.VideoFrame:
        """The picture, which says nothing of how it came."""
        width, height = self.size(frame.width, frame.height)
        made = frame.reformat(width=width, height=height, format="yuv420p")
        made.pict_type = PictureType.NONE
        return made

    def size(self, width: int, height: int) -> tuple[int, int]:
        """What becomes of a size."""
        part = min(1.0, self._height / min(width, height), 4 * self._height / max(width, height))
        return max(2, round(width * part) & ~1), max(2, round(height * part) & ~1)


class _Sound:
    """Sound of any rate as packets of 20 ms, in stereo, that follow each other without gaps smaller than `_GAP_S`."""

    def __init__(self) -> None:
        self._begin_anew(0.0)

    def taken(self, frame: av.AudioFrame, at: float) -> Iterator[Decoded]:
        if abs(at - (self._origin + self._come / RATE)) > _GAP_S:
            self._begin_anew(at)
        self._come += round(frame.samples * RATE / frame.sample_rate)
        frame.pts = None  # the resampler counts by itself
        try:
            packets = self._resampler.resample(frame)
        except ValueError:  # another form than before
            self._begin_anew(at)
            packets = self._resampler.resample(frame)
        for packet in packets:
            yield Decoded(self._origin + self._gone / RATE, packet)
            self._gone += packet.samples

    def _begin_anew(self, at: float) -> None:
        self._origin, self._come, self._gone = at, 0, 0
        self._resampler = av.AudioResampler(format="s16", layout="stereo", rate=RATE, frame_size=SAMPLES)


def _usable(streams: Any, codecs: frozenset[str]) -> Any:
    """The first that can be decoded and is no cover of a record."""
    for stream in streams:
        cover = bool(stream.disposition & stream.disposition.__class__.attached_pic)
        if stream.codec_context is not None and stream.codec_context.name in codecs and not cover:
            stream.codec_context.thread_count = 1
            stream.codec_context.options = _BOUNDS
            return stream
    return None
