"""What sessions add to the counters of days: counted anew as often as one likes, the same comes of it."""

from __future__ import annotations

from collections import Counter
from datetime import date

from hypothesis import given
from hypothesis import strategies as st
from meetings_service.domain.attendance import Attendance
from meetings_service.domain.usage import DAY_MS, SLOT_MS, SessionCount, count_of, difference, periods

from contracts.rooms import Identity, ParticipantId, ParticipantKind

DAY = date(2026, 11, 29)
MIDNIGHT = 1_795_910_400_000
"""2026-11-29T00:00:00Z."""
MINUTE = 60_000
NOON = MIDNIGHT + DAY_MS // 2


def stay(who: str, joined: int, left: int | None, kind: ParticipantKind = ParticipantKind.PERSON) -> Attendance:
    return Attendance(
        participant_id=ParticipantId(f"p_{who}_{joined}"),
        identity=Identity(who),
        joined_at=joined,
        left_at=left,
        kind=kind,
    )


def counted(*stays: Attendance, ended_at: int = NOON + 60 * MINUTE) -> SessionCount:
    return count_of(stays, started_at=NOON, ended_at=ended_at)


def test_a_person_on_two_devices_counts_once_and_streams_do_not() -> None:
    count = counted(
        stay("a", NOON, NOON + 10 * MINUTE),
        stay("a", NOON + 5 * MINUTE, NOON + 20 * MINUTE),
        stay("a", NOON + 30 * MINUTE, None),
        stay("s", NOON, None, ParticipantKind.STREAM),
    )
    assert (count.participants, count.participant_ms) == (1, 50 * MINUTE)
    assert count.days["2026-11-29"].peaks == {48: 1, 49: 1, 50: 1, 51: 1}


def test_peaks_are_of_people_who_were_there_together() -> None:
    count = counted(
        stay("a", NOON, NOON + 5 * MINUTE),
        stay("b", NOON + 5 * MINUTE, NOON + 10 * MINUTE),
        stay("c", NOON + 9 * MINUTE, NOON + 16 * MINUTE),
    )
    assert count.days["2026-11-29"].peaks == {48: 2, 49: 1}


def test_a_session_over_midnight_belongs_to_both_days() -> None:
    begin = MIDNIGHT + DAY_MS - 30 * MINUTE
    count = counted(stay("a", begin, begin + 70 * MINUTE), ended_at=begin + 90 * MINUTE)
    assert count.began_on == "2026-11-29"
    assert [each.participant_ms for each in count.days.values()] == [30 * MINUTE, 40 * MINUTE]
    days = difference(None, count)
    assert (days["2026-11-29"]["meetings"], "meetings" in days["2026-11-30"]) == (1, False)


STAYS = st.lists(
    st.builds(
        lambda who, begin, length: stay(
            who, NOON + begin * MINUTE, None if length is None else NOON + begin * MINUTE + length
        ),
        st.sampled_from("abcd"),
        st.integers(-200, 200),
        st.none() | st.integers(0, 400 * MINUTE),
    ),
    max_size=6,
)


@given(st.lists(STAYS, min_size=1, max_size=5))
def test_counted_again_and_again_it_is_as_if_counted_once(records: list[list[Attendance]]) -> None:
    totals: dict[str, Counter[str]] = {}
    known: SessionCount | None = None
    for stays in records:
        now = counted(*stays, ended_at=NOON + 900 * MINUTE)
        for day, changes in difference(known, now).items():
            for name, change in changes.items():
                totals.setdefault(day, Counter())[name] += change
        known = now
    assert known is not None
    at_once = difference(None, known)
    assert {day: {name: n for name, n in each.items() if n} for day, each in totals.items() if any(each.values())} == (
        at_once
    )
    assert difference(known, known) == {}


@given(STAYS)
def test_minutes_and_peaks_agree_with_a_count_minute_by_minute(stays: list[Attendance]) -> None:
    ended = NOON + 900 * MINUTE
    count = counted(*stays, ended_at=ended)
    spans = [(each.identity, each.joined_at or 0, min(ended, each.left_at or ended)) for each in stays]
    moments = sorted({begin for _, begin, _ in spans})
    for at in moments:
        there = {who for who, begin, end in spans if begin <= at < max(end, begin + 1)}
        slot = at % DAY_MS // SLOT_MS
        day = "2026-11-29" if MIDNIGHT <= at < MIDNIGHT + DAY_MS else None
        if day:
            assert count.days[day].peaks[slot] >= len(there)
    assert count.participants == len({who for who, _, _ in spans})


def test_days_without_anything_are_there_and_months_have_the_highest_of_their_days() -> None:
    days = {
        "2026-11-28": {"meetings": 2, "participants": 5, "participant_ms": 90_000, "p3": 4, "m3": 2},
        "2026-11-30": {"meetings": 1, "participants": 2, "participant_ms": 60_000, "p9": 2, "m9": 1, "p10": 1},
    }
    found = periods(days, first=date(2026, 11, 28), last=date(2026, 12, 1), by="day")
    assert [(each.period, each.meetings, each.peak_people) for each in found] == [
        ("2026-11-28", 2, 4),
        ("2026-11-29", 0, 0),
        ("2026-11-30", 1, 2),
        ("2026-12-01", 0, 0),
    ]
    november, december = periods(days, first=date(2026, 11, 28), last=date(2026, 12, 1), by="month")
    assert (november.meetings, november.participants, november.participant_minutes) == (3, 7, 3)
    assert (november.peak_people, november.peak_meetings, december.meetings) == (4, 2, 0)
