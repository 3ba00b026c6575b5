"""What every service must know of an account beside its tokens, which last longer than what they say may hold.

The authentication service keeps an `AccountStanding` in Redis (`redis_names.account_standing`) for each account that
has changed lately, and a key for each session that has ended (`redis_names.session_ended`). Both go away by themselves,
once nothing is left that could stand on the past. What it has changed it announces on the channel
`redis_names.ACCOUNTS`: an `AccountChanged`, which says whose standing to read, and not what it is. So announcements may
get lost, come twice or overtake each other, and whoever reads gets the latest.

What others keep of an account, the authentication service tells the function `ACCOUNTS_FUNCTION` of the meeting
service: `AccountNews`, at least once and in any order.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec
from msgspec import Struct

from contracts.access_control import PlatformRole
from contracts.error_codes import ErrorCode
from contracts.rooms import Identity

STANDING_KEPT_MS: Final = 24 * 3600 * 1000
"""Far longer than any token lasts: somebody may have been in a room all day, at a gateway that was cut off."""
GONE: Final = 2**53 - 1
"""The version of a deleted account's standing: nothing comes after it."""
ACCOUNTS_FUNCTION: Final = "parley-meetings-accounts"


class AccessLoss(StrEnum):
    """Why somebody's tokens open nothing any more."""

    SUSPENDED = "suspended"
    DELETED = "deleted"
    SESSION_ENDED = "session_ended"


CODE_OF_LOSS: Final = {
    AccessLoss.SUSPENDED: ErrorCode.ACCOUNT_SUSPENDED,
    AccessLoss.DELETED: ErrorCode.ACCOUNT_DELETED,
    AccessLoss.SESSION_ENDED: ErrorCode.SESSION_EXPIRED,
}
MESSAGE_OF_LOSS: Final = {
    AccessLoss.SUSPENDED: "This account is suspended.",
    AccessLoss.DELETED: "This account has been deleted.",
    AccessLoss.SESSION_ENDED: "The session has ended. Please log in again.",
}


class TokenSession(Struct, frozen=True, kw_only=True):
    """The session that a token was issued in. ``epoch``: that of its account at the time, see `AccountStanding`.

    A service account has no sessions: there ``id`` names the API key.
    """

    id: str
    epoch: int = 0


class AccountStanding(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How an account stands, as of its ``version``, which grows with every change."""

    version: int
    closed: AccessLoss | None = None
    """Suspended or deleted."""
    epoch: int = 0
    """Sessions of an earlier epoch have ended, and with them the tokens that were issued in it …"""
    kept: str = ""
    """… but for this session's, which the last change of epoch has spared."""
    role: PlatformRole | None = None
    """None: a token's own counts."""
    name: str | None = None
    """What it is called; None: a token's own counts."""

    def loss_of(self, session: TokenSession | None) -> AccessLoss | None:
        """Why a token that was issued in a session opens nothing any more; None: it does."""
        if self.closed is not None:
            return self.closed
        if session is None or session.epoch >= self.epoch or session.id == self.kept:
            return None
        return AccessLoss.SESSION_ENDED


class AccountChanged(Struct, frozen=True, kw_only=True):
    """Somebody's standing is another, or a session of theirs has ended: read it."""

    account_id: Identity


class AccountNews(Struct, frozen=True, kw_only=True):
    """What has become of an account, for those who keep something of it. ``name`` None: it is gone."""

    account_id: Identity
    name: str | None
    is_suspended: bool = False
    version: int = 0
    """As that of its standing: nothing of an earlier one counts any more."""


class AccountNewsTaken(Struct, frozen=True, kw_only=True):
    """What the function answers. ``done``: whether all has been seen to; otherwise the same news are to be told again,
    until it has."""

    done: bool


def has_standing(identity: Identity) -> bool:
    """Whether an identity is an account's: a user's or a service account's. Guests and stream keys have none."""
    return identity.startswith(("u_", "sa_"))


def is_user(identity: Identity) -> bool:
    """Whether an identity is a user's account."""
    return identity.startswith("u_")


def decode_standing(value: bytes | None) -> AccountStanding | None:
    """What Redis has of an account.

    Raises:
        msgspec.DecodeError: it is something else.
    """
    return None if value is None else _standing.decode(value)


def decode_account_changed(message: bytes) -> AccountChanged:
    """An announcement.

    Raises:
        msgspec.DecodeError: it is none.
    """
    return _changed.decode(message)


_standing = msgspec.json.Decoder(AccountStanding)
_changed = msgspec.json.Decoder(AccountChanged)
