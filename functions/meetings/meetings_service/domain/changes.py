"""New meetings and changed ones, from what somebody asks for. Pure."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

import msgspec
from msgspec.structs import replace

from functions.serverless.merge_patch import merged
from functions.serverless.names import normalise_line
from functions.serverless.problems import InvalidFieldError
from meetings_service.domain import recurrence
from meetings_service.domain.meeting_settings import MeetingSettings
from meetings_service.domain.meetings import Meeting
from meetings_service.domain.schedule import MAX_EXCEPTIONS, Schedule, ScheduleException, local_time_of

_ADDRESS = re.compile(r"[^\s@\x00-\x20]{1,64}@[^\s@\x00-\x20]{1,253}")


def changed(meeting: Meeting, change: dict[str, Any], *, now: int) -> Meeting:
    """``meeting`` as a merge patch (RFC 7396) of ``title``, ``description``, ``settings`` and ``schedule`` leaves it.

    ``now`` in milliseconds since the epoch: a new schedule must not be over.

    Raises:
        InvalidFieldError: a field has a value that cannot be used.
    """
    if "title" in change:
        change = {**change, "title": normalise_line(change["title"], field="title")}
    if change.get("description") is not None:
        change = {**change, "description": _description(change["description"])}
    after = msgspec.convert(merged(msgspec.to_builtins(_with_whole_schedule(meeting, change)), change), Meeting)
    after = replace(after, settings=with_reminders_in_order(after.settings))
    if after.schedule == meeting.schedule:
        return noted(meeting, after, now)
    if after.schedule is not None:
        if "exceptions" not in change["schedule"]:
            after = replace(after, schedule=recurrence.without_strays(after.schedule))
        _check_schedule(after, now)
    return noted(meeting, after, now)


def with_reminders_in_order(settings: MeetingSettings) -> MeetingSettings:
    """The settings with each reminder once, the longest before first."""
    return replace(settings, reminders=tuple(sorted(set(settings.reminders), reverse=True)))


def with_occurrence(schedule: Schedule, occurrence: str, change: dict[str, Any]) -> tuple[ScheduleException, ...]:
    """The exceptions of a series with a merge patch of one occurrence: ``cancelled``, ``start``, ``duration_minutes``,
    ``title``. One that differs in nothing any more is no exception.

    Raises:
        InvalidFieldError: there is no such occurrence, or there are too many exceptions.
    """
    # Other ways to write the same time name it no less, and would be kept beside it.
    occurrence = local_time_of(occurrence, field="occurrence").isoformat()
    if schedule.rule is None or not recurrence.is_named(schedule, occurrence):
        raise InvalidFieldError("occurrence", "The series has no such occurrence.")
    known = {each.occurrence: each for each in schedule.exceptions}
    before = known.get(occurrence, ScheduleException(occurrence=occurrence))
    after = msgspec.convert(merged(msgspec.to_builtins(before), change), ScheduleException)
    if after.start == occurrence:
        after = replace(after, start=None)
    if after == ScheduleException(occurrence=occurrence):
        known.pop(occurrence, None)
    else:
        known[occurrence] = after
    if len(known) > MAX_EXCEPTIONS:
        raise InvalidFieldError("occurrence", f"The series has its {MAX_EXCEPTIONS} occurrences that differ.")
    return tuple(known[name] for name in sorted(known))


def noted(before: Meeting, after: Meeting, now: int) -> Meeting:
    """``after`` with a note of what has changed for the invited and their calendars.

    SEQUENCE counts changes of when it takes place alone: programs ask people again for each (RFC 5546, 2.1.4).
    """
    if is_shown_alike(before, after):
        return after
    after = replace(after, changed_at=now)
    if _times(before.schedule) != _times(after.schedule):
        after = replace(after, sequence=before.sequence + 1)
        if _times(before.schedule, alone=True) != _times(after.schedule, alone=True):
            after = replace(after, rescheduled=after.sequence)
    return after


def is_shown_alike(one: Meeting, other: Meeting) -> bool:
    """Whether the invited see the same in both."""

    def shown(meeting: Meeting) -> tuple[object, ...]:
        return (meeting.title, meeting.description, meeting.schedule, meeting.settings.passcode, meeting.cancelled_at)

    return shown(one) == shown(other)


def _times(schedule: Schedule | None, *, alone: bool = False) -> Schedule | None:
    """What of a schedule is a time; ``alone``: of the series, whatever its exceptions are."""
    if schedule is None:
        return None
    return replace(
        schedule, exceptions=() if alone else tuple(replace(each, title=None) for each in schedule.exceptions)
    )


def _with_whole_schedule(meeting: Meeting, change: dict[str, Any]) -> Meeting:
    """Passes the meeting on if its schedule will be whole.

    Raises:
        InvalidFieldError: what makes a schedule is missing.
    """
    given = change.get("schedule")
    if given is not None and meeting.schedule is None:
        for name in ("start", "time_zone", "duration_minutes"):
            if name not in given:
                raise InvalidFieldError(f"schedule.{name}", "A schedule needs this.")
    return meeting


def _check_schedule(meeting: Meeting, now: int) -> None:
    schedule = meeting.schedule
    assert schedule is not None  # noqa: S101  (the caller has looked)
    if meeting.personal:
        raise InvalidFieldError("schedule", "A personal room has no schedule.")
    recurrence.check(schedule)
    if next(recurrence.occurrences(schedule, after=now), None) is None:
        raise InvalidFieldError("schedule.start", "This is past.")


def address_of(text: str) -> str:
    """An e-mail address as accounts have theirs, to be compared.

    Raises:
        InvalidFieldError: it is none.
    """
    address = unicodedata.normalize("NFKC", text.strip()).lower()
    if not _ADDRESS.fullmatch(address):
        raise InvalidFieldError("address", "This is no e-mail address.")
    return address


def _description(text: str) -> str:
    """A text of several lines, in NFC.

    Raises:
        InvalidFieldError: it holds characters that cannot be shown.
    """
    normal = unicodedata.normalize("NFC", text.replace("\r\n", "\n")).strip()
    seen = normal.replace("\n", "").replace("\t", "")
    if any(unicodedata.category(character) in ("Cc", "Cs", "Co", "Cn") for character in seen):
        raise InvalidFieldError("description", "This holds characters that cannot be shown.")
    return normal
