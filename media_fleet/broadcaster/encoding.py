"""A broadcast's picture and sound, encoded once for all who get it: H.264 (Main profile, no B-frames) and AAC."""

from __future__ import annotations

import io
from collections.abc import Iterable
from fractions import Fraction
from typing import Protocol

import av
from av.container import OutputContainer
from av.video.frame import PictureType
from msgspec import Struct

from media_fleet.broadcaster.cutting import SEGMENT_S, TICKS, Grid
from media_fleet.broadcaster.fragments import codec_of, length_prefixed
from media_fleet.composer.film import SOUND_BITS, most_bits, picture_stream, sound_frame, sound_stream
from media_fleet.composer.mixing import RATE, Sound
from media_fleet.recorder.protocol import CompositeOrder

SOUND_CODEC = "mp4a.40.2"
"""AAC-LC (RFC 6381, 3.3)."""
OVERHEAD = 1.05
"""What containers add."""


class EncodedPacket(Struct, frozen=True):
    """A picture or a piece of sound. Times in its own ticks: pictures, or samples of sound."""

    data: bytes
    """Of pictures with their units' lengths (`length_prefixed`)."""
    is_picture: bool
    at: int
    duration: int
    is_key: bool


class StreamParameters(Struct, frozen=True, kw_only=True):
    """What those who decode need to know first."""

    width: int
    height: int
    frame_rate: int
    picture: bytes
    """H.264's parameter sets, with start codes."""
    sound: bytes
    """AAC's AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1)."""


class PacketTaker(Protocol):
    """Who gets what is encoded."""

    def take(self, packet: EncodedPacket) -> None:
        """Must not wait for anything."""


class Encoding:
    """The output of a composition (`media_fleet.composer.composition.Output`)."""

    def __init__(self, order: CompositeOrder) -> None:
        self.frame_rate = order.frame_rate
        self.takers: tuple[PacketTaker, ...] = ()
        self._grid = Grid(order.frame_rate)
        self._init = io.BytesIO()
        # The muxer writes what tells of the codecs, and nothing else.
        self._container: OutputContainer = av.open(self._init, "w", format="mp4", options=_init_options(order))
        self.picture = picture_stream(self._container, order, _picture_options(order))
        self.sound = sound_stream(self._container)
        self._container.start_encoding()
        self._samples = 0
        self._last: av.VideoFrame | None = None
        self.pictures = 0
        """How many have been drawn."""

    @property
    def init(self) -> bytes:
        """The initialization section: ``ftyp`` and ``moov``."""
        return self._init.getvalue()

    @property
    def codecs(self) -> str:
        """For playlists."""
        return f"{codec_of(self.picture.codec_context.extradata or b'')},{SOUND_CODEC}"

    @property
    def parameters(self) -> StreamParameters:
        """For those who get packets."""
        return StreamParameters(
            width=self.picture.width,
            height=self.picture.height,
            frame_rate=self.frame_rate,
            picture=self.picture.codec_context.extradata or b"",
            sound=self.sound.codec_context.extradata or b"",
        )

    @property
    def duration_ms(self) -> int:
        """Of its sound, which has no gaps."""
        return self._samples * 1000 // RATE

    def draw(self, frame: av.VideoFrame, number: int) -> None:
        """Encodes a picture; ``number`` counts those that were left out, too."""
        self._last = frame
        self.pictures += 1
        self._encode(frame, number)

    def leave_out(self, number: int) -> None:
        """Where parts begin, the picture before is encoded again: it costs little, and playlists stay regular."""
        if self._last is not None and self._grid.begins_part(number):
            self._encode(self._last, number)

    def play(self, sound: Sound) -> None:
        """Encodes what follows of the sound."""
        if not sound.shape[1]:
            return
        frame = sound_frame(sound, self._samples)
        self._samples += sound.shape[1]
        self._give(self.sound.encode(frame), is_picture=False)

    def close(self) -> None:
        """Gives what the encoders still have."""
        self._give(self.picture.encode(None), is_picture=True)
        self._give(self.sound.encode(None), is_picture=False)

    def _encode(self, frame: av.VideoFrame, number: int) -> None:
        frame.pts, frame.time_base = number, Fraction(1, self.frame_rate)
        frame.pict_type = PictureType.I if self._grid.begins_segment(number) else PictureType.NONE
        self._give(self.picture.encode(frame), is_picture=True)

    def _give(self, packets: Iterable[av.Packet[av.VideoStream | av.AudioStream]], *, is_picture: bool) -> None:
        for each in packets:
            if each.pts is None or each.pts < 0:  # what AAC encoders begin with is nobody's sound
                continue
            packet = EncodedPacket(
                data=length_prefixed(bytes(each)) if is_picture else bytes(each),
                is_picture=is_picture,
                at=each.pts,
                duration=1 if is_picture else each.duration or 0,
                is_key=is_picture and each.is_keyframe,
            )
            for taker in self.takers:
                taker.take(packet)


def peak_bits(height: int) -> int:
    """A second of the worst segment: the encoder may use up its buffer in it."""
    most = most_bits(height)
    return round((most + most / SEGMENT_S + SOUND_BITS) * OVERHEAD)


def _init_options(order: CompositeOrder) -> dict[str, str]:
    ticks = order.frame_rate * TICKS
    return {"movflags": "empty_moov+default_base_moof", "video_track_timescale": str(ticks)}


def _picture_options(order: CompositeOrder) -> dict[str, str]:
    most = most_bits(order.height)
    return {
        "tune": "zerolatency",
        "profile": "main",
        "maxrate": str(most),
        "bufsize": str(most),
        "g": str(2 * SEGMENT_S * order.frame_rate),
        "sc_threshold": "0",
        "forced-idr": "1",
    }
