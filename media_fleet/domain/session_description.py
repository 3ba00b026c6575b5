"""A session description (SDP, RFC 8866) as data: what a media node needs of it, and no more.

The same types hold what was parsed (`media_fleet.adapters.sdp_parser`) and what is to be written
(`media_fleet.domain.sdp_writer`). Transport attributes (ICE, DTLS) stand in each media section, as BUNDLE (RFC 9143)
repeats them; session-level ones are already copied down.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Direction(StrEnum):
    """RFC 8866, 6.7, as seen by the writer of the description."""

    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"

    @property
    def sends(self) -> bool:
        return self in (Direction.SENDRECV, Direction.SENDONLY)

    @property
    def receives(self) -> bool:
        return self in (Direction.SENDRECV, Direction.RECVONLY)

    @property
    def reversed(self) -> Direction:
        """As the other side sees it."""
        return _REVERSED.get(self, self)


_REVERSED = {Direction.SENDONLY: Direction.RECVONLY, Direction.RECVONLY: Direction.SENDONLY}


class Setup(StrEnum):
    """Who opens the DTLS association (RFC 4145, RFC 8842)."""

    ACTPASS = "actpass"
    ACTIVE = "active"
    PASSIVE = "passive"
    HOLDCONN = "holdconn"


class IceCredentials(Struct, frozen=True, kw_only=True):
    """RFC 8839, 5.4."""

    ufrag: str
    pwd: str


class Fingerprint(Struct, frozen=True, kw_only=True):
    """RFC 8122, 5. ``algorithm`` in lower case, ``value`` in upper case with colons."""

    algorithm: str
    value: str


class TransportProtocol(StrEnum):
    """RFC 8839, 5.1."""

    UDP = "udp"
    TCP = "tcp"


class Candidate(Struct, frozen=True, kw_only=True):
    """A host candidate (RFC 8839, 5.1); one over TCP is passive (RFC 6544, 4.5)."""

    foundation: str
    protocol: TransportProtocol = TransportProtocol.UDP
    priority: int
    address: str
    port: int


class PayloadFormat(Struct, frozen=True, kw_only=True):
    """A payload type with its rtpmap, fmtp and rtcp-fb lines. A parameter without a value has None."""

    payload_type: int
    name: str
    clock_rate: int
    channels: int | None = None
    parameters: tuple[tuple[str, str | None], ...] = ()
    feedback: tuple[str, ...] = ()

    def parameter(self, name: str) -> str | None:
        """The value of an fmtp parameter; None if it is absent or has no value."""
        return next((value for key, value in self.parameters if key.lower() == name), None)


class HeaderExtension(Struct, frozen=True, kw_only=True):
    """RFC 8285, 5. Without a direction it goes as its m-line goes."""

    id: int
    uri: str
    direction: Direction | None = None


class SsrcGroup(Struct, frozen=True, kw_only=True):
    """RFC 5576, 4.2."""

    semantics: str
    ssrcs: tuple[int, ...]


class MediaSection(Struct, frozen=True, kw_only=True):
    """An m-line and what stands under it."""

    kind: str
    """``audio``, ``video``, ``application``, …"""
    port: int
    protocol: str
    fmts: tuple[str, ...]
    """The fmt list of the m-line, as it stands there."""
    mid: str
    direction: Direction = Direction.SENDRECV
    bundle_only: bool = False
    rtcp_mux: bool = False
    rtcp_rsize: bool = False
    ice: IceCredentials | None = None
    candidates: tuple[Candidate, ...] = ()
    fingerprints: tuple[Fingerprint, ...] = ()
    setup: Setup | None = None
    formats: tuple[PayloadFormat, ...] = ()
    extensions: tuple[HeaderExtension, ...] = ()
    send_rids: tuple[str, ...] = ()
    """Layers the writer sends (RFC 8853), in the order of a=simulcast."""
    receive_rids: tuple[str, ...] = ()
    """Layers the writer is ready to receive."""
    msid: str | None = None
    ssrcs: tuple[int, ...] = ()
    ssrc_groups: tuple[SsrcGroup, ...] = ()
    cname: str | None = None
    sctp_port: int | None = None
    """Of an ``application`` section (RFC 8841, 5)."""
    max_message_size: int | None = None
    """Bytes, 0 for any (RFC 8841, 6)."""

    @property
    def in_use(self) -> bool:
        """Not rejected: a zero port means rejected unless the section is bundle-only (RFC 9143, 6)."""
        return self.port != 0 or self.bundle_only


class SessionDescription(Struct, frozen=True, kw_only=True):
    session_id: str
    """``sess-id`` of o=: the same for all descriptions of one peer connection (RFC 8829, 5.2.1)."""
    session_version: int
    bundle: tuple[str, ...]
    """Mids of the BUNDLE group, the tagged one first; empty without a group."""
    media: tuple[MediaSection, ...]
    ice_lite: bool = False
    extmap_allow_mixed: bool = False

    def section(self, mid: str) -> MediaSection | None:
        return next((section for section in self.media if section.mid == mid), None)
