"""What flows through a server while its costs are read: a film that is sent evenly, and viewers that count."""

from __future__ import annotations

import os
import selectors
import socket
import struct
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from bench.janus.endpoint import Endpoint
from bench.janus.sdp import MID_ID, PAYLOAD_TYPE, SSRC

PACKET_LEN = 1100
"""Of a plain RTP packet, octets."""
FRAME = 10
"""Packets of a frame: they leave together."""
_UDP_SEGMENT = 103
"""linux/udp.h: one buffer, cut by the kernel into datagrams of one length."""
_TIME_AT = 5
"""Behind four octets of the VP8 descriptor and one of the frame."""
_HEADER_LEN = 12 + 4 + 4


class Outcome(Struct, frozen=True, kw_only=True):
    """What one server took for one load. Times in microseconds."""

    server: str
    viewers: int
    packets_a_second: int
    """Of the publisher."""
    forwarded: int
    lost: int
    cpu_us: float
    """Of the server's process, all threads, for each forwarded packet."""
    cores: float
    """How much of one core that is."""
    latency_p50_us: float
    latency_p99_us: float
    memory_per_viewer: int
    """Resident memory that a viewer adds, octets."""


class Publisher:
    """Sends frames of packets, protected."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._number = 0

    def send(self, rate: int, duration_s: float) -> int:
        """So many packets a second for so long; returns how many were sent."""
        started = time.perf_counter()
        sent = 0
        while (now := time.perf_counter() - started) < duration_s:
            due = sent / rate
            if now < due:
                time.sleep(due - now)
            packets = [self._packet(is_last=place == FRAME - 1) for place in range(FRAME)]
            segments = (socket.IPPROTO_UDP, _UDP_SEGMENT, struct.pack("H", len(packets[0])))
            self._endpoint.socket.sendmsg([b"".join(packets)], [segments])
            sent += FRAME
        return sent

    def _packet(self, *, is_last: bool) -> bytes:
        self._number += 1
        frame = self._number // FRAME
        header = bytes([0x90, 0x80 * is_last | PAYLOAD_TYPE]) + (self._number & 0xFFFF).to_bytes(2, "big")
        header += (frame * 3000 & 0xFFFFFFFF).to_bytes(4, "big") + SSRC.to_bytes(4, "big")
        header += bytes([0xBE, 0xDE, 0, 1, MID_ID << 4, ord("0"), 0, 0])
        payload = bytes([0x90, 0x80, 0x80 | frame >> 8 & 0x7F, frame & 0xFF, 0])
        payload += time.perf_counter_ns().to_bytes(8, "big")
        packet: bytes = self._endpoint.srtp_out.protect((header + payload).ljust(PACKET_LEN, b"\0"))
        return packet


class Audience(threading.Thread):
    """Empties the viewers' sockets and counts; decrypts what the first one gets, to read when it was sent."""

    def __init__(self, viewers: Sequence[Endpoint]) -> None:
        super().__init__(daemon=True)
        self.received = 0
        self.latencies: list[int] = []
        """Nanoseconds."""
        self._timed = viewers[0]
        self._is_over = threading.Event()
        self._selector = selectors.EpollSelector()
        for viewer in viewers:
            self._selector.register(viewer.socket, selectors.EVENT_READ, viewer)

    def run(self) -> None:
        buffer = bytearray(2048)
        while not self._is_over.is_set():
            for key, _ in self._selector.select(0.05):
                self._empty(key.data, buffer)

    def end(self) -> None:
        self._is_over.set()
        self.join()
        self._selector.close()

    def _empty(self, viewer: Endpoint, buffer: bytearray) -> None:
        while True:
            try:
                length = viewer.socket.recv_into(buffer)
            except BlockingIOError:
                return
            if length < PACKET_LEN:
                continue  # RTCP
            self.received += 1
            if viewer is self._timed:
                now = time.perf_counter_ns()
                packet = viewer.srtp_in.unprotect(bytes(buffer[:length]))
                start = 12 + (4 + 4 * int.from_bytes(packet[14:16], "big") if packet[0] & 0x10 else 0)
                self.latencies.append(now - int.from_bytes(packet[start + _TIME_AT : start + _TIME_AT + 8], "big"))


def cpu_ns(pid: int) -> int:
    """What all threads of a process have run so far (Linux: schedstat)."""
    total = 0
    for thread in Path(f"/proc/{pid}/task").iterdir():
        total += int((thread / "schedstat").read_text().split()[0])
    return total


def resident(pid: int) -> int:
    """Octets."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
