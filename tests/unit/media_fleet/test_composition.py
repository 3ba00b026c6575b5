"""A scripted meeting as one film: who is seen and heard when, on one clock."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from copy import copy
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from contracts.recording_order import RecordedPerson
from contracts.rooms import CompositeLayout, ParticipantId, TrackId, TrackSource
from media_fleet.composer.composition import BEHIND_MS, FAR_BEHIND_MS, HELD_MS, Composition
from media_fleet.composer.decoding import PictureDecoder
from media_fleet.composer.drawing import Drawing
from media_fleet.composer.film import Film
from media_fleet.composer.lettering import Lettering
from media_fleet.composer.stage import UNSEEN_MS, Stage
from media_fleet.composer.tracks import MAX_WAITING, PictureTrack, ReceivedTrack, SoundTrack
from media_fleet.recorder.pictures import Picture
from media_fleet.recorder.protocol import CompositeOrder, TrackBegun
from media_fleet.recorder.seekable import growing, make_seekable
from tests.doubles.scripted_publisher import Arrival, filmed, plain, sounded, tone

FRAME_RATE = 25
RED, GREEN, BLUE, WHITE = (200, 30, 30), (30, 180, 30), (30, 30, 220), (235, 235, 235)
LOW, HIGH, BEEP = 500.0, 1_200.0, 3_000.0
FLASH = (1_000.0, 1_320.0)
ALICE, BOB, CAROL = ParticipantId("alice"), ParticipantId("bob"), ParticipantId("carol")


class Script:
    """A meeting that happens to a composition as it was written, with a clock of its own."""

    def __init__(self, folder: Path, order: CompositeOrder) -> None:
        self._folder = folder
        self.film = Film(folder / growing("meeting.mp4"), order)
        self.composition = Composition(order, self.film, Drawing(order, Lettering(None)))
        self._tracks: dict[int, ReceivedTrack] = {}
        self._arrivals: list[Iterator[tuple[float, int, Arrival]]] = []
        self._coming: deque[tuple[float, int, Arrival]] | None = None
        self._happenings: list[tuple[float, Callable[[], None]]] = []

    def publishes(self, at: float, who: ParticipantId, source: TrackSource, arrivals: Iterable[Arrival]) -> int:
        ssrc = len(self._tracks) + 1
        received = self._tracks[ssrc] = ReceivedTrack(begun(ssrc, who, source))
        track = SoundTrack(received) if source.kind == "audio" else PictureTrack(received, "VP8", muted=False)
        self.happens(at, lambda stage: stage.add(ssrc, track))
        self._arrivals.append((each.at, ssrc, each) for each in arrivals)
        return ssrc

    def happens(self, at: float, happening: Callable[[Stage], None]) -> None:
        self._happenings.append((at, lambda: self.composition.happens(at, happening)))

    def people(self, at: float, *people: ParticipantId) -> None:
        told = tuple(RecordedPerson(participant_id=each, name=each.title()) for each in people)
        self.happens(at, lambda stage: stage.people_are(told))

    def plays(self, until: float) -> Path:
        """Everything comes at its time; the finished film."""
        for now in np.arange(0, until, 20):
            self.comes(float(now))
            self.composition.compose(float(now))
        self.composition.complete(until, lambda: until)
        make_seekable(self._folder)
        return self._folder / "meeting.mp4"

    def comes(self, now: float) -> None:
        """All that comes up to a time."""
        self._happenings.sort(key=lambda each: each[0])
        while self._happenings and self._happenings[0][0] <= now:
            self._happenings.pop(0)[1]()
        if self._coming is None:
            self._coming = deque(heapq.merge(*self._arrivals, key=lambda each: each[0]))
        while self._coming and self._coming[0][0] <= now:
            self._takes(*self._coming.popleft()[1:])

    def _takes(self, ssrc: int, arrival: Arrival) -> None:
        track = self._tracks[ssrc]
        if arrival.packet is not None:
            track.receive(arrival.packet, arrival.at)
        if arrival.report is not None:
            track.reception.sender_report(*arrival.report)


def begun(ssrc: int, who: ParticipantId, source: TrackSource) -> TrackBegun:
    is_sound = source.kind == "audio"
    return TrackBegun(
        ssrc=ssrc,
        track_id=TrackId(str(ssrc)),
        participant_id=who,
        source=source,
        codec="opus" if is_sound else "VP8",
        clock_rate=48_000 if is_sound else 90_000,
        muted=False,
    )


def order(layout: CompositeLayout = CompositeLayout.GRID, *, audio_only: bool = False) -> CompositeOrder:
    return CompositeOrder(width=640, height=360, frame_rate=FRAME_RATE, threads=1, layout=layout, audio_only=audio_only)


class Shown:
    """A film as it plays."""

    def __init__(self, path: Path) -> None:
        with av.open(str(path)) as container:
            frames = list(container.decode(video=0))
        self.times = np.array([_ms(frame) for frame in frames])
        self.pictures = [frame.to_ndarray(format="rgb24") for frame in frames]
        with av.open(str(path)) as container:
            sounds = list(container.decode(audio=0))
        self.rate = sounds[0].sample_rate
        self.sound_start = _ms(sounds[0])
        self.sound = np.concatenate([each.to_ndarray() for each in sounds], axis=1).mean(axis=0)

    def at(self, ms: float, x: int, y: int) -> NDArray[np.int16]:
        """The colour at a place and a time."""
        number = int(np.searchsorted(self.times, ms, side="right")) - 1
        picture = self.pictures[number]
        colour: NDArray[np.int16] = picture[y - 2 : y + 2, x - 2 : x + 2].reshape(-1, 3).mean(axis=0).astype(np.int16)
        return colour

    def heard(self, ms: float, *, length: float = 200) -> set[float]:
        """Which of the tones are heard."""
        return {each for each in (LOW, HIGH, BEEP) if self.loudness(each, ms, length) > 0.05}

    def loudness(self, frequency: float, ms: float, length: float) -> float:
        start = round((ms - self.sound_start) * self.rate / 1000)
        part = self.sound[max(0, start) : start + round(length * self.rate / 1000)]
        angles = 2 * np.pi * frequency * np.arange(part.size) / self.rate
        return float(2 * abs(np.mean(part * np.exp(-1j * angles)))) if part.size else 0.0


def _ms(frame: av.VideoFrame | av.AudioFrame) -> float:
    assert frame.time is not None
    return frame.time * 1000


def is_like(colour: NDArray[np.int16], other: tuple[int, int, int]) -> bool:
    return bool(np.abs(colour - np.array(other)).max() < 40)


def flashing(at: float) -> NDArray[np.uint8]:
    return plain(WHITE if FLASH[0] <= at < FLASH[1] else RED)


def beeping(times: NDArray[np.float64]) -> NDArray[np.float64]:
    beeps = (FLASH[0] <= times) & (times < FLASH[1])
    return np.where(beeps, tone(BEEP, times), np.where(times < 5_000, tone(LOW, times), 0.0))


@pytest.fixture(scope="module")
def meeting(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Alice is there from the beginning, Bob comes at 2 s and goes at 8, Carol has no picture; screen from 6 to 7.5."""
    script = Script(tmp_path_factory.mktemp("film"), order())
    script.people(0, ALICE)
    script.publishes(0, ALICE, TrackSource.MICROPHONE, sounded(beeping, 40, 9_000, late=10))
    script.publishes(0, ALICE, TrackSource.CAMERA, filmed(flashing, 40, 9_000, frame_rate=12.5, late=150))
    script.people(2_000, ALICE, BOB)
    script.publishes(
        2_000,
        BOB,
        TrackSource.MICROPHONE,
        sounded(lambda times: np.where(times < 4_000, tone(HIGH, times), 0), 2_000, 8_000, late=40),
    )
    camera = script.publishes(
        2_000,
        BOB,
        TrackSource.CAMERA,
        filmed(lambda at: plain(GREEN) if at < 4_500 else plain(GREEN, 240, 180), 2_000, 8_000, frame_rate=10, late=60),
    )
    script.people(3_000, ALICE, BOB, CAROL)
    script.happens(5_000, lambda stage: stage.mute(camera, muted=True))
    script.happens(5_500, lambda stage: stage.mute(camera, muted=False))
    screen = script.publishes(
        6_000,
        ALICE,
        TrackSource.SCREEN,
        filmed(lambda _: plain(BLUE, 320, 180), 6_000, 7_500, frame_rate=5, late=60),
    )
    script.happens(7_500, lambda stage: stage.remove(screen))
    script.happens(8_000, lambda stage: stage.remove(camera))
    script.people(8_000, ALICE, CAROL)
    path = script.plays(9_000)
    assert script.composition.dropped == 0
    return path


