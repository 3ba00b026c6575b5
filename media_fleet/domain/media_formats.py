"""Codecs and header extensions that a node forwards, and how one m-line's are chosen.

A node does not decode, so a codec is a name, a clock and the parameters that must be the same on both ends. Each m-line
is answered with one codec, the first in the offer's order that the node knows, and its RTX (RFC 4588); sound with RED
(RFC 2198) beside Opus, where it is offered: the first of the two is what a publisher sends. G.711 (PCMU) and G.722 are
taken from those alone who offer no Opus. Who cannot decode a codec gets the track in one of its `alternatives`.
"""

from __future__ import annotations

from msgspec import Struct, structs

from media_fleet.domain.session_description import HeaderExtension, MediaSection, PayloadFormat

MID = "urn:ietf:params:rtp-hdrext:sdes:mid"
RID = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
REPAIRED_RID = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"
AUDIO_LEVEL = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
TRANSPORT_CC = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
ABS_SEND_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
DEPENDENCY_DESCRIPTOR = "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension"
VIDEO_ORIENTATION = "urn:3gpp:video-orientation"
PLAYOUT_DELAY = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay"
CONTENT_TYPE = "http://www.webrtc.org/experiments/rtp-hdrext/video-content-type"
ABS_CAPTURE_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time"

MAX_EXTENSION_ID = 14
"""Ids above do not fit the one-byte form (RFC 8285, 4.2), which every packet of ours has unless a value is long."""

PUBLISHED_EXTENSIONS = {
    "audio": (MID, AUDIO_LEVEL, TRANSPORT_CC, ABS_SEND_TIME, ABS_CAPTURE_TIME),
    "video": (
        MID,
        RID,
        REPAIRED_RID,
        TRANSPORT_CC,
        ABS_SEND_TIME,
        DEPENDENCY_DESCRIPTOR,
        VIDEO_ORIENTATION,
        PLAYOUT_DELAY,
        CONTENT_TYPE,
        ABS_CAPTURE_TIME,
    ),
}
"""What a node takes from publishers, by kind."""

OWN_EXTENSIONS = {
    "audio": (MID, TRANSPORT_CC, ABS_SEND_TIME),
    "video": (MID, TRANSPORT_CC, ABS_SEND_TIME, PLAYOUT_DELAY),
}
"""What a node writes towards each subscriber, by kind; the others are passed on if the publisher sends them."""

SUBSCRIBER_EXTENSION_IDS = {
    AUDIO_LEVEL: 1,
    ABS_SEND_TIME: 2,
    TRANSPORT_CC: 3,
    MID: 4,
    VIDEO_ORIENTATION: 5,
    DEPENDENCY_DESCRIPTOR: 6,
    PLAYOUT_DELAY: 7,
    CONTENT_TYPE: 8,
    ABS_CAPTURE_TIME: 9,
}
"""One id for each URI on all m-lines of a subscribing connection, as BUNDLE demands (RFC 9143, 9.1)."""

_VIDEO_FEEDBACK = ("transport-cc", "ccm fir", "nack", "nack pli")
_FEEDBACK_TAKEN = {"audio": ("transport-cc",), "video": _VIDEO_FEEDBACK}
SUBSCRIBER_FEEDBACK = {"audio": ("transport-cc",), "video": _VIDEO_FEEDBACK}

_OPUS_SWITCHES = ("usedtx", "stereo", "sprop-stereo")
_H264_PROFILES = ("42e0", "4200", "4d00", "6400", "640c", "f400")
"""Profile and constraints as ``profile-level-id`` begins (RFC 6184, 8.1); the first stands for unknown ones."""
_OPUS_PARAMETERS = ("minptime", "useinbandfec", "usedtx", "stereo", "sprop-stereo", "maxaveragebitrate")


class MediaCodec(Struct, frozen=True, kw_only=True):
    """A codec as both ends of a forwarding have it, whatever payload type each uses."""

    name: str
    """``opus``, ``G722``, ``PCMU``, ``VP8``, ``H264``, ``VP9`` or ``AV1``."""
    clock_rate: int
    channels: int | None = None
    parameters: tuple[tuple[str, str | None], ...] = ()


class ChosenCodec(Struct, frozen=True, kw_only=True):
    """The codec of one m-line with that m-line's payload types."""

    codec: MediaCodec
    payload_type: int
    rtx_payload_type: int | None
    red_payload_type: int | None = None
    """Of redundant sound whose blocks have ``payload_type``."""
    prefers_red: bool = False
    """RED comes before its codec: who is answered so sends it."""
    feedback: tuple[str, ...]


