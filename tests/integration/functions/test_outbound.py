"""Requests to strangers' addresses, against servers that behave and servers that do not."""

from __future__ import annotations

import datetime as dt
import socket
import socketserver
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from functions.serverless.outbound import NoAnswerError, Outbound, Reach, TargetRefusedError, look_up
from infra.local.certificate import ensure_certificate

Behave = Callable[[socket.socket], None]


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, behave: Behave, context: ssl.SSLContext | None = None) -> None:
        self.asked: list[bytes] = []
        self.server_names: list[str | None] = []
        server = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                connection = self.request
                try:
                    if context is not None:
                        connection = context.wrap_socket(connection, server_side=True)
                    server.asked.append(_request(connection))
                    behave(connection)
                    connection.close()
                except OSError:
                    return  # the client has had enough

        if context is not None:
            context.sni_callback = lambda _socket, name, _context: self.server_names.append(name)
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def port(self) -> int:
        return int(self.server_address[1])


def _request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(4096)
    head, _, body = data.partition(b"\r\n\r\n")
    size = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0] or 0)
    while len(body) < size:
        body += connection.recv(4096)
    return head + b"\r\n\r\n" + body


@contextmanager
def serving(behave: Behave, context: ssl.SSLContext | None = None) -> Iterator[_Server]:
    server = _Server(behave, context)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def outbound(*, reach: Reach = "any", deadline_s: float = 5, **more: object) -> Outbound:
    return Outbound(reach=reach, deadline_s=deadline_s, max_bytes=1024, **more)  # type: ignore[arg-type]


def answers(text: str) -> Behave:
    return lambda connection: connection.sendall(text.encode())


def test_answer_is_read() -> None:
    with serving(answers("HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 2\r\n\r\nok")) as server:
        reply = outbound().post(f"http://127.0.0.1:{server.port}/hook?a=b", b"{}", {"webhook-id": "msg_1"})
    assert (reply.status, reply.body, reply.headers["x-a"]) == (200, b"ok", "b")
    request = server.asked[0].decode()
    assert request.startswith("POST /hook?a=b HTTP/1.1\r\n")
    assert f"Host: 127.0.0.1:{server.port}\r\n" in request
    assert "webhook-id: msg_1\r\n" in request
    assert request.endswith("\r\n\r\n{}")


def test_redirects_are_answers_and_not_followed() -> None:
    with serving(answers("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")) as other:
        redirect = f"HTTP/1.1 307 X\r\nLocation: http://127.0.0.1:{other.port}/\r\nContent-Length: 0\r\n\r\n"
        with serving(answers(redirect)) as server:
            assert outbound().post(f"http://127.0.0.1:{server.port}/", b"", {}).status == 307
        assert not other.asked


def test_of_a_huge_answer_only_the_beginning_is_read() -> None:
    def flood(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 500 X\r\n\r\n")
        for _ in range(10_000):
            connection.sendall(b"x" * 65536)

    with serving(flood) as server:
        reply = outbound().post(f"http://127.0.0.1:{server.port}/", b"", {})
    assert (reply.status, reply.body) == (500, b"x" * 1024)


def _drip(head: bytes) -> Behave:
    def drip(connection: socket.socket) -> None:
        connection.sendall(head)
        while True:
            connection.sendall(b"a")
            time.sleep(0.02)

    return drip


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\nX-", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"])
def test_who_sends_an_octet_now_and_then_does_not_hold_us(head: bytes) -> None:
    with serving(_drip(head)) as server:
        began = time.monotonic()
        try:
            reply = outbound(deadline_s=0.5).post(f"http://127.0.0.1:{server.port}/", b"", {})
        except NoAnswerError as error:
            assert str(error) == "no answer in time"  # noqa: PT017  (either is an end)
        else:
            assert reply.status == 200
        assert time.monotonic() - began < 4


def test_who_never_answers_or_never_begins_with_tls() -> None:
    def silence(connection: socket.socket) -> None:
        connection.recv(1)

    with serving(silence) as server, pytest.raises(NoAnswerError, match="no answer in time"):
        outbound(deadline_s=0.3).post(f"http://127.0.0.1:{server.port}/", b"", {})
    with socket.create_server(("127.0.0.1", 0)) as listening, pytest.raises(NoAnswerError, match="no answer in time"):
        outbound(deadline_s=0.3).post(f"https://127.0.0.1:{listening.getsockname()[1]}/", b"", {})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the connection was closed"),
        ("SSH-2.0-OpenSSH_9.6\r\n", "the answer is not HTTP"),
        (f"HTTP/1.1 200 OK\r\nX: {'x' * 70_000}\r\n\r\n", "the answer is not HTTP"),
        ("HTTP/1.1 200 OK\r\n" + "X: y\r\n" * 200 + "\r\n", "the answer is not HTTP"),
        ("HTTP/1.1 abc OK\r\n\r\n", "the answer is not HTTP"),
    ],
)
def test_what_is_no_answer(text: str, words: str) -> None:
    with serving(answers(text)) as server, pytest.raises(NoAnswerError, match=words):
        outbound().post(f"http://127.0.0.1:{server.port}/", b"", {})


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    with pytest.raises(NoAnswerError, match="connection refused"):
        outbound().post(f"http://127.0.0.1:{port}/", b"", {})
    with pytest.raises(NoAnswerError, match="leads nowhere"):
        look_up("no-such-host.invalid", 443, 10)


