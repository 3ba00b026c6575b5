"""What every recorder does with what its node sends: it goes to the tracks, and what they lack is asked for."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Protocol

from aiortc.rtp import RtpPacket

from media_fleet.recorder.path_to_node import PathToNode, SenderReport
from media_fleet.recorder.protocol import Route


class TakingTrack(Protocol):
    """A track that takes packets. Times are milliseconds since the recording began."""

    def receive(self, packet: RtpPacket, now: float) -> None:
        """A media packet."""

    def sender_report(self, ntp: int, timestamp: int) -> None:
        """What the publisher's clock says at an RTP timestamp (RFC 3550, 6.4.1)."""

    def tick(self, now: float) -> None:
        """Gives up what has not come."""

    def missing(self, now: float) -> list[int]:
        """Packets to ask for now."""

    def wants_key_frame(self, now: float) -> bool:
        """Whether to ask for a key frame now."""


class Intake:
    """The path to the node, and the clock of a recording that begins now."""

    def __init__(self, begin: Route) -> None:
        self._path = PathToNode(begin)
        self.started_at = time.time_ns() // 1_000_000
        """Milliseconds since the epoch."""
        self._zero = time.monotonic()

    @property
    def descriptor(self) -> int:
        """Of the socket on which packets come."""
        return self._path.socket.fileno()

    @property
    def now(self) -> float:
        """Milliseconds since the recording began."""
        return (time.monotonic() - self._zero) * 1000

    def open(self) -> None:
        """Returns when the node has answered. Raises `RecorderError`: it does not."""
        self._path.open()

    def work(self, tracks: Mapping[int, TakingTrack]) -> None:
        """Takes what has come, and asks for what has not. ``tracks`` by their SSRCs."""
        for received in self._path.receive():
            if not isinstance(received, RtpPacket | SenderReport):
                continue
            track = tracks.get(received.ssrc)
            if track is None:
                continue
            if isinstance(received, SenderReport):
                track.sender_report(received.ntp, received.timestamp)
            else:
                track.receive(received, self.now)
        now = self.now
        for ssrc, track in tracks.items():
            track.tick(now)
            if missing := track.missing(now):
                self._path.ask_for(ssrc, missing)
            if track.wants_key_frame(now):
                self._path.ask_for_key_frame(ssrc)
        self._path.tick()

    def close(self) -> None:
        """Nothing comes any more."""
        self._path.close()
