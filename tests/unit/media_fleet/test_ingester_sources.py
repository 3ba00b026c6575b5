"""What an ingester fetches by HTTP, and from where it does not."""

from __future__ import annotations

import contextlib
import io
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from media_fleet.ingester.errors import SourceError
from media_fleet.ingester.http_source import HttpSource, checked, look_up

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
    for nowhere in ("file:///etc/passwd", "http://["):
        server.leads = {"/a": nowhere}
        with pytest.raises(SourceError, match="address"):
            HttpSource(f"{server.url}/a", may_reach_any=True)


def test_credentials_go_along_to_the_same_server_and_not_to_another_port(server: Server) -> None:
    other = Server()
    try:
        server.leads = {"/a": f"{server.url}/b", "/b": f"{other.url}/c"}
        HttpSource(server.url.replace("//", "//me:secret@") + "/a", may_reach_any=True).close()
        assert [named is not None for _, _, named in server.asked] == [True, True]
        assert [named for _, _, named in other.asked] == [None]
    finally:
        other.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "10.0.0.1", "169.254.169.254", "::1", "::ffff:10.0.0.1"])
def test_nothing_is_fetched_from_networks_that_are_not_public(host: str) -> None:
    with pytest.raises(SourceError, match="private"):
        look_up(host, 443, may_reach_any=False)


def test_nothing_is_fetched_from_this_machine_whatever_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("media_fleet.outside.is_public", lambda _: True)
    assert look_up("192.0.2.1", 443, may_reach_any=False) == ["192.0.2.1"]
    for own in ("127.0.0.1", "::ffff:127.0.0.1"):
        with pytest.raises(SourceError, match="private"):
            look_up(own, 443, may_reach_any=False)


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
        HttpSource(f"http://127.0.0.1:{closed_port()}/x", may_reach_any=True)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        greeter = threading.Thread(target=greet, args=(listener, b"SSH-2.0-OpenSSH_9.6\r\n"))
        greeter.start()
        with pytest.raises(SourceError, match="absent"):
            HttpSource(f"http://127.0.0.1:{listener.getsockname()[1]}/x", may_reach_any=True)
        greeter.join()


def test_a_server_that_never_comes_to_its_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("media_fleet.ingester.http_source.PATIENCE_S", 0.3)
    left = threading.Event()

    def go_on(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        until = time.monotonic() + 20
        with connection:
            try:
                while time.monotonic() < until:
                    connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            except OSError:
                left.set()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=go_on, args=(listener,))
        server.start()
        with pytest.raises(SourceError, match="absent"):
            HttpSource(f"http://127.0.0.1:{listener.getsockname()[1]}/x", may_reach_any=True)
        server.join()
    assert left.is_set(), "the server would have gone on"


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def greet(listener: socket.socket, greeting: bytes) -> None:
    """Says that to whoever comes, and hears what they say."""
    connection, _ = listener.accept()
    with connection, contextlib.suppress(OSError):
        connection.sendall(greeting)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(1_024):
            pass