@pytest.fixture(scope="module")
def shown(meeting: Path) -> Shown:
    return Shown(meeting)


def test_it_is_as_long_as_the_meeting_and_has_all_pictures(shown: Shown) -> None:
    assert len(shown.pictures) == 9 * FRAME_RATE + 1
    assert np.diff(shown.times) == pytest.approx(1000 / FRAME_RATE, abs=1)
    assert shown.sound.size / shown.rate == pytest.approx(9, abs=0.05)


def test_everybody_is_where_the_layout_puts_them_for_as_long_as_they_are_there(shown: Shown) -> None:
    assert is_like(shown.at(700, 320, 180), RED)
    assert is_like(shown.at(2_600, 160, 180), RED)
    assert is_like(shown.at(2_600, 480, 180), GREEN)
    assert is_like(shown.at(4_900, 160, 90), RED)
    assert is_like(shown.at(4_900, 480, 90), GREEN), "in another resolution it is the same place"
    assert is_like(shown.at(8_700, 160, 180), RED)
    assert not is_like(shown.at(8_700, 480, 180), GREEN)


def test_who_has_no_picture_has_a_tile_with_initials(shown: Shown) -> None:
    assert not is_like(shown.at(5_300, 480, 90), GREEN), "muted"
    assert is_like(shown.at(5_900, 480, 90), GREEN), "and no longer"
    tile, background = shown.at(3_600, 240, 300), shown.at(3_600, 40, 300)
    assert tile.sum() > background.sum() + 30, "Carol, below the two others"


