"""Access tokens: made for an account's session, and read back from those who bear them."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from auth_service.adapters.accounts_table import AccountsTable
from auth_service.adapters.service_accounts_table import ServiceAccountsTable
from auth_service.adapters.sessions_table import SessionsTable
from auth_service.domain.accounts import Account
from auth_service.domain.api_keys import ServiceAccount
from auth_service.domain.roles import Roles
from auth_service.domain.sessions import Session
from auth_service.errors import SessionExpiredError
from contracts.access_control import PERMISSIONS_OF_ROLE, Permission, scope_of
from contracts.access_token import (
    LIFETIME_S,
    SERVICE_LIFETIME_S,
    AccessClaims,
    decode_access_token,
    encode_access_token,
)
from contracts.rooms import Identity
from functions.serverless.signing_keys import SigningKeys


class Bearer(Struct, frozen=True, kw_only=True):
    """Somebody who is logged in."""

    account: Account
    session: Session


class AccessTokens:
    """Issues access tokens and knows their bearers.

    ``clock``: seconds since the epoch. ``randomness``: so many octets that nobody can guess.
    """

    def __init__(
        self,
        *,
        accounts: AccountsTable,
        sessions: SessionsTable,
        signing_keys: SigningKeys,
        issuer: str,
        services: ServiceAccountsTable,
        roles: Roles,
        clock: Callable[[], float],
        randomness: Callable[[int], bytes],
    ) -> None:
        self._accounts = accounts
        self._sessions = sessions
        self._signing_keys = signing_keys
        self._issuer = issuer
        self._services = services
        self._roles = roles
        self._clock = clock
        self._randomness = randomness

    def issue(self, account: Account, *, session_id: str) -> str:
        """A token that lasts `contracts.access_token.LIFETIME_S`."""
        now = int(self._clock())
        key = self._signing_keys.ring().signing_key(now)
        claims = AccessClaims(
            iss=self._issuer,
            sub=Identity(account.id),
            name=account.display_name,
            email=account.email,
            sid=session_id,
            iat=now,
            exp=now + LIFETIME_S,
            jti=self._randomness(16).hex(),
            roles=(self._roles.of(account),),
        )
        return encode_access_token(claims, key=key.private_key(), kid=key.kid)

    def issue_to_service(self, service: ServiceAccount, permissions: frozenset[Permission]) -> tuple[str, int]:
        """A token of a service account, and how many seconds it lasts."""
        now = int(self._clock())
        key = self._signing_keys.ring().signing_key(now)
        claims = AccessClaims(
            iss=self._issuer,
            sub=Identity(service.id),
            name=service.name,
            iat=now,
            exp=now + SERVICE_LIFETIME_S,
            jti=self._randomness(16).hex(),
            scope=scope_of(permissions),
            client_id=service.id,
        )
        return encode_access_token(claims, key=key.private_key(), kid=key.kid), SERVICE_LIFETIME_S

    def verify(self, token: str) -> AccessClaims:
        """What a bearer's token says, and what of it still holds: the meeting service learns of a changed role when the
        token is renewed, this service knows at once.

        Raises:
            contracts.jwks.TokenError: it is not valid.
            SessionExpiredError: the session has ended, or the account is gone or suspended.
        """
        keys = self._signing_keys.ring().verification_keys()
        claims = decode_access_token(token, keys=keys, issuer=self._issuer, now=self._clock())
        allowed = claims.permissions & self._allowed_now(claims)
        return replace(claims, roles=(), scope=scope_of(allowed))

    def _allowed_now(self, claims: AccessClaims) -> frozenset[Permission]:
        if claims.client_id is None:
            return PERMISSIONS_OF_ROLE[self._roles.of(self.bearer(claims).account)]
        service = self._services.find(claims.sub)
        if service is None:
            raise SessionExpiredError("There is no such service account any more.")
        return frozenset(service.permissions)

    def bearer(self, claims: AccessClaims) -> Bearer:
        """Who bears a token, as they are now. An ended session's token opens nothing here, though it has not expired.

        Raises:
            SessionExpiredError: the session has ended, or the account is gone or suspended.
        """
        account, session = self._accounts.find(claims.sub), self._sessions.find(claims.sid)
        if account is None or session is None or session.user_id != account.id:
            raise SessionExpiredError
        if account.suspended_at is not None or not session.is_alive(epoch=account.session_epoch, now=self._clock()):
            raise SessionExpiredError
        return Bearer(account=account, session=session)