_NAMES = {
    "audio": {"opus": "opus", "g722": "G722", "pcmu": "PCMU"},
    "video": {"vp8": "VP8", "h264": "H264", "vp9": "VP9", "av1": "AV1"},
}
STATIC_PAYLOAD_TYPES = {"PCMU": 0, "G722": 9}
"""RFC 3551, 6. An m-line may name them without an rtpmap."""
_TELEPHONE_RATE = 8_000
"""Of both; G.722 says so against its own nature (RFC 3551, 4.5.2)."""

OPUS = MediaCodec(name="opus", clock_rate=48_000, channels=2, parameters=(("minptime", "10"), ("useinbandfec", "1")))
G722 = MediaCodec(name="G722", clock_rate=_TELEPHONE_RATE)
PCMU = MediaCodec(name="PCMU", clock_rate=_TELEPHONE_RATE)
VP8 = MediaCodec(name="VP8", clock_rate=90_000)
H264 = MediaCodec(
    name="H264",
    clock_rate=90_000,
    parameters=(("level-asymmetry-allowed", "1"), ("packetization-mode", "1"), ("profile-level-id", "42e01f")),
)
"""The constrained baseline profile, which every decoder of H.264 in WebRTC has (RFC 7742, 6.2)."""
_MADE = {"audio": (OPUS, G722, PCMU), "video": (VP8, H264)}
"""What transcoders make, the best first."""


def alternatives(kind: str, codec: MediaCodec) -> tuple[MediaCodec, ...]:
    """In which other codecs a track can be had, the best first. ``codec``: the form that subscribers are offered.

    Every decoder of Opus takes all of it; one of H.264 may lack a profile.
    """
    made = _MADE[kind]
    return tuple(each for each in made if each != codec and not (kind == "audio" and each.name == codec.name))


def choose_codec(section: MediaSection) -> ChosenCodec | None:
    """The first codec of the m-line that a node forwards; None if there is none."""
    formats = _by_preference(section)
    telephone_last = sorted(formats, key=lambda each: each.clock_rate == _TELEPHONE_RATE)
    for payload_format in telephone_last:
        codec = known_codec(section.kind, payload_format)
        if codec is not None:
            payload_type = payload_format.payload_type
            red = red_payload_type(section, payload_type)
            # Numbers, however they are written; of a format that stands nowhere among them, nothing is preferred.
            places = {int(each): place for place, each in enumerate(section.fmts) if each.isdecimal()}
            last = len(section.fmts)
            return ChosenCodec(
                codec=codec,
                payload_type=payload_type,
                rtx_payload_type=rtx_payload_type(section, payload_type),
                red_payload_type=red,
                prefers_red=red is not None and places.get(red, last) < places.get(payload_type, last),
                feedback=tuple(f for f in _FEEDBACK_TAKEN[section.kind] if f in payload_format.feedback),
            )
    return None


def for_subscribers(codec: MediaCodec) -> MediaCodec:
    """The form in which a published codec is offered to subscribers: one of a few dozen, whatever the publisher wrote.

    A connection has 61 payload types for its whole life (`payload_types`). Made-up parameters must not use them up, so
    only what decides whether a decoder fits is kept. A level says what its writer can receive, which is nothing that a
    subscriber needs to know.
    """
    given = {key.lower(): value for key, value in codec.parameters}
    match codec.name:
        case "opus":
            kept = [(key, "1") for key in _OPUS_SWITCHES if given.get(key) == "1"]
            parameters = [("minptime", "10"), ("useinbandfec", "1"), *kept]
        case "H264":
            profile = (given.get("profile-level-id") or "")[:4].lower()
            profile = profile if profile in _H264_PROFILES else _H264_PROFILES[0]
            parameters = [
                ("level-asymmetry-allowed", "1"),
                ("packetization-mode", "1"),
                ("profile-level-id", f"{profile}1f"),
            ]
        case "VP9":
            parameters = [("profile-id", _one_of("0123", given.get("profile-id")))]
        case "AV1":
            parameters = [("level-idx", "5"), ("profile", _one_of("012", given.get("profile"))), ("tier", "0")]
        case _:
            parameters = []
    return structs.replace(codec, parameters=tuple(parameters))


def _one_of(choices: str, value: str | None) -> str:
    return value if value in tuple(choices) else choices[0]


