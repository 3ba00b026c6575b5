"""Accounts: who may have one, and in which form addresses, names and passwords are kept."""

from __future__ import annotations

import re
import unicodedata

from msgspec import Struct

from auth_service.errors import WeakPasswordError
from contracts.access_control import PlatformRole
from functions.serverless.ids import base32
from functions.serverless.problems import InvalidFieldError

MIN_PASSWORD_LENGTH = 8
MAX_PASSWORD_LENGTH = 256

# WHATWG HTML, "valid e-mail address": what <input type=email> accepts, so that page and service agree.
_LOCAL_PART = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}")
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")


class Account(Struct, frozen=True, kw_only=True):
    """Someone who can log in. ``created_at`` in milliseconds since the epoch."""

    id: str
    email: str
    display_name: str
    password_hash: str
    created_at: int
    role: PlatformRole | None = None
    """None for accounts that were made before there were roles: they have that of new accounts."""


def user_id(randomness: bytes) -> str:
    """A user id from 16 random octets."""
    return f"u_{base32(randomness)}"


def normalise_email(text: str) -> str:
    """The one form in which an address is kept and compared: trimmed, lower case, domain in ASCII (RFC 5891).

    Raises:
        InvalidFieldError: it is no e-mail address.
    """
    local, at, domain = unicodedata.normalize("NFKC", text.strip()).lower().rpartition("@")
    try:
        domain = domain if domain.isascii() else domain.encode("idna").decode("ascii")
    except UnicodeError:
        raise InvalidFieldError("email", "This is not an e-mail address.") from None
    if not at or not _LOCAL_PART.fullmatch(local) or not _DOMAIN.fullmatch(domain) or len(local) + len(domain) > 253:
        raise InvalidFieldError("email", "This is not an e-mail address.")
    return f"{local}@{domain}"


def normalise_password(text: str) -> str:
    """The form in which a password is hashed (RFC 8265, 4.2: NFC, so that every keyboard gives the same)."""
    return unicodedata.normalize("NFC", text)


def check_new_password(password: str) -> None:
    """Refuses a password that is too easy to guess.

    Raises:
        WeakPasswordError: it is.
    """
    if len(password) < MIN_PASSWORD_LENGTH:
        raise WeakPasswordError(f"The password needs at least {MIN_PASSWORD_LENGTH} characters.")
    if len(set(password)) == 1:
        raise WeakPasswordError("The password is one character, repeated.")
