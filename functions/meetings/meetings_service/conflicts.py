"""Hints that one's own meetings are at the same time as what one plans: they hinder nothing."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from contracts.access_token import AccessClaims
from contracts.rooms import Role
from functions.serverless.names import normalise_line
from meetings_service import answers
from meetings_service.adapters.lists import Lists
from meetings_service.calendar_messages import ConflictList, PlannedBody
from meetings_service.domain import recurrence
from meetings_service.domain.conflicts import HORIZON_MS, SHOWN, Own, conflicts
from meetings_service.domain.schedule import Schedule
from meetings_service.messages import ConflictTold


class Conflicts:
    """``clock``: seconds since the epoch."""

    def __init__(self, lists: Lists, *, clock: Callable[[], float]) -> None:
        self._lists = lists
        self._clock = clock

    def planned(self, body: PlannedBody) -> Schedule:
        """What is planned.

        Raises:
            InvalidFieldError: it cannot be followed.
        """
        schedule = msgspec.convert(msgspec.to_builtins(body), Schedule)
        for exception in schedule.exceptions:
            if exception.title is not None:
                normalise_line(exception.title, field="schedule.exceptions")
        recurrence.check(schedule)
        return schedule

    def told(self, user: AccessClaims, planned: Schedule, *, besides: str | None) -> ConflictList:
        """The meetings of ``user`` at the same time, but for the one that it is planned for."""
        now = int(self._clock() * 1000)
        first = next(recurrence.occurrences(planned, after=now), None)
        if first is None:
            return ConflictList(items=(), more=False)
        entries = self._lists.agenda(user.sub, since=first.start, until=first.start + HORIZON_MS)
        others = [Own(meeting=each.meeting, invitee=each.invitee) for each in entries if each.meeting.id != besides]
        found = conflicts(planned, others, now=now)
        return ConflictList(
            items=tuple(
                ConflictTold(
                    meeting_id=each.own.meeting.id,
                    title=each.own.meeting.title,
                    host_name=each.own.meeting.host_name,
                    role=Role.HOST if each.own.invitee is None else each.own.invitee.role,
                    occurrence=answers.occurrence(each.occurrence),
                    planned=answers.occurrence(each.planned),
                )
                for each in found[:SHOWN]
            ),
            more=len(found) > SHOWN,
        )
