"""An aiortc client whose camera comes in layers (simulcast), which aiortc itself cannot send: scripted VP8 packets.

The last octet of each says which layer it is of. Key frames come when the node asks for them.
"""

from __future__ import annotations

import asyncio
from typing import Any

from aiortc.rtcrtpparameters import RTCRtpHeaderExtensionParameters, RTCRtpParameters
from aiortc.rtp import RTCP_PSFB_PLI, HeaderExtensionsMap, RtcpPacket, RtcpPsfbPacket, RtpPacket

from contracts.node_rpc import JoinRoom, SubscriptionOffered
from media_fleet.domain.media_formats import MID, RID
from tests.integration.media.aiortc_client import Client

LAYER_RATES = (100_000, 900_000)
"""Bits of payload a second, the lowest layer first."""
_RIDS = ("q", "f")
_RID_ID = 10
_FRAME_S = 0.05
_PACKET = 1000
"""Octets of payload, at the most."""


def extensions_map(ids: dict[str, int]) -> HeaderExtensionsMap:
    """Reads and writes header extensions under these ids, by URI."""
    found = HeaderExtensionsMap()
    parameters = [RTCRtpHeaderExtensionParameters(id=number, uri=uri) for uri, number in ids.items()]
    found.configure(RTCRtpParameters(headerExtensions=parameters))
    return found


class _Layer:
    def __init__(self, number: int) -> None:
        self.number = number
        self.ssrc = 0xCA0000 + number
        self.wants_key_frame = True
        self._sequence = 0
        self._timestamp = 0
        self._picture = 0

    def frame(self, mid: str, payload_type: int) -> list[RtpPacket]:
        left = round(LAYER_RATES[self.number] * _FRAME_S / 8)
        sizes = [_PACKET] * (left // _PACKET) + ([left % _PACKET] if left % _PACKET else [])
        self._timestamp = (self._timestamp + round(90_000 * _FRAME_S)) % 2**32
        self._picture = (self._picture + 1) % 2**15
        packets = []
        for place, size in enumerate(sizes):
            # RFC 7741, 4.2: a picture id of 15 bits; then VP8's frame header, whose first bit is clear in key frames.
            start = bytes([0x90 if place == 0 else 0x80, 0x80]) + (0x8000 | self._picture).to_bytes(2, "big")
            header = bytes([0 if self.wants_key_frame else 1])
            packet = RtpPacket(payload_type=payload_type, sequence_number=self._sequence, timestamp=self._timestamp)
            packet.ssrc = self.ssrc
            packet.marker = int(place == len(sizes) - 1)
            packet.payload = (start + header).ljust(size - 1, b"\0") + bytes([self.number])
            packet.extensions.mid, packet.extensions.rtp_stream_id = mid, _RIDS[self.number]
            packets.append(packet)
            self._sequence = (self._sequence + 1) % 2**16
        self.wants_key_frame = False
        return packets


class LayeredClient(Client):
    """Publishes a camera of the layers in `LAYER_RATES`, all of them whoever wants them, and receives nothing."""

    def __init__(self, gateway: Any, name: str) -> None:
        super().__init__(gateway, name)
        self._layers = [_Layer(number) for number in range(len(LAYER_RATES))]
        self._sending: asyncio.Task[None] | None = None

    async def join(self) -> None:
        request = JoinRoom(meeting_id=self.meeting_id, participant_id=self.id, subscribe=False, connection=1)
        await self._gateway.ask(request, SubscriptionOffered)

    async def show(self, *tracks: Any) -> None:
        """Publishes the camera, and other tracks beside it."""
        self.publishing.addTransceiver("video", direction="sendonly")
        await self.publish(*tracks)
        [camera] = [each for each in self.publishing.getTransceivers() if each.kind == "video"]
        transport = camera.sender.transport
        handle = transport._handle_rtcp_data

        async def obey(data: bytes) -> None:
            for packet in RtcpPacket.parse(data):
                if isinstance(packet, RtcpPsfbPacket) and packet.fmt == RTCP_PSFB_PLI:
                    for layer in self._layers:
                        layer.wants_key_frame |= layer.ssrc == packet.media_ssrc
            await handle(data)

        transport._handle_rtcp_data = obey  # type: ignore[method-assign]
        payload_type = camera._codecs[0].payloadType or 0
        self._sending = asyncio.create_task(self._send(transport, camera.mid or "", payload_type))

    async def _send(self, transport: Any, mid: str, payload_type: int) -> None:
        written = extensions_map({MID: 1, RID: _RID_ID})
        while True:
            for layer in self._layers if transport.state == "connected" else ():
                for packet in layer.frame(mid, payload_type):
                    await transport._send_rtp(packet.serialize(written))
            await asyncio.sleep(_FRAME_S)

    def described(self, connection: Any) -> str:
        """With the camera's layers."""
        sdp = super().described(connection)
        if connection is not self.publishing:
            return sdp
        lines = [
            f"a=extmap:{_RID_ID} {RID}",
            *(f"a=rid:{rid} send" for rid in _RIDS),
            f"a=simulcast:send {';'.join(_RIDS)}",
        ]
        return with_lines(sdp, "video", lines)

    async def close(self) -> None:
        if self._sending is not None:
            self._sending.cancel()
            await asyncio.gather(self._sending, return_exceptions=True)
        await super().close()


def with_lines(sdp: str, kind: str, lines: list[str]) -> str:
    """A session description with further lines at the end of each m-line of a kind."""
    head, *sections = sdp.split("\r\nm=")
    more = "".join(f"\r\n{line}" for line in lines)
    sections = [
        section.removesuffix("\r\n") + more + "\r\n" * section.endswith("\r\n") if section.startswith(kind) else section
        for section in sections
    ]
    return "\r\nm=".join([head, *sections])
