"""A server's side of a connection on which somebody publishes a stream by RTMP. Without I/O.

What is said before the stream is read by the node, what comes after by the process that decodes it: `RtmpSession` is
plain data, which the one gives to the other together with the connection.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from typing import Final, TypeAlias

import msgspec
from msgspec import Struct, field

from media_fleet.rtmp.messages import SENT_CHUNK, ChunkReader, Kind, Message, RtmpError, Value, chunks, decoded, encoded

MOST_BEFORE: Final = 65_536
"""Octets that anybody may send before they have shown a key, beyond which a connection is none of an encoder's."""
MOST_MESSAGES_BEFORE: Final = 32
"""And messages: encoders send some seven."""
MOST_ANSWERS: Final = 65_536
"""Octets that wait to be sent, beyond which somebody asks only to have them answered."""
MOST_OCTETS: Final = 4_000_000
"""Of a message: a picture of 30 Mbit/s that begins anew every second."""
_HANDSHAKE: Final = 1_536
_VERSION: Final = 3
_WINDOW: Final = 2_500_000
_STREAM: Final = 1
_CONTROL, _COMMANDS = 2, 3
"""Chunk streams."""
_BEGIN, _PING, _PONG = 0, 6, 7
"""User control events (7.1.7)."""
_MEDIA: Final = frozenset({Kind.SOUND, Kind.PICTURE, Kind.DATA})
_ENDING: Final = frozenset({"deleteStream", "FCUnpublish", "closeStream"})


class Publishing(Struct, frozen=True):
    """Somebody wants to publish. ``key``: the stream's name, without what follows a question mark."""

    key: str

    def __repr__(self) -> str:
        return "Publishing()"


class Over(Struct, frozen=True):
    """Whoever published says that this was all."""


Event: TypeAlias = "Publishing | Message | Over"
"""A `Message` is a piece of the stream: sound, picture or data."""


class Phase(IntEnum):
    """How far a connection has come."""

    HELLO = 0
    """The first half of the handshake (5.2) is awaited."""
    ECHO = 1
    COMMANDS = 2
    ASKED = 3
    """Somebody wants to publish; whether they may is not decided."""
    PUBLISHING = 4
    OVER = 5


