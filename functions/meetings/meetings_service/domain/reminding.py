"""When people are reminded of meetings: so many minutes before an occurrence begins. Pure.

Times in milliseconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Iterator

from meetings_service.domain.meetings import Meeting
from meetings_service.domain.recurrence import Occurrence, occurrences

_MINUTE_MS = 60_000


def next_due(meeting: Meeting, *, after: int) -> int | None:
    """When the next reminder of a meeting is due, after ``after``; None: none is."""
    if meeting.is_over or meeting.schedule is None or meeting.personal:
        return None
    found = []
    for minutes in meeting.settings.reminders:
        lead = minutes * _MINUTE_MS
        coming = (each.start - lead for each in occurrences(meeting.schedule, after=after + lead))
        found.append(next((due for due in coming if due > after), None))
    return min((due for due in found if due is not None), default=None)


def due(meeting: Meeting, *, since: int, until: int) -> list[Occurrence]:
    """The occurrences of which a reminder has fallen due from ``since`` to ``until``, and which have not begun by then.

    Each of them once: where more than one reminder of it is late, one says it all.
    """
    if meeting.is_over or meeting.schedule is None:
        return []
    found = {one.occurrence: one for one in _falling_due(meeting, since, until) if one.start > until}
    return sorted(found.values())


def _falling_due(meeting: Meeting, since: int, until: int) -> Iterator[Occurrence]:
    assert meeting.schedule is not None  # noqa: S101  (the caller has looked)
    for minutes in meeting.settings.reminders:
        lead = minutes * _MINUTE_MS
        for one in occurrences(meeting.schedule, after=since + lead - 1, before=until + lead + 1):
            if since <= one.start - lead <= until:
                yield one
