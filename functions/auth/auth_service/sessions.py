"""What people do with their sessions: open, refresh and end them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from auth_service.access_tokens import AccessTokens, Bearer
from auth_service.adapters.accounts_table import AccountsTable, ChangedMeanwhileError
from auth_service.adapters.sessions_table import SessionsTable
from auth_service.domain.accounts import Account, end_sessions, is_use_news
from auth_service.domain.security_events import Origin, SecurityEventName
from auth_service.domain.sessions import (
    FAMILY_BYTES,
    SECRET_BYTES,
    Lifetimes,
    RefreshToken,
    Repeated,
    Rotated,
    Session,
    decode_refresh_token,
    is_of,
    open_session,
    refresh,
)
from auth_service.errors import AccountSuspendedError, SessionExpiredError, SessionNotFoundError
from auth_service.security_events import Prepared, SecurityEvents
from contracts.access_token import LIFETIME_S
from functions.serverless.problems import UnavailableError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef as Write


class LoggedIn(Struct, frozen=True, kw_only=True):
    """An account with fresh tokens of one session."""

    account: Account
    access_token: str
    expires_in: int
    refresh_token: RefreshToken
    device: str | None = None
    """A new name for the client, which proves to be a known device by it from now on."""


class Opening(Struct, frozen=True, kw_only=True):
    """A session that is about to be opened, its first token, and what the audit log says of it. ``writes`` go into one
    transaction, with those that it depends on."""

    account: Account
    session: Session
    token: RefreshToken
    told: Prepared
    writes: tuple[Write, ...]


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

    def check_usable(self, account: Account, *, origin: Origin) -> None:
        """Refuses an account that may have no sessions.

        Raises:
            AccountSuspendedError: it is suspended.
        """
        if account.suspended_at is not None:
            self._events.record(SecurityEventName.LOGIN_REFUSED, origin=origin, user_id=account.id, why="suspended")
            raise AccountSuspendedError

    def open(
        self,
        account: Account,
        *,
        origin: Origin,
        told: Prepared,
        second_factor: bool = False,
        also: Sequence[Write] = (),
    ) -> LoggedIn:
        """A new session of somebody who has proven who they are, by whatever means, as `prepare` has it; in one
        transaction with ``also`` other writes.

        Raises:
            AccountSuspendedError: the account is suspended.
        """
        opening = self.prepare(account, origin=origin, told=told, second_factor=second_factor)
        self._sessions.add(opening.session, [told.write, *also])
        return self.opened(opening)

    def prepare(self, account: Account, *, origin: Origin, told: Prepared, second_factor: bool = False) -> Opening:
        """A session that opens with the transaction that its writes go into. ``told``: what the audit log says of it;
        ``second_factor``: whether one was proven.

        Raises:
            AccountSuspendedError: the account is suspended.
        """
        self.check_usable(account, origin=origin)
        self._note_use(account)
        token = RefreshToken(family=self._randomness(FAMILY_BYTES), secret=self._randomness(SECRET_BYTES))
        session = open_session(
            account.id,
            token,
            epoch=account.session_epoch,
            origin=origin,
            now=self._clock(),
            lifetimes=self._lifetimes,
            second_factor=second_factor,
        )
        writes = (self._sessions.put(session), told.write)
        return Opening(account=account, session=session, token=token, told=told, writes=writes)

    def opened(self, opening: Opening) -> LoggedIn:
        """The tokens of a session whose transaction has succeeded."""
        self._events.happened(opening.told)
        return self._tokens(opening.account, opening.token)

    def owner_of(self, session_id: str) -> Account | None:
        """Whose session it is; None if it has ended, or the account is gone or suspended."""
        session = self._sessions.find(session_id)
        account = None if session is None else self._accounts.find(session.user_id)
        if session is None or account is None or account.suspended_at is not None:
            return None
        return account if session.is_alive(epoch=account.session_epoch, now=self._clock()) else None

    def refresh(self, refresh_token: str, *, origin: Origin) -> LoggedIn:
        """New tokens for a refresh token, which is used up.

        Raises:
            SessionExpiredError: the session has ended, or ends now because the token was used before.
            AccountSuspendedError: it has ended because the account is suspended.
        """
        token = decode_refresh_token(refresh_token)
        for _ in range(3):  # another request may rotate in between: then look again
            session = self._sessions.find(token.session_id)
            owner = None if session is None else self._accounts.find(session.user_id)
            if session is None or owner is None:
                raise SessionExpiredError
            if owner.suspended_at is not None:
                # Only who holds the session's own secret is told: its family alone proves nothing.
                raise AccountSuspendedError if is_of(session, token) else SessionExpiredError
            now = self._clock()
            outcome = refresh(
                session,
                token,
                new_secret=self._randomness(SECRET_BYTES),
                epoch=owner.session_epoch,
                origin=origin,
                now=now,
                lifetimes=self._lifetimes,
            )
            match outcome:
                case Rotated():
                    self._note_use(owner)
                    if self._sessions.rotate(outcome.session, replacing=token.secret_hash):
                        return self._tokens(owner, outcome.token)
                case Repeated():
                    return self._tokens(owner, outcome.token)
                case _:
                    self._end(session, SecurityEventName.REFRESH_TOKEN_REUSED, user_id=session.user_id, origin=origin)
                    raise SessionExpiredError("This refresh token was used before, so the session has been ended.")
        raise SessionExpiredError

    def log_out(self, refresh_token: str, *, origin: Origin) -> None:
        """Ends the session of a refresh token; one that is unknown has nothing left to end."""
        try:
            token = decode_refresh_token(refresh_token)
        except SessionExpiredError:
            return
        session, name = self._sessions.find(token.session_id), SecurityEventName.LOGGED_OUT
        if session is None or not self._end(session, name, user_id=None, origin=origin):
            self._events.record(name, origin=origin, session_id=token.session_id)

    def list_of(self, bearer: Bearer) -> list[Session]:
        """The bearer's sessions that have not ended, the one at hand first, then by their last use."""
        others = [session for session in self.alive_of(bearer.account) if session.id != bearer.session.id]
        return [bearer.session, *others]

    def alive_of(self, account: Account) -> list[Session]:
        """An account's sessions that have not ended, the last used first."""
        now, epoch = self._clock(), account.session_epoch
        return [session for session in self._sessions.of_user(account.id) if session.is_alive(epoch=epoch, now=now)]

    def end(self, bearer: Bearer, session_id: str, *, origin: Origin) -> None:
        """Ends one of the bearer's sessions.

        Raises:
            SessionNotFoundError: they have no such session, or it has ended.
        """
        session, now = self._sessions.find(session_id), self._clock()
        if session is None or session.user_id != bearer.account.id:
            raise SessionNotFoundError
        if not session.is_alive(epoch=bearer.account.session_epoch, now=now):
            raise SessionNotFoundError
        if not self._end(session, SecurityEventName.SESSION_ENDED, user_id=session.user_id, origin=origin):
            raise SessionNotFoundError

    def end_all(self, bearer: Bearer, *, keep_current: bool, origin: Origin) -> None:
        """Ends all of the bearer's sessions, or all but the one at hand; in one write.

        Raises:
            UnavailableError: the account or the session is being changed at this moment.
        """
        before = bearer.account
        after = end_sessions(before, keep=bearer.session.id if keep_current else "")
        kept = [self._sessions.lift(bearer.session, to_epoch=after.session_epoch)] if keep_current else []
        told = self._events.prepare(
            SecurityEventName.SESSIONS_ENDED,
            origin=origin,
            user_id=before.id,
            session_id=bearer.session.id if keep_current else None,
        )
        try:
            self._accounts.change(before, after, also=[told.write, *kept])
        except ChangedMeanwhileError as error:
            raise UnavailableError("Something else has just ended sessions. Please look, and try again.") from error
        self._events.happened(told)

    def _note_use(self, account: Account) -> None:
        """Before what the use is for: if this cannot be written, neither is that, and whoever asks asks again."""
        now = self._clock()
        if is_use_news(account, now=now):
            self._accounts.note_use(account, at=int(now))

    def _end(self, session: Session, name: SecurityEventName, *, user_id: str | None, origin: Origin) -> bool:
        """Ends a session and says so in the audit log, in one transaction; False if it has ended already."""
        told = self._events.prepare(name, origin=origin, user_id=user_id, session_id=session.id)
        is_done = self._sessions.end(session, now=int(self._clock()), also=[told.write])
        if is_done:
            self._events.happened(told)
        return is_done

    def _tokens(self, account: Account, token: RefreshToken) -> LoggedIn:
        return LoggedIn(
            account=account,
            access_token=self._access_tokens.issue(account, session_id=token.session_id),
            expires_in=LIFETIME_S,
            refresh_token=token,
        )
