"""``GET /live/<watch key>/…``: the HLS of a broadcast, for whoever has its link, and for caches in between.

Which names there are is the broadcaster's affair, but not which form they have: nothing that leads out of the
broadcast, and nothing that makes one answer many for a cache.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import MutableMapping
from typing import Any, Final
from urllib.parse import parse_qsl

from contracts.broadcasting import PARTS_OF_SEGMENT
from contracts.error_codes import ErrorCode
from contracts.problem_documents import CONTENT_TYPE as PROBLEM
from contracts.room_broadcast import WATCH_KEY
from signaling_gateway.edge.frame_guard import App, Receive, Send
from signaling_gateway.edge.problems import problem
from signaling_gateway.errors import GatewayError, Refusal
from signaling_gateway.metrics import LIVE_BYTES, LIVE_REQUESTS
from signaling_gateway.service.live_relay import Asked, LiveRelay, Piece

BELOW: Final = "/live/"
_PART = r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}"
_PATH = re.compile(rf"/live/({WATCH_KEY.pattern})/((?:{_PART}/){{0,3}}{_PART}\.(m3u8|m4s|mp4|ts|aac|vtt))")
_KINDS: Final = {
    "m3u8": "application/vnd.apple.mpegurl",
    "m4s": "video/iso.segment",
    "mp4": "video/mp4",
    "ts": "video/mp2t",
    "aac": "audio/aac",
    "vtt": "text/vtt",
}
_QUERY: Final = {"_HLS_msn": r"[0-9]{1,12}", "_HLS_part": r"[0-9]{1,4}", "_HLS_skip": "YES|v2"}
"""What may stand in the query string (draft-pantos-hls-rfc8216bis, 6.2.5). Nodes skip nothing, and do not say so."""
_FOR_ALL: Final = (
    ("Access-Control-Allow-Origin", "*"),
    ("Cross-Origin-Resource-Policy", "cross-origin"),
    ("X-Content-Type-Options", "nosniff"),
)
_PREFLIGHT: Final = (
    ("Access-Control-Allow-Methods", "GET, HEAD"),
    ("Access-Control-Allow-Headers", "Range"),
    ("Access-Control-Max-Age", "86400"),
)
_LASTING: Final = frozenset({ErrorCode.BROADCAST_NOT_LIVE, ErrorCode.BROADCAST_ENDED})
"""What caches may tell of a playlist for a moment: a crowd that waits for it does not come through each time."""
_CHUNK: Final = 256 * 1024
EMPTY_WITHIN_S: Final = 20.0
"""How long a viewer's connection may take for as much: no player has use for it after that."""

_log = logging.getLogger(__name__)


class LiveRoutes:
    """Answers what is below ``/live/``; hands everything else on (ASGI middleware)."""

    def __init__(self, app: App, relay: LiveRelay) -> None:
        self._app = app
        self._relay = relay

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http" or not scope["path"].startswith(BELOW):
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        kind, code = "other", "ok"
        asked: Asked | None = None
        try:
            if scope["method"] == "OPTIONS":
                await _send(send, 204, [*_FOR_ALL, *_PREFLIGHT], b"")
            else:
                asked, suffix = parsed(scope["method"], scope["path"], scope.get("query_string", b""))
                kind = "playlist" if asked.is_playlist else "media"
                code = await self._answer(receive, send, asked, suffix)
        except GatewayError as error:
            code = error.code
            may_be_kept = asked is not None and asked.may_be_refused_to_all and code in _LASTING
            await _send_problem(send, code, error.message, may_be_kept=may_be_kept)
        except Exception:  # noqa: BLE001  (a bug of ours is one request's failure)
            _log.exception("a request for a broadcast failed")
            code = ErrorCode.INTERNAL
            await _send_problem(send, code, "Something went wrong on our side.")
        LIVE_REQUESTS.labels(kind, code).observe(time.perf_counter() - started)

    async def _answer(self, receive: Receive, send: Send, asked: Asked, suffix: str) -> str:
        piece = await self._piece(receive, asked)
        if piece is None:
            return "gone"
        LIVE_BYTES.inc(len(piece.body))
        lasting = "" if asked.is_playlist else ", immutable"
        headers = [
            ("Content-Type", _KINDS[suffix]),
            ("Cache-Control", f"public, max-age={piece.max_age_s}{lasting}"),
            *_FOR_ALL,
        ]
        if await _send(send, 200, headers, piece.body):
            return "ok"
        await _gone(receive)
        return "gone"

    async def _piece(self, receive: Receive, asked: Asked) -> Piece | None:
        """None: whoever asked has gone, and waits no more."""
        getting = asyncio.create_task(self._relay.piece(asked))
        leaving = asyncio.create_task(_gone(receive))
        try:
            await asyncio.wait((getting, leaving), return_when=asyncio.FIRST_COMPLETED)
            return await getting if getting.done() else None
        finally:
            getting.cancel()
            leaving.cancel()


