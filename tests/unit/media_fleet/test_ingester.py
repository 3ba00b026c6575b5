"""What an ingester takes, decodes and sends when: without a node."""

from __future__ import annotations

import asyncio
import io
import itertools
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media_fleet.ingester.decoding import MOST_PIXELS, RATE, SAMPLES, Decoded, Decoding, Scaling
from media_fleet.ingester.errors import SourceError
from media_fleet.ingester.flv import FlvPipe
from media_fleet.ingester.ingester import SILENT_S, Silence
from media_fleet.ingester.peer import with_candidate
from media_fleet.ingester.playing import MOST_LATE_S, Clock, PictureTrack, Player, SoundTrack
from media_fleet.rtmp.messages import Kind, Message
from tests.doubles.film import LEVELS, TONE, bars_of, frequency_in, write_film


@pytest.mark.parametrize(
    ("name", "picture", "sound"),
    [
        ("film.mp4", "libx264", "aac"),
        ("film.webm", "libvpx", "libopus"),
        ("film.ts", "libx264", "aac"),
        ("song.mp3", "", "libmp3lame"),
        ("song.ogg", "", "libopus"),
        ("still.mp4", "libx264", ""),
    ],
)
def test_files_of_many_kinds_are_seen_and_heard(tmp_path: Path, name: str, picture: str, sound: str) -> None:
    path = tmp_path / name
    write_film(path, seconds=1, picture=picture, sound=sound)
    with path.open("rb") as file:
        decoded = list(Decoding(file).frames())
    pictures = [each for each in decoded if isinstance(each.frame, av.VideoFrame)]
    heard: list[Any] = [each for each in decoded if isinstance(each.frame, av.AudioFrame)]
    assert (bool(pictures), bool(heard)) == (bool(picture), bool(sound))
    for each in pictures[-1:]:
        assert bars_of(each.frame) == pytest.approx(list(LEVELS), abs=8)
        assert each.at == pytest.approx(0.96, abs=0.1)
    if heard:
        assert {each.frame.samples for each in heard[:-1]} == {SAMPLES}
        assert heard[-1].at == pytest.approx((len(heard) - 1) * SAMPLES / RATE, abs=0.06)
        assert frequency_in([each.frame for each in heard[5:-3]]) == pytest.approx(TONE, abs=4)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"nothing of the kind",
        b"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n",
        b"ffconcat version 1.0\nfile /etc/passwd\n",
        b'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"></MPD>',
        b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\nm=video 4000 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n",
    ],
)
def test_what_is_no_film_and_what_names_others_is_not_opened(content: bytes) -> None:
    with pytest.raises(SourceError, match="nothing_to_play"):
        Decoding(io.BytesIO(content))


def test_a_film_that_would_be_played_is_not_read_because_a_list_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_film(tmp_path / "film.ts", seconds=0.2)
    monkeypatch.chdir(tmp_path)
    content = b"ffconcat version 1.0\nfile film.ts\n"
    with av.open(io.BytesIO(content), "r") as container:
        assert len(list(container.decode(video=0))) == 5, "FFmpeg itself would"
    with pytest.raises(SourceError, match="nothing_to_play"):
        Decoding(io.BytesIO(content))


def test_no_other_decoder_is_even_tried() -> None:
    file = io.BytesIO()
    with av.open(file, "w", format="matroska") as container:
        odd, sound = container.add_stream("ffv1", rate=25), container.add_stream("pcm_s16le", rate=RATE)
        odd.width, odd.height, odd.pix_fmt = 64, 48, "yuv420p"
        container.mux(odd.encode(av.VideoFrame(64, 48, "yuv420p")))
        heard = av.AudioFrame(format="s16", layout="stereo", samples=SAMPLES)
        heard.sample_rate = RATE
        container.mux(sound.encode(heard))
    decoding = Decoding(io.BytesIO(file.getvalue()))
    assert (decoding.picture, decoding.sound is not None) == (None, True)
    assert decoding._container.streams.video[0].codec_context.pix_fmt is None


def test_a_picture_that_is_too_large_is_told_whenever_it_comes(tmp_path: Path) -> None:
    path = tmp_path / "film.ts"
    write_film(path, seconds=0.2, sound="")
    with path.open("rb") as file:
        decoding = Decoding(file)
    taken = decoding._picture(av.VideoFrame(64, 48, "yuv420p"), 1.0)
    assert taken is not None
    with pytest.raises(SourceError, match="too_large"):
        decoding._picture(av.VideoFrame(8_192, 8_192, "yuv420p"), 1.0)
    assert decoding.picture.codec_context.options["max_pixels"] == str(MOST_PIXELS)


def test_a_decoder_makes_no_room_for_what_is_too_large() -> None:
    file = io.BytesIO()
    with av.open(file, "w", format="mpegts") as container:
        large = container.add_stream("mpeg4", rate=25)
        large.width, large.height, large.pix_fmt = 4_112, 2_304, "yuv420p"
        container.mux(large.encode(av.VideoFrame(4_112, 2_304, "yuv420p")))
        container.mux(large.encode(None))
    assert list(Decoding(io.BytesIO(file.getvalue())).frames()) == []


