"""Another e-mail address for an account: confirmed at the new one, told to the old one, which can undo it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from auth_service.access_tokens import Bearer
from auth_service.adapters.accounts_table import AccountsTable, ChangedMeanwhileError
from auth_service.adapters.links_table import LinksTable
from auth_service.domain.accounts import UNDO_S, Account, change_address, end_sessions, normalise_email, undo_change
from auth_service.domain.jobs import ConfirmAddress, TellChangedAddress
from auth_service.domain.links import Link, LinkKind
from auth_service.domain.second_factors import factors_before
from auth_service.domain.security_events import Origin, SecurityEventName
from auth_service.errors import LinkInvalidError
from auth_service.job_queue import JobQueue, Promise
from auth_service.new_passwords import NewPasswords
from auth_service.security_events import SecurityEvents
from functions.serverless.ids import base32
from functions.serverless.problems import InvalidFieldError, UnavailableError
from functions.serverless.rate_limits import Quota, RateLimitedError
from functions.serverless.redis_limits import Limits

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef as Write

_ASKED: Final = Quota(name="address-changes", limit=10, window_s=3_600)
"""Each sends a mail to whatever address is named, or tells, where none is sent, whether it has an account."""
_PREPARED_MS: Final = 86_400_000
"""Who takes an account over leaves a way back in first, and takes the address then: what was set up in the day before
a change falls with it when it is undone."""


class AddressChanges:
    """Changes addresses. ``clock``: seconds since the epoch. ``randomness``: octets that nobody can guess."""

    def __init__(
        self,
        *,
        accounts: AccountsTable,
        links: LinksTable,
        limits: Limits,
        new_passwords: NewPasswords,
        jobs: JobQueue,
        events: SecurityEvents,
        clock: Callable[[], float],
        randomness: Callable[[int], bytes],
    ) -> None:
        self._accounts = accounts
        self._links = links
        self._limits = limits
        self._new_passwords = new_passwords
        self._jobs = jobs
        self._events = events
        self._clock = clock
        self._randomness = randomness

    def ask(self, bearer: Bearer, *, email: str, origin: Origin) -> Account | None:
        """Has a link sent to a new address (None), or changes it at once where no mail is sent.

        Raises:
            RateLimitedError: too many were asked for.
            InvalidFieldError: it is no address, or the present one.
            EmailTakenError, TooManyChangesError: the address cannot be had, where no mail is sent.
        """
        account = bearer.account
        address = normalise_email(email)
        if address == account.email:
            raise InvalidFieldError("email", "This is the account's address already.")
        standing = self._limits.count(_ASKED, account.id)
        if not standing.allowed:
            raise RateLimitedError("Too many addresses. Please try again later.", retry_after_s=standing.reset_s)
        if not self._jobs.sends_mail:
            return self._change(account, address, None, origin=origin)
        asked = ConfirmAddress(user_id=account.id, email=address, epoch=account.session_epoch, locale=account.locale)
        self._events.record(SecurityEventName.EMAIL_CHANGE_ASKED, origin=origin, user_id=account.id)
        self._jobs.add(asked)
        return None

    def confirm(self, bearer: Bearer, *, token: str, origin: Origin) -> Account:
        """Gives the bearer the address that a link was sent to. May be repeated.

        The bearer must be who asked: otherwise somebody whose address was mistyped could take over the account.

        Raises:
            LinkInvalidError: the link is unknown, too old, or somebody else's.
            EmailTakenError: the address has got another account meanwhile.
            TooManyChangesError: the address was changed too often lately.
        """
        account = bearer.account
        link = self._links.find(token, LinkKind.EMAIL_CHANGE, now=self._clock())
        if link is None or link.user_id != account.id or link.email is None:
            raise LinkInvalidError
        if link.used_by is not None and account.email == link.email:
            return account  # the same request again, whose answer was lost
        if link.used_by is not None or link.epoch != account.session_epoch:
            raise LinkInvalidError
        return self._change(account, link.email, link, origin=origin)

    def undo(self, *, token: str, new_password: str, origin: Origin) -> None:
        """Gives an account back an address that was taken from it, with a new password; ends all of its sessions.

        Raises:
            LinkInvalidError: the link is unknown, too old, or was used, or an earlier change was undone.
            WeakPasswordError: the password is too easy to guess.
        """
        now = int(self._clock())
        link = self._links.find(token, LinkKind.EMAIL_UNDO, now=now)
        account = None if link is None or link.user_id is None else self._accounts.find(link.user_id)
        undone = None if link is None or account is None else undo_change(account, link.change_id or "", now=now)
        if link is None or account is None or undone is None or link.used_by is not None:
            raise LinkInvalidError
        password_hash = self._new_passwords.hash(new_password, email=undone.email, display_name=undone.display_name)
        changed_at_ms = next(
            (each.until - UNDO_S) * 1000 for each in account.former_addresses if each.change_id == link.change_id
        )
        after = replace(
            end_sessions(factors_before(undone, changed_at_ms - _PREPARED_MS)),
            password_hash=password_hash,
            reset_epoch=account.reset_epoch + 1,
            email_verified_at=int(self._clock() * 1000),
            identities=(),  # who took the address away may have left a door open, or locked one
        )
        event = self._events.prepare(SecurityEventName.EMAIL_CHANGE_UNDONE, origin=origin, user_id=account.id)
        looked_at = ("identities", "totp", "passkeys", "recovery_codes")
        try:
            writes = [self._links.use(link, by=account.id), event.write]
            self._accounts.change(account, after, also=writes, unchanged=looked_at)
        except ChangedMeanwhileError as error:
            raise LinkInvalidError from error
        self._events.happened(event)

    def _change(self, account: Account, email: str, link: Link | None, *, origin: Origin) -> Account:
        """Without a link nobody is told, and so nobody could undo it: nothing is kept of the old address then."""
        event = self._events.prepare(SecurityEventName.EMAIL_CHANGED, origin=origin, user_id=account.id)
        told: list[Promise] = []
        writes: list[Write] = [event.write]
        if link is None:
            after = replace(account, email=email, email_verified_at=None)
        else:
            now, change_id = int(self._clock()), base32(self._randomness(10))
            changed = change_address(account, email, change_id=change_id, now=now)
            after = replace(changed, email_verified_at=account.email_verified_at or now * 1000)
            told = self._jobs.promise(
                TellChangedAddress(
                    user_id=account.id,
                    email=account.email,
                    new_email=email,
                    change_id=change_id,
                    until=now + UNDO_S,
                    locale=account.locale,
                )
            )
            writes += [self._links.use(link, by=account.id), *(promise.write for promise in told)]
        try:
            self._accounts.change(account, after, also=writes)
        except ChangedMeanwhileError as error:
            raise UnavailableError("The account is being changed at this moment. Please try again.") from error
        self._jobs.start(told)
        self._events.happened(event)
        return after
