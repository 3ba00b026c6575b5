"""Proof that it is still the account's owner who asks, for what a stolen access token must not be enough for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from auth_service.access_tokens import AccessTokens, Bearer
from auth_service.adapters.accounts_table import AccountsTable, ChangedMeanwhileError
from auth_service.adapters.sessions_table import SessionsTable
from auth_service.adapters.table import CancelledError, Table
from auth_service.ceremonies import Ceremonies
from auth_service.domain.accounts import Account
from auth_service.domain.login_steps import Purpose
from auth_service.domain.second_factors import Method, has_second_factor, step_up_methods
from auth_service.domain.security_events import Origin, SecurityEventName
from auth_service.errors import PasskeysUnavailableError, SessionExpiredError, StepUpError
from auth_service.factor_checks import Checked, CodeProof, FactorChecks, PasskeyProof, Proof
from auth_service.login import Login
from auth_service.security_events import Prepared, SecurityEvents
from contracts.access_token import AccessClaims
from functions.serverless.problems import UnavailableError


class StepUp:
    """``clock``: seconds since the epoch."""

    def __init__(
        self,
        *,
        table: Table,
        accounts: AccountsTable,
        sessions: SessionsTable,
        access_tokens: AccessTokens,
        logins: Login,
        checks: FactorChecks,
        ceremonies: Ceremonies,
        events: SecurityEvents,
        clock: Callable[[], float],
    ) -> None:
        self._table = table
        self._accounts = accounts
        self._sessions = sessions
        self._access_tokens = access_tokens
        self._logins = logins
        self._checks = checks
        self._ceremonies = ceremonies
        self._events = events
        self._clock = clock

    def check(self, claims: AccessClaims) -> None:
        """Lets somebody pass who has just proven who they are; and programs, whose key is all there is to them.

        Raises:
            StepUpError: the proof is too long ago, or was weaker than what the account has by now.
            SessionExpiredError: the session has ended.
        """
        if claims.client_id is None:
            self.require(self._access_tokens.bearer(claims))

    def require(self, bearer: Bearer) -> None:
        """As `check`."""
        strong = has_second_factor(bearer.account)
        if not bearer.session.is_proven(second_factor=strong, now=self._clock()):
            raise StepUpError(self._methods(bearer.account))

    def with_password(self, bearer: Bearer, password: str, *, device: str | None, origin: Origin) -> None:
        """Proves a session with the account's password.

        Raises:
            StepUpError: this account needs more, or has none.
            RateLimitedError: there were too many attempts.
            InvalidCredentialsError: it is another.
        """
        account = bearer.account
        if has_second_factor(account) or account.password_hash is None:
            raise StepUpError(self._methods(account))
        self._logins.prove_at(account.email, password, device=device, origin=origin)
        write = self._sessions.prove(bearer.session, now=int(self._clock()), second_factor=False)
        event = self._proven(bearer, Method.PASSWORD, origin)
        try:
            self._table.transact([write, event.write])
        except CancelledError as error:
            raise SessionExpiredError from error
        self._events.happened(event)

    def passkey_options(self, bearer: Bearer) -> tuple[str, dict[str, Any]]:
        """The token of a new ceremony, and what a browser needs to ask for one of the account's passkeys.

        Raises:
            PasskeysUnavailableError: there are none.
        """
        party, passkeys = self._checks.party, bearer.account.passkeys
        if party is None or not passkeys:
            raise PasskeysUnavailableError
        token, challenge = self._ceremonies.begin(Purpose.STEP_UP, session_id=bearer.session.id)
        return token, party.request_options(challenge, passkeys=passkeys, must_verify=True)

    def with_passkey(self, bearer: Bearer, ceremony: str, credential: Mapping[str, Any], *, origin: Origin) -> None:
        """Proves a session with a passkey.

        Raises:
            CeremonyError: there is no such ceremony of this session any more.
            FactorInvalidError: it proves nothing.
        """
        challenge = self._ceremonies.take(ceremony, Purpose.STEP_UP, session_id=bearer.session.id)
        proof = PasskeyProof(credential=credential, challenge=challenge, must_verify=True)
        self._with_factor(bearer, proof, device=None, origin=origin)

    def with_code(self, bearer: Bearer, proof: CodeProof, *, device: str | None, origin: Origin) -> None:
        """Proves a session with a code.

        Raises:
            RateLimitedError: there were too many attempts.
            FactorInvalidError: it is wrong, or was used before.
        """
        self._with_factor(bearer, proof, device=device, origin=origin)

    def _with_factor(self, bearer: Bearer, proof: Proof, *, device: str | None, origin: Origin) -> None:
        account: Account | None = bearer.account
        guess = self._checks.begin(bearer.account, proof, device=device, origin=origin)
        for _ in range(3):  # something else may change the account in between: then look again
            if account is None:
                raise SessionExpiredError
            checked = self._checks.check(account, proof, origin=origin)
            if self._keep(bearer, account, checked, self._proven(bearer, proof.method, origin)):
                self._checks.right(guess)
                return
            account = self._accounts.find(account.id)
        raise UnavailableError("The account is being changed at this moment. Please try again.")

    def _keep(self, bearer: Bearer, before: Account, checked: Checked, event: Prepared) -> bool:
        """Uses up the proof, and says so in the session; False if the account is not what was read any more."""
        proven = self._sessions.prove(bearer.session, now=int(self._clock()), second_factor=True)
        writes = [proven, event.write, *checked.writes()]
        try:
            self._accounts.change(before, checked.account, also=writes)
        except ChangedMeanwhileError:
            return False
        self._checks.happened(checked)
        self._events.happened(event)
        return True

    def _proven(self, bearer: Bearer, method: Method, origin: Origin) -> Prepared:
        return self._events.prepare(
            SecurityEventName.STEPPED_UP,
            origin=origin,
            user_id=bearer.account.id,
            session_id=bearer.session.id,
            method=method.value,
        )

    def _methods(self, account: Account) -> tuple[str, ...]:
        return tuple(step_up_methods(account, passkeys=self._checks.party is not None))
