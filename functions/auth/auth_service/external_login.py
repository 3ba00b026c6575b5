"""What becomes of people whom an external provider has recognised: a login, a new account, a link, or a refusal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from msgspec.structs import replace

from auth_service.adapters.accounts_table import AccountsTable, ChangedMeanwhileError
from auth_service.adapters.identities_table import IdentitiesTable
from auth_service.domain.accounts import Account, user_id
from auth_service.domain.identities import ExternalPerson, LinkedIdentity
from auth_service.domain.jobs import Tell
from auth_service.domain.linking import link, link_by_address, linked, new_account, unlink
from auth_service.domain.mails import Notice
from auth_service.domain.roles import Roles
from auth_service.domain.security_events import Origin, SecurityEventName
from auth_service.errors import EmailTakenError, IdentityTakenError
from auth_service.job_queue import JobQueue
from auth_service.security_events import SecurityEvents
from functions.serverless.problems import UnavailableError

_LOOKED_AT: Final = ("email_verified_at", "totp", "passkeys", "session_epoch")
"""Whoever was shut out meanwhile adds no way in, and none is added past a second factor."""


class ExternalLogin:
    """Knows accounts by their identities. ``clock``: seconds since the epoch. ``randomness``: octets that nobody can
    guess."""

    def __init__(
        self,
        *,
        accounts: AccountsTable,
        identities: IdentitiesTable,
        jobs: JobQueue,
        events: SecurityEvents,
        roles: Roles,
        clock: Callable[[], float],
        randomness: Callable[[int], bytes],
    ) -> None:
        self._accounts = accounts
        self._identities = identities
        self._jobs = jobs
        self._events = events
        self._roles = roles
        self._clock = clock
        self._randomness = randomness

    def account_of(self, person: ExternalPerson, *, origin: Origin) -> Account:
        """The account that somebody logs in to, as `auth_service.domain.linking` has it.

        Raises:
            AccountExistsError, EmailMissingError: there is none, and none can be made.
            UnavailableError: others are changing it all the time.
        """
        for _ in range(3):
            known_as, owner = self._owner(person)
            try:
                if owner is not None:
                    return self._update(owner, person)
                holder = self._accounts.find_by_address(person.email) if person.email else None
                if holder is not None:
                    return self._link(
                        holder, link_by_address(holder, person, now_ms=self._now_ms()), known_as, person, origin
                    )
                return self._create(person, known_as, origin)
            except (ChangedMeanwhileError, EmailTakenError):
                continue  # somebody was faster: look again
        raise UnavailableError("The account is being changed at this moment. Please try again.")

    def link(self, account: Account, person: ExternalPerson, *, origin: Origin) -> Account:
        """Links an identity to an account whose owner has proven both.

        Raises:
            IdentityTakenError: it is another account's.
            UnavailableError: others are changing the account at this moment.
        """
        known_as, owner = self._owner(person)
        if owner is not None and owner.id != account.id:
            raise IdentityTakenError
        try:
            return self._link(account, link(account, person, now_ms=self._now_ms()), known_as, person, origin)
        except ChangedMeanwhileError as error:
            raise UnavailableError("The account is being changed at this moment. Please try again.") from error

    def unlink(self, account: Account, identity: LinkedIdentity, *, origin: Origin) -> Account:
        """Takes an identity from an account.

        Raises:
            LastLoginMethodError: there would be no way to log in any more.
            UnavailableError: others are changing the account at this moment.
        """
        without = unlink(account, identity.provider, identity.subject)
        name = SecurityEventName.IDENTITY_UNLINKED
        event = self._events.prepare(name, origin=origin, user_id=account.id, provider=identity.provider)
        try:
            self._accounts.change(account, without, also=[event.write], unchanged=("password_hash", "passkeys"))
        except ChangedMeanwhileError as error:
            raise UnavailableError("The account is being changed at this moment. Please try again.") from error
        self._events.happened(event)
        return without

    def _owner(self, person: ExternalPerson) -> tuple[str | None, Account | None]:
        """Whose the identity was last, and the account, if it still says so itself."""
        known_as = self._identities.find_user_id(person.provider, person.subject)
        account = self._accounts.find(known_as) if known_as is not None else None
        return known_as, account if account is not None and linked(account, person) is not None else None

    def _update(self, owner: Account, person: ExternalPerson) -> Account:
        updated = link(owner, person, now_ms=self._now_ms())
        self._accounts.change(owner, updated)
        return updated

    def _link(
        self, before: Account, after: Account, known_as: str | None, person: ExternalPerson, origin: Origin
    ) -> Account:
        pointer = self._identities.put(person.provider, person.subject, user_id=before.id, replacing=known_as)
        is_new = linked(before, person) is None
        notice = Tell(notice=Notice.IDENTITY_LINKED, email=before.email, locale=before.locale)
        told = self._jobs.promise(notice) if is_new else []
        name = SecurityEventName.IDENTITY_LINKED
        event = self._events.prepare(name, origin=origin, user_id=before.id, provider=person.provider)
        writes = [pointer, event.write, *(promise.write for promise in told)]
        self._accounts.change(before, after, also=writes, unchanged=_LOOKED_AT)
        self._jobs.start(told)
        self._events.happened(event)
        return after

    def _create(self, person: ExternalPerson, known_as: str | None, origin: Origin) -> Account:
        made = new_account(person, user_id=user_id(self._randomness(16)), now_ms=self._now_ms())
        account = replace(made, role=self._roles.default)
        pointer = self._identities.put(person.provider, person.subject, user_id=account.id, replacing=known_as)
        name = SecurityEventName.REGISTERED
        event = self._events.prepare(name, origin=origin, user_id=account.id, provider=person.provider)
        self._accounts.add(account, also=[pointer, event.write])
        self._events.happened(event)
        return account

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)
