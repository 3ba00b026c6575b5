"""The transcoders' processes, and what they tell of their work."""

from __future__ import annotations

from media_fleet.adapters.track_workers import TrackWorker, TrackWorkers, WorkerListener
from media_fleet.domain.effects import TransportKey
from media_fleet.metrics import (
    TRANSCODED_PICTURES,
    TRANSCODED_SOUND,
    TRANSCODERS_LOST,
    TRANSCODING_BUSY,
    TRANSCODING_DELAY,
)
from media_fleet.transcoder.protocol import Begin, Progress, Rate, from_transcoder


class TranscoderProcess(TrackWorker):
    """One transcoder, from before its process runs to after its end."""

    def __init__(self, transport: TransportKey, begin: Begin) -> None:
        super().__init__(transport, begin)
        self.track_id = begin.track_id
        self.needed_bps = 0
        """What its picture would take if nothing limited it."""
        self.limit_bps = begin.limit_bps or 0
        """What it was told last; 0: nothing."""

    @property
    def names(self) -> dict[str, object]:
        """See `TrackWorker`."""
        return super().names | {"track_id": self.track_id}

    def limit(self, bits_per_s: int) -> None:
        """So much may its picture take at the most."""
        self.limit_bps = bits_per_s
        self.tell(Rate(bits_per_s=bits_per_s))


def transcoder_processes(listener: WorkerListener[TranscoderProcess]) -> TrackWorkers[TranscoderProcess]:
    """All transcoders of a node."""
    return TrackWorkers(
        listener,
        module="media_fleet.transcoder.worker",
        decoder=from_transcoder,
        progress=_count,
        lost=TRANSCODERS_LOST,
    )


def _count(transcoder: TranscoderProcess, progress: Progress) -> None:
    transcoder.needed_bps = progress.needed_bps
    TRANSCODED_PICTURES.labels("made").inc(progress.pictures)
    TRANSCODED_PICTURES.labels("dropped").inc(progress.dropped)
    TRANSCODED_SOUND.inc(progress.sound_ms / 1000)
    TRANSCODING_DELAY.inc(progress.took_ms / 1000)
    TRANSCODING_BUSY.inc(progress.busy_ms / 1000)
