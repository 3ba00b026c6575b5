"""Shared notes: who writes, what becomes of edits that were made at once, and when the text is kept."""

from __future__ import annotations

from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from contracts import log_events as log
from contracts.notes import MAX_CHANGE_PARTS, MAX_NOTES_LENGTH, MAX_PUT_IN
from contracts.rooms import PERMISSIONS_OF_ROLE, Identity, ParticipantId, Role
from contracts.text_changes import TextChange, changed, simplified, transformed
from signaling_gateway.domain import commands
from signaling_gateway.domain.decide import decide
from signaling_gateway.domain.evolve import evolve, evolve_all
from signaling_gateway.domain.evolve_notes import CHARACTERS_AT_HAND, EDITS_AT_HAND, MAX_WRITERS, PARTS_AT_HAND
from signaling_gateway.domain.notes import KEEP_AFTER_MS, MOST_PARTS_OF_PRESENT, EditNotes, KeepNotes, kept_when
from signaling_gateway.domain.projection import snapshot
from signaling_gateway.domain.room_state import RoomState
from signaling_gateway.domain.service_commands import EndByService
from tests.unit.signaling_gateway.room_steps import (
    ADA,
    BOB,
    EVE,
    HOST,
    MEETING,
    PLAIN,
    after,
    join,
    refusal,
)

ROOM = after(RoomState(), join(HOST, role=Role.HOST), join(ADA), join(BOB))
READING = replace(PLAIN, notes=False)
GUS = ParticipantId("p_gus")
NOW = 1000


def edit(who: ParticipantId, *change: int | str, of: int = 0, name: str = "") -> EditNotes:
    return EditNotes(participant_id=who, edit_id=name or f"{who}{of}{change}", revision=of, change=change)


def with_text(room: RoomState, text: str) -> RoomState:
    """As if it had been written in many edits."""
    return replace(room, notes=replace(room.notes, text=text))


def text_of(state: RoomState) -> str:
    return state.notes.text


# ---- who writes ----


def test_everybody_writes_until_a_role_may_not_and_one_of_them_is_let() -> None:
    room = after(ROOM, edit(ADA, "a"))
    locked = after(room, commands.SetRolePermissions(participant_id=HOST, role=Role.PARTICIPANT, permissions=READING))
    assert refusal(locked, edit(ADA, "x", of=1)) == "permission_denied"
    assert text_of(after(locked, edit(HOST, "h", of=1))) == "ha"
    let = after(locked, commands.SetPermissions(participant_id=HOST, target=BOB, permissions=PLAIN))
    assert text_of(after(let, edit(BOB, "b", of=1))) == "ba"
    assert refusal(let, edit(ADA, "x", of=1)) == "permission_denied"
    assert locked.stays[ADA].info.permissions == READING, "all else is as it was"


def test_a_guest_writes_once_a_host_lets_them_and_others_of_no_account_do_not() -> None:
    coming = [replace(join(who, role=Role.GUEST), permissions=PERMISSIONS_OF_ROLE[Role.GUEST]) for who in (EVE, GUS)]
    room = after(ROOM, *coming, edit(ADA, "Agenda"))
    deletion = edit(EVE, -6, of=1)
    assert refusal(room, deletion) == "permission_denied"
    let = after(room, commands.SetPermissions(participant_id=HOST, target=EVE, permissions=PLAIN))
    assert text_of(after(let, edit(EVE, 6, "!", of=1))) == "Agenda!"
    assert refusal(let, edit(GUS, -6, of=1)) == "permission_denied"


def test_locked_notes_are_written_by_those_who_moderate() -> None:
    locked = after(ROOM, commands.SetPolicy(participant_id=HOST, notes=False))
    assert refusal(locked, edit(ADA, "a")) == "permission_denied"
    written = after(locked, edit(HOST, "h"))
    assert text_of(after(written, commands.SetPolicy(participant_id=HOST, notes=True), edit(ADA, "a", of=1))) == "ah"


