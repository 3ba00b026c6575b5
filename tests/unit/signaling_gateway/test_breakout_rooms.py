"""Breakout rooms: who gets where, what people in different rooms see of each other, and how everybody comes back."""

from __future__ import annotations

from typing import Any

import pytest

from contracts import log_events as log
from contracts.rooms import (
    ParticipantId,
    Role,
    TrackSource,
)
from signaling_gateway.domain import commands
from signaling_gateway.domain.chat import seen_by
from signaling_gateway.domain.decide import decide
from signaling_gateway.domain.evolve import evolve_all
from signaling_gateway.domain.projection import addressed
from signaling_gateway.domain.room_state import RoomState
from signaling_gateway.domain.service_commands import EndByService
from tests.unit.signaling_gateway.room_steps import ADA, BOB, EVE, HOST, MEETING, after, join, publish, refusal

NOW = 1000


def opening(*one: ParticipantId, two: tuple[ParticipantId, ...] = (), **options: Any) -> commands.OpenBreakouts:
    given: dict[str, Any] = {"participant_id": HOST, "free_choice": False, "close_after_ms": None} | options
    rooms = (
        commands.NewBreakout(id="b1", name="  One ", participant_ids=one),
        commands.NewBreakout(id="b2", name="Two", participant_ids=two),
    )
    return commands.OpenBreakouts(rooms=given.pop("rooms", rooms), **given)


def enter(who: ParticipantId, breakout: str | None) -> commands.EnterBreakout:
    return commands.EnterBreakout(participant_id=who, breakout_id=breakout)


def places(state: RoomState) -> dict[str, str | None]:
    return {who: stay.info.breakout for who, stay in state.stays.items()}


def chat(who: ParticipantId, text: str, to: str | None = None) -> commands.SendChat:
    return commands.SendChat(participant_id=who, message_id=text, text=text, to=to)


def read_by(state: RoomState, who: ParticipantId) -> list[str]:
    return [message.text for message in seen_by(state, state.stays[who])]


def told(state: RoomState, command: commands.RoomCommand) -> set[str]:
    """Who is told of the one event that follows."""
    events = decide(state, command, NOW)
    assert len(events) == 1
    messages = addressed(state.version, events, evolve_all(state, events), [*state.stays])
    return {who for group, message in messages if message.events for who in group}


ROOM = after(RoomState(), join(HOST, role=Role.HOST), join(ADA), join(BOB), join(EVE))
SPLIT = after(ROOM, opening(ADA, BOB, two=(EVE,)))


# ---- going there ----


def test_those_who_are_assigned_are_moved_at_once_with_all_their_stays() -> None:
    phone = ParticipantId("p_phone")
    room = after(ROOM, join(phone, identity=f"u_{ADA}"), opening(ADA))
    assert places(room) == {HOST: None, ADA: "b1", BOB: None, EVE: None, phone: "b1"}
    assert room.breakouts is not None
    assert [each.name for each in room.breakouts.rooms] == ["One", "Two"]


def test_who_comes_back_comes_to_the_assigned_room() -> None:
    room = after(SPLIT, commands.Leave(participant_id=ADA), join(ADA))
    assert room.stays[ADA].info.breakout == room.stays[ADA].info.assigned_breakout == "b1"
    assert (
        after(room, commands.CloseBreakouts(participant_id=HOST), join(ParticipantId("p_x")))
        .stays[ParticipantId("p_x")]
        .info.breakout
        is None
    )


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (opening(participant_id=ADA), "permission_denied"),
        (opening(ADA, two=(ADA,)), "validation_failed"),
        (opening(rooms=(commands.NewBreakout(id="b", name="  ", participant_ids=()),)), "validation_failed"),
        (
            opening(rooms=tuple(commands.NewBreakout(id=i, name="A", participant_ids=()) for i in ("b1", "b2"))),
            "validation_failed",
        ),
        (commands.ChangeBreakouts(participant_id=HOST, free_choice=True, close_after_ms=None), "breakout_not_found"),
        (enter(HOST, "b1"), "breakout_not_found"),
        (commands.CloseBreakouts(participant_id=ADA), "permission_denied"),
    ],
)
def test_what_cannot_be_done_while_no_rooms_are_open(command: commands.RoomCommand, code: str) -> None:
    assert refusal(ROOM, command) == code


def test_rooms_that_are_open_are_not_opened_again() -> None:
    assert refusal(SPLIT, opening(ADA)) == "conflict"


def test_without_free_choice_one_goes_between_the_main_room_and_the_assigned_one() -> None:
    assert refusal(SPLIT, enter(ADA, "b2")) == "permission_denied"
    home = after(SPLIT, enter(ADA, None))
    assert places(home)[ADA] is None
    assert home.stays[ADA].info.assigned_breakout == "b1"
    assert places(after(home, enter(ADA, "b1")))[ADA] == "b1"
    assert decide(home, enter(ADA, None), NOW) == ()
    assert refusal(SPLIT, enter(ADA, "b9")) == "breakout_not_found"


def test_with_free_choice_one_chooses_and_keeps_the_choice() -> None:
    change = commands.ChangeBreakouts(participant_id=HOST, free_choice=True, close_after_ms=None)
    room = after(SPLIT, change, enter(ADA, "b2"), enter(ADA, None))
    assert room.stays[ADA].info.assigned_breakout == "b2"


