"""The client's address: what one's own proxies say, and nothing that a client may have written itself."""

from __future__ import annotations

import pytest

from functions.serverless.client_addresses import ClientAddresses, network_of


def event(forwarded: str | None, **headers: str) -> dict[str, object]:
    return {
        "headers": {"X-Forwarded-For": forwarded, **headers},
        "requestContext": {"identity": {"sourceIp": "192.0.2.1"}},
    }


@pytest.mark.parametrize(
    ("forwarded", "proxies", "address"),
    [
        (None, 0, "192.0.2.1"),
        ("192.0.2.1", 0, "192.0.2.1"),
        ("6.6.6.6, 203.0.113.9", 0, "192.0.2.1"),
        ("203.0.113.9, 192.0.2.1", 1, "203.0.113.9"),
        ("6.6.6.6, 203.0.113.9, 192.0.2.1", 1, "203.0.113.9"),
        ("2001:DB8::1, 192.0.2.1", 1, "2001:db8::1"),
        ("::ffff:203.0.113.9, 192.0.2.1", 1, "203.0.113.9"),
        ("192.0.2.1", 1, "192.0.2.1"),
        (None, 1, "192.0.2.1"),
        ("<script>, 192.0.2.1", 1, None),
    ],
)
def test_address_is_the_one_that_the_outermost_proxy_saw(
    forwarded: str | None, proxies: int, address: str | None
) -> None:
    assert ClientAddresses(trusted_proxies=proxies).of(event(forwarded)) == address


def test_request_without_any_address_has_none() -> None:
    assert ClientAddresses().of({}) is None
    assert network_of(None) == "unknown"


@pytest.mark.parametrize("shown", [None, "", "guess", "the edge's own secret "])
def test_who_calls_past_the_edge_is_taken_for_the_client_whatever_it_writes(shown: str | None) -> None:
    addresses = ClientAddresses(trusted_proxies=1, edge_secret="the edge's own secret")
    headers = {} if shown is None else {"X-Parley-Edge": shown}
    assert addresses.of(event("203.0.113.9, 192.0.2.1", **headers)) == "192.0.2.1"


def test_edge_that_shows_its_secret_is_believed() -> None:
    addresses = ClientAddresses(trusted_proxies=1, edge_secret="the edge's own secret")
    headers = {"X-Parley-Edge": "the edge's own secret"}
    assert addresses.of(event("203.0.113.9, 192.0.2.1", **headers)) == "203.0.113.9"
    assert "secret" not in repr(addresses)


def test_one_customer_of_ipv6_is_one_client() -> None:
    assert network_of("2001:db8:1:2:3:4:5:6") == network_of("2001:db8:1:2::1") == "2001:db8:1:2::/64"
    assert network_of("2001:db8:1:3::1") != network_of("2001:db8:1:2::1")
    assert network_of("192.0.2.1") == "192.0.2.1"