def test_first_address_that_takes_it_is_asked() -> None:
    with serving(answers("HTTP/1.1 204 X\r\n\r\n")) as server:
        sender = outbound(lookup=leading_to("127.0.0.2", "127.0.0.1"))  # nobody listens at the first one
        assert sender.post(f"http://hooks.example:{server.port}/", b"", {}).status == 204


def test_addresses_that_are_silent_leave_time_for_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    patience: list[float] = []

    def connect(_address: object, *, timeout: float) -> socket.socket:
        patience.append(timeout)
        raise TimeoutError

    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(NoAnswerError, match="no answer in time"):
        outbound(lookup=leading_to("127.0.0.1", "127.0.0.2"), deadline_s=4).post("http://hooks.example/", b"", {})
    assert 1.5 < patience[0] <= 2
    assert 3.5 < patience[1] <= 4


def test_resolver_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_more: [released.wait(20)][1:])
    with pytest.raises(NoAnswerError, match="not known in time"):
        look_up("slow.example", 443, 0.1)
    released.set()


# ---- what leads into private networks ----


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "127.1",
        "2130706433",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "169.254.169.254",
        "10.0.0.1",
        "[fd00:ec2::254]",
        "[64:ff9b::7f00:1]",
    ],
)
def test_private_targets_are_refused_in_every_spelling(host: str) -> None:
    with pytest.raises((TargetRefusedError, NoAnswerError)):
        outbound(reach="public").post(f"https://{host}/", b"", {})
    with pytest.raises((TargetRefusedError, NoAnswerError)):
        outbound(reach="public").check(f"https://{host}/")


def leading_to(*addresses: str) -> Callable[[str, int, float], Sequence[str]]:
    return lambda _host, _port, _patience: addresses


@pytest.mark.parametrize("addresses", [("10.0.0.1",), ("93.184.215.14", "127.0.0.1"), ("2606:4700::1111", "::1")])
def test_names_that_lead_into_private_networks_are_refused(addresses: tuple[str, ...]) -> None:
    with pytest.raises(TargetRefusedError, match="public Internet"):
        outbound(reach="public", lookup=leading_to(*addresses)).post("https://hooks.example/", b"", {})


def test_name_is_looked_up_once_and_the_connection_goes_where_was_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_up: list[str] = []
    connected: list[object] = []

    def lookup(host: str, _port: int, _patience: float) -> Sequence[str]:
        looked_up.append(host)
        return ["93.184.215.14"] if len(looked_up) == 1 else ["127.0.0.1"]  # a name that turns its coat

    def connect(address: object, **_more: object) -> socket.socket:
        connected.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(NoAnswerError):
        outbound(reach="public", lookup=lookup).post("https://hooks.example/", b"", {})
    assert looked_up == ["hooks.example"]
    assert connected == [("93.184.215.14", 443)]


# ---- TLS ----


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Contexts for a server called hooks.example, and for a client who trusts it."""
    made = ensure_certificate(Path(tmp_path_factory.mktemp("tls")), "hooks.example", now=dt.datetime.now(dt.UTC))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(made.certificate, made.key)
    return server, ssl.create_default_context(cafile=str(made.certificate))


def test_name_is_in_the_handshake_and_in_the_request(
    certificate: tuple[ssl.SSLContext, ssl.SSLContext],
) -> None:
    context, trusted = certificate
    with serving(answers("HTTP/1.1 204 X\r\n\r\n"), context) as server:
        sender = outbound(trusted=trusted, lookup=leading_to("127.0.0.1"))
        assert sender.post(f"https://hooks.example:{server.port}/x", b"{}", {}).status == 204
        assert server.server_names == ["hooks.example"]
        assert f"Host: hooks.example:{server.port}".encode() in server.asked[0]


def test_certificate_of_somebody_else_is_refused(certificate: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    context, trusted = certificate
    with serving(answers("HTTP/1.1 204 X\r\n\r\n"), context) as server:
        for sender, name in (
            (outbound(trusted=trusted, lookup=leading_to("127.0.0.1")), "other.example"),
            (outbound(lookup=leading_to("127.0.0.1")), "hooks.example"),
        ):
            with pytest.raises(NoAnswerError, match="certificate"):
                sender.post(f"https://{name}:{server.port}/", b"", {})
        assert not server.asked
