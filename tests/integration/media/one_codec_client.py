"""A participant that knows one codec for sound and one for pictures, and neither sends nor takes another one."""

from __future__ import annotations

from typing import Any

import aiortc
from aiortc.rtcrtpparameters import RTCRtpCodecCapability

from contracts.node_rpc import Offer
from tests.integration.media.aiortc_client import MEETING, Client

PATIENT = {"PARLEY_NODE_CONSENT_TIMEOUT_MS": "15000"}
"""A node's setting, as in production: aiortc checks every five seconds, and is sent nothing in between without it."""


class OneCodecClient(Client):
    """``codecs``: by kind of media, in aiortc's words (``video/H264``). Kinds that are not named are not limited."""

    def __init__(self, gateway: Any, name: str, codecs: dict[str, str], meeting_id: Any = MEETING) -> None:
        super().__init__(gateway, name, meeting_id)
        self.codecs = codecs

    async def publish(self, *tracks: aiortc.MediaStreamTrack) -> None:
        for track in tracks:
            transceiver = self.publishing.addTransceiver(track, direction="sendonly")
            if (wanted := self.codecs.get(track.kind)) is not None:
                transceiver.setCodecPreferences(
                    [each for each in _capabilities(track.kind) if each.mimeType.lower() == wanted.lower()]
                )
        await self.negotiate()

    async def _answer(self, offer: Offer) -> None:
        """As one whose decoder has never heard of the others: aiortc sees an offer without them."""
        await super()._answer(Offer(**{**_fields(offer), "sdp": self._limited(offer.sdp)}))

    def _limited(self, sdp: str) -> str:
        head, *sections = sdp.split("\r\nm=")
        return "\r\nm=".join((head, *(self._limited_section(section) for section in sections)))

    def _limited_section(self, section: str) -> str:
        lines = section.split("\r\n")
        kind, port, protocol, *formats = lines[0].split(" ")
        wanted = self.codecs.get(kind)
        if wanted is None:
            return section
        name = wanted.partition("/")[2].lower()
        kept = {
            line[9:].split(" ")[0] for line in lines if line.startswith("a=rtpmap:") and f" {name}/" in line.lower()
        }
        kept |= {
            line[7:].split(" ")[0]
            for line in lines
            if line.startswith("a=fmtp:") and "apt=" in line and line.split("apt=")[1] in kept
        }
        left = [payload_type for payload_type in formats if payload_type in kept]
        attributes = [
            line
            for line in lines[1:]
            if not line.startswith(("a=rtpmap:", "a=fmtp:", "a=rtcp-fb:")) or line.split(":")[1].split(" ")[0] in kept
        ]
        return "\r\n".join((" ".join((kind, port, protocol, *left)), *attributes))


def _capabilities(kind: str) -> list[RTCRtpCodecCapability]:
    return list(aiortc.RTCRtpSender.getCapabilities(kind).codecs)


def _fields(offer: Offer) -> dict[str, Any]:
    return {name: getattr(offer, name) for name in offer.__struct_fields__}
