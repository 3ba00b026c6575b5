"""Logins that have begun at a provider and are to end in the same browser.

The browser holds 32 random octets in a cookie, and the provider hands back ``state``. The table has hashes of both
only. PKCE's verifier and the nonce are made from the two, so that neither is stored anywhere: who reads the table can
finish nobody's login, and who sees the address that the provider sends the browser to cannot either.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Final

from msgspec import Struct

ATTEMPT_S: Final = 600
"""People look for their second factor for so long."""
APP_CODE_S: Final = 60
SECRET_BYTES: Final = 32
SECRET_PATTERN: Final = r"^[A-Za-z0-9_-]{43}$"  # noqa: S105
"""32 octets in base64url; also the shape of an S256 code challenge (RFC 7636, 4.2)."""


class AppReturn(Struct, frozen=True, kw_only=True):
    """An application that waits for a login: where, its own PKCE challenge (S256), and its own ``state``."""

    redirect_uri: str
    code_challenge: str
    state: str | None = None


class Attempt(Struct, frozen=True, kw_only=True):
    """A login that has begun, as the table keeps it. Times in seconds since the epoch.

    ``user_id``: whose account the identity is to be linked to, who has proven that a moment ago, in the session
    ``session_id``, which must not have ended since; None for a login.
    """

    state_hash: str
    browser_hash: str
    provider: str
    return_to: str
    created_at: int
    expires_at: int
    user_id: str | None = None
    session_id: str | None = None
    app: AppReturn | None = None


class AppCode(Struct, frozen=True, kw_only=True):
    """A login that an application fetches with a code, as the table keeps it. ``epoch``: the account's
    ``session_epoch`` then; it ends with the sessions."""

    code_hash: str
    user_id: str
    provider: str
    code_challenge: str
    expires_at: int
    epoch: int = 0


def encoded(octets: bytes) -> str:
    """base64url without padding (RFC 7515, 2)."""
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def digest(secret: str) -> str:
    """SHA-256, in hex. The secrets have 256 bits of their own: nothing slower is needed."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def code_verifier(browser: str, state: str) -> str:
    """PKCE's verifier (RFC 7636, 4.1) of an attempt."""
    return _derived(browser, "pkce", state)


def nonce(browser: str, state: str) -> str:
    """The nonce (OpenID Connect Core, 3.1.2.1) of an attempt."""
    return _derived(browser, "nonce", state)


def is_same(attempt: Attempt, *, provider: str, browser: str, now: float) -> bool:
    """Whether this is the attempt that a browser began with a provider, and in time."""
    is_browser = hmac.compare_digest(attempt.browser_hash, digest(browser))
    return is_browser and attempt.provider == provider and attempt.expires_at > now


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a verifier (RFC 7636, 4.2)."""
    return encoded(hashlib.sha256(verifier.encode("ascii", "replace")).digest())


def _derived(browser: str, purpose: str, state: str) -> str:
    return encoded(hmac.digest(browser.encode(), f"parley {purpose} {state}".encode(), "sha256"))
