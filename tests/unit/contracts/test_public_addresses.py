"""Which addresses a stranger may have us ask."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.public_addresses import is_public
from functions.serverless.outbound import TargetRefusedError, target_of

HOSTILE_V4 = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.127.255.254",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.0.1",
    "169.254.169.254",
    "169.254.170.2",
    "172.16.0.1",
    "172.31.255.254",
    "192.0.0.8",
    "192.0.0.170",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
]
HOSTILE_V6 = [
    "::",
    "::1",
    "::7f00:1",
    "100::1",
    "64:ff9b:1::1",
    "2001::1",
    "2001:2::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
]


@pytest.mark.parametrize("address", [*HOSTILE_V4, *HOSTILE_V6])
def test_what_is_not_the_public_internet(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", HOSTILE_V4)
@pytest.mark.parametrize("prefix", ["::ffff:", "64:ff9b::", "2002:", "::"])
def test_ipv4_in_the_clothes_of_ipv6(prefix: str, address: str) -> None:
    number = int(ipaddress.IPv4Address(address))
    words = f"{number >> 16:x}:{number & 0xFFFF:x}"
    assert not is_public(f"{prefix}{words}::1" if prefix == "2002:" else f"{prefix}{words}")


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "8.8.8.8", "93.184.215.14", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_what_is(address: str) -> None:
    assert is_public(address)


@given(st.ip_addresses(v=4, network="10.0.0.0/8") | st.ip_addresses(v=6, network="fc00::/7"))
def test_no_private_address_is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    assert not is_public(str(address))


@pytest.mark.parametrize("text", ["", "example.org", "1.2.3", "1.2.3.4.5", "0x7f000001"])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        is_public(text)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.org/hook",
        "http://example.org/",
        "ftp://example.org/",
        "file:///etc/passwd",
        "https://",
        "https:///path",
        "https://user:password@example.org/",
        "https://user@example.org/",
        "https://example.org/#fragment",
        "https://example.org:22/",
        "https://example.org:80/",
        "https://example.org:0/",
        "https://example.org:99999/",
        "https://example.org:x/",
        "https://[::1/",
        "https://exa mple.org/",
        "https://example.org/\r\nX-Header: 1",
        "https://exämple.org/",
        f"https://example.org/{'x' * 2048}",
    ],
)
def test_urls_that_are_not_asked(url: str) -> None:
    with pytest.raises(TargetRefusedError):
        target_of(url, reach="public")


def test_urls_that_are() -> None:
    target = target_of("https://Hooks.Example.org/a/b?c=d&e", reach="public")
    assert (target.scheme, target.host, target.port, target.path) == ("https", "hooks.example.org", 443, "/a/b?c=d&e")
    assert target_of("https://example.org:8443", reach="public").path == "/"
    assert target_of("http://localhost:8080/x", reach="any").port == 8080
