"""A meeting that goes by a script, on a real node: what is recorded is read back by PyAV and by ffprobe."""

from __future__ import annotations

import asyncio
import io
import json
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import av
import msgspec
import numpy as np
import pytest
from aiortc.mediastreams import MediaStreamTrack, VideoStreamTrack
from numpy.typing import NDArray

from contracts.meeting_work import Recording, StartRecording, StopRecording
from contracts.node_rpc import AssignedTrack, Done, LeaveRoom, Publish, SetTrackMuted
from contracts.recording_manifest import COMPOSITE_PART, MANIFEST, CompositeFile, Manifest, RecordedFile
from contracts.recording_order import RecordedPerson, RecordingOrder
from contracts.rooms import ParticipantId, RecordingKind, TrackId, TrackSource
from media_fleet.main import RunningNode
from media_fleet.recorder import manifest
from tests.doubles.tone import Tone
from tests.integration.media.aiortc_client import MEETING, Client
from tests.integration.media.recordings_bucket import in_bucket, to_bucket

pytestmark = pytest.mark.timeout(400)
PATIENCE_S = 120
SETTLED_MS = 2_000
"""So long after something has happened nothing is expected of the picture: it is on its way."""
RED, GREEN, BLUE = (200, 30, 30), (30, 180, 30), (30, 30, 220)
LOW, HIGH = 600.0, 1_500.0
PICTURES = 5
"""Of each state of the meeting, at least."""
WIDTH, HEIGHT = 640, 360


class Plain(VideoStreamTrack):
    """Pictures of one colour, ten a second. Their size may be changed at any time."""

    def __init__(self, colour: tuple[int, int, int], size: tuple[int, int] = (320, 180)) -> None:
        super().__init__()
        self._colour = colour
        self.size = size
        self._next = 0

    async def recv(self) -> av.VideoFrame:
        for _ in range(3):  # of thirty a second, every third
            pts, time_base = await self.next_timestamp()
        width, height = self.size
        frame = av.VideoFrame.from_ndarray(np.full((height, width, 3), self._colour, np.uint8), format="rgb24")
        frame.pts, frame.time_base = pts, time_base
        return frame


class Sharing(Client):
    """A participant whose second picture is a screen."""

    def publish_request(self) -> Publish:
        sources = [TrackSource.MICROPHONE, TrackSource.CAMERA, TrackSource.SCREEN]
        transceivers = self.publishing.getTransceivers()
        return Publish(
            meeting_id=self.meeting_id,
            participant_id=self.id,
            sdp=self.described(self.publishing),
            tracks=tuple(
                AssignedTrack(mid=each.mid or "", track_id=TrackId(f"{self.id}-{source}"), source=source)
                for each, source in zip(transceivers, sources, strict=False)
            ),
            version=1,
        )


class Told(NamedTuple):
    """What is in the bucket, and when things happened (milliseconds since the epoch)."""

    tracks: Manifest
    film: CompositeFile
    film_started_at: int
    objects: dict[str, bytes]
    """By the names of files."""
    at: dict[str, float]

    def file(self, who: str, source: TrackSource) -> RecordedFile:
        [found] = [each for each in self.tracks.files if (each.participant_id, each.source) == (who, source)]
        return found


@pytest.fixture
def node_environ(node_environ: dict[str, str], tmp_path: Path, s3_url: str, s3: Any) -> dict[str, str]:
    return {
        **node_environ,
        **to_bucket(tmp_path, s3_url),
        "PARLEY_NODE_COMPOSITE_HEIGHT": str(HEIGHT),
        "PARLEY_NODE_COMPOSITE_FRAME_RATE": "5",
    }


def growing(folder: Path) -> tuple[int, CompositeFile]:
    """When the film began (milliseconds since the epoch), and what it is by now."""
    told = [manifest.read(path.parent) for path in folder.glob(f"*/*/*{COMPOSITE_PART}/{MANIFEST}")]
    [found] = [(each.started_at, film) for each in told for film in each.composites]
    return found


