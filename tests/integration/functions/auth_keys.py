"""The authentication service's keys over HTTP, as the meeting service reads them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.integration.functions.lambda_events import Client


@contextmanager
def serving_keys(auth: Client) -> Iterator[str]:
    """An address of the auth service's keys, over HTTP."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = auth.request("GET", self.path)
            self.send_response(answer.status)
            self.end_headers()
            self.wfile.write(answer.text.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1/auth/.well-known/jwks.json"
    server.shutdown()
    thread.join()
    server.server_close()
