"""How people get an account."""

from __future__ import annotations

from collections.abc import Callable

from auth_service.adapters.accounts_table import AccountsTable
from auth_service.adapters.passwords import Passwords
from auth_service.domain.accounts import (
    Account,
    check_new_password,
    normalise_email,
    normalise_password,
    user_id,
)
from auth_service.domain.roles import Roles
from auth_service.domain.security_events import Origin, SecurityEventName
from auth_service.security_events import SecurityEvents
from auth_service.sessions import LoggedIn, Sessions
from functions.serverless.names import normalise_line


class Registration:
    """Makes accounts. ``clock``: seconds since the epoch. ``randomness``: octets that nobody can guess."""

    def __init__(
        self,
        *,
        accounts: AccountsTable,
        passwords: Passwords,
        sessions: Sessions,
        events: SecurityEvents,
        roles: Roles,
        clock: Callable[[], float],
        randomness: Callable[[int], bytes],
    ) -> None:
        self._accounts = accounts
        self._passwords = passwords
        self._sessions = sessions
        self._events = events
        self._roles = roles
        self._clock = clock
        self._randomness = randomness

    def register(self, *, email: str, password: str, display_name: str, origin: Origin) -> LoggedIn:
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
            role=self._roles.default,
        )
        self._accounts.add(account)
        self._events.record(SecurityEventName.REGISTERED, origin=origin, user_id=account.id)
        return self._sessions.open(account)
