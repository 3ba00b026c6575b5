"""Recordings whose recorder, node, bucket or disk goes away: what is there then, and that the catalogue says so."""

from __future__ import annotations

import asyncio
import io
import logging
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import av
import msgspec
import numpy as np
import pytest
import redis.asyncio
from aiortc.mediastreams import VideoStreamTrack
from meetings_service.domain.recording_gaps import Gap, GapReason

from contracts.meeting_work import Recording, StartRecording, StopRecording
from contracts.node_rpc import Done
from contracts.recording_manifest import (
    COMPOSITE_PART,
    MANIFEST,
    CompositeFile,
    Manifest,
    PartEnd,
    RecordedFile,
    unfinished,
)
from contracts.recording_order import RecordingOrder
from contracts.rooms import NodeId, RecordingKind
from media_fleet.adapters import recorders
from media_fleet.main import RunningNode, running
from media_fleet.metrics import PIECES_BEHIND
from media_fleet.recorder import manifest
from media_fleet.settings import Settings
from tests.doubles.node_gateway import Gateway
from tests.doubles.tcp_proxy import TcpProxy
from tests.doubles.tone import Tone
from tests.integration.media.aiortc_client import MEETING, Client
from tests.integration.media.kept_recordings import (
    PATIENCE_S,
    PREFIX,
    Catalogue,
    assert_film,
    assert_pictures_as_sent,
    assert_seekable,
    brought,
    now_ms,
    parts,
    pieces,
    recorded_ms,
    until,
)
from tests.integration.media.recordings_bucket import BUCKET, in_bucket, to_bucket
from tests.integration.media.test_recording import Greys

pytestmark = pytest.mark.timeout(600)
PIECE_S = 0.5


NOBODY = ("127.0.0.1", 1)
"""Where nothing listens."""


@pytest.fixture
async def path_to_s3(s3_url: str) -> AsyncIterator[TcpProxy]:
    async with TcpProxy(address_of(s3_url)) as proxy:
        yield proxy


