"""How much a platform is used: what one session adds to its days, and what days come to.

A session is counted from its record once it has ended, and anew whenever facts of it come later: what is added is then
the difference to what was counted, so that facts may come twice and in any order.

Peaks are of quarters of an hour: in each, the highest number of people in a session at the same time counts. The sum
over all sessions is never less than how many people there were at once, and more only where sessions had their peaks at
different moments of the same quarter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final

from msgspec import Struct, field

from contracts.rooms import Identity, ParticipantKind
from meetings_service.domain.attendance import Attendance

DAY_MS: Final = 86_400_000
SLOT_MS: Final = 15 * 60_000
MAX_DAYS: Final = 90
"""So many days of one session are counted: a transaction has an end."""
Span = tuple[int, int]
"""From and until, milliseconds since the epoch."""


class DayCount(Struct, frozen=True, kw_only=True):
    """What a session adds to one day (UTC). ``peaks``: the most people at once, by quarters of an hour."""

    participant_ms: int = 0
    peaks: Mapping[int, int] = field(default_factory=dict)


class SessionCount(Struct, frozen=True, kw_only=True):
    """What a session counts for. ``began_on`` and the keys of ``days`` as ``2026-11-29``."""

    began_on: str
    participants: int = 0
    participant_ms: int = 0
    days: Mapping[str, DayCount] = field(default_factory=dict)


class Period(Struct, frozen=True, kw_only=True):
    """What a day or a month comes to."""

    period: str
    meetings: int = 0
    participants: int = 0
    participant_minutes: int = 0
    peak_people: int = 0
    peak_meetings: int = 0


def count_of(stays: Iterable[Attendance], *, started_at: int, ended_at: int) -> SessionCount:
    """What a session counts for. Somebody who was there on two devices at once counts once; streams and viewers are no
    people."""
    spans: dict[Identity, list[Span]] = {}
    for stay in stays:
        if stay.joined_at is None or stay.kind not in {None, ParticipantKind.PERSON}:
            continue
        until = min(ended_at, stay.left_at if stay.left_at is not None else ended_at)
        spans.setdefault(stay.identity, []).append((stay.joined_at, max(stay.joined_at, until)))
    people = [list(_united(each)) for each in spans.values()]
    first = min((each[0][0] for each in people), default=started_at)
    latest = first + MAX_DAYS * DAY_MS
    there = [(begin, min(end, latest)) for each in people for begin, end in each if begin < latest]
    ms = dict[str, int]()
    for span in there:
        for begin, end in _split(span, DAY_MS):
            ms[day_of(begin)] = ms.get(day_of(begin), 0) + end - begin
    peaks = _peaks(there)
    days = {day: DayCount(participant_ms=ms.get(day, 0), peaks=peaks.get(day, {})) for day in sorted({*ms, *peaks})}
    return SessionCount(began_on=day_of(first), participants=len(people), participant_ms=sum(ms.values()), days=days)


def difference(counted: SessionCount | None, now: SessionCount) -> dict[str, dict[str, int]]:
    """What is to be added to the counters of each day, so that ``now`` is counted instead of ``counted``.

    Counters: ``meetings`` and ``participants`` on the day that the session began, ``participant_ms``, and for each
    quarter of an hour ``p<n>`` people and ``m<n>`` meetings at once.
    """
    before = {} if counted is None else _counters(counted)
    after = _counters(now)
    changes: dict[str, dict[str, int]] = {}
    for day in sorted({*before, *after}):
        old, new = before.get(day, {}), after.get(day, {})
        changed = {name: new.get(name, 0) - old.get(name, 0) for name in sorted({*old, *new})}
        kept = {name: number for name, number in changed.items() if number}
        if kept:
            changes[day] = kept
    return changes


def periods(days: Mapping[str, Mapping[str, int]], *, first: date, last: date, by: str) -> list[Period]:
    """What days, or months, from ``first`` to ``last`` come to. ``days``: counters by day, as in `difference`."""
    found = [_period(day, days.get(day, {})) for day in _days(first, last)]
    if by == "day":
        return found
    months: dict[str, list[Period]] = {}
    for each in found:
        months.setdefault(each.period[:7], []).append(each)
    return [_sum(month, each) for month, each in months.items()]


def day_of(at: int) -> str:
    """The day (UTC) of a moment."""
    return f"{datetime.fromtimestamp(at / 1000, UTC):%Y-%m-%d}"


def _counters(count: SessionCount) -> dict[str, dict[str, int]]:
    counters: dict[str, dict[str, int]] = {}
    for day, each in count.days.items():
        slots = {f"p{slot}": peak for slot, peak in each.peaks.items()} | {f"m{slot}": 1 for slot in each.peaks}
        counters[day] = {"participant_ms": each.participant_ms, **slots}
    if count.participants:
        began = counters.setdefault(count.began_on, {})
        began |= {"meetings": 1, "participants": count.participants}
    return counters


def _period(day: str, counters: Mapping[str, int]) -> Period:
    return Period(
        period=day,
        meetings=counters.get("meetings", 0),
        participants=counters.get("participants", 0),
        participant_minutes=round(counters.get("participant_ms", 0) / 60_000),
        peak_people=max((counters[name] for name in counters if _is_slot(name, "p")), default=0),
        peak_meetings=max((counters[name] for name in counters if _is_slot(name, "m")), default=0),
    )


def _is_slot(name: str, kind: str) -> bool:
    return name.startswith(kind) and name[1:].isdigit()


def _sum(month: str, days: Sequence[Period]) -> Period:
    return Period(
        period=month,
        meetings=sum(each.meetings for each in days),
        participants=sum(each.participants for each in days),
        participant_minutes=sum(each.participant_minutes for each in days),
        peak_people=max(each.peak_people for each in days),
        peak_meetings=max(each.peak_meetings for each in days),
    )


def _days(first: date, last: date) -> Iterator[str]:
    for number in range((last - first).days + 1):
        yield f"{first + timedelta(days=number):%Y-%m-%d}"


def _united(spans: list[Span]) -> Iterator[Span]:
    """Spans that do not overlap, and cover the same."""
    begin, end = None, 0
    for one, other in sorted(spans):
        if begin is not None and one <= end:
            end = max(end, other)
            continue
        if begin is not None:
            yield begin, end
        begin, end = one, other
    if begin is not None:
        yield begin, end


def _split(span: Span, by: int) -> Iterator[Span]:
    """A span, cut at the multiples of ``by``; one without length is one piece."""
    begin, end = span
    while True:
        cut = min(end, (begin // by + 1) * by)
        yield begin, cut
        if cut >= end:
            return
        begin = cut


def _peaks(spans: Iterable[Span]) -> dict[str, dict[int, int]]:
    """The most people at once, by day and quarter of an hour. Who leaves as another comes is not there with them."""
    changes: dict[int, list[tuple[int, int]]] = {}
    for span in spans:
        for begin, end in _split(span, SLOT_MS):
            changes.setdefault(begin // SLOT_MS, []).extend([(begin, 1), (max(end, begin + 1), -1)])
    peaks: dict[str, dict[int, int]] = {}
    for slot, moments in changes.items():
        present = highest = 0
        for _, change in sorted(moments):  # who leaves comes before who comes at the same moment
            present += change
            highest = max(highest, present)
        at = slot * SLOT_MS
        peaks.setdefault(day_of(at), {})[at % DAY_MS // SLOT_MS] = highest
    return peaks
