"""moto as a process of its own, on a free port of the loopback interface; prints its address.

One thread serves it, so that conditional writes and transactions are atomic, as they are in AWS. With ``--keep-alive``,
for one client alone, connections stay open, as AWS has them; each then needs a thread.
"""

from __future__ import annotations

import logging
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Response

from infra.local.aws_calls import make_calls_cheap
from infra.local.aws_queries import make_queries_cheap
from infra.local.aws_transactions import make_transactions_cheap
from infra.local.aws_values import make_values_cheap

APPLICATION = DomainDispatcherApplication(create_backend_app)


class _KeepsAlive(BaseHTTPRequestHandler):
    """Answers what AWS's clients send, on connections that stay open: werkzeug's own server closes each."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        asked = EnvironBuilder(
            path=self.path,
            base_url=f"http://{self.headers['Host']}",
            method="POST",
            headers=list(self.headers.items()),
            data=body,
        )
        answer = Response.from_app(APPLICATION, asked.get_environ())
        content = answer.get_data()
        self.send_response(answer.status_code)
        for name, value in answer.headers.items():
            if name.lower() not in ("content-length", "connection"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()

    def log_message(self, *_: object) -> None:
        pass


def _server(*, keeps_alive: bool) -> HTTPServer:
    if keeps_alive:
        return ThreadingHTTPServer(("127.0.0.1", 0), _KeepsAlive)
    WSGIRequestHandler.protocol_version = "HTTP/1.0"
    return make_server("127.0.0.1", 0, APPLICATION)


def listening(*, keeps_alive: bool) -> HTTPServer:
    """moto's server, whose address is printed; it answers once it is told to."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    make_calls_cheap()
    make_queries_cheap()
    make_transactions_cheap()
    make_values_cheap()
    server = _server(keeps_alive=keeps_alive)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)  # noqa: T201
    return server


if __name__ == "__main__":
    listening(keeps_alive="--keep-alive" in sys.argv).serve_forever()
