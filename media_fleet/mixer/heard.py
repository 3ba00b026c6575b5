"""A voice as it comes: packets in order, decoded, each at its place in the mix."""

from __future__ import annotations

from aiortc.rtp import RtpPacket

from media_fleet.composer.decoding import SoundDecoder
from media_fleet.composer.mixing import Sound, place_at
from media_fleet.mixer.playout import LEAST_MS, Playout
from media_fleet.mixer.redundancy import Block, blocks_of
from media_fleet.recorder.pictures import Picture
from media_fleet.recorder.protocol import TrackBegun
from media_fleet.recorder.reordering import Reordering

GIVE_UP_MS = LEAST_MS / 2
"""What was lost on the way to the node nobody sends again: it is in the packet after it, or only overtaken."""


class HeardVoice:
    """Times are milliseconds on the mixer's clock."""

    def __init__(self, begun: TrackBegun, redundant: int) -> None:
        """``redundant``: the payload type of packets that have copies of those before them."""
        self._redundant = redundant
        self._order: Reordering[Picture] = Reordering(GIVE_UP_MS)
        self._playout = Playout(begun.clock_rate)
        self._decoder = SoundDecoder(begun.codec)

    def take(self, packet: RtpPacket, now: float) -> list[tuple[int, Sound]]:
        """The sound that can be mixed with a packet, each with its place."""
        is_redundant = packet.payload_type == self._redundant
        blocks = blocks_of(packet.payload) if is_redundant else [Block(before=0, data=packet.payload)]
        placed: list[tuple[int, Sound]] = []
        for distance, block in zip(range(len(blocks) - 1, -1, -1), blocks, strict=True):
            timestamp = (packet.timestamp - block.before) & 0xFFFFFFFF
            picture = Picture(timestamp=timestamp, data=block.data, is_key=True, arrived=now)
            placed += self._placed(self._order.take((packet.sequence_number - distance) & 0xFFFF, picture, now))
        return placed

    def due(self, now: float) -> list[tuple[int, Sound]]:
        """That for which nothing needs to be waited for any more."""
        return self._placed(self._order.due(now))

    def _placed(self, packets: list[Picture | None]) -> list[tuple[int, Sound]]:
        return [
            (place_at(self._playout.place(each.timestamp, each.arrived)), self._decoder.decode(each))
            for each in packets
            if each is not None and each.data
        ]
