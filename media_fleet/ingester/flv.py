"""What comes by RTMP, as the file of FLV that it is a part of ("Adobe Flash Video File Format" 10.1, E.2 to E.4)."""

from __future__ import annotations

import threading
from collections import deque
from typing import Final

from media_fleet.rtmp.messages import Message

HEADER: Final = b"FLV\x01\x05" + (9).to_bytes(4, "big") + bytes(4)
"""With sound and picture, and the size of the tag before the first one, which there is not."""
MOST_WAITING: Final = 16_000_000
"""Octets that wait to be read, beyond which no more is taken from whoever sends."""
_TAG: Final = 11
_DATA_KIND: Final = 18
_SET: Final = b"\x02\x00\x0d@setDataFrame"
"""What publishers put before the stream's data, which is no part of it."""


def tag(message: Message) -> bytes:
    """A piece of a stream as it stands in a file."""
    content = message.content
    if message.kind == _DATA_KIND:
        content = content.removeprefix(_SET)
    head = bytes([message.kind]) + len(content).to_bytes(3, "big")
    head += (message.ms & 0xFFFFFF).to_bytes(3, "big") + bytes([message.ms >> 24 & 0xFF]) + bytes(3)
    return head + content + (_TAG + len(content)).to_bytes(4, "big")


class FlvPipe:
    """A file that grows while it is read. `put` and `end` by one thread, `read` by another, which waits."""

    def __init__(self) -> None:
        self._pieces: deque[bytes] = deque([HEADER])
        self._waiting = len(HEADER)
        self._has_ended = False
        self._changed = threading.Condition()

    @property
    def is_full(self) -> bool:
        """Whether no more is to be put before something is read."""
        return self._waiting > MOST_WAITING

    def put(self, message: Message) -> None:
        """One more piece."""
        with self._changed:
            self._pieces.append(piece := tag(message))
            self._waiting += len(piece)
            self._changed.notify()

    def end(self) -> None:
        """Nothing follows."""
        with self._changed:
            self._has_ended = True
            self._changed.notify()

    def read(self, size: int) -> bytes:
        """So much at the most, once there is something; nothing: this was all."""
        with self._changed:
            while not self._pieces and not self._has_ended:
                self._changed.wait()
            if not self._pieces:
                return b""
            piece = self._pieces.popleft()
            if len(piece) > size:
                self._pieces.appendleft(piece[size:])
                piece = piece[:size]
            self._waiting -= len(piece)
            return piece
