"""What people do with their accounts: the service's use cases, from domain and adapters."""

from __future__ import annotations

import logging
from collections.abc import Callable

from msgspec import Struct

from auth_service.adapters.passwords import Passwords
from auth_service.adapters.repository import Repository
from auth_service.domain.accounts import (
    Account,
    check_new_password,
    normalise_email,
    normalise_password,
    user_id,
)
from auth_service.domain.sessions import (
    FAMILY_BYTES,
    SECRET_BYTES,
    Lifetimes,
    RefreshToken,
    Repeated,
    Rotated,
    decode_refresh_token,
    open_session,
    refresh,
)
from auth_service.errors import InvalidCredentialsError, SessionExpiredError
from contracts.access_token import ADMIN, LIFETIME_S, AccessClaims, decode_access_token, encode_access_token
from contracts.rooms import Identity
from functions.serverless.names import normalise_line
from functions.serverless.problems import InvalidFieldError, TokenMissingError
from functions.serverless.signing_keys import SigningKeys


class LoggedIn(Struct, frozen=True, kw_only=True):
    """An account with fresh tokens of one session."""

    account: Account
    access_token: str
    expires_in: int
    refresh_token: RefreshToken


class Accounts:
    """Registers people, logs them in and keeps their sessions.

    ``administrators``: the user ids of those who administer the platform. ``clock``: seconds since the epoch.
    ``randomness``: so many octets that nobody can guess.
    """

    def __init__(
        self,
        *,
        repository: Repository,
        passwords: Passwords,
        signing_keys: SigningKeys,
        issuer: str,
        lifetimes: Lifetimes,
        administrators: frozenset[str],
        clock: Callable[[], float],
        randomness: Callable[[int], bytes],
        logger: logging.Logger,
    ) -> None:
        self._repository = repository
        self._passwords = passwords
        self._signing_keys = signing_keys
        self._issuer = issuer
        self._lifetimes = lifetimes
        self._administrators = administrators
        self._clock = clock
        self._randomness = randomness
        self._logger = logger

    def register(self, *, email: str, password: str, display_name: str) -> LoggedIn:
        """Makes an account and logs it in.

        Raises:
            InvalidFieldError, WeakPasswordError: a field cannot be used.
            EmailTakenError: the address has an account.
        """
        address = normalise_email(email)
        name = normalise_line(display_name, field="display_name")
        secret = normalise_password(password)
        check_new_password(secret)
        account = Account(
            id=user_id(self._randomness(16)),
            email=address,
            display_name=name,
            password_hash=self._passwords.hash(secret),
            created_at=int(self._clock() * 1000),
        )
        self._repository.add_account(account)
        self._event("registered", user_id=account.id)
        return self._open_session(account)

    def log_in(self, *, email: str, password: str) -> LoggedIn:
        """Checks a password and opens a session.

        Raises:
            InvalidCredentialsError: there is no such account, or the password is another; with the same work for both.
        """
        account = self._account_of(email)
        secret = normalise_password(password)
        if not self._passwords.matches(secret, account.password_hash if account else None) or account is None:
            self._event("login_refused", user_id=account.id if account else None)
            raise InvalidCredentialsError
        if self._passwords.is_outdated(account.password_hash):
            self._repository.replace_password_hash(account, self._passwords.hash(secret))
        self._event("logged_in", user_id=account.id)
        return self._open_session(account)

    def refresh(self, refresh_token: str) -> LoggedIn:
        """New tokens for a refresh token, which is used up.

        Raises:
            SessionExpiredError: the session has ended, or ends now because the token was used before.
        """
        token = decode_refresh_token(refresh_token)
        for _ in range(3):  # another request may rotate in between: then look again
            session = self._repository.find_session(token.session_id)
            if session is None:
                raise SessionExpiredError
            now = self._clock()
            outcome = refresh(
                session, token, new_secret=self._randomness(SECRET_BYTES), now=now, lifetimes=self._lifetimes
            )
            match outcome:
                case Rotated():
                    if self._repository.rotate_session(outcome.session, replacing=token.secret_hash):
                        return self._tokens(self._owner(session.user_id), outcome.token)
                case Repeated():
                    return self._tokens(self._owner(session.user_id), outcome.token)
                case _:
                    self._repository.end_session(session.id, now=int(now))
                    self._event("refresh_token_reused", user_id=session.user_id, session_id=session.id)
                    raise SessionExpiredError("This refresh token was used before, so the session has been ended.")
        raise SessionExpiredError

    def log_out(self, refresh_token: str) -> None:
        """Ends the session of a refresh token; one that is unknown has nothing left to end."""
        try:
            token = decode_refresh_token(refresh_token)
        except SessionExpiredError:
            return
        self._repository.end_session(token.session_id, now=int(self._clock()))
        self._event("logged_out", session_id=token.session_id)

    def who_is(self, access_token: str | None) -> Account:
        """The account of an access token's bearer.

        Raises:
            TokenMissingError, contracts.jwks.TokenError: there is no token, or none that is valid.
            SessionExpiredError: the account is gone.
        """
        if access_token is None:
            raise TokenMissingError
        keys = self._signing_keys.ring().verification_keys()
        claims = decode_access_token(access_token, keys=keys, issuer=self._issuer, now=self._clock())
        return self._owner(claims.sub)

    def _account_of(self, email: str) -> Account | None:
        """The account with an address. An unknown address takes as many reads as a known one."""
        try:
            address = normalise_email(email)
        except InvalidFieldError:
            return None  # cannot be anyone's: nothing is told by answering sooner
        known = self._repository.find_user_id(address)
        return self._repository.find_account(known or "nobody")

    def _owner(self, user_id: str) -> Account:
        account = self._repository.find_account(user_id)
        if account is None:
            raise SessionExpiredError("There is no such account any more.")
        return account

    def _open_session(self, account: Account) -> LoggedIn:
        token = RefreshToken(family=self._randomness(FAMILY_BYTES), secret=self._randomness(SECRET_BYTES))
        session = open_session(account.id, token, now=self._clock(), lifetimes=self._lifetimes)
        self._repository.add_session(session)
        return self._tokens(account, token)

    def is_administrator(self, account: Account) -> bool:
        """Whether somebody administers the platform."""
        return account.id in self._administrators

    def _tokens(self, account: Account, token: RefreshToken) -> LoggedIn:
        now = int(self._clock())
        key = self._signing_keys.ring().signing_key(now)
        claims = AccessClaims(
            iss=self._issuer,
            sub=Identity(account.id),
            name=account.display_name,
            email=account.email,
            sid=token.session_id,
            iat=now,
            exp=now + LIFETIME_S,
            jti=self._randomness(16).hex(),
            roles=(ADMIN,) if self.is_administrator(account) else (),
        )
        return LoggedIn(
            account=account,
            access_token=encode_access_token(claims, key=key.private_key(), kid=key.kid),
            expires_in=LIFETIME_S,
            refresh_token=token,
        )

    def _event(self, name: str, **fields: str | None) -> None:
        self._logger.info(name, extra=fields)
