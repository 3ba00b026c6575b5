"""Passkeys as an account keeps them (WebAuthn Level 3, section 4: credential record)."""

from __future__ import annotations

import base64
import hashlib
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from functions.serverless.ids import base32

MAX_PASSKEYS: Final = 20
"""They are part of the account's item, which is written with each use."""


class FactorRefusedError(Exception):
    """A code or passkey proves nothing. The text says why: for the log, not for the caller."""


class CounterError(FactorRefusedError):
    """A passkey's counter has gone back: there may be a copy of it."""


class NewCredential(Struct, frozen=True, kw_only=True):
    """What an authenticator has made. ``public_key``: a COSE_Key (RFC 9052, 7) in CBOR."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    backup_eligible: bool
    backed_up: bool
    transports: tuple[str, ...] = ()


class Assertion(Struct, frozen=True, kw_only=True):
    """What an authenticator has just proven with a passkey's key."""

    sign_count: int
    backup_eligible: bool
    backed_up: bool


class Passkey(Struct, frozen=True, kw_only=True):
    """A passkey. Octets in base64url, times in milliseconds since the epoch.

    ``backup_eligible``: it may be copied to other devices by its maker, and never changes; ``backed_up``: it has been.
    """

    id: str
    credential_id: str
    public_key: str
    sign_count: int
    name: str
    created_at: int
    backup_eligible: bool
    backed_up: bool
    transports: tuple[str, ...] = ()
    last_used_at: int | None = None


def new_passkey(made: NewCredential, *, name: str, now_ms: int) -> Passkey:
    """The passkey of a credential that has just been made."""
    return Passkey(
        id=f"pk_{base32(hashlib.sha256(made.credential_id).digest()[:16])}",
        credential_id=encoded(made.credential_id),
        public_key=encoded(made.public_key),
        sign_count=made.sign_count,
        name=name,
        created_at=now_ms,
        backup_eligible=made.backup_eligible,
        backed_up=made.backed_up,
        transports=made.transports,
    )


def used(passkey: Passkey, assertion: Assertion, *, now_ms: int) -> Passkey:
    """The passkey after it has proven something (WebAuthn, 7.2, steps 19 to 25).

    Raises:
        CounterError: its counter has not gone on; authenticators without one always say zero.
        FactorRefusedError: its backup flags contradict what they were.
    """
    if assertion.backup_eligible != passkey.backup_eligible or (assertion.backed_up and not assertion.backup_eligible):
        raise FactorRefusedError("the backup flags have changed")
    counts = assertion.sign_count > 0 or passkey.sign_count > 0
    if counts and assertion.sign_count <= passkey.sign_count:
        raise CounterError(f"the counter went from {passkey.sign_count} to {assertion.sign_count}")
    return replace(passkey, sign_count=assertion.sign_count, backed_up=assertion.backed_up, last_used_at=now_ms)


def encoded(octets: bytes) -> str:
    """base64url without padding (RFC 7515, 2)."""
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    """The octets of `encoded`.

    Raises:
        ValueError: it is no such text.
    """
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
