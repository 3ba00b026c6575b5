"""Breakout rooms: who gets where, what people in different rooms see of each other, and how everybody comes back."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import msgspec
import pytest
from meetings_service.invitations import MAX_INVITEES
from msgspec.structs import replace

from contracts import log_events as log
from contracts.facts import as_fact
from contracts.new_breakouts import MAX_ASSIGNED, MAX_BREAKOUTS, NewBreakout
from contracts.rooms import (
    Identity,
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


ZOE = ParticipantId("p_zoe")
PLAN = (
    commands.NewBreakout(
        id="b1", name="One", participant_ids=(), identities=(Identity(f"u_{ADA}"), Identity("u_p_zoe"))
    ),
    commands.NewBreakout(id="b2", name="Two", participant_ids=(EVE,), identities=(Identity(f"u_{BOB}"),)),
)


def test_who_is_assigned_by_name_is_moved_with_all_stays_or_gets_there_on_coming() -> None:
    phone = ParticipantId("p_phone")
    room = after(ROOM, join(phone, identity=f"u_{ADA}"), opening(rooms=PLAN), join(ZOE), join(ParticipantId("p_x")))
    assert places(room) == {HOST: None, ADA: "b1", BOB: "b2", EVE: "b2", phone: "b1", ZOE: "b1", "p_x": None}
    assert room.stays[ZOE].info.assigned_breakout == "b1"
    home = after(room, enter(ZOE, None), commands.Leave(participant_id=ZOE), join(ZOE))
    assert places(home)[ZOE] == "b1"
    closed = after(room, commands.CloseBreakouts(participant_id=HOST), commands.Leave(participant_id=ZOE), join(ZOE))
    assert places(closed)[ZOE] is None


def test_who_comes_through_the_lobby_is_let_into_the_assigned_room() -> None:
    waiting = after(ROOM, commands.SetPolicy(participant_id=HOST, lobby=True), join(ZOE), opening(rooms=PLAN))
    assert ZOE in waiting.lobby
    room = after(waiting, commands.Admit(participant_id=HOST, targets=None))
    assert (room.stays[ZOE].info.breakout, room.stays[ZOE].info.assigned_breakout) == ("b1", "b1")
    after_all = after(
        waiting, commands.CloseBreakouts(participant_id=HOST), commands.Admit(participant_id=HOST, targets=None)
    )
    assert places(after_all)[ZOE] is None


def test_who_is_there_goes_where_they_are_assigned_now_rather_than_by_name() -> None:
    rooms = (PLAN[0], replace(PLAN[1], participant_ids=(ADA,)))
    room = after(ROOM, opening(rooms=rooms))
    assert places(room)[ADA] == "b2"
    assert places(after(room, commands.Leave(participant_id=ADA), join(ADA)))[ADA] == "b2"


def test_nobody_is_told_who_is_assigned_and_not_there() -> None:
    events = decide(ROOM, opening(rooms=PLAN), NOW)
    messages = addressed(ROOM.version, events, evolve_all(ROOM, events), [*ROOM.stays])
    assert "u_p_zoe" not in repr([message for _, message in messages])


def assigning(count: int) -> commands.OpenBreakouts:
    """Assigns so many by the longest ids there are, to the 100 rooms in turn."""
    names = [Identity(f"u_{number:0>62}") for number in range(count)]
    rooms = tuple(
        commands.NewBreakout(
            id=f"b_{number}", name=f"{number:0>80}", participant_ids=(), identities=tuple(names[number::MAX_BREAKOUTS])
        )
        for number in range(MAX_BREAKOUTS)
    )
    return opening(rooms=rooms)


def test_who_is_assigned_by_name_takes_a_bounded_place_in_the_log_and_none_in_the_record() -> None:
    assert MAX_ASSIGNED == MAX_INVITEES, "every plan can be opened"
    [opened] = decide(ROOM, assigning(MAX_ASSIGNED), NOW)
    assert isinstance(opened, log.BreakoutsOpened)
    assert len(opened.assigned) == MAX_ASSIGNED
    assert len(msgspec.json.encode(opened)) < 64 * 1024
    assert as_fact(opened) == replace(opened, assigned=())
    assert refusal(ROOM, assigning(MAX_ASSIGNED + 1)) == "validation_failed"


@pytest.mark.parametrize(
    ("identities", "is_taken"),
    [
        (["u_7hq2mzk4d6p3", "sa_7hq2mzk4d6p3"], True),
        (["g_7hq2mzk4d6p3"], False),
        (["anything"], False),
        (["u_a b"], False),
        (["u_" + "x" * 63], False),
        ([f"u_{number}" for number in range(MAX_ASSIGNED + 1)], False),
    ],
)
def test_only_accounts_are_assigned_by_name(identities: list[str], is_taken: bool) -> None:  # noqa: FBT001
    room = {"name": "Red", "identities": identities}
    with nullcontext() if is_taken else pytest.raises(msgspec.ValidationError):
        assert msgspec.convert(room, NewBreakout).identities == tuple(identities)


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (opening(participant_id=ADA), "permission_denied"),
        (opening(ADA, two=(ADA,)), "validation_failed"),
        (opening(rooms=(PLAN[0], replace(PLAN[1], identities=PLAN[0].identities))), "validation_failed"),
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
