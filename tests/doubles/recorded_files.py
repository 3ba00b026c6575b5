"""What manifests say of files that were recorded."""

from __future__ import annotations

from contracts.recording_manifest import CompositeFile, RecordedFile
from contracts.rooms import CompositeLayout, ParticipantId, TrackId, TrackSource


def film(name: str, *, audio_only: bool = False) -> CompositeFile:
    """One video, or the sound, of a meeting."""
    return CompositeFile(
        name=name,
        audio_only=audio_only,
        layout=CompositeLayout.GRID,
        width=640,
        height=360,
        frame_rate=25,
        duration_ms=2_000,
        frames=50,
        frames_dropped=0,
        participants=(ParticipantId("p_a"),),
    )


def track(name: str) -> RecordedFile:
    """A camera."""
    return RecordedFile(
        name=name,
        track_id=TrackId("t"),
        participant_id=ParticipantId("p_a"),
        source=TrackSource.CAMERA,
        codec="VP8",
        start_ms=0,
        duration_ms=1_000,
        frames=30,
        packets_lost=0,
        publisher_clock_ms=None,
        muted=(),
    )