def rtx_payload_type(section: MediaSection, payload_type: int) -> int | None:
    """The payload type of the RTX format whose ``apt`` names ``payload_type`` (RFC 4588, 8.1)."""
    for payload_format in section.formats:
        if payload_format.name.lower() == "rtx" and payload_format.parameter("apt") == str(payload_type):
            return payload_format.payload_type
    return None


def red_payload_type(section: MediaSection, payload_type: int) -> int | None:
    """The payload type of the RED whose blocks are all of ``payload_type``, as its fmtp says (RFC 2198, 5)."""
    for each in section.formats:
        if (each.name.lower(), each.clock_rate, each.channels) != ("red", 48_000, 2):
            continue
        blocks = {block for name, value in each.parameters if value is None for block in name.split("/")}
        if blocks == {str(payload_type)}:
            return each.payload_type
    return None


def with_red(formats: tuple[PayloadFormat, ...], red: int | None, *, first: bool = False) -> tuple[PayloadFormat, ...]:
    """The formats of sound with RED beside them, if it has a payload type: one copy for each block."""
    if red is None:
        return formats
    main = formats[0]
    redundant = PayloadFormat(
        payload_type=red,
        name="red",
        clock_rate=main.clock_rate,
        channels=main.channels,
        parameters=((f"{main.payload_type}/{main.payload_type}", None),),
    )
    return (redundant, *formats) if first else (*formats, redundant)


def shared_extensions(section: MediaSection, codec: MediaCodec) -> tuple[HeaderExtension, ...]:
    """The offer's extensions that a node takes, as the answer writes them (RFC 8285, 6).

    Not VP8's dependency descriptor: senders that write one leave picture id and temporal layer out of VP8's own, which
    says all that there is to say of it and is smaller.
    """
    wanted = set(PUBLISHED_EXTENSIONS[section.kind])
    if codec.name == "VP8":
        wanted.discard(DEPENDENCY_DESCRIPTOR)
    shared = []
    for extension in section.extensions:
        offered = extension.direction
        if extension.uri in wanted and extension.id <= MAX_EXTENSION_ID and (offered is None or offered.sends):
            direction = None if offered is None else offered.reversed
            shared.append(HeaderExtension(id=extension.id, uri=extension.uri, direction=direction))
    return tuple(shared)


def to_formats(
    codec: MediaCodec, payload_type: int, rtx: int | None, feedback: tuple[str, ...]
) -> tuple[PayloadFormat, ...]:
    """The rtpmap, fmtp and rtcp-fb of a codec, followed by those of its RTX."""
    main = PayloadFormat(
        payload_type=payload_type,
        name=codec.name,
        clock_rate=codec.clock_rate,
        channels=codec.channels,
        parameters=codec.parameters,
        feedback=feedback,
    )
    if rtx is None:
        return (main,)
    return (
        main,
        PayloadFormat(
            payload_type=rtx, name="rtx", clock_rate=codec.clock_rate, parameters=(("apt", str(payload_type)),)
        ),
    )


def _by_preference(section: MediaSection) -> list[PayloadFormat]:
    """In the order of the m-line, which is the order of preference (RFC 3264, 5.1)."""
    by_payload_type = {str(f.payload_type): f for f in section.formats}
    return [by_payload_type[fmt] for fmt in section.fmts if fmt in by_payload_type]


def known_codec(kind: str, payload_format: PayloadFormat) -> MediaCodec | None:
    """The codec that a format of an m-line is; None if a node does not forward it."""
    name = _NAMES[kind].get(payload_format.name.lower())
    if name == "opus":
        if (payload_format.clock_rate, payload_format.channels) != (48_000, 2):  # RFC 7587, 7
            return None
        return MediaCodec(name=name, clock_rate=48_000, channels=2, parameters=_opus_parameters(payload_format))
    if name in STATIC_PAYLOAD_TYPES:
        is_plain = payload_format.clock_rate == _TELEPHONE_RATE and payload_format.channels in (None, 1)
        return MediaCodec(name=name, clock_rate=_TELEPHONE_RATE) if is_plain else None
    if name is None or payload_format.clock_rate != 90_000:
        return None
    if name == "H264" and payload_format.parameter("packetization-mode") != "1":
        return None
    return MediaCodec(name=name, clock_rate=90_000, parameters=payload_format.parameters)


def _opus_parameters(payload_format: PayloadFormat) -> tuple[tuple[str, str | None], ...]:
    offered = {key: value for key, value in payload_format.parameters if value is not None}
    offered.setdefault("minptime", "10")
    offered["useinbandfec"] = "1"
    return tuple((key, offered[key]) for key in _OPUS_PARAMETERS if key in offered)
