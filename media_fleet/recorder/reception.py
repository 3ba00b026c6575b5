"""One track as a recorder receives it: from packets in any order to whole pictures, each at its place."""

from __future__ import annotations

from aiortc.rtp import RtpPacket

from media_fleet.recorder.orientation import turns_of
from media_fleet.recorder.pictures import Assembly, Picture, Piece
from media_fleet.recorder.reordering import GIVE_UP_MS, Reordering
from media_fleet.recorder.timeline import Timeline

KEY_FRAME_AGAIN_MS = 500.0
_NTP_EPOCH_S = 2_208_988_800
"""Seconds from 1900 to 1970 (RFC 868)."""


class Reception:
    """Times are milliseconds since the recording began."""

    def __init__(self, codec: str, clock_rate: int, give_up_ms: float = GIVE_UP_MS) -> None:
        """``codec``: a name of `media_fleet.domain.media_formats`; ``give_up_ms``: as of `Reordering`."""
        self._order: Reordering[Piece] = Reordering(give_up_ms)
        self._assembly = Assembly(codec)
        self.timeline = Timeline(clock_rate)
        self.publisher_clock_ms: float | None = None
        """The publisher's clock at the timeline's position 0, in milliseconds since the epoch. None: not told."""
        self._asked_for_key_at = float("-inf")
        self.heard_at = float("-inf")
        """When the last packet came."""

    @property
    def lost(self) -> int:
        """Packets that were given up."""
        return self._order.lost

    def receive(self, packet: RtpPacket, now: float) -> list[Picture]:
        """The pictures (or packets of sound) that are whole with a media packet."""
        self.heard_at = now
        piece = Piece(
            timestamp=packet.timestamp,
            marker=bool(packet.marker),
            payload=packet.payload,
            arrived=now,
            turns=turns_of(packet),
        )
        return self._assembled(self._order.take(packet.sequence_number, piece, now))

    def due(self, now: float) -> list[Picture]:
        """Those that need not be waited for any more, since what has not come by now is given up."""
        return self._assembled(self._order.due(now))

    def missing(self, now: float) -> list[int]:
        """Packets to ask for now."""
        return self._order.missing(now)

    def wants_key_frame(self, now: float) -> bool:
        """Whether to ask for a key frame now."""
        due = now - self._asked_for_key_at >= KEY_FRAME_AGAIN_MS and now - self.heard_at < KEY_FRAME_AGAIN_MS
        if not (self._assembly.needs_key and due):
            return False
        self._asked_for_key_at = now
        return True

    def begin_anew(self) -> None:
        """Nothing comes before the next key frame."""
        self._assembly.needs_key = True

    def sender_report(self, ntp: int, timestamp: int) -> None:
        """What the publisher's clock says at an RTP timestamp (RFC 3550, 6.4.1)."""
        if self.timeline.has_begun:
            publisher_ms = (ntp / 2**32 - _NTP_EPOCH_S) * 1000
            self.publisher_clock_ms = publisher_ms - self.timeline.position(timestamp)

    def _assembled(self, pieces: list[Piece | None]) -> list[Picture]:
        return [picture for piece in pieces for picture in self._assembly.take(piece)]
