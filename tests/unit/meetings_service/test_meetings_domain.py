"""Meeting ids and states."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from meetings_service.domain.meetings import (
    Kind,
    Meeting,
    Status,
    agenda_position,
    is_meeting_id,
    meeting_id,
    with_hyphens,
)
from meetings_service.domain.schedule import Schedule
from msgspec.structs import replace

from contracts.rooms import Identity, MeetingId


@given(st.binary(min_size=9, max_size=9))
def test_any_randomness_gives_an_id_that_is_one(randomness: bytes) -> None:
    made = meeting_id(randomness)
    assert is_meeting_id(made)
    assert [len(group) for group in made.split("-")] == [4, 4, 4]
    assert not set(made) & set("ilo")


def test_letters_of_ids_are_spread_evenly() -> None:
    digests = (hashlib.sha256(str(number).encode()).digest() for number in range(5000))
    letters = Counter("".join(meeting_id(digest[:9]) for digest in digests))
    del letters["-"]
    assert len(letters) == 23
    assert max(letters.values()) < 1.3 * min(letters.values())


def test_too_little_randomness_is_an_error() -> None:
    with pytest.raises(ValueError, match="random octets"):
        meeting_id(b"\x00" * 8)


@pytest.mark.parametrize(
    "text", ["", "abc", "abc-defg-hij", "ABC-DEFG-HJK", "abcdefghjk", "abc-defg-hjk ", "ábc-defg-hjk"]
)
def test_other_texts_are_no_ids(text: str) -> None:
    assert not is_meeting_id(text)


@pytest.mark.parametrize("text", ["abcd-efgh-jkmn", "abc-defg-hjk"])
def test_ids_of_twelve_letters_and_of_the_former_ten_are_ids(text: str) -> None:
    assert is_meeting_id(text)
    assert with_hyphens(text.replace("-", "")) == text


def meeting(**more: Any) -> Meeting:
    base = Meeting(id=MeetingId("abcd-efgh-jkmn"), title="t", host_id="u_1", host_name="Ada", created_at=1)
    return replace(base, **more)


ONCE = Schedule(start="2026-12-01T09:00:00", time_zone="Europe/Berlin", duration_minutes=30)
WEEKLY = replace(ONCE, rule="FREQ=WEEKLY")
KINDS: dict[Kind, dict[str, Any]] = {
    Kind.INSTANT: {},
    Kind.ONCE: {"schedule": ONCE},
    Kind.RECURRING: {"schedule": WEEKLY},
    Kind.PERSONAL: {"personal": True},
}
HOST = Identity("u_1")


@pytest.mark.parametrize("kind", list(Kind))
def test_kind_follows_from_what_the_meeting_is_made_of(kind: Kind) -> None:
    assert meeting(**KINDS[kind]).kind is kind


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize(
    ("times", "status", "is_over"),
    [
        ({}, Status.SCHEDULED, False),
        ({"started_at": 5}, Status.LIVE, False),
        ({"started_at": 5, "ended_at": 9}, Status.ENDED, False),
        ({"started_at": 5, "ended_at": 9, "ended_by": HOST}, Status.ENDED, True),
        ({"ended_at": 9, "ended_by": HOST}, Status.ENDED, True),
        ({"started_at": 5, "cancelled_at": 9}, Status.CANCELLED, True),
    ],
)
def test_status_follows_from_the_times_and_some_meetings_take_place_again(
    kind: Kind,
    times: dict[str, Any],
    status: Status,
    is_over: bool,  # noqa: FBT001
) -> None:
    again = kind in {Kind.RECURRING, Kind.PERSONAL} and status is Status.ENDED
    known = meeting(**KINDS[kind], **times)
    assert known.status is (Status.SCHEDULED if again else status)
    assert known.is_over is (is_over and not again)


def test_agenda_is_in_the_order_of_time_and_knows_when_something_is_over() -> None:
    start = 1_796_112_000_000
    assert agenda_position(meeting(schedule=ONCE)) == f"ONCE#{start:015d}#{start + 1_800_000:015d}#abcd-efgh-jkmn"
    assert agenda_position(meeting()) is None
    assert agenda_position(meeting(personal=True)) is None


def test_each_session_has_a_room_of_its_own_and_the_first_ones_is_the_meetings() -> None:
    assert meeting().room == "abcd-efgh-jkmn"
    assert meeting(session=2).room == "abcd-efgh-jkmn.2"
