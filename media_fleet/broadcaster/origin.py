"""Serves a broadcast's HLS to gateways, in a thread of its own: an HTTP server below one unguessable path."""

from __future__ import annotations

import hmac
from typing import Final

from aiohttp import web

from media_fleet.broadcaster.loop_thread import LoopThread
from media_fleet.broadcaster.playlist import INDEX, STREAM
from media_fleet.broadcaster.shelf import Shelf
from media_fleet.recorder.path_to_node import RecorderError
from media_fleet.recorder.protocol import OriginPlace

PLAYLIST: Final = "application/vnd.apple.mpegurl"
_MEDIA: Final = "video/mp4"
_KEPT: Final = {"Cache-Control": "public, max-age=3600, immutable"}
_ANSWERED_ONCE: Final = {"Cache-Control": "public, max-age=6"}
"""A playlist that was waited for: whoever asks for the same later is served by it."""
_NOT_KEPT: Final = {"Cache-Control": "no-cache"}


class Origin:
    """The server. ``shelf`` lives in the loop of ``network``."""

    def __init__(self, place: OriginPlace, shelf: Shelf, network: LoopThread) -> None:
        self._place = place
        self._shelf = shelf
        self._network = network
        self._runner: web.AppRunner | None = None

    def open(self) -> int:
        """The port, once it is served. Raises `RecorderError`: it cannot be."""
        try:
            return self._network.wait_for(self._open())
        except OSError as error:
            raise RecorderError("the port for viewers cannot be served") from error

    def close(self) -> None:
        """Nobody is served any more."""
        self._network.wait_for(self._close())

    async def _open(self) -> int:
        application = web.Application()
        application.router.add_get(f"/{{path}}/{INDEX}", self._index)
        application.router.add_get(f"/{{path}}/{STREAM}", self._stream)
        application.router.add_get("/{path}/{name}", self._file)
        self._runner = web.AppRunner(
            application, access_log=None, handle_signals=False, shutdown_timeout=0.5, handler_cancellation=True
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, self._place.address, self._place.port, reuse_address=True).start()
        return int(self._runner.addresses[0][1])

    async def _close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    def _check(self, request: web.Request) -> None:
        given = request.match_info["path"].encode()
        if not hmac.compare_digest(given, self._place.path.encode()):
            raise web.HTTPNotFound

    async def _index(self, request: web.Request) -> web.Response:
        self._check(request)
        if not self._shelf.has_segment:
            raise web.HTTPNotFound
        return web.Response(text=self._shelf.index, content_type=PLAYLIST, headers=_NOT_KEPT)

    async def _stream(self, request: web.Request) -> web.Response:
        """Blocking reload (rfc8216bis, 6.2.5.2)."""
        self._check(request)
        number, part = _number(request, "_HLS_msn"), _number(request, "_HLS_part")
        if part is not None and number is None:
            raise web.HTTPBadRequest
        if number is not None and not self._shelf.may_come(number, part):
            raise web.HTTPBadRequest
        # Whoever has watched the broadcaster before this one would go on with a playlist of nothing.
        if not await self._shelf.begun():
            raise web.HTTPServiceUnavailable
        if number is None:
            return web.Response(text=self._shelf.playlist(), content_type=PLAYLIST, headers=_NOT_KEPT)
        if not await self._shelf.come(number, part):
            raise web.HTTPServiceUnavailable
        return web.Response(text=self._shelf.playlist(), content_type=PLAYLIST, headers=_ANSWERED_ONCE)

    async def _file(self, request: web.Request) -> web.Response:
        self._check(request)
        data = await self._shelf.coming(request.match_info["name"])
        if data is None:
            raise web.HTTPNotFound
        return web.Response(body=data, content_type=_MEDIA, headers=_KEPT)


def _number(request: web.Request, name: str) -> int | None:
    """What a query asks for, if it does. Raises `web.HTTPBadRequest`: it is no number."""
    text = request.query.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 20):
        raise web.HTTPBadRequest
    return int(text)
