"""What the other services are told of accounts: how one stands, and when that is news."""

from __future__ import annotations

from collections.abc import Callable

from auth_service.domain.accounts import Account
from auth_service.domain.jobs import Announce
from contracts.access_control import PlatformRole
from contracts.account_standing import GONE, AccessLoss, AccountNews, AccountStanding
from contracts.rooms import Identity

RoleOf = Callable[[Account], PlatformRole]


def standing_of(account: Account | None, role_of: RoleOf) -> AccountStanding:
    """How an account stands; None: it is gone."""
    if account is None:
        return AccountStanding(version=GONE, closed=AccessLoss.DELETED)
    return AccountStanding(
        version=account.standing,
        closed=None if account.suspended_at is None else AccessLoss.SUSPENDED,
        epoch=account.session_epoch,
        kept=_kept(account),
        role=role_of(account),
        name=account.display_name,
    )


def news_of(before: Account | None, after: Account | None, role_of: RoleOf) -> Announce | None:
    """What others must be told of a change; None: nothing. A new account is no news: nobody knows of it."""
    if before is None:
        return None
    if after is None:
        return Announce(account_id=before.id, is_kept=True)
    is_renamed = before.display_name != after.display_name
    if not is_renamed and _told(before, role_of) == _told(after, role_of):
        return None
    is_let_in_or_out = (before.suspended_at is None) != (after.suspended_at is None)
    return Announce(account_id=before.id, is_kept=is_renamed or is_let_in_or_out)


def news_to_keep(account_id: str, account: Account | None) -> AccountNews:
    """What those are told who keep something of an account; None: it is gone."""
    if account is None:
        return AccountNews(account_id=Identity(account_id), name=None, version=GONE)
    return AccountNews(
        account_id=Identity(account_id),
        name=account.display_name,
        is_suspended=account.suspended_at is not None,
        version=account.standing,
    )


def _told(account: Account, role_of: RoleOf) -> tuple[object, ...]:
    return account.suspended_at is None, account.session_epoch, _kept(account), role_of(account)


def _kept(account: Account) -> str:
    spared = account.spared
    return spared.id if spared is not None and spared.epoch == account.session_epoch else ""
