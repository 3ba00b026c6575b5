"""Ids made from randomness."""

from __future__ import annotations

import base64


def base32(data: bytes) -> str:
    """Lower-case base32 (RFC 4648, section 6) without padding: letters and digits only."""
    return base64.b32encode(data).rstrip(b"=").decode().lower()