def address_of(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or 0


def cut(path: TcpProxy) -> None:
    """Nothing that is sent arrives, and nobody answers, from now on."""
    path.target = NOBODY
    path.cut()


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that is busy with other tests is no reason for a recording to end."""
    monkeypatch.setattr(recorders, "START_S", PATIENCE_S)


@pytest.fixture
def node_environ(node_environ: dict[str, str], tmp_path: Path, path_to_s3: TcpProxy, s3: Any) -> dict[str, str]:
    return {
        **node_environ,
        **to_bucket(tmp_path / "first", f"http://127.0.0.1:{path_to_s3.port}"),
        "PARLEY_NODE_RECORDINGS_PIECE_S": str(PIECE_S),
        "PARLEY_NODE_CONSENT_TIMEOUT_MS": "30000",
        "PARLEY_NODE_RECORDINGS_MIN_FREE_MB": "0",
        "PARLEY_NODE_COMPOSITE_HEIGHT": "360",
        "PARLEY_NODE_COMPOSITE_FRAME_RATE": "10",
    }


@pytest.fixture
async def alice(gateway: Gateway) -> AsyncIterator[Client]:
    """Somebody who comes when a node is there."""
    client = Client(gateway, "alice")
    yield client
    await client.close()


async def begun(gateway: Gateway, kind: RecordingKind) -> None:
    """A recording that runs. On a busy machine processes take long to start: it is asked for again, as gateways do."""
    request = StartRecording(meeting_id=MEETING, recording_id="rec_1", order=RecordingOrder(kind=kind), version=1)
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                await gateway.ask(request, Recording)
            except TimeoutError:
                continue
            return


async def ended(gateway: Gateway) -> None:
    await gateway.ask(StopRecording(meeting_id=MEETING, recording_id="rec_1"), Done)


@pytest.mark.parametrize("kind", [RecordingKind.BOTH])
async def test_another_recorder_goes_on_where_one_was_killed(  # noqa: PLR0917
    alice: Client, node: RunningNode, gateway: Any, s3: Any, tmp_path: Path, kind: RecordingKind
) -> None:
    await alice.join()
    await alice.publish(Tone(frequency=600), Greys())
    await begun(gateway, kind)
    started_at = now_ms()
    root = tmp_path / "first"
    await until(lambda: len(parts(root)) == 2)
    await until(lambda: all(recorded_ms(each) > 4_000 for each in parts(root).values()))
    first = parts(root)
    for process in node.node.workers.recordings.processes:
        os.kill(process, signal.SIGKILL)
    await until(lambda: len(parts(root).keys() - first) == 2)
    await until(lambda: all(recorded_ms(each) > 3_000 for name, each in parts(root).items() if name not in first))
    await ended(gateway)
    catalogue = Catalogue(s3, kind, started_at=started_at, stopped_at=now_ms())
    await until(lambda: catalogue.is_ready and not pieces(s3))
    objects = in_bucket(s3)
    assert not s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads")
    assert gateway.ended_recordings.empty(), "nothing has failed for those who are in the meeting"
    for name, told in catalogue.manifests.items():
        assert told.end is (PartEnd.RECORDER_LOST if name in first else PartEnd.FINISHED)
        for film in told.composites:
            assert_film(objects[f"{PREFIX}{name}/{film.name}"], film)
        if name in first:
            assert recorded_ms(told) > recorded_ms(first[name]) - (5_000 if told.composites else 1_500), "what it held"
        for file in told.files:
            if file.source == "camera":
                assert_pictures_as_sent(objects[f"{PREFIX}{name}/{file.name}"], file)
                assert_seekable(objects[f"{PREFIX}{name}/{file.name}"])
    sources = [file.recorded.source for file in catalogue.files if isinstance(file.recorded, RecordedFile)]
    assert sorted(sources) == ["camera", "camera", "microphone", "microphone"]
    gaps = {gap.kind: gap for gap in catalogue.outcome.gaps}
    assert gaps.keys() == {RecordingKind.TRACKS, RecordingKind.COMPOSITE}
    assert {gap.reason for gap in gaps.values()} == {GapReason.RECORDER_LOST}


async def ready(process: asyncio.subprocess.Process) -> None:
    """Once a node's process says so."""
    assert process.stderr is not None
    async with asyncio.timeout(PATIENCE_S):
        while (line := await process.stderr.readline()) and b'"ready"' not in line:
            pass
        assert line


async def test_a_node_that_is_lost_with_its_disk_leaves_what_it_had_brought(  # noqa: PLR0917
    node_environ: dict[str, str],
    alice: Client,
    gateway: Gateway,
    redis_client: redis.asyncio.Redis,
    s3: Any,
    tmp_path: Path,
) -> None:
    first = tmp_path / "first"
    patient = (
        f"from media_fleet import main; from media_fleet.adapters import recorders; recorders.START_S = {PATIENCE_S}"
    )
    lost = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        f"{patient}; main.main()",
        env={**os.environ, **node_environ},
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        await ready(lost)
        await alice.join()
        await alice.publish(Tone(frequency=600), Greys())
        await begun(gateway, RecordingKind.BOTH)
        started_at = now_ms()
        await until(lambda: len(parts(first)) == 2 and all(recorded_ms(each) > 6_000 for each in parts(first).values()))
        # What is seconds old on the disk of a busy machine is not in the bucket yet.
        await until(lambda: all(brought(s3, part) > 60_000 for part in parts(first)))
    finally:
        os.killpg(lost.pid, signal.SIGKILL)  # the node, its recorders and its courier: the machine is gone
        lost_at = now_ms()
        await lost.wait()
    names = parts(first)
    shutil.rmtree(first)
    assert pieces(s3)
    second = NodeId("second-node")
    environ = {
        **node_environ,
        "PARLEY_NODE_ID": second,
        "PARLEY_NODE_RECORDINGS_PATH": str(tmp_path / "second"),
    }
    another = Gateway(redis_client, second)
    await another.open()
    ben = Client(another, "ben")
    async with running(Settings.from_environ(environ)):
        await ben.join()
        await ben.publish(Tone(frequency=600), Greys())
        await begun(another, RecordingKind.BOTH)
        await until(
            lambda: all(
                any(recorded_ms(each) > 3_000 for each in parts(tmp_path / "second").values() if getattr(each, kind))
                for kind in ("files", "composites")
            )
        )
        await ended(another)
        catalogue = Catalogue(s3, RecordingKind.BOTH, started_at=started_at, stopped_at=now_ms())
        await until(lambda: catalogue.is_ready and not pieces(s3))
        await ben.close()
    await another.close()
    objects, manifests = in_bucket(s3), catalogue.manifests
    assert len(manifests) == 4
    assert manifests.keys() > names.keys()
    for name, told in manifests.items():
        assert told.end is (PartEnd.NODE_LOST if name in names else PartEnd.FINISHED)
        assert recorded_ms(told) > 1_000
        for film in told.composites:
            assert_film(objects[f"{PREFIX}{name}/{film.name}"], film)
        for file in told.files:
            if file.source == "camera":
                assert_pictures_as_sent(objects[f"{PREFIX}{name}/{file.name}"], file)
                assert_seekable(objects[f"{PREFIX}{name}/{file.name}"])
    gaps = {gap.kind: gap for gap in catalogue.outcome.gaps}
    assert {gap.reason for gap in gaps.values()} == {GapReason.NODE_LOST}
    assert all(gap.begins_at < lost_at for gap in gaps.values())


async def test_while_the_bucket_is_away_everything_waits_on_the_disk_and_nothing_is_missing(  # noqa: PLR0917
    alice: Client,
    node: RunningNode,
    path_to_s3: TcpProxy,
    gateway: Any,
    s3: Any,
    s3_url: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    assert node
    await alice.join()
    await alice.publish(Tone(frequency=600), Greys())
    await begun(gateway, RecordingKind.BOTH)
    started_at = now_ms()
    await until(lambda: len(pieces(s3)) >= 4)
    cut(path_to_s3)
    await until(lambda: PIECES_BEHIND._value.get() > 100_000)
    before = len(pieces(s3))
    assert "what is recorded cannot be brought to the bucket, and waits" in caplog.text
    root = tmp_path / "first"
    reached = max(map(recorded_ms, parts(root).values()))
    await until(lambda: all(recorded_ms(each) > reached + 3_000 for each in parts(root).values()))
    assert len(pieces(s3)) == before
    path_to_s3.target = address_of(s3_url)
    await until(lambda: len(pieces(s3)) > before and PIECES_BEHIND._value.get() == 0)
    assert "what is recorded is brought to the bucket again" in caplog.text
    cut(path_to_s3)
    await ended(gateway)  # it is away when the files should come, too
    catalogue = Catalogue(s3, RecordingKind.BOTH, started_at=started_at, stopped_at=now_ms())
    await until(lambda: all(told.end is PartEnd.FINISHED for told in parts(root).values()))
    assert not catalogue.is_ready
    path_to_s3.target = address_of(s3_url)
    await until(lambda: catalogue.is_ready and not pieces(s3))
    assert catalogue.outcome.gaps == ()
    objects = in_bucket(s3)
    for name, told in catalogue.manifests.items():
        for film in told.composites:
            assert_film(objects[f"{PREFIX}{name}/{film.name}"], film)
        for file in told.files:
            if file.source == "camera":
                assert_pictures_as_sent(objects[f"{PREFIX}{name}/{file.name}"], file)
    await until(lambda: not parts(root))


class Noise(VideoStreamTrack):
    """Pictures that no codec makes small."""

    def __init__(self) -> None:
        super().__init__()
        self._random = np.random.default_rng(7)

    async def recv(self) -> av.VideoFrame:
        pts, time_base = await self.next_timestamp()
        frame = av.VideoFrame.from_ndarray(
            self._random.integers(0, 255, (240, 320, 3), np.uint8, endpoint=True), format="rgb24"
        )
        frame.pts, frame.time_base = pts, time_base
        return frame


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of some megabytes, where this machine lets one be mounted."""
    folder = tmp_path / "first"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "none", folder], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("nothing can be mounted here")
    with (folder / "taken").open("wb") as taken:  # what is left is soon full, however slow the machine
        os.posix_fallocate(taken.fileno(), 0, shutil.disk_usage(folder).free - manifest.RESERVED - 500_000)
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def video_files(told: Manifest) -> list[RecordedFile | CompositeFile]:
    return [*told.composites, *(file for file in told.files if file.source == "camera")]


@pytest.mark.parametrize("kind", [RecordingKind.TRACKS, RecordingKind.COMPOSITE])
async def test_of_a_disk_that_is_full_all_is_there_that_was_written(  # noqa: PLR0917
    small_disk: Path,
    alice: Client,
    node: RunningNode,
    gateway: Any,
    s3: Any,
    kind: RecordingKind,
) -> None:
    assert node
    await alice.join()
    await alice.publish(Noise(), Tone())
    await begun(gateway, kind)
    started_at = now_ms()
    failed = await asyncio.wait_for(gateway.ended_recordings.get(), PATIENCE_S)
    assert (failed.recording_id, failed.reason) == ("rec_1", "the disk is full")
    stopped_at = now_ms() + 60_000  # and a minute later the meeting is over
    catalogue = Catalogue(s3, kind, started_at=started_at, stopped_at=stopped_at)
    await until(lambda: catalogue.is_ready and not pieces(s3))
    await until(lambda: not parts(small_disk))
    objects = in_bucket(s3)
    manifests = catalogue.manifests
    assert len(manifests) == 1, manifests
    [(name, told)] = manifests.items()
    assert (told.end, told.ended_at) == (PartEnd.DISK_FULL, None)
    assert name.endswith(COMPOSITE_PART) is (kind is RecordingKind.COMPOSITE)
    [video] = video_files(told)
    data = objects[f"{PREFIX}{name}/{video.name}"]
    assert len(data) > 50_000
    with av.open(io.BytesIO(data), "r") as container:
        assert sum(1 for _ in container.decode(video=0)) == video.frames
    [gap] = catalogue.outcome.gaps
    assert gap == Gap(kind=kind, begins_at=told.lasts_until, ends_at=stopped_at, reason=GapReason.DISK_FULL)


async def test_a_short_recording_is_whole_only_with_all_its_parts(s3: Any) -> None:
    """Pieces alone tell that a part will come, under names that files do not have."""
    s3.put_object(Bucket=BUCKET, Key=f"{unfinished(PREFIX, '1-node')}00000000", Body=b"")
    catalogue = Catalogue(s3, RecordingKind.TRACKS, started_at=0, stopped_at=now_ms())
    assert not catalogue.is_ready
    told = Manifest(meeting_id=MEETING, recording_id="rec_1", started_at=0, ended_at=1, files=(), end=PartEnd.FINISHED)
    s3.put_object(Bucket=BUCKET, Key=f"{PREFIX}2-node/{MANIFEST}", Body=msgspec.json.encode(told))
    assert not catalogue.is_ready
    s3.delete_object(Bucket=BUCKET, Key=f"{unfinished(PREFIX, '1-node')}00000000")
    assert catalogue.is_ready