def test_a_shared_screen_is_large_and_people_are_beside_it(shown: Shown) -> None:
    for x in (30, 260, 500):
        assert is_like(shown.at(7_000, x, 180), BLUE)
    strip = [shown.at(7_000, 590, y) for y in range(20, 340, 8)]
    assert any(is_like(each, RED) for each in strip)
    assert any(is_like(each, GREEN) for each in strip)
    assert not is_like(shown.at(7_900, 260, 180), BLUE)


def test_everybody_is_heard_when_they_spoke_and_nobody_else(shown: Shown) -> None:
    heard = {at: shown.heard(at) for at in (500, 1_050, 1_500, 2_500, 3_500, 4_500, 5_500, 8_500)}
    assert heard == {
        500: {LOW},
        1_050: {BEEP},
        1_500: {LOW},
        2_500: {LOW, HIGH},
        3_500: {LOW, HIGH},
        4_500: {LOW},
        5_500: set(),
        8_500: set(),
    }


def test_picture_and_sound_go_together_within_40_ms_however_late_the_pictures_came(shown: Shown) -> None:
    flash = next(at for at in shown.times if is_like(shown.at(at + 1, 320, 180), WHITE))
    beep = next(at for at in np.arange(500, 2_000, 2.0) if shown.loudness(BEEP, at, 10) > 0.15)
    assert abs(flash - (beep + 5)) <= 40
    dark = next(at for at in shown.times if at > flash and is_like(shown.at(at + 1, 320, 180), RED))
    silent = next(at for at in np.arange(beep, 3_000, 2.0) if shown.loudness(BEEP, at, 10) < 0.15)
    assert abs(dark - (silent + 5)) <= 40


