"""The links of mails: single use, for a short time, and known to the table by a hash only.

A link's token is 32 random octets in base64url. It stands in the fragment of a page's address, so that it comes into
no log and no Referer; the page sends it in a body.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum

from msgspec import Struct

from auth_service.domain.accounts import DEFAULT_LOCALE, UNDO_S, Locale

TOKEN_BYTES = 32
TOKEN_PATTERN = r"^[A-Za-z0-9_-]{43}$"  # noqa: S105


class LinkKind(StrEnum):
    """What a link is good for."""

    REGISTRATION = "registration"
    PASSWORD_RESET = "password_reset"  # noqa: S105
    EMAIL_CHANGE = "email_change"
    EMAIL_UNDO = "email_undo"


LIFETIME_S = {
    LinkKind.REGISTRATION: 86_400,
    LinkKind.PASSWORD_RESET: 1_800,
    LinkKind.EMAIL_CHANGE: 3_600,
    LinkKind.EMAIL_UNDO: UNDO_S,
}


class Link(Struct, frozen=True, kw_only=True):
    """A link as the table keeps it. Times in seconds since the epoch.

    A registration has what the account will be made of; the others are one account's. ``epoch``: for a new password the
    account's ``reset_epoch``, for a new address its ``session_epoch``; ``email``: the address that it was sent to.
    """

    token_hash: str
    kind: LinkKind
    created_at: int
    expires_at: int
    user_id: str | None = None
    epoch: int = 0
    email: str | None = None
    display_name: str | None = None
    password_hash: str | None = None
    locale: Locale = DEFAULT_LOCALE
    change_id: str | None = None
    used_by: str | None = None
    """The id of the account that it was used for."""


def token_hash(token: str) -> str:
    """SHA-256, in hex. A token has 256 bits of its own: nothing slower is needed."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
