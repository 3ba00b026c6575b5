"""A recorder's or a transcoder's path to the packet core: ICE, SRTP and SRTCP over a loopback socket.

The control plane has given both ends their keys, so there is no DTLS. The core is ICE-lite (RFC 8445): this end
checks, nominates, and goes on checking, which is its consent (RFC 7675).
"""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Iterator
from typing import TypeAlias

from aioice import stun
from aiortc.rtp import (
    RTCP_PSFB_PLI,
    RTCP_RTPFB_NACK,
    RtcpPacket,
    RtcpPsfbPacket,
    RtcpRtpfbPacket,
    RtcpSenderInfo,
    RtcpSrPacket,
    RtpPacket,
    is_rtcp,
)
from pylibsrtp import Error as SrtpError
from pylibsrtp import Policy, Session

from media_fleet.recorder.orientation import parsed
from media_fleet.recorder.protocol import Route

OPEN_S = 5.0
"""The node is on this machine: one that does not answer by then never will."""
CHECK_AGAIN_S = 0.1
CHECKED_AGAIN_S = 1.0
"""Well within the shortest consent time-out that a node can be given."""
RECEIVE_BUFFER = 8 * 1024 * 1024
"""Some seconds of a few pictures: as long as a disk may take a breath."""
MAX_DATAGRAMS = 256
_PRIORITY = 110 << 24 | 65_535 << 8 | 255
_OWN_SSRC = 1


class RecorderError(Exception):
    """A recorder cannot go on; the text says why."""


class SenderReport:
    """What a publisher's clock says at an RTP timestamp (RFC 3550, 6.4.1)."""

    def __init__(self, ssrc: int, info: RtcpSenderInfo) -> None:
        self.ssrc = ssrc
        self.ntp = info.ntp_timestamp
        self.timestamp = info.rtp_timestamp


Feedback: TypeAlias = RtcpRtpfbPacket | RtcpPsfbPacket
"""What is asked of who sends media on the path."""


class PathToNode:
    """The socket, and what protects it."""

    def __init__(self, begin: Route) -> None:
        family = socket.AF_INET6 if ":" in begin.address else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        self.socket.connect((begin.address, begin.port))
        self.socket.setblocking(False)
        self._begin = begin
        self._in = Session(_policy(begin.receive_key, Policy.SSRC_ANY_INBOUND))
        self._out = Session(_policy(begin.send_key, Policy.SSRC_ANY_OUTBOUND))
        self._check_at = 0.0
        self.is_open = False
        """Whether the node has answered."""

    def close(self) -> None:
        self.socket.close()

    def open(self) -> None:
        """Returns when the node has answered.

        Raises:
            RecorderError: it does not.
        """
        until = time.monotonic() + OPEN_S
        while not self.is_open:
            if time.monotonic() > until:
                raise RecorderError("the node does not answer")
            self.tick()
            select.select([self.socket], [], [], CHECK_AGAIN_S / 5)
            list(self.receive())

    def tick(self) -> None:
        """Sends a check, if it is time."""
        now = time.monotonic()
        if now >= self._check_at:
            self._check_at = now + (CHECKED_AGAIN_S if self.is_open else CHECK_AGAIN_S)
            check = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)
            check.attributes["USERNAME"] = f"{self._begin.ufrag}:recorder"
            check.attributes["PRIORITY"] = _PRIORITY
            check.attributes["ICE-CONTROLLING"] = 1
            check.attributes["USE-CANDIDATE"] = None
            check.add_message_integrity(self._begin.pwd.encode())
            self._send(bytes(check))

    def receive(self) -> Iterator[RtpPacket | SenderReport | Feedback]:
        """What has come, until nothing waits; what cannot be read is left out."""
        for _ in range(MAX_DATAGRAMS):
            try:
                data = self.socket.recv(2_048)
            except (BlockingIOError, ConnectionRefusedError):
                return
            if data and data[0] < 4:
                self._take_answer(data)
            elif data:
                yield from self._unprotected(data)

    def ask_for(self, ssrc: int, missing: list[int]) -> None:
        """Asks for packets again (RFC 4585, 6.2.1)."""
        self._send_rtcp(RtcpRtpfbPacket(fmt=RTCP_RTPFB_NACK, ssrc=_OWN_SSRC, media_ssrc=ssrc, lost=missing))

    def ask_for_key_frame(self, ssrc: int) -> None:
        """RFC 4585, 6.3.1."""
        self._send_rtcp(RtcpPsfbPacket(fmt=RTCP_PSFB_PLI, ssrc=_OWN_SSRC, media_ssrc=ssrc))

    def send(self, packet: RtpPacket) -> bytes:
        """Sends media. What was sent, to be sent again by `send_again`: nothing may be protected twice."""
        data = self._out.protect(packet.serialize())
        self._send(data)
        return data

    def send_again(self, data: bytes) -> None:
        """Sends what was sent before."""
        self._send(data)

    def report(self, ssrc: int, info: RtcpSenderInfo) -> None:
        """Says what the publisher's clock says (RFC 3550, 6.4.1)."""
        self._send_rtcp(RtcpSrPacket(ssrc=ssrc, sender_info=info))

    def _take_answer(self, data: bytes) -> None:
        try:
            answer = stun.parse_message(data)
            is_ours = answer.check_message_integrity(self._begin.pwd.encode())
        except ValueError:
            return
        self.is_open = self.is_open or (is_ours and answer.message_class is stun.Class.RESPONSE)

    def _unprotected(self, data: bytes) -> Iterator[RtpPacket | SenderReport | Feedback]:
        try:
            if not is_rtcp(data):
                yield parsed(self._in.unprotect(data))
                return
            for packet in RtcpPacket.parse(self._in.unprotect_rtcp(data)):
                if isinstance(packet, RtcpSrPacket):
                    yield SenderReport(packet.ssrc, packet.sender_info)
                elif isinstance(packet, RtcpRtpfbPacket | RtcpPsfbPacket):
                    yield packet
        except (SrtpError, ValueError):
            return

    def _send_rtcp(self, packet: RtcpRtpfbPacket | RtcpPsfbPacket | RtcpSrPacket) -> None:
        self._send(self._out.protect_rtcp(bytes(packet)))

    def _send(self, data: bytes) -> None:
        try:
            self.socket.send(data)
        except (BlockingIOError, ConnectionRefusedError):
            return


def _policy(key: bytes, direction: int) -> Policy:
    return Policy(key=key, ssrc_type=direction, srtp_profile=Policy.SRTP_PROFILE_AEAD_AES_128_GCM)