def test_every_place_of_it_is_found(meeting: Path) -> None:
    data = meeting.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat"), "the index comes first"
    assert b"moof" not in data
    with av.open(str(meeting)) as container:
        stream = container.streams.video[0]
        assert stream.time_base is not None
        container.seek(round(6.5 / stream.time_base), stream=stream)
        first = next(container.decode(stream))
    assert 4_400 <= _ms(first) <= 6_500, "no further away than a key frame"


def test_a_film_that_is_cut_off_plays_up_to_its_last_fragment(tmp_path: Path) -> None:
    film = Film(tmp_path / growing("meeting.mp4"), order())
    picture = av.VideoFrame.from_ndarray(plain(RED, 640, 360), format="rgb24").reformat(format="yuv420p")
    for number in range(7 * FRAME_RATE):
        film.play(np.zeros((2, 48_000 // FRAME_RATE), np.float32))
        film.draw(picture, number)
    left = tmp_path / "left"
    left.mkdir()
    (left / growing("meeting.mp4")).write_bytes((tmp_path / growing("meeting.mp4")).read_bytes())
    make_seekable(left)
    [whole] = left.iterdir()
    assert whole.name == "meeting.mp4"
    with av.open(str(whole)) as container:
        times = [_ms(frame) for frame in container.decode(video=0)]
    assert times[-1] > 3_000
    film.close()


def test_players_find_a_place_every_two_seconds_also_where_most_pictures_were_left_out(tmp_path: Path) -> None:
    film = Film(tmp_path / growing("meeting.mp4"), order())
    picture = av.VideoFrame.from_ndarray(plain(RED, 640, 360), format="rgb24").reformat(format="yuv420p")
    for number in range(0, 12 * FRAME_RATE, FRAME_RATE):
        film.draw(picture, number)
    film.play(np.zeros((2, 12 * 48_000), np.float32))
    film.close()
    with av.open(str(tmp_path / growing("meeting.mp4"))) as container:
        keys = [_ms(frame) for frame in container.decode(video=0) if frame.key_frame]
    assert keys == [0, 2_000, 4_000, 6_000, 8_000, 10_000]


def test_who_is_too_slow_leaves_pictures_out_and_no_sound(tmp_path: Path) -> None:
    script = Script(tmp_path, order())
    script.people(0, ALICE)
    arrivals = list(sounded(lambda times: tone(LOW, times), 0, 4_000, late=10))
    script.publishes(0, ALICE, TrackSource.MICROPHONE, arrivals)
    while script.composition.compose(4_000):
        pass
    assert script.composition.dropped == 1 + (4_000 - HELD_MS - BEHIND_MS) * FRAME_RATE // 1000
    path = script.plays(4_000)
    told = Shown(path)
    assert len(told.pictures) == 4 * FRAME_RATE + 1 - script.composition.dropped
    assert told.sound.size / told.rate == pytest.approx(4, abs=0.05)
    assert told.heard(3_500) == {LOW}


def test_who_cannot_even_decode_in_time_skips_pictures_and_stays_near(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script, now, decoded = Script(tmp_path, order()), 0.0, []
    decode = PictureDecoder.decode

    def slowly(decoder: PictureDecoder, picture: Picture) -> av.VideoFrame | None:
        nonlocal now
        now += 120
        decoded.append(picture.arrived)
        return decode(decoder, picture)

    monkeypatch.setattr(PictureDecoder, "decode", slowly)
    script.people(0, ALICE)
    script.publishes(0, ALICE, TrackSource.MICROPHONE, sounded(lambda times: tone(LOW, times), 0, 12_000, late=10))
    # Another size each second: it begins with a key frame.
    camera = filmed(lambda at: plain(RED, 160, 90 + 2 * int(at // 1000)), 0, 12_000, frame_rate=25, late=10)
    script.publishes(0, ALICE, TrackSource.CAMERA, camera)
    behind = []
    while now < 12_000:
        script.comes(now)
        if not script.composition.compose(now):
            now += 10
        behind.append(now - HELD_MS - script.film.duration_ms)
    script.composition.complete(12_000, lambda: now)
    make_seekable(tmp_path)
    assert max(behind) < FAR_BEHIND_MS + 500
    assert now - 12_000 < HELD_MS + FAR_BEHIND_MS + 500, "what is left in the end takes no longer, either"
    assert max(decoded) > 7_000, "once it has caught up, it decodes on"
    told = Shown(tmp_path / "meeting.mp4")
    assert all(told.heard(at) == {LOW} for at in range(200, 11_500, 400)), "sound is whole"


def test_what_waits_does_not_fill_the_memory() -> None:
    track = ReceivedTrack(begun(1, ALICE, TrackSource.CAMERA))
    [first, *_] = [each.packet for each in filmed(lambda _: plain(RED), 0, 40, frame_rate=25, late=0) if each.packet]
    first.payload += bytes(MAX_WAITING // 8)
    for number in range(20):
        sent = copy(first)
        sent.marker, sent.sequence_number = 1, (first.sequence_number + number) & 0xFFFF
        sent.timestamp = (first.timestamp + 3_600 * number) & 0xFFFFFFFF
        track.receive(sent, 40.0 * number)
    assert len(track.take(10_000, None)) == 7
    assert track.reception.wants_key_frame(800), "there is a gap now"


def test_sound_that_was_delayed_and_waited_for_a_lost_packet_is_there(tmp_path: Path) -> None:
    script = Script(tmp_path, order())
    script.people(0, ALICE)
    sent = list(sounded(lambda times: tone(LOW, times), 0, 6_000, late=10))
    late = [each._replace(at=each.at + (500 if each.at > 2_000 else 0)) for each in sent]
    script.publishes(0, ALICE, TrackSource.MICROPHONE, [each for each in late if not 3_500 < each.at <= 3_520])
    told = Shown(script.plays(6_000))
    assert all(LOW in told.heard(at, length=60) for at in range(100, 5_300, 60)), "but for the 20 ms that are lost"


def test_of_sound_alone_it_is_one_file_without_a_picture(tmp_path: Path) -> None:
    film = Film(tmp_path / growing("meeting.m4a"), order(audio_only=True))
    composition = Composition(order(audio_only=True), film, None)
    for now in range(0, 3_000, 500):
        composition.compose(now)
    composition.complete(3_000, lambda: 3_000)
    make_seekable(tmp_path)
    with av.open(str(tmp_path / "meeting.m4a"), "r") as container:
        assert [stream.type for stream in container.streams] == ["audio"]
        assert sum(frame.samples for frame in container.decode(audio=0)) == pytest.approx(3 * 48_000, abs=2_048)
    assert (film.pictures, composition.dropped) == (0, 0)


def test_a_muted_screen_has_no_place_and_a_camera_out_of_view_is_decoded_for_a_while() -> None:
    stage, tracks = Stage(), {}
    for ssrc, source in ((1, TrackSource.CAMERA), (2, TrackSource.SCREEN)):
        received = ReceivedTrack(begun(ssrc, ALICE, source))
        tracks[source] = PictureTrack(received, "VP8", muted=False)
        stage.add(ssrc, tracks[source])
        for each in filmed(lambda _: plain(RED), 0, 20_000, frame_rate=2, late=0):
            if each.packet is not None:
                received.receive(each.packet, each.at)
    camera, screen = tracks[TrackSource.CAMERA], tracks[TrackSource.SCREEN]
    stage.decode_pictures(1_000, lambda _: True)
    assert stage.people(1_000)[0].shares_screen
    stage.mute(2, muted=True)
    stage.decode_pictures(2_000, lambda _: False)
    assert screen.frame is None, "though something has come"
    assert not stage.people(2_000)[0].shares_screen
    assert stage.picture(ALICE, TrackSource.CAMERA, 2_000) is camera, "who comes back into view is there at once"
    stage.mute(2, muted=False)
    stage.decode_pictures(1_000 + UNSEEN_MS, lambda _: False)
    assert stage.people(1_000 + UNSEEN_MS)[0].shares_screen
    assert (camera.frame, camera.received.is_wanted) == (None, False)