class Script:
    """A recording of a meeting, and what happens in it."""

    def __init__(self, gateway: Any, eventually: Any, folder: Path) -> None:
        self._gateway, self._eventually, self._folder = gateway, eventually, folder
        self._version = 1
        self.at: dict[str, float] = {}

    async def people(self, *people: str) -> None:
        """Begins the recording, or tells who is there now."""
        self._version += 1
        told = tuple(RecordedPerson(participant_id=ParticipantId(each), name=each.title()) for each in people)
        order = RecordingOrder(kind=RecordingKind.BOTH, people=told)
        request = StartRecording(meeting_id=MEETING, recording_id="rec_1", order=order, version=self._version)
        async with asyncio.timeout(PATIENCE_S):
            while True:  # on a busy machine two processes take long to start: as gateways do, it is asked again
                try:
                    await self._gateway.ask(request, Recording)
                except TimeoutError:
                    continue
                return

    async def goes_on(self, ms: int) -> None:
        """Until so much more has been recorded, of which there are some pictures on the slowest machine, too."""
        now = time.time() * 1000 - growing(self._folder)[0]

        def has_come_to(wanted: float, pictures: int) -> bool:
            film = growing(self._folder)[1]
            return film.duration_ms >= wanted and film.frames >= pictures

        await self._eventually(lambda: has_come_to(now + SETTLED_MS, 0), timeout_s=PATIENCE_S)
        pictures = growing(self._folder)[1].frames + PICTURES
        await self._eventually(lambda: has_come_to(now + ms, pictures), timeout_s=PATIENCE_S)

    def happens(self, what: str) -> None:
        self.at[what] = time.time() * 1000


async def mute(gateway: Any, track_id: str, *, muted: bool, version: int) -> None:
    request = SetTrackMuted(
        meeting_id=MEETING,
        participant_id=ParticipantId("alice"),
        track_id=TrackId(track_id),
        muted=muted,
        version=version,
    )
    await gateway.ask(request, Done)


@pytest.fixture
async def told(node: RunningNode, gateway: Any, eventually: Any, s3: Any, tmp_path: Path) -> Told:
    """Alice is there throughout; Bob comes, changes the size of his picture, shares a screen, and leaves."""
    del node
    script, alice, bob = Script(gateway, eventually, tmp_path), Client(gateway, "alice"), Sharing(gateway, "bob")
    bobs: list[MediaStreamTrack] = [Tone(frequency=HIGH), Plain(GREEN)]
    try:
        await alice.join()
        await alice.publish(Tone(frequency=LOW), Plain(RED))
        await script.people("alice")
        await script.goes_on(5_000)
        await bob.join()
        await script.people("alice", "bob")
        await bob.publish(*bobs)
        script.happens("joined")
        await script.goes_on(5_000)
        bobs[1].size = (480, 270)  # type: ignore[attr-defined]
        script.happens("resized")
        await script.goes_on(5_000)
        await mute(gateway, "alice-video", muted=True, version=2)
        script.happens("muted")
        await script.goes_on(5_000)
        await mute(gateway, "alice-video", muted=False, version=3)
        script.happens("unmuted")
        await script.goes_on(5_000)
        await bob.publish(Plain(BLUE, (640, 360)))
        script.happens("shared")
        await script.goes_on(5_000)
        await gateway.ask(LeaveRoom(meeting_id=MEETING, participant_id=bob.id), Done)
        await script.people("alice")
        script.happens("left")
        await script.goes_on(5_000)
        await gateway.ask(StopRecording(meeting_id=MEETING, recording_id="rec_1"), Done)
        await eventually(lambda: not list(tmp_path.glob("*/*/*")), timeout_s=PATIENCE_S)
    finally:
        await alice.close()
        await bob.close()
    return _told(in_bucket(s3), script.at)


def _told(objects: dict[str, bytes], at: dict[str, float]) -> Told:
    [tracks] = [key for key in objects if key.endswith(MANIFEST) and COMPOSITE_PART not in key]
    [film] = [key for key in objects if key.endswith(f"{COMPOSITE_PART}/{MANIFEST}")]
    of_film = msgspec.json.decode(objects[film], type=Manifest)
    [about] = of_film.composites
    return Told(
        tracks=msgspec.json.decode(objects[tracks], type=Manifest),
        film=about,
        film_started_at=of_film.started_at,
        objects={key.rpartition("/")[2]: data for key, data in objects.items()},
        at=at,
    )


