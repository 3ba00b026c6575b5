"""Service accounts, which programs act as, and the API keys with which they prove it.

A key is ``parley_`` and 72 letters and digits (RFC 4648 base32, lower case): 8 octets that name it, 32 that are secret,
and 5 that check the others, so that who finds such a text, a scanner of leaked secrets say, knows it without asking.
The table keeps a hash of the secret alone.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

from msgspec import Struct

from contracts.access_control import NOT_FOR_SERVICE_ACCOUNTS, Permission
from functions.serverless.ids import base32
from functions.serverless.problems import InvalidFieldError

PREFIX = "parley_"
ID_BYTES = 8
SECRET_BYTES = 32
_CHECK_BYTES = 5
_LENGTH = (ID_BYTES + SECRET_BYTES + _CHECK_BYTES) * 8 // 5


class ServiceAccount(Struct, frozen=True, kw_only=True):
    """A program that uses the APIs. ``created_at`` in milliseconds since the epoch; ``created_by``: who made it."""

    id: str
    name: str
    permissions: tuple[Permission, ...]
    created_at: int
    created_by: str


class ApiKey(Struct, frozen=True, kw_only=True):
    """A key as the table keeps it. ``created_at`` in milliseconds, the other times in seconds since the epoch."""

    id: str
    service_account_id: str
    secret_hash: str
    permissions: tuple[Permission, ...]
    created_at: int
    created_by: str
    expires_at: int | None = None
    last_used_at: int | None = None
    revoked_at: int | None = None

    def is_usable(self, now: float) -> bool:
        """Whether it is neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)


class SecretKey(Struct, frozen=True, kw_only=True):
    """A key in the clear: only ever on its way from or to its bearer."""

    public: bytes
    secret: bytes

    def __repr__(self) -> str:
        return f"SecretKey(id={self.id!r})"

    @property
    def id(self) -> str:
        """The name of the key, which tells nothing of its secret."""
        return f"k_{base32(self.public)}"

    @property
    def secret_hash(self) -> str:
        """SHA-256, in hex. The secret has 256 bits of its own: nothing slower is needed."""
        return hashlib.sha256(self.secret).hexdigest()

    def encode(self) -> str:
        """The key as its bearer sees it."""
        content = self.public + self.secret
        return PREFIX + base32(content + _check(content))

    def matches(self, key: ApiKey) -> bool:
        """Whether this is the key that the table has."""
        return hmac.compare_digest(self.secret_hash, key.secret_hash)


def decode_key(text: str) -> SecretKey | None:
    """The key that a bearer shows; None if it has never been one."""
    if not text.startswith(PREFIX) or len(text) != len(PREFIX) + _LENGTH:
        return None
    try:
        octets = base64.b32decode(text.removeprefix(PREFIX).upper().encode("ascii"))
    except (UnicodeEncodeError, binascii.Error):
        return None
    content, check = octets[:-_CHECK_BYTES], octets[-_CHECK_BYTES:]
    key = SecretKey(public=content[:ID_BYTES], secret=content[ID_BYTES:])
    return key if hmac.compare_digest(check, _check(content)) and key.encode() == text else None


def check_grant(wanted: frozenset[Permission], granted_by: frozenset[Permission], *, field: str) -> None:
    """Refuses permissions that a service account cannot have, or that whoever gives them does not have.

    Raises:
        InvalidFieldError: names one of them.
    """
    for permission in Permission:
        if permission in wanted and permission in NOT_FOR_SERVICE_ACCOUNTS:
            raise InvalidFieldError(field, f"{permission} is for people's accounts.")
        if permission in wanted - granted_by:
            raise InvalidFieldError(field, f"{permission} is not yours to give.")


def _check(content: bytes) -> bytes:
    return hashlib.sha256(PREFIX.encode() + content).digest()[:_CHECK_BYTES]
