"""How accounts and sessions are shown, and where refresh tokens travel: in bodies, or in a cookie."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import UNSET

from auth_service.access_tokens import Bearer
from auth_service.domain.accounts import Account
from auth_service.domain.links import Link
from auth_service.domain.roles import Roles
from auth_service.domain.security_events import Origin
from auth_service.domain.sessions import Session as KeptSession
from auth_service.errors import CrossSiteError
from auth_service.messages import (
    DeviceAnswer,
    Export,
    FormerAddressEntry,
    LinkEntry,
    RefreshBody,
    Session,
    SessionEntry,
    User,
)
from auth_service.sessions import LoggedIn
from contracts.access_control import PERMISSIONS_OF_ROLE, PlatformRole
from functions.serverless.requests import Call, Empty
from functions.serverless.service import Answer
from functions.serverless.times import rfc3339

COOKIE = "parley_refresh"


class Answers:
    """Writes answers."""

    def __init__(
        self,
        *,
        roles: Roles,
        cookie_max_age_s: int,
        secure_cookies: bool,
    ) -> None:
        self._roles = roles
        self._cookie_max_age_s = cookie_max_age_s
        self._secure_cookies = secure_cookies

    def session(self, done: LoggedIn, *, in_cookie: bool) -> Answer[Session]:
        """Fresh tokens, the refresh token in the body or in the cookie."""
        token = done.refresh_token.encode()
        body = Session(
            access_token=done.access_token,
            expires_in=done.expires_in,
            user=self.user(done.account),
            refresh_token=UNSET if in_cookie else token,
        )
        headers = {"Set-Cookie": self._cookie(token, max_age=self._cookie_max_age_s)} if in_cookie else {}
        return Answer(body=body, headers=headers)

    def logged_out(self, *, in_cookie: bool) -> Answer[None]:
        """Nothing, and the cookie taken back."""
        return Answer(body=None, headers={"Set-Cookie": self._cookie("", max_age=0)} if in_cookie else {})

    def user(self, account: Account) -> User:
        """An account, as its owner sees it."""
        role = self._roles.of(account)
        return User(
            id=account.id,
            email=account.email,
            display_name=account.display_name,
            created_at=rfc3339(account.created_at),
            administrator=role is PlatformRole.ADMINISTRATOR,
            role=role.value,
            permissions=tuple(sorted(PERMISSIONS_OF_ROLE[role])),
            locale=account.locale,
        )

    def sessions(self, found: Sequence[KeptSession], *, current: str) -> tuple[SessionEntry, ...]:
        """Sessions, as their owner sees them. ``current``: the id of the one at hand."""
        return tuple(
            SessionEntry(
                id=session.id,
                current=session.id == current,
                device=DeviceAnswer(browser=session.device.browser, system=session.device.system),
                network=session.network,
                created_at=rfc3339(session.created_at * 1000),
                used_at=rfc3339(session.used_at * 1000),
                expires_at=rfc3339(session.expires_at * 1000),
            )
            for session in found
        )

    def export(self, bearer: Bearer, sessions: Sequence[KeptSession], links: Sequence[Link]) -> Export:
        """All that is stored about somebody."""
        account = bearer.account
        return Export(
            account=self.user(account),
            has_password=account.password_hash is not None,
            former_addresses=tuple(
                FormerAddressEntry(email=former.email, kept_until=rfc3339(former.until * 1000))
                for former in account.former_addresses
            ),
            sessions=self.sessions(sessions, current=bearer.session.id),
            links=tuple(
                LinkEntry(
                    kind=link.kind.value,
                    created_at=rfc3339(link.created_at * 1000),
                    expires_at=rfc3339(link.expires_at * 1000),
                    used=link.used_by is not None,
                )
                for link in links
            ),
        )

    def origin(self, call: Call[Any, Any]) -> Origin:
        """Where a request came from."""
        agent = call.headers.get("user-agent")
        return Origin(address=call.client_address, user_agent=agent)

    def _cookie(self, value: str, *, max_age: int) -> str:
        """RFC 6265bis. The path keeps it away from every other service."""
        secure = "; Secure" if self._secure_cookies else ""
        return f"{COOKIE}={value}; Max-Age={max_age}; Path=/v1/auth; HttpOnly; SameSite=Strict{secure}"


def wants_cookie(call: Call[Any, Any]) -> bool:
    """Whether the refresh token is to go into the cookie, from the body's field ``session``.

    Raises:
        CrossSiteError: another site's page has sent the request, and would log its visitor in as somebody else.
    """
    in_cookie: bool = call.body.session == "cookie"
    if in_cookie and call.is_cross_site():
        raise CrossSiteError
    return in_cookie


def refresh_token_of(call: Call[RefreshBody, Empty]) -> tuple[str | None, bool]:
    """The refresh token, and whether it came as a cookie; the body goes before the cookie.

    Raises:
        CrossSiteError: another site's page has sent the cookie.
    """
    if call.body.refresh_token is not UNSET:
        return call.body.refresh_token, False
    token = call.cookie(COOKIE)
    if token is not None and call.is_cross_site():
        raise CrossSiteError
    return token, token is not None