class Shown:
    """A film as it plays, and what of it is seen at the times of the meeting."""

    def __init__(self, told: Told) -> None:
        self._told = told
        data = told.objects[told.film.name]
        with av.open(io.BytesIO(data), "r") as container:
            frames = list(container.decode(video=0))
        self.times = np.array([frame.time * 1000 for frame in frames])
        self._pictures = [frame.to_ndarray(format="rgb24") for frame in frames]
        with av.open(io.BytesIO(data), "r") as container:
            sounds = [frame.to_ndarray() for frame in container.decode(audio=0)]
        self.sound = np.concatenate(sounds, axis=1).mean(axis=0)

    def between(self, first: str | None, second: str | None) -> list[float]:
        """The times of some pictures between two things that have happened, once the first one has settled.

        Of a composer that is too slow pictures are left out, and then one of before stands.
        """
        at, began = self._told.at, self._told.film_started_at
        start = SETTLED_MS if first is None else at[first] - began + SETTLED_MS
        end = self._told.film.duration_ms if second is None else at[second] - began
        there = [float(each) for each in self.times if start <= each <= end]
        assert there, f"pictures from {first} to {second}"
        return [there[int(share * len(there))] for share in (0.2, 0.5, 0.9)]

    def colour(self, ms: float, x: int, y: int) -> NDArray[np.int16]:
        picture = self._pictures[int(np.searchsorted(self.times, ms))]
        middle: NDArray[np.int16] = picture[y - 2 : y + 2, x - 2 : x + 2].reshape(-1, 3).mean(axis=0).astype(np.int16)
        return middle

    def heard(self, ms: float) -> set[float]:
        """Which of the two tones."""
        start = round(ms * 48)
        part = self.sound[start : start + 9_600]
        at = 2 * np.pi * np.arange(part.size) / 48_000
        return {each for each in (LOW, HIGH) if 2 * abs(np.mean(part * np.exp(-1j * each * at))) > 0.02}


def is_like(colour: NDArray[np.int16], other: Iterable[int]) -> bool:
    return bool(np.abs(colour - np.array(list(other))).max() < 40)


