"""What a session is used with, as far as its owner needs it to know their own devices: browser, system, network.

Neither the whole User-Agent nor the whole address is kept: of IPv4 the first 24 bits, of IPv6 the first 48.
"""

from __future__ import annotations

import ipaddress
import re

from msgspec import Struct

# In the order of asking: many browsers also carry the names of others.
_BROWSERS = (
    ("Edge", r"\bEdg(?:e|A|iOS)?/"),
    ("Opera", r"\b(?:OPR|Opera)/"),
    ("Samsung Internet", r"\bSamsungBrowser/"),
    ("Firefox", r"\b(?:Firefox|FxiOS)/"),
    ("Chrome", r"\b(?:Chrome|CriOS|Chromium)/"),
    ("Safari", r"\bSafari/"),
    ("curl", r"^curl/"),
    ("Python", r"\b(?:python-requests|python-httpx|aiohttp|Python-urllib)/"),
)
_SYSTEMS = (
    ("Android", r"\bAndroid\b"),
    ("iPhone", r"\biPhone\b"),
    ("iPad", r"\biPad\b"),
    ("Windows", r"\bWindows\b"),
    ("ChromeOS", r"\bCrOS\b"),
    ("macOS", r"\bMac OS X\b|\bMacintosh\b"),
    ("Linux", r"\bLinux\b|\bX11\b"),
)
_READ = 512


class Device(Struct, frozen=True, kw_only=True):
    """Names of a browser (or program) and an operating system, None where they are not known."""

    browser: str | None = None
    system: str | None = None


def device_of(user_agent: str | None) -> Device:
    """What a User-Agent header (RFC 9110, 10.1.5) tells; it is the client's own word, for its owner to read."""
    text = (user_agent or "")[:_READ]
    return Device(browser=_first(_BROWSERS, text), system=_first(_SYSTEMS, text))


def network_of(address: str | None) -> str | None:
    """The network of an IP address in CIDR notation, too large to tell one household from another."""
    if address is None:
        return None
    given = ipaddress.ip_address(address)
    mapped = getattr(given, "ipv4_mapped", None) or given
    return str(ipaddress.ip_network((mapped, 24 if mapped.version == 4 else 48), strict=False))


def _first(names: tuple[tuple[str, str], ...], text: str) -> str | None:
    return next((name for name, pattern in names if re.search(pattern, text)), None)
