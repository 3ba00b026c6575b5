"""A node's HTTP server for the HLS of a broadcast, which counts what is fetched and answers when it is told to."""

from __future__ import annotations

import asyncio
from collections import Counter

from aiohttp import web


class BroadcastOrigin:
    """Serves ``pieces`` below ``/hls/abc/``; what is asked for by number, or ``held``, waits for `release`."""

    def __init__(self) -> None:
        self.pieces: dict[str, bytes] = {
            "index.m3u8": b"#EXTM3U\n#EXT-X-TARGETDURATION:4\n",
            "seg_1.m4s": b"\x00media" * 1000,
        }
        self.fetched: Counter[str] = Counter()
        self.held: set[str] = set()
        """Paths of which that is so, too."""
        self.waiting = 0
        """How many requests wait."""
        self.status = 200
        self.url = ""
        self._released = asyncio.Event()
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        application = web.Application()
        application.router.add_get("/{path:.*}", self._serve)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/hls/abc/"

    async def stop(self) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    def release(self) -> None:
        """There is news: what was held back is answered."""
        self._released.set()

    async def _serve(self, request: web.Request) -> web.Response:
        self.fetched[request.path_qs] += 1
        if "_HLS_msn" in request.query or request.path in self.held:
            self.waiting += 1
            try:
                await self._released.wait()
            finally:
                self.waiting -= 1
        body = self.pieces.get(request.path.removeprefix("/hls/abc/"))
        if self.status != 200:
            return web.Response(status=self.status)
        return web.Response(status=404) if body is None else web.Response(body=body)
