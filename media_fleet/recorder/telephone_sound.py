"""Sound of telephones (G.711, G.722), for which files that browsers play have no place: recorded as Opus."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from media_fleet.recorder.pictures import Picture
from media_fleet.transcoder.sound import SoundTranscoder

_TICKS_PER_MS = 48


class TelephoneSound:
    """One track. ``as_opus`` tells with each packet by how many milliseconds it lies after the one that came."""

    def __init__(self, codec: str, clock_rate: int) -> None:
        self._transcoder = SoundTranscoder(codec, clock_rate, "opus")

    def as_opus(self, packet: Picture) -> Iterator[tuple[Picture, float]]:
        """What a packet, with what is left of those before, comes to."""
        for payload in self._transcoder.take(packet):
            came = self._transcoder.timestamp_of(packet.timestamp) or 0
            later = (payload.timestamp - came + 0x80000000 & 0xFFFFFFFF) - 0x80000000
            yield replace(packet, data=payload.data), later / _TICKS_PER_MS
