"""The ingester's connection to its node: that of a client who publishes, by aiortc."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCPeerConnection,
    RTCRtpSender,
    RTCSessionDescription,
)
from aiortc.codecs import vpx

from contracts.ingesting import IngressFailure
from media_fleet.ingester.errors import SourceError

CONNECT_S: Final = 20.0
_BASE_BITS, _BITS_PER_PIXEL, _MOST_BITS = 200_000, 2.0, 4_000_000
"""Bits a second: 2 Mbit/s for 720p, 4 for 1080p."""
_TAKEN_BY_ALL: Final = frozenset({"video/VP8", "video/rtx"})
_OWN_PRIORITY: Final = 2_130_706_431
"""Of a host candidate that is to be tried first (RFC 8445, 5.1.2.1)."""


class Peer:
    """One publishing connection."""

    def __init__(self, tracks: list[MediaStreamTrack]) -> None:
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.connected = asyncio.Event()
        self.lost = asyncio.Event()
        self._connection.on("connectionstatechange", self._changed)
        for track in tracks:
            transceiver = self._connection.addTransceiver(track, direction="sendonly")
            if track.kind == "video":
                codecs = RTCRtpSender.getCapabilities("video").codecs
                transceiver.setCodecPreferences([each for each in codecs if each.mimeType in _TAKEN_BY_ALL])

    async def offer(self) -> str:
        """What it would send, as SDP."""
        await self._connection.setLocalDescription(await self._connection.createOffer())
        sdp: str = self._connection.localDescription.sdp
        return sdp

    async def take(self, answer: str, *, address: str, port: int) -> None:
        """Sends as it is answered. ``address``, ``port``: where the node is from here, beside what the answer says.

        Raises:
            SourceError: the answer cannot be used, or leads nowhere.
        """
        try:
            sdp = with_candidate(answer, address, port)
            await self._connection.setRemoteDescription(RTCSessionDescription(sdp=sdp, type="answer"))
            async with asyncio.timeout(CONNECT_S):
                await self.connected.wait()
        except (ValueError, TimeoutError):
            raise SourceError(IngressFailure.NOT_LET_IN) from None

    async def close(self) -> None:
        """Sends nothing any more, and says so."""
        await self._connection.close()

    def _changed(self) -> None:
        state = self._connection.connectionState
        if state == "connected":
            self.connected.set()
        elif state in {"failed", "closed"}:
            self.lost.set()


def with_candidate(answer: str, address: str, port: int) -> str:
    """An answer with one more address in each m-line that has some, which is tried before the others."""
    line = f"a=candidate:own 1 udp {_OWN_PRIORITY} {address} {port} typ host"
    lines: list[str] = []
    has_it = False
    for each in answer.splitlines():
        if each.startswith("m="):
            has_it = False
        elif each.startswith("a=candidate:") and not has_it:
            lines.append(line)
            has_it = True
        lines.append(each)
    return "\r\n".join(lines) + "\r\n"


def set_rate(width: int, height: int) -> int:
    """Has this process's encoder of VP8 take as many bits a second as a picture of this size needs. How many.

    Nobody tells it: the path to the node is the machine's own, and whose path is narrow is sent less by the node.
    """
    rate = min(_MOST_BITS, round(_BASE_BITS + _BITS_PER_PIXEL * width * height))
    encoder: Any = vpx
    encoder.DEFAULT_BITRATE = encoder.MAX_BITRATE = rate
    return rate
