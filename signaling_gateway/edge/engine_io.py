"""Engine.IO over WebSockets alone, for many clients: python-engineio's server with sockets of our own.

The library gives each client a queue, a task that empties it, and a timer. Here a message is one WebSocket frame, made
once however many clients get it, and written to each transport at once; one task keeps the heartbeat of all (Engine.IO
protocol 4, "Heartbeat"). Frames of a server are not masked (RFC 6455, section 5.1): they are the same bytes for all.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import engineio
import socketio
from engineio import packet

from signaling_gateway.edge.frame_guard import LINK, NORMAL_CLOSURE, Link

_TEXT = 0x81
"""First octet of a text frame that is a whole message (RFC 6455, section 5.2)."""
_PONG = str(packet.PONG)
_MESSAGE = str(packet.MESSAGE)
_CLOSE = str(packet.CLOSE)

Environ = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


def text_frame(text: bytes) -> bytes:
    """The WebSocket frame of a message, as a server sends it (RFC 6455, section 5.2)."""
    length = len(text)
    if length < 126:
        return bytes((_TEXT, length)) + text
    if length < 1 << 16:
        return b"\x81\x7e" + length.to_bytes(2) + text
    return b"\x81\x7f" + length.to_bytes(8) + text


_PING_FRAME = text_frame(str(packet.PING).encode())


class FrameSocket:
    """One client, as python-engineio's and python-socketio's servers know it."""

    connected = upgraded = True
    upgrading = False

    def __init__(self, server: EngineServer, sid: str, link: Link) -> None:
        self.server = server
        self.sid = sid
        self.link = link
        self.session: dict[str, Any] = {}
        self.closing = False
        self.closed = False
        self.awaits_pong = False

    async def send(self, message: Any) -> None:
        """Sends an Engine.IO packet of text."""
        if not self.closed:
            self.link.write(text_frame(message.encode().encode()))

    async def close(self, *, abort: bool = False, reason: str | None = None) -> None:
        """See the library: tells the application, and unless ``abort`` the client. Closing again does nothing."""
        if self.closing:
            return
        self.closing = True
        await self.server.tell_gone(self.sid, reason or self.server.reason.SERVER_DISCONNECT)
        if not abort:
            await self.send(packet.Packet(packet.CLOSE))
        self.closed = True

    async def receive_all(self, receive: Receive) -> None:
        """Takes what the client sends, until it is gone. `FrameGuard` has seen to it that it is text."""
        while not self.closed:
            event = await receive()
            if event["type"] != "websocket.receive":
                break
            text: str = event["text"]
            kind = text[0]
            if kind == _MESSAGE:
                await self.server.tell_message(self.sid, text[1:])
            elif kind == _PONG:
                self.awaits_pong = False
            elif kind == _CLOSE:
                await self.close(abort=True, reason=self.server.reason.CLIENT_DISCONNECT)
        await self.close(abort=True, reason=self.server.reason.TRANSPORT_CLOSE)


class Heartbeat:
    """Pings every socket once an interval, in as many groups as it has seconds, and closes those that do not answer."""

    def __init__(self, interval_s: int, timeout_s: int) -> None:
        self._timeout_s = timeout_s
        # The group that is pinged next stands first.
        self._groups: deque[set[FrameSocket]] = deque(set() for _ in range(interval_s))

    def add(self, socket: FrameSocket) -> None:
        """The socket has just been opened."""
        self._groups[-1].add(socket)

    async def run(self) -> None:
        """Beats, until cancelled."""
        while True:
            await asyncio.sleep(1)
            self._groups.rotate(-1)
            self._groups[-1] = {socket for socket in self._groups[-1] if not socket.closed}
            for socket in self._groups[-1]:
                socket.awaits_pong = True
                socket.link.write(_PING_FRAME)
            for socket in list(self._groups[-1 - self._timeout_s]):
                if socket.awaits_pong and not socket.closing:
                    await socket.close(reason=socket.server.reason.PING_TIMEOUT)
                    socket.link.abort()


class EngineServer(engineio.AsyncServer):  # type: ignore[misc]
    """The library's server: it checks the request, and its handlers are python-socketio's."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.heartbeat = Heartbeat(self.ping_interval, self.ping_timeout)

    async def _handle_connect(self, environ: Environ, transport: str, jsonp_index: int | None = None) -> Any:  # noqa: ARG002
        sid: str = self.generate_id()
        receive, send, link = environ["asgi.receive"], environ["asgi.send"], environ["asgi.scope"][LINK]
        # The library would keep it for as long as the connection.
        environ.clear()
        socket = FrameSocket(self, sid, link)
        self.sockets[sid] = socket
        opening = {
            "sid": sid,
            "upgrades": [],
            "pingTimeout": self.ping_timeout * 1000,
            "pingInterval": self.ping_interval * 1000,
            "maxPayload": self.max_http_buffer_size,
        }
        try:
            await self._trigger_event("connect", sid, {LINK: link}, run_async=False)
            await send({"type": "websocket.accept"})
            await socket.send(packet.Packet(packet.OPEN, opening))
            self.heartbeat.add(socket)
            await socket.receive_all(receive)
        finally:
            self.sockets.pop(sid, None)
            await link.close(NORMAL_CLOSURE, "")
        return ""

    async def tell_message(self, sid: str, data: str) -> None:
        """Hands a message to the application."""
        await self._trigger_event("message", sid, data, run_async=False)

    async def tell_gone(self, sid: str, reason: str) -> None:
        """Tells the application that a client is gone."""
        await self._trigger_event("disconnect", sid, reason, run_async=False)


class SocketIOServer(socketio.AsyncServer):  # type: ignore[misc]
    """python-socketio's server on an `EngineServer`."""

    def _engineio_server_class(self) -> type[EngineServer]:
        return EngineServer

    async def _trigger_event(self, event: Any, namespace: str, *arguments: Any) -> Any:
        # What a client names its event may be any JSON; the library looks for handlers as if it were text.
        name = event if isinstance(event, str) else ""
        return await super()._trigger_event(name, namespace, *arguments)
