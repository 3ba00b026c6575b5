"""One track in one file: WebM for VP8, VP9, AV1 and Opus, MP4 for H.264, which browsers play in no other; without
decoding anything. An MP4 is fragmented while it grows, as those of composites (`media_fleet.recorder.seekable`).

PyAV's muxer wants a stream with its codec's private data. It takes them from a template: a container in memory that
holds one key frame, or a moment of silence.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer, OutputContainer
from av.stream import Stream

from media_fleet.recorder.pictures import Picture
from media_fleet.recorder.seekable import growing

_MILLISECONDS = Fraction(1, 1000)
_FOURCC = {"VP8": b"VP80", "VP9": b"VP90", "AV1": b"AV01", "H264": b"H264"}
_OPTIONS = {
    "webm": {"cluster_time_limit": "1000", "flush_packets": "1"},
    "mp4": {"movflags": "empty_moov+default_base_moof", "frag_duration": "1000000", "flush_packets": "1"},
}
"""A recorder that is killed loses a second at the most."""


class BadPictureError(Exception):
    """A key frame with which no file can begin."""


def suffix(codec: str) -> str:
    """The ending of a file's name."""
    return "mp4" if codec == "H264" else "webm"


def while_it_grows(name: str) -> str:
    """What a file is called until its recorder has completed it, and it may be put together anew."""
    return growing(name) if name.endswith(".mp4") else name


class TrackFile:
    """A file that begins with its first picture, at the time 0."""

    def __init__(self, path: Path, codec: str, first: Picture) -> None:
        """Raises `BadPictureError`, and `OSError` if the file cannot be written."""
        kind = suffix(codec)
        self._container: OutputContainer = av.open(str(path), "w", format=kind, options=_OPTIONS[kind])
        try:
            with _template(codec, first) as template:
                self._stream: Stream = self._container.add_stream_from_template(template, opaque=True)
        except (av.FFmpegError, IndexError) as error:
            self._container.close()
            path.unlink(missing_ok=True)
            raise BadPictureError(codec) from error
        self.frames = 0
        self.duration_ms = 0

    def write(self, picture: Picture, at_ms: float) -> None:
        """Adds a picture, at milliseconds since the first. What would go back in time follows at once.

        Raises:
            OSError: the disk is full, or broken.
        """
        at = max(round(at_ms), self.duration_ms + 1) if self.frames else 0
        packet = av.Packet(picture.data)
        packet.stream = self._stream
        packet.time_base = _MILLISECONDS  # the muxer replaces the stream's own when it writes the header
        packet.pts = packet.dts = at
        packet.is_keyframe = picture.is_key
        self._container.mux(packet)
        self.frames += 1
        self.duration_ms = at

    def close(self) -> None:
        """Completes the file. Raises `OSError`."""
        self._container.close()


@contextmanager
def _template(codec: str, first: Picture) -> Iterator[Stream]:
    if codec == "opus":
        with _opened(_silence(), "ogg") as container:
            yield container.streams.audio[0]
        return
    header = struct.pack("<4sHH4sHHIIII", b"DKIF", 0, 32, _FOURCC[codec], 0, 0, 1000, 1, 1, 0)
    frame = struct.pack("<IQ", len(first.data), 0) + first.data
    with _opened(header + frame, "ivf") as container:
        stream = container.streams.video[0]
        if not stream.codec_context.width:
            raise BadPictureError(codec)
        yield stream


def _opened(data: bytes, kind: str) -> InputContainer:
    return av.open(io.BytesIO(data), "r", format=kind)


def _silence() -> bytes:
    """20 ms of it, as stereo Opus at 48 kHz: what every Opus in RTP may be decoded as (RFC 7587, 4.1)."""
    file = io.BytesIO()
    with av.open(file, "w", format="ogg") as container:
        stream = container.add_stream("libopus", rate=48_000)
        stream.layout = "stereo"
        frame = av.AudioFrame(format="s16", layout="stereo", samples=960)
        frame.sample_rate = 48_000
        frame.pts = 0
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()
