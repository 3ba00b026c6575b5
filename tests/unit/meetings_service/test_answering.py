"""Answers to invitations."""

from __future__ import annotations

import base64
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from meetings_service.domain.answering import (
    MAX_OCCURRENCES,
    TOKEN_PATTERN,
    answer_to,
    answered,
    is_outdated,
    opens,
    read_token,
    standing,
    standing_occurrences,
    token_of,
)
from meetings_service.domain.changes import changed
from meetings_service.domain.meetings import Answer, Invitee, Meeting
from meetings_service.domain.recurrence import occurrence_named
from meetings_service.domain.schedule import Schedule
from meetings_service.errors import MeetingCancelledError, MeetingEndedError
from msgspec.structs import replace

from contracts.rooms import Identity, MeetingId
from functions.serverless.problems import InvalidFieldError

NOW = 1_796_000_000_000
FIRST, SECOND = "2026-12-07T09:00:00", "2026-12-14T09:00:00"
WEEKLY = Schedule(start=FIRST, time_zone="Europe/Berlin", duration_minutes=30, rule="FREQ=WEEKLY")
MEETING = Meeting(
    id=MeetingId("abcd-efgh-jkmn"), title="t", host_id="u_1", host_name="Ada", created_at=1, schedule=WEEKLY
)
BOB = Invitee(key="bob@example.org", address="bob@example.org", invited_at=1, secret="s3cret")


def _to(meeting: Meeting, invitee: Invitee, occurrence: str) -> Answer:
    assert meeting.schedule is not None
    one = occurrence_named(meeting.schedule, occurrence)
    assert one is not None
    return answer_to(meeting, invitee, one)


def test_an_answer_to_one_occurrence_goes_before_that_to_all_others() -> None:
    all_of_it = answered(MEETING, BOB, Answer.ACCEPTED, None, now=NOW)
    one = answered(MEETING, all_of_it, Answer.DECLINED, SECOND, now=NOW + 1)
    assert (_to(MEETING, one, FIRST), _to(MEETING, one, SECOND)) == (Answer.ACCEPTED, Answer.DECLINED)
    assert (one.answer, one.answered_at, one.revision) == (Answer.ACCEPTED, NOW, 2)
    again = answered(MEETING, one, Answer.TENTATIVE, None, now=NOW + 2)
    assert _to(MEETING, again, SECOND) is Answer.TENTATIVE


def test_what_is_moved_is_asked_anew_and_nothing_else() -> None:
    said = answered(MEETING, BOB, Answer.ACCEPTED, None, now=NOW)
    said = answered(MEETING, said, Answer.DECLINED, SECOND, now=NOW)
    moved = {"occurrence": SECOND, "start": "2026-12-15T09:00:00"}
    one_moved = changed(MEETING, {"schedule": {"exceptions": [moved]}}, now=NOW)
    assert not is_outdated(one_moved, said)
    assert (_to(one_moved, said, FIRST), _to(one_moved, said, SECOND)) == (Answer.ACCEPTED, Answer.ACCEPTED)
    assert standing_occurrences(one_moved, said) == []
    all_moved = changed(MEETING, {"schedule": {"start": "2026-12-08T10:00:00"}}, now=NOW)
    assert is_outdated(all_moved, said)
    assert standing(all_moved, said) is Answer.NEEDS_ACTION
    renamed = changed(MEETING, {"title": "other"}, now=NOW)
    assert standing(renamed, said) is Answer.ACCEPTED
    assert not is_outdated(all_moved, BOB)


def test_nobody_answers_to_what_is_not() -> None:
    for occurrence in ("2026-12-08T09:00:00", "2026-12-07T10:00:00"):
        with pytest.raises(InvalidFieldError):
            answered(MEETING, BOB, Answer.ACCEPTED, occurrence, now=NOW)
    with pytest.raises(InvalidFieldError):
        answered(replace(MEETING, schedule=None), BOB, Answer.ACCEPTED, FIRST, now=NOW)
    with pytest.raises(MeetingCancelledError):
        answered(replace(MEETING, cancelled_at=NOW), BOB, Answer.ACCEPTED, None, now=NOW)
    over = replace(MEETING, schedule=replace(WEEKLY, rule=None), started_at=1, ended_at=2, ended_by=Identity("u_1"))
    with pytest.raises(MeetingEndedError):
        answered(over, BOB, Answer.ACCEPTED, None, now=NOW)


def test_no_more_answers_are_kept_than_fit_an_item() -> None:
    daily = replace(MEETING, schedule=replace(WEEKLY, rule="FREQ=DAILY"))
    bob = BOB
    days = [f"2027-{month:02}-{day:02}T09:00:00" for month in range(1, 5) for day in range(1, 29)]
    for day in days:
        bob = answered(daily, bob, Answer.DECLINED, day, now=NOW)
    assert [each.occurrence for each in bob.occurrences] == days[-MAX_OCCURRENCES:]
    with pytest.raises(InvalidFieldError):
        answered(daily, bob, Answer.DECLINED, days[0], now=NOW)


def test_a_token_opens_its_invitation_alone() -> None:
    token = token_of(MEETING.id, BOB)
    assert token is not None
    read = read_token(token)
    assert read is not None
    assert (read.meeting_id, read.key) == (MEETING.id, BOB.key)
    assert opens(read, BOB)
    assert not opens(read, replace(BOB, secret="other"))
    assert not opens(read, replace(BOB, secret=None))
    assert token_of(MEETING.id, replace(BOB, secret=None)) is None


@given(st.binary(max_size=80))
def test_no_text_makes_reading_a_token_fail(octets: bytes) -> None:
    text = base64.urlsafe_b64encode(octets).decode()
    for each in (text, text.rstrip("="), octets.decode("latin-1")):
        found = read_token(each)
        assert found is None or (found.key and found.secret)


def test_pattern_takes_the_longest_address() -> None:
    longest = replace(BOB, key="a" * 64 + "@" + "b" * 189, secret="s" * 22)
    token = token_of(MEETING.id, longest)
    assert token is not None
    assert re.fullmatch(TOKEN_PATTERN, token)
