"""Parts of the front door that need no running platform."""

from __future__ import annotations

import pytest

from infra.local.security_headers import security_headers


@pytest.mark.parametrize("authority", ["localhost:8080", "192.0.2.7", "[2001:db8::7]:8080", "meet.example"])
def test_the_page_may_open_websockets_to_where_it_came_from(authority: str) -> None:
    assert (
        f"connect-src 'self' ws://{authority} wss://{authority}"
        in security_headers(authority)["Content-Security-Policy"]
    )


@pytest.mark.parametrize("authority", ["evil; script-src *", "a b", "", "a:b:c"])
def test_a_strange_host_adds_nothing_to_the_policy(authority: str) -> None:
    policy = security_headers(authority)["Content-Security-Policy"]
    assert policy.endswith("connect-src 'self' ws://localhost wss://localhost")
