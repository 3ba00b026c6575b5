"""An aiortc client whose sound comes and goes as RED (RFC 2198), which aiortc itself knows nothing of."""

from __future__ import annotations

import re
from typing import Any

import aiortc
from aiortc.rtp import RtpPacket, is_rtcp

from tests.integration.media.aiortc_client import Client

RED = 63
"""The payload type of what is published."""
_FRAME = 960
"""20 ms, in ticks of the RTP timestamp."""


def blocks(payload: bytes) -> tuple[list[int], list[bytes]]:
    """The payload types of all blocks, and the blocks, the primary one last."""
    types, lengths, at = [], [], 0
    while payload[at] & 0x80:
        types.append(payload[at] & 0x7F)
        lengths.append(int.from_bytes(payload[at + 2 : at + 4], "big") & 0x3FF)
        at += 4
    types.append(payload[at])
    at += 1
    found = []
    for length in lengths:
        found.append(payload[at : at + length])
        at += length
    return types, [*found, payload[at:]]


class RedundantClient(Client):
    """Each packet of its sound has a copy of the one before.

    What it receives is kept as it comes; aiortc decodes none of it that is RED.
    """

    def __init__(self, gateway: Any, name: str, *, takes_red: bool = True) -> None:
        super().__init__(gateway, name)
        self.sounds: list[bytes] = []
        """What it has sent, each block once."""
        self.packets: list[RtpPacket] = []
        """All that has come."""
        self._takes_red = takes_red
        self._opus: int | None = None

    def described(self, connection: aiortc.RTCPeerConnection) -> str:
        """With RED before Opus, under the payload type that the other end has for it."""
        sdp = super().described(connection)
        if connection is self.subscribing:
            self._listen(connection)
        opus = re.search(r"a=rtpmap:(\d+) opus/48000/2\r\n", sdp)
        if opus is None or not self._takes_red:
            return sdp
        if connection is self.publishing:
            self._opus = int(opus[1])
        theirs = connection.remoteDescription
        found = None if theirs is None else re.search(r"a=rtpmap:(\d+) red/48000/2", theirs.sdp)
        red = RED if found is None else int(found[1])
        lines = f"a=rtpmap:{red} red/48000/2\r\na=fmtp:{red} {opus[1]}/{opus[1]}\r\n"
        sdp = re.sub(r"(m=audio \d+ UDP/TLS/RTP/SAVPF) ", rf"\g<1> {red} ", sdp)
        return sdp.replace(opus[0], opus[0] + lines)

    async def negotiate(self) -> None:
        """What is published from now on goes as RED."""
        await super().negotiate()
        transport = next(each.transport for each in self.publishing.getSenders() if each.kind == "audio")
        send = transport._send_rtp

        async def send_redundantly(data: bytes) -> None:
            if not is_rtcp(data) and (packet := RtpPacket.parse(data)).payload_type == self._opus:
                data = self._redundant(data, packet)
            await send(data)

        transport._send_rtp = send_redundantly  # type: ignore[method-assign]

    def _redundant(self, data: bytes, packet: RtpPacket) -> bytes:
        header = data[: len(data) - len(packet.payload)]
        opus = packet.payload_type
        copies = self.sounds[-1:]
        heads = [((0x80 | opus) << 24 | _FRAME << 10 | len(copy)).to_bytes(4, "big") for copy in copies]
        self.sounds.append(packet.payload)
        payload = b"".join([*heads, bytes([opus]), *copies, packet.payload])
        return header[:1] + bytes([header[1] & 0x80 | RED]) + header[2:] + payload

    def _listen(self, connection: aiortc.RTCPeerConnection) -> None:
        transport = connection.getReceivers()[0].transport
        handle = transport._handle_rtp_data

        async def keep(data: bytes, arrival_time_ms: int) -> None:
            self.packets.append(RtpPacket.parse(data))
            await handle(data, arrival_time_ms)

        transport._handle_rtp_data = keep  # type: ignore[method-assign]
