"""Health over HTTP, beside the Socket.IO endpoint."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import msgspec

from signaling_gateway.edge.frame_guard import App, Receive, Send

Readiness = Callable[[], Awaitable[dict[str, bool]]]


class HealthRoutes:
    """Answers ``/healthz`` and ``/readyz``; hands everything else on."""

    def __init__(self, app: App, *, readiness: Readiness) -> None:
        self._app = app
        self._readiness = readiness

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """See ASGI."""
        path = scope.get("path")
        if scope["type"] != "http" or path not in {"/healthz", "/readyz"}:
            await self._app(scope, receive, send)
            return
        if scope["method"] not in {"GET", "HEAD"}:
            await _answer(send, 405, {"status": "method not allowed"})
        elif path == "/healthz":
            await _answer(send, 200, {"status": "ok"})
        else:
            checks = await self._readiness()
            ready = all(checks.values())
            await _answer(send, 200 if ready else 503, {"status": "ready" if ready else "not ready", "checks": checks})


async def _answer(send: Send, status: int, body: dict[str, Any]) -> None:
    payload = msgspec.json.encode(body)
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(payload)).encode()),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": payload})