class RtmpSession(Struct):
    """One connection. Whoever has it sends what `to_send` gives, after each call."""

    phase: Phase = Phase.HELLO
    chunks: ChunkReader = field(default_factory=ChunkReader)
    waiting: bytes = b""
    """What has come of the handshake; later: what is not read yet."""
    received: int = 0
    acknowledged: int = 0
    window: int = _WINDOW
    answers: bytearray = field(default_factory=bytearray)
    is_connected: bool = False
    messages: int = 0
    """Before the stream."""

    def receive(self, data: bytes, random: bytes = b"") -> Iterator[Event]:
        """What the client says. Nothing is read beyond the wish to publish until that is decided.

        ``random``: 1,528 octets for the handshake.

        Raises:
            RtmpError: this is no RTMP, or too much of it for somebody who has not shown a key.
        """
        self.received += len(data)
        self.waiting += data
        if self.phase < Phase.PUBLISHING and self.received > MOST_BEFORE:
            raise RtmpError("too much before a stream")
        if self.phase < Phase.COMMANDS:
            self._shake_hands(random)
        if self.phase in {Phase.COMMANDS, Phase.PUBLISHING}:
            yield from self._read()
        if self.received - self.acknowledged >= self.window // 2:
            self.acknowledged = self.received
            self._say(Kind.ACKNOWLEDGEMENT, (self.received & 0xFFFFFFFF).to_bytes(4, "big"))

    def to_send(self) -> bytes:
        """What is to be sent to the client now."""
        answers = bytes(self.answers)
        self.answers.clear()
        return answers

    def accept(self) -> Iterator[Event]:
        """They may publish. What came after the wish."""
        self.phase = Phase.PUBLISHING
        self.chunks.most_octets = MOST_OCTETS
        self._say(Kind.USER_CONTROL, _BEGIN.to_bytes(2, "big") + _STREAM.to_bytes(4, "big"))
        self._status("status", "NetStream.Publish.Start", "Publishing.")
        yield from self._read()

    def refuse(self) -> None:
        """They may not."""
        self.phase = Phase.OVER
        self._status("error", "NetStream.Publish.BadName", "No stream is expected by this key.")

    def end(self) -> None:
        """Nothing is taken any more."""
        self.phase = Phase.OVER
        self._status("status", "NetStream.Unpublish.Success", "The stream has been ended.")

    # ---- inside ----

    def _shake_hands(self, random: bytes) -> None:
        """The simple handshake (5.2): what encoders send with a digest, they take without one."""
        if self.phase is Phase.HELLO and self.waiting and self.waiting[0] != _VERSION:
            raise RtmpError("another version")
        if self.phase is Phase.HELLO and len(self.waiting) > _HANDSHAKE:
            hello, self.waiting = self.waiting[1 : 1 + _HANDSHAKE], self.waiting[1 + _HANDSHAKE :]
            own = bytes(8) + random[: _HANDSHAKE - 8].ljust(_HANDSHAKE - 8, b"\0")
            self.answers += bytes([_VERSION]) + own + hello
            # What follows is an echo of ours, and begins with whatever it does.
            self.phase = Phase.ECHO
        if self.phase is Phase.ECHO and len(self.waiting) >= _HANDSHAKE:
            self.waiting = self.waiting[_HANDSHAKE:]
            self.phase = Phase.COMMANDS

    def _read(self) -> Iterator[Event]:
        data, self.waiting = self.waiting, b""
        for message in self.chunks.take(data):
            event = self._heard(message)
            if len(self.answers) > MOST_ANSWERS:
                raise RtmpError("too much to answer")
            if event is not None:
                yield event
            if self.phase in {Phase.ASKED, Phase.OVER}:
                return

    def _heard(self, message: Message) -> Event | None:
        if self.phase is Phase.PUBLISHING and message.kind in _MEDIA:
            return message
        if self.phase < Phase.PUBLISHING:
            self.messages += 1
            if self.messages > MOST_MESSAGES_BEFORE:
                raise RtmpError("too many messages before a stream")
        if message.kind == Kind.COMMAND:
            return self._commanded(decoded(message.content))
        if message.kind == Kind.WINDOW and len(message.content) >= 4:
            self.window = max(65_536, min(_WINDOW, int.from_bytes(message.content[:4], "big")))
        elif message.kind == Kind.USER_CONTROL and int.from_bytes(message.content[:2], "big") == _PING:
            self._say(Kind.USER_CONTROL, _PONG.to_bytes(2, "big") + message.content[2:6])
        return None

    def _commanded(self, values: list[Value]) -> Event | None:
        name, number = (*values, None, None)[:2]
        if not isinstance(number, float):
            number = 0.0
        if self.phase is Phase.PUBLISHING:
            if name in _ENDING:
                self.phase = Phase.OVER
                return Over()
            return None
        if name == "connect":
            self._connected(number)
        elif name == "createStream":
            self._command("_result", number, None, float(_STREAM))
        elif name == "publish":
            key = values[3] if len(values) > 3 else None
            self.phase = Phase.ASKED
            return Publishing(key.partition("?")[0] if isinstance(key, str) else "")
        return None

    def _connected(self, number: float) -> None:
        if self.is_connected:
            raise RtmpError("connected twice")
        self.is_connected = True
        self._say(Kind.WINDOW, _WINDOW.to_bytes(4, "big"))
        self._say(Kind.PEER_WINDOW, _WINDOW.to_bytes(4, "big") + b"\x02")
        self.answers += chunks(Message(Kind.CHUNK_SIZE, 0, 0, SENT_CHUNK.to_bytes(4, "big")), _CONTROL, SENT_CHUNK)
        properties: dict[str, Value] = {"fmsVer": "FMS/3,0,1,123", "capabilities": 31.0}
        about: dict[str, Value] = {
            "level": "status",
            "code": "NetConnection.Connect.Success",
            "description": "Connected.",
            "objectEncoding": 0.0,
        }
        self._command("_result", number, properties, about)

    def _status(self, level: str, code: str, description: str) -> None:
        about: dict[str, Value] = {"level": level, "code": code, "description": description}
        self._command("onStatus", 0.0, None, about, stream=_STREAM)

    def _command(self, name: str, number: float, *values: Value, stream: int = 0) -> None:
        content = encoded([name, number, *values])
        self.answers += chunks(Message(Kind.COMMAND, stream, 0, content), _COMMANDS, SENT_CHUNK)

    def _say(self, kind: Kind, content: bytes) -> None:
        self.answers += chunks(Message(kind, 0, 0, content), _CONTROL, SENT_CHUNK)


_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[RtmpSession] = msgspec.json.Decoder(RtmpSession)


def handed_over(session: RtmpSession) -> bytes:
    """All that is known of a connection, for another process."""
    return _encoder.encode(session)


def taken_over(data: bytes) -> RtmpSession:
    """The inverse of `handed_over`. Raises `msgspec.DecodeError`."""
    return _decoder.decode(data)
