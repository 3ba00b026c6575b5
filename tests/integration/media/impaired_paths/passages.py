"""What passed through an impaired path, as a trace: the packet core's estimator is replayed against such files.

Copied from ``artefacts/paths`` to ``media_fleet/packet_core/crates/bandwidth/tests/traces``, a trace becomes a test.
"""

from __future__ import annotations

from msgspec import Struct

from media_fleet.domain.media_formats import SUBSCRIBER_EXTENSION_IDS, TRANSPORT_CC

_STEP_S = 0.0001


class Passage(Struct, frozen=True):
    """One packet on its way to a client. Times are the event loop's, seconds."""

    sequence: int
    """Transport-wide, 16 bits."""
    octets: int
    sent_at: float
    arrives_at: float | None
    """None: it was lost."""


def transport_sequence(datagram: bytes) -> int | None:
    """The transport-wide sequence number of an RTP packet that a node sends (RFC 8285, 4.2); None if it has none."""
    is_rtp = len(datagram) >= 16 and datagram[0] >> 6 == 2 and not 192 <= datagram[1] <= 223
    if not is_rtp or not datagram[0] & 0x10:
        return None
    start = 12 + 4 * (datagram[0] & 0xF)
    if datagram[start : start + 2] != b"\xbe\xde":
        return None
    at, end = start + 4, start + 4 + 4 * int.from_bytes(datagram[start + 2 : start + 4], "big")
    while at < min(end, len(datagram)):
        extension, length = datagram[at] >> 4, (datagram[at] & 0xF) + 1
        if extension == SUBSCRIBER_EXTENSION_IDS[TRANSPORT_CC]:
            return int.from_bytes(datagram[at + 1 : at + 3], "big")
        at += 1 if datagram[at] == 0 else 1 + length
    return None


def trace(passages: list[Passage]) -> str:
    """A line for each packet: when it was sent, its octets, how long it was on its way (``-``: it was lost).

    In the order of sending, which must be that of the sequence numbers; times in 100 µs, from the first packet on.

    Raises:
        ValueError: packets are missing, or not in order.
    """
    lines: list[str] = []
    for number, passage in enumerate(passages):
        gap = (passage.sequence - passages[number - 1].sequence) % 2**16 if number else 1
        if gap != 1:
            raise ValueError(f"sequence numbers are not in order before {passage}")
        sent = round((passage.sent_at - passages[0].sent_at) / _STEP_S)
        way = "-" if passage.arrives_at is None else str(round((passage.arrives_at - passage.sent_at) / _STEP_S))
        lines.append(f"{sent} {passage.octets} {way}")
    return "\n".join([*lines, ""])
