"""The occurrences of a meeting as a list, page by page: cancelled ones among them, where they would be. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from msgspec import Struct
from msgspec.structs import replace

from functions.serverless.cursors import cursor_of_text, text_of
from functions.serverless.problems import InvalidFieldError
from meetings_service.domain.recurrence import Occurrence, occurrences
from meetings_service.domain.schedule import Schedule

_CURSOR = re.compile(r"([0-9]{15})#([0-9]{15})#([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})")


class Shown(Struct, frozen=True, kw_only=True):
    """An occurrence as it is in a list."""

    occurrence: Occurrence
    is_changed: bool
    is_cancelled: bool


class OccurrencePage(Struct, frozen=True, kw_only=True):
    """Some occurrences, and where the next ones begin; None: there are none."""

    shown: tuple[Shown, ...]
    next_cursor: str | None


def first_page(schedule: Schedule | None, *, after: int, limit: int) -> OccurrencePage:
    """The first of the occurrences that end after ``after``, in milliseconds since the epoch."""
    return _page(_all_of(schedule, after), after, limit)


def next_page(schedule: Schedule | None, cursor: str, *, limit: int) -> OccurrencePage:
    """What follows the last occurrence of a page in the same list, whichever others of the list are gone by now.

    Raises:
        InvalidFieldError: the cursor is none of ours.
    """
    found = _CURSOR.fullmatch(text_of(cursor))
    if found is None:
        raise InvalidFieldError("cursor", "This is no cursor of a list.")
    after, start, name = int(found[1]), int(found[2]), found[3]
    # Whatever begins with the last one or later ends after its start: the list is read from there on.
    left = _all_of(schedule, max(after, start))
    following = (each for each in left if (each.occurrence.start, each.occurrence.occurrence) > (start, name))
    return _page(following, after, limit)


def _page(listed: Iterator[Shown], after: int, limit: int) -> OccurrencePage:
    shown = tuple(islice(listed, limit + 1))
    if len(shown) <= limit:
        return OccurrencePage(shown=shown, next_cursor=None)
    last = shown[limit - 1].occurrence
    cursor = cursor_of_text(f"{after:015d}#{last.start:015d}#{last.occurrence}")
    return OccurrencePage(shown=shown[:limit], next_cursor=cursor)


def _all_of(schedule: Schedule | None, after: int) -> Iterator[Shown]:
    """The occurrences that end after ``after``, in their order; none without a schedule."""
    if schedule is None:
        return
    differing = {each.occurrence: each for each in schedule.exceptions}
    cancelled = {name for name, each in differing.items() if each.cancelled}
    kept = tuple(replace(each, cancelled=False) if each.cancelled else each for each in schedule.exceptions)
    for one in occurrences(replace(schedule, exceptions=kept), after=after):
        name = one.occurrence
        yield Shown(occurrence=one, is_changed=name in differing, is_cancelled=name in cancelled)
