"""Reminds people of meetings: each of them once of each occurrence and time, by what is due in an index.

What is due is taken out of the index in the same write that promises the mails; who comes second finds nothing. A
change of the meeting finds the next time anew in its own write, so that nobody is reminded of what was.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from meetings_service.adapters.reminders import Reminders, Waiting
from meetings_service.adapters.repository import Repository
from meetings_service.domain.meetings import Meeting
from meetings_service.domain.notices import RemindAll
from meetings_service.domain.reminding import due, next_due
from meetings_service.errors import MeetingNotFoundError
from meetings_service.notices import Notices

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef as Write

_AT_ONCE: Final = 8


class Reminding:
    """``clock``: seconds since the epoch."""

    def __init__(
        self,
        *,
        reminders: Reminders,
        repository: Repository,
        notices: Notices,
        clock: Callable[[], float],
        logger: logging.Logger,
    ) -> None:
        self._reminders = reminders
        self._repository = repository
        self._notices = notices
        self._clock = clock
        self._logger = logger

    def writes(self, before: Meeting | None, after: Meeting) -> list[Write]:
        """What is written with a meeting that is made or changed, so that it reminds rightly."""
        if before is not None and _alike(before, after):
            return []
        now = int(self._clock() * 1000)
        at = next_due(after, after=now) if self._notices.sends_mail else None
        version = after.version if before is None else before.version + 1
        if at is not None:
            return [self._reminders.write(Waiting(meeting_id=after.id, due=at, version=version))]
        had_any = before is not None and bool(before.settings.reminders) and before.schedule is not None
        return [self._reminders.write_none(after.id)] if had_any else []

    def remind(self, *, for_s: float = float("inf")) -> None:
        """Promises the mails of all reminders that are due. After so many seconds it begins none."""
        until = self._clock() + for_s
        waiting = self._reminders.due(int(self._clock() * 1000))
        with ThreadPoolExecutor(max_workers=_AT_ONCE) as threads:
            list(threads.map(lambda each: self._remind_until(each, until), waiting))

    def _remind_until(self, waiting: Waiting, until: float) -> None:
        if self._clock() >= until:
            return
        try:
            self.remind_of(waiting)
        except Exception:
            self._logger.exception("reminder_failed", extra={"meeting_id": waiting.meeting_id})

    def remind_of(self, waiting: Waiting) -> None:
        """Promises the mails of one meeting's reminder, and finds the next."""
        now = int(self._clock() * 1000)
        try:
            meeting = self._repository.find(waiting.meeting_id)
        except MeetingNotFoundError:
            self._repository.table.transact([self._reminders.move(waiting, None)])
            return
        promised = [
            self._notices.queued(
                RemindAll(meeting_id=meeting.id, occurrence=one.occurrence, start=one.start),
                f"remind-{meeting.id}-{waiting.due}-{one.start}",
            )
            for one in due(meeting, since=waiting.due, until=now)
        ]
        moved = self._reminders.move(waiting, next_due(meeting, after=now))
        if self._repository.table.transact([moved, *self._notices.writes(promised)]):
            self._notices.start(promised)


def _alike(before: Meeting, after: Meeting) -> bool:
    """Whether both remind at the same times."""
    return (before.schedule, before.settings.reminders, before.cancelled_at, before.ended_by) == (
        after.schedule,
        after.settings.reminders,
        after.cancelled_at,
        after.ended_by,
    )
