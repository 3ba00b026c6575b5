"""What an address of HTTP says, of a file or stream that is brought into a meeting. Pure."""

from __future__ import annotations

from typing import Final
from urllib.parse import SplitResult, urlsplit

MAX_URL: Final = 8_192
PORTS: Final = {"http": 80, "https": 443}
FIRST_FREE_PORT: Final = 1_024
"""Those below are other services', but for what is usual."""


class SourceAddressError(ValueError):
    """It is none that anything is fetched from. The message says why, without the address."""


def parse(url: str) -> SplitResult:
    """The parts of an address.

    Raises:
        SourceAddressError: it is none that anything is fetched from.
    """
    if len(url) > MAX_URL or not url.isascii() or any(each <= " " or each == "\x7f" for each in url):
        raise SourceAddressError("the address is not one of ASCII, without spaces")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise SourceAddressError("the address is no URL") from None
    if parts.scheme not in PORTS or not parts.hostname:
        raise SourceAddressError("the address is none of http:// or https://")
    if port is not None and port < FIRST_FREE_PORT and port not in PORTS.values():
        raise SourceAddressError("the address has a port that is none of 80, 443, and those from 1024 on")
    return parts
