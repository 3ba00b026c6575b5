"""Logins with a passkey alone, which is both what one has and proof that one is its owner."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from auth_service.adapters.accounts_table import AccountsTable, ChangedMeanwhileError
from auth_service.ceremonies import Ceremonies
from auth_service.domain.accounts import Account
from auth_service.domain.login_steps import Purpose
from auth_service.domain.passkeys import decoded
from auth_service.domain.security_events import Origin, SecurityEventName
from auth_service.errors import FactorInvalidError, PasskeysUnavailableError
from auth_service.factor_checks import FactorChecks, PasskeyProof
from auth_service.security_events import SecurityEvents
from auth_service.sessions import LoggedIn, Sessions
from functions.serverless.problems import UnavailableError


class PasskeyLogin:
    """Logs people in who do not say who they are: their passkey does. Nothing tells whether an account exists."""

    def __init__(
        self,
        *,
        accounts: AccountsTable,
        ceremonies: Ceremonies,
        checks: FactorChecks,
        sessions: Sessions,
        events: SecurityEvents,
    ) -> None:
        self._accounts = accounts
        self._ceremonies = ceremonies
        self._checks = checks
        self._sessions = sessions
        self._events = events

    def options(self) -> tuple[str, dict[str, Any]]:
        """The token of a new ceremony, and what a browser needs to ask for any passkey of this page.

        Raises:
            PasskeysUnavailableError: there are none here.
        """
        if self._checks.party is None:
            raise PasskeysUnavailableError
        token, challenge = self._ceremonies.begin(Purpose.LOGIN)
        return token, self._checks.party.request_options(challenge, must_verify=True)

    def log_in(self, ceremony: str, credential: Mapping[str, Any], *, origin: Origin) -> LoggedIn:
        """Opens a session.

        Raises:
            CeremonyError: there is no such ceremony any more.
            FactorInvalidError: the passkey is nobody's, or proves nothing.
            AccountSuspendedError: the account is suspended.
        """
        challenge = self._ceremonies.take(ceremony, Purpose.LOGIN)
        proof = PasskeyProof(credential=credential, challenge=challenge, must_verify=True)
        for _ in range(3):  # something else may change the account in between: then look again
            account = self._named(credential)
            if account is None:
                self._events.record(SecurityEventName.LOGIN_REFUSED, origin=origin, reason="unknown passkey")
                raise FactorInvalidError("the passkey is nobody's")
            checked = self._checks.check(account, proof, origin=origin)
            told = self._events.prepare(
                SecurityEventName.LOGGED_IN, origin=origin, user_id=account.id, method=proof.method.value
            )
            opening = self._sessions.prepare(checked.account, origin=origin, told=told, second_factor=True)
            try:
                self._accounts.change(account, checked.account, also=opening.writes)
            except ChangedMeanwhileError:
                continue
            return self._sessions.opened(opening)
        raise UnavailableError("The account is being changed at this moment. Please try again.")

    def _named(self, credential: Mapping[str, Any]) -> Account | None:
        """The account that the authenticator names (``userHandle``)."""
        try:
            user_id = decoded((credential["response"].get("userHandle") or "").rstrip("=")).decode("ascii")
        except ValueError:
            return None
        return self._accounts.find(user_id) if user_id else None
