"""What becomes of somebody whose first factor was right: a session, or the question for a second one."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from auth_service.adapters.accounts_table import AccountsTable, ChangedMeanwhileError
from auth_service.adapters.login_steps_table import LoginStepsTable
from auth_service.domain.accounts import Account
from auth_service.domain.login_steps import LOGIN_S, TOKEN_BYTES, LoginStep, challenge_of, mark_of, token_hash
from auth_service.domain.second_factors import Method, has_second_factor, second_factors_of
from auth_service.domain.security_events import Origin, SecurityEventName
from auth_service.errors import LoginAttemptError, PasskeysUnavailableError
from auth_service.factor_checks import Checked, CodeProof, FactorChecks, PasskeyProof, Proof
from auth_service.guessing import Guessing
from auth_service.security_events import Prepared, SecurityEvents
from auth_service.sessions import LoggedIn, Sessions
from functions.serverless.problems import UnavailableError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef as Write


class SecondFactorAsked(Struct, frozen=True, kw_only=True):
    """A login that waits: the token that finishes it, how long it can (seconds), and with what."""

    token: str
    expires_in: int
    methods: tuple[Method, ...]

    def __repr__(self) -> str:
        return f"SecondFactorAsked(methods={self.methods!r})"


class Entry:
    """``clock``: seconds since the epoch. ``randomness``: octets that nobody can guess."""

    def __init__(
        self,
        *,
        accounts: AccountsTable,
        steps: LoginStepsTable,
        checks: FactorChecks,
        sessions: Sessions,
        guessing: Guessing,
        events: SecurityEvents,
        clock: Callable[[], float],
        randomness: Callable[[int], bytes],
    ) -> None:
        self._accounts = accounts
        self._steps = steps
        self._checks = checks
        self._sessions = sessions
        self._guessing = guessing
        self._events = events
        self._clock = clock
        self._randomness = randomness

    def enter(
        self,
        account: Account,
        *,
        origin: Origin,
        provider: str | None = None,
        asks: bool = True,
        names_device: bool = False,
    ) -> LoggedIn | SecondFactorAsked:
        """A session for somebody whose first factor was right, or the question for a second one, if the account has
        one. ``provider``: where that was, None for a password here; ``asks``: whether it is not trusted with both;
        ``names_device``: whether the client gets a name with its session.

        Raises:
            AccountSuspendedError: the account is suspended.
        """
        if not asks or not has_second_factor(account):
            return self._open(account, origin, provider, names_device=names_device)
        self._sessions.check_usable(account, origin=origin)
        token = base64.urlsafe_b64encode(self._randomness(TOKEN_BYTES)).rstrip(b"=").decode()
        step = LoginStep(
            token_hash=token_hash(token),
            user_id=account.id,
            mark=mark_of(account),
            expires_at=int(self._clock()) + LOGIN_S,
            provider=provider,
        )
        self._steps.add(step)
        self._events.record(SecurityEventName.SECOND_FACTOR_ASKED, origin=origin, user_id=account.id)
        return self._asked(token, step, account)

    def waiting(self, token: str) -> SecondFactorAsked:
        """What a login waits for.

        Raises:
            LoginAttemptError: there is no such login any more.
        """
        return self._asked(token, *self._found(token))

    def passkey_options(self, token: str) -> dict[str, Any]:
        """What a browser needs to ask for one of the account's passkeys.

        Raises:
            LoginAttemptError, PasskeysUnavailableError
        """
        _, account = self._found(token)
        if self._checks.party is None or not account.passkeys:
            raise PasskeysUnavailableError
        return self._checks.party.request_options(challenge_of(token), passkeys=account.passkeys, must_verify=False)

    def finish(self, token: str, given: CodeProof | dict[str, Any], *, device: str | None, origin: Origin) -> LoggedIn:
        """The session of a login whose second factor is right: a code, or an authenticator's answer. The device gets a
        new name, if its own is not known.

        Raises:
            LoginAttemptError: there is no such login any more.
            RateLimitedError: there were too many attempts at codes.
            FactorInvalidError: the code or the passkey is not right, or was used before.
            AccountSuspendedError: the account is suspended.
        """
        proof: Proof = (
            given
            if isinstance(given, CodeProof)
            else PasskeyProof(credential=given, challenge=challenge_of(token), must_verify=False)
        )
        step, account = self._found(token)
        guess = self._checks.begin(account, proof, device=device, origin=origin)
        for _ in range(3):  # something else may change the account in between: then look again
            checked = self._checks.check(account, proof, origin=origin)
            is_new = not self._guessing.knows(account, device)
            done = self._keep(account, checked, step, proof.method, origin=origin, names_device=is_new)
            if done is not None:
                self._checks.right(guess)
                return done
            step, account = self._found(token)
        raise UnavailableError("The account is being changed at this moment. Please try again.")

    def _keep(
        self, before: Account, checked: Checked, step: LoginStep, method: Method, *, origin: Origin, names_device: bool
    ) -> LoggedIn | None:
        """Uses up both the proof and the login, and opens the session that they are for: in one transaction. None if
        one of them is not what was read any more."""
        told = self._told(before, origin, step.provider, method)
        opening = self._sessions.prepare(checked.account, origin=origin, told=told, second_factor=True)
        name, also = self._name(before, second_factor=True) if names_device else (None, [])
        writes = [self._steps.finish(step), *checked.writes(), *opening.writes, *also]
        try:
            self._accounts.change(before, checked.account, also=writes)
        except ChangedMeanwhileError:
            return None
        self._checks.happened(checked)
        return replace(self._sessions.opened(opening), device=name)

    def _found(self, token: str) -> tuple[LoginStep, Account]:
        step = self._steps.find(token, now=self._clock())
        account = None if step is None else self._accounts.find(step.user_id)
        if step is None or account is None or step.mark != mark_of(account):
            raise LoginAttemptError
        return step, account

    def _asked(self, token: str, step: LoginStep, account: Account) -> SecondFactorAsked:
        methods = second_factors_of(account, passkeys=self._checks.party is not None)
        return SecondFactorAsked(token=token, expires_in=step.expires_at - int(self._clock()), methods=methods)

    def _open(self, account: Account, origin: Origin, provider: str | None, *, names_device: bool) -> LoggedIn:
        """The session, what the audit log says of it, and the device's name: in one transaction."""
        name, also = self._name(account, second_factor=False) if names_device else (None, [])
        told = self._told(account, origin, provider, None)
        return replace(self._sessions.open(account, origin=origin, told=told, also=also), device=name)

    def _told(self, account: Account, origin: Origin, provider: str | None, method: Method | None) -> Prepared:
        details = {"provider": provider, "method": None if method is None else method.value}
        known = {name: value for name, value in details.items() if value is not None}
        return self._events.prepare(SecurityEventName.LOGGED_IN, origin=origin, user_id=account.id, **known)

    def _name(self, account: Account, *, second_factor: bool) -> tuple[str, list[Write]]:
        name, write = self._guessing.name_for(account, second_factor=second_factor)
        return name, [write]
