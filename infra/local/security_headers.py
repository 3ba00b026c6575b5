"""The header fields that every answer of the front door carries, and why."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

_POLICY: Final = {
    "default-src": "'self'",
    # The SDK's worklets and workers are files of the build; nothing inline, nothing evaluated.
    "script-src": "'self'",
    "worker-src": "'self' blob:",
    # Widgets set style attributes and add a style element for touch behaviour.
    "style-src": "'self' 'unsafe-inline'",
    # Avatars and previews; recordings and one's own camera are blobs and media streams.
    "img-src": "'self' data: blob:",
    "media-src": "'self' blob: mediastream:",
    "font-src": "'self' data:",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'self'",
}
_AUTHORITY: Final = re.compile(r"[0-9A-Za-z.\-]+(:\d+)?|\[[0-9A-Fa-f:.]+\](:\d+)?")
_PERMISSIONS: Final = (
    "camera=(self), microphone=(self), display-capture=(self), speaker-selection=(self), autoplay=(self), "
    "fullscreen=(self), picture-in-picture=(self), screen-wake-lock=(self), clipboard-write=(self), "
    "geolocation=(), payment=(), usb=(), serial=(), hid=(), midi=(), browsing-topics=()"
)


def security_headers(authority: str) -> Mapping[str, str]:
    """For a page that was asked for at ``authority`` (host and port).

    WebRTC itself is not subject to ``connect-src``; Socket.IO is. Not all browsers take ``'self'`` to cover
    WebSockets, so they are named.
    """
    known = authority if _AUTHORITY.fullmatch(authority) else "localhost"
    connect = f"'self' ws://{known} wss://{known}"
    policy = {**_POLICY, "connect-src": connect}
    return {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "Permissions-Policy": _PERMISSIONS,
        "Referrer-Policy": "same-origin",  # a meeting's link lets people in: other sites need not see it
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
