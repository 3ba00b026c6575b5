"""Polls that are prepared before a meeting: what they may be, and what is known of their being asked."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from meetings_service.domain.polls import Poll, merge_polls, poll_of
from meetings_service.domain.prepared_polls import (
    PollUse,
    PreparedPoll,
    changed,
    checked,
    id_of,
    in_order,
    next_position,
    use_of,
)
from msgspec.structs import replace

from contracts.client_commands import CreatePoll
from contracts.log_events import PollClosed, PollCreated, PollVoted
from contracts.rooms import Identity, MeetingId
from functions.serverless.problems import InvalidFieldError
from tests.unit.meetings_service.room_history import START, asked, voted

MEETING = MeetingId("abcd-efgh-jkmn")
POLL = PreparedPoll(id="pp_1", question="Tea?", options=("yes", "no"), position=1)


def test_texts_are_as_a_room_takes_them() -> None:
    poll = checked(replace(POLL, question="  Tea\n or  coffee? ", options=(" yes ", "n\to")))
    assert (poll.question, poll.options) == ("Tea or coffee?", ("yes", "n o"))
    CreatePoll(question=poll.question, options=poll.options, prepared_id=poll.id)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"question": "  "}, "question"),
        ({"question": "a\u202ab\x07"}, "question"),
        ({"question": "\u0958" * 200}, "question"),  # two characters each in NFC
        ({"options": ("yes", " ")}, "options[1]"),
        ({"options": ("\u0958" * 61, "no")}, "options[0]"),
        ({"options": ("yes", "no", " yes")}, "options"),
    ],
)
def test_what_no_room_would_take_is_refused_and_named(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidFieldError) as refused:
        checked(replace(POLL, **fields))
    assert [each.field for each in refused.value.fields] == [field]


def test_a_change_leaves_what_it_does_not_name() -> None:
    use = PollUse(session=1, version=4, poll_id="q_1", at=START)
    before = replace(POLL, multiple=True, version=3, request="d", last_use=use)
    assert changed(before, {"options": ["tea", " coffee"]}) == replace(before, options=("tea", "coffee"))
    assert changed(before, {}) == before


def test_polls_stand_in_their_order_and_new_ones_behind() -> None:
    polls = [replace(POLL, id=f"pp_{number}", position=position) for number, position in enumerate((3, 1, 1))]
    assert [poll.id for poll in in_order(polls)] == ["pp_1", "pp_2", "pp_0"]
    assert (next_position(polls), next_position([])) == (4, 1)


def test_the_same_request_makes_the_same_poll_and_no_other_one() -> None:
    one = id_of(MEETING, Identity("u_1"), "key", b"0" * 10)
    assert one == id_of(MEETING, Identity("u_1"), "key", b"1" * 10)
    others = {
        id_of(MEETING, Identity("u_2"), "key", b"0" * 10),
        id_of(MEETING, Identity("u_1"), "other", b"0" * 10),
        id_of(MeetingId("abcd-efgh-jkmo"), Identity("u_1"), "key", b"0" * 10),
        id_of(MEETING, Identity("u_1"), None, b"0" * 10),
        id_of(MEETING, Identity("u_1"), None, b"1" * 10),
    }
    assert len(others) == 5
    assert one not in others


def prepared(number: int, prepared_id: str | None = "pp_1") -> PollCreated:
    event = asked(0, START + number)
    return replace(event, poll=replace(event.poll, prepared_id=prepared_id))


def test_what_is_told_of_a_poll_says_in_any_order_that_it_was_prepared() -> None:
    created = prepared(5)
    events: tuple[tuple[int, PollCreated | PollVoted | PollClosed], ...] = (
        (5, created),
        (6, voted(created.poll.id, 1, START, (1, 0))),
        (7, PollClosed(at=9, poll_id=created.poll.id)),
    )
    expected = PollUse(session=2, version=5, poll_id=created.poll.id, at=START + 5)
    for told in permutations(events):
        known = Poll(poll_id=created.poll.id)
        for version, event in (*told, *told):
            known = merge_polls(known, poll_of(version, event))
        assert use_of(2, known) == expected
    assert use_of(2, poll_of(7, events[2][1])) is None
    assert use_of(2, poll_of(5, prepared(5, None))) is None


def test_a_later_session_is_later_whatever_its_versions() -> None:
    assert (
        PollUse(session=2, version=1, poll_id="q", at=1).moment
        > PollUse(session=1, version=10**9, poll_id="q", at=2).moment
    )
