"""What an address of RTMP says, of a server that a broadcast is sent to. Pure."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from msgspec import Struct

MAX_URL: Final = 2_048
PORTS: Final = {"rtmp": 1935, "rtmps": 443}
FIRST_FREE_PORT: Final = 1_024
"""Those below are other services', but for what is usual: a broadcast is none that they take."""


class RtmpAddressError(ValueError):
    """It is none of a stream that can be sent by RTMP. The message says why, without address and key."""


class RtmpAddress(Struct, frozen=True, kw_only=True):
    """``app``: what the server calls its application; ``stream``: the stream's name there, which is its key."""

    is_secure: bool
    host: str
    port: int
    app: str
    stream: str

    def __repr__(self) -> str:
        return "RtmpAddress()"

    @property
    def announced(self) -> str:
        """The application's address, as the server is told it (``tcUrl``)."""
        scheme = "rtmps" if self.is_secure else "rtmp"
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == PORTS[scheme] else f":{self.port}"
        return f"{scheme}://{host}{port}/{self.app}"


def parse(url: str) -> RtmpAddress:
    """What an address says.

    Raises:
        RtmpAddressError: it is none of a stream that can be sent by RTMP.
    """
    if len(url) > MAX_URL or not url.isascii() or any(each <= " " or each == "\x7f" for each in url):
        raise RtmpAddressError("the address is not one of ASCII, without spaces")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise RtmpAddressError("the address is no URL") from None
    if parts.scheme not in PORTS or parts.username is not None or parts.fragment:
        raise RtmpAddressError("the address is none of rtmp:// or rtmps://, without user and fragment")
    app, _, stream = parts.path.strip("/").rpartition("/")
    if not (parts.hostname and app and stream) or port == 0:
        raise RtmpAddressError("the address lacks a server, an application or a stream's key")
    if port is not None and port < FIRST_FREE_PORT and port not in PORTS.values():
        raise RtmpAddressError("the address has a port that is none of 443, 1935, and those from 1024 on")
    return RtmpAddress(
        is_secure=parts.scheme == "rtmps",
        host=parts.hostname.rstrip("."),
        port=port or PORTS[parts.scheme],
        app=app,
        stream=f"{stream}?{parts.query}" if parts.query else stream,
    )
