"""A track while it is recorded: from packets to its file."""

from __future__ import annotations

from pathlib import Path

import av
from aiortc.rtp import RtpPacket
from msgspec.structs import replace

from contracts.recording_manifest import RecordedFile, Span
from media_fleet.recorder.pictures import Assembly, Picture, Piece
from media_fleet.recorder.protocol import TrackBegun
from media_fleet.recorder.reordering import Reordering
from media_fleet.recorder.timeline import Timeline
from media_fleet.recorder.track_file import BadPictureError, TrackFile, suffix

KEY_FRAME_AGAIN_MS = 500.0
_NTP_EPOCH_S = 2_208_988_800
"""Seconds from 1900 to 1970 (RFC 868)."""


class RecordedTrack:
    """One track. Times are milliseconds since the recording began. Methods that write raise `OSError`."""

    def __init__(self, begun: TrackBegun, folder: Path, number: int, now: float) -> None:
        self._begun = begun
        self._name = f"{number:03d}-{begun.participant_id}-{begun.source}.{suffix(begun.codec)}"
        self._path = folder / self._name
        self._order: Reordering[Piece] = Reordering()
        self._assembly = Assembly(begun.codec)
        self._timeline = Timeline(begun.clock_rate)
        self._file: TrackFile | None = None
        self._publisher_clock_ms: int | None = None
        self._asked_for_key_at = float("-inf")
        self._heard_at = float("-inf")
        self._muted: list[Span] = [Span(from_ms=int(now))] if begun.muted else []
        self._is_bad = False

    def receive(self, packet: RtpPacket, now: float) -> None:
        """A media packet."""
        self._heard_at = now
        piece = Piece(timestamp=packet.timestamp, marker=bool(packet.marker), payload=packet.payload, arrived=now)
        self._write(self._order.take(packet.sequence_number, piece, now))

    def tick(self, now: float) -> None:
        """Gives up what has not come."""
        self._write(self._order.due(now))

    def missing(self, now: float) -> list[int]:
        """Packets to ask for now."""
        return self._order.missing(now)

    def wants_key_frame(self, now: float) -> bool:
        """Whether to ask for a key frame now."""
        due = now - self._asked_for_key_at >= KEY_FRAME_AGAIN_MS and now - self._heard_at < KEY_FRAME_AGAIN_MS
        if not (self._assembly.needs_key and due):
            return False
        self._asked_for_key_at = now
        return True

    def sender_report(self, ntp: int, timestamp: int) -> None:
        """What the publisher's clock says at an RTP timestamp."""
        if self._file is not None:
            publisher_ms = (ntp / 2**32 - _NTP_EPOCH_S) * 1000
            self._publisher_clock_ms = round(publisher_ms - self._timeline.position(timestamp))

    def set_muted(self, now: float, *, muted: bool) -> None:
        """From now on nothing comes, or something again."""
        if self._muted and self._muted[-1].until_ms is None:
            self._muted[-1] = replace(self._muted[-1], until_ms=int(now))
        if muted:
            self._muted.append(Span(from_ms=int(now)))

    def close(self) -> None:
        """Completes the file."""
        if self._file is not None:
            self._file.close()

    @property
    def about(self) -> RecordedFile | None:
        """The file as the manifest tells it; None: nothing has come."""
        if self._file is None:
            return None
        return RecordedFile(
            name=self._name,
            track_id=self._begun.track_id,
            participant_id=self._begun.participant_id,
            source=self._begun.source,
            codec=self._begun.codec,
            start_ms=round(self._timeline.start),
            duration_ms=self._file.duration_ms,
            frames=self._file.frames,
            packets_lost=self._order.lost,
            publisher_clock_ms=self._publisher_clock_ms,
            muted=tuple(self._muted),
        )

    def _write(self, pieces: list[Piece | None]) -> None:
        for piece in pieces:
            for picture in self._assembly.take(piece):
                self._write_picture(picture)

    def _write_picture(self, picture: Picture) -> None:
        if self._is_bad:
            return
        try:
            self._file = self._file or TrackFile(self._path, self._begun.codec, picture)
            self._file.write(picture, self._timeline.place(picture.timestamp, picture.arrived))
        except BadPictureError:
            self._assembly.needs_key = True
        except av.FFmpegError as error:
            if isinstance(error, OSError):
                raise
            # What the publisher sends is no video: the file ends here, and the other tracks go on.
            self._is_bad = True
