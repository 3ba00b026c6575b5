"""Where a request came from: the client's IP address, by what its own side cannot write."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct

EDGE_HEADER: Final = "x-parley-edge"
"""The header field in which one's own proxy shows that it is the one."""


class ClientAddresses(Struct, frozen=True, kw_only=True):
    """Knows clients by their requests.

    ``trusted_proxies``: how many proxies of one's own stand before API Gateway, each of which writes the address that
    connected to it at the end of X-Forwarded-For. ``edge_secret``: what the last of them shows in `EDGE_HEADER`; who
    calls the API past them does not have it, and is taken for the client itself.
    """

    trusted_proxies: int = 0
    edge_secret: str = ""

    def __repr__(self) -> str:
        return f"ClientAddresses(trusted_proxies={self.trusted_proxies})"

    def of(self, event: Mapping[str, Any]) -> str | None:
        """The client's address in its usual form; None if it is not known.

        API Gateway itself writes the address that connected to it: into the request's context, and at the end of
        X-Forwarded-For. What a client may have written stands further left, and is not read.
        """
        source = str(((event.get("requestContext") or {}).get("identity") or {}).get("sourceIp") or "")
        if self.trusted_proxies:
            headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
            chain = [entry.strip() for entry in str(headers.get("x-forwarded-for") or "").split(",")]
            shown = str(headers.get(EDGE_HEADER) or "")
            is_ours = hmac.compare_digest(shown.encode(), self.edge_secret.encode()) or not self.edge_secret
            if is_ours and len(chain) > self.trusted_proxies:
                source = chain[-1 - self.trusted_proxies]
        try:
            address = ipaddress.ip_address(source)
        except ValueError:
            return None
        mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
        return str(mapped or address)


def network_of(address: str | None) -> str:
    """What counts as one client for limits: an IPv4 address; of IPv6 the /64, which is one customer's at the least
    (RFC 6177). Unknown addresses are one client together."""
    if address is None:
        return "unknown"
    parsed = ipaddress.ip_address(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
