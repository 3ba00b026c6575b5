"""Single decisions of a room: who may do what, and what follows."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import log_events as log
from contracts.leaving import LeaveReason
from contracts.log_codec import decode_event, encode_event
from contracts.log_events import ParticipantLeft
from contracts.rooms import (
    GatewayId,
    Identity,
    MeetingId,
    NodeId,
    ParticipantId,
    ParticipantKind,
    Permissions,
    PublishPermission,
    Role,
    TrackId,
    TrackSource,
)
from signaling_gateway.domain import commands, presence
from signaling_gateway.domain.decide import decide
from signaling_gateway.domain.evolve import evolve, evolve_all
from signaling_gateway.domain.notes import EditNotes
from signaling_gateway.domain.permissions import ALLOWED, Action
from signaling_gateway.domain.projection import AUDIENCE, PRIVATE, public_event, public_events, snapshot
from signaling_gateway.domain.room_state import CHAT_HISTORY, CHAT_HISTORY_CHARACTERS, RoomState
from signaling_gateway.domain.service_commands import EndByService
from signaling_gateway.errors import Refusal

MEETING = MeetingId("m")
HERE, THERE = GatewayId("here"), GatewayId("there")
ADA, BOB, EVE = ParticipantId("p_ada"), ParticipantId("p_bob"), ParticipantId("p_eve")
ALL = Permissions(publish=tuple(PublishPermission), subscribe=True, chat=True, moderate=True, record=True, notes=True)
NONE = Permissions()


def after(state: RoomState, *done: commands.RoomCommand, now: int = 1000) -> RoomState:
    for command in done:
        state = evolve_all(state, decide(state, command, now))
    return state


def join(who: ParticipantId, permissions: Permissions = ALL, identity: str = "") -> commands.Join:
    return commands.Join(
        meeting_id=MEETING,
        participant_id=who,
        identity=Identity(identity or f"u_{who}"),
        name=who,
        role=Role.PARTICIPANT,
        permissions=permissions,
        gateway_id=HERE,
        resume_hash="aa",
    )


def publish(who: ParticipantId, *tracks: tuple[str, TrackSource, str]) -> commands.PublishTracks:
    return commands.PublishTracks(
        participant_id=who,
        tracks=tuple(
            commands.TrackToPublish(mid=mid, source=source, track_id=TrackId(track_id))
            for mid, source, track_id in tracks
        ),
    )


def refusal(state: RoomState, command: commands.RoomCommand, now: int = 1000) -> str:
    with pytest.raises(Refusal) as refused:
        decide(state, command, now)
    assert refused.value.message
    return refused.value.code


CAMERA = ("0", TrackSource.CAMERA, "t_1")
WAITING = ParticipantId("p_waiting")
BANNED = ParticipantId("p_banned")
PLAIN = Permissions(publish=tuple(PublishPermission), subscribe=True, chat=True)
ROOM = after(RoomState(), join(ADA), join(BOB), publish(BOB, CAMERA))
BUSY = after(
    RoomState(),
    join(ADA),
    join(BOB, PLAIN),
    publish(BOB, CAMERA),
    commands.RaiseHand(participant_id=BOB),
    join(BANNED, PLAIN, identity="u_banned"),
    commands.Remove(participant_id=ADA, target=BANNED),
    join(EVE, PLAIN),
    commands.Leave(participant_id=EVE),
    commands.SetPolicy(participant_id=ADA, lobby=True),
    join(WAITING, PLAIN),
    commands.CreatePoll(participant_id=ADA, poll_id="q", question="?", options=("a", "b"), multiple=False),
)
"""A room in which there is something to be done for everybody who may: EVE comes in and does it."""

FOR_ALL_OR_SOME = {log.ChatSent, log.ChatEdited, log.ChatRemoved, log.DataSent, log.ReactionSent}
NEEDS: dict[str, tuple[commands.RoomCommand, Permissions]] = {
    "chat": (commands.SendChat(participant_id=EVE, message_id="m", text="x"), Permissions(chat=True)),
    "mute others": (commands.Mute(participant_id=EVE, track_id=TrackId("t_1")), Permissions(moderate=True)),
    "react": (commands.SendReaction(participant_id=EVE, emoji="\U0001f44d"), Permissions(chat=True)),
    "send data": (commands.SendData(participant_id=EVE, topic="t", data="", to=None), Permissions(chat=True)),
    "stop others": (commands.StopTrack(participant_id=EVE, track_id=TrackId("t_1")), Permissions(moderate=True)),
    "mute all": (
        commands.MuteAll(participant_id=EVE, source=TrackSource.CAMERA),
        Permissions(moderate=True),
    ),
    "ask to unmute": (
        commands.AskToUnmute(participant_id=EVE, target=BOB, source=TrackSource.MICROPHONE),
        Permissions(moderate=True),
    ),
    "lower others' hands": (commands.LowerHand(participant_id=EVE, target=BOB), Permissions(moderate=True)),
    "lower all hands": (commands.LowerAllHands(participant_id=EVE), Permissions(moderate=True)),
    "rename others": (commands.Rename(participant_id=EVE, target=BOB, name="Bo"), Permissions(moderate=True)),
    "admit": (commands.Admit(participant_id=EVE, targets=None), Permissions(moderate=True)),
    "refuse": (commands.RefuseEntry(participant_id=EVE, target=WAITING), Permissions(moderate=True)),
    "speak to the lobby": (
        commands.SendLobbyMessage(participant_id=EVE, text="x", target=None),
        Permissions(moderate=True),
    ),
    "unban": (commands.Unban(participant_id=EVE, identity=Identity("u_banned")), Permissions(moderate=True)),
    "set the policy": (commands.SetPolicy(participant_id=EVE, locked=True), Permissions(moderate=True)),
    "set a role": (commands.SetRole(participant_id=EVE, target=BOB, role=Role.COHOST), Permissions(moderate=True)),
    "set permissions": (
        commands.SetPermissions(participant_id=EVE, target=BOB, permissions=Permissions()),
        Permissions(moderate=True),
    ),
    "limit a role": (
        commands.SetRolePermissions(participant_id=EVE, role=Role.GUEST, permissions=Permissions()),
        Permissions(moderate=True),
    ),
    "spotlight": (commands.SetSpotlight(participant_id=EVE, targets=(BOB,)), Permissions(moderate=True)),
    "ask in a poll": (
        commands.CreatePoll(participant_id=EVE, poll_id="q2", question="?", options=("a", "b"), multiple=False),
        Permissions(moderate=True),
    ),
    "close a poll": (commands.ClosePoll(participant_id=EVE, poll_id="q"), Permissions(moderate=True)),
    "write in the notes": (
        EditNotes(participant_id=EVE, edit_id="e", revision=0, change=("x",)),
        Permissions(notes=True),
    ),
    "remove others": (commands.Remove(participant_id=EVE, target=BOB), Permissions(moderate=True)),
    "end": (commands.EndMeeting(participant_id=EVE), Permissions(moderate=True)),
    "microphone": (
        publish(EVE, ("0", TrackSource.MICROPHONE, "t_e")),
        Permissions(publish=(PublishPermission.AUDIO,)),
    ),
    "camera": (publish(EVE, ("0", TrackSource.CAMERA, "t_e")), Permissions(publish=(PublishPermission.VIDEO,))),
    "screen": (publish(EVE, ("0", TrackSource.SCREEN, "t_e")), Permissions(publish=(PublishPermission.SCREEN,))),
    "screen sound": (
        publish(EVE, ("0", TrackSource.SCREEN_AUDIO, "t_e")),
        Permissions(publish=(PublishPermission.SCREEN,)),
    ),
}


def _all_but(needed: Permissions) -> Permissions:
    return Permissions(
        publish=tuple(each for each in PublishPermission if each not in needed.publish),
        subscribe=True,
        chat=not needed.chat,
        moderate=not needed.moderate,
        record=not needed.record,
        notes=not needed.notes,
    )


@pytest.mark.parametrize("what", NEEDS)
def test_each_action_takes_its_own_permission_and_no_other(what: str) -> None:
    command, needed = NEEDS[what]
    assert decide(after(BUSY, join(EVE, needed)), command, 1000)
    assert refusal(after(BUSY, join(EVE, _all_but(needed))), command) == "permission_denied"


def test_every_action_stands_in_the_permission_table() -> None:
    assert set(ALLOWED) == set(Action)
    assert all(test(ALL) and not test(NONE) for test in ALLOWED.values())


def test_somebody_who_is_not_in_the_room_can_do_nothing() -> None:
    for command, _ in NEEDS.values():
        assert refusal(ROOM, command) == "participant_not_found"


def test_nothing_is_accepted_after_the_end() -> None:
    ended = after(ROOM, commands.EndMeeting(participant_id=ADA))
    assert ended.stays == {}
    assert ended.tracks == {}
    for command in (join(EVE), *(command for command, _ in NEEDS.values())):
        assert refusal(ended, command) == "meeting_ended"
    for command in (
        commands.Leave(participant_id=ADA),
        EndByService(meeting_id=MEETING, by=None),
        commands.PlaceNode(node_id=NodeId("n"), instead_of=None),
    ):
        assert decide(ended, command, 1000) == ()


def test_a_log_begins_with_the_first_one_who_joins() -> None:
    assert [type(event) for event in decide(RoomState(), join(ADA), 5)] == [log.MeetingStarted, log.ParticipantJoined]
    assert [type(event) for event in decide(ROOM, join(EVE), 5)] == [log.ParticipantJoined]


def test_time_in_a_log_does_not_run_backwards() -> None:
    (event,) = decide(ROOM, join(EVE), 7)
    assert event.at == 1000


def test_removing_takes_every_stay_of_the_person_and_shuts_them_out() -> None:
    room = after(ROOM, join(EVE, identity=f"u_{BOB}"), commands.Remove(participant_id=ADA, target=BOB))
    assert set(room.stays) == {ADA}
    assert refusal(room, join(ParticipantId("p_new"), identity=f"u_{BOB}")) == "participant_removed"


def test_removing_a_stay_of_ones_own_shuts_nobody_out() -> None:
    room = after(ROOM, join(EVE, identity=f"u_{ADA}"), commands.Remove(participant_id=ADA, target=EVE))
    assert set(room.stays) == {ADA, BOB}
    assert room.banned == {}


def test_a_meeting_is_full_at_some_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "MAX_PARTICIPANTS", len(ROOM.stays))
    assert refusal(ROOM, join(EVE)) == "meeting_full"
    assert EVE in after(ROOM, commands.Leave(participant_id=BOB), join(EVE)).stays


def test_a_person_may_be_kept_to_one_tab_that_is_connected() -> None:
    second = msgspec.structs.replace(join(EVE, identity=f"u_{BOB}"), tabs=1)
    assert refusal(ROOM, second) == "already_in_meeting"
    began = ROOM.stays[BOB].connection
    lost = commands.LoseConnection(participant_id=BOB, connection=began, gateway_id=GatewayId("g"))
    assert EVE in after(ROOM, lost, second).stays, "whoever loads the page anew is let in"
    assert EVE in after(ROOM, msgspec.structs.replace(second, tabs=2)).stays


def test_one_tab_too_many_may_take_the_oldests_place_which_cannot_resume() -> None:
    newcomer = msgspec.structs.replace(join(EVE, identity=f"u_{BOB}"), tabs=1, replaces=True)
    events = decide(ROOM, newcomer, 1000)
    assert [type(event).__name__ for event in events] == ["ParticipantLeft", "ParticipantJoined"]
    assert isinstance(events[0], ParticipantLeft)
    assert (events[0].participant_id, events[0].reason) == (BOB, LeaveReason.REPLACED)
    room = after(ROOM, newcomer)
    assert set(room.stays) == {ADA, EVE}
    resume = commands.Resume(
        participant_id=BOB, identity=Identity(f"u_{BOB}"), secret_hash=ROOM.stays[BOB].resume_hash, gateway_id=HERE
    )
    assert refusal(room, resume) == "replaced", "nor does it come in anew by itself and replace the other in turn"
    assert refusal(room, msgspec.structs.replace(resume, secret_hash="guessed")) == "resume_refused"


def test_a_full_meeting_has_room_for_whoever_takes_a_place_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "MAX_PARTICIPANTS", len(ROOM.stays))
    newcomer = msgspec.structs.replace(join(EVE, identity=f"u_{BOB}"), tabs=1, replaces=True)
    assert set(after(ROOM, newcomer).stays) == {ADA, EVE}


def test_in_the_lobby_too_the_newcomer_waits_in_the_oldests_place() -> None:
    policy = commands.SetPolicy(participant_id=ADA, lobby=True)
    first = join(EVE, NONE, identity="u_eve")
    again = msgspec.structs.replace(join(ParticipantId("p_again"), NONE, "u_eve"), tabs=1, replaces=True)
    room = after(ROOM, policy, first, again)
    assert set(room.lobby) == {"p_again"}


def test_an_m_line_keeps_its_track_as_long_as_its_source_is_the_same() -> None:
    again = ("0", TrackSource.CAMERA, "t_other")
    assert decide(ROOM, publish(BOB, again), 1000) == ()
    events = decide(ROOM, publish(BOB, ("0", TrackSource.SCREEN, "t_2")), 1000)
    assert [type(event) for event in events] == [log.TrackUnpublished, log.TrackPublished]


def test_an_offer_does_not_unmute_what_a_moderator_muted() -> None:
    room = after(ROOM, commands.Mute(participant_id=ADA, track_id=TrackId("t_1")))
    room = after(room, publish(BOB, CAMERA))
    assert room.tracks[TrackId("t_1")].info.muted


def test_tracks_go_with_their_publisher() -> None:
    assert after(ROOM, commands.Leave(participant_id=BOB)).tracks == {}


def test_muting_twice_is_muting_once() -> None:
    mute = commands.Mute(participant_id=BOB, track_id=TrackId("t_1"))
    assert decide(after(ROOM, mute), mute, 1000) == ()
    assert decide(ROOM, commands.Unmute(participant_id=BOB, track_id=TrackId("t_1")), 1000) == ()


def test_too_many_tracks_and_twins_are_refused() -> None:
    many = [(str(number), TrackSource.CAMERA, f"t_{number}") for number in range(9)]
    assert refusal(ROOM, publish(ADA, *many)) == "too_many_tracks"
    assert refusal(ROOM, publish(ADA, many[0], many[0])) == "bad_request"


def test_the_loss_of_an_old_connection_says_nothing_about_a_new_one() -> None:
    began = ROOM.stays[ADA].connection
    resumed = after(
        ROOM,
        commands.Resume(participant_id=ADA, identity=Identity(f"u_{ADA}"), secret_hash="aa", gateway_id=THERE),
    )
    lost = commands.LoseConnection(participant_id=ADA, connection=began, gateway_id=HERE)
    assert decide(resumed, lost, 1000) == ()
    assert len(decide(ROOM, lost, 1000)) == 1


def test_grace_ends_when_it_is_over_and_only_for_who_is_still_away() -> None:
    began = ROOM.stays[ADA].connection
    away = after(ROOM, commands.LoseConnection(participant_id=ADA, connection=began, gateway_id=HERE))
    end = commands.EndGrace(participant_id=ADA, connection=began, grace_ms=50)
    assert decide(ROOM, end, 5000) == ()
    assert decide(away, end, 1049) == ()
    (left,) = decide(away, end, 1050)
    assert isinstance(left, log.ParticipantLeft)
    assert left.reason is LeaveReason.CONNECTION_LOST


def test_adoption_does_not_lengthen_a_grace_period() -> None:
    began = ROOM.stays[ADA].connection
    away = after(ROOM, commands.LoseConnection(participant_id=ADA, connection=began, gateway_id=HERE))
    adopted = after(away, commands.AdoptParticipants(lost_gateway_id=HERE, gateway_id=THERE), now=9000)
    assert adopted.stays[ADA].disconnected_at == 1000
    assert {stay.gateway_id for stay in adopted.stays.values()} == {THERE}
    assert decide(adopted, commands.AdoptParticipants(lost_gateway_id=HERE, gateway_id=THERE), 9000) == ()


def test_two_gateways_that_place_a_meeting_at_once_place_it_once() -> None:
    placed = after(ROOM, commands.PlaceNode(node_id=NodeId("n_1"), instead_of=None))
    assert decide(placed, commands.PlaceNode(node_id=NodeId("n_2"), instead_of=None), 1000) == ()
    assert after(placed, commands.PlaceNode(node_id=NodeId("n_2"), instead_of=NodeId("n_1"))).node_id == "n_2"


def test_the_chat_history_is_bounded_and_keeps_the_latest() -> None:
    room = ROOM
    for number in range(CHAT_HISTORY + 5):
        room = after(room, commands.SendChat(participant_id=ADA, message_id=f"m{number}", text="x"))
    assert len(room.chat) == CHAT_HISTORY
    assert room.chat[-1].message.id == f"m{CHAT_HISTORY + 4}"


def test_long_messages_shorten_the_chat_history() -> None:
    room = ROOM
    for number in range(60):
        room = after(room, commands.SendChat(participant_id=ADA, message_id=f"m{number}", text="x" * 4000))
    assert room.chat_characters == sum(len(sent.message.text) for sent in room.chat) == CHAT_HISTORY_CHARACTERS
    assert room.chat[-1].message.id == "m59"


# ---- evolve and projection, for every event there is ----

EVENT_TYPES: tuple[type, ...] = log.LogEvent.__args__
ids = st.sampled_from(["a", "b"])


def _any_event() -> st.SearchStrategy[Any]:
    return st.one_of([st.from_type(each) for each in EVENT_TYPES])


@given(st.lists(_any_event(), max_size=20))
def test_evolve_takes_any_event_in_any_order(events: list[Any]) -> None:
    state = RoomState()
    for number, event in enumerate(events, start=1):
        state = evolve(state, event)
        assert state.version == number
    assert decode_event(encode_event(events[-1])) == events[-1] if events else True


@given(st.lists(_any_event(), max_size=10), st.integers(0, 100))
def test_clients_are_told_of_every_event_that_concerns_them(events: list[Any], after: int) -> None:
    told = public_events(after, events, RoomState())
    assert (told.after, told.version) == (after, after + len(events))

    def is_for_all(event: Any) -> bool:
        if type(event) in FOR_ALL_OR_SOME:
            return getattr(event, "to", None) is None and event.breakout is None
        return type(event) not in AUDIENCE and type(event) not in PRIVATE

    for_all = [number for number, event in enumerate(events, start=after + 1) if is_for_all(event)]
    assert [event.version for event in told.events] == for_all


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_every_event_is_either_public_or_private(event_type: type) -> None:
    @given(st.from_type(event_type))
    def check(event: Any) -> None:
        assert (public_event(1, event) is None) == (event_type in PRIVATE)

    check()


def test_clients_never_see_what_only_gateways_know() -> None:
    text = repr(snapshot(ROOM, MEETING, ROOM.stays[ADA])) + repr(
        public_events(0, decide(RoomState(), join(ADA), 1), ROOM)
    )
    assert "resume_hash" not in text
    assert HERE not in text


def test_one_identity_takes_only_so_many_places() -> None:
    stays = [join(ParticipantId(f"p_{number}"), identity="u_many") for number in range(9)]
    full = after(RoomState(), *stays[:8])
    assert refusal(full, stays[8]) == "already_in_meeting"
    assert len(after(full, commands.Leave(participant_id=ParticipantId("p_0")), stays[8]).stays) == 8


def test_a_lost_gateways_streams_are_taken_over_as_they_are() -> None:
    stream = msgspec.structs.replace(join(EVE), kind=ParticipantKind.STREAM)
    state = after(RoomState(), join(ADA), stream)
    adopted = decide(state, commands.AdoptParticipants(lost_gateway_id=HERE, gateway_id=THERE), 2000)
    assert adopted == (
        log.ParticipantDisconnected(at=2000, participant_id=ADA, gateway_id=THERE),
        log.ParticipantResumed(at=2000, participant_id=EVE, gateway_id=THERE),
    )
    assert evolve_all(state, adopted).stays[EVE].gateway_id == THERE


def test_a_stream_is_no_second_tab() -> None:
    one_tab = msgspec.structs.replace(join(ADA, identity="u"), tabs=1)
    stream = msgspec.structs.replace(join(EVE, identity="u"), tabs=1, kind=ParticipantKind.STREAM)
    both = after(RoomState(), one_tab, stream)
    assert list(both.stays) == [ADA, EVE]
    assert list(after(RoomState(), stream, one_tab).stays) == [EVE, ADA]
    assert refusal(both, msgspec.structs.replace(one_tab, participant_id=BOB)) == "already_in_meeting"
