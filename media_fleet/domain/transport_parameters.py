"""The two ends of a transport as SDP describes them, and what a node demands of the remote one.

A node multiplexes everything of a connection over one transport (BUNDLE, RFC 9143; rtcp-mux, RFC 5761), is ICE-lite
(RFC 8445) and the DTLS server, unless a publisher insists on being that.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import Protocol

from msgspec import Struct

from media_fleet.domain.errors import BadSdpError
from media_fleet.domain.session_description import (
    Candidate,
    Fingerprint,
    IceCredentials,
    MediaSection,
    SessionDescription,
    Setup,
    TransportProtocol,
)

RTP_OVER_DTLS = ("UDP/TLS/RTP/SAVPF", "TCP/TLS/RTP/SAVPF", "RTP/SAVPF")
"""RFC 8829, 5.1.2: all are taken, the first is written."""
_HOST_PREFERENCE = 126
"""RFC 8445, 5.1.2.2."""
SCTP_OVER_DTLS = ("UDP/DTLS/SCTP", "TCP/DTLS/SCTP")
"""RFC 8841, 4.2: both are taken, the first is written."""
DATA_CHANNELS = "webrtc-datachannel"
_HOST_TCP_PREFERENCE = 90
"""Below all host and reflexive candidates over UDP (RFC 6544, 4.2), above relayed ones; libwebrtc's value."""
_PASSIVE_PREFERENCE = 4
"""RFC 6544, 4.2: the direction preference of a passive host candidate."""
DIGESTS = ("sha-256", "sha-384", "sha-512")


class Randomness(Protocol):
    """Where a room takes what must not be guessed or must not collide."""

    def ice_credentials(self) -> IceCredentials:
        """Local credentials, unique among all transports; the ufrag says where in the node the room is."""
        ...

    def ssrc(self) -> int:
        """A random 32-bit number, not zero."""
        ...

    def session_id(self) -> str:
        """A random 62-bit number in decimal digits (RFC 8829, 5.2.1)."""
        ...


class NodeEnd(Struct, frozen=True, kw_only=True):
    """What is the same for all transports of a node."""

    candidates: tuple[Candidate, ...]
    fingerprints: tuple[Fingerprint, ...]


class RemoteEnd(Struct, frozen=True, kw_only=True):
    """What identifies the other side of a transport."""

    session_id: str
    ice: IceCredentials
    fingerprints: tuple[Fingerprint, ...]
    setup: Setup
    """The part in the DTLS handshake that it offers to take, or takes."""

    @property
    def node_setup(self) -> Setup:
        """The node's part: the server, where it may choose."""
        return Setup.ACTIVE if self.setup is Setup.PASSIVE else Setup.PASSIVE

    def same_association(self, other: RemoteEnd) -> bool:
        """Whether a DTLS association goes on.

        Another certificate means a new one (RFC 8842, 4). So does another peer connection with the same certificate: it
        has both another ``sess-id`` and other ICE credentials. One of them alone is not enough: an ICE restart changes
        the credentials, and some clients write a new ``sess-id`` into every description.
        """
        if self.fingerprints != other.fingerprints:
            return False
        return self.session_id == other.session_id or self.ice == other.ice


def host_candidates(addresses: Sequence[str], udp_port: int, tcp_port: int | None = None) -> tuple[Candidate, ...]:
    """Host candidates for addresses in the order of preference, with the priorities of RFC 8445, 5.1.2.1.

    IPv4 and IPv6 take turns, the version of the first address first, so that where one version leads nowhere few checks
    are wasted on it (RFC 8421, 4). Behind all of them come the same addresses by TCP, passive (RFC 6544, 4.2), if there
    is a port: media is late on a stream whenever a packet is lost, so it is for whom UDP does not reach.
    """
    in_turn = _versions_in_turn(addresses)
    udp = [
        Candidate(
            foundation=str(index + 1),
            priority=_priority(_HOST_PREFERENCE, 65_535 - index),
            address=address,
            port=udp_port,
        )
        for index, address in enumerate(in_turn)
    ]
    tcp = [
        Candidate(
            foundation=str(len(udp) + index + 1),
            protocol=TransportProtocol.TCP,
            priority=_priority(_HOST_TCP_PREFERENCE, (_PASSIVE_PREFERENCE << 13) | (8_191 - index)),
            address=address,
            port=tcp_port,
        )
        for index, address in enumerate(in_turn)
        if tcp_port is not None
    ]
    return (*udp, *tcp)


def _priority(type_preference: int, local_preference: int) -> int:
    """RFC 8445, 5.1.2.1, for component 1."""
    return (type_preference << 24) | (local_preference << 8) | (256 - 1)


def _versions_in_turn(addresses: Sequence[str]) -> list[str]:
    first = [address for address in addresses if (":" in address) == (":" in addresses[0])]
    second = [address for address in addresses if address not in first]
    return [address for pair in zip_longest(first, second) for address in pair if address is not None]


def is_media(section: MediaSection) -> bool:
    """Whether a section carries RTP as a node speaks it."""
    return section.kind in ("audio", "video") and section.protocol in RTP_OVER_DTLS


def is_data(section: MediaSection) -> bool:
    """Whether a section carries data channels (RFC 8841, 4)."""
    return section.kind == "application" and section.protocol in SCTP_OVER_DTLS and section.fmts == (DATA_CHANNELS,)


def remote_end(description: SessionDescription, allowed_setup: Sequence[Setup]) -> RemoteEnd:
    """The transport of all sections in use that carry media or data.

    Raises:
        BadSdpError: there is none; not all are bundled and multiplexed; a credential or fingerprint is missing; or the
            DTLS role is not one of ``allowed_setup``.
    """
    used = [section for section in description.media if section.in_use and (is_media(section) or is_data(section))]
    for section in used:
        _demand_multiplexing(section, description)
    carriers = [section for section in used if section.ice is not None and section.fingerprints]
    if not carriers:
        raise BadSdpError("No m-line that is taken has a=ice-ufrag, a=ice-pwd and a=fingerprint.")
    tagged = next((s for s in carriers if description.bundle and s.mid == description.bundle[0]), carriers[0])
    if tagged.setup is None or tagged.setup not in allowed_setup:
        raise BadSdpError(f"m-line {tagged.mid}: a=setup must be {' or '.join(allowed_setup)}.")
    if not any(fingerprint.algorithm in DIGESTS for fingerprint in tagged.fingerprints):
        raise BadSdpError(f"m-line {tagged.mid}: no a=fingerprint with one of {', '.join(DIGESTS)}.")
    if tagged.ice is None:
        raise BadSdpError(f"m-line {tagged.mid}: a=ice-ufrag or a=ice-pwd is missing.")
    return RemoteEnd(
        session_id=description.session_id, ice=tagged.ice, fingerprints=tagged.fingerprints, setup=tagged.setup
    )


def _demand_multiplexing(section: MediaSection, description: SessionDescription) -> None:
    if section.mid not in description.bundle:
        raise BadSdpError(
            f"m-line {section.mid} is not in the BUNDLE group; a node takes one transport for all m-lines."
        )
    if is_media(section) and not section.rtcp_mux:
        raise BadSdpError(f"m-line {section.mid} has no a=rtcp-mux.")
