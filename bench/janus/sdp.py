"""The little SDP that a publisher of one VP8 track and its viewers need: the same for both servers."""

from __future__ import annotations

import re

from bench.janus.endpoint import Endpoint

SSRC = 0x1234_5678
PAYLOAD_TYPE = 96
MID_ID = 4
MID_URI = "urn:ietf:params:rtp-hdrext:sdes:mid"
_SESSION = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0"]


def offer(publisher: Endpoint) -> str:
    """A publisher's offer."""
    return _text(
        [
            *_SESSION,
            "a=group:BUNDLE 0",
            f"m=video 9 UDP/TLS/RTP/SAVPF {PAYLOAD_TYPE}",
            "c=IN IP4 0.0.0.0",
            "a=mid:0",
            "a=sendonly",
            *publisher.transport_lines,
            f"a=extmap:{MID_ID} {MID_URI}",
            *_codec(PAYLOAD_TYPE),
            f"a=ssrc:{SSRC} cname:bench",
        ]
    )


def answer(viewer: Endpoint, offered: str) -> str:
    """A viewer's answer: takes the one m-line as it was offered, without retransmission or feedback on bandwidth."""
    payload_type = _value(offered, r"^a=rtpmap:(\d+) VP8/90000")
    mid = _value(offered, r"^a=mid:(\S+)")
    extension = re.search(rf"^a=extmap:\d+(?:/\w+)? {re.escape(MID_URI)}", offered, re.MULTILINE)
    return _text(
        [
            *_SESSION,
            f"a=group:BUNDLE {mid}",
            f"m=video 9 UDP/TLS/RTP/SAVPF {payload_type}",
            "c=IN IP4 0.0.0.0",
            f"a=mid:{mid}",
            "a=recvonly",
            *viewer.transport_lines,
            *([extension[0].strip()] if extension else []),
            *_codec(int(payload_type)),
        ]
    )


def _codec(payload_type: int) -> list[str]:
    return [
        f"a=rtpmap:{payload_type} VP8/90000",
        f"a=rtcp-fb:{payload_type} nack",
        f"a=rtcp-fb:{payload_type} nack pli",
    ]


def _value(sdp: str, pattern: str) -> str:
    found = re.search(pattern, sdp, re.MULTILINE)
    if found is None:
        raise ValueError(f"the SDP has nothing like {pattern}")
    return found[1].strip()


def _text(lines: list[str]) -> str:
    return "\r\n".join(lines) + "\r\n"
