"""How people get an account: at once where no mail is sent, and by the link of a mail where it is.

With mail, nothing tells whether an address has an account already: the request is hashed and queued, and looked at
only afterwards (`auth_service.worker`). The account is made when its link is used, with the password that was chosen:
who registers a stranger's address gets nothing, even if the stranger follows the link.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from auth_service.adapters.accounts_table import AccountsTable, ChangedMeanwhileError
from auth_service.adapters.links_table import LinksTable
from auth_service.adapters.passwords import Passwords
from auth_service.domain.accounts import Account, Locale, normalise_email, normalise_password, user_id
from auth_service.domain.jobs import ConfirmRegistration
from auth_service.domain.linking import prove_address
from auth_service.domain.links import Link, LinkKind
from auth_service.domain.roles import Roles
from auth_service.domain.second_factors import has_second_factor
from auth_service.domain.security_events import Origin, SecurityEventName
from auth_service.errors import EmailTakenError, InvalidCredentialsError, LinkInvalidError
from auth_service.job_queue import JobQueue
from auth_service.new_passwords import NewPasswords
from auth_service.security_events import SecurityEvents
from auth_service.sessions import LoggedIn, Opening, Sessions
from functions.serverless.names import normalise_line
from functions.serverless.problems import InvalidFieldError

_KEY_KEPT_MS = 86_400_000


class Registration:
    """Makes accounts. ``clock``: seconds since the epoch. ``randomness``: octets that nobody can guess."""

    def __init__(
        self,
        *,
        accounts: AccountsTable,
        links: LinksTable,
        passwords: Passwords,
        new_passwords: NewPasswords,
        sessions: Sessions,
        jobs: JobQueue,
        events: SecurityEvents,
        roles: Roles,
        clock: Callable[[], float],
        randomness: Callable[[int], bytes],
    ) -> None:
        self._accounts = accounts
        self._links = links
        self._passwords = passwords
        self._new_passwords = new_passwords
        self._sessions = sessions
        self._jobs = jobs
        self._events = events
        self._roles = roles
        self._clock = clock
        self._randomness = randomness

    def register(
        self,
        *,
        email: str,
        password: str,
        display_name: str,
        locale: Locale,
        idempotency_key: str | None,
        origin: Origin,
    ) -> LoggedIn | None:
        """Makes an account and logs it in; None: a mail is on its way instead.

        Raises:
            InvalidFieldError, WeakPasswordError: a field cannot be used.
            EmailTakenError: the address has an account, where no mail is sent.
        """
        address = normalise_email(email)
        name = normalise_line(display_name, field="display_name")
        password_hash = self._new_passwords.hash(password, email=address, display_name=name)
        key = None if idempotency_key is None else _digest("register", idempotency_key, address)
        if self._jobs.sends_mail:
            asked = ConfirmRegistration(email=address, display_name=name, password_hash=password_hash, locale=locale)
            self._events.record(SecurityEventName.REGISTRATION_ASKED, origin=origin)
            self._jobs.add(asked, name=key)
            return None
        account = self._new_account(address, name, password_hash, locale, creation_key=key)
        opening = self._opening(account, origin)
        try:
            self._accounts.add(account, also=opening.writes)
        except EmailTakenError:
            if key is None:
                raise
            known = self._made_before(address, password, key)
            told = self._events.prepare(SecurityEventName.LOGGED_IN, origin=origin, user_id=known.id)
            return self._sessions.open(known, origin=origin, told=told)
        return self._sessions.opened(opening)

    def confirm(self, *, token: str, password: str, origin: Origin) -> LoggedIn:
        """Makes the account that a link is for, if the password is the one that was chosen, and logs it in.

        A link that was used opens nothing more: its account is there, and logging in has rules of its own.

        Raises:
            LinkInvalidError: the link is unknown, too old, or was used.
            InvalidCredentialsError: the password is another.
            EmailTakenError: the address has got an account by another link.
        """
        link = self._links.find(token, LinkKind.REGISTRATION, now=self._clock())
        if link is None or link.used_by is not None:
            raise LinkInvalidError
        if not self._passwords.matches(normalise_password(password), link.password_hash):
            raise InvalidCredentialsError("The password is not the one that was chosen for this account.")
        account = self._account_of(link)
        opening = self._opening(account, origin)
        try:
            self._accounts.add(account, also=[self._links.use(link, by=account.id), *opening.writes])
        except (ChangedMeanwhileError, EmailTakenError):
            again = self._links.find(token, LinkKind.REGISTRATION, now=self._clock())
            if again is None or again.used_by is not None:  # by the same link, a moment ago
                raise LinkInvalidError from None
            raise EmailTakenError from None
        return self._sessions.opened(opening)

    def _made_before(self, address: str, password: str, key: str) -> Account:
        """The account that the same request has made, whose answer was lost."""
        account = self._accounts.find_by_address(address)
        now = self._clock() * 1000
        if account is None or account.creation_key != key or now - account.created_at > _KEY_KEPT_MS:
            raise EmailTakenError
        if has_second_factor(account):  # its owner has been in since then: logging in has rules of its own
            raise EmailTakenError
        if not self._passwords.matches(normalise_password(password), account.password_hash):
            raise InvalidFieldError("Idempotency-Key", "This key was used with another body.")
        return account

    def _account_of(self, link: Link) -> Account:
        made = self._new_account(
            link.email or "", link.display_name or "", link.password_hash or "", link.locale, creation_key=None
        )
        return prove_address(made, now_ms=made.created_at)

    def _new_account(
        self, email: str, display_name: str, password_hash: str, locale: Locale, *, creation_key: str | None
    ) -> Account:
        now = self._clock()
        return Account(
            id=user_id(self._randomness(16)),
            email=email,
            display_name=display_name,
            password_hash=password_hash,
            created_at=int(now * 1000),
            last_used_at=int(now),
            locale=locale,
            role=self._roles.default,
            creation_key=creation_key,
        )

    def _opening(self, account: Account, origin: Origin) -> Opening:
        """The first session, which opens in the transaction that makes the account."""
        told = self._events.prepare(SecurityEventName.REGISTERED, origin=origin, user_id=account.id)
        return self._sessions.prepare(account, origin=origin, told=told)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
