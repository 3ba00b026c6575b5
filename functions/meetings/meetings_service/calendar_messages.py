"""Bodies of the requests and answers about calendars and series, as in `docs/http-api.md` and the OpenAPI document."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from meetings_service.domain.schedule import MAX_EXCEPTIONS
from meetings_service.messages import (
    ConflictTold,
    Description,
    ExceptionBody,
    ListQuery,
    LocalTime,
    Minutes,
    Rule,
    ScheduleBody,
    SettingsBody,
    Time,
    Title,
)


class CalendarFeed(Struct, frozen=True, kw_only=True):
    """The address of somebody's calendar; null: it has none. ``last_read_at`` is true to the hour."""

    url: str | None
    created_at: Time | None
    last_read_at: Time | None


class PlannedBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole schedule."""

    start: LocalTime
    time_zone: Annotated[str, Meta(min_length=1, max_length=64, description="IANA name.")]
    duration_minutes: Minutes
    rule: Rule | None = None
    exceptions: Annotated[tuple[ExceptionBody, ...], Meta(max_length=MAX_EXCEPTIONS)] = ()


class ConflictsBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is planned. ``meeting_id``: the meeting that it is for, if it is there already, which does not count."""

    schedule: PlannedBody
    meeting_id: Annotated[str, Meta(max_length=32)] | None = None


class ConflictList(Struct, frozen=True, kw_only=True):
    """The first overlaps in the order of what is planned; ``more``: there are others."""

    items: tuple[ConflictTold, ...]
    more: bool


class SeriesOccurrence(Struct, frozen=True, kw_only=True):
    """One occurrence of a series. ``changed``: it differs from the others."""

    occurrence: str
    start: Time
    end: Time
    title: str | None
    changed: bool
    cancelled: bool


class OccurrencesQuery(ListQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Occurrences that end after a time, now unless told. A ``cursor`` knows after when, and goes before ``after``."""

    after: Annotated[str, Meta(max_length=40, description="RFC 3339.")] | UnsetType = UNSET


class OccurrenceList(Struct, frozen=True, kw_only=True):
    """In the order of their starts. ``next_cursor``: ask for the next page with it; null on the last page."""

    items: tuple[SeriesOccurrence, ...]
    next_cursor: str | None


class OccurrenceBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A JSON Merge Patch (RFC 7396) of one occurrence: null makes it as the series has it."""

    start: LocalTime | UnsetType | None = UNSET
    duration_minutes: Minutes | UnsetType | None = UNSET
    title: Title | UnsetType | None = UNSET
    cancelled: bool | UnsetType = UNSET


class SplitBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The first occurrence of what becomes a series of its own, and what is different from there on."""

    occurrence: LocalTime
    title: Title | UnsetType = UNSET
    description: Description | UnsetType | None = UNSET
    settings: SettingsBody | UnsetType = UNSET
    schedule: ScheduleBody | UnsetType = UNSET


class EndBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The first occurrence that does not take place, and neither do those after it."""

    occurrence: LocalTime
