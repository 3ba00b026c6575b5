"""Proof that it is still the account's owner who asks, for what a stolen access token must not be enough for."""

from __future__ import annotations

from collections.abc import Callable

from auth_service.access_tokens import Bearer
from auth_service.domain.accounts import Account
from auth_service.domain.security_events import Origin
from auth_service.errors import StepUpError
from auth_service.login import Login

FRESH_S = 600
"""A login that is no older than this is proof enough."""


class StepUp:
    """``clock``: seconds since the epoch."""

    def __init__(self, *, login: Login, clock: Callable[[], float]) -> None:
        self._login = login
        self._clock = clock

    def require(self, bearer: Bearer, password: str | None, *, origin: Origin) -> Account:
        """Lets somebody pass who has just logged in, or gives the account's password.

        Raises:
            RateLimitedError: there were too many attempts.
            InvalidCredentialsError: it is another password.
            StepUpError: there is none, and the login is too long ago.
        """
        if password is not None:
            account, _ = self._login.prove_at(bearer.account.email, password, origin=origin)
            return account
        if bearer.session.created_at + FRESH_S <= self._clock():
            raise StepUpError
        return bearer.account

    def require_password(self, bearer: Bearer, password: str | None, *, origin: Origin) -> Account:
        """Lets somebody pass who gives the account's password, or has just logged in to an account that has none.

        Raises:
            InvalidCredentialsError, StepUpError: they have not.
        """
        if password is None and bearer.account.password_hash is not None:
            raise StepUpError
        return self.require(bearer, password, origin=origin)
