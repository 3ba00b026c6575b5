"""The mixers' processes, and what they tell of their work."""

from __future__ import annotations

from media_fleet.adapters.track_workers import TrackWorker, TrackWorkers, WorkerListener
from media_fleet.metrics import MIXED_SOUND, MIXED_SOUND_LATE, MIXERS_LOST, MIXING_BUSY, MIXING_SKIPPED
from media_fleet.mixer.protocol import Progress, from_mixer


class MixerProcess(TrackWorker):
    """One mixer, from before its process runs to after its end."""


def mixer_processes(listener: WorkerListener[MixerProcess]) -> TrackWorkers[MixerProcess]:
    """All mixers of a node."""
    return TrackWorkers(
        listener, module="media_fleet.mixer.worker", decoder=from_mixer, progress=_count, lost=MIXERS_LOST
    )


def _count(_: MixerProcess, progress: Progress) -> None:
    MIXED_SOUND.inc(progress.encoded_ms / 1000)
    MIXING_SKIPPED.inc(progress.skipped_ms / 1000)
    MIXED_SOUND_LATE.inc(progress.late)
    MIXING_BUSY.inc(progress.busy_ms / 1000)
