"""A real node with real recorders: what is published is in the bucket, and decodes to what was sent."""

from __future__ import annotations

import asyncio
import io
import os
import shutil
import signal
import sys
import time
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import msgspec
import numpy as np
import pytest
import redis.asyncio
from aiortc.mediastreams import AudioStreamTrack, VideoStreamTrack

from contracts.meeting_work import RECORDING_KEPT_S, Recording, StartRecording, StopRecording
from contracts.node_rpc import CloseRoom, Done, Refused, SetTrackMuted
from contracts.recording_manifest import MANIFEST, Manifest, PartEnd, RecordedFile
from contracts.rooms import ParticipantId, TrackId, TrackSource
from media_fleet.main import RunningNode, running
from media_fleet.recorder import manifest
from media_fleet.recordings import RESTARTS
from media_fleet.settings import Settings
from tests.integration.media.aiortc_client import MEETING, Client
from tests.integration.media.recordings_bucket import BUCKET, in_bucket, to_bucket
from tests.integration.media.redundant_client import RedundantClient

PATIENCE_S = 30
START = StartRecording(meeting_id=MEETING, recording_id="rec_1")
STOP = StopRecording(meeting_id=MEETING, recording_id="rec_1")
FIRST_GREY, GREY_STEP, GREYS = 40, 20, 9


