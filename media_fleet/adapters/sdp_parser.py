"""Reads SDP text into a `SessionDescription`, with aiortc's parser and a small pass of our own.

aiortc reads the lines that carry codecs, ICE, DTLS and SSRCs. It knows nothing of a=rid, a=simulcast, bundle-only,
extmap directions, rtcp-rsize and extmap-allow-mixed, multiplies a=rtcp-fb:* by all codecs, takes lines of any number,
and fails by whatever exception comes first. So our own pass goes first: it checks shapes and sizes, keeps only the
lines that matter (candidates do not: an ICE-lite node learns addresses from checks), and says which line is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import aiortc.sdp
from msgspec import Struct

from contracts.client_commands import MAX_SDP_LENGTH
from media_fleet.domain.errors import BadSdpError
from media_fleet.domain.media_formats import STATIC_PAYLOAD_TYPES, SUBSCRIBER_FEEDBACK
from media_fleet.domain.session_description import (
    Direction,
    Fingerprint,
    HeaderExtension,
    IceCredentials,
    MediaSection,
    PayloadFormat,
    SessionDescription,
    Setup,
    SsrcGroup,
)

MAX_LINES = 24_000
"""A subscriber's answer with 512 m-lines has about 40 lines for each."""
MAX_SECTIONS = 512
"""A subscriber's answer, with all that it may receive."""
MAX_PUBLISHING_SECTIONS = 32
"""A publisher's offer: 8 tracks, and m-lines that were used before."""
MAX_SECTION_LINES = 300
"""Chromium's offer of all its codecs has 130; aiortc's time is quadratic in some of them."""

_MID = r"[!#$%&'*+\-.0-9A-Z^_`a-z{|}~]+"
_MEDIA_LINE = re.compile(r"m=([a-z]+) ([0-9]{1,5})(?:/[0-9]+)? ([A-Z/]+) (\S+(?: \S+)*)")
_CHECKED = {
    "mid": re.compile(_MID),
    "rtpmap": re.compile(r"[0-9]{1,3} [A-Za-z0-9\-_.+]+/[0-9]{1,7}(?:/[0-9]{1,3})?"),
    "fmtp": re.compile(r"\S+ \S.*"),
    "rtcp-fb": re.compile(r"(?:[0-9]{1,3}|\*) \S.*"),
    "extmap": re.compile(r"[0-9]{1,4}(?:/(?:sendrecv|sendonly|recvonly|inactive))? \S+(?: .*)?"),
    "fingerprint": re.compile(r"[A-Za-z0-9\-]+ [0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2})+"),
    "setup": re.compile(r"actpass|active|passive|holdconn"),
    "ice-ufrag": re.compile(r"[A-Za-z0-9+/=_\-]{4,256}"),
    "ice-pwd": re.compile(r"[A-Za-z0-9+/=_\-]{22,256}"),
    "ssrc": re.compile(r"[0-9]{1,10} \S.*"),
    "ssrc-group": re.compile(r"[A-Z\-]+(?: [0-9]{1,10})+"),
    "group": re.compile(r"[A-Za-z0-9\-]+(?: \S+)*"),
    "rid": re.compile(r"[A-Za-z0-9\-_]{1,255} (?:send|recv)(?: .*)?"),
    "simulcast": re.compile(r"(?:send|recv) \S+(?: (?:send|recv) \S+)?"),
    "sctp-port": re.compile(r"[0-9]{1,5}"),
    "max-message-size": re.compile(r"[0-9]{1,19}"),
}
"""Attributes that are read, with the shape of their values (RFC 8866, 9; RFC 8839, 5; RFC 8841; RFC 8852; RFC 8853)."""
_OUR_OWN = {"rid", "simulcast", "extmap", "rtcp-fb", "sctp-port", "max-message-size"}
_FLAGS = ("rtcp-mux", "rtcp-rsize", "bundle-only", "ice-lite", "extmap-allow-mixed", *(d.value for d in Direction))
_FOR_AIORTC = {*_CHECKED, *(d.value for d in Direction), "rtcp-mux", "msid"} - _OUR_OWN
_AIORTC_SAYS_NO = (AssertionError, ValueError, KeyError, IndexError, TypeError, AttributeError, StopIteration)


class _Section(Struct, kw_only=True):
    """What our own pass finds under an m-line."""

    head: re.Match[str]
    flags: set[str]
    rids: set[str]
    extensions: list[HeaderExtension]
    simulcast: dict[str, tuple[str, ...]]
    feedback: set[tuple[str, str]]
    """Payload type or ``*``, and what is offered for it."""
    sctp: dict[str, int]
    """``sctp-port`` and ``max-message-size``, as far as they are there."""
    lines: int = 0


