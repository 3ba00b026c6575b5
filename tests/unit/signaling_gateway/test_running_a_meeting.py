"""What those do who run a meeting, and what it means for the others."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from contracts import log_events as log
from contracts.leaving import LobbyLeaveReason
from contracts.rooms import (
    GatewayId,
    Identity,
    ParticipantId,
    Permissions,
    Role,
    RoomPolicy,
    TrackId,
    TrackSource,
)
from signaling_gateway.domain import commands
from signaling_gateway.domain.decide import decide
from signaling_gateway.domain.evolve import evolve_all
from signaling_gateway.domain.projection import addressed, snapshot
from signaling_gateway.domain.room_state import RoomState
from tests.unit.signaling_gateway.room_steps import (
    ADA,
    BOB,
    CO,
    EVE,
    HOST,
    MEETING,
    after,
    join,
    publish,
    refusal,
)


def told(state: RoomState, *events: log.LogEvent) -> dict[str, list[str]]:
    """Who is told of which events."""
    to = [*state.stays]
    messages = addressed(state.version, events, state, to)
    return {who: [type(each).__name__ for each in message.events] for group, message in messages for who in group}


ROOM = after(RoomState(), join(HOST, role=Role.HOST), join(ADA), join(BOB))
MIC, CAMERA, SCREEN = TrackSource.MICROPHONE, TrackSource.CAMERA, TrackSource.SCREEN


# ---- lobby and lock ----


def test_strangers_wait_in_the_lobby_until_they_are_let_in() -> None:
    room = after(ROOM, commands.SetPolicy(participant_id=HOST, lobby=True), join(EVE))
    assert EVE not in room.stays
    assert room.lobby[EVE].connection == room.version
    left, joined = decide(room, commands.Admit(participant_id=HOST, targets=(EVE,)), 2000)
    assert left == log.LobbyLeft(at=2000, participant_id=EVE, reason=LobbyLeaveReason.ADMITTED)
    assert isinstance(joined, log.ParticipantJoined)
    assert joined.participant.joined_at == 2000
    inside = evolve_all(room, (left, joined))
    assert not inside.lobby
    assert inside.stays[EVE].connection == inside.version
    assert EVE in after(inside, commands.Leave(participant_id=EVE), join(EVE)).stays


def test_the_lobby_is_not_for_those_who_run_the_meeting_or_were_there_before() -> None:
    lobby = commands.SetPolicy(participant_id=HOST, lobby=True)
    room = after(ROOM, lobby, commands.Leave(participant_id=ADA), join(ADA), join(CO, role=Role.COHOST))
    assert {ADA, CO} <= set(room.stays)


def test_opening_the_lobby_lets_all_in() -> None:
    room = after(ROOM, commands.SetPolicy(participant_id=HOST, lobby=True), join(EVE), join(CO))
    opened = after(room, commands.SetPolicy(participant_id=HOST, lobby=False))
    assert {EVE, CO} <= set(opened.stays)
    assert not opened.lobby


@pytest.mark.parametrize(
    "command",
    [
        commands.Leave(participant_id=EVE),
        commands.RefuseEntry(participant_id=HOST, target=EVE),
        commands.AdoptParticipants(lost_gateway_id=GatewayId("g"), gateway_id=GatewayId("h")),
    ],
)
def test_who_leaves_the_lobby_is_gone(command: commands.RoomCommand) -> None:
    room = after(ROOM, commands.SetPolicy(participant_id=HOST, lobby=True), join(EVE))
    assert not after(room, command).lobby
    lost = commands.LoseConnection(participant_id=EVE, connection=room.lobby[EVE].connection, gateway_id=GatewayId("g"))
    assert not after(room, lost).lobby


def test_in_the_lobby_one_can_do_nothing_in_the_room() -> None:
    room = after(ROOM, commands.SetPolicy(participant_id=HOST, lobby=True), join(EVE))
    for command in (
        commands.SendChat(participant_id=EVE, message_id="m", text="x"),
        commands.RaiseHand(participant_id=EVE),
        publish(EVE, MIC),
    ):
        assert refusal(room, command) == "participant_not_found"


def test_only_those_who_run_the_meeting_see_the_lobby() -> None:
    before = after(ROOM, commands.SetPolicy(participant_id=HOST, lobby=True))
    events = decide(before, join(EVE), 1)
    room = evolve_all(before, events)
    assert told(room, *events) == {HOST: ["LobbyJoinedEvent"], ADA: [], BOB: []}
    assert [guest.id for guest in snapshot(room, MEETING, room.stays[HOST]).lobby] == [EVE]
    assert snapshot(room, MEETING, room.stays[ADA]).lobby == ()


def test_a_locked_meeting_takes_nobody_new() -> None:
    room = after(ROOM, commands.SetPolicy(participant_id=HOST, locked=True), commands.Leave(participant_id=ADA))
    assert refusal(room, join(EVE)) == "meeting_locked"
    assert {ADA, CO} <= set(after(room, join(ADA), join(CO, role=Role.COHOST)).stays)


def test_an_admission_of_somebody_who_has_left_is_no_error() -> None:
    assert decide(ROOM, commands.Admit(participant_id=HOST, targets=(EVE,)), 1) == ()
    assert refusal(ROOM, commands.RefuseEntry(participant_id=HOST, target=EVE)) == "participant_not_found"


# ---- removing and coming back ----


def test_a_ban_can_be_lifted() -> None:
    room = after(ROOM, commands.Remove(participant_id=HOST, target=ADA))
    assert refusal(room, join(ADA)) == "participant_removed"
    assert [each.name for each in snapshot(room, MEETING, room.stays[HOST]).banned] == ["Ada"]
    assert snapshot(room, MEETING, room.stays[BOB]).banned == ()
    assert ADA in after(room, commands.Unban(participant_id=HOST, identity=Identity("u_p_ada")), join(ADA)).stays


def test_who_is_removed_without_a_ban_comes_back_through_the_lobby() -> None:
    room = after(ROOM, commands.SetPolicy(participant_id=HOST, lobby=True))
    removed = after(room, commands.Remove(participant_id=HOST, target=ADA, ban=False))
    assert ADA in after(removed, join(ADA)).lobby


# ---- roles ----


def test_all_are_muted_but_those_who_run_the_meeting() -> None:
    room = after(ROOM, publish(HOST, MIC), publish(ADA, MIC, CAMERA), publish(BOB, MIC))
    muted = decide(room, commands.MuteAll(participant_id=HOST, source=MIC), 1)
    assert {event.participant_id for event in muted if isinstance(event, log.TrackMuted)} == {ADA, BOB}
    assert len(muted) == 2


def test_where_participants_cannot_unmute_they_are_asked_to() -> None:
    room = after(ROOM, commands.SetPolicy(participant_id=HOST, unmute=False), publish(ADA, MIC), publish(HOST, MIC))
    track = TrackId("t_p_ada_microphone")
    assert room.tracks[track].info.muted
    assert not room.tracks[TrackId("t_p_host_microphone")].info.muted
    unmute = commands.Unmute(participant_id=ADA, track_id=track)
    assert refusal(room, unmute) == "permission_denied"
    asked = commands.AskToUnmute(participant_id=HOST, target=ADA, source=MIC)
    assert told(room, *decide(room, asked, 1)) == {HOST: [], ADA: ["UnmuteAskedEvent"], BOB: []}
    assert not after(room, asked, unmute).tracks[track].info.muted


def test_a_stopped_track_is_gone_and_may_come_back() -> None:
    room = after(ROOM, publish(ADA, SCREEN))
    stopped = after(room, commands.StopTrack(participant_id=HOST, track_id=TrackId("t_p_ada_screen")))
    assert not stopped.tracks
    assert after(stopped, publish(ADA, SCREEN)).tracks


# ---- hands, names, spotlight ----


def test_hands_keep_the_order_in_which_they_went_up() -> None:
    room = after(ROOM, commands.RaiseHand(participant_id=BOB), commands.RaiseHand(participant_id=ADA))
    assert decide(room, commands.RaiseHand(participant_id=BOB), 1) == ()
    up = [stay.info for stay in room.stays.values() if stay.info.hand_raised is not None]
    assert [info.id for info in sorted(up, key=lambda info: info.hand_raised or 0)] == [BOB, ADA]
    lowered = after(room, commands.LowerHand(participant_id=BOB, target=None))
    assert lowered.stays[BOB].info.hand_raised is None
    assert all(
        stay.info.hand_raised is None
        for stay in after(room, commands.LowerAllHands(participant_id=HOST)).stays.values()
    )


@pytest.mark.parametrize("emoji", ["ok", "  ", "<b>"])
def test_a_reaction_is_an_emoji(emoji: str) -> None:
    assert refusal(ROOM, commands.SendReaction(participant_id=ADA, emoji=emoji)) == "validation_failed"


def test_names_change_as_the_policy_allows() -> None:
    own = commands.Rename(participant_id=ADA, target=None, name="  Ada  L. ")
    assert after(ROOM, own).stays[ADA].info.name == "Ada L."
    fixed = after(ROOM, commands.SetPolicy(participant_id=HOST, rename=False))
    assert refusal(fixed, own) == "permission_denied"
    assert after(fixed, commands.Rename(participant_id=HOST, target=ADA, name="A")).stays[ADA].info.name == "A"
    for name in (" ", "a\u202eb", "x" * 81):
        assert refusal(ROOM, commands.Rename(participant_id=ADA, target=None, name=name)) == "validation_failed"


def test_who_leaves_is_not_in_the_spotlight_any_more() -> None:
    room = after(ROOM, commands.SetSpotlight(participant_id=HOST, targets=(BOB, ADA, BOB)))
    assert room.spotlight == (BOB, ADA)
    assert after(room, commands.Leave(participant_id=BOB)).spotlight == (ADA,)
    assert refusal(ROOM, commands.SetSpotlight(participant_id=HOST, targets=(EVE,))) == "participant_not_found"


# ---- chat ----


def chat(who: ParticipantId, to: str | None, message_id: str = "m") -> commands.SendChat:
    return commands.SendChat(participant_id=who, message_id=message_id, text="x", to=to)


@pytest.mark.parametrize(("to", "readers"), [(None, {HOST, ADA, BOB, EVE}), ("hosts", {HOST, ADA}), (BOB, {ADA, BOB})])
def test_a_message_is_told_to_those_whom_it_is_for(to: str | None, readers: set[str]) -> None:
    before = after(ROOM, join(EVE))
    sent = decide(before, chat(ADA, to), 5)
    room = evolve_all(before, sent)
    edited = decide(room, commands.EditChat(participant_id=ADA, message_id="m", text="y"), 6)
    removed = decide(room, commands.RemoveChat(participant_id=ADA, message_id="m"), 7)
    for events in (sent, edited, removed):
        assert {who for who, heard in told(room, *events).items() if heard} == readers
    assert {who for who, stay in room.stays.items() if snapshot(room, MEETING, stay).chat} == readers


def test_a_message_is_changed_by_its_author_alone_and_removed_by_those_who_run_the_meeting() -> None:
    room = after(ROOM, chat(ADA, None))
    edited = after(room, commands.EditChat(participant_id=ADA, message_id="m", text="longer"), now=2000)
    (sent,) = edited.chat
    assert (sent.message.text, sent.message.edited_at, edited.chat_characters) == ("longer", 2000, 6)
    edit = commands.EditChat(participant_id=HOST, message_id="m", text="y")
    assert refusal(room, edit) == "permission_denied"
    assert refusal(room, commands.RemoveChat(participant_id=BOB, message_id="m")) == "permission_denied"
    gone = after(room, commands.RemoveChat(participant_id=HOST, message_id="m"))
    assert (gone.chat, gone.chat_characters) == ((), 0)
    assert refusal(gone, edit) == "message_not_found"


def test_a_private_message_does_not_exist_for_others() -> None:
    room = after(ROOM, chat(ADA, BOB))
    assert refusal(room, commands.RemoveChat(participant_id=HOST, message_id="m")) == "message_not_found"
    assert room.chat[0].message.to_name == "Bob"
    back = after(room, commands.Leave(participant_id=BOB), join(EVE, identity="u_p_bob"))
    assert snapshot(back, MEETING, back.stays[EVE]).chat


def test_private_chat_can_be_limited_to_the_hosts() -> None:
    room = after(ROOM, commands.SetPolicy(participant_id=HOST, private_chat=False))
    assert refusal(room, chat(ADA, BOB)) == "permission_denied"
    for who, to in ((ADA, HOST), (HOST, ADA), (ADA, "hosts")):
        assert decide(room, chat(who, to), 1)


def test_data_reaches_those_whom_it_is_for() -> None:
    data = commands.SendData(participant_id=ADA, topic="t", data="d", to=(BOB, EVE))
    assert told(ROOM, *decide(ROOM, data, 1)) == {HOST: [], ADA: [], BOB: ["DataSentEvent"]}
    mute = commands.SetPermissions(participant_id=HOST, target=ADA, permissions=Permissions(subscribe=True))
    silent = after(ROOM, mute)
    assert refusal(silent, data) == "permission_denied"
    # Who may not chat has keys to exchange all the same: with some, as keys are, and not with all.
    keys = replace(data, topic="parley-e2ee")
    assert told(silent, *decide(silent, keys, 1)) == {HOST: [], ADA: [], BOB: ["DataSentEvent"]}
    assert refusal(silent, replace(keys, to=None)) == "permission_denied"
    nobody = commands.SendData(participant_id=ADA, topic="t", data="d", to=(EVE,))
    assert refusal(ROOM, nobody) == "participant_not_found"


# ---- polls ----


def poll(**changes: Any) -> commands.CreatePoll:
    given: dict[str, Any] = {"question": " Where? ", "options": ("here", " there"), "multiple": False, **changes}
    return commands.CreatePoll(participant_id=HOST, poll_id="q", **given)


def vote(who: ParticipantId, *options: int) -> commands.Vote:
    return commands.Vote(participant_id=who, poll_id="q", options=options)


def test_everybody_has_one_vote_which_may_change_until_the_end() -> None:
    room = after(ROOM, poll(), vote(ADA, 0), vote(BOB, 0), vote(ADA, 1))
    info = room.polls["q"].info
    assert (info.question, info.options, info.votes, info.voters) == ("Where?", ("here", "there"), (1, 1), 2)
    assert snapshot(room, MEETING, room.stays[ADA]).my_votes[0].options == (1,)
    assert after(room, vote(ADA)).polls["q"].info.voters == 1
    second = join(EVE, identity="u_p_ada")
    assert after(room, second, vote(EVE, 0)).polls["q"].info.votes == (2, 0)
    closed = after(room, commands.ClosePoll(participant_id=HOST, poll_id="q"))
    assert closed.polls["q"].info.closed
    assert refusal(closed, vote(ADA, 0)) == "poll_closed"


def test_a_vote_fits_its_poll() -> None:
    room = after(ROOM, poll())
    assert refusal(room, vote(ADA, 0, 1)) == "validation_failed"
    assert refusal(room, vote(ADA, 2)) == "validation_failed"
    assert refusal(ROOM, vote(ADA, 0)) == "poll_not_found"
    assert after(ROOM, poll(multiple=True), vote(ADA, 0, 1)).polls["q"].info.votes == (1, 1)


def test_a_poll_has_a_question_and_options_that_differ() -> None:
    for changes in ({"question": " "}, {"options": ("a", " a")}, {"options": ("a", " ")}):
        assert refusal(ROOM, poll(**changes)) == "validation_failed"


def test_a_prepared_poll_says_so_and_is_asked_once_at_a_time() -> None:
    room = after(ROOM, poll(prepared_id="pp_1"))
    assert room.polls["q"].info.prepared_id == "pp_1"
    again = replace(poll(prepared_id="pp_1"), poll_id="q2")
    assert refusal(room, again) == "conflict"
    assert set(after(room, replace(poll(), poll_id="q2"), replace(again, prepared_id="pp_2", poll_id="q3")).polls) == {
        "q",
        "q2",
        "q3",
    }
    closed = after(room, commands.ClosePoll(participant_id=HOST, poll_id="q"))
    assert after(closed, again).polls["q2"].info.prepared_id == "pp_1"


def test_nobody_learns_from_events_how_somebody_voted() -> None:
    room = after(ROOM, poll())
    events = decide(room, vote(ADA, 1), 1)
    (_, message) = next(iter(addressed(room.version, events, room, [BOB])))
    assert "u_p_ada" not in repr(message)


# ---- all of it ----


def test_a_policy_that_is_already_so_is_no_news() -> None:
    assert decide(ROOM, commands.SetPolicy(participant_id=HOST, unmute=True), 1) == ()
    assert ROOM.policy == RoomPolicy()


def test_the_end_empties_the_lobby() -> None:
    room = after(ROOM, commands.SetPolicy(participant_id=HOST, lobby=True), join(EVE))
    assert not after(room, commands.EndMeeting(participant_id=HOST)).lobby
