"""Logins that wait for their second factor, and ceremonies with authenticators that have begun.

Each is known by a token of 32 random octets, of which the table has a hash only. A ceremony's challenge is made from
its token, so that it is stored nowhere and there is one for each token. Both work once.
"""

from __future__ import annotations

import hashlib
import hmac
from enum import StrEnum
from typing import Final

from msgspec import Struct

from auth_service.domain.accounts import Account

TOKEN_BYTES: Final = 32
TOKEN_PATTERN: Final = r"^[A-Za-z0-9_-]{43}$"  # noqa: S105
LOGIN_S: Final = 300
"""People look for their phone for so long."""


class Purpose(StrEnum):
    """What a ceremony is good for."""

    REGISTRATION = "registration"
    LOGIN = "login"
    STEP_UP = "step_up"


CEREMONY_S: Final = {Purpose.REGISTRATION: 600, Purpose.LOGIN: 3_600, Purpose.STEP_UP: 600}
"""A page for logging in may stand open a while before somebody picks a passkey."""


class LoginStep(Struct, frozen=True, kw_only=True):
    """A login whose first factor was right. ``expires_at`` in seconds since the epoch.

    ``mark``: of the account as it was then (`mark_of`); ``provider``: where the first factor was proven, None: here.
    """

    token_hash: str
    user_id: str
    mark: str
    expires_at: int
    provider: str | None = None


class Ceremony(Struct, frozen=True, kw_only=True):
    """A ceremony that has begun. ``session_id``: whose it is, None for a login."""

    token_hash: str
    purpose: Purpose
    expires_at: int
    session_id: str | None = None


def token_hash(token: str) -> str:
    """SHA-256, in hex. A token has 256 bits of its own: nothing slower is needed."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def challenge_of(token: str) -> bytes:
    """The challenge (WebAuthn, 13.4.3) of a login or ceremony."""
    return hmac.digest(token.encode("utf-8", "surrogatepass"), b"parley webauthn challenge", "sha256")


def mark_of(account: Account) -> str:
    """Changes with the account's password and when all of its sessions end: the login is void then."""
    return hashlib.sha256(f"{account.session_epoch} {account.password_hash}".encode()).hexdigest()
