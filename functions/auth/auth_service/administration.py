"""Administrators' work with the accounts of others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from auth_service.adapters.accounts_table import AccountsTable, ChangedMeanwhileError
from auth_service.adapters.requests_table import Request, RequestsTable, request_of
from auth_service.domain.accounts import DEFAULT_LOCALE, Account, end_sessions, normalise_email, user_id
from auth_service.domain.jobs import OfferReset, Tell, erasing
from auth_service.domain.mails import Notice
from auth_service.domain.roles import Roles
from auth_service.domain.second_factors import without_factors
from auth_service.domain.security_events import Origin, SecurityEventName
from auth_service.errors import (
    AppointedBySettingError,
    EmailTakenError,
    LastLoginMethodError,
    MadeAndGoneError,
    MailOffError,
    NoSuchError,
    NotYoursError,
)
from auth_service.job_queue import JobQueue
from auth_service.new_passwords import NewPasswords
from auth_service.security_events import SecurityEvents
from contracts.access_control import NOT_FOR_SERVICE_ACCOUNTS, PERMISSIONS_OF_ROLE, PlatformRole
from contracts.access_token import AccessClaims
from functions.serverless.names import normalise_line
from functions.serverless.problems import UnavailableError

State = Literal["active", "invited", "suspended"]
_READ = 200
_MAX_READS = 10
"""A page may be short, or empty, and others follow: no request reads all accounts."""
_FACTORS: Final = ("totp", "totp_pending", "passkeys", "recovery_codes")
"""None of them is left, also if it is added at this moment."""


class UserFilter(Struct, frozen=True, kw_only=True):
    """Whom an administrator looks for; None: anybody. ``search``: what is in the address or in the name, or the id;
    ``email``: how the address begins; ``name``: what is in the name. Whatever the case."""

    search: str | None = None
    email: str | None = None
    name: str | None = None
    role: PlatformRole | None = None
    state: State | None = None
    used_before: int | None = None
    """Who was not here since then (milliseconds), or never."""


def state_of(account: Account) -> State:
    """Invited: has not chosen a way to log in yet."""
    if account.suspended_at is not None:
        return "suspended"
    has_way_in = account.password_hash is not None or account.identities or account.passkeys
    if account.must_change_password or not has_way_in:
        return "invited"
    return "active"


class Administration:
    """Every change stands in the audit log, in the same transaction. ``clock``: seconds since the epoch.
    ``randomness``: octets that nobody can guess. All raise `NotYoursError` where the caller may less than who is
    concerned, and `UnavailableError` where somebody else is changing the account at this moment."""

    def __init__(
        self,
        *,
        accounts: AccountsTable,
        requests: RequestsTable,
        new_passwords: NewPasswords,
        roles: Roles,
        jobs: JobQueue,
        events: SecurityEvents,
        clock: Callable[[], float],
        randomness: Callable[[int], bytes],
    ) -> None:
        self._accounts = accounts
        self._requests = requests
        self._new_passwords = new_passwords
        self._roles = roles
        self._jobs = jobs
        self._events = events
        self._clock = clock
        self._randomness = randomness

    def page(self, wanted: UserFilter, *, after: str, limit: int) -> tuple[list[Account], str | None]:
        """Accounts by address, and the address after which the next page begins; None at the end."""
        found: list[Account] = []
        for _ in range(_MAX_READS):
            read = self._accounts.by_address(prefix=wanted.email or "", after=after, limit=_READ)
            for account in read:
                after = account.email
                if self._fits(account, wanted):
                    found.append(account)
                if len(found) == limit:
                    return found, after
            if len(read) < _READ:
                return found, None
        return found, after

    def find(self, account_id: str) -> Account:
        """The account with an id.

        Raises:
            NoSuchError: there is none.
        """
        account = self._accounts.find(account_id)
        if account is None:
            raise NoSuchError("There is no such user.")
        return account

    def create(
        self,
        caller: AccessClaims,
        *,
        email: str,
        display_name: str,
        role: PlatformRole | None,
        password: str | None,
        request_key: str | None,
        origin: Origin,
    ) -> Account:
        """Makes an account for somebody else: with a first password, which they must replace, or else they get a mail
        to choose one. ``request_key`` names the request: repeated within a day, it gives the same account.

        Raises:
            InvalidFieldError, WeakPasswordError, EmailTakenError
            ValidationFailedError: the key names another request.
            MadeAndGoneError: the account that the same request made has been deleted.
            MailOffError: there is no password, and no mail is sent.
        """
        role = role or self._roles.default
        self._check_rank(caller, role)
        address, name = normalise_email(email), normalise_line(display_name, field="display_name")
        if password is None and not self._jobs.sends_mail:
            raise MailOffError
        request = request_of(caller.sub, "user", request_key, address, name, role, password is None)
        known = self._made_before(request)
        if known is not None:
            return known
        account = Account(
            id=user_id(self._randomness(16)),
            email=address,
            display_name=name,
            created_at=int(self._clock() * 1000),
            password_hash=None
            if password is None
            else self._new_passwords.hash(password, email=address, display_name=name),
            locale=DEFAULT_LOCALE,
            role=role,
            must_change_password=password is not None,
        )
        promised = self._jobs.promise(OfferReset(email=address)) if password is None else []
        event = self._events.prepare(
            SecurityEventName.USER_CREATED, origin=origin, user_id=account.id, actor_id=caller.sub, role=role.value
        )
        try:
            writes = [
                event.write,
                *(promise.write for promise in promised),
                *self._requests.writes(request, account.id),
            ]
            self._accounts.add(account, also=writes)
        except (EmailTakenError, ChangedMeanwhileError):
            known = self._made_before(request)  # at the same moment
            if known is None:
                raise EmailTakenError from None
            return known
        self._jobs.start(promised)
        self._events.happened(event)
        return account

    def change(
        self,
        caller: AccessClaims,
        account_id: str,
        *,
        display_name: str | None,
        role: PlatformRole | None,
        origin: Origin,
    ) -> Account:
        """Changes what is given. A new role is in the next access token, and heeded here at once.

        Raises:
            NoSuchError, InvalidFieldError
            AppointedBySettingError, LastAdministratorError: this administrator must stay one.
        """
        before = self._handled(caller, account_id)
        after = before
        if display_name is not None:
            after = replace(after, display_name=normalise_line(display_name, field="display_name"))
        if role is not None and role is not self._roles.of(before):
            self._check_changeable(before)
            self._check_rank(caller, role)
            after = replace(after, role=role)
            return self._keep(
                caller, before, after, SecurityEventName.ROLE_CHANGED, origin, was=self._roles.of(before), role=role
            )
        return self._keep(caller, before, after, SecurityEventName.USER_CHANGED, origin)

    def suspend(self, caller: AccessClaims, account_id: str, *, origin: Origin) -> Account:
        """Keeps somebody out: sessions end at once, and nobody can log in or refresh. May be repeated.

        Raises:
            NoSuchError, AppointedBySettingError, LastAdministratorError
        """
        before = self._handled(caller, account_id)
        self._check_changeable(before)
        if before.suspended_at is not None:
            return before
        after = replace(end_sessions(before), suspended_at=int(self._clock()))
        return self._keep(caller, before, after, SecurityEventName.USER_SUSPENDED, origin)

    def resume(self, caller: AccessClaims, account_id: str, *, origin: Origin) -> Account:
        """Lets somebody in again, who has to log in anew. May be repeated.

        Raises:
            NoSuchError
        """
        before = self._handled(caller, account_id)
        return self._keep(caller, before, replace(before, suspended_at=None), SecurityEventName.USER_RESUMED, origin)

    def end_sessions(self, caller: AccessClaims, account_id: str, *, origin: Origin) -> None:
        """Ends all of somebody's sessions, in one write.

        Raises:
            NoSuchError
        """
        before = self._handled(caller, account_id)
        after = end_sessions(before)
        self._keep(caller, before, after, SecurityEventName.SESSIONS_ENDED_BY_ADMINISTRATOR, origin)

    def reset_factors(self, caller: AccessClaims, account_id: str, *, origin: Origin) -> None:
        """Takes all second factors from somebody who has lost them, and ends their sessions; they are told by mail. May
        be repeated.

        Raises:
            NoSuchError
            LastLoginMethodError: they could not log in any more, and no mail is sent to choose a password with.
        """
        before = self._handled(caller, account_id)
        after = without_factors(before)
        if after == before:
            return
        if before.password_hash is None and not before.identities and not self._jobs.sends_mail:
            raise LastLoginMethodError
        after = end_sessions(after)
        notice = Tell(notice=Notice.FACTORS_RESET, email=before.email, locale=before.locale)
        self._keep(caller, before, after, SecurityEventName.FACTORS_RESET, origin, notice=notice, unchanged=_FACTORS)

    def delete(self, caller: AccessClaims, account_id: str, *, origin: Origin) -> None:
        """Deletes an account at once and for good; what else there is of its owner is erased soon.

        Raises:
            NoSuchError, AppointedBySettingError, LastAdministratorError
        """
        account = self._handled(caller, account_id)
        self._check_changeable(account)
        promised = self._jobs.promise(*erasing(account.id))
        event = self._events.prepare(
            SecurityEventName.USER_DELETED, origin=origin, user_id=account.id, actor_id=caller.sub
        )
        try:
            self._accounts.remove(account, also=[event.write, *(promise.write for promise in promised)])
        except ChangedMeanwhileError as error:
            raise _busy() from error
        self._jobs.start(promised)
        self._events.happened(event)

    def appoint(self, email: str) -> Account:
        """Makes an account an administrator, at the word of who runs the platform.

        Raises:
            NoSuchError: nobody has this address.
        """
        before = self._accounts.find_by_address(normalise_email(email))
        if before is None:
            raise NoSuchError("Nobody has an account with this address.")
        role = PlatformRole.ADMINISTRATOR
        after = replace(before, role=role, suspended_at=None)
        return self._keep(None, before, after, SecurityEventName.ROLE_CHANGED, Origin(), role=role)

    def _made_before(self, request: Request | None) -> Account | None:
        made = self._requests.made_before(request)
        known = None if made is None else self._accounts.find(made)
        if made is not None and known is None:
            raise MadeAndGoneError
        return known

    def _handled(self, caller: AccessClaims, account_id: str) -> Account:
        account = self.find(account_id)
        self._check_rank(caller, self._roles.of(account))
        return account

    def _check_rank(self, caller: AccessClaims, role: PlatformRole) -> None:
        """Nobody gives a role, or touches somebody who has one, that may more than they may themselves: a key that may
        write users does not make itself an administrator."""
        if not PERMISSIONS_OF_ROLE[role] - NOT_FOR_SERVICE_ACCOUNTS <= caller.permissions:
            raise NotYoursError

    def _check_changeable(self, account: Account) -> None:
        if self._roles.is_appointed_by_setting(account.id):
            raise AppointedBySettingError

    def _keep(
        self,
        caller: AccessClaims | None,
        before: Account,
        after: Account,
        name: SecurityEventName,
        origin: Origin,
        *,
        notice: Tell | None = None,
        unchanged: Sequence[str] = (),
        **details: str,
    ) -> Account:
        if after == before:
            return before
        told = [] if notice is None else self._jobs.promise(notice)
        actor = "operator" if caller is None else caller.sub
        event = self._events.prepare(name, origin=origin, user_id=before.id, actor_id=actor, **details)
        try:
            writes = [event.write, *(promise.write for promise in told)]
            self._accounts.change(before, after, also=writes, unchanged=unchanged)
        except ChangedMeanwhileError as error:
            raise _busy() from error
        self._jobs.start(told)
        self._events.happened(event)
        return after

    def _fits(self, account: Account, wanted: UserFilter) -> bool:
        name = account.display_name.casefold()
        sought = "" if wanted.search is None else wanted.search.casefold()
        return (
            (sought in name or sought in account.email or sought == account.id)
            and (wanted.name is None or wanted.name.casefold() in name)
            and wanted.role in (None, self._roles.of(account))
            and wanted.state in (None, state_of(account))
            and (wanted.used_before is None or (account.last_used_at or 0) * 1000 < wanted.used_before)
        )


def _busy() -> UnavailableError:
    return UnavailableError("The account is being changed at this moment. Please try again.")
