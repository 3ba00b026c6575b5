"""What other services are told of accounts, and when it is news."""

from __future__ import annotations

from typing import Any

import pytest
from auth_service.domain.accounts import Account, SparedSession, end_sessions
from auth_service.domain.standing import news_of, news_to_keep, standing_of
from msgspec.structs import replace

from contracts.access_control import PlatformRole
from contracts.account_standing import GONE, AccessLoss, AccountNews, AccountStanding, TokenSession
from contracts.rooms import Identity

ADA = Account(id="u_1", email="ada@example.org", display_name="Ada", created_at=1, role=PlatformRole.MEMBER, standing=4)


def role_of(account: Account) -> PlatformRole:
    return account.role or PlatformRole.ORGANISER


@pytest.mark.parametrize(
    ("changes", "is_news", "is_kept"),
    [
        ({"suspended_at": 5}, True, True),
        ({"session_epoch": 1}, True, False),
        ({"role": PlatformRole.ORGANISER}, True, False),
        ({"display_name": "Countess"}, True, True),
        ({"email": "countess@example.org"}, False, False),
        ({"locale": "de"}, False, False),
        ({"password_hash": "x"}, False, False),
        ({"reset_epoch": 1}, False, False),
        ({"email_verified_at": 1}, False, False),
    ],
)
def test_change_is_news_if_others_stand_on_it(changes: dict[str, Any], *, is_news: bool, is_kept: bool) -> None:
    news = news_of(ADA, replace(ADA, **changes), role_of)
    assert (news is not None) == is_news
    assert news is None or (news.account_id, news.is_kept) == ("u_1", is_kept)


def test_suspension_is_kept_by_those_who_keep_something_of_accounts() -> None:
    suspended = replace(ADA, suspended_at=5, standing=7)
    for before, after in ((ADA, suspended), (suspended, ADA)):
        news = news_of(before, after, role_of)
        assert news is not None
        assert news.is_kept
    told = news_to_keep("u_1", suspended)
    assert (told.name, told.is_suspended, told.version) == (ADA.display_name, True, 7)
    assert not news_to_keep("u_1", ADA).is_suspended
    assert news_to_keep("u_1", None) == AccountNews(account_id=Identity("u_1"), name=None, version=GONE)


def test_standing_says_what_the_account_is_called() -> None:
    assert standing_of(replace(ADA, display_name="Ada King"), role_of).name == "Ada King"


def test_new_account_is_no_news_and_one_that_is_gone_is() -> None:
    assert news_of(None, ADA, role_of) is None
    gone = news_of(ADA, None, role_of)
    assert gone is not None
    assert gone.is_kept
    assert standing_of(None, role_of) == AccountStanding(version=GONE, closed=AccessLoss.DELETED)


def test_suspended_account_that_is_let_in_again_is_news_both_times() -> None:
    suspended = replace(end_sessions(ADA), suspended_at=5)
    assert standing_of(suspended, role_of).closed is AccessLoss.SUSPENDED
    assert news_of(suspended, replace(suspended, suspended_at=9), role_of) is None
    assert news_of(suspended, replace(suspended, suspended_at=None), role_of) is not None


def test_session_is_spared_by_the_change_that_says_so_and_by_no_later_one() -> None:
    once = end_sessions(ADA, keep="s_mine")
    assert standing_of(once, role_of).kept == "s_mine"
    for later in (end_sessions(once), replace(once, session_epoch=2), replace(once, spared=None)):
        assert standing_of(later, role_of).kept == ""
    assert end_sessions(once, keep="s_mine").spared == SparedSession(id="s_mine", epoch=2)


@pytest.mark.parametrize(
    ("standing", "session", "loss"),
    [
        ({}, TokenSession(id="s"), None),
        ({}, None, None),
        ({"epoch": 2}, TokenSession(id="s", epoch=1), AccessLoss.SESSION_ENDED),
        ({"epoch": 2}, TokenSession(id="s", epoch=2), None),
        ({"epoch": 2}, TokenSession(id="s", epoch=3), None),
        ({"epoch": 2, "kept": "s"}, TokenSession(id="s", epoch=1), None),
        ({"epoch": 2, "kept": "t"}, TokenSession(id="s", epoch=1), AccessLoss.SESSION_ENDED),
        ({"epoch": 2}, None, None),
        ({"closed": AccessLoss.SUSPENDED, "kept": "s"}, TokenSession(id="s", epoch=9), AccessLoss.SUSPENDED),
        ({"closed": AccessLoss.DELETED}, None, AccessLoss.DELETED),
    ],
)
def test_what_a_token_still_opens(
    standing: dict[str, Any], session: TokenSession | None, loss: AccessLoss | None
) -> None:
    assert AccountStanding(version=1, **standing).loss_of(session) is loss
