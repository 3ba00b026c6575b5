"""Accounts: who may have one, and in which form addresses, names and passwords are kept."""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from auth_service.domain.identities import LinkedIdentity
from auth_service.domain.passkeys import Passkey
from auth_service.domain.totp import PendingTotp, Totp
from auth_service.errors import TooManyChangesError, WeakPasswordError
from contracts.access_control import PlatformRole
from functions.serverless.ids import base32
from functions.serverless.problems import InvalidFieldError

MIN_PASSWORD_LENGTH = 8
"""No setting goes below it (NIST SP 800-63B-4, 3.1.1.2)."""
UNDO_S = 7 * 86_400
"""For so long after a change of address the old one is kept for its owner, who may undo the change."""
USE_NOTED_EVERY_S = 86_400
"""How exactly it is kept when an account was last used: each note is a write."""
MAX_PASSWORD_LENGTH = 256
MAX_FORMER_ADDRESSES = 8

Locale = Literal["en", "de"]
DEFAULT_LOCALE: Locale = "en"

# WHATWG HTML, "valid e-mail address": what <input type=email> accepts, so that page and service agree.
_LOCAL_PART = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}")
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")


class FormerAddress(Struct, frozen=True, kw_only=True):
    """An address that an account had, and may have again ``until`` a time in seconds since the epoch.

    ``change_id`` names the change that took it away.
    """

    email: str
    change_id: str
    until: int


class SparedSession(Struct, frozen=True, kw_only=True):
    """A session that was taken along into an epoch; in any later one it has ended, too."""

    id: str
    epoch: int


class Account(Struct, frozen=True, kw_only=True):
    """Someone who can log in. ``created_at`` in milliseconds since the epoch."""

    id: str
    email: str
    display_name: str
    created_at: int
    password_hash: str | None = None
    """None: has no password, and proves who they are in another way."""
    locale: Locale = DEFAULT_LOCALE
    """The language of mails."""
    session_epoch: int = 0
    """Sessions of a lower epoch have ended: one write ends them all."""
    spared: SparedSession | None = None
    """The session that was spared when others ended."""
    standing: int = 0
    """Grows with each change, so that others know which of two states is the later one."""
    reset_epoch: int = 0
    """Links for a new password of a lower epoch are void. Only the owner of the mailbox raises it, so that nobody who
    has got into the account can keep making them void."""
    former_addresses: tuple[FormerAddress, ...] = ()
    """The latest last."""
    role: PlatformRole | None = None
    """None for accounts that were made before there were roles: they have that of new accounts."""
    creation_key: str | None = None
    """The hash of the Idempotency-Key of the request that made the account."""
    email_verified_at: int | None = None
    """When the owner first proved that the address is theirs (milliseconds); None: has not yet."""
    identities: tuple[LinkedIdentity, ...] = ()
    """At external providers, in the order of linking."""
    suspended_at: int | None = None
    """Seconds since the epoch: since then nobody can log in or refresh."""
    last_used_at: int | None = None
    """When somebody last logged in or refreshed, seconds since the epoch, to within `USE_NOTED_EVERY_S`; None: never,
    or not since this is kept."""
    must_change_password: bool = False
    """The password is an administrator's choice, and opens no session."""
    totp: Totp | None = None
    """The authenticator app."""
    totp_pending: PendingTotp | None = None
    """One that is to take its place."""
    passkeys: tuple[Passkey, ...] = ()
    """In the order of their making."""
    recovery_codes: tuple[str, ...] = ()
    """Hashes of those that are left (`auth_service.domain.recovery_codes`)."""
    recovery_codes_at: int | None = None
    """When they were made, in milliseconds since the epoch."""


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


def check_length(password: str, *, at_least: int) -> None:
    """Refuses a password that is too short.

    Raises:
        WeakPasswordError: it is.
    """
    if len(password) < at_least:
        raise WeakPasswordError(f"The password needs at least {at_least} characters.")


def change_address(account: Account, email: str, *, change_id: str, now: int) -> Account:
    """The account with another address; the old one is kept for `UNDO_S`.

    Raises:
        TooManyChangesError: the address was changed too often lately.
    """
    kept = tuple(former for former in account.former_addresses if former.until > now)
    if len(kept) >= MAX_FORMER_ADDRESSES:
        raise TooManyChangesError
    left = FormerAddress(email=account.email, change_id=change_id, until=now + UNDO_S)
    return replace(account, email=email, former_addresses=(*kept, left))


def undo_change(account: Account, change_id: str, *, now: int) -> Account | None:
    """The account with the address that a change took away; None if that change cannot be undone any more.

    Whatever came after that change is undone with it, and cannot be brought back: of two people who fight over an
    account, the one whose address it was first wins.
    """
    for index, former in enumerate(account.former_addresses):
        if former.change_id == change_id and former.until > now:
            return replace(account, email=former.email, former_addresses=account.former_addresses[:index])
    return None


def end_sessions(account: Account, *, keep: str = "") -> Account:
    """The account without its sessions, but for the one that is kept."""
    epoch = account.session_epoch + 1
    return replace(account, session_epoch=epoch, spared=SparedSession(id=keep, epoch=epoch) if keep else None)


def is_use_news(account: Account, *, now: float) -> bool:
    """Whether it is to be noted that an account is used now."""
    return account.last_used_at is None or account.last_used_at + USE_NOTED_EVERY_S <= now


def addresses_of(account: Account) -> frozenset[str]:
    """Every address that is the account's, or kept for it."""
    return frozenset((account.email, *(former.email for former in account.former_addresses)))


def preferred_locale(accept_language: str | None) -> Locale:
    """The first known language of an Accept-Language header (RFC 9110, 12.5.4); weights are passed over."""
    for entry in (accept_language or "").lower().split(","):
        match entry.partition(";")[0].strip().partition("-")[0]:
            case "en":
                return "en"
            case "de":
                return "de"
    return DEFAULT_LOCALE