def parse(sdp: str, *, max_sections: int = MAX_SECTIONS) -> SessionDescription:
    """The session description that ``sdp`` is, with at most ``max_sections`` m-lines.

    Raises:
        BadSdpError: it is none, or is larger than a node takes. Never any other exception, whatever the text.
    """
    if len(sdp) > MAX_SDP_LENGTH:
        raise BadSdpError(f"The SDP has {len(sdp)} characters; at most {MAX_SDP_LENGTH} are taken.")
    lines = [line.rstrip("\r") for line in sdp.split("\n") if line.strip("\r")]
    if len(lines) > MAX_LINES:
        raise BadSdpError(f"The SDP has {len(lines)} lines; at most {MAX_LINES} are taken.")
    if not lines or lines[0] != "v=0":
        raise BadSdpError("Line 1 must be v=0.")
    kept: list[str] = []
    session_flags: set[str] = set()
    sections: list[_Section] = []
    for number, line in enumerate(lines, start=1):
        _read_line(number, line, kept, session_flags, sections)
        if len(sections) > max_sections:
            raise BadSdpError(f"The SDP has more than {max_sections} m-lines.")
    try:
        parsed = aiortc.sdp.SessionDescription.parse("\r\n".join(kept) + "\r\n")
    except _AIORTC_SAYS_NO as cause:
        raise BadSdpError(f"The SDP contradicts itself ({type(cause).__name__} while it was read).") from cause
    return _build(parsed, sections, session_flags)


def _read_line(number: int, line: str, kept: list[str], session_flags: set[str], sections: list[_Section]) -> None:
    if len(line) < 2 or line[1] != "=" or not line.isprintable():
        raise BadSdpError(f"Line {number} is no SDP line.")
    if line.startswith("m="):
        sections.append(_new_section(number, line))
        head = sections[-1].head
        kept.append(f"m={head[1]} {head[2]} {head[3]} {head[4]}")
    elif line.startswith("a="):
        name, _, value = line[2:].partition(":")
        _count_line(number, sections)
        _read_attribute(number, name, value, session_flags, sections)
        if name in _FOR_AIORTC:
            kept.append(line)
    elif line.startswith(("v=", "o=", "s=", "t=")) and not sections:
        kept.append(line)


def _count_line(number: int, sections: list[_Section]) -> None:
    if not sections:
        if number > MAX_SECTION_LINES:
            raise BadSdpError(f"There are more than {MAX_SECTION_LINES} lines before the first m-line.")
        return
    sections[-1].lines += 1
    if sections[-1].lines > MAX_SECTION_LINES:
        raise BadSdpError(f"Line {number}: there are more than {MAX_SECTION_LINES} lines under one m-line.")


def _new_section(number: int, line: str) -> _Section:
    head = _MEDIA_LINE.fullmatch(line)
    if head is None or int(head[2]) > 65_535:
        raise BadSdpError(f"Line {number} is no m-line: expected m=<media> <port> <protocol> <formats>.")
    if head[1] in ("audio", "video"):
        for fmt in head[4].split():
            if not (fmt.isascii() and fmt.isdecimal() and int(fmt) <= 127) or 64 <= int(fmt) <= 95:
                raise BadSdpError(f"Line {number}: {fmt[:20]} is no payload type that can share a port with RTCP.")
    return _Section(head=head, flags=set(), rids=set(), extensions=[], simulcast={}, feedback=set(), sctp={})


def _read_attribute(number: int, name: str, value: str, session_flags: set[str], sections: list[_Section]) -> None:
    shape = _CHECKED.get(name)
    if shape is not None and (shape.fullmatch(value) is None or not value.isascii()):
        raise BadSdpError(f"Line {number}: a={name} has a value of the wrong form.")
    if name in _FLAGS:
        (sections[-1].flags if sections else session_flags).add(name)
    if not sections:
        return
    section = sections[-1]
    if name == "rid":
        rid, direction = value.split(" ")[:2]
        section.rids.add(f"{direction} {rid}")
    elif name == "simulcast":
        section.simulcast.update(_simulcast(number, value))
    elif name == "rtcp-fb":
        payload_type, _, feedback = value.partition(" ")
        if feedback in SUBSCRIBER_FEEDBACK["video"]:
            section.feedback.add((payload_type, feedback))
    elif name in ("sctp-port", "max-message-size"):
        section.sctp[name] = int(value)
    elif name == "extmap":
        identifier, uri = value.split(" ")[:2]
        id_text, _, direction = identifier.partition("/")
        section.extensions.append(
            HeaderExtension(id=int(id_text), uri=uri, direction=Direction(direction) if direction else None)
        )


