"""The names in statistics are W3C's, or said to be our own in the reference."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest
from msgspec import Struct

from contracts import statistics

REFERENCE = Path(__file__).parents[3] / "docs" / "statistics.md"

_RTP_STREAM = {"ssrc", "kind", "transportId", "codecId"}
_CODEC = {"payloadType", "transportId", "mimeType", "clockRate", "channels", "sdpFmtpLine"}
_RECEIVED = _RTP_STREAM | {"packetsReceived", "packetsLost", "jitter"}
W3C: dict[type[Struct], set[str]] = {
    # https://www.w3.org/TR/webrtc-stats/ (the members of each dictionary and of those that it inherits from, as far as
    # a forwarding node can know anything of them)
    statistics.InboundRtp: _RECEIVED
    | _CODEC
    | {
        "trackIdentifier",
        "mid",
        "remoteId",
        "bytesReceived",
        "headerBytesReceived",
        "nackCount",
        "pliCount",
        "firCount",
    },
    statistics.OutboundRtp: _RTP_STREAM
    | _CODEC
    | {"mid", "rid", "mediaSourceId", "remoteId", "packetsSent", "bytesSent", "headerBytesSent", "active"}
    | {"retransmittedPacketsSent", "retransmittedBytesSent", "nackCount", "pliCount", "firCount", "targetBitrate"},
    statistics.RemoteInboundRtp: _RECEIVED
    | {"localId", "roundTripTime", "totalRoundTripTime", "fractionLost", "roundTripTimeMeasurements"},
    statistics.CandidatePair: {
        "localCandidateId",
        "remoteCandidateId",
        "state",
        "nominated",
        "packetsSent",
        "bytesSent",
    }
    | {"packetsReceived", "bytesReceived", "currentRoundTripTime", "availableOutgoingBitrate"}
    | {"address", "port", "protocol", "candidateType"},
    statistics.ParticipantSummary: {"roundTripTime", "availableOutgoingBitrate"},
}


def names(kind: type[Struct]) -> set[str]:
    return {field.encode_name for field in msgspec.structs.fields(kind)}


@pytest.mark.parametrize("kind", W3C)
def test_what_w3c_does_not_define_stands_in_the_reference_as_our_own(kind: type[Struct]) -> None:
    section = REFERENCE.read_text(encoding="utf-8").partition(f"## {kind.__name__}\n")[2].partition("\n## ")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \| (W3C|own) \|", section, flags=re.MULTILINE))
    assert set(rows) == names(kind)
    assert {name for name, origin in rows.items() if origin == "W3C"} == names(kind) & W3C[kind]


def test_units_are_those_of_w3c() -> None:
    text = REFERENCE.read_text(encoding="utf-8")
    assert "in seconds" in text
    assert not re.search(r"`\w+(Ms|Kbps)`", text), "no unit of our own in a name"
