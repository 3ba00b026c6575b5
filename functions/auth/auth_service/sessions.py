"""What people do with their sessions: open, refresh and end them."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from auth_service.access_tokens import AccessTokens
from auth_service.adapters.accounts_table import AccountsTable
from auth_service.adapters.sessions_table import SessionsTable
from auth_service.domain.accounts import Account
from auth_service.domain.security_events import Origin, SecurityEventName
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
from auth_service.errors import SessionExpiredError
from auth_service.security_events import SecurityEvents
from contracts.access_token import LIFETIME_S


class LoggedIn(Struct, frozen=True, kw_only=True):
    """An account with fresh tokens of one session."""

    account: Account
    access_token: str
    expires_in: int
    refresh_token: RefreshToken


class Sessions:
    """Keeps people's sessions. ``clock``: seconds since the epoch. ``randomness``: octets that nobody can guess."""

    def __init__(
        self,
        *,
        accounts: AccountsTable,
        sessions: SessionsTable,
        access_tokens: AccessTokens,
        lifetimes: Lifetimes,
        events: SecurityEvents,
        clock: Callable[[], float],
        randomness: Callable[[int], bytes],
    ) -> None:
        self._accounts = accounts
        self._sessions = sessions
        self._access_tokens = access_tokens
        self._lifetimes = lifetimes
        self._events = events
        self._clock = clock
        self._randomness = randomness

    def open(self, account: Account) -> LoggedIn:
        """A new session of somebody who has proven who they are, by whatever means."""
        token = RefreshToken(family=self._randomness(FAMILY_BYTES), secret=self._randomness(SECRET_BYTES))
        session = open_session(account.id, token, now=self._clock(), lifetimes=self._lifetimes)
        self._sessions.add(session)
        return self._tokens(account, token)

    def refresh(self, refresh_token: str, *, origin: Origin) -> LoggedIn:
        """New tokens for a refresh token, which is used up.

        Raises:
            SessionExpiredError: the session has ended, or ends now because the token was used before.
        """
        token = decode_refresh_token(refresh_token)
        for _ in range(3):  # another request may rotate in between: then look again
            session = self._sessions.find(token.session_id)
            if session is None:
                raise SessionExpiredError
            now = self._clock()
            outcome = refresh(
                session, token, new_secret=self._randomness(SECRET_BYTES), now=now, lifetimes=self._lifetimes
            )
            match outcome:
                case Rotated():
                    if self._sessions.rotate(outcome.session, replacing=token.secret_hash):
                        return self._tokens(self._owner(session.user_id), outcome.token)
                case Repeated():
                    return self._tokens(self._owner(session.user_id), outcome.token)
                case _:
                    self._sessions.end(session.id, now=int(now))
                    self._events.record(
                        SecurityEventName.REFRESH_TOKEN_REUSED,
                        origin=origin,
                        user_id=session.user_id,
                        session_id=session.id,
                    )
                    raise SessionExpiredError("This refresh token was used before, so the session has been ended.")
        raise SessionExpiredError

    def log_out(self, refresh_token: str, *, origin: Origin) -> None:
        """Ends the session of a refresh token; one that is unknown has nothing left to end."""
        try:
            token = decode_refresh_token(refresh_token)
        except SessionExpiredError:
            return
        self._sessions.end(token.session_id, now=int(self._clock()))
        self._events.record(SecurityEventName.LOGGED_OUT, origin=origin, session_id=token.session_id)

    def _owner(self, user_id: str) -> Account:
        account = self._accounts.find(user_id)
        if account is None:
            raise SessionExpiredError("There is no such account any more.")
        return account

    def _tokens(self, account: Account, token: RefreshToken) -> LoggedIn:
        return LoggedIn(
            account=account,
            access_token=self._access_tokens.issue(account, session_id=token.session_id),
            expires_in=LIFETIME_S,
            refresh_token=token,
        )
