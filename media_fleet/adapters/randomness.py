"""Unpredictable numbers from the operating system, as rooms need them."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from contracts.node_links import LinkEnd
from media_fleet.domain.session_description import IceCredentials


class SystemRandomness:
    """`media_fleet.domain.transport_parameters.Randomness` over the operating system's generator."""

    def __init__(self, ufrag_start: str = "") -> None:
        self._ufrag_start = ufrag_start

    def ice_credentials(self) -> IceCredentials:
        """A ufrag of 96 bits, unique among all transports, and a password of 192 (RFC 8445, 5.3: 24 and 128 at least).

        Hexadecimal digits are ice-chars (RFC 8839, 5.4); base64url's hyphen and underscore are not.
        """
        return IceCredentials(ufrag=self._ufrag_start + secrets.token_hex(12), pwd=secrets.token_hex(24))

    def ssrc(self) -> int:
        """RFC 3550, 8.1; zero is left out, as some clients take it for none."""
        return secrets.randbelow((1 << 32) - 1) + 1

    def session_id(self) -> str:
        """RFC 8829, 5.2.1."""
        return str(secrets.randbits(62))


class LinkEnds:
    """Ends of links of one node: each has a greater id than all before it, in the node's former lives as well."""

    def __init__(self, now: Callable[[], int], *, address: str, port: int) -> None:
        """``now``: milliseconds since the epoch, as all nodes know them."""
        self._now = now
        self._address = address
        self._port = port
        self._last = 0

    def __call__(self) -> LinkEnd:
        self._last = max(self._now(), self._last + 1)
        return LinkEnd(
            id=self._last, address=self._address, port=self._port, secret=secrets.token_bytes(32), takes_red=True
        )
