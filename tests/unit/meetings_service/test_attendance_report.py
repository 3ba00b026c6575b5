"""Attendance, person by person: times, roles, breakout rooms, and a table that is no formula."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from meetings_service.domain.attendance import COUNTED_AT_MOST, Attendance, Turn, seconds_present
from meetings_service.domain.attendance_report import COLUMNS, PersonReport, as_csv, reports
from meetings_service.domain.record import changes_by_meeting
from meetings_service.domain.spreadsheets import harmless
from msgspec.structs import replace

from contracts.facts import Fact
from contracts.log_events import LogEvent
from contracts.rooms import Identity, ParticipantId, ParticipantKind, Role
from tests.unit.meetings_service.room_history import (
    MEETING,
    START,
    joined,
    left,
    made,
    moved,
    raised,
    reacted,
    renamed,
)

NOW = START + 3_600_000


def told(*events: LogEvent, ended_at: int | None = None) -> tuple[PersonReport, ...]:
    facts = [Fact(meeting_id=MEETING, version=version, event=event) for version, event in enumerate(events, 1)]
    record = changes_by_meeting(facts)[MEETING]
    entries: list[Attendance | Turn] = [*record.attendance.values(), *record.turns.values()]
    return reports(entries, ended_at=ended_at, now=NOW)


def test_two_stays_at_once_count_once() -> None:
    (ada,) = told(
        joined(0, START),
        joined(3, START + 10_000),
        left(0, START + 20_000),
        left(3, START + 30_000),
        joined(6, START + 50_000),
        left(6, START + 55_500),
    )
    assert (ada.identity, ada.guest, ada.seconds, len(ada.stays)) == ("g_0", True, 35, 3)
    assert (ada.joined_at, ada.left_at) == (START, START + 55_500)


@pytest.mark.parametrize(("ended_at", "left_at", "seconds"), [(None, None, 3_600), (START + 5_000, START + 5_000, 5)])
def test_who_has_not_left_was_there_to_the_end_or_still_is(
    ended_at: int | None, left_at: int | None, seconds: int
) -> None:
    (ada,) = told(joined(0, START), ended_at=ended_at)
    assert (ada.left_at, ada.seconds, ada.stays[0].left_at) == (left_at, seconds, left_at)
    assert ada.stays[0].left_because is None


def test_roles_names_hands_and_breakout_rooms_are_told() -> None:
    (ada,) = told(
        joined(0, START),
        moved(0, START + 1_000, "b_1"),
        made(0, START + 2_000, Role.COHOST),
        moved(0, START + 3_000, "b_2"),
        moved(0, START + 4_000, None),
        renamed(0, START + 5_000),
        raised(0, START + 6_000),
        raised(0, START + 7_000),
        reacted(0, START + 8_000),
        moved(0, START + 9_000, "b_1"),
        left(0, START + 10_000),
    )
    assert (ada.name, ada.role, ada.hands, ada.reactions) == (f"Name {START + 5_000}", Role.COHOST, 2, 1)
    (stay,) = ada.stays
    assert [(turn.role, turn.at) for turn in stay.roles] == [(Role.COHOST, START + 2_000)]
    assert [(place.breakout, place.since - START, (place.left_at or 0) - START) for place in stay.places] == [
        ("b_1", 1_000, 3_000),
        ("b_2", 3_000, 4_000),
        ("b_1", 9_000, 10_000),
    ]
    assert all(place.assigned for place in stay.places)


def test_who_comes_into_a_breakout_room_was_there_from_the_beginning() -> None:
    (bob,) = told(joined(4, START), ended_at=START + 1_000)
    assert [(place.breakout, place.since, place.left_at) for place in bob.stays[0].places] == [
        ("b_1", START, START + 1_000)
    ]


def test_counting_ends_somewhere() -> None:
    many = Attendance(
        participant_id=ParticipantId("p"), identity=Identity("g"), hands=frozenset(range(COUNTED_AT_MOST + 5))
    )
    assert reports([many], ended_at=None, now=NOW)[0].hands == COUNTED_AT_MOST


STAYS = st.lists(
    st.tuples(st.integers(0, 99), st.integers(0, 99)).map(
        lambda span: Attendance(
            participant_id=ParticipantId("p"),
            identity=Identity("g"),
            joined_at=min(span) * 1000,
            left_at=max(span) * 1000,
        )
    ),
    max_size=8,
)


@given(STAYS)
def test_presence_is_the_union_of_the_stays(stays: list[Attendance]) -> None:
    seconds = {second for stay in stays for second in range((stay.joined_at or 0) // 1000, (stay.left_at or 0) // 1000)}
    assert seconds_present(stays, until=0) == len(seconds)


HOSTILE = ('=HYPERLINK("http://x")', "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\nx", "\uff1d1")


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_is_a_formula(name: str) -> None:
    assert harmless(name) == f"'{name}"
    assert harmless(f"Ada {name}") == f"Ada {name}"
    assert harmless(f"Ada;{name}") == f"Ada;'{name}"


@given(st.text(max_size=20))
def test_table_is_read_back_as_it_was(name: str) -> None:
    event = joined(0, START)
    named = replace(event, participant=replace(event.participant, name=name))
    people = told(named, joined(1, START - 1000), ended_at=START + 1_000)
    header, *rows = list(csv.reader(io.StringIO(as_csv(people), newline=""), strict=True))
    assert tuple(header) == COLUMNS
    assert rows[0][0] == "Guest 1"
    assert rows[1] == [
        harmless(name),
        "",
        "yes",
        "guest",
        "2027-01-15T08:00:00.000Z",
        "2027-01-15T08:00:01.000Z",
        "1",
        "1",
    ]
    assert as_csv(people).count("\r\n") >= 3


def test_streams_are_no_people() -> None:
    event = joined(0, START)
    stream = replace(event, participant=replace(event.participant, kind=ParticipantKind.STREAM))
    people = told(stream)
    assert people[0].kind is ParticipantKind.STREAM
    assert as_csv(people) == ",".join(COLUMNS) + "\r\n"
