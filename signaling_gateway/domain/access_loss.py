"""What is asked of a room when an account is not what it was, and who may not stay."""

from __future__ import annotations

from msgspec import Struct

from contracts.account_standing import AccessLoss, AccountStanding, TokenSession
from contracts.rooms import Identity


class HeedAccount(Struct, frozen=True, kw_only=True):
    """An account is not what it was: some of those who are here as ``identity``, or all, may have lost their access, or
    have another name; and some whose access stands on it.

    ``ended``: the sessions that have ended by themselves.
    """

    identity: Identity
    standing: AccountStanding | None
    ended: frozenset[str] = frozenset()


def loss_of(session: TokenSession | None, standing: AccountStanding | None, ended: frozenset[str]) -> AccessLoss | None:
    """Why whoever came in with a token of this session may not stay; None: they may."""
    if session is not None and session.id in ended:
        return AccessLoss.SESSION_ENDED
    return None if standing is None else standing.loss_of(session)
