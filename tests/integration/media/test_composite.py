"""A real node with a real composer: a meeting is one film in the bucket, with everybody in it."""

from __future__ import annotations

import asyncio
import contextlib
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import av
import msgspec
import numpy as np
import pytest
from aiortc.mediastreams import VideoStreamTrack

from contracts.meeting_work import Recording, StartRecording, StopRecording
from contracts.node_rpc import Done
from contracts.recording_manifest import COMPOSITE_PART, MANIFEST, Manifest
from contracts.recording_order import RecordedPerson, RecordingOrder
from contracts.rooms import ParticipantId, RecordingKind
from media_fleet.main import RunningNode
from media_fleet.recorder import manifest
from tests.doubles.tone import Tone
from tests.integration.media.aiortc_client import MEETING, Client
from tests.integration.media.recordings_bucket import in_bucket, to_bucket

PATIENCE_S = 60


class Plain(VideoStreamTrack):
    """Pictures of one colour."""

    def __init__(self, colour: tuple[int, int, int]) -> None:
        super().__init__()
        self._colour = colour

    async def recv(self) -> av.VideoFrame:
        pts, time_base = await self.next_timestamp()
        frame = av.VideoFrame.from_ndarray(np.full((180, 320, 3), self._colour, np.uint8), format="rgb24")
        frame.pts, frame.time_base = pts, time_base
        return frame


@pytest.fixture
def node_environ(node_environ: dict[str, str], tmp_path: Path, s3_url: str, s3: Any) -> dict[str, str]:
    return {
        **node_environ,
        **to_bucket(tmp_path, s3_url),
        "PARLEY_NODE_COMPOSITE_HEIGHT": "360",
        "PARLEY_NODE_COMPOSITE_FRAME_RATE": "10",
    }


@pytest.fixture
async def pair(node: RunningNode, gateway: Any) -> AsyncIterator[tuple[Client, Client]]:
    clients = Client(gateway, "alice"), Client(gateway, "bob")
    for client in clients:
        await client.join()
    yield clients
    for client in clients:
        await client.close()


def start(kind: RecordingKind) -> StartRecording:
    people = [RecordedPerson(participant_id=ParticipantId(who), name=who.title()) for who in ("alice", "bob", "carol")]
    return StartRecording(
        meeting_id=MEETING,
        recording_id="rec_1",
        order=RecordingOrder(kind=kind, people=tuple(people)),
        version=3,
    )


async def begun(gateway: Any, kind: RecordingKind) -> Recording:
    """Once it is made. On a busy machine two processes take long to start: it is asked for again, as gateways do."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            with contextlib.suppress(TimeoutError):
                recording: Recording = await gateway.ask(start(kind), Recording)
                return recording


def seconds(folder: Path) -> float:
    """How long the film is that is being made, or 0."""
    told = [manifest.read(path.parent) for path in folder.glob(f"*/*/*/{MANIFEST}")]
    return max((each.duration_ms for one in told for each in one.composites), default=0) / 1000


async def test_a_meeting_is_one_film_beside_its_tracks(
    pair: tuple[Client, Client], gateway: Any, eventually: Any, s3: Any, tmp_path: Path
) -> None:
    alice, bob = pair
    await alice.publish(Tone(frequency=600), Plain((200, 0, 0)))
    recording = await begun(gateway, RecordingKind.BOTH)
    await bob.publish(Tone(frequency=1_500), Plain((0, 200, 0)))
    await eventually(lambda: seconds(tmp_path) >= 4, timeout_s=PATIENCE_S)
    await gateway.ask(StopRecording(meeting_id=MEETING, recording_id="rec_1"), Done)
    await eventually(lambda: not list(tmp_path.glob("*/*/*")), timeout_s=PATIENCE_S)
    objects = in_bucket(s3)
    manifests = {
        key.removeprefix(recording.prefix).partition("/")[0]: msgspec.json.decode(data, type=Manifest)
        for key, data in objects.items()
        if key.endswith(MANIFEST)
    }
    tracks, film = sorted(manifests)
    assert film == tracks + COMPOSITE_PART
    assert {each.participant_id for each in manifests[tracks].files} == {"alice", "bob"}
    [about] = manifests[film].composites
    assert about.participants == ("alice", "bob", "carol")
    data = objects[f"{recording.prefix}{film}/{about.name}"]
    with av.open(io.BytesIO(data), "r") as container:
        picture = list(container.decode(video=0))[-5].to_ndarray(format="rgb24").astype(int)
    with av.open(io.BytesIO(data), "r") as container:
        sound = np.concatenate([each.to_ndarray() for each in container.decode(audio=0)], axis=1).mean(axis=0)
    colours = [picture[90, x].argmax() for x in (160, 480)]
    assert colours == [0, 1], "Alice is red, and Bob green beside her"
    assert picture[270, 280].sum() > picture[270, 60].sum() + 30, "Carol has no picture, and a tile below them"
    spectra = [np.abs(np.fft.rfft(sound[at : at + 48_000])) for at in range(0, sound.size - 48_000, 12_000)]
    assert any(each[[600, 1_500]].min() > 20 * np.median(each) > 0 for each in spectra), "both are heard at once"
    assert about.duration_ms >= 4_000
    assert data.index(b"moov") < data.index(b"mdat"), "players find every place of it"
