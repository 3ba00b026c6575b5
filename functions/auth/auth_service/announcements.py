"""Has the other services told of accounts that change, and of sessions that end.

What is to be told is promised in the same write as the change, as a job, and so told at least once. It is told at once
as well, since a function that must start first takes longer than somebody should stay in a room who was shut out of it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from msgspec.structs import replace

from auth_service.adapters.accounts_function import AccountsFunction
from auth_service.adapters.standings import Standings
from auth_service.domain.accounts import Account
from auth_service.domain.api_keys import ServiceAccount
from auth_service.domain.jobs import Announce
from auth_service.domain.roles import Roles
from auth_service.domain.standing import news_of, news_to_keep, standing_of
from auth_service.job_queue import JobQueue, Promise
from contracts.account_standing import AccountStanding


class Announcements:
    """``find`` and ``find_service`` read accounts as they are now. ``is_on``: whether anybody is to be told."""

    def __init__(
        self,
        *,
        queue: JobQueue,
        standings: Standings,
        function: AccountsFunction,
        roles: Roles,
        find: Callable[[str], Account | None],
        find_service: Callable[[str], ServiceAccount | None],
        is_on: bool,
        logger: logging.Logger,
    ) -> None:
        self._queue = queue
        self._standings = standings
        self._function = function
        self._roles = roles
        self._find = find
        self._find_service = find_service
        self._is_on = is_on
        self._logger = logger

    def promise(self, before: Account | None, after: Account | None) -> list[Promise]:
        """The writes that go with a change of an account; None: there is none yet, or none any more."""
        news = news_of(before, after, self._roles.of)
        if news is None:
            return []
        # What an account that is gone did last may reach the meeting service after the news, and an index.
        again = self._promise(replace(news, is_late=True)) if after is None else []
        return [*self._promise(news), *again]

    def promise_end(self, account_id: str, session_id: str) -> list[Promise]:
        """The writes that go with the end of a session, or of an API key."""
        return self._promise(Announce(account_id=account_id, session_id=session_id))

    def promise_removal(self, service_account_id: str) -> list[Promise]:
        """The writes that go with the end of a service account."""
        return self._promise(Announce(account_id=service_account_id))

    def start(self, promises: Sequence[Promise]) -> None:
        """Tells the gateways, and has the jobs done, once the writes have succeeded. Never raises."""
        for promise in promises:
            try:
                if isinstance(promise.job, Announce) and not promise.job.is_late:
                    self._tell(promise.job)
            except Exception as error:  # noqa: BLE001  (whatever it is, the job is safe, and so is the answer)
                self._logger.warning("not_announced_at_once", extra={"job_id": promise.id, "error": repr(error)})
        self._queue.start(promises)

    def do(self, job: Announce) -> None:
        """Tells all who must know. May be repeated, in any order: what is told is how the account stands now.

        Raises:
            Exception: not all could be told.
        """
        self._tell(job)
        if job.is_kept:
            self._function.tell(news_to_keep(job.account_id, self._find(job.account_id)))

    def _tell(self, job: Announce) -> None:
        if job.session_id is not None:
            self._standings.end_session(job.account_id, job.session_id)
        else:
            self._standings.keep(job.account_id, self._standing(job.account_id))

    def _standing(self, account_id: str) -> AccountStanding:
        if self._find_service(account_id) is not None:
            return AccountStanding(version=0)
        return standing_of(self._find(account_id), self._roles.of)

    def _promise(self, news: Announce) -> list[Promise]:
        return self._queue.promise(news) if self._is_on else []
