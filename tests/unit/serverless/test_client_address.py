"""The client's address: what one's own proxies say, and nothing that a client may have written itself."""

from __future__ import annotations

import pytest

from functions.serverless.requests import Empty, parse_call


@pytest.mark.parametrize(
    ("forwarded", "proxies", "address"),
    [
        (None, 0, "192.0.2.1"),
        ("192.0.2.1", 0, "192.0.2.1"),
        ("6.6.6.6, 192.0.2.1", 0, "192.0.2.1"),
        ("203.0.113.9, 192.0.2.1", 1, "203.0.113.9"),
        ("6.6.6.6, 203.0.113.9, 192.0.2.1", 1, "203.0.113.9"),
        ("2001:DB8::1, 192.0.2.1", 1, "2001:db8::1"),
        ("192.0.2.1", 1, "192.0.2.1"),
        ("<script>, 192.0.2.1", 1, None),
    ],
)
def test_address_is_the_one_that_the_outermost_proxy_saw(
    forwarded: str | None, proxies: int, address: str | None
) -> None:
    event = {
        "headers": {"X-Forwarded-For": forwarded},
        "requestContext": {"identity": {"sourceIp": "192.0.2.1"}},
    }
    assert parse_call(event, body=Empty, query=Empty).client_address(trusted_proxies=proxies) == address


def test_request_without_any_address_has_none() -> None:
    assert parse_call({}, body=Empty, query=Empty).client_address(trusted_proxies=0) is None