def test_everybody_reads_in_breakout_rooms_too_and_whoever_comes_late() -> None:
    room = after(ROOM, edit(ADA, "a", name="one"))
    opened = commands.OpenBreakouts(
        participant_id=HOST,
        rooms=(commands.NewBreakout(id="b", name="B", participant_ids=(BOB,)),),
        free_choice=False,
        close_after_ms=None,
    )
    room = after(room, opened, join(EVE), edit(BOB, 1, "b", of=1))
    seen = {who: snapshot(room, MEETING, stay).notes for who, stay in room.stays.items()}
    assert {notes.text for notes in seen.values()} == {"ab"}
    assert {notes.revision for notes in seen.values()} == {2}
    assert (seen[ADA].my_edit, seen[EVE].my_edit) == ("one", None)


# ---- edits ----


def test_an_edit_of_an_earlier_text_is_made_one_of_the_present() -> None:
    room = after(ROOM, edit(ADA, "Agenda\n"), edit(BOB, 7, "- budget", of=1), edit(ADA, 7, "- people\n", of=1))
    assert text_of(room) == "Agenda\n- budget- people\n"
    assert room.notes.revision == 3


def test_an_edit_that_is_given_again_is_made_once() -> None:
    room = after(ROOM, edit(ADA, "a", name="one"))
    assert decide(room, edit(ADA, "a", name="one"), NOW) == ()
    assert decide(room, edit(BOB, "a", of=1, name="one"), NOW), "names are each one's own"


def test_an_edit_that_others_have_made_idle_still_gets_its_revision() -> None:
    room = after(ROOM, edit(ADA, "word"), edit(BOB, -4, of=1))
    (event,) = decide(room, edit(ADA, -4, of=1), NOW)
    assert isinstance(event, log.NotesEdited)
    assert (event.change, event.revision) == ((), 3)


@pytest.mark.parametrize(
    ("made", "code"),
    [
        (edit(ADA, "x", of=2), "notes_outdated"),
        (edit(ADA, 3, "x", of=1), "validation_failed"),
        (edit(ADA, -3, of=1), "validation_failed"),
        (edit(ADA, 2, of=1), "validation_failed"),
        (edit(ADA, "a\r\n", of=1), "validation_failed"),
        (edit(ADA, "\x00", of=1), "validation_failed"),
        (edit(ADA, "x" * MAX_PUT_IN, 1, "x", of=1), "validation_failed"),
    ],
)
def test_what_does_not_fit_is_refused(made: EditNotes, code: str) -> None:
    assert refusal(after(ROOM, edit(HOST, "ab")), made) == code


def test_notes_may_be_full_and_shortened_again() -> None:
    room = with_text(ROOM, "x" * MAX_NOTES_LENGTH)
    assert refusal(room, edit(ADA, "y")) == "notes_full"
    assert text_of(after(room, edit(ADA, -MAX_NOTES_LENGTH, "y"))) == "y"


def test_so_many_edits_back_may_an_edit_be_and_no_more() -> None:
    room = ROOM
    for number in range(EDITS_AT_HAND + 1):
        room = after(room, edit(HOST, "x", of=number))
    assert refusal(room, edit(ADA, "a", of=0)) == "notes_outdated"
    assert text_of(after(room, edit(ADA, "a", of=1))).endswith("ax")


def test_edits_at_hand_do_not_make_the_room_large() -> None:
    room = ROOM
    for number in range(20):
        room = after(room, edit(HOST, -MAX_PUT_IN if number else "", "x" * MAX_PUT_IN, of=number))
    assert sum(len(str(part)) for change in room.notes.edits for part in change) <= CHARACTERS_AT_HAND + 100
    assert decide(room, edit(ADA, -1, of=20), NOW)


