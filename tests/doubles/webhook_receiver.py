"""A receiver of webhooks: takes messages over HTTP, and answers as it is told. Verifies as the specification says."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.server
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Received:
    """One message. ``headers`` have lower-case names."""

    headers: Mapping[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def type(self) -> str:
        return str(self.json()["type"])

    @property
    def data(self) -> dict[str, Any]:
        data: dict[str, Any] = self.json()["data"]
        return data

    def json(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.body)
        return document

    def is_signed_with(self, secret: str) -> bool:
        """As a receiver does that has read the specification: over the id, the time in seconds and the body."""
        return is_signed(secret, self.headers, self.body)


def is_signed(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    key = base64.b64decode(secret[len("whsec_") :])
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{body.decode()}"
    expected = base64.b64encode(hmac.new(key, signed.encode(), hashlib.sha256).digest()).decode()
    return any(hmac.compare_digest(each, f"v1,{expected}") for each in headers["webhook-signature"].split(" "))


class Receiver(http.server.ThreadingHTTPServer):
    """Answers with ``status``, the first ``failing_first`` messages with 503."""

    def __init__(self) -> None:
        self.status = 200
        self.failing_first = 0
        self.more_headers: dict[str, str] = {}
        self.got: list[Received] = []
        self._arrived = threading.Condition()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                message = Received({name.lower(): value for name, value in self.headers.items()}, body)
                status = receiver.take(message)
                self.send_response(status)
                for name, value in receiver.more_headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(b"noted\x00")

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                return

        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook"

    @property
    def types(self) -> list[str]:
        return [message.type for message in self.got]

    def take(self, message: Received) -> int:
        with self._arrived:
            self.got.append(message)
            self._arrived.notify_all()
            return 503 if len(self.got) <= self.failing_first else self.status

    def wait_for(self, is_there: Callable[[list[Received]], bool], *, within_s: float = 30) -> list[Received]:
        """All messages, once they are what is waited for."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: is_there(self.got), within_s), self.types
            return list(self.got)


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()
    thread = threading.Thread(target=receiver.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield receiver
    finally:
        receiver.shutdown()
        thread.join()
        receiver.server_close()
