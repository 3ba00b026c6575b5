"""What the administrator may do, who is in no room: by the rules and with the events of everybody's commands."""

from __future__ import annotations

import pytest

from contracts import log_events as log
from contracts.leaving import LeaveReason
from contracts.rooms import ADMINISTRATOR, Identity, ParticipantId, Role, TrackId
from signaling_gateway.domain import commands
from signaling_gateway.domain.decide import decide
from signaling_gateway.domain.projection import public_event
from signaling_gateway.domain.room_state import RoomState
from tests.unit.signaling_gateway.room_steps import ADA, BOB, CO, HOST, PLAIN, after, join, publish, refusal
from tests.unit.signaling_gateway.test_running_a_meeting import MIC, ROOM, told

MICROPHONES = after(ROOM, publish(HOST, MIC), publish(ADA, MIC))
ADAS = TrackId(f"t_{ADA}_{MIC}")
ACTS: list[commands.RoomCommand] = [
    commands.Remove(participant_id=ADMINISTRATOR, target=ADA),
    commands.Mute(participant_id=ADMINISTRATOR, track_id=ADAS),
    commands.MuteAll(participant_id=ADMINISTRATOR, source=MIC),
    commands.StopTrack(participant_id=ADMINISTRATOR, track_id=ADAS),
    commands.AskToUnmute(participant_id=ADMINISTRATOR, target=ADA, source=MIC),
    commands.SetPolicy(participant_id=ADMINISTRATOR, locked=True),
    commands.SetRole(participant_id=ADMINISTRATOR, target=ADA, role=Role.COHOST),
    commands.SetPermissions(participant_id=ADMINISTRATOR, target=ADA, permissions=PLAIN),
    commands.Rename(participant_id=ADMINISTRATOR, target=ADA, name="Lovelace"),
    commands.SetSpotlight(participant_id=ADMINISTRATOR, targets=(ADA,)),
]


@pytest.mark.parametrize("command", ACTS, ids=lambda command: type(command).__name__)
def test_every_act_is_marked_as_the_administrators(command: commands.RoomCommand) -> None:
    marked = [event for event in decide(MICROPHONES, command, 1000) if hasattr(event, "by")]
    assert {event.by for event in marked} == ({ADMINISTRATOR} if marked else set())
    assert marked or isinstance(command, commands.SetPermissions)  # those are what she has


@pytest.mark.parametrize("command", ACTS, ids=lambda command: type(command).__name__)
def test_nothing_is_done_to_a_room_that_has_not_begun_or_has_ended(command: commands.RoomCommand) -> None:
    assert refusal(RoomState(), command) == "meeting_not_live"
    ended = after(MICROPHONES, commands.EndMeeting(participant_id=HOST))
    assert refusal(ended, command) == "meeting_ended"


def test_whoever_is_removed_and_the_others_are_told_by_whom() -> None:
    [removed] = decide(ROOM, commands.Remove(participant_id=ADMINISTRATOR, target=BOB), 1000)
    assert isinstance(removed, log.ParticipantLeft)
    assert (removed.reason, removed.by, removed.banned) == (LeaveReason.REMOVED, ADMINISTRATOR, "Bob")
    public = public_event(9, removed)
    assert getattr(public, "by", None) == ADMINISTRATOR
    [by_host] = decide(ROOM, commands.Remove(participant_id=HOST, target=BOB, ban=False), 1000)
    assert isinstance(by_host, log.ParticipantLeft)
    assert (by_host.by, by_host.banned) == (HOST, None)


def test_the_host_is_within_reach_and_stays_the_host() -> None:
    assert decide(ROOM, commands.Remove(participant_id=ADMINISTRATOR, target=HOST), 1000)
    demote = commands.SetRole(participant_id=ADMINISTRATOR, target=HOST, role=Role.PARTICIPANT)
    assert refusal(ROOM, demote) == "permission_denied"
    with_cohost = after(ROOM, join(CO), commands.SetRole(participant_id=HOST, target=CO, role=Role.COHOST))
    assert refusal(with_cohost, commands.Remove(participant_id=CO, target=HOST)) == "permission_denied"


