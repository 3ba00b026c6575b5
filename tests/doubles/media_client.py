"""A participant with media: `parley_client` for the room, aiortc for its two peer connections."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import aiortc
from aiortc.mediastreams import MediaStreamError, VideoStreamTrack

from parley_client import RoomClient, Ticket


class MediaClient:
    """Publishes a camera, and counts the frames that it decodes of the others'."""

    def __init__(self, tickets: Callable[[], Awaitable[Ticket]]) -> None:
        self.room = RoomClient(tickets, on_message=self._on_message)
        self.restarts = 0
        """How often both connections had to be made anew."""
        self.frames = 0
        """Frames decoded on the present connection."""
        self._publishing: aiortc.RTCPeerConnection | None = None
        self._subscribing: aiortc.RTCPeerConnection | None = None
        self._generation = 0
        self._work: asyncio.Queue[tuple[str, dict[str, Any]]] = asyncio.Queue()
        self._tasks: list[asyncio.Task[None]] = []

    async def join(self) -> None:
        self._tasks.append(asyncio.create_task(self._run()))
        await self.room.connect()
        self._work.put_nowait(("publish", {}))

    async def leave(self) -> None:
        await self.room.leave()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._close_connections()

    def _on_message(self, name: str, message: dict[str, Any]) -> None:
        self._work.put_nowait((name, message))

    async def _run(self) -> None:
        while True:
            name, message = await self._work.get()
            if name == "subscriber_offer":
                await self._answer(message)
            elif name == "media_restart":
                self.restarts += 1
                await self._close_connections()
                await self._publish()
                if message["overlap"]:
                    await self.room.send("media_moved")
            else:
                await self._publish()

    async def _publish(self) -> None:
        connection = self._publishing = aiortc.RTCPeerConnection()
        transceiver = connection.addTransceiver(VideoStreamTrack(), direction="sendonly")
        await connection.setLocalDescription(await connection.createOffer())
        tracks = [{"mid": transceiver.mid, "source": "camera"}]
        answer = await self.room.send("publish_offer", sdp=connection.localDescription.sdp, tracks=tracks)
        await connection.setRemoteDescription(aiortc.RTCSessionDescription(sdp=answer["sdp"], type="answer"))

    async def _answer(self, offer: dict[str, Any]) -> None:
        if self._subscribing is None or offer["generation"] != self._generation:
            self._subscribing, self._generation, self.frames = aiortc.RTCPeerConnection(), offer["generation"], 0
        connection = self._subscribing
        connection.on("track", lambda track: self._tasks.append(asyncio.create_task(self._count(track, connection))))
        await connection.setRemoteDescription(aiortc.RTCSessionDescription(sdp=offer["sdp"], type="offer"))
        await connection.setLocalDescription(await connection.createAnswer())
        await self.room.send(
            "subscriber_answer",
            generation=offer["generation"],
            negotiation=offer["negotiation"],
            sdp=connection.localDescription.sdp,
        )

    async def _count(self, track: Any, connection: aiortc.RTCPeerConnection) -> None:
        try:
            while True:
                await track.recv()
                if connection is self._subscribing:
                    self.frames += 1
        except MediaStreamError:
            return

    async def _close_connections(self) -> None:
        for connection in (self._publishing, self._subscribing):
            if connection is not None:
                await connection.close()
        self._publishing = self._subscribing = None
        self.frames = 0
