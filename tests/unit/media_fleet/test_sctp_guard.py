"""What aiortc is shown of SCTP: honest packets, and none that it would choke on."""

from __future__ import annotations

from struct import pack

import pytest
from aiortc.rtcsctptransport import CHUNK_TYPES, parse_packet
from google_crc32c import value as crc32c
from hypothesis import given
from hypothesis import strategies as st

from media_fleet.domain.sctp_guard import MAX_AHEAD, MAX_GAP, MAX_STREAMS, check

TSN = 1000


def packet(*chunks: bytes) -> bytes:
    head, body = pack("!HHL", 5000, 5000, 1), b"".join(each + bytes(-len(each) % 4) for each in chunks)
    return head + pack("<L", crc32c(head + bytes(4) + body)) + body


def chunk(kind: int, body: bytes = b"", *, length: int | None = None) -> bytes:
    return pack("!BBH", kind, 3, 4 + len(body) if length is None else length) + body


def data(*, tsn: int = TSN + 1, stream: int = 0, payload: bytes = b"x") -> bytes:
    return chunk(0, pack("!LHHL", tsn, stream, 0, 53) + payload)


def sack(*gaps: tuple[int, int], count: int | None = None) -> bytes:
    body = pack("!LLHH", TSN, 65_536, len(gaps) if count is None else count, 0)
    return chunk(3, body + b"".join(pack("!HH", *gap) for gap in gaps))


INIT = chunk(1, pack("!LLHHL", 1, 65_536, 16, 16, 1) + pack("!HH", 0x8008, 6) + b"\xc0\x82")
HONEST = [
    (packet(INIT), 1),
    (packet(chunk(10, bytes(24)), data()), 2),
    (packet(data(), data(tsn=TSN + 2), sack((2, 3), (5, 5))), 3),
    (packet(data(tsn=TSN - 5)), 1),
    (packet(chunk(192, pack("!LHH", TSN + 3, 2, 7))), 1),
    (packet(chunk(130, pack("!HHLLLH", 13, 18, 1, 1, TSN, 0))), 1),
    (packet(chunk(4, pack("!HH", 1, 8) + b"info")), 1),
    (packet(chunk(6)), 1),
]
HOSTILE = {
    "nothing in it": b"",
    "no chunk": packet(),
    "a chunk of length 0": packet(chunk(0, length=0)),
    "a chunk longer than the packet": packet(chunk(11, length=400)),
    "a parameter of length 0, at which aiortc reads for ever": packet(chunk(4, bytes(8))),
    "a parameter of length 0 in an INIT": packet(chunk(1, bytes(16) + bytes(4))),
    "gaps that are counted to 65,535": packet(sack((1, 65_535))),
    "gaps that lie in each other": packet(sack((1, MAX_GAP), (1, MAX_GAP))),
    "a gap that ends before it begins": packet(sack((9, 3))),
    "gaps that are not there": packet(sack(count=500)),
    "data without data": packet(chunk(0, pack("!LHHL", TSN + 1, 0, 0, 53))),
    "data far ahead": packet(data(tsn=TSN + MAX_AHEAD + 1)),
    "data on a stream that is not ours": packet(data(stream=MAX_STREAMS)),
    "a FORWARD-TSN that is cut off": packet(chunk(192, pack("!LH", TSN, 2))),
    "a FORWARD-TSN for strange streams": packet(chunk(192, pack("!LHH", TSN, 60_000, 1))),
    "a reset that is cut off": packet(chunk(130, pack("!HHL", 13, 8, 1))),
    "an INIT beside something else": packet(INIT, data()),
    "a shutdown without a number": packet(chunk(7)),
}


@pytest.mark.parametrize(("honest", "chunks"), HONEST)
def test_an_honest_packet_passes(honest: bytes, chunks: int) -> None:
    checked = check(honest, TSN)
    assert checked is not None
    assert checked.chunks == chunks
    assert len(parse_packet(honest)[3]) == chunks


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
def test_what_no_honest_peer_sends_is_dropped(hostile: bytes) -> None:
    assert check(hostile, TSN) is None


def test_data_before_the_association_is_set_up_is_dropped() -> None:
    assert check(packet(data()), None) is None
    assert check(packet(INIT), None) is not None


def test_numbers_that_wrap_around_are_followed() -> None:
    assert check(packet(data(tsn=3)), 2**32 - 2) is not None
    assert check(packet(data(tsn=2**32 - 3)), 2) is not None


@given(
    st.lists(
        st.builds(chunk, st.sampled_from([*CHUNK_TYPES, 77]), st.binary(max_size=40), length=st.none())
        | st.builds(chunk, st.sampled_from([*CHUNK_TYPES]), st.binary(max_size=24), length=st.integers(0, 40)),
        max_size=4,
    )
)
def test_what_passes_aiortc_can_read(chunks: list[bytes]) -> None:
    made = packet(*chunks)
    if check(made, TSN) is not None:
        parse_packet(made)
