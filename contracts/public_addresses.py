"""Which network addresses belong to the public Internet, and so may be asked on a stranger's behalf."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

_UNICAST: Final = IPv6Network("2000::/3")
"""All of IPv6 that is given out (RFC 4291, 2.4, and the registry of IANA)."""
_NAT64: Final = IPv6Network("64:ff9b::/96")
"""How an IPv4 address looks where there is IPv6 alone (RFC 6052, 2.1)."""
_NOT_V6: Final = (IPv6Network("2002::/16"), IPv6Network("2001::/23"), IPv6Network("3fff::/20"))
"""6to4 and Teredo, whose holder chooses which IPv4 address they lead to; protocols (RFC 2928); documentation (RFC
9637). The standard library of Python 3.11 does not know all of them."""
_NOT_V4: Final = (IPv4Network("192.0.0.0/24"), IPv4Network("192.88.99.0/24"))
"""Protocols (RFC 6890), and what was the relays' of 6to4 (RFC 7526), likewise."""


def is_public(text: str) -> bool:
    """Whether an address (of IPv6 perhaps with a zone) is one of the public Internet.

    It is not if it is private, shared (RFC 6598), of this machine or link, where clouds keep their metadata, for many,
    reserved or for documentation; nor if it stands for an IPv4 address that is one of these.

    Raises:
        ValueError: this is no address.
    """
    address = ip_address(text)
    if isinstance(address, IPv4Address):
        return _is_public_v4(address)
    embedded = _embedded(address)
    if embedded is not None:
        return _is_public_v4(embedded)
    return address in _UNICAST and address.is_global and not any(address in network for network in _NOT_V6)


def _is_public_v4(address: IPv4Address) -> bool:
    # The last network of 240.0.0.0/4 and multicast are "global" in the registry's words.
    is_usable = address.is_global and not address.is_multicast and not address.is_reserved
    return is_usable and not any(address in network for network in _NOT_V4)


def _embedded(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that a mapped (RFC 4291, 2.5.5.2) or translated one stands for."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return IPv4Address(int(address) & 0xFFFF_FFFF) if address in _NAT64 else None
