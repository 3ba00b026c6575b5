"""What a transcoder sends: numbered packets, of which the last are kept for whoever asks again (RFC 4585, 6.2.1)."""

from __future__ import annotations

import random
from collections import OrderedDict
from collections.abc import Iterable

from aiortc.rtp import RtcpSenderInfo, RtpPacket

from media_fleet.recorder.path_to_node import PathToNode, SenderReport
from media_fleet.transcoder.pictures import Payload

_KEPT = 1_024
"""Packets: some seconds of a picture."""


class Stream:
    """Under one SSRC."""

    def __init__(self, path: PathToNode, *, ssrc: int, payload_type: int) -> None:
        self._path = path
        self._ssrc = ssrc
        self._payload_type = payload_type
        self._next = random.getrandbits(15)
        self._sent: OrderedDict[int, bytes] = OrderedDict()
        self._packets = self._octets = 0

    def send(self, payload: Payload) -> None:
        """As the next packet."""
        packet = RtpPacket(
            payload_type=self._payload_type,
            marker=int(payload.marker),
            sequence_number=self._next,
            timestamp=payload.timestamp,
            ssrc=self._ssrc,
            payload=payload.data,
        )
        self._sent[self._next] = self._path.send(packet)
        if len(self._sent) > _KEPT:
            self._sent.popitem(last=False)
        self._next = (self._next + 1) & 0xFFFF
        self._packets += 1
        self._octets += len(payload.data)

    def send_again(self, lost: Iterable[int]) -> None:
        """As far as they are kept."""
        for number in lost:
            if (data := self._sent.get(number)) is not None:
                self._path.send_again(data)

    def report(self, told: SenderReport, timestamp: int) -> None:
        """What the publisher's clock says at a timestamp of this stream."""
        info = RtcpSenderInfo(
            ntp_timestamp=told.ntp,
            rtp_timestamp=timestamp,
            packet_count=self._packets & 0xFFFFFFFF,
            octet_count=self._octets & 0xFFFFFFFF,
        )
        self._path.report(self._ssrc, info)
