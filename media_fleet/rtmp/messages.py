"""RTMP's messages, their chunks, and the values in commands ("Adobe's Real Time Messaging Protocol" 1.0, and AMF 0).

Pure. Only what is said and heard of a stream that is published.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from enum import IntEnum
from typing import Final, TypeAlias

from msgspec import Struct, field

USUAL_CHUNK: Final = 128
"""Octets of a chunk until told otherwise (5.4.1)."""
SENT_CHUNK: Final = 4_096
MOST_OCTETS: Final = 65_536
"""Of a message that a server may send: it sends answers to commands."""
MOST_CHUNK: Final = 0xFFFFFF
_EXTENDED: Final = 0xFFFFFF
_MOST_DEPTH: Final = 8
_MOST_CHANNELS: Final = 64

Value: TypeAlias = "float | bool | str | Mapping[str, Value] | None"


class RtmpError(Exception):
    """What came is not RTMP."""


class Kind(IntEnum):
    """Types of messages (5.4, 6.2, 7.1)."""

    CHUNK_SIZE = 1
    ABORT = 2
    ACKNOWLEDGEMENT = 3
    USER_CONTROL = 4
    WINDOW = 5
    PEER_WINDOW = 6
    SOUND = 8
    PICTURE = 9
    DATA = 18
    COMMAND = 20


class Message(Struct, frozen=True):
    """``stream``: the message stream's id; ``ms``: its timestamp."""

    kind: int
    stream: int
    ms: int
    content: bytes


def chunks(message: Message, channel: int, size: int) -> bytes:
    """A message as it is sent (5.3.1). ``channel``: the chunk stream's id, 2 to 63; ``size``: octets of a chunk."""
    ms = message.ms & 0xFFFFFFFF
    late = struct.pack(">I", ms) if ms >= _EXTENDED else b""
    head = bytes([channel]) + min(ms, _EXTENDED).to_bytes(3, "big")
    head += len(message.content).to_bytes(3, "big") + bytes([message.kind]) + struct.pack("<I", message.stream)
    pieces = [message.content[at : at + size] for at in range(0, len(message.content), size)] or [b""]
    follows = bytes([0xC0 | channel]) + late
    return head + late + follows.join(pieces)


class Channel(Struct):
    """What the last chunk of a chunk stream has told. ``step``: by how much a message is later than the one before."""

    ms: int = 0
    step: int = 0
    length: int = 0
    kind: int = 0
    stream: int = 0
    is_late: bool = False
    come: bytearray = field(default_factory=bytearray)