def test_those_who_moderate_look_in_everywhere_and_move_others() -> None:
    room = after(SPLIT, enter(HOST, "b2"))
    assert (room.stays[HOST].info.breakout, room.stays[HOST].info.assigned_breakout) == ("b2", None)
    move = commands.MoveToBreakout(participant_id=HOST, targets=(ADA, ParticipantId("p_gone")), breakout_id="b2")
    assert places(after(room, move))[ADA] == "b2"
    nobody = commands.MoveToBreakout(participant_id=HOST, targets=(ParticipantId("p_gone"),), breakout_id="b2")
    assert refusal(room, nobody) == "participant_not_found"


# ---- being there ----


def test_reactions_chat_and_data_stay_in_the_room() -> None:
    assert told(SPLIT, chat(ADA, "hello")) == {ADA, BOB}
    assert told(SPLIT, chat(HOST, "anybody?")) == {HOST}
    assert told(SPLIT, commands.SendReaction(participant_id=EVE, emoji="\N{PARTY POPPER}")) == {EVE}
    data = commands.SendData(participant_id=ADA, topic="t", data="d", to=None)
    assert told(SPLIT, data) == {ADA, BOB}


def test_messages_to_hosts_to_one_and_to_everyone_cross_rooms() -> None:
    assert told(SPLIT, chat(ADA, "help", to="hosts")) == {ADA, HOST}
    assert told(SPLIT, chat(ADA, "psst", to=EVE)) == {ADA, EVE}
    assert told(SPLIT, chat(HOST, "ten minutes", to="everyone")) == {HOST, ADA, BOB, EVE}
    assert refusal(SPLIT, chat(ADA, "me too", to="everyone")) == "permission_denied"


def test_hands_and_presence_are_common_to_all_rooms() -> None:
    assert told(SPLIT, commands.RaiseHand(participant_id=EVE)) == {HOST, ADA, BOB, EVE}
    assert told(SPLIT, enter(HOST, "b1")) == {HOST, ADA, BOB, EVE}


def test_one_reads_the_chat_of_the_room_one_is_in() -> None:
    room = after(ROOM, chat(BOB, "before"), opening(ADA, two=(EVE,)), chat(ADA, "in one"), chat(EVE, "in two"))
    assert [read_by(room, who) for who in (BOB, ADA, EVE)] == [["before"], ["in one"], ["in two"]]
    assert room.chat[1].message.breakout is not None
    assert room.chat[1].message.breakout.name == "One"
    looked_in = after(room, enter(HOST, "b2"))
    assert read_by(looked_in, HOST) == ["in two"]
    assert read_by(after(looked_in, enter(HOST, None)), HOST) == ["before"]


def test_once_closed_one_keeps_the_chat_of_the_rooms_one_has_been_in() -> None:
    room = after(SPLIT, chat(ADA, "in one"), chat(EVE, "in two"), enter(HOST, "b2"), enter(HOST, "b1"))
    over = after(room, commands.CloseBreakouts(participant_id=HOST), chat(BOB, "back"))
    assert [read_by(over, who) for who in (HOST, BOB, EVE)] == [
        ["in one", "in two", "back"],
        ["in one", "back"],
        ["in two", "back"],
    ]
    edited = commands.EditChat(participant_id=ADA, message_id="in one", text="in our room")
    assert told(over, edited) == {HOST, ADA, BOB}
    again = after(over, opening())
    assert again.visited.keys() == {"b1", "b2"}


def test_muting_all_mutes_those_who_hear_each_other() -> None:
    microphones = [publish(who, TrackSource.MICROPHONE) for who in (ADA, EVE)]
    room = after(SPLIT, *microphones, enter(HOST, "b2"))
    muted = decide(room, commands.MuteAll(participant_id=HOST, source=TrackSource.MICROPHONE), NOW)
    assert [event.participant_id for event in muted if isinstance(event, log.TrackMuted)] == [EVE]


# ---- coming back ----


def test_closing_brings_everybody_back_and_forgets_who_was_where() -> None:
    moved, closed = decide(SPLIT, commands.CloseBreakouts(participant_id=HOST), NOW)
    assert isinstance(moved, log.ParticipantsMoved)
    assert {move.participant_id for move in moved.moves} == {ADA, BOB, EVE}
    assert closed == log.BreakoutsClosed(at=NOW, by=HOST)
    over = evolve_all(SPLIT, (moved, closed))
    assert set(places(over).values()) == {None}
    assert (over.breakouts, over.assigned) == (None, {})
    assert decide(over, commands.CloseBreakouts(participant_id=HOST), NOW) == ()


def test_the_rooms_close_when_their_time_is_over_and_not_before() -> None:
    room = after(ROOM, opening(ADA, close_after_ms=5000))
    assert decide(room, commands.EndBreakouts(), NOW + 4999) == ()
    longer = after(room, commands.ChangeBreakouts(participant_id=HOST, free_choice=None, close_after_ms=9000))
    assert decide(longer, commands.EndBreakouts(), NOW + 5000) == ()
    assert decide(longer, commands.EndBreakouts(), NOW + 9000)[-1] == log.BreakoutsClosed(at=NOW + 9000, by=None)
    assert decide(after(room, EndByService(meeting_id=MEETING, by=None)), commands.EndBreakouts(), 9999) == ()
