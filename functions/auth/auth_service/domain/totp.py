"""Time-based one-time passwords (RFC 6238), as every authenticator app has them: SHA-1, six digits, 30 seconds.

The secret is kept sealed (`functions.serverless.sealing`): who reads the table can make no codes.
"""

from __future__ import annotations

import base64
import hmac
import struct
from typing import Final
from urllib.parse import quote, urlencode

from msgspec import Struct

STEP_S: Final = 30
DIGITS: Final = 6
SECRET_BYTES: Final = 20
"""As long as the hash (RFC 4226, 4)."""
PENDING_S: Final = 900
"""For so long a new secret waits for its first code."""
_DRIFT = 1
"""One step of the clock's either way (RFC 6238, 5.2)."""


class Totp(Struct, frozen=True, kw_only=True):
    """An authenticator app. ``enrolled_at`` in milliseconds since the epoch; ``used_step``: of the last code."""

    sealed_secret: str
    enrolled_at: int
    used_step: int


class PendingTotp(Struct, frozen=True, kw_only=True):
    """An app that has yet to show its first code. ``begun_at`` in seconds since the epoch."""

    sealed_secret: str
    begun_at: int


def code_at(secret: bytes, step: int) -> str:
    """The code of a step: seconds since the epoch by `STEP_S` (RFC 4226, 5.3)."""
    digest = hmac.digest(secret, struct.pack(">Q", step), "sha1")
    offset = digest[-1] & 15
    number = int.from_bytes(digest[offset : offset + 4]) & 0x7FFF_FFFF
    return str(number % 10**DIGITS).zfill(DIGITS)


def step_of(secret: bytes, code: str, *, now: float, used_step: int = -1) -> int | None:
    """The step that a code is of; None if it is none of now, or not later than the last one that was used.

    A code works once (RFC 6238, 5.2), and none before it works after it.
    """
    digits = code.replace(" ", "").encode()
    present = int(now) // STEP_S
    steps = range(max(0, present - _DRIFT), present + _DRIFT + 1)
    fitting = [step for step in steps if hmac.compare_digest(code_at(secret, step).encode(), digits)]
    return next((step for step in fitting if step > used_step), None)


def secret_text(secret: bytes) -> str:
    """A secret as people type it into an app: base32 (RFC 4648, 6)."""
    return base64.b32encode(secret).decode().rstrip("=")


def otpauth_uri(secret: bytes, *, site: str, email: str) -> str:
    """What an app reads from a QR code (the Key URI Format, which all apps know)."""
    label = f"{quote(site, safe='')}:{quote(email, safe='@')}"
    query = {"secret": secret_text(secret), "issuer": site, "algorithm": "SHA1", "digits": DIGITS, "period": STEP_S}
    return f"otpauth://totp/{label}?{urlencode(query, quote_via=quote)}"