class ChunkReader(Struct):
    """Puts messages together from what comes. All that it knows is in its fields, so another process can go on.

    ``most_octets``: of a message.
    """

    most_octets: int = MOST_OCTETS
    size: int = USUAL_CHUNK
    data: bytes = b""
    channels: dict[int, Channel] = field(default_factory=dict)

    def take(self, data: bytes) -> Iterator[Message]:
        """The messages that are whole with ``data``. Raises `RtmpError`: this is no RTMP."""
        self.data += data
        at = 0
        try:
            while (taken := self._chunk(at)) is not None:
                at, message = taken
                if message is not None:
                    self._heed(message)
                    yield message
        finally:
            self.data = self.data[at:]

    def _heed(self, message: Message) -> None:
        if len(message.content) < 4:
            return
        number = int.from_bytes(message.content[:4], "big")
        if message.kind == Kind.CHUNK_SIZE:
            self.size = max(1, min(MOST_CHUNK, number & 0x7FFFFFFF))
        elif message.kind == Kind.ABORT and number in self.channels:
            self.channels[number].come.clear()

    def _chunk(self, at: int) -> tuple[int, Message | None] | None:
        """Where the chunk at a place ends, and the message that is whole with it; None: there is no whole chunk."""
        data = self.data
        if at >= len(data):
            return None
        form, name = data[at] >> 6, data[at] & 0x3F
        head_at = at + (1 if name > 1 else 2 + name)
        fields = (11, 7, 3, 0)[form]
        if len(data) < head_at + fields:
            return None
        if name <= 1:
            name = 64 + int.from_bytes(data[at + 1 : head_at], "little")
        channel = self.channels.setdefault(name, Channel())
        if form == 3 and not channel.length and not channel.kind:
            raise RtmpError("a chunk without a beginning")
        head = data[head_at : head_at + fields]
        length = int.from_bytes(head[3:6], "big") if form < 2 else channel.length
        if length > self.most_octets or len(self.channels) > _MOST_CHANNELS:
            raise RtmpError("a message that is too long")
        is_late = int.from_bytes(head[:3], "big") == _EXTENDED if form < 3 else channel.is_late
        body_at = head_at + fields + (4 if is_late else 0)
        size = min(self.size, length - (len(channel.come) if form == 3 else 0))
        if len(data) < body_at + size:
            return None
        if form < 3 or not channel.come:
            stamp = int.from_bytes(data[body_at - 4 : body_at] if is_late else head[:3], "big")
            self._begin(channel, form, head, length, stamp, is_late=is_late)
        channel.come += data[body_at : body_at + size]
        if len(channel.come) < channel.length:
            return body_at + size, None
        content = bytes(channel.come)
        channel.come.clear()
        return body_at + size, Message(channel.kind, channel.stream, channel.ms, content)

    @staticmethod
    def _begin(channel: Channel, form: int, head: bytes, length: int, stamp: int, *, is_late: bool) -> None:
        """A message begins. ``stamp``: its time (form 0), or by how much it is later than the one before."""
        channel.come.clear()
        channel.length, channel.is_late = length, is_late
        if form < 2:
            channel.kind = head[6]
        if form == 0:
            channel.stream = struct.unpack("<I", head[7:11])[0]
            channel.ms, channel.step = stamp, 0
            return
        if form < 3:
            channel.step = stamp
        channel.ms = (channel.ms + channel.step) & 0xFFFFFFFF


# ---- AMF 0 ----


def encoded(values: Sequence[Value]) -> bytes:
    """Values as a command or data message has them."""
    return b"".join(_encoded(each) for each in values)


def decoded(content: bytes) -> list[Value]:
    """The values of a command or data message. Raises `RtmpError`: they cannot be read."""
    values: list[Value] = []
    at = 0
    try:
        while at < len(content):
            value, at = _decoded(content, at, 0)
            values.append(value)
    except (IndexError, struct.error, UnicodeDecodeError):
        raise RtmpError("a value that cannot be read") from None
    return values


def _encoded(value: Value) -> bytes:
    if isinstance(value, bool):
        return b"\x01" + bytes([value])
    if isinstance(value, float | int):
        return b"\x00" + struct.pack(">d", value)
    if isinstance(value, str):
        data = value.encode()
        return b"\x02" + struct.pack(">H", len(data)) + data
    if value is None:
        return b"\x05"
    return b"\x03" + b"".join(_encoded(name)[1:] + _encoded(each) for name, each in value.items()) + b"\x00\x00\x09"


def _decoded(content: bytes, at: int, depth: int) -> tuple[Value, int]:
    marker, at = content[at], at + 1
    if marker == 0x00:
        return struct.unpack(">d", content[at : at + 8])[0], at + 8
    if marker == 0x01:
        return content[at] != 0, at + 1
    if marker == 0x02:
        return _text(content, at)
    if marker in {0x05, 0x06}:
        return None, at
    if marker in {0x03, 0x08} and depth < _MOST_DEPTH:
        return _object(content, at + (4 if marker == 0x08 else 0), depth + 1)
    raise RtmpError("a value of a kind that no answer has")


def _object(content: bytes, at: int, depth: int) -> tuple[Value, int]:
    found: dict[str, Value] = {}
    while content[at : at + 3] != b"\x00\x00\x09":
        name, at = _text(content, at)
        found[name], at = _decoded(content, at, depth)
    return found, at + 3


def _text(content: bytes, at: int) -> tuple[str, int]:
    length = struct.unpack(">H", content[at : at + 2])[0]
    if at + 2 + length > len(content):
        raise RtmpError("a text that is cut off")
    return content[at + 2 : at + 2 + length].decode(), at + 2 + length
