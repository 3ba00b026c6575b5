"""Roles given in a room, and what each role and each person may do there."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from contracts import log_events as log
from contracts.rooms import (
    Identity,
    ParticipantId,
    Permissions,
    PublishPermission,
    Role,
    RoomRules,
    TrackId,
    TrackSource,
)
from signaling_gateway.domain import commands
from signaling_gateway.domain.decide import decide
from signaling_gateway.domain.evolve import evolve_all
from signaling_gateway.domain.people import permissions_of
from signaling_gateway.domain.room_state import RoomState
from tests.unit.signaling_gateway.room_steps import (
    ADA,
    BOB,
    EVE,
    HOST,
    PLAIN,
    RUNNING,
    after,
    join,
    publish,
    refusal,
)

ROOM = after(RoomState(), join(HOST, role=Role.HOST), join(ADA), join(BOB))
MIC, CAMERA, SCREEN = TrackSource.MICROPHONE, TrackSource.CAMERA, TrackSource.SCREEN


# ---- lobby and lock ----


def test_a_cohost_runs_the_meeting_and_cannot_act_against_the_host() -> None:
    room = after(ROOM, commands.SetRole(participant_id=HOST, target=ADA, role=Role.COHOST))
    assert room.stays[ADA].info.role is Role.COHOST
    assert room.stays[ADA].info.permissions.moderate
    assert BOB not in after(room, commands.Remove(participant_id=ADA, target=BOB)).stays
    for command in (
        commands.Remove(participant_id=ADA, target=HOST),
        commands.SetRole(participant_id=ADA, target=HOST, role=Role.PARTICIPANT),
        commands.SetPermissions(participant_id=ADA, target=HOST, permissions=Permissions()),
    ):
        assert refusal(room, command) == "permission_denied"


def test_a_role_given_in_the_room_lasts_over_leaving_and_for_all_stays() -> None:
    second = ParticipantId("p_ada2")
    room = after(
        ROOM,
        join(second, identity="u_p_ada"),
        commands.SetRole(participant_id=HOST, target=ADA, role=Role.COHOST),
    )
    assert room.stays[second].info.permissions.moderate
    back = after(room, commands.Leave(participant_id=ADA), join(ADA))
    assert back.stays[ADA].info.role is Role.COHOST
    again = after(back, commands.SetRole(participant_id=HOST, target=second, role=Role.PARTICIPANT))
    assert [again.stays[each].info.permissions.moderate for each in (ADA, second)] == [False, False]


def test_nobody_is_made_a_host_or_a_guest() -> None:
    for role in (Role.HOST, Role.GUEST):
        assert refusal(ROOM, commands.SetRole(participant_id=HOST, target=ADA, role=role)) == "validation_failed"
    assert refusal(ROOM, commands.SetRole(participant_id=HOST, target=HOST, role=Role.COHOST)) == "permission_denied"


# ---- permissions ----


def test_permissions_that_are_taken_stop_what_they_allowed() -> None:
    room = after(ROOM, publish(ADA, MIC, CAMERA), publish(BOB, CAMERA))
    command = commands.SetPermissions(
        participant_id=HOST, target=ADA, permissions=Permissions(publish=(PublishPermission.AUDIO,), subscribe=True)
    )
    granted, changed, stopped = decide(room, command, 1000)
    assert isinstance(granted, log.PermissionsGranted)
    assert isinstance(changed, log.PermissionsChanged)
    assert isinstance(stopped, log.TrackUnpublished)
    assert (stopped.track_id, stopped.by) == (TrackId("t_p_ada_camera"), HOST)
    limited = evolve_all(room, (granted, changed, stopped))
    assert refusal(limited, publish(ADA, CAMERA)) == "permission_denied"
    assert refusal(limited, commands.SendChat(participant_id=ADA, message_id="m", text="x")) == "permission_denied"
    back = after(limited, commands.Leave(participant_id=ADA), join(ADA))
    assert refusal(back, publish(ADA, CAMERA)) == "permission_denied"


def test_nobody_becomes_a_moderator_by_permissions() -> None:
    room = after(ROOM, commands.SetPermissions(participant_id=HOST, target=ADA, permissions=RUNNING))
    assert not room.stays[ADA].info.permissions.moderate


@pytest.mark.parametrize("recorded_by", [(Role.PARTICIPANT,), ()])
@pytest.mark.parametrize("came_with", [RUNNING, PLAIN, replace(PLAIN, record=True)])
def test_who_runs_the_meeting_no_more_records_only_where_everybody_may(
    came_with: Permissions, recorded_by: tuple[Role, ...]
) -> None:
    room = after(replace(ROOM, rules=RoomRules(recorded_by=recorded_by)), replace(join(EVE), permissions=came_with))
    for role in (Role.COHOST, Role.PARTICIPANT):
        room = after(room, commands.SetRole(participant_id=HOST, target=EVE, role=role))
    expected = replace(
        came_with, moderate=False, record=bool(recorded_by) if came_with is RUNNING else came_with.record
    )
    assert room.stays[EVE].info.permissions == expected


def test_a_role_is_limited_now_and_for_those_who_come() -> None:
    quiet = Permissions(subscribe=True)
    room = after(
        ROOM,
        publish(ADA, MIC),
        commands.SetRolePermissions(participant_id=HOST, role=Role.PARTICIPANT, permissions=quiet),
        join(EVE),
    )
    assert not room.tracks
    assert room.stays[ADA].info.permissions == room.stays[EVE].info.permissions == quiet
    assert room.stays[HOST].info.permissions == RUNNING
    opened = after(room, commands.SetRolePermissions(participant_id=HOST, role=Role.PARTICIPANT, permissions=PLAIN))
    assert opened.stays[EVE].info.permissions == PLAIN


def test_a_limit_gives_nobody_more_than_their_token() -> None:
    granted = Permissions(subscribe=True)
    room = after(ROOM, commands.SetRolePermissions(participant_id=HOST, role=Role.GUEST, permissions=RUNNING))
    assert permissions_of(room, Identity("u_x"), Role.GUEST, granted) == granted


def test_what_somebody_was_given_stands_against_the_limits_of_their_role() -> None:
    quiet = commands.SetRolePermissions(participant_id=HOST, role=Role.PARTICIPANT, permissions=Permissions())
    speaker = commands.SetPermissions(participant_id=HOST, target=ADA, permissions=PLAIN)
    for order in ((quiet, speaker), (speaker, quiet)):
        room = after(ROOM, *order)
        assert room.stays[ADA].info.permissions == PLAIN
        assert room.stays[BOB].info.permissions == Permissions()


def test_those_who_run_the_meeting_cannot_be_limited() -> None:
    command = commands.SetRolePermissions(participant_id=HOST, role=Role.COHOST, permissions=Permissions())
    assert refusal(ROOM, command) == "validation_failed"


# ---- muting ----
