"""New passwords for accounts that there are: by whoever knows the old one, or gets the account's mail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from msgspec.structs import replace

from auth_service.access_tokens import Bearer
from auth_service.adapters.accounts_table import AccountsTable, ChangedMeanwhileError
from auth_service.adapters.links_table import LinksTable
from auth_service.adapters.passwords import Passwords
from auth_service.adapters.requests_table import RequestsTable, request_of
from auth_service.adapters.sessions_table import SessionsTable
from auth_service.domain.accounts import Account, end_sessions, normalise_email, normalise_password
from auth_service.domain.jobs import OfferReset, Tell
from auth_service.domain.linking import prove_address
from auth_service.domain.links import LinkKind
from auth_service.domain.mails import Notice
from auth_service.domain.second_factors import has_second_factor
from auth_service.domain.security_events import Origin, SecurityEventName
from auth_service.errors import InvalidCredentialsError, LinkInvalidError, MailOffError
from auth_service.job_queue import JobQueue
from auth_service.login import Login
from auth_service.new_passwords import NewPasswords
from auth_service.security_events import SecurityEvents
from auth_service.step_up import StepUp
from functions.serverless.problems import InvalidFieldError, UnavailableError, ValidationFailedError

_ANOTHERS: Final = ("identities", "passkeys", "recovery_codes")
"""What falls with the first proof of an address, also if it is added at this moment."""


class PasswordChanges:
    """Changes passwords. ``clock``: seconds since the epoch."""

    def __init__(
        self,
        *,
        accounts: AccountsTable,
        sessions: SessionsTable,
        links: LinksTable,
        requests: RequestsTable,
        logins: Login,
        step_up: StepUp,
        passwords: Passwords,
        new_passwords: NewPasswords,
        jobs: JobQueue,
        events: SecurityEvents,
        clock: Callable[[], float],
    ) -> None:
        self._accounts = accounts
        self._sessions = sessions
        self._links = links
        self._requests = requests
        self._logins = logins
        self._step_up = step_up
        self._passwords = passwords
        self._new_passwords = new_passwords
        self._jobs = jobs
        self._events = events
        self._clock = clock

    def forgotten(self, *, email: str, origin: Origin) -> None:
        """Has a link sent to an address if it has an account. Whether it has is not looked up here, and so not told.

        Raises:
            MailOffError: no mail is sent.
            InvalidFieldError: it is no address.
        """
        if not self._jobs.sends_mail:
            raise MailOffError
        asked = OfferReset(email=normalise_email(email))
        self._events.record(SecurityEventName.PASSWORD_RESET_ASKED, origin=origin)
        self._jobs.add(asked)

    def reset(self, *, token: str, new_password: str, origin: Origin) -> None:
        """Gives the account of a link a new password and ends all of its sessions; opens none, since other proofs than
        a mailbox may be needed for that. May be repeated with the same password.

        Raises:
            LinkInvalidError: the link is unknown, too old, or was used.
            WeakPasswordError: the password is too easy to guess.
        """
        for _ in range(3):  # something else may change the account in between: then look again
            link = self._links.find(token, LinkKind.PASSWORD_RESET, now=self._clock())
            account = None if link is None or link.user_id is None else self._accounts.find(link.user_id)
            if link is None or account is None:
                raise LinkInvalidError
            if link.used_by is not None:
                if self._passwords.matches(normalise_password(new_password), account.password_hash):
                    return  # the same request again, whose answer was lost
                raise LinkInvalidError
            if link.epoch != account.reset_epoch or link.email != account.email:
                raise LinkInvalidError
            proven = prove_address(account, now_ms=int(self._clock() * 1000))
            renewed = replace(self._with_password(proven, new_password), reset_epoch=account.reset_epoch + 1)
            after = end_sessions(renewed)
            told = self._jobs.promise(_told(account))
            event = self._events.prepare(SecurityEventName.PASSWORD_RESET, origin=origin, user_id=account.id)
            writes = [self._links.use(link, by=account.id), event.write, *(promise.write for promise in told)]
            try:
                self._accounts.change(account, after, also=writes, unchanged=_ANOTHERS)
            except ChangedMeanwhileError:
                continue
            self._jobs.start(told)
            self._events.happened(event)
            return
        raise UnavailableError("The account is being changed at this moment. Please try again.")

    def change(
        self,
        bearer: Bearer,
        *,
        current_password: str | None,
        new_password: str,
        end_other_sessions: bool,
        origin: Origin,
        request_key: str | None = None,
    ) -> None:
        """Gives the bearer a new password; unless told otherwise, all sessions but the one at hand end.

        ``request_key`` names the request: made again within a day, while the password is the new one, it changes
        nothing, although the current password is not the one it names any more. What is kept of it says nothing of
        passwords: whether it is the new one is asked as it is at a login, where guesses are counted.

        Raises:
            ValidationFailedError: the key names another request, or one of another session.
            RateLimitedError: there were too many guesses.
            InvalidFieldError: the account has a password, and the current one is missing.
            InvalidCredentialsError: it is another.
            StepUpError: the account has no password, or a second factor, and the last proof is too long ago.
            WeakPasswordError: the new one is too easy to guess.
            UnavailableError: the account is being changed at this moment.
        """
        request = request_of(bearer.account.id, "password", request_key, end_other_sessions, bearer.session.id)
        if self._requests.made_before(request) is not None:
            try:
                self._logins.prove_at(bearer.account.email, new_password, origin=origin)
            except InvalidCredentialsError as error:
                raise ValidationFailedError("This Idempotency-Key was used for another request.") from error
            return
        account = self._proven(bearer, current_password, origin)
        after = self._with_password(account, new_password)
        told = self._jobs.promise(_told(account))
        event = self._events.prepare(
            SecurityEventName.PASSWORD_CHANGED, origin=origin, user_id=account.id, session_id=bearer.session.id
        )
        writes = [event.write, *(promise.write for promise in told), *self._requests.writes(request, account.id)]
        if end_other_sessions:
            after = end_sessions(after, keep=bearer.session.id)
            writes.append(self._sessions.lift(bearer.session, to_epoch=after.session_epoch))
        try:
            self._accounts.change(account, after, also=writes)
        except ChangedMeanwhileError as error:
            raise UnavailableError("The account is being changed at this moment. Please try again.") from error
        self._jobs.start(told)
        self._events.happened(event)

    def _proven(self, bearer: Bearer, current_password: str | None, origin: Origin) -> Account:
        account = bearer.account
        if account.password_hash is None or has_second_factor(account):
            self._step_up.require(bearer)
        if account.password_hash is None:
            return account
        if current_password is None:
            raise InvalidFieldError("current_password", "The account has a password: please give it, too.")
        proven, _ = self._logins.prove_at(account.email, current_password, origin=origin)
        return proven

    def _with_password(self, account: Account, password: str) -> Account:
        password_hash = self._new_passwords.hash(password, email=account.email, display_name=account.display_name)
        return replace(
            account,
            password_hash=password_hash,
            must_change_password=False,
        )


def _told(account: Account) -> Tell:
    return Tell(notice=Notice.PASSWORD_CHANGED, email=account.email, locale=account.locale)
