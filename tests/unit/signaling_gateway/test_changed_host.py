"""A room whose meeting is somebody else's from now on."""

from __future__ import annotations

from msgspec.structs import replace

from contracts import log_events as log
from contracts.rooms import Identity, Permissions, Role
from signaling_gateway.domain import commands
from signaling_gateway.domain.decide import decide
from signaling_gateway.domain.projection import public_events
from signaling_gateway.domain.room_state import RoomState
from signaling_gateway.domain.service_commands import ChangeHost, EndByService
from tests.unit.signaling_gateway.test_decisions import ADA, ALL, BOB, EVE, MEETING, PLAIN, after, join, refusal

HOST, HEIR = Identity("u_p_ada"), Identity("u_p_bob")
ROOM = after(
    RoomState(),
    replace(join(ADA), role=Role.HOST, host_id=HOST),
    join(BOB, PLAIN),
    commands.SetPermissions(participant_id=ADA, target=BOB, permissions=Permissions(subscribe=True)),
)
CHANGE = ChangeHost(host_id=HEIR)


def test_both_have_their_new_roles_at_once_and_everybody_is_told() -> None:
    room = after(ROOM, CHANGE)
    assert room.host_id == HEIR
    assert (room.stays[BOB].info.role, room.stays[ADA].info.role) == (Role.HOST, Role.COHOST)
    assert room.stays[BOB].info.permissions.moderate
    assert room.stays[ADA].info.permissions.moderate
    events = decide(ROOM, CHANGE, 1000)
    told = public_events(ROOM.version, events, room).events
    assert [(each.participant_id, each.role) for each in told] == [(ADA, Role.COHOST), (BOB, Role.HOST)]  # type: ignore[union-attr]


def test_the_former_host_cannot_act_against_the_new_one() -> None:
    room = after(ROOM, CHANGE)
    assert refusal(room, commands.Remove(participant_id=ADA, target=BOB)) == "permission_denied"
    gone = after(room, commands.Remove(participant_id=BOB, target=ADA))
    assert ADA not in gone.stays


def test_tokens_from_before_give_nobody_the_former_role() -> None:
    room = after(ROOM, CHANGE, commands.Leave(participant_id=ADA), commands.Leave(participant_id=BOB))
    back = after(room, replace(join(ADA, ALL), role=Role.HOST), join(BOB, PLAIN))
    assert (back.stays[ADA].info.role, back.stays[BOB].info.role) == (Role.COHOST, Role.HOST)


def test_whoever_waits_and_is_the_host_now_comes_in() -> None:
    waiting = after(ROOM, commands.SetPolicy(participant_id=ADA, lobby=True), join(EVE, PLAIN))
    assert EVE in waiting.lobby
    room = after(waiting, ChangeHost(host_id=Identity("u_p_eve")))
    assert not room.lobby
    assert (room.stays[EVE].info.role, room.stays[EVE].info.permissions.moderate) == (Role.HOST, True)


def test_told_twice_or_of_a_room_that_is_none_it_changes_nothing() -> None:
    room = after(ROOM, CHANGE)
    assert decide(room, CHANGE, 2000) == ()
    assert decide(RoomState(), CHANGE, 2000) == ()
    ended = after(ROOM, EndByService(meeting_id=MEETING, by=None))
    assert decide(ended, CHANGE, 2000) == ()
    assert isinstance(decide(ROOM, CHANGE, 1)[0], log.HostChanged)
