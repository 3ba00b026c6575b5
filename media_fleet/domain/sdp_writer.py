"""Writes a `SessionDescription` as SDP text (RFC 8866; attributes in the order that RFC 8829, 5.2.1 shows)."""

from __future__ import annotations

from collections.abc import Iterator

from media_fleet.domain.session_description import (
    Candidate,
    MediaSection,
    PayloadFormat,
    SessionDescription,
    TransportProtocol,
)


def write(description: SessionDescription) -> str:
    """SDP text with CRLF line ends."""
    lines = [
        "v=0",
        f"o=- {description.session_id} {description.session_version} IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
    ]
    if description.ice_lite:
        lines.append("a=ice-lite")
    if description.bundle:
        lines.append(f"a=group:BUNDLE {' '.join(description.bundle)}")
    if description.extmap_allow_mixed:
        lines.append("a=extmap-allow-mixed")
    lines.append("a=msid-semantic: WMS *")
    for section in description.media:
        lines.extend(_section_lines(section))
    return "\r\n".join(lines) + "\r\n"


def _section_lines(section: MediaSection) -> Iterator[str]:
    yield f"m={section.kind} {section.port} {section.protocol} {' '.join(section.fmts)}"
    # With port 9: no default candidate, whatever the versions of IP of those below (RFC 8839, 4.2.5 and 5.4).
    yield "c=IN IP4 0.0.0.0"
    yield f"a=mid:{section.mid}"
    if not section.in_use:
        yield "a=inactive"
        return
    yield from _transport_lines(section)
    if section.sctp_port is not None:
        yield f"a=sctp-port:{section.sctp_port}"
        yield f"a=max-message-size:{section.max_message_size or 0}"
        return
    yield f"a={section.direction}"
    if section.msid is not None:
        yield f"a=msid:{section.msid}"
    if section.rtcp_mux:
        yield "a=rtcp-mux"
    if section.rtcp_rsize:
        yield "a=rtcp-rsize"
    for extension in section.extensions:
        direction = "" if extension.direction is None else f"/{extension.direction}"
        yield f"a=extmap:{extension.id}{direction} {extension.uri}"
    for payload_format in section.formats:
        yield from _format_lines(payload_format)
    yield from _layer_lines(section)
    for group in section.ssrc_groups:
        yield f"a=ssrc-group:{group.semantics} {' '.join(map(str, group.ssrcs))}"
    for ssrc in section.ssrcs:
        yield f"a=ssrc:{ssrc} cname:{section.cname or '-'}"


def _transport_lines(section: MediaSection) -> Iterator[str]:
    if section.bundle_only:
        yield "a=bundle-only"
    if section.ice is not None:
        yield f"a=ice-ufrag:{section.ice.ufrag}"
        yield f"a=ice-pwd:{section.ice.pwd}"
    for fingerprint in section.fingerprints:
        yield f"a=fingerprint:{fingerprint.algorithm} {fingerprint.value}"
    if section.setup is not None:
        yield f"a=setup:{section.setup}"
    for candidate in section.candidates:
        yield f"a=candidate:{candidate_value(candidate)}"
    if section.candidates:
        yield "a=end-of-candidates"


def candidate_value(candidate: Candidate) -> str:
    """What a=candidate says. Component 1 alone: RTP and RTCP share it (RFC 8839, 5.1)."""
    tcp_type = " tcptype passive" if candidate.protocol is TransportProtocol.TCP else ""
    return (
        f"{candidate.foundation} 1 {candidate.protocol} {candidate.priority} {candidate.address} {candidate.port}"
        f" typ host{tcp_type} generation 0"
    )


def _format_lines(payload_format: PayloadFormat) -> Iterator[str]:
    channels = f"/{payload_format.channels}" if payload_format.channels and payload_format.channels > 1 else ""
    pt = payload_format.payload_type
    yield f"a=rtpmap:{pt} {payload_format.name}/{payload_format.clock_rate}{channels}"
    for feedback in payload_format.feedback:
        yield f"a=rtcp-fb:{pt} {feedback}"
    if payload_format.parameters:
        parameters = ";".join(key if value is None else f"{key}={value}" for key, value in payload_format.parameters)
        yield f"a=fmtp:{pt} {parameters}"


def _layer_lines(section: MediaSection) -> Iterator[str]:
    for rid in section.send_rids:
        yield f"a=rid:{rid} send"
    for rid in section.receive_rids:
        yield f"a=rid:{rid} recv"
    if section.send_rids or section.receive_rids:
        send = f" send {';'.join(section.send_rids)}" if section.send_rids else ""
        receive = f" recv {';'.join(section.receive_rids)}" if section.receive_rids else ""
        yield f"a=simulcast:{(send + receive).strip()}"
