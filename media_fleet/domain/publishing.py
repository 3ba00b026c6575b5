"""Answers a client's publishing offer (RFC 8829, RFC 3264).

Every m-line of the offer gets its m-line in the answer: ``recvonly`` if it is to be published, ``inactive`` if it is
not (or not now), port 0 if it is nothing that a node takes. Data channels are taken on the first m-line that has them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from contracts import data_messages
from contracts.client_commands import MAX_TRACKS_PER_PARTICIPANT
from contracts.node_rpc import AssignedTrack
from contracts.rooms import TrackId
from media_fleet.domain.effects import PublishedMedia, SctpEnd
from media_fleet.domain.errors import BadSdpError, NoCommonCodecError, TooManyTracksError
from media_fleet.domain.layers import lowest_first
from media_fleet.domain.media_formats import choose_codec, shared_extensions, to_formats, with_red
from media_fleet.domain.session_description import (
    Direction,
    IceCredentials,
    MediaSection,
    SessionDescription,
    Setup,
)
from media_fleet.domain.transport_parameters import NodeEnd, is_data, is_media

SCTP_PORT = 5000
DEFAULT_MAX_MESSAGE_SIZE = 65_536
"""Of a client that writes none (RFC 8841, 6.1)."""
MAX_LAYERS = 4
"""Browsers send three; each layer costs the core a stream's state."""


def plan(offer: SessionDescription, tracks: Iterable[AssignedTrack]) -> dict[TrackId, PublishedMedia]:
    """What the offer publishes, by track; tracks whose m-line does not send are left out.

    Raises:
        BadSdpError: the tracks and the m-lines do not fit each other.
        TooManyTracksError: more tracks than one participant may have.
        NoCommonCodecError: an m-line offers no codec that a node forwards.
    """
    tracks = list(tracks)
    if len(tracks) > MAX_TRACKS_PER_PARTICIPANT:
        raise TooManyTracksError(
            f"{len(tracks)} tracks are named; a participant may have {MAX_TRACKS_PER_PARTICIPANT}."
        )
    if len({track.mid for track in tracks}) < len(tracks) or len({track.track_id for track in tracks}) < len(tracks):
        raise BadSdpError("Two tracks name the same m-line, or two m-lines the same track.")
    planned: dict[TrackId, PublishedMedia] = {}
    for track in tracks:
        section = offer.section(track.mid)
        if section is None:
            raise BadSdpError(f"A track names m-line {track.mid}, which the offer does not have.")
        if not section.in_use or not section.direction.sends:
            continue
        if section.kind != track.source.kind:
            raise BadSdpError(f"m-line {track.mid} is {section.kind}, but its track is a {track.source}.")
        planned[track.track_id] = _published(section)
    return planned


def _published(section: MediaSection) -> PublishedMedia:
    if not is_media(section):
        raise BadSdpError(f"m-line {section.mid}: the protocol {section.protocol} is not taken; use UDP/TLS/RTP/SAVPF.")
    codec = choose_codec(section)
    if codec is None:
        raise NoCommonCodecError(
            f"m-line {section.mid} offers no codec that the node forwards (Opus, G.722, PCMU, VP8, H.264 with "
            "packetization-mode 1, VP9, AV1)."
        )
    if len(section.send_rids) > MAX_LAYERS:
        raise BadSdpError(f"m-line {section.mid} has {len(section.send_rids)} simulcast layers; at most {MAX_LAYERS}.")
    ssrc, rtx_ssrc = (None, None) if section.send_rids else _ssrcs(section)
    return PublishedMedia(
        kind=section.kind,
        mid=section.mid,
        codec=codec,
        rids=tuple(lowest_first(section.send_rids)),
        ssrc=ssrc,
        rtx_ssrc=rtx_ssrc if codec.rtx_payload_type is not None else None,
        extensions=tuple((extension.uri, extension.id) for extension in shared_extensions(section, codec.codec)),
    )


def _ssrcs(section: MediaSection) -> tuple[int | None, int | None]:
    """The media SSRC and that of its retransmissions (FID, RFC 5576), as far as the offer names them."""
    for group in section.ssrc_groups:
        if group.semantics == "FID" and len(group.ssrcs) == 2:
            return group.ssrcs[0], group.ssrcs[1]
    return (section.ssrcs[0] if section.ssrcs else None), None


def data_end(offer: SessionDescription) -> SctpEnd | None:
    """The client's end of the SCTP association, if the offer has data channels; of several the first one's."""
    section = _data_section(offer)
    if section is None:
        return None
    size = section.max_message_size
    return SctpEnd(
        port=section.sctp_port or SCTP_PORT, max_message_size=DEFAULT_MAX_MESSAGE_SIZE if size is None else size
    )


def _data_section(offer: SessionDescription) -> MediaSection | None:
    return next((section for section in offer.media if section.in_use and is_data(section)), None)


def answer(
    offer: SessionDescription,
    planned: Mapping[TrackId, PublishedMedia],
    *,
    node: NodeEnd,
    ice: IceCredentials,
    session_id: str,
    session_version: int,
    setup: Setup = Setup.PASSIVE,
) -> SessionDescription:
    """The answer that takes what was planned."""
    by_mid = {media.mid: media for media in planned.values()}
    data = _data_section(offer)
    media = tuple(
        _answer_data(section, node, ice, setup)
        if section is data
        else _answer_section(section, by_mid.get(section.mid), node, ice, setup)
        for section in offer.media
    )
    taken = {section.mid for section in media if section.in_use}
    return SessionDescription(
        session_id=session_id,
        session_version=session_version,
        bundle=tuple(mid for mid in offer.bundle if mid in taken),
        media=media,
        ice_lite=True,
        extmap_allow_mixed=offer.extmap_allow_mixed,
    )


def _answer_data(section: MediaSection, node: NodeEnd, ice: IceCredentials, setup: Setup) -> MediaSection:
    return MediaSection(
        kind=section.kind,
        port=node.candidates[0].port,
        protocol=section.protocol,
        fmts=section.fmts,
        mid=section.mid,
        ice=ice,
        candidates=node.candidates,
        fingerprints=node.fingerprints,
        setup=setup,
        sctp_port=SCTP_PORT,
        max_message_size=data_messages.MAX_MESSAGE,
    )


def _answer_section(
    section: MediaSection, media: PublishedMedia | None, node: NodeEnd, ice: IceCredentials, setup: Setup
) -> MediaSection:
    codec = None
    if section.in_use and is_media(section):
        codec = choose_codec(section) if media is None else media.codec
    if codec is None:
        return MediaSection(
            kind=section.kind, port=0, protocol=section.protocol, fmts=section.fmts[:1] or ("0",), mid=section.mid
        )
    formats = to_formats(codec.codec, codec.payload_type, codec.rtx_payload_type, codec.feedback)
    formats = with_red(formats, codec.red_payload_type, first=codec.prefers_red)
    return MediaSection(
        kind=section.kind,
        port=node.candidates[0].port,
        protocol=section.protocol,
        fmts=tuple(str(f.payload_type) for f in formats),
        mid=section.mid,
        direction=Direction.INACTIVE if media is None else Direction.RECVONLY,
        rtcp_mux=True,
        rtcp_rsize=section.rtcp_rsize,
        ice=ice,
        candidates=node.candidates,
        fingerprints=node.fingerprints,
        setup=setup,
        formats=formats,
        extensions=shared_extensions(section, codec.codec),
        receive_rids=section.send_rids,  # also when inactive: a sender whose layers are refused never sends them again
    )