def probed(data: bytes, folder: Path, *what: str) -> Any:
    """What ffprobe says of a file."""
    path = folder / "probed"
    path.write_bytes(data)
    ffprobe = shutil.which("ffprobe")
    assert ffprobe, "Debian package ffmpeg"
    command = [ffprobe, "-v", "error", "-of", "json", *what, str(path)]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def the_film_is_as_it_was(told: Told) -> None:
    shown = Shown(told)
    middle, left, right = (WIDTH // 2, HEIGHT // 2), (WIDTH // 4, HEIGHT // 2), (3 * WIDTH // 4, HEIGHT // 2)
    everywhere: list[tuple[str | None, str | None, Callable[[float], bool], str]] = [
        (None, "joined", lambda ms: is_like(shown.colour(ms, *middle), RED), "Alice alone"),
        ("joined", "resized", lambda ms: is_like(shown.colour(ms, *right), GREEN), "Bob beside her"),
        ("resized", "muted", lambda ms: is_like(shown.colour(ms, *right), GREEN), "in another size he is there, too"),
        ("resized", "muted", lambda ms: is_like(shown.colour(ms, *left), RED), "and she is"),
        ("muted", "unmuted", lambda ms: not is_like(shown.colour(ms, WIDTH // 4, HEIGHT // 3), RED), "she is muted"),
        ("muted", "unmuted", lambda ms: is_like(shown.colour(ms, *right), GREEN), "he is not"),
        ("unmuted", "shared", lambda ms: is_like(shown.colour(ms, *left), RED), "she is back"),
        ("shared", "left", lambda ms: is_like(shown.colour(ms, 100, HEIGHT // 2), BLUE), "the screen is large"),
        ("left", None, lambda ms: is_like(shown.colour(ms, *middle), RED), "Alice is alone again"),
    ]
    for first, second, holds, what in everywhere:
        for ms in shown.between(first, second):
            assert holds(ms), f"{what}, {ms:.0f} ms"
    for first, second, tones in ((None, "joined", {LOW}), ("joined", "left", {LOW, HIGH}), ("left", None, {LOW})):
        for ms in shown.between(first, second):
            assert shown.heard(ms) == tones, f"{ms:.0f} ms"
    assert told.film.participants == ("alice", "bob")


def ffprobe_agrees(told: Told, folder: Path) -> None:
    """On the film: its lengths, its pictures, and where one is that is looked for."""
    data, film = told.objects[told.film.name], told.film
    found = probed(data, folder, "-show_format", "-show_streams", "-show_chapters", "-count_frames")
    picture, sound = (next(each for each in found["streams"] if each["codec_type"] == kind) for kind in _KINDS)
    assert (picture["codec_name"], picture["width"], picture["height"]) == ("h264", WIDTH, HEIGHT)
    assert (sound["codec_name"], sound["channels"]) == ("aac", 2)
    assert int(picture["nb_read_frames"]) == film.frames
    lengths = [float(each) * 1000 for each in (found["format"]["duration"], picture["duration"], sound["duration"])]
    assert lengths == pytest.approx([film.duration_ms] * 3, abs=420), "no longer than a picture or two apart"
    assert [float(each["start_time"]) * 1000 for each in found["chapters"]] == [each.start_ms for each in film.chapters]
    for at in (3.0, 11.0, film.duration_ms / 1000 - 1):
        read = (
            "-read_intervals",
            f"{at}%+#1",
            "-select_streams",
            "v",
            "-show_frames",
            "-show_entries",
            "frame=pts_time",
        )
        [first] = probed(data, folder, *read)["frames"]
        # Two seconds apart, or later by as much as the first picture of the next two is, where some were left out.
        assert at - 3.1 <= float(first["pts_time"]) <= at + 0.1, "no further away than a key frame"


_KINDS = ("video", "audio")


def the_tracks_are_as_they_were(told: Told, folder: Path) -> None:
    began = told.tracks.started_at
    bobs = told.file("bob", TrackSource.CAMERA)
    assert bobs.start_ms == pytest.approx(told.at["joined"] - began, abs=SETTLED_MS)
    with av.open(io.BytesIO(told.objects[bobs.name]), "r") as container:
        sizes = [(frame.time * 1000 + bobs.start_ms + began, frame.width) for frame in container.decode(video=0)]
    assert [width for _, width in sizes] == sorted(width for _, width in sizes), "once larger, it stays so"
    changed = next(at for at, width in sizes if width == 480)
    assert changed == pytest.approx(told.at["resized"], abs=SETTLED_MS)
    assert probed(told.objects[bobs.name], folder, "-show_streams")["streams"][0]["codec_name"] == "vp8"
    alices = told.file("alice", TrackSource.CAMERA)
    [muted] = alices.muted
    assert muted.until_ms is not None
    assert [muted.from_ms, muted.until_ms] == pytest.approx(
        [told.at["muted"] - began, told.at["unmuted"] - began], abs=SETTLED_MS
    )
    with av.open(io.BytesIO(told.objects[alices.name]), "r") as container:
        times = [
            float(each.pts * each.time_base) * 1000 + alices.start_ms
            for each in container.demux(video=0)
            if each.size and each.pts is not None
        ]
    gaps = np.diff(times)
    gap = int(gaps.argmax())
    assert times[gap] <= muted.from_ms + SETTLED_MS
    assert times[gap + 1] >= muted.until_ms - SETTLED_MS, "what was sent meanwhile is in no file"
    screen = told.file("bob", TrackSource.SCREEN)
    assert screen.start_ms == pytest.approx(told.at["shared"] - began, abs=SETTLED_MS)
    assert screen.start_ms + screen.duration_ms <= told.at["left"] - began + SETTLED_MS


async def test_a_meeting_by_a_script_is_read_back_as_it_was(told: Told, tmp_path: Path) -> None:
    the_film_is_as_it_was(told)
    ffprobe_agrees(told, tmp_path)
    the_tracks_are_as_they_were(told, tmp_path)
