"""Unpredictable numbers from the operating system, as rooms need them."""

from __future__ import annotations

import secrets

from media_fleet.domain.session_description import IceCredentials


class SystemRandomness:
    """`media_fleet.domain.transport_parameters.Randomness` over the operating system's generator."""

    def ice_credentials(self) -> IceCredentials:
        """A ufrag of 96 bits, unique among all transports, and a password of 192 (RFC 8445, 5.3: 24 and 128 at least).

        Hexadecimal digits are ice-chars (RFC 8839, 5.4); base64url's hyphen and underscore are not.
        """
        return IceCredentials(ufrag=secrets.token_hex(12), pwd=secrets.token_hex(24))

    def ssrc(self) -> int:
        """RFC 3550, 8.1; zero is left out, as some clients take it for none."""
        return secrets.randbelow((1 << 32) - 1) + 1

    def session_id(self) -> str:
        """RFC 8829, 5.2.1."""
        return str(secrets.randbits(62))
