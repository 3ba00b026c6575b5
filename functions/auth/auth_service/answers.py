"""How accounts and sessions are shown, and where refresh tokens travel: in bodies, or in a cookie."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from msgspec import UNSET

from auth_service.access_tokens import Bearer
from auth_service.adapters.devices_table import KNOWN_FOR_S
from auth_service.domain.accounts import Account
from auth_service.domain.identities import LinkedIdentity
from auth_service.domain.links import Link
from auth_service.domain.login_attempts import ATTEMPT_S
from auth_service.domain.roles import Roles
from auth_service.domain.security_events import Origin
from auth_service.domain.sessions import Session as KeptSession
from auth_service.errors import CrossSiteError
from auth_service.messages import (
    DeviceAnswer,
    Export,
    FormerAddressEntry,
    IdentityItem,
    LinkEntry,
    RefreshBody,
    Session,
    SessionEntry,
    User,
)
from auth_service.sessions import LoggedIn
from contracts.access_control import PERMISSIONS_OF_ROLE, PlatformRole
from functions.serverless.ids import base32
from functions.serverless.requests import Call, Empty
from functions.serverless.service import Answer
from functions.serverless.times import rfc3339

COOKIE = "parley_refresh"
_ATTEMPT_COOKIE = "parley_login"
DEVICE_COOKIE = "parley_device"


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

    def session(self, done: LoggedIn, *, in_cookie: bool, device: str | None = None) -> Answer[Session]:
        """Fresh tokens, the refresh token in the body or in the cookie. ``device``: what the client is known by."""
        token = done.refresh_token.encode()
        body = Session(
            access_token=done.access_token,
            expires_in=done.expires_in,
            user=self.user(done.account),
            refresh_token=UNSET if in_cookie else token,
        )
        cookies = [self.refresh_cookie(done)] if in_cookie else []
        cookies += [] if device is None else [self._cookie(DEVICE_COOKIE, device, max_age=KNOWN_FOR_S)]
        return Answer(body=body, headers=_setting(cookies))

    def refresh_cookie(self, done: LoggedIn) -> str:
        """The field Set-Cookie of a session whose refresh token is in the cookie."""
        return self._cookie(COOKIE, done.refresh_token.encode(), max_age=self._cookie_max_age_s)

    @property
    def attempt_cookie_name(self) -> str:
        """The cookie of a login that is under way at a provider. By its prefix no other host can set it (RFC 6265bis,
        4.1.3.2): a neighbour could otherwise have somebody finish a login that is not theirs."""
        return f"__Host-{_ATTEMPT_COOKIE}" if self._secure_cookies else _ATTEMPT_COOKIE

    def attempt_cookie(self, browser: str) -> str:
        """The field Set-Cookie that binds a login to a browser. Lax: the way back begins at the provider's page."""
        secure = "; Secure" if self._secure_cookies else ""
        return f"{self.attempt_cookie_name}={browser}; Max-Age={ATTEMPT_S}; Path=/; HttpOnly; SameSite=Lax{secure}"

    def logged_out(self, *, in_cookie: bool) -> Answer[None]:
        """Nothing, and the cookie taken back."""
        return Answer(body=None, headers=_setting([self._cookie(COOKIE, "", max_age=0)] if in_cookie else []))

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
            email_verified_at=None if account.email_verified_at is None else rfc3339(account.email_verified_at),
            suspended_at=None if account.suspended_at is None else rfc3339(account.suspended_at * 1000),
            must_change_password=account.must_change_password,
            identities=identity_items(account),
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
        return Origin(address=call.client_address, user_agent=agent, request_id=call.request_id)

    def _cookie(self, name: str, value: str, *, max_age: int) -> str:
        """RFC 6265bis. The path keeps it away from every other service."""
        secure = "; Secure" if self._secure_cookies else ""
        return f"{name}={value}; Max-Age={max_age}; Path=/v1/auth; HttpOnly; SameSite=Strict{secure}"


def _setting(cookies: list[str]) -> dict[str, str | list[str]]:
    """The header field that sets cookies."""
    return {"Set-Cookie": cookies[0] if len(cookies) == 1 else cookies} if cookies else {}


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


def identity_items(account: Account) -> tuple[IdentityItem, ...]:
    """An account's identities at external providers, as its owner sees them."""
    return tuple(
        IdentityItem(
            id=identity_id(identity),
            provider=identity.provider,
            email=identity.email,
            linked_at=rfc3339(identity.linked_at),
        )
        for identity in account.identities
    )


def identity_id(identity: LinkedIdentity) -> str:
    """A name for addresses, which subjects are not made for."""
    return f"i_{base32(hashlib.sha256(f'{identity.provider}#{identity.subject}'.encode()).digest()[:16])}"
