"""What an ingester fetches, takes, decodes and sends when: without a node."""

from __future__ import annotations

import asyncio
import io
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media_fleet.ingester.decoding import MOST_PIXELS, RATE, SAMPLES, Decoding, Scaling
from media_fleet.ingester.errors import SourceError
from media_fleet.ingester.flv import FlvPipe
from media_fleet.ingester.http_source import HttpSource, checked, look_up
from media_fleet.ingester.peer import with_candidate
from media_fleet.ingester.playing import MOST_LATE_S, Clock, PictureTrack
from media_fleet.rtmp.messages import Kind, Message
from tests.doubles.film import LEVELS, TONE, bars_of, frequency_in, write_film

DATA = bytes(range(256)) * 4_096


class Server:
    """Gives `DATA` by HTTP, in parts unless it is told not to, and leads from one address to another."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str | None, str | None]] = []
        self.gives_parts = True
        self.gives_up_at: int | None = None
        self.leads: dict[str, str] = {}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                wanted = self.headers["Range"]
                outer.asked.append((self.path, wanted, self.headers["Authorization"]))
                if self.path in outer.leads:
                    self.send_response(302)
                    self.send_header("Location", outer.leads[self.path])
                    self.end_headers()
                    return
                outer.give(self, int(wanted.removeprefix("bytes=").removesuffix("-")))

            def log_message(self, *_: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def give(self, handler: BaseHTTPRequestHandler, first: int) -> None:
        content = DATA[first:] if self.gives_parts else DATA
        handler.send_response(206 if self.gives_parts else 200)
        if self.gives_parts:
            handler.send_header("Content-Range", f"bytes {first}-{len(DATA) - 1}/{len(DATA)}")
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        try:
            handler.wfile.write(content if self.gives_up_at is None else content[: self.gives_up_at])
        except OSError:
            return  # whoever asked has seen enough

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def server() -> Iterator[Server]:
    some = Server()
    yield some
    some.close()


def read_all(source: Any) -> bytes:
    return b"".join(iter(lambda: source.read(65_536), b""))


def test_a_file_is_read_to_its_end_and_from_any_place(server: Server) -> None:
    with HttpSource(f"{server.url}/film?x=1", may_reach_any=True) as source:
        assert source.seekable()
        assert source.read(4) == DATA[:4]
        assert source.seek(-10, io.SEEK_END) == len(DATA) - 10
        assert read_all(source) == DATA[-10:]
        assert source.seek(500_000) == 500_000
        assert source.seek(100, io.SEEK_CUR) == 500_100, "what is near is read and left out"
        assert read_all(source) == DATA[500_100:]
    assert [wanted for _, wanted, _ in server.asked] == ["bytes=0-", f"bytes={len(DATA) - 10}-", "bytes=500000-"]


def test_a_stream_of_which_no_parts_are_given_is_read_once(server: Server) -> None:
    server.gives_parts = False
    with HttpSource(server.url, may_reach_any=True) as source:
        assert not source.seekable()
        assert read_all(source) == DATA


def test_a_connection_that_breaks_off_is_another_one_from_there_on(server: Server) -> None:
    server.gives_up_at = 400_000
    with HttpSource(server.url, may_reach_any=True) as source:
        assert read_all(source) == DATA
    assert [wanted for _, wanted, _ in server.asked] == ["bytes=0-", "bytes=400000-", "bytes=800000-"]
    server.gives_up_at = 0
    with HttpSource(server.url, may_reach_any=True) as source, pytest.raises(SourceError):
        read_all(source)


def test_what_breaks_off_is_not_taken_for_its_end(server: Server) -> None:
    server.gives_up_at, server.gives_parts = 1_000, False
    with HttpSource(server.url, may_reach_any=True) as source, pytest.raises(SourceError):
        read_all(source)


def test_it_goes_where_it_is_led_with_credentials_for_the_first_server_alone(server: Server) -> None:
    other = server.url.replace("127.0.0.1", "localhost")
    server.leads = {"/a": "/b", "/b": f"{other}/c"}
    with HttpSource(server.url.replace("//", "//me:secret@") + "/a", may_reach_any=True) as source:
        assert source.read(2) == DATA[:2]
    assert [path for path, _, _ in server.asked] == ["/a", "/b", "/c"]
    assert [named is not None for _, _, named in server.asked] == [True, True, False]
    server.leads = {"/a": "/a"}
    with pytest.raises(SourceError, match="refused"):
        HttpSource(f"{server.url}/a", may_reach_any=True)
    server.leads = {"/a": "file:///etc/passwd"}
    with pytest.raises(SourceError, match="address"):
        HttpSource(f"{server.url}/a", may_reach_any=True)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "10.0.0.1", "169.254.169.254", "::1", "::ffff:10.0.0.1"])
def test_nothing_is_fetched_from_networks_that_are_not_public(host: str) -> None:
    with pytest.raises(SourceError, match="private"):
        look_up(host, 443, may_reach_any=False)


def test_a_way_that_leads_into_a_network_is_not_gone(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_up: list[str] = []

    def look(host: str, port: int, *, may_reach_any: bool) -> list[str]:
        looked_up.append(host)
        return ["127.0.0.1"] if host == "media.example" else look_up(host, port, may_reach_any=may_reach_any)

    monkeypatch.setattr("media_fleet.ingester.http_source.look_up", look)
    server.leads = {"/a": "http://169.254.169.254/latest"}
    with pytest.raises(SourceError, match="private"):
        HttpSource(server.url.replace("127.0.0.1", "media.example") + "/a", may_reach_any=False)
    assert looked_up == ["media.example", "169.254.169.254"]


@pytest.mark.parametrize(
    "url",
    [
        "ftp://a.example/x",
        "file:///x",
        "http:///x",
        "http://a.example:22/x",
        "http://a.example:many/x",
        "http://a.example/ x",
        "http://[::1/x",
        "http://\xe4.example/x",
    ],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(SourceError):
        checked(url)


def test_whatever_is_there_instead_is_told_in_the_same_words() -> None:
    with pytest.raises(SourceError, match="absent"):
        HttpSource("http://nowhere.invalid/x", may_reach_any=True)


# ---- decoding ----


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


async def test_a_picture_is_left_out_if_the_next_is_due_and_time_never_goes_back() -> None:
    track = PictureTrack(Clock())
    now = time.monotonic()
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
