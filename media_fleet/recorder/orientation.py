"""How a picture is to be turned before it is shown, as its packets say it (3GPP TS 26.114, 7.4.5): phones send what
their camera sees, however they are held."""

from __future__ import annotations

from dataclasses import dataclass

from aiortc.rtp import HeaderExtensions, HeaderExtensionsMap, RtpPacket, unpack_header_extensions

from media_fleet.domain.media_formats import SUBSCRIBER_EXTENSION_IDS, VIDEO_ORIENTATION

ORIENTATION = (VIDEO_ORIENTATION, SUBSCRIBER_EXTENSION_IDS[VIDEO_ORIENTATION])
"""The header extension that a recorder gets, and its id."""
_QUARTERS = 0b11
"""Of the one octet: how often a quarter clockwise. Its other bits tell of the back camera, and of a mirror image, which
browsers do not heed either."""


@dataclass
class _Extensions(HeaderExtensions):
    turns: int | None = None


class _ExtensionsMap(HeaderExtensionsMap):
    def get(self, extension_profile: int, extension_value: bytes) -> HeaderExtensions:
        known = _Extensions()
        for number, value in unpack_header_extensions(extension_profile, extension_value):
            if number == ORIENTATION[1] and len(value) == 1:
                known.turns = value[0] & _QUARTERS
        return known


_MAP = _ExtensionsMap()


def parsed(data: bytes) -> RtpPacket:
    """A packet with what it says of turns. Raises `ValueError`: it is none."""
    return RtpPacket.parse(data, _MAP)


def turns_of(packet: RtpPacket) -> int | None:
    """How many quarters its picture is to be turned clockwise; None: as the ones before."""
    return packet.extensions.turns if isinstance(packet.extensions, _Extensions) else None
