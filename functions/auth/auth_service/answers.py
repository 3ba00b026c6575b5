"""How accounts and sessions are shown, and where refresh tokens travel: in bodies, or in a cookie."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET

from auth_service.domain.accounts import Account
from auth_service.domain.roles import Roles
from auth_service.domain.security_events import Origin
from auth_service.errors import CrossSiteError
from auth_service.messages import RefreshBody, Session, User
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
        )

    def origin(self, call: Call[Any, Any]) -> Origin:
        """Where a request came from."""
        agent = call.headers.get("user-agent")
        return Origin(address=call.client_address, user_agent=agent)

    def _cookie(self, value: str, *, max_age: int) -> str:
        """RFC 6265bis. The path keeps it away from every other service."""
        secure = "; Secure" if self._secure_cookies else ""
        return f"{COOKIE}={value}; Max-Age={max_age}; Path=/v1/auth; HttpOnly; SameSite=Strict{secure}"


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