@settings(max_examples=25, deadline=None)
@given(at=st.integers(0, 20_000), garbage=st.binary(min_size=1, max_size=200))
def test_a_broken_film_ends_and_breaks_nothing_else(broken: bytes, at: int, garbage: bytes) -> None:
    content = broken[:at] + garbage + broken[at + len(garbage) :]
    try:
        for each in Decoding(io.BytesIO(content)).frames():
            assert each.at < 1e9
    except SourceError:
        return


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("films") / "film.webm"
    write_film(path, seconds=0.4, picture="libvpx", sound="libopus")
    return path.read_bytes()


@given(width=st.integers(16, 4_096), height=st.integers(16, 2_304))
def test_pictures_are_made_small_enough_and_keep_their_shape(width: int, height: int) -> None:
    made = Scaling(720).size(width, height)
    assert min(made) <= 720
    assert max(made) <= max(width, height)
    assert all(side % 2 == 0 and side >= 2 for side in made)
    assert width * height <= MOST_PIXELS
    if max(width, height) <= 4 * min(width, height):
        assert made[0] / made[1] == pytest.approx(width / height, rel=0.2)


def test_what_comes_by_rtmp_is_a_file_of_flv(tmp_path: Path) -> None:
    path = tmp_path / "film.flv"
    write_film(path, seconds=1)
    pipe, data, at = FlvPipe(), path.read_bytes(), 13
    while at < len(data):
        kind, size = data[at], int.from_bytes(data[at + 1 : at + 4], "big")
        ms = int.from_bytes(data[at + 4 : at + 7], "big")
        pipe.put(Message(Kind(kind), 1, ms, data[at + 11 : at + 11 + size]))
        at += 11 + size + 4
    pipe.end()
    frames = list(Decoding(pipe, form="flv").frames())
    pictures = [each for each in frames if isinstance(each.frame, av.VideoFrame)]
    assert len(pictures) == 25
    assert bars_of(pictures[-1].frame) == pytest.approx(list(LEVELS), abs=8)
    assert pipe.read(1) == b""


# ---- when it is sent ----


def test_time_goes_on_where_something_was_waited_for() -> None:
    now = [100.0]
    clock = Clock(lambda: now[0])
    first = clock.due(7.0)
    assert clock.due(7.5) == pytest.approx(first + 0.5)
    now[0] += 5
    late = clock.due(8.0)
    assert now[0] < late < now[0] + MOST_LATE_S
    assert clock.due(8.1) == pytest.approx(late + 0.1)
    assert clock.due(5_000) < now[0] + MOST_LATE_S, "what leaves something out is not waited for"


async def test_time_that_jumps_sends_nothing_faster() -> None:
    clock = Clock()
    sound = SoundTrack(clock)
    stopped = threading.Event()

    def frames() -> Iterator[Decoded]:
        for number in itertools.count():
            if stopped.is_set():
                return
            frame = av.AudioFrame(format="s16", layout="stereo", samples=SAMPLES)
            frame.sample_rate = RATE
            yield Decoded(100.0 * (number % 2), frame)

    player = Player(frames, None, sound, clock=clock, scaling=Scaling(720), loop=asyncio.get_running_loop())
    began = time.monotonic()
    player.begin(discards=False)
    player.send()
    for _ in range(50):
        await sound.recv()
    took = time.monotonic() - began
    stopped.set()
    assert took >= 49 * SAMPLES / RATE
    assert sound.dropped == 0
    await player.ended


async def test_what_nobody_sends_is_not_kept() -> None:
    track = SoundTrack(Clock())
    for number in range(1_000):
        track.put(float(number), number)
    assert track.dropped > 700
    assert track._queue[-1] is not None
    assert track._queue[-1].frame == 999
    track.end()


def test_a_stream_of_which_nothing_comes_any_more_is_over() -> None:
    now = [100.0]
    silence = Silence(lambda: now[0])
    for sent in (1, 2, 2):
        now[0] += SILENT_S - 1
        silence.look(sent)
    now[0] += 1
    with pytest.raises(SourceError, match="silent"):
        silence.look(2)


async def test_a_picture_is_left_out_if_the_next_is_due_and_time_never_goes_back() -> None:
    now = 100.0
    track = PictureTrack(Clock(lambda: now))
    for due in (now - 0.2, now - 0.1, now, now + 0.05):
        track.put(due, av.VideoFrame(16, 16, "yuv420p"))
    times = [(await track.recv()).pts for _ in range(2)]
    assert (track.sent, track.dropped) == (2, 2)
    assert times[0] < times[1]
    waiting = asyncio.ensure_future(track.recv())
    track.end()
    with pytest.raises(Exception):  # noqa: B017, PT011  # aiortc's own, for a track that has ended
        await waiting


def test_the_nodes_own_address_is_tried_first() -> None:
    answer = "v=0\r\nm=audio 9 x 111\r\na=candidate:1 1 udp 1 192.0.2.1 5 typ host\r\nm=video 0 x 96\r\na=inactive\r\n"
    made = with_candidate(answer, "127.0.0.1", 7_800).splitlines()
    assert made[2].startswith("a=candidate:own 1 udp")
    assert made[2].endswith("127.0.0.1 7800 typ host")
    assert [line for line in made if line != made[2]] == answer.splitlines()
