"""A connection on which a stream is published by RTMP, over TCP or TLS.

Python's own rather than FFmpeg's: the address that is checked is the one that is connected to (no DNS rebinding), the
certificate is the name's, no silence of a server lasts for ever, and none of this needs a thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import socket
import ssl
from collections.abc import AsyncIterator, Sequence

from contracts.broadcasting import TargetFailure
from contracts.rtmp_address import RtmpAddress
from media_fleet.outside import may_be_asked
from media_fleet.rtmp.messages import (
    SENT_CHUNK,
    ChunkReader,
    Kind,
    Message,
    RtmpError,
    Value,
    chunks,
    decoded,
    encoded,
)

LOOK_UP_S = 5.0
CONNECT_S = 5.0
"""To each address of a name."""
ANSWER_S = 10.0
"""Until a server has taken the stream, from when it is connected to."""
STALLED_S = 10.0
"""A server that takes nothing for so long is lost."""
END_S = 2.0
"""For telling a server that this was all."""
_HANDSHAKE = 1_536
_VERSION = b"\x03"
_CONTROL, _COMMANDS, _MEDIA = 2, 3, 4
"""Chunk streams."""
_PING, _PONG = 6, 7
"""User control events (7.1.7)."""
_PIECE = 16_384
_WINDOW = 2_500_000
_STREAMS = 2**32


class TargetError(Exception):
    """A server does not get the broadcast. Neither address nor key is in it."""

    def __init__(self, failure: TargetFailure) -> None:
        super().__init__(failure.value)
        self.failure = failure


class TargetLostError(TargetError):
    """The server is not there, now."""


class TargetRefusedError(TargetError):
    """Nothing is sent there, now or later."""


class RtmpConnection:
    """One stream that is published. Everything happens in one event loop."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._chunks = ChunkReader()
        self._stream = 0
        self._shook_hands = False
        self._received = self._acknowledged = 0
        self._window = _WINDOW

    async def publish(self, address: RtmpAddress) -> None:
        """Returns when the server takes the stream.

        Raises:
            TargetLostError: it does not.
        """
        try:
            async with asyncio.timeout(ANSWER_S):
                await self._shake_hands()
                await self._begin(address)
        except TimeoutError:
            raise TargetLostError(TargetFailure.REFUSED if self._shook_hands else TargetFailure.ABSENT) from None
        except RtmpError:
            raise TargetLostError(TargetFailure.GARBLED if self._shook_hands else TargetFailure.ABSENT) from None
        except (OSError, asyncio.IncompleteReadError):
            raise TargetLostError(TargetFailure.CLOSED if self._shook_hands else TargetFailure.ABSENT) from None

    async def send(self, kind: Kind, ms: int, content: bytes) -> None:
        """Sends a piece of the stream. Raises `TargetLostError`: the server takes nothing any more."""
        try:
            self._write(Message(kind, self._stream, ms, content), _MEDIA)
            async with asyncio.timeout(STALLED_S):
                await self._writer.drain()
        except TimeoutError:
            raise TargetLostError(TargetFailure.SLOW) from None
        except OSError:
            raise TargetLostError(TargetFailure.CLOSED) from None

    async def listen(self) -> None:
        """Hears what the server says, for ever. Raises `TargetLostError`: it wants no more, or is gone."""
        try:
            async for message in self._messages():
                if message.kind == Kind.COMMAND:
                    _check_status(decoded(message.content))
        except RtmpError:
            raise TargetLostError(TargetFailure.GARBLED) from None
        except OSError:
            raise TargetLostError(TargetFailure.CLOSED) from None
        raise TargetLostError(TargetFailure.CLOSED)

    async def end(self, address: RtmpAddress) -> None:
        """Tells the server that this was all, if it hears."""
        with contextlib.suppress(OSError, TimeoutError):
            self._command("FCUnpublish", 6, None, address.stream)
            self._command("deleteStream", 7, None, float(self._stream))
            async with asyncio.timeout(END_S):
                await self._writer.drain()

    async def close(self) -> None:
        """Ends the connection, whatever the server does."""
        self._writer.close()
        try:
            async with asyncio.timeout(END_S):
                await self._writer.wait_closed()
        except (OSError, TimeoutError):
            return
        finally:
            self._writer.transport.abort()

    async def _shake_hands(self) -> None:
        """The simple handshake (5.2)."""
        self._writer.write(_VERSION + bytes(8) + os.urandom(_HANDSHAKE - 8))
        answer = await self._reader.readexactly(1 + _HANDSHAKE)
        if answer[:1] != _VERSION:
            raise RtmpError("another version")
        self._writer.write(answer[1:])
        await self._reader.readexactly(_HANDSHAKE)
        self._shook_hands = True

    async def _begin(self, address: RtmpAddress) -> None:
        self._write(Message(Kind.CHUNK_SIZE, 0, 0, SENT_CHUNK.to_bytes(4, "big")), _CONTROL)
        about: dict[str, Value] = {
            "app": address.app,
            "type": "nonprivate",
            "flashVer": "FMLE/3.0 (compatible; Parley)",
            "tcUrl": address.announced,
        }
        self._command("connect", 1, about)
        messages = self._messages()
        await _result(messages, 1)
        self._command("releaseStream", 2, None, address.stream)
        self._command("FCPublish", 3, None, address.stream)
        self._command("createStream", 4, None)
        self._stream = _stream_of(await _result(messages, 4))
        self._command("publish", 5, None, address.stream, "live", stream=self._stream)
        async for message in messages:
            if message.kind == Kind.COMMAND and _check_status(decoded(message.content)):
                return
        raise TargetLostError(TargetFailure.REFUSED)

    async def _messages(self) -> AsyncIterator[Message]:
        """What the server says, until it closes the connection; what needs an answer gets it."""
        while data := await self._reader.read(_PIECE):
            self._received += len(data)
            for message in self._chunks.take(data):
                self._answer(message)
                yield message
            if self._received - self._acknowledged >= self._window:
                self._acknowledged = self._received
                count = (self._received & 0xFFFFFFFF).to_bytes(4, "big")
                self._write(Message(Kind.ACKNOWLEDGEMENT, 0, 0, count), _CONTROL)

    def _answer(self, message: Message) -> None:
        if message.kind == Kind.WINDOW and len(message.content) >= 4:
            self._window = max(1, int.from_bytes(message.content[:4], "big") // 2)
        elif message.kind == Kind.USER_CONTROL and int.from_bytes(message.content[:2], "big") == _PING:
            pong = _PONG.to_bytes(2, "big") + message.content[2:6]
            self._write(Message(Kind.USER_CONTROL, 0, 0, pong), _CONTROL)

    def _command(self, name: str, number: int, *values: Value, stream: int = 0) -> None:
        content = encoded([name, float(number), *values])
        self._write(Message(Kind.COMMAND, stream, 0, content), _COMMANDS)

    def _write(self, message: Message, channel: int) -> None:
        size = SENT_CHUNK if message.kind != Kind.CHUNK_SIZE else 128
        self._writer.write(chunks(message, channel, size))


async def connect(address: RtmpAddress, *, may_reach_any: bool) -> RtmpConnection:
    """A connection to a server. ``may_reach_any``: also in a network that is not public.

    Raises:
        TargetRefusedError: it is where nothing is sent.
        TargetLostError: it is not there.
    """
    addresses = await _look_up(address)
    # One that is not public is one too many: a name that leads to both is not an honest one.
    if not may_reach_any and not all(may_be_asked(each) for each in addresses):
        raise TargetRefusedError(TargetFailure.PRIVATE)
    context = _tls() if address.is_secure else None
    name = address.host if address.is_secure else None
    is_trusted = True
    for each in addresses:
        try:
            async with asyncio.timeout(CONNECT_S):
                return RtmpConnection(
                    *await asyncio.open_connection(each, address.port, ssl=context, server_hostname=name)
                )
        except OSError as error:  # of which `TimeoutError` is one
            is_trusted = not isinstance(error, ssl.SSLCertVerificationError)
    raise TargetLostError(TargetFailure.ABSENT if is_trusted else TargetFailure.UNTRUSTED)


async def _look_up(address: RtmpAddress) -> Sequence[str]:
    try:
        async with asyncio.timeout(LOOK_UP_S):
            found = await asyncio.get_running_loop().getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except TimeoutError:
        raise TargetLostError(TargetFailure.UNKNOWN_NAME) from None
    except (OSError, UnicodeError):
        raise TargetLostError(TargetFailure.UNKNOWN_NAME) from None
    return tuple(dict.fromkeys(str(each[4][0]) for each in found))


async def _result(messages: AsyncIterator[Message], number: int) -> list[Value]:
    """The answer to a command. Raises `TargetLostError`: it is a refusal, or there is none."""
    async for message in messages:
        if message.kind != Kind.COMMAND:
            continue
        values = decoded(message.content)
        if values[1:2] == [float(number)] and values[0] == "_error":
            break
        if values[1:2] == [float(number)] and values[0] == "_result":
            return values
    raise TargetLostError(TargetFailure.REFUSED)


def _stream_of(answer: Sequence[Value]) -> int:
    """The stream's number in the answer to ``createStream``; 1: it names none. Raises `RtmpError`: it is no number that
    a message can have."""
    given = answer[3] if len(answer) > 3 else None
    if not isinstance(given, float):
        return 1
    if not 0 <= given < _STREAMS:  # nor is what is not a number
        raise RtmpError("no stream's number")
    return int(given)


def _check_status(values: Sequence[Value]) -> bool:
    """Whether a server says that it takes the stream. Raises `TargetLostError`: that it does not."""
    if not values or values[0] != "onStatus":
        return False
    status = values[3] if len(values) > 3 else None
    if not isinstance(status, dict):
        return False
    if status.get("level") == "error":
        raise TargetLostError(TargetFailure.REFUSED)
    return status.get("code") == "NetStream.Publish.Start"


@functools.cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()
