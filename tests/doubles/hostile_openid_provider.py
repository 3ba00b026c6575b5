"""An OpenID provider over real HTTP that does what a correct one never does, as a test tells it to."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, Key, RSAKey

CLIENT_ID = "parley"
Reply = tuple[int, dict[str, str], bytes]


@dataclass
class HostileProvider:
    """``issuer``: where it is. Each ``on_…`` may be replaced; it gives status, header fields and body."""

    issuer: str
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one", "use": "sig"}))
    published: list[dict[str, Any]] = field(default_factory=list)
    id_token: str = ""
    asked: list[str] = field(default_factory=list)
    forms: list[str] = field(default_factory=list)
    release: threading.Event = field(default_factory=threading.Event)
    on: dict[str, Callable[[], Reply]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.published = [dict(self.key.as_dict(private=False))]

    def claims(self, nonce: str, /, **changes: Any) -> dict[str, Any]:
        """The claims of a correct ID token, and what is changed in them; None takes one away."""
        now = int(time.time())
        correct = {
            "iss": self.issuer,
            "sub": "ada",
            "aud": CLIENT_ID,
            "exp": now + 300,
            "iat": now,
            "nonce": nonce,
            "email": "ada@hostile.test",
            "email_verified": True,
        }
        return {name: value for name, value in (correct | changes).items() if value is not None}

    def sign(self, claims: dict[str, Any], *, key: Key | None = None, **header: Any) -> str:
        """An ID token."""
        fields = {"alg": "RS256", "kid": "one"} | header
        return str(jwt.encode(fields, claims, key or self.key, algorithms=[fields["alg"]]))

    def metadata(self, **changes: Any) -> dict[str, Any]:
        """The discovery document."""
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            **changes,
        }

    def answer(self, path: str) -> Reply:
        """What is answered at a path."""
        if path in self.on:
            return self.on[path]()
        match path:
            case "/.well-known/openid-configuration":
                return reply(self.metadata())
            case "/jwks":
                return reply({"keys": self.published})
            case "/token":
                return reply({"access_token": "at", "token_type": "Bearer", "id_token": self.id_token})
            case _:
                return 404, {}, b""


def reply(body: Any, status: int = 200) -> Reply:
    """A JSON answer."""
    return status, {"Content-Type": "application/json"}, json.dumps(body).encode()


def elliptic_key(kid: str) -> ECKey:
    """A key of P-256."""
    return ECKey.generate_key("P-256", {"kid": kid, "use": "sig"})


@contextmanager
def hostile_provider() -> Iterator[HostileProvider]:
    """One on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            provider.asked.append(self.path)
            status, headers, body = provider.answer(self.path)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            try:
                self.wfile.write(body)
            except OSError:
                return  # whoever asked has had enough
            if headers.get("X-Then") == "hang":
                provider.release.wait(20)

        def do_POST(self) -> None:
            provider.forms.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.do_GET()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = False
    provider = HostileProvider(issuer=f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield provider
    finally:
        provider.release.set()
        server.shutdown()
        thread.join()
        server.server_close()
