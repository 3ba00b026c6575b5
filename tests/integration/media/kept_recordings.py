"""What is found of recordings, while they are made and afterwards: in a node's folder, the bucket, the catalogue."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from meetings_service.adapters.recordings_bucket import RecordingsBucket
from meetings_service.domain.recordings import (
    CataloguedRecording,
    Outcome,
    RecordingFile,
    complete_parts,
    files_of,
    is_whole,
    outcome_of,
)

from contracts.recording_manifest import (
    MANIFEST,
    UNFINISHED,
    CompositeFile,
    Manifest,
    RecordedFile,
    unfinished,
)
from contracts.rooms import Identity, RecordingKind
from media_fleet.recorder import manifest
from tests.integration.media.aiortc_client import MEETING
from tests.integration.media.recordings_bucket import BUCKET
from tests.integration.media.test_recording import FIRST_GREY, GREY_STEP, GREYS

PATIENCE_S = 150
PREFIX = f"{MEETING}/rec_1/"


def parts(root: Path) -> dict[str, Manifest]:
    """What is being recorded under a folder, by the names of the parts."""
    return {path.parent.name: manifest.read(path.parent) for path in root.glob(f"*/*/*/{MANIFEST}")}


def recorded_ms(told: Manifest) -> int:
    """How long a part is that is being made."""
    return told.lasts_until - told.started_at if told.files or told.composites else 0


def pieces(s3: Any) -> list[str]:
    return [each["Key"] for each in s3.list_objects_v2(Bucket=BUCKET, Prefix=UNFINISHED).get("Contents", [])]


def brought(s3: Any, part: str) -> int:
    """Octets of a part's pieces."""
    listed = s3.list_objects_v2(Bucket=BUCKET, Prefix=unfinished(PREFIX, part))
    return sum(each["Size"] for each in listed.get("Contents", []))


async def until(condition: Callable[[], Any]) -> None:
    """Once it holds. Looking is work, too, of which the test's participants and its node notice nothing."""
    async with asyncio.timeout(PATIENCE_S):
        while not await asyncio.to_thread(condition):  # noqa: ASYNC110  (what announces itself by no event)
            await asyncio.sleep(0.2)


class Catalogue:
    """What the meeting service finds of the recording, once it is over."""

    def __init__(self, s3: Any, kind: RecordingKind, *, started_at: int, stopped_at: int) -> None:
        self._bucket = RecordingsBucket(lambda: s3, lambda: s3, BUCKET)
        self.recording = CataloguedRecording(
            recording_id="rec_1",
            meeting_id=MEETING,
            session=1,
            prefix=PREFIX,
            kind=kind,
            title="Weekly",
            owner_id=Identity("u_ann"),
            started_at=started_at,
            stopped_at=stopped_at,
        )

    @property
    def is_ready(self) -> bool:
        waiting = self._bucket.unfinished_parts(PREFIX)
        return is_whole(self.recording, self._bucket.objects(PREFIX), waiting, now=now_ms())

    @property
    def manifests(self) -> dict[str, Manifest]:
        """In their order."""
        found = self._bucket.manifests(PREFIX, complete_parts(self._bucket.objects(PREFIX)))
        return dict(sorted(found.items(), key=lambda each: each[1].started_at))

    @property
    def outcome(self) -> Outcome:
        return outcome_of(self.recording, self.manifests, self._bucket.objects(PREFIX))

    @property
    def files(self) -> tuple[RecordingFile, ...]:
        return files_of(self._bucket.objects(PREFIX), self.manifests)


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def pictures(data: bytes) -> list[tuple[float, int]]:
    """The times of a file's pictures (s), and their greys as steps."""
    with av.open(io.BytesIO(data), "r") as container:
        frames = [
            (frame.time or 0.0, int(frame.to_ndarray(format="gray").mean())) for frame in container.decode(video=0)
        ]
    return [(at, round((grey - FIRST_GREY) / GREY_STEP) % GREYS) for at, grey in frames]


def assert_pictures_as_sent(data: bytes, about: RecordedFile) -> None:
    """All that the manifest tells of, and where they were sent, but for moments in which the sender stood still."""
    shown = pictures(data)
    assert len(shown) == about.frames
    assert shown[-1][0] * 1000 == pytest.approx(about.duration_ms, abs=2)
    is_in_place = [
        (later[1] - earlier[1]) % GREYS == round((later[0] - earlier[0]) * 30) % GREYS
        for earlier, later in pairwise(shown)
    ]
    assert sum(is_in_place) >= 0.9 * len(is_in_place)


def assert_film(data: bytes, about: CompositeFile) -> None:
    """As long as the manifest tells, whole, with its index in front, and Alice is heard."""
    assert data.index(b"moov") < data.index(b"mdat")
    with av.open(io.BytesIO(data), "r") as container:
        assert sum(1 for _ in container.decode(video=0)) == about.frames
    with av.open(io.BytesIO(data), "r") as container:
        sound = np.concatenate([each.to_ndarray() for each in container.decode(audio=0)], axis=1).mean(axis=0)
    assert sound.size / 48 == pytest.approx(about.duration_ms, abs=100)
    assert any(is_heard(sound[at : at + 12_000]) for at in range(0, sound.size - 12_000, 6_000)), "what Alice plays"


def is_heard(sound: np.ndarray[Any, Any]) -> bool:
    """Whether a quarter of a second is a tone of 600 Hz."""
    spectrum = np.abs(np.fft.rfft(sound))
    return bool(spectrum[150] > 20 * np.median(spectrum) > 0)


def assert_seekable(data: bytes) -> None:
    """A player finds its length, and for a place in it the last key frame before that. Publishers send one when they
    are asked to: how many there are differs."""
    with av.open(io.BytesIO(data), "r") as container:
        assert container.duration is not None
        place = container.duration // 2
        keys = [each.pts for each in container.demux(video=0) if each.pts is not None and each.is_keyframe]
        tick = container.streams.video[0].time_base
        assert tick is not None
        before = [pts for pts in keys if pts * tick * av.time_base <= place]
        container.seek(place)
        assert next(container.demux(video=0)).pts == before[-1]
