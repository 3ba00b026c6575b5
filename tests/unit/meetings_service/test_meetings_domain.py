"""Meeting ids and states."""

from __future__ import annotations

import hashlib
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from meetings_service.domain.meetings import Meeting, Status, is_meeting_id, meeting_id

from contracts.rooms import MeetingId


@given(st.binary(min_size=8, max_size=8))
def test_any_randomness_gives_an_id_that_is_one(randomness: bytes) -> None:
    made = meeting_id(randomness)
    assert is_meeting_id(made)
    assert [len(group) for group in made.split("-")] == [3, 4, 3]
    assert not set(made) & set("ilo")


def test_letters_of_ids_are_spread_evenly() -> None:
    digests = (hashlib.sha256(str(number).encode()).digest() for number in range(5000))
    letters = Counter("".join(meeting_id(digest[:8]) for digest in digests))
    del letters["-"]
    assert len(letters) == 23
    assert max(letters.values()) < 1.3 * min(letters.values())


def test_too_little_randomness_is_an_error() -> None:
    with pytest.raises(ValueError, match="random octets"):
        meeting_id(b"\x00" * 7)


@pytest.mark.parametrize(
    "text", ["", "abc", "abc-defg-hij", "ABC-DEFG-HJK", "abcdefghjk", "abc-defg-hjk ", "ábc-defg-hjk"]
)
def test_other_texts_are_no_ids(text: str) -> None:
    assert not is_meeting_id(text)


@pytest.mark.parametrize(
    ("started_at", "ended_at", "status"),
    [
        (None, None, Status.SCHEDULED),
        (5, None, Status.LIVE),
        (5, 9, Status.ENDED),
        (None, 9, Status.ENDED),
    ],
)
def test_status_follows_from_the_times(started_at: int | None, ended_at: int | None, status: Status) -> None:
    meeting = Meeting(
        id=MeetingId("abc-defg-hjk"),
        title="t",
        host_id="u_1",
        host_name="Ada",
        guests_allowed=True,
        created_at=1,
        started_at=started_at,
        ended_at=ended_at,
    )
    assert meeting.status is status
