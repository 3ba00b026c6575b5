"""Who may read which line of a chat afterwards, and how the chat looks as a text."""

from __future__ import annotations

import pytest
from meetings_service.domain.attendance import Person, merge_people
from meetings_service.domain.chat_history import ChatLine, Reader, line_of, may_read, merge_lines
from meetings_service.domain.chat_text import written
from meetings_service.domain.record import changes_by_meeting
from msgspec.structs import replace

from contracts.facts import Fact
from contracts.leaving import LeaveReason
from contracts.log_events import ChatSent, LogEvent
from contracts.rooms import Breakout, Identity, Role
from tests.unit.meetings_service.room_history import (
    MEETING,
    START,
    edited,
    joined,
    left,
    made,
    moved,
    removed,
    said,
    said_in,
    whispered,
)

ADA, BOB, EVE = Identity("g_0"), Identity("g_1"), Identity("g_2")


def line(sent: ChatSent, version: int = 10) -> ChatLine:
    found = line_of(version, sent)
    assert found is not None
    return found


TO_ALL = line(said(0, START))
TO_EVERYONE = line(said(0, START, to="everyone"))
TO_HOSTS = line(said(0, START, to="hosts"))
TO_BOB = line(whispered(0, START, to=1))
IN_RED = line(said_in("b_red", 0, START))
LINES = (TO_ALL, TO_EVERYONE, TO_HOSTS, TO_BOB, IN_RED)


def there(identity: Identity = EVE, **more: frozenset[int] | frozenset[str]) -> Person:
    return replace(Person(identity=identity, came_in=frozenset({3})), **more)


@pytest.mark.parametrize(
    ("reader", "reads"),
    [
        (Reader(identity=EVE), ()),
        (Reader(identity=EVE, person=Person(identity=EVE)), ()),
        (Reader(identity=EVE, person=there()), (TO_ALL, TO_EVERYONE)),
        (Reader(identity=EVE, runs=True), (TO_ALL, TO_EVERYONE, TO_HOSTS)),
        (Reader(identity=EVE, administers=True), (TO_ALL, TO_EVERYONE)),
        (Reader(identity=EVE, person=there(breakouts=frozenset({"b_red"}))), (TO_ALL, TO_EVERYONE, IN_RED)),
        (Reader(identity=EVE, person=there(breakouts=frozenset({"b_blue"}))), (TO_ALL, TO_EVERYONE)),
        (Reader(identity=EVE, runs=True, person=there()), (TO_ALL, TO_EVERYONE, TO_HOSTS)),
        (Reader(identity=EVE, person=there(moderates_from=frozenset({4}))), (TO_ALL, TO_EVERYONE, TO_HOSTS)),
        (Reader(identity=EVE, person=there(moderates_from=frozenset({11}))), (TO_ALL, TO_EVERYONE, TO_HOSTS)),
        (
            Reader(identity=EVE, person=there(moderates_from=frozenset({4}), moderates_to=frozenset({9}))),
            (TO_ALL, TO_EVERYONE),
        ),
        (
            Reader(identity=EVE, person=there(moderates_from=frozenset({4}), moderates_to=frozenset({12}))),
            (TO_ALL, TO_EVERYONE, TO_HOSTS),
        ),
        (Reader(identity=EVE, person=there(taken_out=frozenset({9}))), ()),
        (Reader(identity=EVE, person=there(taken_out=frozenset({11}))), (TO_ALL, TO_EVERYONE)),
        (
            Reader(identity=EVE, person=there(taken_out=frozenset({9}), came_in=frozenset({3, 20}))),
            (TO_ALL, TO_EVERYONE),
        ),
        (Reader(identity=EVE, person=there(taken_out=frozenset({9}), breakouts=frozenset({"b_red"}))), ()),
        (Reader(identity=EVE, person=there(taken_out=frozenset({9}), moderates_from=frozenset({4}))), ()),
        (Reader(identity=BOB, person=there(BOB)), (TO_ALL, TO_EVERYONE, TO_BOB)),
        (Reader(identity=BOB), (TO_BOB,)),
        (Reader(identity=ADA), LINES),
    ],
)
def test_line_is_read_by_those_whom_the_room_has_shown_it(reader: Reader, reads: tuple[ChatLine, ...]) -> None:
    assert tuple(each for each in LINES if may_read(reader, each)) == reads


def person_of(identity: Identity, *events: LogEvent) -> Person:
    facts = [Fact(meeting_id=MEETING, version=version, event=event) for version, event in enumerate(events, 1)]
    return changes_by_meeting(facts)[MEETING].people[identity]


def test_what_somebody_may_read_follows_from_the_facts() -> None:
    events = (
        joined(2, START),
        made(2, START, Role.COHOST),
        moved(2, START, "b_red"),
        moved(2, START, None),
        made(2, START, Role.PARTICIPANT),
        left(2, START, LeaveReason.REMOVED),
        joined(5, START),
    )
    assert person_of(EVE, *events) == Person(
        identity=EVE,
        since=START,
        came_in=frozenset({1, 7}),
        moderates_from=frozenset({2}),
        breakouts=frozenset({"b_red"}),
        moderates_to=frozenset({5}),
        taken_out=frozenset({6}),
    )
    assert person_of(EVE, *events[:6]).came_in == {1}
    assert merge_people(person_of(EVE, *events[:3]), person_of(EVE, *events[:4])) == person_of(EVE, *events[:3])


def test_line_that_only_its_edit_has_told_of_is_read_by_nobody() -> None:
    early = line_of(12, edited(said(0, START), 10, START + 5))
    assert early is not None
    assert not may_read(Reader(identity=ADA, runs=True), early)
    whole = merge_lines(early, TO_ALL)
    assert whole == merge_lines(TO_ALL, early)
    assert may_read(Reader(identity=ADA), whole)
    assert (whole.last_text, whole.edited_at) == (f"edited {START + 5}", START + 5)


def test_latest_edit_stands_whichever_comes_first() -> None:
    first, second = (line_of(version, edited(said(0, START), 10, START + version)) for version in (12, 15))
    assert first is not None
    assert second is not None
    for order in ((TO_ALL, first, second), (second, first, TO_ALL), (second, TO_ALL, first)):
        whole = merge_lines(merge_lines(order[0], order[1]), order[2])
        assert whole.last_text == f"edited {START + 15}"


def test_edit_that_does_not_say_of_what_is_left_out() -> None:
    """Gateways of earlier releases did not."""
    assert line_of(12, replace(edited(said(0, START), 10, START), sent_version=None)) is None


@pytest.mark.parametrize(
    ("said_so", "text"),
    [
        (TO_ALL, "Guest 0: hi\n"),
        (TO_EVERYONE, "Guest 0 to everyone: hi\n"),
        (TO_HOSTS, "Guest 0 to the hosts: hi\n"),
        (TO_BOB, "Guest 0 to Guest 1: psst\n"),
        (replace(IN_RED, breakout=Breakout(id="b_red", name="Red")), "Guest 0 in Red: hi\n"),
        (replace(TO_ALL, text="one\n[2026] Eve: two\r\nthree"), "Guest 0: one\n    [2026] Eve: two\n    three\n"),
        (replace(TO_ALL, edit_text="ho", edited_at=START + 1, edit_version=12), "Guest 0 (edited): ho\n"),
        (merge_lines(TO_ALL, line_of(12, removed(said(0, START), 10, START)) or TO_ALL), "Guest 0 (removed)\n"),
    ],
)
def test_chat_reads_well_as_a_text(said_so: ChatLine, text: str) -> None:
    assert written(said_so) == f"[2027-01-15T08:00:00.000Z] {text}"