def scattered(who: ParticipantId, number: int, text: str, put_in: str = "a") -> EditNotes:
    """As many parts as one edit may have, all over the text, each time elsewhere."""
    step = len(text) // (MAX_CHANGE_PARTS // 2 + 1)
    return edit(who, *(3 * number % step + 1, put_in, *(step, put_in) * (MAX_CHANGE_PARTS // 2 - 1)), of=number)


def test_what_it_takes_to_bring_edits_together_is_bounded_whatever_was_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Counted in parts that are gone through, on which the time depends."""
    room = with_text(ROOM, "x" * 20_000)
    for number in range(EDITS_AT_HAND):
        room = after(room, scattered((ADA, BOB)[number % 2], number, room.notes.text))
    at_hand = room.notes.edits
    assert sum(map(len, at_hand)) <= PARTS_AT_HAND
    gone_through = 0

    def counting(first: TextChange, second: TextChange) -> tuple[TextChange, TextChange]:
        nonlocal gone_through
        gone_through += len(first) + len(second)
        return transformed(first, second)

    monkeypatch.setattr("signaling_gateway.domain.notes.transformed", counting)
    oldest = room.notes.revision - len(at_hand)
    assert refusal(room, edit(ADA, -20_000, of=oldest)) == "notes_outdated"
    assert gone_through <= PARTS_AT_HAND + len(at_hand) * MOST_PARTS_OF_PRESENT
    gone_through = 0
    assert decide(room, edit(ADA, 3, "typed", of=oldest), NOW), "who only types is not kept from it"
    assert gone_through <= PARTS_AT_HAND + 3 * len(at_hand)


def test_an_edit_that_comes_to_too_many_parts_is_to_be_made_anew() -> None:
    room = with_text(ROOM, "x" * 1_000)
    numbers = range(2 * MOST_PARTS_OF_PRESENT // MAX_CHANGE_PARTS)
    for number in numbers:
        room = after(room, scattered(BOB, number, room.notes.text))
    assert refusal(room, edit(ADA, -1_000, of=0)) == "notes_outdated"
    assert text_of(after(room, edit(ADA, -len(room.notes.text), of=len(numbers)))) == ""


def test_accounts_are_noted_as_writers_up_to_a_number_and_nobody_else() -> None:
    room = after(ROOM, edit(ADA, "a"))
    (edited,) = decide(room, edit(BOB, "b", of=1), NOW)
    assert isinstance(edited, log.NotesEdited)
    for identity in ("g_guest", "k_key", *(f"u_{number}" for number in range(MAX_WRITERS + 9))):
        room = evolve(room, replace(edited, identity=Identity(identity), revision=room.notes.revision + 1))
    assert room.notes.writers == (f"u_{ADA}", *(f"u_{number}" for number in range(MAX_WRITERS - 1)))


def test_whose_stay_is_over_leaves_no_trace_but_their_text_and_that_they_wrote() -> None:
    room = after(ROOM, edit(ADA, "a"), commands.Leave(participant_id=ADA), edit(BOB, "b", of=1))
    assert set(room.notes.latest) == {BOB}
    assert room.notes.writers == (f"u_{ADA}", f"u_{BOB}")


# ---- keeping ----


def kept(events: tuple[log.LogEvent, ...]) -> list[tuple[str, int]]:
    return [(event.text, event.revision) for event in events if isinstance(event, log.NotesKept)]


def test_notes_are_kept_a_while_after_the_first_edit_and_then_when_there_is_another() -> None:
    room = after(ROOM, edit(ADA, "a"))
    room = after(room, edit(ADA, 1, "b", of=1), now=NOW + 10)
    due = kept_when(room)
    assert due == NOW + KEEP_AFTER_MS
    assert decide(room, KeepNotes(), due - 1) == ()
    events = decide(room, KeepNotes(), due)
    assert kept(events) == [("ab", 2)]
    room = evolve_all(room, events)
    assert (kept_when(room), decide(room, KeepNotes(), due + KEEP_AFTER_MS)) == (None, ())
    room = after(room, edit(ADA, -2, of=2), now=due)
    assert kept(decide(room, KeepNotes(), due + KEEP_AFTER_MS)) == [("", 3)]


@pytest.mark.parametrize(
    "ending", [commands.EndMeeting(participant_id=HOST), EndByService(meeting_id=MEETING, by=None)]
)
def test_the_end_of_a_meeting_keeps_what_is_not_kept_yet(ending: commands.RoomCommand) -> None:
    events = decide(after(ROOM, edit(ADA, "a")), ending, NOW)
    assert [type(event) for event in events[-2:]] == [log.NotesKept, log.MeetingEnded]
    assert kept(events) == [("a", 1)]
    assert kept(decide(ROOM, ending, NOW)) == [], "there are none"
    assert decide(after(ROOM, edit(ADA, "a"), ending), KeepNotes(), NOW + KEEP_AFTER_MS) == ()


# ---- several at once ----


class Writer:
    """A client that shows its own edits at once, and has one at a time on its way."""

    def __init__(self, who: ParticipantId) -> None:
        self.who = who
        self.text = ""
        self.revision = 0
        self.unsent: list[TextChange] = []
        self.on_its_way: EditNotes | None = None
        self.to_come: deque[log.NotesEdited] = deque()
        self._pending: TextChange = ()
        self._made = 0

    def write(self, change: TextChange) -> None:
        self.text = changed(self.text, change)
        self.unsent.append(change)

    def send(self) -> EditNotes | None:
        """The next edit, unless one is on its way."""
        if self.on_its_way is not None:
            return None
        # What others have made idle is nothing to be sent.
        self.unsent = [each for each in map(simplified, self.unsent) if each]
        if not self.unsent:
            return None
        self._made += 1
        change = self.unsent.pop(0)
        self.on_its_way = edit(self.who, *change, of=self.revision, name=f"{self._made}")
        self._pending = change
        return self.on_its_way

    def hear(self, event: log.NotesEdited) -> None:
        assert event.revision == self.revision + 1
        self.revision = event.revision
        if event.participant_id == self.who:
            assert self.on_its_way is not None
            assert (event.edit_id, event.change) == (self.on_its_way.edit_id, self._pending)
            self.on_its_way = None
            return
        change = event.change
        if self.on_its_way is not None:
            change, self._pending = transformed(change, self._pending)
        waiting = []
        for own in self.unsent:
            change, own_after = transformed(change, own)
            waiting.append(own_after)
        self.unsent = waiting
        self.text = changed(self.text, change)


steps = st.lists(
    st.tuples(
        st.sampled_from(range(3)),
        st.sampled_from(["write", "send", "arrive", "hear"]),
        st.integers(0, 20),
        st.integers(0, 6),
        st.text(alphabet="ab\n\U0001f600", max_size=3),
    ),
    max_size=60,
)


class Meeting:
    """A room and its writers, between whom everything takes as long as it likes."""

    def __init__(self) -> None:
        self.room = ROOM
        self.writers = [Writer(who) for who in (HOST, ADA, BOB)]
        self.under_way: list[EditNotes] = []

    def step(self, who: int, what: str, place: int, length: int, put_in: str) -> None:
        writer = self.writers[who]
        if what == "write":
            start = place % (len(writer.text) + 1)
            writer.write((start, -min(length, len(writer.text) - start), put_in))
        elif what == "send":
            self.send(writer)
        elif what == "arrive" and self.under_way:
            self.arrive(place % len(self.under_way))
        elif what == "hear" and writer.to_come:
            writer.hear(writer.to_come.popleft())

    def send(self, writer: Writer) -> None:
        made = writer.send()
        if made is not None:
            self.under_way.append(made)

    def arrive(self, place: int) -> None:
        (event,) = decide(self.room, self.under_way.pop(place), NOW)
        assert isinstance(event, log.NotesEdited)
        self.room = evolve(self.room, event)
        for writer in self.writers:
            writer.to_come.append(event)

    def settle(self) -> None:
        """Until nothing is under way any more."""
        while any(writer.unsent or writer.on_its_way or writer.to_come for writer in self.writers):
            for writer in self.writers:
                self.send(writer)
            while self.under_way:
                self.arrive(0)
            for writer in self.writers:
                while writer.to_come:
                    writer.hear(writer.to_come.popleft())


@given(steps)
def test_whatever_is_written_at_once_all_end_with_the_same_text(given: list[tuple[int, str, int, int, str]]) -> None:
    meeting = Meeting()
    for step in given:
        meeting.step(*step)
    meeting.settle()
    assert {writer.text for writer in meeting.writers} == {text_of(meeting.room)}
    assert {writer.revision for writer in meeting.writers} == {meeting.room.notes.revision}
