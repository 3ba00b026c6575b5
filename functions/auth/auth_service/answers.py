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
from auth_service.domain.passkeys import Passkey
from auth_service.domain.roles import Roles
from auth_service.domain.second_factors import WHILE_MISSING, SecondFactorPolicy
from auth_service.domain.security_events import Origin
from auth_service.domain.sessions import Session as KeptSession
from auth_service.entry import SecondFactorAsked
from auth_service.errors import CrossSiteError, LoginAttemptError
from auth_service.factor_messages import (
    Factors,
    LoginTokenBody,
    PasskeyItem,
    SecondFactorBody,
    SecondFactorRequired,
    TotpItem,
)
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
from functions.serverless.times import rfc3339, rfc3339_if_known

REFRESH_COOKIE = "parley_refresh"
_ATTEMPT_COOKIE = "parley_login"
_DEVICE_COOKIE = "parley_device"
_SECOND_FACTOR_COOKIE = "parley_second_factor"


class Answers:
    """Writes answers, and reads the cookies that it has set.

    Under HTTPS their names begin with ``__Host-``: no other host can set them then (RFC 6265bis, 4.1.3.2). A neighbour
    below the same domain could otherwise have somebody go on in a session that is not theirs, finish a login that is
    not theirs, or guess as a known device. Such cookies go to all paths of this host, which is all Parley's.
    """

    def __init__(
        self,
        *,
        roles: Roles,
        second_factors: SecondFactorPolicy,
        cookie_max_age_s: int,
        secure_cookies: bool,
    ) -> None:
        self._roles = roles
        self._second_factors = second_factors
        self._cookie_max_age_s = cookie_max_age_s
        self._secure_cookies = secure_cookies

    def session(self, done: LoggedIn, *, in_cookie: bool, cookies: Sequence[str] = ()) -> Answer[Session]:
        """Fresh tokens, the refresh token in the body or in the cookie."""
        token = done.refresh_token.encode()
        body = Session(
            access_token=done.access_token,
            expires_in=done.expires_in,
            user=self.user(done.account),
            refresh_token=UNSET if in_cookie else token,
        )
        setting = [*cookies, self.refresh_cookie(done)] if in_cookie else [*cookies]
        setting += [] if done.device is None else [self._cookie(_DEVICE_COOKIE, done.device, max_age=KNOWN_FOR_S)]
        return Answer(body=body, headers=_setting(setting))

    def entry(
        self, done: LoggedIn | SecondFactorAsked, *, in_cookie: bool
    ) -> Answer[Session] | Answer[SecondFactorRequired]:
        """Fresh tokens, or 202 with the question for a second factor."""
        if isinstance(done, LoggedIn):
            return self.session(done, in_cookie=in_cookie)
        return Answer(body=waiting(done, token=done.token), status=202)

    def finished(self, call: Call[SecondFactorBody, Empty], done: LoggedIn, *, in_cookie: bool) -> Answer[Session]:
        """Fresh tokens after a second factor; the cookie of the login that waited for it goes, if there was one."""
        has_waited = call.cookie(self.cookie_name(_SECOND_FACTOR_COOKIE)) is not None
        gone = [self._cookie(_SECOND_FACTOR_COOKIE, "", max_age=0)] if has_waited else []
        return self.session(done, in_cookie=in_cookie, cookies=gone)

    def waiting_cookie(self, done: SecondFactorAsked) -> str:
        """The field Set-Cookie of a login that waits for a second factor, and whose page has come by a redirect: a
        token has no place in an address."""
        return self._cookie(_SECOND_FACTOR_COOKIE, done.token, max_age=done.expires_in)

    def refresh_cookie(self, done: LoggedIn) -> str:
        """The field Set-Cookie of a session whose refresh token is in the cookie."""
        return self._cookie(REFRESH_COOKIE, done.refresh_token.encode(), max_age=self._cookie_max_age_s)

    def cookie_name(self, name: str) -> str:
        """A cookie's name as browsers have it."""
        return f"__Host-{name}" if self._secure_cookies else name

    @property
    def attempt_cookie_name(self) -> str:
        """The cookie of a login that is under way at a provider."""
        return self.cookie_name(_ATTEMPT_COOKIE)

    def attempt_cookie(self, browser: str) -> str:
        """The field Set-Cookie that binds a login to a browser. Lax: the way back begins at the provider's page."""
        return self._cookie(_ATTEMPT_COOKIE, browser, max_age=ATTEMPT_S, same_site="Lax")

    def refresh_token_of(self, call: Call[RefreshBody, Empty]) -> tuple[str | None, bool]:
        """The refresh token, and whether it came as a cookie; the body goes before the cookie.

        Raises:
            CrossSiteError: another site's page has sent the cookie.
        """
        if call.body.refresh_token is not UNSET:
            return call.body.refresh_token, False
        token = call.cookie(self.cookie_name(REFRESH_COOKIE))
        if token is not None and call.is_cross_site():
            raise CrossSiteError
        return token, token is not None

    def login_token_of(self, call: Call[LoginTokenBody, Empty] | Call[SecondFactorBody, Empty]) -> str:
        """The token of a login that waits for a second factor: from the body, or else from the cookie.

        Raises:
            CrossSiteError: another site's page has sent the cookie.
            LoginAttemptError: there is neither.
        """
        if call.body.login_token is not UNSET:
            return call.body.login_token
        return self.waiting_token(call)

    def waiting_token(self, call: Call[Any, Any]) -> str:
        """As `login_token_of`, from the cookie."""
        token = call.cookie(self.cookie_name(_SECOND_FACTOR_COOKIE))
        if token is None:
            raise LoginAttemptError
        if call.is_cross_site():
            raise CrossSiteError
        return token

    def device_of(self, call: Call[Any, Any]) -> str | None:
        """What the client is known by, if it is."""
        return call.cookie(self.cookie_name(_DEVICE_COOKIE))

    def logged_out(self, *, in_cookie: bool) -> Answer[None]:
        """Nothing, and the cookie taken back."""
        return Answer(body=None, headers=_setting([self._cookie(REFRESH_COOKIE, "", max_age=0)] if in_cookie else []))

    def user(self, account: Account) -> User:
        """An account, as its owner sees it."""
        role, lacks = self._roles.of(account), self._second_factors.lacks(account)
        allowed = PERMISSIONS_OF_ROLE[role]
        return User(
            id=account.id,
            email=account.email,
            display_name=account.display_name,
            created_at=rfc3339(account.created_at),
            administrator=role is PlatformRole.ADMINISTRATOR,
            role=role.value,
            permissions=tuple(sorted(allowed & WHILE_MISSING if lacks else allowed)),
            locale=account.locale,
            second_factor_required=lacks,
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

    def factors(self, account: Account) -> Factors:
        """An account's second factors, as its owner sees them."""
        return Factors(
            totp=None if account.totp is None else TotpItem(enrolled_at=rfc3339(account.totp.enrolled_at)),
            passkeys=tuple(map(passkey_item, account.passkeys)),
            recovery_codes_left=len(account.recovery_codes),
            required=self._second_factors.requires(account),
        )

    def export(self, bearer: Bearer, sessions: Sequence[KeptSession], links: Sequence[Link]) -> Export:
        """All that is stored about somebody."""
        account = bearer.account
        return Export(
            account=self.user(account),
            has_password=account.password_hash is not None,
            email_verified_at=rfc3339_if_known(account.email_verified_at),
            suspended_at=None if account.suspended_at is None else rfc3339(account.suspended_at * 1000),
            last_used_at=None if account.last_used_at is None else rfc3339(account.last_used_at * 1000),
            must_change_password=account.must_change_password,
            identities=identity_items(account),
            former_addresses=tuple(
                FormerAddressEntry(email=former.email, kept_until=rfc3339(former.until * 1000))
                for former in account.former_addresses
            ),
            factors=self.factors(account),
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

    def _cookie(self, name: str, value: str, *, max_age: int, same_site: str = "Strict") -> str:
        """RFC 6265bis."""
        attributes = f"Max-Age={max_age}; Path=/; HttpOnly; SameSite={same_site}"
        return f"{self.cookie_name(name)}={value}; {attributes}{'; Secure' if self._secure_cookies else ''}"


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


def waiting(asked: SecondFactorAsked, *, token: str | None = None) -> SecondFactorRequired:
    """A login that waits for a second factor; with its token where that is not in a cookie."""
    return SecondFactorRequired(
        login_token=UNSET if token is None else token,
        expires_in=asked.expires_in,
        methods=asked.methods,
    )


def passkey_item(passkey: Passkey) -> PasskeyItem:
    """A passkey, as its owner sees it."""
    return PasskeyItem(
        id=passkey.id,
        name=passkey.name,
        created_at=rfc3339(passkey.created_at),
        last_used_at=rfc3339_if_known(passkey.last_used_at),
        backed_up=passkey.backed_up,
    )


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
