"""The node's candidates: what clients try first."""

from __future__ import annotations

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
