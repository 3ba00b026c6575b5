"""The node's candidates: what clients try first."""

from __future__ import annotations

from media_fleet.domain.sdp_writer import write
from media_fleet.domain.session_description import MediaSection, SessionDescription
from media_fleet.domain.transport_parameters import host_candidates


def test_candidates_have_the_priorities_of_host_candidates_in_the_order_given() -> None:
    first, second = host_candidates(["198.51.100.7", "10.0.0.7"], 8082)
    assert (first.address, second.address) == ("198.51.100.7", "10.0.0.7")
    assert first.priority == 2**24 * 126 + 2**8 * 65_535 + 255
    assert second.priority == 2**24 * 126 + 2**8 * 65_534 + 255
    assert first.foundation != second.foundation


def test_versions_of_ip_take_turns_that_of_the_preferred_address_first() -> None:
    v4, v6 = ["198.51.100.7", "10.0.0.7", "10.1.0.7"], ["2001:db8::7"]
    addresses = [candidate.address for candidate in host_candidates([*v4, *v6], 8082)]
    assert addresses == [v4[0], v6[0], v4[1], v4[2]]
    assert [candidate.address for candidate in host_candidates([*v6, *v4], 8082)] == [*v6, *v4]


def test_candidates_over_tcp_are_passive_and_come_behind_all_others() -> None:
    candidates = host_candidates(["198.51.100.7", "2001:db8::7"], 8082, 443)
    assert [(c.protocol, c.address, c.port) for c in candidates] == [
        ("udp", "198.51.100.7", 8082),
        ("udp", "2001:db8::7", 8082),
        ("tcp", "198.51.100.7", 443),
        ("tcp", "2001:db8::7", 443),
    ]
    assert candidates[2].priority == 2**24 * 90 + 2**8 * (2**13 * 4 + 8191) + 255
    priorities = [candidate.priority for candidate in candidates]
    assert priorities == sorted(set(priorities), reverse=True)
    assert len({candidate.foundation for candidate in candidates}) == 4
    section = MediaSection(kind="audio", port=9, protocol="UDP/TLS/RTP/SAVPF", fmts=(), mid="0", candidates=candidates)
    text = write(SessionDescription(session_id="1", session_version=1, bundle=("0",), media=(section,)))
    lines = [line for line in text.splitlines() if line.startswith("a=candidate")]
    assert lines[0] == f"a=candidate:1 1 udp {priorities[0]} 198.51.100.7 8082 typ host generation 0"
    assert lines[3] == f"a=candidate:4 1 tcp {priorities[3]} 2001:db8::7 443 typ host tcptype passive generation 0"
