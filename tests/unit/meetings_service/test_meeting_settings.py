"""Who may share, chat, write notes and record, by the meeting's settings: in its tokens and by its room's rules."""

from __future__ import annotations

import itertools

import pytest
from meetings_service.domain.meeting_settings import Allowed, MeetingSettings, permissions_in, rules_of
from msgspec.structs import replace

from contracts.rooms import PERMISSIONS_OF_ROLE, ParticipantId, Permissions, PublishPermission, Role, RoomPolicy
from signaling_gateway.domain import commands
from signaling_gateway.domain.decide import decide
from signaling_gateway.domain.notes import EditNotes
from signaling_gateway.domain.room_state import RoomState
from signaling_gateway.errors import Refusal
from tests.unit.signaling_gateway.room_steps import HOST, after, join

ME = ParticipantId("p_me")
AMONG = {
    Allowed.EVERYONE: set(Role),
    Allowed.ACCOUNTS: {Role.HOST, Role.COHOST, Role.PARTICIPANT},
    Allowed.HOSTS: {Role.HOST, Role.COHOST},
}


def in_room(settings: MeetingSettings, role: Role) -> tuple[RoomState, Permissions]:
    """A room with these settings and what somebody in this role may do there."""
    rules = rules_of(settings)
    come_in = replace(join(ME, role=role), permissions=permissions_in(settings, role), rules=rules)
    room = after(RoomState(), replace(join(HOST, role=Role.HOST), rules=rules), come_in)
    return room, room.stays[ME].info.permissions


def writes_notes(room: RoomState) -> bool:
    try:
        return bool(decide(room, EditNotes(participant_id=ME, edit_id="e", revision=0, change=("a",)), 1_000))
    except Refusal:
        return False


@pytest.mark.parametrize(("role", "allowed"), list(itertools.product(Role, Allowed)))
def test_each_setting_holds_for_whom_it_names_and_touches_nothing_else(role: Role, allowed: Allowed) -> None:
    usual = PERMISSIONS_OF_ROLE[role]
    is_among = role in AMONG[allowed]
    without_screen = tuple(each for each in usual.publish if each is not PublishPermission.SCREEN)
    for settings, told in (
        (MeetingSettings(share=allowed), replace(usual, publish=usual.publish if is_among else without_screen)),
        (MeetingSettings(chat=allowed), replace(usual, chat=is_among)),
        (MeetingSettings(record=allowed), replace(usual, record=is_among)),
    ):
        room, may = in_room(settings, role)
        assert may == told
        assert room.policy == RoomPolicy()
    room, may = in_room(MeetingSettings(notes=allowed), role)
    assert writes_notes(room) is is_among
    assert replace(may, notes=usual.notes) == usual


@pytest.mark.parametrize("allowed", list(Allowed))
def test_a_cohost_who_is_made_a_participant_records_where_participants_do(allowed: Allowed) -> None:
    room, may = in_room(MeetingSettings(record=allowed), Role.COHOST)
    assert may.record
    room = after(room, commands.SetRole(participant_id=HOST, target=ME, role=Role.PARTICIPANT))
    assert room.stays[ME].info.permissions.record is (Role.PARTICIPANT in AMONG[allowed])


def test_notes_are_those_of_people_with_an_account_unless_told() -> None:
    assert MeetingSettings().notes is Allowed.ACCOUNTS
    for role in Role:
        assert permissions_in(MeetingSettings(), role) == PERMISSIONS_OF_ROLE[role]
    assert rules_of(MeetingSettings()).role_permissions == ()


def test_notes_that_are_the_hosts_are_unlocked_in_the_room_with_one_rule() -> None:
    room, _ = in_room(MeetingSettings(notes=Allowed.HOSTS), Role.PARTICIPANT)
    assert not writes_notes(room)
    unlocked = after(room, commands.SetPolicy(participant_id=HOST, notes=True))
    assert writes_notes(unlocked)
