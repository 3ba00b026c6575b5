"""The first line: what a WebSocket frame must look like before the Socket.IO library sees it (ASGI middleware).

Engine.IO 4 and Socket.IO 5 frames of a client to a gateway are text. A frame that cannot be one closes its own
connection with a reason; so do a flood, and a connection that does not join in time.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from signaling_gateway.domain.token_bucket import TokenBucket
from signaling_gateway.metrics import REFUSED_FRAMES

MAX_FRAME_BYTES = 512 * 1024
MAX_JOINING_BYTES = 16 * 1024
"""Before a participant has joined: a token has at most 8 KiB, and strangers shall not make us parse more."""
MAX_UNSENT_BYTES = 1024 * 1024
"""What may wait for one client in this process. It reads too slowly beyond that, and is disconnected; it can resume."""
FRAMES_AT_ONCE = 300
FRAMES_PER_S = 100
JOIN_TIMEOUT_S = 15.0
"""How long a WebSocket may stay without having joined a meeting."""

NORMAL_CLOSURE = 1000
UNSUPPORTED_DATA = 1003
PROTOCOL_ERROR = 1002
POLICY_VIOLATION = 1008
"""Close codes of RFC 6455, section 7.4.1."""

LINK = "parley.link"
"""Where the connection's `Link` stands in the ASGI scope."""

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]


class Link:
    """One WebSocket, as the gateway's other parts may act on it."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.admitted = False
        """Whether a participant has joined over it."""
        self.left = False
        """Whether that participant's stay over it is over. Another one needs another WebSocket."""
        self.closed = False
        """Whether nothing can be sent any more."""
        self.over = asyncio.Event()
        """Set when the WebSocket is gone, whoever closed it."""
        # ASGI knows no frames and no unsent bytes: uvicorn's ``send`` is a method of the object that has the transport.
        self._protocol: Any = getattr(send, "__self__", None)

    @property
    def is_slow(self) -> bool:
        """Whether so much waits to be sent that the peer does not read what it is sent."""
        return not self.closed and self._protocol.transport.get_write_buffer_size() > MAX_UNSENT_BYTES

    def write(self, frame: bytes) -> None:
        """Puts a whole WebSocket frame behind all that waits to be sent. Nothing is sent after the end."""
        transport = self._protocol.transport
        if not self.closed and not transport.is_closing():
            transport.write(frame)

    async def close(self, code: int, reason: str) -> None:
        """Closes the WebSocket at once, whatever still waits to be sent. Closing again does nothing."""
        if not self.closed:
            self.closed = True
            # The peer may be gone already.
            with contextlib.suppress(RuntimeError, OSError):
                await self._send({"type": "websocket.close", "code": code, "reason": reason})

    def abort(self) -> None:
        """Drops the TCP connection with all that waits in it: who reads nothing would never see a close frame."""
        self.closed = True
        self._protocol.transport.abort()


class FrameGuard:
    """Wraps an ASGI application."""

    def __init__(self, app: App, *, join_timeout_s: float = JOIN_TIMEOUT_S) -> None:
        self._app = app
        self._join_timeout_s = join_timeout_s

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return
        link = Link(send)
        bucket = TokenBucket.full(capacity=FRAMES_AT_ONCE, rate=FRAMES_PER_S, now=time.monotonic())

        async def guarded_receive() -> Message:
            nonlocal bucket
            message = await receive()
            if message["type"] != "websocket.receive":
                return message
            drawn = bucket.take(time.monotonic())
            fault = (POLICY_VIOLATION, "too many messages") if drawn is None else fault_of(message, link)
            if fault is not None:
                REFUSED_FRAMES.labels(fault[1]).inc()
                await link.close(*fault)
                return {"type": "websocket.disconnect", "code": fault[0]}
            bucket = drawn or bucket
            return message

        async def guarded_send(message: Message) -> None:
            if not link.closed:
                if message["type"] == "websocket.close":
                    link.closed = True
                await send(message)

        timer = asyncio.create_task(_expect_join(link, self._join_timeout_s))
        try:
            await self._app({**scope, LINK: link}, guarded_receive, guarded_send)
        finally:
            timer.cancel()
            link.closed = True
            link.over.set()


def fault_of(message: Message, link: Link) -> tuple[int, str] | None:
    """The close code and reason for a frame that no client of ours sends; None for a good one.

    Good are: Engine.IO close, ping, pong, upgrade and noop, and messages that carry a Socket.IO CONNECT,
    DISCONNECT, EVENT or ACK.
    """
    text = message.get("text")
    if text is None:
        return UNSUPPORTED_DATA, "binary frames are not accepted"
    if len(text) > (MAX_FRAME_BYTES if link.admitted else MAX_JOINING_BYTES):
        return 1009, "the frame is too big"
    if not text or text[0] not in "123456" or (text[0] == "4" and (len(text) < 2 or text[1] not in "0123")):
        return PROTOCOL_ERROR, "not an Engine.IO packet of a client"
    if link.left and text.startswith("40"):
        return POLICY_VIOLATION, "a WebSocket is for one stay in a meeting"
    return None


async def _expect_join(link: Link, timeout_s: float) -> None:
    await asyncio.sleep(timeout_s)
    if not link.admitted:
        await link.close(POLICY_VIOLATION, "no meeting was joined in time")
