"""moto as a process of its own, on a free port of the loopback interface; prints its address.

One thread serves it, so that conditional writes and transactions are atomic, as they are in AWS.
"""

from __future__ import annotations

import logging

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

from infra.local.aws_transactions import make_transactions_cheap

if __name__ == "__main__":
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    make_transactions_cheap()
    server = make_server("127.0.0.1", 0, DomainDispatcherApplication(create_backend_app), threaded=False)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)  # noqa: T201
    server.serve_forever()
