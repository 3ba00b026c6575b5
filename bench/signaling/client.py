"""A Socket.IO client that costs little: it counts what it is sent, and does not decode it (RFC 6455, Engine.IO 4)."""

from __future__ import annotations

import asyncio
import json
import os
import time
from typing import cast
from urllib.parse import urlsplit

MARK = b"@@"
"""Stands around the time at which a message was sent, nanoseconds of `time.perf_counter_ns`, in its text."""
_HEAD = len(MARK)
PATIENCE_S = 120


def marked() -> str:
    """A text that says when it was made."""
    return f"{MARK.decode()}{time.perf_counter_ns()}{MARK.decode()}"


class Receipts:
    """What all clients of a run have been sent."""

    def __init__(self) -> None:
        self.count = 0
        self.latencies_ns: list[int] = []
        self._wanted = 0
        self._reached = asyncio.Event()

    def take(self, payload: bytes) -> None:
        """Counts the marked messages in what came."""
        now = time.perf_counter_ns()
        start = payload.find(MARK)
        while start >= 0:
            end = payload.index(MARK, start + _HEAD)
            self.latencies_ns.append(now - int(payload[start + _HEAD : end]))
            self.count += 1
            start = payload.find(MARK, end + _HEAD)
        if self.count >= self._wanted:
            self._reached.set()

    async def reach(self, count: int) -> None:
        """Waits until so many messages have come."""
        self._wanted = count
        if self.count < count:
            self._reached.clear()
            await asyncio.wait_for(self._reached.wait(), PATIENCE_S)


class Client(asyncio.Protocol):
    """One connection. `joined` is done when the server has said welcome."""

    def __init__(self, host: str, auth: dict[str, str], receipts: Receipts) -> None:
        loop = asyncio.get_running_loop()
        self.joined: asyncio.Future[None] = loop.create_future()
        self._host = host
        self._auth = auth
        self._receipts = receipts
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._is_open = False
        self._answers: dict[int, asyncio.Future[bytes]] = {}
        self._asked = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        self._transport = cast(asyncio.Transport, transport)
        request = (
            f"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: {self._host}\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        self._transport.write(request.encode())

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        lost = ConnectionError(f"the server has closed the connection: {exc}")
        if not self.joined.done():
            self.joined.set_exception(lost)
        for waiting in self._answers.values():
            if not waiting.done():
                waiting.set_exception(lost)

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        buffer = self._buffer + data if self._buffer else data
        if not self._is_open:
            head, found, buffer = buffer.partition(b"\r\n\r\n")
            if not found:
                self._buffer = head
                return
            self._is_open = True
        at = 0
        while (frame := _frame(buffer, at)) is not None:
            start, end = frame
            self._packet(buffer[at] & 0x0F, buffer[start:end])
            at = end
        self._buffer = buffer[at:]

    async def ask(self, name: str, body: dict[str, str]) -> bytes:
        """The acknowledgement of an event, as it came."""
        self._asked += 1
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._answers[self._asked] = answer
        self._send(f"42{self._asked}{json.dumps([name, body])}")
        return await answer

    def close(self) -> None:
        """Says goodbye, and closes."""
        if self._transport is not None:
            self._send("41")
            self._transport.close()

    def _packet(self, opcode: int, payload: bytes) -> None:
        if opcode != 1:
            return
        if payload.startswith(b"42"):
            if not self.joined.done() and payload.startswith(b'42["welcome"'):
                self.joined.set_result(None)
            self._receipts.take(payload)
        elif payload.startswith(b"43"):
            number, _, rest = payload[2:].partition(b"[")
            self._answers.pop(int(number)).set_result(rest)
        elif payload == b"2":
            self._send("3")
        elif payload.startswith(b"0"):
            self._send(f"40{json.dumps(self._auth)}")
        elif payload.startswith(b"44") and not self.joined.done():
            self.joined.set_exception(ConnectionError(payload.decode()))

    def _send(self, text: str) -> None:
        assert self._transport is not None
        payload, mask = text.encode(), os.urandom(4)
        size = len(payload)
        length = bytes((0x80 | size,)) if size < 126 else b"\xfe" + size.to_bytes(2)
        masked = bytes(octet ^ mask[place % 4] for place, octet in enumerate(payload))
        self._transport.write(b"\x81" + length + mask + masked)


def _frame(buffer: bytes, at: int) -> tuple[int, int] | None:
    """Where the payload of the frame at a place starts and ends; None: it is not there yet."""
    if len(buffer) < at + 2:
        return None
    length, start = buffer[at + 1] & 0x7F, at + 2
    if length >= 126:
        size = 2 if length == 126 else 8
        if len(buffer) < start + size:
            return None
        length, start = int.from_bytes(buffer[start : start + size]), start + size
    end = start + length
    return (start, end) if len(buffer) >= end else None


async def connect(url: str, auth: dict[str, str], receipts: Receipts) -> Client:
    """A client that has joined."""
    target = urlsplit(url)
    loop = asyncio.get_running_loop()
    _, client = await loop.create_connection(
        lambda: Client(target.netloc, auth, receipts), target.hostname or "", target.port or 80
    )
    await client.joined
    return client
