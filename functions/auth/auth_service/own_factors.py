"""What people do with their own second factors: set one up, name it, remove it, make new recovery codes.

Whoever sets one up has proven it with that, so the session counts as proven. Every change is told by mail.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from msgspec.structs import replace

from auth_service.access_tokens import Bearer
from auth_service.adapters.accounts_table import AccountsTable, ChangedMeanwhileError
from auth_service.adapters.sessions_table import SessionsTable
from auth_service.ceremonies import Ceremonies
from auth_service.domain.accounts import Account
from auth_service.domain.jobs import Tell
from auth_service.domain.login_steps import Purpose
from auth_service.domain.mails import Notice
from auth_service.domain.passkeys import MAX_PASSKEYS, FactorRefusedError, Passkey, new_passkey
from auth_service.domain.recovery_codes import CODE_BYTES, COUNT, code_hash, written
from auth_service.domain.second_factors import Method, SecondFactorPolicy, has_second_factor
from auth_service.domain.security_events import Origin, SecurityEventName
from auth_service.domain.totp import PENDING_S, SECRET_BYTES, PendingTotp, Totp, otpauth_uri, secret_text, step_of
from auth_service.errors import (
    FactorInvalidError,
    LastLoginMethodError,
    NoSecondFactorError,
    NoSuchError,
    NothingPendingError,
    PasskeysUnavailableError,
    SecondFactorNeededError,
    TooManyPasskeysError,
)
from auth_service.factor_checks import CodeProof, FactorChecks
from auth_service.job_queue import JobQueue
from auth_service.security_events import SecurityEvents
from functions.serverless.names import normalise_line
from functions.serverless.problems import InvalidFieldError, UnavailableError
from functions.serverless.sealing import Sealing

_LOOKED_AT: Final = ("totp", "passkeys", "recovery_codes", "password_hash", "identities", "session_epoch")
"""The last way in stays, and whoever was shut out meanwhile adds none."""


class OwnFactors:
    """``site``: the platform's host name, by which apps call the account. ``clock``: seconds since the epoch.
    ``randomness``: octets that nobody can guess. All raise `UnavailableError` where somebody else is changing the
    account at this moment."""

    def __init__(
        self,
        *,
        accounts: AccountsTable,
        sessions: SessionsTable,
        ceremonies: Ceremonies,
        checks: FactorChecks,
        sealing: Sealing,
        policy: SecondFactorPolicy,
        jobs: JobQueue,
        events: SecurityEvents,
        site: str,
        clock: Callable[[], float],
        randomness: Callable[[int], bytes],
    ) -> None:
        self._accounts = accounts
        self._sessions = sessions
        self._ceremonies = ceremonies
        self._checks = checks
        self._sealing = sealing
        self._policy = policy
        self._jobs = jobs
        self._events = events
        self._site = site
        self._clock = clock
        self._randomness = randomness

    # ---- an authenticator app ----

    def begin_totp(self, bearer: Bearer) -> tuple[str, str]:
        """A new secret, as text and as the address in a QR code; it counts once it has shown a code."""
        account, secret = bearer.account, self._randomness(SECRET_BYTES)
        sealed = self._sealing.seal(secret, owner_id=account.id)
        pending = PendingTotp(sealed_secret=sealed, begun_at=int(self._clock()))
        try:
            self._accounts.change(account, replace(account, totp_pending=pending))
        except ChangedMeanwhileError as error:
            raise _busy() from error
        return secret_text(secret), otpauth_uri(secret, site=self._site, email=account.email)

    def confirm_totp(self, bearer: Bearer, code: str, *, device: str | None, origin: Origin) -> list[str] | None:
        """Takes the pending app with its first code; recovery codes, if it is the first second factor.

        Raises:
            NothingPendingError: there is none, or it was begun too long ago.
            FactorInvalidError: the code is wrong.
            RateLimitedError: there were too many attempts.
        """
        account, now = bearer.account, self._clock()
        pending = account.totp_pending
        if pending is None or pending.begun_at + PENDING_S <= now:
            raise NothingPendingError
        guess = self._checks.begin(account, CodeProof(method=Method.TOTP, code=code), device=device, origin=origin)
        secret = self._sealing.open(pending.sealed_secret, owner_id=account.id)
        step = step_of(secret, code, now=now)
        if step is None:
            raise FactorInvalidError("the first code is wrong")
        self._checks.right(guess)
        sealed = self._sealing.renewed(pending.sealed_secret, owner_id=account.id)
        totp = Totp(sealed_secret=sealed, enrolled_at=int(now * 1000), used_step=step)
        after, codes = self._with_codes(account, replace(account, totp=totp, totp_pending=None))
        self._keep(bearer, after, SecurityEventName.TOTP_ENROLLED, Notice.TOTP_ENROLLED, origin, proves=True)
        return codes

    def remove_totp(self, bearer: Bearer, *, origin: Origin) -> None:
        """Removes the app.

        Raises:
            NoSuchError: there is none.
            SecondFactorNeededError: it is the last second factor of who must have one.
        """
        if bearer.account.totp is None:
            raise NoSuchError("There is no authenticator app.")
        after = self._without(replace(bearer.account, totp=None, totp_pending=None))
        self._keep(bearer, after, SecurityEventName.TOTP_REMOVED, Notice.TOTP_REMOVED, origin)

    def renew_codes(self, bearer: Bearer, *, origin: Origin) -> list[str]:
        """New recovery codes; the old ones are void.

        Raises:
            NoSecondFactorError: there is nothing to recover from.
        """
        if not has_second_factor(bearer.account):
            raise NoSecondFactorError
        codes, after = self._new_codes(bearer.account)
        self._keep(bearer, after, SecurityEventName.RECOVERY_CODES_MADE, Notice.RECOVERY_CODES_MADE, origin)
        return codes

    # ---- passkeys ----

    def passkey_options(self, bearer: Bearer) -> tuple[str, dict[str, Any]]:
        """The token of a new ceremony, and what a browser needs to have a passkey made.

        Raises:
            PasskeysUnavailableError: browsers make none for this page.
            TooManyPasskeysError
        """
        if self._checks.party is None:
            raise PasskeysUnavailableError
        if len(bearer.account.passkeys) >= MAX_PASSKEYS:
            raise TooManyPasskeysError
        token, challenge = self._ceremonies.begin(Purpose.REGISTRATION, session_id=bearer.session.id)
        return token, self._checks.party.registration_options(bearer.account, challenge)

    def add_passkey(
        self, bearer: Bearer, ceremony: str, credential: Mapping[str, Any], *, name: str, origin: Origin
    ) -> tuple[Passkey, list[str] | None]:
        """Takes a passkey that was made; with recovery codes, if it is the first second factor.

        Raises:
            CeremonyError: there is no such ceremony of this session any more.
            InvalidFieldError: the credential is not what was asked for, or the name cannot be used.
            TooManyPasskeysError
        """
        account, line = bearer.account, normalise_line(name, field="name")
        authenticators = self._checks.authenticators()
        challenge = self._ceremonies.take(ceremony, Purpose.REGISTRATION, session_id=bearer.session.id)
        try:
            made = authenticators.register(credential, challenge)
        except FactorRefusedError as error:
            raise InvalidFieldError("credential", f"This is no passkey for this account and page: {error}.") from error
        passkey = new_passkey(made, name=line, now_ms=int(self._clock() * 1000))
        if any(known.credential_id == passkey.credential_id for known in account.passkeys):
            raise InvalidFieldError("credential", "The account has this passkey already.")
        if len(account.passkeys) >= MAX_PASSKEYS:
            raise TooManyPasskeysError
        after, codes = self._with_codes(account, replace(account, passkeys=(*account.passkeys, passkey)))
        self._keep(bearer, after, SecurityEventName.PASSKEY_ADDED, Notice.PASSKEY_ADDED, origin, proves=True)
        return passkey, codes

    def rename_passkey(self, bearer: Bearer, passkey_id: str, name: str, *, origin: Origin) -> Passkey:
        """Gives a passkey another name.

        Raises:
            NoSuchError, InvalidFieldError
        """
        before = _named(bearer.account, passkey_id)
        renamed = replace(before, name=normalise_line(name, field="name"))
        passkeys = tuple(renamed if each is before else each for each in bearer.account.passkeys)
        after = replace(bearer.account, passkeys=passkeys)
        if after != bearer.account:
            self._keep(bearer, after, SecurityEventName.PASSKEY_RENAMED, None, origin)
        return renamed

    def remove_passkey(self, bearer: Bearer, passkey_id: str, *, origin: Origin) -> None:
        """Removes a passkey.

        Raises:
            NoSuchError
            LastLoginMethodError: there would be no way to log in any more.
            SecondFactorNeededError: it is the last second factor of who must have one.
        """
        gone, account = _named(bearer.account, passkey_id), bearer.account
        passkeys = tuple(each for each in account.passkeys if each is not gone)
        if not passkeys and account.password_hash is None and not account.identities:
            raise LastLoginMethodError
        after = self._without(replace(account, passkeys=passkeys))
        self._keep(bearer, after, SecurityEventName.PASSKEY_REMOVED, Notice.PASSKEY_REMOVED, origin)

    # ---- both ----

    def required_of(self, account: Account) -> bool:
        """Whether somebody must have a second factor."""
        return self._policy.requires(account)

    def _with_codes(self, before: Account, after: Account) -> tuple[Account, list[str] | None]:
        if has_second_factor(before):
            return after, None
        codes, with_codes = self._new_codes(after)
        return with_codes, codes

    def _new_codes(self, account: Account) -> tuple[list[str], Account]:
        codes = [written(self._randomness(CODE_BYTES)) for _ in range(COUNT)]
        hashes = tuple(code_hash(code, user_id=account.id) for code in codes)
        return codes, replace(account, recovery_codes=hashes, recovery_codes_at=int(self._clock() * 1000))

    def _without(self, after: Account) -> Account:
        """The account when a factor has been taken from it: with the last one its recovery codes go, too."""
        if has_second_factor(after):
            return after
        if self._policy.requires(after):
            raise SecondFactorNeededError
        return replace(after, recovery_codes=(), recovery_codes_at=None)

    def _keep(
        self,
        bearer: Bearer,
        after: Account,
        name: SecurityEventName,
        notice: Notice | None,
        origin: Origin,
        *,
        proves: bool = False,
    ) -> None:
        """One transaction: the account, the event, the mail that tells it, and the session, if it is proven by it."""
        account = bearer.account
        event = self._events.prepare(name, origin=origin, user_id=account.id, session_id=bearer.session.id)
        tell = [] if notice is None else [Tell(notice=notice, email=account.email, locale=account.locale)]
        told = self._jobs.promise(*tell)
        writes = [event.write, *(promise.write for promise in told)]
        if proves:
            writes.append(self._sessions.prove(bearer.session, now=int(self._clock()), second_factor=True))
        try:
            self._accounts.change(account, after, also=writes, unchanged=_LOOKED_AT)
        except ChangedMeanwhileError as error:
            raise _busy() from error
        self._jobs.start(told)
        self._events.happened(event)


def _named(account: Account, passkey_id: str) -> Passkey:
    for passkey in account.passkeys:
        if passkey.id == passkey_id:
            return passkey
    raise NoSuchError("There is no such passkey.")


def _busy() -> UnavailableError:
    return UnavailableError("The account is being changed at this moment. Please try again.")