def parsed(method: str, path: str, query_string: bytes) -> tuple[Asked, str]:
    """What is asked for, and how its name ends.

    Raises:
        Refusal: there can be no such thing (``not_found``), or it cannot be asked for so (``method_not_allowed``,
            ``bad_request``).
    """
    found = _PATH.fullmatch(path)
    if found is None or ".." in path:
        raise Refusal(ErrorCode.NOT_FOUND, "There is no such broadcast.")
    if method not in {"GET", "HEAD"}:
        raise Refusal(ErrorCode.METHOD_NOT_ALLOWED, "A broadcast can only be watched.")
    given = dict(parse_qsl(query_string.decode("latin-1"), keep_blank_values=True))
    wanted = {name: given[name] for name in _QUERY if name in given} if found[3] == "m3u8" else {}
    if any(re.fullmatch(_QUERY[name], value) is None for name, value in wanted.items()):
        raise Refusal(ErrorCode.BAD_REQUEST, "The numbers in the query string are not right.")
    if "_HLS_part" in wanted and "_HLS_msn" not in wanted:
        raise Refusal(ErrorCode.BAD_REQUEST, "A part is one of a segment.")
    return Asked(watch_key=found[1], name=found[2], query=_numbers(wanted)), found[3]


def _numbers(wanted: dict[str, str]) -> str:
    """What is waited for, in the one form that it has: many would be many requests for a node."""
    if "_HLS_msn" not in wanted:
        return ""
    number = int(wanted["_HLS_msn"])
    if "_HLS_part" not in wanted:
        return f"_HLS_msn={number}"
    part = int(wanted["_HLS_part"])
    if part >= PARTS_OF_SEGMENT:
        # What lies beyond a segment's last part is the first one of the next (rfc8216bis, 6.2.5.2).
        number, part = number + 1, 0
    return f"_HLS_msn={number}&_HLS_part={part}"


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send_problem(send: Send, code: str, message: str, *, may_be_kept: bool = False) -> None:
    status, body, headers = problem(code, message)
    caching = "public, max-age=1" if may_be_kept else "no-store"
    allow = [("Allow", "GET, HEAD, OPTIONS")] if code == ErrorCode.METHOD_NOT_ALLOWED else []
    told = [("Content-Type", PROBLEM), ("Cache-Control", caching), *headers.items(), *allow, *_FOR_ALL]
    await _send(send, status, told, body)


async def _send(send: Send, status: int, headers: list[tuple[str, str]], body: bytes) -> bool:
    """Whether it could be sent: who does not read is cut off."""
    length = [] if status == 204 else [("Content-Length", str(len(body)))]
    encoded = [(name.lower().encode(), value.encode()) for name, value in [*headers, *length]]
    # ASGI knows no unsent bytes: uvicorn's ``send`` is a method of the object that has the transport.
    protocol: Any = getattr(send, "__self__", None)
    transport = protocol.transport
    if transport.is_closing():
        return False
    transport.set_write_buffer_limits(high=0)  # whoever sends more waits until all before it is out
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    try:
        for begin in range(0, len(body), _CHUNK):
            async with asyncio.timeout(EMPTY_WITHIN_S):
                await send({"type": "http.response.body", "body": body[begin : begin + _CHUNK], "more_body": True})
        async with asyncio.timeout(EMPTY_WITHIN_S):
            await send({"type": "http.response.body", "body": b""})
    except TimeoutError:
        transport.abort()
        return False
    if not transport.is_closing():
        transport.set_write_buffer_limits()
    return True
