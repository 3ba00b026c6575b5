"""What a gateway answers over HTTP, beside the Socket.IO endpoint: its health, and the event reference."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import msgspec

from reference_pages.page import CONTENT_TYPE
from signaling_gateway.edge.frame_guard import App, Receive, Send
from signaling_gateway.edge.reference import asyncapi_json, event_page

Readiness = Callable[[], Awaitable[dict[str, bool]]]

JSON = b"application/json"
_AT_ONCE = (b"cache-control", b"no-store")
_AN_HOUR = (b"cache-control", b"public, max-age=3600")
_FOR_ALL = (b"access-control-allow-origin", b"*")
"""The document is for tools of any origin."""


class HttpRoutes:
    """Answers ``/healthz``, ``/readyz``, ``/asyncapi.json`` and ``/reference``; hands everything else on."""

    def __init__(self, app: App, *, readiness: Readiness) -> None:
        self._app = app
        self._readiness = readiness
        self._routes: dict[str, Callable[[Send], Awaitable[None]]] = {
            "/healthz": self._health,
            "/readyz": self._ready,
            "/asyncapi.json": self._asyncapi,
            "/reference": self._reference,
        }

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """See ASGI."""
        route = self._routes.get(scope.get("path", "")) if scope["type"] == "http" else None
        if route is None:
            await self._app(scope, receive, send)
        elif scope["method"] not in {"GET", "HEAD"}:
            await _answer(send, 405, msgspec.json.encode({"status": "method not allowed"}), JSON, _AT_ONCE)
        else:
            await route(send)

    async def _health(self, send: Send) -> None:
        await _answer(send, 200, msgspec.json.encode({"status": "ok"}), JSON, _AT_ONCE)

    async def _ready(self, send: Send) -> None:
        checks = await self._readiness()
        ready = all(checks.values())
        body = msgspec.json.encode({"status": "ready" if ready else "not ready", "checks": checks})
        await _answer(send, 200 if ready else 503, body, JSON, _AT_ONCE)

    async def _asyncapi(self, send: Send) -> None:
        await _answer(send, 200, asyncapi_json(), JSON, _AN_HOUR, _FOR_ALL)

    async def _reference(self, send: Send) -> None:
        page = event_page()
        policy = (b"content-security-policy", page.policy.encode())
        await _answer(send, 200, page.text.encode(), CONTENT_TYPE.encode(), _AN_HOUR, policy)


async def _answer(send: Send, status: int, body: bytes, kind: bytes, *headers: tuple[bytes, bytes]) -> None:
    all_headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode()), *headers]
    await send({"type": "http.response.start", "status": status, "headers": all_headers})
    await send({"type": "http.response.body", "body": body})
