"""How people prove who they are with a password."""

from __future__ import annotations

from msgspec.structs import replace

from auth_service.adapters.accounts_table import AccountsTable
from auth_service.adapters.passwords import Passwords
from auth_service.domain.accounts import Account, normalise_email, normalise_password
from auth_service.domain.security_events import Origin, SecurityEventName
from auth_service.entry import Entry, SecondFactorAsked
from auth_service.errors import InvalidCredentialsError, PasswordChangeRequiredError
from auth_service.guessing import Guessing
from auth_service.security_events import SecurityEvents
from auth_service.sessions import LoggedIn
from functions.serverless.problems import InvalidFieldError


class Login:
    """Logs people in."""

    def __init__(
        self,
        *,
        accounts: AccountsTable,
        passwords: Passwords,
        entry: Entry,
        guessing: Guessing,
        events: SecurityEvents,
    ) -> None:
        self._accounts = accounts
        self._passwords = passwords
        self._entry = entry
        self._guessing = guessing
        self._events = events

    def log_in(
        self, *, email: str, password: str, origin: Origin, device: str | None = None
    ) -> LoggedIn | SecondFactorAsked:
        """Checks a password and opens a session, or asks for a second factor. ``device``: the name that the client was
        given for itself before; it gets a new one if that is not known.

        Raises:
            RateLimitedError: there were too many attempts.
            InvalidCredentialsError: there is no such account, or the password is another; with the same work for both.
            AccountSuspendedError, PasswordChangeRequiredError: the password is right, and does not open a session.
        """
        account, known = self.prove_at(email, password, device=device, origin=origin)
        if account.must_change_password:
            raise PasswordChangeRequiredError
        return self._entry.enter(account, origin=origin, names_device=not known)

    def prove_at(self, email: str, password: str, *, device: str | None = None, origin: Origin) -> tuple[Account, bool]:
        """The account with an address, if the password is its own; and whether its owner is known to use the device.

        Raises:
            RateLimitedError: there were too many attempts.
            InvalidCredentialsError: there is no such account, or the password is another; with the same work for both.
        """
        address = _address(email)
        known = None if address is None else self._accounts.find_by_address(address)
        # By the form that finds the account: other ways to write an address must not be more attempts at it.
        guess = self._guessing.begin(address or email, known, device=device, origin=origin)
        account = self.prove(known, password, origin=origin)
        self._guessing.right(guess)
        return account, guess.device is not None

    def prove(self, account: Account | None, password: str, *, origin: Origin) -> Account:
        """The account, if the password is its own; its hash is renewed if today's parameters are higher.

        Raises:
            InvalidCredentialsError: it is another, or there is no account; with the same work for both.
        """
        secret = normalise_password(password)
        if not self._passwords.matches(secret, account.password_hash if account else None) or account is None:
            self._events.record(SecurityEventName.LOGIN_REFUSED, origin=origin, user_id=account.id if account else None)
            raise InvalidCredentialsError
        if account.password_hash is not None and self._passwords.is_outdated(account.password_hash):
            renewed = self._passwords.hash(secret)
            self._accounts.replace_password_hash(account, renewed)
            return replace(account, password_hash=renewed)
        return account


def _address(text: str) -> str | None:
    """The address that accounts are found by; None: it cannot be anyone's, and nothing is told by answering sooner."""
    try:
        return normalise_email(text)
    except InvalidFieldError:
        return None
