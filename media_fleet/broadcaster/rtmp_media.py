"""What is encoded, as RTMP has it: the bodies of FLV's tags ("Adobe Flash Video File Format" 10.1, E.4). Pure."""

from __future__ import annotations

from collections.abc import Iterator

from media_fleet.broadcaster.encoding import EncodedPacket, StreamParameters
from media_fleet.broadcaster.fragments import avc_configuration
from media_fleet.composer.mixing import RATE
from media_fleet.rtmp.messages import Kind, Value, encoded

_AVC, _KEY, _INTER = 7, 1 << 4, 2 << 4
_AAC = 0xAF
"""AAC, 44 kHz, 16 bits, stereo: what the format has it say whatever is so; the configuration tells (E.4.2.1)."""
_CONFIGURATION, _MEDIA = b"\x00", b"\x01"
_NO_OFFSET = b"\x00\x00\x00"
"""Pictures are shown in the order in which they come."""


class RtmpMedia:
    """One connection's stream, whose time begins with its first picture, a key frame."""

    def __init__(self, parameters: StreamParameters) -> None:
        self._parameters = parameters
        self._first: int | None = None

    def beginning(self) -> Iterator[tuple[Kind, bytes]]:
        """What comes before anything else: what the stream is, and what decoders need."""
        about = self._parameters
        metadata: dict[str, Value] = {
            "width": float(about.width),
            "height": float(about.height),
            "framerate": float(about.frame_rate),
            "videocodecid": float(_AVC),
            "audiocodecid": 10.0,
            "audiosamplerate": float(RATE),
            "stereo": True,
            "encoder": "Parley",
        }
        yield Kind.DATA, encoded(["@setDataFrame", "onMetaData", metadata])
        configuration = avc_configuration(about.picture)
        yield Kind.PICTURE, bytes([_KEY | _AVC]) + _CONFIGURATION + _NO_OFFSET + configuration
        yield Kind.SOUND, bytes([_AAC]) + _CONFIGURATION + about.sound

    def piece(self, packet: EncodedPacket) -> tuple[Kind, int, bytes] | None:
        """A packet's message, and its time in milliseconds; None: it lies before the beginning."""
        if self._first is None and packet.is_key:
            self._first = packet.at
        if self._first is None:
            return None
        ticks = self._parameters.frame_rate if packet.is_picture else RATE
        ms = round(packet.at * 1000 / ticks - self._first * 1000 / self._parameters.frame_rate)
        if ms < 0:
            return None
        if not packet.is_picture:
            return Kind.SOUND, ms, bytes([_AAC]) + _MEDIA + packet.data
        head = bytes([(_KEY if packet.is_key else _INTER) | _AVC])
        return Kind.PICTURE, ms, head + _MEDIA + _NO_OFFSET + packet.data
