"""An aiortc client over a path that carries so much, and which tells the node so as browsers do.

The path is made of numbers alone: when a packet would have come out of it follows from when the node sent it
(abs-send-time) and from those before it. So what the node is told of a path does not depend on how busy the machine is.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any

import aiortc
from aiortc.rtp import RTCP_RTPFB, RtpPacket, pack_rtcp_packet

from media_fleet.domain.media_formats import ABS_SEND_TIME, MID, SUBSCRIBER_EXTENSION_IDS, TRANSPORT_CC
from tests.integration.media.aiortc_client import Client
from tests.integration.media.layered_client import extensions_map, with_lines

_FORMAT = 15
_REFERENCE_S = 0.064
_DELTA_S = 0.000_25
_SEND_TIME_S = 2**-18
_FEEDBACK_S = 0.05


class Bottleneck:
    """A path of ``rate`` bits a second and a queue without end."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._sent = 0
        self._free_at = 0.0
        self.arrivals: dict[int, float] = {}
        """By transport-wide sequence number, extended: when what was not told of yet came, seconds."""
        self._newest: int | None = None

    def carry(self, sequence: int, send_time: int, octets: int) -> None:
        """``send_time``: 24 bits, of 2^-18 s each."""
        self._sent += (send_time - self._sent + 2**23) % 2**24 - 2**23
        newest = sequence if self._newest is None else self._newest
        extended = newest + (sequence - newest + 2**15) % 2**16 - 2**15
        self._newest = max(newest, extended)
        # Packets of one burst have one send time: the order is that of the numbers, in which they come over loopback.
        self._free_at = max(self._free_at, self._sent * _SEND_TIME_S) + octets * 8 / self._rate
        self.arrivals[extended] = self._free_at


def transport_feedback(arrivals: dict[int, float], count: int) -> bytes:
    """What follows the SSRCs (draft-holmer-rmcat-transport-wide-cc-extensions-01, 3.1), padded to 32 bits.

    Each number's status in two bits, and deltas in two octets.
    """
    base, end = min(arrivals), max(arrivals) + 1
    reference = int(min(arrivals.values()) / _REFERENCE_S)
    clock = round(reference * _REFERENCE_S / _DELTA_S)
    statuses, deltas = [], b""
    for number in range(base, end):
        arrival = arrivals.get(number)
        statuses.append(0 if arrival is None else 2)
        if arrival is not None:
            ticks = round(arrival / _DELTA_S)
            deltas += (ticks - clock).to_bytes(2, "big", signed=True)
            clock = ticks
    chunks = b""
    for first in range(0, len(statuses), 7):
        seven = (statuses[first : first + 7] + [0] * 7)[:7]
        chunks += (0xC000 | sum(status << 12 - 2 * place for place, status in enumerate(seven))).to_bytes(2, "big")
    head = (base % 2**16).to_bytes(2, "big") + len(statuses).to_bytes(2, "big")
    body = head + (reference % 2**24).to_bytes(3, "big") + bytes([count % 256]) + chunks + deltas
    return body + bytes(-len(body) % 4)


class NarrowClient(Client):
    """Watches. ``layers``: of which layer the last packet of each track was (`LayeredClient`), by mid."""

    def __init__(self, gateway: Any, name: str, *, rate: float, decodes: bool = False) -> None:
        """``decodes``: what comes is shown as well, as from any path."""
        super().__init__(gateway, name)
        self._decodes = decodes
        self._path = Bottleneck(rate)
        self._layers: dict[str, int] = {}
        self._telling: asyncio.Task[None] | None = None

    def layers(self) -> dict[str, int]:
        """Of which layer the last packet of each camera was."""
        tracks = () if self.last_offer is None else self.last_offer.tracks
        return {track.track_id: self._layers[track.mid] for track in tracks if track.mid in self._layers}

    def described(self, connection: aiortc.RTCPeerConnection) -> str:
        sdp = super().described(connection)
        if connection is not self.subscribing:
            return sdp
        if self._telling is None:
            self._listen(connection)
        return with_lines(sdp, "video", [f"a=extmap:{SUBSCRIBER_EXTENSION_IDS[TRANSPORT_CC]} {TRANSPORT_CC}"])

    def _listen(self, connection: aiortc.RTCPeerConnection) -> None:
        receivers = connection.getReceivers()
        if not receivers:
            return
        transport = receivers[0].transport
        repairs = {int(found) for found in re.findall(r"a=rtpmap:(\d+) rtx/", connection.remoteDescription.sdp)}
        read = extensions_map({uri: SUBSCRIBER_EXTENSION_IDS[uri] for uri in (MID, ABS_SEND_TIME, TRANSPORT_CC)})

        async def keep(data: bytes, arrival_time_ms: int) -> None:
            packet = RtpPacket.parse(data, read)
            said = packet.extensions
            if said.transport_sequence_number is not None and said.abs_send_time is not None:
                self._path.carry(said.transport_sequence_number, said.abs_send_time, len(data))
                if packet.payload and said.mid is not None and packet.payload_type not in repairs:
                    self._layers[said.mid] = packet.payload[-1]
            if self._decodes:
                await take(data, arrival_time_ms)

        take = transport._handle_rtp_data
        transport._handle_rtp_data = keep  # type: ignore[method-assign]
        self._telling = asyncio.create_task(self._tell(transport))

    async def _tell(self, transport: Any) -> None:
        count = 0
        while True:
            await asyncio.sleep(_FEEDBACK_S)
            arrivals, self._path.arrivals = self._path.arrivals, {}
            if arrivals:
                payload = bytes(8) + transport_feedback(arrivals, count)
                await transport._send_rtp(pack_rtcp_packet(RTCP_RTPFB, _FORMAT, payload))
                count += 1

    async def close(self) -> None:
        if self._telling is not None:
            self._telling.cancel()
            await asyncio.gather(self._telling, return_exceptions=True)
        await super().close()
