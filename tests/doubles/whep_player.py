"""A WHEP client on aiortc's own `RTCPeerConnection`: offers to receive, and counts what it decodes."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import aiortc
import httpx
from aiortc.mediastreams import MediaStreamError


class WhepPlayer:
    """One session: begins with `open`, ends with `close`."""

    def __init__(self, url: str, token: str) -> None:
        self._http = httpx.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=30)
        self._connection = aiortc.RTCPeerConnection()
        self._tasks: list[asyncio.Task[None]] = []
        self.decoded: Counter[str] = Counter()
        """Frames by kind."""
        self.brightest = 0
        """The brightest point of the last picture."""
        self.place = ""
        self._news = asyncio.Event()

    async def open(self, path: str = "/whep", kinds: tuple[str, ...] = ("audio", "video")) -> httpx.Response:
        """Offers to receive ``kinds``, and takes the answer if there is one."""
        self._connection.on("track", lambda track: self._tasks.append(asyncio.create_task(self._count(track))))
        for kind in kinds:
            self._connection.addTransceiver(kind, direction="recvonly")
        await self._connection.setLocalDescription(await self._connection.createOffer())
        answer = await self._http.post(
            path, content=self._connection.localDescription.sdp, headers={"Content-Type": "application/sdp"}
        )
        if answer.status_code == httpx.codes.CREATED:
            self.place = answer.headers["Location"]
            description = aiortc.RTCSessionDescription(sdp=answer.text, type="answer")
            await self._connection.setRemoteDescription(description)
        return answer

    async def plays(self, frames: int, *, within_s: float = 30) -> None:
        """Returns once so many pictures more, and some sound, are decoded."""
        before = self.decoded.copy()
        async with asyncio.timeout(within_s):
            while min(self.decoded[kind] - before[kind] for kind in ("audio", "video")) < frames:
                self._news.clear()
                await self._news.wait()

    async def delete(self) -> httpx.Response:
        return await self._http.delete(self.place)

    async def close(self) -> None:
        await self._connection.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._http.aclose()

    async def _count(self, track: Any) -> None:
        try:
            while True:
                frame = await track.recv()
                self.decoded[track.kind] += 1
                self._news.set()
                if track.kind == "video":
                    self.brightest = int(frame.to_ndarray(format="gray").max())
        except MediaStreamError:
            return
