"""A room takes out whoever has lost their access, and nobody else."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from contracts.account_standing import AccessLoss, AccountStanding, TokenSession
from contracts.leaving import LeaveReason, LobbyLeaveReason
from contracts.log_events import LobbyLeft, ParticipantLeft
from contracts.rooms import PERMISSIONS_OF_ROLE, GatewayId, Identity, MeetingId, ParticipantId, Role
from signaling_gateway.domain.access_loss import HeedAccount
from signaling_gateway.domain.commands import Admit, Join, Rename, RoomCommand, SetPolicy
from signaling_gateway.domain.decide import decide
from signaling_gateway.domain.evolve import evolve_all
from signaling_gateway.domain.projection import public_event
from signaling_gateway.domain.room_state import RoomState
from signaling_gateway.domain.service_commands import EndByService

MEETING, ADA, BOB = MeetingId("m"), Identity("u_ada"), Identity("u_bob")
SUSPENDED = AccountStanding(version=3, closed=AccessLoss.SUSPENDED)


def after(*commands: RoomCommand) -> RoomState:
    state = RoomState()
    for command in commands:
        state = evolve_all(state, decide(state, command, 5))
    return state


def join(number: int, who: Identity, session: TokenSession | None, role: Role = Role.PARTICIPANT) -> Join:
    return Join(
        meeting_id=MEETING,
        participant_id=ParticipantId(f"p_{number}"),
        identity=who,
        name=who,
        role=role,
        permissions=PERMISSIONS_OF_ROLE[role],
        gateway_id=GatewayId("g"),
        resume_hash="",
        session=session,
    )


HOST = join(0, BOB, TokenSession(id="s_bob"), Role.HOST)
ROOM = after(
    HOST, join(1, ADA, TokenSession(id="s1")), join(2, ADA, TokenSession(id="s2", epoch=1)), join(3, ADA, None)
)


def out(state: RoomState, **news: object) -> dict[ParticipantId, AccessLoss | None]:
    command = HeedAccount(identity=ADA, **{"standing": None, **news})  # type: ignore[arg-type]
    events = decide(state, command, 6)
    assert all(isinstance(event, ParticipantLeft | LobbyLeft) for event in events)
    return {event.participant_id: event.loss for event in events if isinstance(event, ParticipantLeft | LobbyLeft)}


def test_all_stays_of_a_closed_account_are_over() -> None:
    assert out(ROOM, standing=SUSPENDED) == dict.fromkeys(("p_1", "p_2", "p_3"), AccessLoss.SUSPENDED)
    left = decide(ROOM, HeedAccount(identity=ADA, standing=SUSPENDED), 6)
    state = evolve_all(ROOM, left)
    assert list(state.stays) == ["p_0"]
    assert ADA in state.admitted, "who is let in again need not wait"
    assert out(state, standing=SUSPENDED) == {}


def test_stays_of_ended_sessions_are_over_and_others_go_on() -> None:
    assert out(ROOM, ended=frozenset({"s1"})) == {"p_1": AccessLoss.SESSION_ENDED}
    assert out(ROOM, standing=AccountStanding(version=1, epoch=1)) == {"p_1": AccessLoss.SESSION_ENDED}
    kept = AccountStanding(version=1, epoch=2, kept="s1")
    assert out(ROOM, standing=kept) == {"p_2": AccessLoss.SESSION_ENDED}
    assert out(ROOM, standing=AccountStanding(version=1)) == {}


def test_who_waits_is_turned_away_and_told_why() -> None:
    locked = after(
        HOST, SetPolicy(participant_id=ParticipantId("p_0"), lobby=True), join(1, ADA, TokenSession(id="s1"))
    )
    [left] = decide(locked, HeedAccount(identity=ADA, standing=SUSPENDED), 6)
    assert left == LobbyLeft(
        at=6,
        participant_id=ParticipantId("p_1"),
        reason=LobbyLeaveReason.ACCESS_LOST,
        loss=AccessLoss.SUSPENDED,
    )


def test_others_are_not_told_why_and_an_ended_meeting_is_left_in_peace() -> None:
    [first, *_] = decide(ROOM, HeedAccount(identity=ADA, standing=SUSPENDED), 6)
    told = public_event(9, first)
    assert getattr(told, "reason", None) is LeaveReason.ACCESS_LOST
    assert "suspended" not in repr(told)
    assert out(after(HOST, EndByService(meeting_id=MEETING, by=None)), standing=SUSPENDED) == {}


def names(state: RoomState) -> dict[str, str]:
    return {stay.info.id: stay.info.name for stay in state.stays.values()}


def test_stays_under_the_accounts_name_follow_it_and_others_do_not() -> None:
    under_own = replace(join(1, ADA, TokenSession(id="s1")), account_name=True)
    chosen_here = replace(join(2, ADA, TokenSession(id="s1")), account_name=True)
    chosen_before = join(3, ADA, TokenSession(id="s1"))
    room = after(
        HOST,
        under_own,
        chosen_here,
        chosen_before,
        Rename(participant_id=ParticipantId("p_2"), target=None, name="Countess"),
    )
    renamed = HeedAccount(identity=ADA, standing=AccountStanding(version=1, name="Ada King"))
    events = decide(room, renamed, 6)
    state = evolve_all(room, events)
    assert names(state) == {"p_0": BOB, "p_1": "Ada King", "p_2": "Countess", "p_3": ADA}
    assert decide(state, renamed, 7) == (), "the second gateway that asks finds nothing to do"
    again = decide(state, HeedAccount(identity=ADA, standing=AccountStanding(version=2, name="Ada")), 8)
    assert names(evolve_all(state, again))["p_1"] == "Ada"
    [told] = [public_event(5, event) for event in events]
    assert b"account_name" not in msgspec.json.encode(told)


def test_who_waits_has_the_accounts_name_once_they_are_in() -> None:
    waiting = replace(join(1, ADA, TokenSession(id="s1")), account_name=True)
    renamed = HeedAccount(identity=ADA, standing=AccountStanding(version=1, name="Ada King"))
    lobby = after(HOST, SetPolicy(participant_id=ParticipantId("p_0"), lobby=True), waiting)
    assert decide(lobby, renamed, 6) == ()
    inside = evolve_all(lobby, decide(lobby, Admit(participant_id=ParticipantId("p_0"), targets=None), 6))
    assert names(evolve_all(inside, decide(inside, renamed, 7)))["p_1"] == "Ada King"


def test_who_stands_on_an_account_goes_when_it_is_closed_and_not_with_its_sessions() -> None:
    camera = replace(join(1, Identity("k_camera"), None), stands_on=(ADA,))
    room = after(HOST, camera, join(2, Identity("k_other"), None))
    assert out(room, standing=SUSPENDED) == {"p_1": AccessLoss.SUSPENDED}
    assert out(room, standing=AccountStanding(version=1, epoch=7, name="Ada King"), ended=frozenset({"s1"})) == {}
    lobby = after(HOST, SetPolicy(participant_id=ParticipantId("p_0"), lobby=True), camera)
    assert out(lobby, standing=SUSPENDED) == {"p_1": AccessLoss.SUSPENDED}
    inside = evolve_all(lobby, decide(lobby, Admit(participant_id=ParticipantId("p_0"), targets=None), 6))
    assert out(inside, standing=SUSPENDED) == {"p_1": AccessLoss.SUSPENDED}


def test_a_standing_without_a_name_renames_nobody() -> None:
    room = after(HOST, replace(join(1, ADA, None), account_name=True))
    assert decide(room, HeedAccount(identity=ADA, standing=AccountStanding(version=1)), 6) == ()
