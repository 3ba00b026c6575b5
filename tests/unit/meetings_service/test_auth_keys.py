"""The keys of access tokens: fetched over real HTTP, kept, fetched anew, and never from elsewhere."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from meetings_service.adapters.auth_keys import KEEP_S, REFETCH_AFTER_S, STALE_S, AuthKeys
from meetings_service.errors import KeysUnavailableError

from contracts.access_token import AccessClaims, encode_access_token
from contracts.jwks import TokenError, UnknownKeyError
from contracts.key_ring import KeyRing, new_ring
from contracts.rooms import Identity

NOW = 1_800_000_000
ISSUER = "https://meet.test/v1/auth"


class KeyServer:
    """Serves a JWKS, and counts how often it was asked."""

    def __init__(self) -> None:
        self.ring = new_ring(ec.generate_private_key(ec.SECP256R1()), now=NOW)
        self.status = 200
        self.body: bytes | None = None
        self.requests: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.requests.append(self.path)
                body = outer.body if outer.body is not None else json.dumps(outer.ring.jwks()).encode()
                self.send_response(200 if self.path == "/elsewhere" else outer.status)
                if outer.status in (301, 302, 307, 308):
                    self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/jwks.json"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Clock:
    def __init__(self) -> None:
        self.now = float(NOW)

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def server() -> Iterator[KeyServer]:
    server = KeyServer()
    yield server
    server.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys(server: KeyServer, clock: Clock) -> AuthKeys:
    return AuthKeys(url=server.url, issuer=ISSUER, clock=clock, logger=logging.getLogger("test"))


def token(ring: KeyRing, now: float) -> str:
    key = ring.keys[-1]
    claims = AccessClaims(
        iss=ISSUER,
        sub=Identity("u_1"),
        name="Ada",
        email="a@x.test",
        sid="s",
        iat=int(now),
        exp=int(now) + 900,
        jti="1",
    )
    return encode_access_token(claims, key=key.private_key(), kid=key.kid)


def test_keys_are_fetched_once_and_kept(server: KeyServer, clock: Clock, keys: AuthKeys) -> None:
    for _ in range(5):
        assert keys.verify(token(server.ring, clock.now)).sub == "u_1"
    assert len(server.requests) == 1
    clock.now += KEEP_S
    keys.verify(token(server.ring, clock.now))
    assert len(server.requests) == 2


def test_new_key_is_found_by_fetching_anew(server: KeyServer, clock: Clock, keys: AuthKeys) -> None:
    keys.verify(token(server.ring, clock.now))
    server.ring = new_ring(ec.generate_private_key(ec.SECP256R1()), now=NOW)
    clock.now += REFETCH_AFTER_S
    assert keys.verify(token(server.ring, clock.now)).sub == "u_1"
    assert len(server.requests) == 2


def test_made_up_keys_do_not_become_requests(server: KeyServer, clock: Clock, keys: AuthKeys) -> None:
    keys.verify(token(server.ring, clock.now))
    clock.now += REFETCH_AFTER_S
    for _ in range(20):
        stranger = new_ring(ec.generate_private_key(ec.SECP256R1()), now=NOW)
        with pytest.raises(UnknownKeyError):
            keys.verify(token(stranger, clock.now))
    assert len(server.requests) == 2


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirects_are_not_followed(server: KeyServer, clock: Clock, keys: AuthKeys, status: int) -> None:
    server.status = status
    with pytest.raises(KeysUnavailableError):
        keys.verify(token(server.ring, clock.now))
    assert server.requests == ["/jwks.json"]


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"keys": 1}', b'{"keys": [' + b" " * 70_000 + b"]}"])
def test_answer_that_is_no_jwks_leaves_no_keys(server: KeyServer, clock: Clock, keys: AuthKeys, body: bytes) -> None:
    server.body = body
    with pytest.raises(KeysUnavailableError):
        keys.verify(token(server.ring, clock.now))


def test_old_keys_serve_while_new_ones_cannot_be_fetched(server: KeyServer, clock: Clock, keys: AuthKeys) -> None:
    keys.verify(token(server.ring, clock.now))
    server.status = 500
    clock.now += STALE_S - 1
    assert keys.verify(token(server.ring, clock.now)).sub == "u_1"
    clock.now += 1
    with pytest.raises(KeysUnavailableError):
        keys.verify(token(server.ring, clock.now))


def test_outage_is_not_met_with_a_request_for_every_token(server: KeyServer, clock: Clock, keys: AuthKeys) -> None:
    keys.verify(token(server.ring, clock.now))
    server.status = 500
    clock.now += KEEP_S
    for _ in range(10):
        keys.verify(token(server.ring, clock.now))
    assert len(server.requests) == 2


def test_threads_that_meet_a_new_key_at_once_all_find_it(server: KeyServer, clock: Clock, keys: AuthKeys) -> None:
    keys.verify(token(server.ring, clock.now))
    server.ring = new_ring(ec.generate_private_key(ec.SECP256R1()), now=NOW)
    clock.now += REFETCH_AFTER_S
    fresh, ready = token(server.ring, clock.now), threading.Barrier(8)

    def verify(_: int) -> str:
        ready.wait()
        return keys.verify(fresh).sub

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(verify, range(8))) == ["u_1"] * 8
    assert len(server.requests) == 2


def test_keys_come_back_when_the_service_does(server: KeyServer, clock: Clock, keys: AuthKeys) -> None:
    server.status = 503
    with pytest.raises(KeysUnavailableError):
        keys.verify(token(server.ring, clock.now))
    server.status = 200
    assert keys.verify(token(server.ring, clock.now)).sub == "u_1"


def test_service_that_cannot_be_reached_leaves_no_keys(server: KeyServer, clock: Clock) -> None:
    away = AuthKeys(url="http://127.0.0.1:9/jwks.json", issuer=ISSUER, clock=clock, logger=logging.getLogger("test"))
    with pytest.raises(KeysUnavailableError):
        away.verify(token(server.ring, clock.now))


def test_files_are_no_keys(server: KeyServer, clock: Clock) -> None:
    local = AuthKeys(url="file:///etc/hostname", issuer=ISSUER, clock=clock, logger=logging.getLogger("test"))
    with pytest.raises(KeysUnavailableError):
        local.verify(token(server.ring, clock.now))


def test_token_of_another_issuer_is_refused(server: KeyServer, clock: Clock) -> None:
    other = AuthKeys(url=server.url, issuer="https://other.test", clock=clock, logger=logging.getLogger("test"))
    with pytest.raises(TokenError):
        other.verify(token(server.ring, clock.now))
