"""What becomes of meetings when their host, or somebody who took part, has another name, or no account any more.

Which accounts are closed is kept, since stream keys stand on them (`meetings_service.streaming`).

The meetings of somebody who is gone take place no more: a live one is ended for all, those to come are cancelled, and
none can be joined again. Their invitations and what was shared with them are taken back, their recordings are found by
their meetings alone until the policy deletes them, and their name is nowhere any more: neither as host, nor among those
who were there, nor at what they wrote, nor in what was counted. What they wrote stays, since it is part of what others
said.

Another name is one of the account: in rooms and their records people have the names by which they came.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from contracts.account_standing import AccessLoss, AccountNews, AccountNewsTaken
from contracts.rooms import MeetingId
from meetings_service.adapters.closed_accounts import ClosedAccounts
from meetings_service.adapters.recordings_table import RecordingsTable
from meetings_service.adapters.repository import Repository
from meetings_service.adapters.traces import Traces
from meetings_service.adapters.usage_table import UsageTable
from meetings_service.domain.meetings import Meeting
from meetings_service.errors import MeetingNotFoundError
from meetings_service.scheduling import Meetings
from meetings_service.webhooks import Webhooks

DELETED_NAME: Final = "Deleted user"
"""Stands where the name of somebody was who is gone."""
AT_ONCE_S: Final = 2.0
"""So long one invocation goes on: who invokes it does not wait for ever, and comes again."""
_ATTEMPTS = 5


class Accounts:
    """Takes the news of accounts: at least once, in any order. ``clock``: seconds since the epoch."""

    def __init__(
        self,
        *,
        meetings: Meetings,
        repository: Repository,
        traces: Traces,
        webhooks: Webhooks,
        recordings: RecordingsTable,
        usage: UsageTable,
        closed: ClosedAccounts,
        clock: Callable[[], float],
        logger: logging.Logger,
    ) -> None:
        self._meetings = meetings
        self._repository = repository
        self._traces = traces
        self._webhooks = webhooks
        self._recordings = recordings
        self._usage = usage
        self._closed = closed
        self._clock = clock
        self._logger = logger

    def take(self, event: Mapping[str, Any]) -> AccountNewsTaken:
        """Takes an `AccountNews` in its JSON form.

        Raises:
            msgspec.ValidationError: it is none.
            Exception: the table or the broker does not answer; the same news may be told again, whatever was done.
        """
        news = msgspec.convert(event, AccountNews)
        until = self._clock() + AT_ONCE_S
        closed = AccessLoss.DELETED if news.name is None else AccessLoss.SUSPENDED if news.is_suspended else None
        self._closed.note(news.account_id, closed, version=news.version)
        steps = self._forget(news.account_id) if news.name is None else self._rename(news.account_id, news.name)
        seen = 0
        for _ in steps:
            seen += 1
            if self._clock() >= until:
                return AccountNewsTaken(done=False)
        fields = {"user_id": news.account_id, "gone": news.name is None, "seen": seen}
        self._logger.info("account_news", extra=fields)
        return AccountNewsTaken(done=True)

    def _rename(self, user_id: str, name: str) -> Iterator[None]:
        for meeting in self._traces.hosted(user_id):
            if meeting.host_name != name:
                self._name_host(meeting, name)
                yield
        self._usage.name_host(user_id, name)

    def _forget(self, user_id: str) -> Iterator[None]:
        """Each step leaves less to do, so that whoever begins again goes on."""
        for meeting in self._traces.hosted(user_id):
            if meeting.is_over and meeting.host_name == DELETED_NAME:
                continue
            # The name last: a meeting that has it is done with.
            retired = meeting if meeting.is_over else self._meetings.retire(meeting)
            self._name_host(retired, DELETED_NAME)
            yield
        for pk, sk in self._traces.invitations(user_id):
            meeting_id = MeetingId(pk.removeprefix("MEETING#"))
            self._meetings.forget_invitee(meeting_id, sk.removeprefix("INVITEE#"))
            self._traces.delete([(pk, sk)])
            self._meetings.forget_invitee(meeting_id, sk.removeprefix("INVITEE#"))  # if planned meanwhile
            yield
        for room_id in self._traces.rooms(user_id):
            self._traces.rename(room_id, user_id, DELETED_NAME)
            self._traces.forget(room_id, user_id)
            yield
        self._webhooks.forget(user_id)
        for key in self._recordings.traces(user_id):
            self._traces.delete([key])
            yield
        self._usage.name_host(user_id, DELETED_NAME)
        own = self._traces.own(user_id)
        if own:
            self._traces.delete(own)
            yield

    def _name_host(self, meeting: Meeting, name: str) -> None:
        for _ in range(_ATTEMPTS):  # somebody else may change it at the same moment
            try:
                if self._repository.replace(meeting, replace(meeting, host_name=name)) is not None:
                    return
                meeting = self._repository.find(meeting.id)
            except MeetingNotFoundError:
                return  # it has been deleted meanwhile
