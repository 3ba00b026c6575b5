"""Access tokens: made for an account's session, and read back from those who bear them."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from auth_service.adapters.service_accounts_table import ServiceAccountsTable
from auth_service.adapters.sessions_table import SessionsTable
from auth_service.domain.accounts import Account
from auth_service.domain.api_keys import ServiceAccount
from auth_service.domain.roles import Roles
from auth_service.domain.second_factors import WHILE_MISSING, SecondFactorPolicy
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
        sessions: SessionsTable,
        signing_keys: SigningKeys,
        issuer: str,
        services: ServiceAccountsTable,
        roles: Roles,
        second_factors: SecondFactorPolicy,
        clock: Callable[[], float],
        randomness: Callable[[int], bytes],
    ) -> None:
        self._sessions = sessions
        self._signing_keys = signing_keys
        self._issuer = issuer
        self._services = services
        self._roles = roles
        self._second_factors = second_factors
        self._clock = clock
        self._randomness = randomness
        self._just_read: tuple[AccessClaims, Bearer] | None = None

    def issue(self, account: Account, *, session_id: str) -> str:
        """A token that lasts `contracts.access_token.LIFETIME_S`; with little in it for who lacks a second factor."""
        now = int(self._clock())
        key = self._signing_keys.ring().signing_key(now)
        claims = AccessClaims(
            iss=self._issuer,
            sub=Identity(account.id),
            name=account.display_name,
            email=account.email,
            email_verified=account.email_verified_at is not None,
            sid=session_id,
            epoch=account.session_epoch,
            iat=now,
            exp=now + LIFETIME_S,
            jti=self._randomness(16).hex(),
            roles=(self._roles.of(account),),
            scope=scope_of(WHILE_MISSING) if self._second_factors.lacks(account) else None,
        )
        return encode_access_token(claims, key=key.private_key(), kid=key.kid)

    def issue_to_service(
        self, service: ServiceAccount, permissions: frozenset[Permission], *, key_id: str
    ) -> tuple[str, int]:
        """A token of a service account for one of its keys, and how many seconds it lasts."""
        now = int(self._clock())
        key = self._signing_keys.ring().signing_key(now)
        claims = AccessClaims(
            iss=self._issuer,
            sub=Identity(service.id),
            name=service.name,
            sid=key_id,
            iat=now,
            exp=now + SERVICE_LIFETIME_S,
            jti=self._randomness(16).hex(),
            scope=scope_of(permissions),
            client_id=service.id,
        )
        return encode_access_token(claims, key=key.private_key(), kid=key.kid), SERVICE_LIFETIME_S

    def verify(self, token: str) -> AccessClaims:
        """What a bearer's token says, and what of it still holds. The meeting service is told
        (`auth_service.announcements`), this service looks.

        Raises:
            contracts.jwks.TokenError: it is not valid.
            SessionExpiredError: the session has ended, or the account is gone or suspended.
        """
        keys = self._signing_keys.ring().verification_keys()
        claims = decode_access_token(token, keys=keys, issuer=self._issuer, now=self._clock())
        if claims.client_id is not None:
            service = self._services.find(claims.sub)
            if service is None:
                raise SessionExpiredError("There is no such service account any more.")
            return _lowered(claims, frozenset(service.permissions))
        bearer = self.bearer(claims)
        allowed = PERMISSIONS_OF_ROLE[self._roles.of(bearer.account)]
        if self._second_factors.lacks(bearer.account):
            allowed &= WHILE_MISSING
        lowered = _lowered(claims, allowed)
        self._just_read = (lowered, bearer)
        return lowered

    def bearer(self, claims: AccessClaims) -> Bearer:
        """Who bears a token, as they are now. An ended session's token opens nothing here, though it has not expired.

        The first to ask for what `verify` gave gets what that has just read, without reading again; whoever asks once
        more reads.

        Raises:
            SessionExpiredError: the session has ended, or the account is gone or suspended.
        """
        just_read, self._just_read = self._just_read, None
        if just_read is not None and just_read[0] is claims:
            return just_read[1]
        session, account = self._sessions.find_with_account(claims.sid, claims.sub)
        if account is None or session is None or session.user_id != account.id:
            raise SessionExpiredError
        if account.suspended_at is not None or not session.is_alive(epoch=account.session_epoch, now=self._clock()):
            raise SessionExpiredError
        return Bearer(account=account, session=session)


def _lowered(claims: AccessClaims, allowed: frozenset[Permission]) -> AccessClaims:
    """A token's claims, with those of its permissions that are allowed now."""
    return replace(claims, roles=(), scope=scope_of(claims.permissions & allowed))
