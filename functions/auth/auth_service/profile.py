"""What people do with their own data: change it, take a copy, delete it."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from auth_service.access_tokens import Bearer
from auth_service.adapters.accounts_table import AccountsTable, ChangedMeanwhileError
from auth_service.adapters.links_table import LinksTable
from auth_service.domain.accounts import Account, Locale
from auth_service.domain.jobs import Tell, erasing
from auth_service.domain.links import Link
from auth_service.domain.mails import Notice
from auth_service.domain.security_events import Origin, SecurityEventName
from auth_service.job_queue import JobQueue
from auth_service.security_events import SecurityEvents
from functions.serverless.names import normalise_line
from functions.serverless.problems import UnavailableError


class Profile:
    """Keeps what an account's owner may change, and ends it."""

    def __init__(
        self,
        *,
        accounts: AccountsTable,
        links: LinksTable,
        jobs: JobQueue,
        events: SecurityEvents,
    ) -> None:
        self._accounts = accounts
        self._links = links
        self._jobs = jobs
        self._events = events

    def change(self, bearer: Bearer, *, display_name: str | None, locale: Locale | None, origin: Origin) -> Account:
        """Changes what is given.

        Raises:
            InvalidFieldError: the name cannot be used.
            UnavailableError: the account is being changed at this moment.
        """
        changes: dict[str, Any] = {}
        if display_name is not None:
            changes["display_name"] = normalise_line(display_name, field="display_name")
        if locale is not None:
            changes["locale"] = locale
        after = replace(bearer.account, **changes)
        if after == bearer.account:
            return after
        event = self._events.prepare(SecurityEventName.PROFILE_CHANGED, origin=origin, user_id=after.id)
        try:
            self._accounts.change(bearer.account, after, also=[event.write])
        except ChangedMeanwhileError as error:
            raise UnavailableError("The account is being changed at this moment. Please try again.") from error
        self._events.happened(event)
        return after

    def links_of(self, bearer: Bearer, *, origin: Origin) -> list[Link]:
        """The bearer's outstanding links, for the copy of their data."""
        self._events.record(SecurityEventName.DATA_EXPORTED, origin=origin, user_id=bearer.account.id)
        return self._links.of_user(bearer.account.id)

    def delete(self, bearer: Bearer, *, origin: Origin) -> None:
        """Deletes the account at once and for good: from then on nobody can log in or refresh, and the addresses are
        free. What else there is of its owner is erased by a job that is promised in the same write.

        Raises:
            UnavailableError: the account is being changed at this moment.
        """
        account = bearer.account
        promised = self._jobs.promise(
            *erasing(account.id),
            Tell(notice=Notice.ACCOUNT_DELETED, email=account.email, locale=account.locale),
        )
        event = self._events.prepare(SecurityEventName.ACCOUNT_DELETED, origin=origin, user_id=account.id)
        try:
            self._accounts.remove(account, also=[event.write, *(promise.write for promise in promised)])
        except ChangedMeanwhileError as error:
            raise UnavailableError("The account is being changed at this moment. Please try again.") from error
        self._jobs.start(promised)
        self._events.happened(event)