def _simulcast(number: int, value: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Per direction the rids, of alternatives the first, paused ones (~) like others (RFC 8853, 5.1)."""
    words = value.split(" ")
    for direction, streams in zip(words[::2], words[1::2], strict=True):
        rids = tuple(stream.split(",")[0].removeprefix("~") for stream in streams.split(";"))
        if not all(rids) or len(set(rids)) < len(rids):
            raise BadSdpError(f"Line {number}: a=simulcast names an empty or a repeated rid.")
        yield direction, rids


def _build(
    parsed: aiortc.sdp.SessionDescription, sections: Sequence[_Section], session_flags: set[str]
) -> SessionDescription:
    origin = re.fullmatch(r"\S+ (\S+) ([0-9]{1,19}) IN IP[46] \S+", parsed.origin or "")
    if origin is None:
        raise BadSdpError("The o= line is missing or malformed.")
    groups = [group.items for group in parsed.group if group.semantic == "BUNDLE"]
    if len(groups) > 1:
        raise BadSdpError("There is more than one BUNDLE group.")
    media = tuple(_section(media, own) for media, own in zip(parsed.media, sections, strict=True))
    mids = [section.mid for section in media]
    if len(set(mids)) < len(mids) or not all(mids):
        raise BadSdpError("Every m-line needs an a=mid of its own.")
    bundle = tuple(str(item) for item in groups[0]) if groups else ()
    if not set(bundle) <= set(mids):
        raise BadSdpError("The BUNDLE group names an m-line that is not there.")
    return SessionDescription(
        session_id=origin[1],
        session_version=int(origin[2]),
        bundle=bundle,
        media=media,
        ice_lite="ice-lite" in session_flags,
        extmap_allow_mixed="extmap-allow-mixed" in session_flags,
    )


def _section(media: aiortc.sdp.MediaDescription, own: _Section) -> MediaSection:
    kind = str(media.kind)
    ice = None
    if media.ice is not None and media.ice.usernameFragment is not None and media.ice.password is not None:
        ice = IceCredentials(ufrag=media.ice.usernameFragment, pwd=media.ice.password)
    fingerprints = media.dtls.fingerprints if media.dtls is not None else []
    return MediaSection(
        kind=kind,
        port=media.port,
        protocol=media.profile,
        fmts=tuple(own.head[4].split()),
        mid=media.rtp.muxId,
        direction=Direction(media.direction) if media.direction else Direction.SENDRECV,
        bundle_only="bundle-only" in own.flags,
        rtcp_mux="rtcp-mux" in own.flags,
        rtcp_rsize="rtcp-rsize" in own.flags,
        ice=ice,
        fingerprints=tuple(Fingerprint(algorithm=f.algorithm.lower(), value=f.value.upper()) for f in fingerprints),
        setup=None if media.dtls is None else _SETUP_OF_ROLE[media.dtls.role],
        formats=tuple(_formats(media, own)) if kind in ("audio", "video") else (),
        extensions=_extensions(own.extensions),
        send_rids=_layers("send", own),
        receive_rids=_layers("recv", own),
        msid=media.msid,
        ssrcs=tuple(_ssrc(description.ssrc) for description in media.ssrc),
        ssrc_groups=tuple(
            SsrcGroup(semantics=group.semantic, ssrcs=tuple(_ssrc(int(item)) for item in group.items))
            for group in media.ssrc_group
        ),
        cname=next((description.cname for description in media.ssrc if description.cname), None),
        sctp_port=_sctp_port(kind, own),
        max_message_size=own.sctp.get("max-message-size"),
    )


def _sctp_port(kind: str, own: _Section) -> int | None:
    port = own.sctp.get("sctp-port")
    if kind != "application" or port is None:
        return None
    if not 0 < port < 1 << 16:
        raise BadSdpError(f"{port} is no SCTP port.")
    return port


_SETUP_OF_ROLE = {"auto": Setup.ACTPASS, "client": Setup.ACTIVE, "server": Setup.PASSIVE}


def _formats(media: aiortc.sdp.MediaDescription, own: _Section) -> Iterator[PayloadFormat]:
    seen: set[int] = set()
    for codec in media.rtp.codecs:
        payload_type = codec.payloadType
        if payload_type is None or payload_type in seen:
            raise BadSdpError(f"m-line {media.rtp.muxId}: payload type {payload_type} has two a=rtpmap.")
        seen.add(payload_type)
        if payload_type not in media.fmt:
            continue
        yield PayloadFormat(
            payload_type=payload_type,
            name=codec.name,
            clock_rate=codec.clockRate,
            channels=codec.channels,
            parameters=tuple(
                (key.strip(), None if value is None else str(value)) for key, value in codec.parameters.items()
            ),
            feedback=tuple(
                feedback
                for feedback in SUBSCRIBER_FEEDBACK["video"]
                if own.feedback & {(str(payload_type), feedback), ("*", feedback)}
            ),
        )
    if media.kind == "audio" and media.port != 0:
        for name, payload_type in STATIC_PAYLOAD_TYPES.items():
            if payload_type in media.fmt and payload_type not in seen:
                yield PayloadFormat(payload_type=payload_type, name=name, clock_rate=8_000)


def _extensions(found: Sequence[HeaderExtension]) -> tuple[HeaderExtension, ...]:
    ids = [extension.id for extension in found]
    if len(set(ids)) < len(ids):
        raise BadSdpError("Two a=extmap lines of one m-line have the same id.")
    return tuple(extension for extension in found if 1 <= extension.id <= 255)


def _layers(direction: str, own: _Section) -> tuple[str, ...]:
    """The simulcast layers of a direction; each must have its a=rid (RFC 8853, 5.1)."""
    rids = own.simulcast.get(direction, ())
    for rid in rids:
        if f"{direction} {rid}" not in own.rids:
            raise BadSdpError(f"a=simulcast names the layer {rid[:40]}, which has no a=rid.")
    return rids


def _ssrc(value: int) -> int:
    if not 0 < value < 1 << 32:
        raise BadSdpError(f"{value} is no SSRC.")
    return value