def test_nobody_is_unmuted_and_muting_twice_is_muting_once() -> None:
    muted = after(MICROPHONES, commands.Mute(participant_id=ADMINISTRATOR, track_id=ADAS))
    assert decide(muted, commands.Mute(participant_id=ADMINISTRATOR, track_id=ADAS), 1000) == ()
    unmute = commands.Unmute(participant_id=ADMINISTRATOR, track_id=ADAS)
    assert refusal(muted, unmute) == "permission_denied"


def test_a_message_has_the_administrator_as_its_author_and_can_be_taken_back() -> None:
    sent = commands.SendChat(participant_id=ADMINISTRATOR, message_id="m_1", text="Five minutes left.")
    [event] = decide(ROOM, sent, 1000)
    assert isinstance(event, log.ChatSent)
    assert (event.message.participant_id, event.message.name) == (ADMINISTRATOR, "Administrator")
    assert set(told(ROOM, event)) == {HOST, ADA, BOB}
    gone = decide(after(ROOM, sent), commands.RemoveChat(participant_id=ADMINISTRATOR, message_id="m_1"), 1000)
    assert [type(each) for each in gone] == [log.ChatRemoved]
    assert refusal(after(ROOM, sent), commands.EditChat(participant_id=ADA, message_id="m_1", text="?")) == (
        "permission_denied"
    )


def test_data_has_no_participant_as_its_sender_and_reaches_its_addressees_alone() -> None:
    command = commands.SendData(participant_id=ADMINISTRATOR, topic="quiz", data="{}", to=(ADA,))
    [event] = decide(ROOM, command, 1000)
    assert isinstance(event, log.DataSent)
    assert event.participant_id is None
    assert told(ROOM, event) == {HOST: [], BOB: [], ADA: ["DataSentEvent"]}


def test_breakout_rooms_are_opened_and_the_administrator_reaches_all_of_them() -> None:
    rooms = (commands.NewBreakout(id="b_1", name="One", participant_ids=(ADA,)),)
    opening = commands.OpenBreakouts(participant_id=ADMINISTRATOR, rooms=rooms, free_choice=False, close_after_ms=None)
    [opened, moved] = decide(MICROPHONES, opening, 1000)
    assert isinstance(opened, log.BreakoutsOpened)
    assert isinstance(moved, log.ParticipantsMoved)
    assert (opened.by, moved.by) == (ADMINISTRATOR, ADMINISTRATOR)
    apart = after(MICROPHONES, opening)
    sent = commands.SendChat(participant_id=ADMINISTRATOR, message_id="m_1", text="Five minutes left.")
    [message] = decide(apart, sent, 1000)
    [data] = decide(apart, commands.SendData(participant_id=ADMINISTRATOR, topic="quiz", data="{}", to=None), 1000)
    for event, kind in ((message, "ChatSentEvent"), (data, "DataSentEvent")):
        assert told(apart, event) == {HOST: [kind], ADA: [kind], BOB: [kind]}
    [muted] = decide(apart, commands.MuteAll(participant_id=ADMINISTRATOR, source=MIC), 1000)
    assert isinstance(muted, log.TrackMuted)
    assert muted.participant_id == ADA
    said = after(apart, commands.SendChat(participant_id=ADA, message_id="m_2", text="among us"))
    assert decide(said, commands.RemoveChat(participant_id=ADMINISTRATOR, message_id="m_2"), 1000)
    closed = after(said, commands.CloseBreakouts(participant_id=ADMINISTRATOR))
    assert {stay.info.breakout for stay in closed.stays.values()} == {None}


def test_who_is_not_in_the_room_is_not_found() -> None:
    gone = ParticipantId("p_gone")
    for command in (
        commands.Remove(participant_id=ADMINISTRATOR, target=gone),
        commands.Rename(participant_id=ADMINISTRATOR, target=gone, name="x"),
        commands.SendChat(participant_id=ADMINISTRATOR, message_id="m_1", text="x", to=gone),
        commands.Rename(participant_id=ADMINISTRATOR, target=None, name="x"),
        commands.RaiseHand(participant_id=ADMINISTRATOR),
        commands.PublishTracks(participant_id=ADMINISTRATOR, tracks=()),
    ):
        assert refusal(ROOM, command) == "participant_not_found", command
    assert decide(ROOM, commands.Unban(participant_id=ADMINISTRATOR, identity=Identity("u_x")), 1000) == ()