class Greys(VideoStreamTrack):
    """Thirty pictures a second, each of one grey, in steps that come round."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = 0

    async def recv(self) -> av.VideoFrame:
        pts, time_base = await self.next_timestamp()
        grey = FIRST_GREY + GREY_STEP * (self.sent % GREYS)
        self.sent += 1
        frame = av.VideoFrame.from_ndarray(np.full((240, 320, 3), grey, np.uint8), format="rgb24")
        frame.pts, frame.time_base = pts, time_base
        return frame


@pytest.fixture
def node_environ(node_environ: dict[str, str], tmp_path: Path, s3_url: str, s3: Any) -> dict[str, str]:
    return {
        **node_environ,
        **to_bucket(tmp_path, s3_url),
    }


@pytest.fixture
async def alice(node: RunningNode, gateway: Any, request: pytest.FixtureRequest) -> AsyncIterator[Client]:
    """A test may choose the kind of client by an indirect parameter."""
    client: Client = getattr(request, "param", Client)(gateway, "alice")
    await client.join()
    yield client
    await client.close()


def lasting(folder: Path, *, frames: int) -> set[str]:
    """The sources of the recording that is being made whose files have so many frames."""
    told = [manifest.read(path.parent) for path in folder.glob(f"*/*/*/{MANIFEST}")]
    return {file.source for each in told for file in each.files if file.frames >= frames}


def recorded(objects: dict[str, bytes]) -> tuple[Manifest, dict[str, bytes]]:
    """The one recording in the bucket: its manifest, and its files by the name of their source."""
    (name,) = (key for key in objects if key.endswith(MANIFEST))
    told = msgspec.json.decode(objects[name], type=Manifest)
    folder = name.removesuffix(MANIFEST)
    assert {key.removeprefix(folder) for key in objects} == {file.name for file in told.files} | {MANIFEST}
    return told, {file.source: objects[folder + file.name] for file in told.files}


@pytest.mark.parametrize("alice", [Client, RedundantClient], indirect=True, ids=["plain", "redundant"])
async def test_what_is_published_is_in_the_bucket_and_decodes_to_what_was_sent(
    alice: Client, gateway: Any, eventually: Any, s3: Any, tmp_path: Path
) -> None:
    greys = Greys()
    await alice.publish(AudioStreamTrack(), greys)
    recording = await gateway.ask(START, Recording)
    assert await gateway.ask(START, Recording) == recording, "asked for twice, it is made once"
    await eventually(lambda: "camera" in lasting(tmp_path, frames=60), timeout_s=PATIENCE_S)
    await gateway.ask(_mute("alice-audio", muted=True), Done)
    await gateway.ask(STOP, Done)
    await eventually(lambda: not list(tmp_path.glob("*/*/*")), timeout_s=PATIENCE_S)
    objects = in_bucket(s3)
    assert all(key.startswith(recording.prefix) for key in objects)
    told, files = recorded(objects)
    assert (told.meeting_id, told.recording_id) == (MEETING, "rec_1")
    assert told.ended_at is not None
    by_source = {file.source: file for file in told.files}
    camera, microphone = by_source[TrackSource.CAMERA], by_source[TrackSource.MICROPHONE]
    assert (camera.packets_lost, microphone.packets_lost) == (0, 0)
    _assert_pictures(files["camera"], camera)
    _assert_sound(files["microphone"], microphone)
    assert len(microphone.muted) == 1
    # Both began to be received at the same time; the publisher's reports put them on one clock.
    assert abs(camera.start_ms - microphone.start_ms) < 2_000
    assert camera.publisher_clock_ms is not None
    assert microphone.publisher_clock_ms is not None
    apart = (camera.start_ms - microphone.start_ms) - (camera.publisher_clock_ms - microphone.publisher_clock_ms)
    assert abs(apart) < 500


def _assert_pictures(data: bytes, about: RecordedFile) -> None:
    with av.open(io.BytesIO(data), "r") as container:
        frames = list(container.decode(video=0))
    assert len(frames) == about.frames
    times = [frame.time for frame in frames]
    assert times[0] == 0
    assert times[-1] == pytest.approx(about.duration_ms / 1000, abs=0.002)
    # As long as it was sent: so many pictures, each a thirtieth of a second. An encoder may have left some out.
    assert times[-1] == pytest.approx((len(frames) - 1) / 30, rel=0.2)
    greys = [int(frame.to_ndarray(format="gray").mean()) for frame in frames]
    steps = [round((grey - FIRST_GREY) / GREY_STEP) % GREYS for grey in greys]
    distances = [round((later - earlier) * 30) for earlier, later in pairwise(times)]
    shown = [(later - earlier) % GREYS for earlier, later in pairwise(steps)]
    assert shown == [distance % GREYS for distance in distances], "each picture stands where it was sent"


def _assert_sound(data: bytes, about: RecordedFile) -> None:
    with av.open(io.BytesIO(data), "r") as container:
        packets = [packet for packet in container.demux(audio=0) if packet.size]
        assert container.streams.audio[0].codec_context.sample_rate == 48_000
    assert len(packets) == about.frames
    first, last = (float((packet.pts or 0) * packet.time_base) for packet in (packets[0], packets[-1]))
    assert last - first == pytest.approx((len(packets) - 1) * 0.02, abs=0.01)
    with av.open(io.BytesIO(data), "r") as container:
        samples = sum(frame.samples for frame in container.decode(audio=0))
    assert samples == pytest.approx(960 * len(packets), abs=960)


def _mute(track_id: str, *, muted: bool) -> SetTrackMuted:
    return SetTrackMuted(
        meeting_id=MEETING, participant_id=ParticipantId("alice"), track_id=TrackId(track_id), muted=muted, version=2
    )


async def test_recorders_that_are_killed_again_and_again_are_reported_and_what_they_wrote_is_kept(  # noqa: PLR0917
    alice: Client, node: RunningNode, gateway: Any, eventually: Any, s3: Any, tmp_path: Path
) -> None:
    await gateway.ask(START, Recording)
    await alice.publish(Greys())
    lost: set[str] = set()

    def goes_on() -> set[str]:
        """The part in which there is something now."""
        made = {path.parent.name: manifest.read(path.parent) for path in tmp_path.glob(f"*/*/*/{MANIFEST}")}
        return {name for name, told in made.items() if any(file.frames >= 45 for file in told.files)} - lost

    for _ in range(RESTARTS + 1):
        await eventually(goes_on, timeout_s=PATIENCE_S)
        lost |= goes_on()
        [process] = node.node.workers.recordings.processes
        os.kill(process, signal.SIGKILL)
    ended = await asyncio.wait_for(gateway.ended_recordings.get(), PATIENCE_S)
    assert (ended.meeting_id, ended.recording_id) == (MEETING, "rec_1")
    refused = await gateway.ask(START, Refused)
    assert refused.error.code == "recording_unavailable", "what was announced as failed does not begin again"
    await eventually(lambda: not list(tmp_path.glob("*/*/*")), timeout_s=PATIENCE_S)
    objects = in_bucket(s3)
    manifests = [msgspec.json.decode(data, type=Manifest) for key, data in objects.items() if key.endswith(MANIFEST)]
    assert [told.end for told in manifests] == [PartEnd.RECORDER_LOST] * (RESTARTS + 1)
    for data in (data for key, data in objects.items() if key.endswith(".webm")):
        with av.open(io.BytesIO(data), "r") as container:
            assert sum(1 for _ in container.decode(video=0)) > 15, "a second at the most is lost"


async def test_what_a_node_could_not_bring_to_the_bucket_its_next_process_does(
    node_environ: dict[str, str], redis_client: redis.asyncio.Redis, eventually: Any, s3: Any, tmp_path: Path
) -> None:
    await redis_client.ping()
    left = tmp_path / "meeting" / "rec" / "1-node"
    left.mkdir(parents=True)
    (left / "001.webm").write_bytes(b"picture")
    manifest.write(Manifest(meeting_id=MEETING, recording_id="rec", started_at=0, ended_at=None, files=()), left)
    again = {**node_environ, "PARLEY_NODE_ID": "node-again"}
    async with running(Settings.from_environ(again)):
        await eventually(lambda: not left.exists(), timeout_s=PATIENCE_S)
    assert in_bucket(s3)["meeting/rec/1-node/001.webm"] == b"picture"


async def test_while_the_bucket_is_away_nothing_is_lost_and_it_is_tried_again(
    s3: Any, s3_url: str, tmp_path: Path
) -> None:
    left = tmp_path / "meeting" / "rec" / "1-node"
    left.mkdir(parents=True)
    (left / "001.webm").write_bytes(b"picture")
    manifest.write(Manifest(meeting_id=MEETING, recording_id="rec", started_at=0, ended_at=None, files=()), left)
    s3.delete_bucket(Bucket=BUCKET)
    words = (str(tmp_path), str(left), BUCKET, "0", s3_url)
    uploading = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "media_fleet.recorder.upload", *words, stderr=asyncio.subprocess.PIPE
    )
    assert uploading.stderr is not None
    async with asyncio.timeout(PATIENCE_S):
        assert b"NoSuchBucket" in await uploading.stderr.readline()
        assert (left / "001.webm").exists()
        s3.create_bucket(Bucket=BUCKET)
        assert await uploading.wait() == 0
    assert set(in_bucket(s3)) == {"meeting/rec/1-node/001.webm", f"meeting/rec/1-node/{MANIFEST}"}
    assert not left.exists()


async def test_a_recording_that_no_gateway_asks_for_any_more_ends(
    node: RunningNode, gateway: Any, eventually: Any
) -> None:
    await gateway.ask(START, Recording)
    node.node.workers.recordings.tick(time.monotonic() + RECORDING_KEPT_S - 1)
    assert await gateway.ask(START, Recording)
    node.node.workers.recordings.tick(time.monotonic() + RECORDING_KEPT_S + 1)
    await eventually(lambda: not node.node.workers.recordings.processes, timeout_s=PATIENCE_S)
    assert gateway.ended_recordings.empty(), "it has not failed"
    assert node.node.meetings == 0, "nobody is in it"


async def test_a_closed_meeting_ends_its_recording(node: RunningNode, gateway: Any, eventually: Any) -> None:
    await gateway.ask(START, Recording)
    await gateway.ask(CloseRoom(meeting_id=MEETING), Done)
    await eventually(lambda: not node.node.workers.recordings.processes, timeout_s=PATIENCE_S)
    assert gateway.ended_recordings.empty()
    assert node.node.meetings == 0


async def test_recordings_end_before_the_disk_is_full_and_say_so(  # noqa: PLR0917
    alice: Client,
    node: RunningNode,
    gateway: Any,
    eventually: Any,
    s3: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await gateway.ask(START, Recording)
    await alice.publish(Greys())
    await eventually(lambda: lasting(tmp_path, frames=10), timeout_s=PATIENCE_S)
    usage = shutil.disk_usage(tmp_path)
    little = usage._replace(free=1_024 * 1_000_000 - 1)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: little)
    ended = await asyncio.wait_for(gateway.ended_recordings.get(), PATIENCE_S)
    assert (ended.recording_id, ended.reason) == ("rec_1", "the disk is full")
    another = StartRecording(meeting_id=MEETING, recording_id="rec_2")
    assert (await gateway.ask(another, Refused)).error.code == "recording_unavailable"
    await eventually(lambda: not list(tmp_path.glob("*/*/*")), timeout_s=PATIENCE_S)
    told, files = recorded(in_bucket(s3))
    assert (told.ended_at is not None, told.end) == (True, PartEnd.DISK_FULL), "its files are complete"
    assert files["camera"]
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    await gateway.ask(another, Recording)
