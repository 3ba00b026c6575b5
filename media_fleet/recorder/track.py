"""A track while it is recorded: from packets to its file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import av
from aiortc.rtp import RtpPacket
from msgspec.structs import replace

from contracts.recording_manifest import RecordedFile, Span
from media_fleet.recorder.pictures import Picture
from media_fleet.recorder.protocol import TrackBegun
from media_fleet.recorder.reception import Reception
from media_fleet.recorder.track_file import BadPictureError, TrackFile, suffix, while_it_grows

if TYPE_CHECKING:
    from media_fleet.recorder.telephone_sound import TelephoneSound


class RecordedTrack:
    """One track. Times are milliseconds since the recording began. Methods that write raise `OSError`."""

    def __init__(self, begun: TrackBegun, folder: Path, number: int, now: float) -> None:
        self._begun = begun
        self._telephone = _telephone_sound(begun)
        self._codec = begun.codec if self._telephone is None else "opus"
        self._name = f"{number:03d}-{begun.participant_id}-{begun.source}.{suffix(self._codec)}"
        self._path = folder / while_it_grows(self._name)
        self._reception = Reception(begun.codec, begun.clock_rate)
        self._file: TrackFile | None = None
        self._muted: list[Span] = [Span(from_ms=int(now))] if begun.muted else []
        self._is_bad = False

    def receive(self, packet: RtpPacket, now: float) -> None:
        """A media packet."""
        self._write(self._reception.receive(packet, now))

    def tick(self, now: float) -> None:
        """Gives up what has not come."""
        self._write(self._reception.due(now))

    def missing(self, now: float) -> list[int]:
        """Packets to ask for now."""
        return self._reception.missing(now)

    def wants_key_frame(self, now: float) -> bool:
        """Whether to ask for a key frame now."""
        return self._reception.wants_key_frame(now)

    def sender_report(self, ntp: int, timestamp: int) -> None:
        """What the publisher's clock says at an RTP timestamp."""
        self._reception.sender_report(ntp, timestamp)

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
        publisher_clock = self._reception.publisher_clock_ms
        return RecordedFile(
            name=self._name,
            track_id=self._begun.track_id,
            participant_id=self._begun.participant_id,
            source=self._begun.source,
            codec=self._codec,
            start_ms=round(self._reception.timeline.start),
            duration_ms=self._file.duration_ms,
            frames=self._file.frames,
            packets_lost=self._reception.lost,
            publisher_clock_ms=None if publisher_clock is None else round(publisher_clock),
            muted=tuple(self._muted),
        )

    def _write(self, pictures: list[Picture]) -> None:
        for picture in pictures:
            at = self._reception.timeline.place(picture.timestamp, picture.arrived)
            if self._telephone is None:
                self._write_picture(picture, at)
            else:
                for packet, later in self._telephone.as_opus(picture):
                    self._write_picture(packet, at + later)

    def _write_picture(self, picture: Picture, at: float) -> None:
        if self._is_bad:
            return
        try:
            self._file = self._file or TrackFile(self._path, self._codec, picture)
            self._file.write(picture, at)
        except BadPictureError:
            self._reception.begin_anew()
        except av.FFmpegError as error:
            if isinstance(error, OSError):
                raise
            # What the publisher sends is no video: the file ends here, and the other tracks go on.
            self._is_bad = True


def _telephone_sound(begun: TrackBegun) -> TelephoneSound | None:
    if begun.source.kind != "audio" or begun.codec == "opus":
        return None
    from media_fleet.recorder.telephone_sound import TelephoneSound  # noqa: PLC0415 - it is rare, and needs numpy

    return TelephoneSound(begun.codec, begun.clock_rate)
