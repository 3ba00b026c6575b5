"""Access tokens: made for an account's session, and read back from those who bear them."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from auth_service.adapters.accounts_table import AccountsTable
from auth_service.adapters.sessions_table import SessionsTable
from auth_service.domain.accounts import Account
from auth_service.domain.roles import Roles
from auth_service.domain.sessions import Session
from auth_service.errors import SessionExpiredError
from contracts.access_token import LIFETIME_S, AccessClaims, decode_access_token, encode_access_token
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
        roles: Roles,
        clock: Callable[[], float],
        randomness: Callable[[int], bytes],
    ) -> None:
        self._accounts = accounts
        self._sessions = sessions
        self._signing_keys = signing_keys
        self._issuer = issuer
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

    def verify(self, token: str) -> AccessClaims:
        """What a bearer's token says.

        Raises:
            contracts.jwks.TokenError: it is not valid.
        """
        keys = self._signing_keys.ring().verification_keys()
        return decode_access_token(token, keys=keys, issuer=self._issuer, now=self._clock())

    def bearer(self, claims: AccessClaims) -> Bearer:
        """Who bears a token, as they are now. An ended session's token opens nothing here, though it has not expired.

        Raises:
            SessionExpiredError: the session has ended, or the account is gone.
        """
        account, session = self._accounts.find(claims.sub), self._sessions.find(claims.sid)
        if account is None or session is None or session.user_id != account.id:
            raise SessionExpiredError
        if not session.is_alive(epoch=account.session_epoch, now=self._clock()):
            raise SessionExpiredError
        return Bearer(account=account, session=session)
