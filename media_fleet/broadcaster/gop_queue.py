"""What waits to be sent to one server: bounded, and cut only where a stream can go on. Pure."""

from __future__ import annotations

from collections import deque

from media_fleet.broadcaster.encoding import EncodedPacket

MOST_BYTES = 4_000_000
MOST_PACKETS = 720
"""Some ten seconds of 25 pictures and 47 pieces of sound a second."""


class GopQueue:
    """Groups of pictures: each begins with a key frame, and without that nothing after it can be decoded."""

    def __init__(self, most_bytes: int = MOST_BYTES, most_packets: int = MOST_PACKETS) -> None:
        self._most_bytes = most_bytes
        self._most_packets = most_packets
        self._waiting: deque[EncodedPacket] = deque()
        self._bytes = 0
        self._needs_key = True
        self.dropped = 0
        """Packets that were left out because the server did not take those before them."""

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, packet: EncodedPacket) -> None:
        """Adds a packet; what waits for too long goes, by whole groups, the oldest first."""
        if self._needs_key and not packet.is_key:
            return
        self._needs_key = False
        self._waiting.append(packet)
        self._bytes += len(packet.data)
        while self._bytes > self._most_bytes or len(self._waiting) > self._most_packets:
            self._drop_group()

    def take(self) -> EncodedPacket | None:
        """The next one; None: nothing waits."""
        if not self._waiting:
            return None
        packet = self._waiting.popleft()
        self._bytes -= len(packet.data)
        return packet

    def begin_anew(self) -> None:
        """What comes next is for another connection: it begins with a key frame."""
        self._waiting.clear()
        self._bytes = 0
        self._needs_key = True

    def _drop_group(self) -> None:
        """The first one waiting goes, and all up to the next key frame; without one nothing comes before there is."""
        while self.take() is not None:
            self.dropped += 1
            if self._waiting and self._waiting[0].is_key:
                return
        self._needs_key = True
