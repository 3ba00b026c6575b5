"""Breakout rooms that are planned before a meeting: what a plan may be."""

from __future__ import annotations

import pytest
from meetings_service.domain.breakout_plan import BreakoutPlan, Others, PlannedRoom, checked, without
from msgspec.structs import replace

from contracts.new_breakouts import NewBreakout
from functions.serverless.problems import InvalidFieldError

INVITED = {"ida@example.org": None, "ben@example.org": "u_2", "u_1": "u_1", "u_2": "u_2"}
PLAN = BreakoutPlan(
    rooms=(
        PlannedRoom(name="Red", invitees=("ida@example.org", "u_1")),
        PlannedRoom(name="Blue", invitees=("ben@example.org",)),
    ),
    others=Others.STAY,
    minutes=15,
)


def test_names_are_as_a_room_takes_them() -> None:
    plan = checked(replace(PLAN, rooms=(PlannedRoom(name=" The\n red  one "),)), INVITED)
    assert plan == replace(PLAN, rooms=(PlannedRoom(name="The red one"),))
    NewBreakout(name=plan.rooms[0].name)
    assert checked(PLAN, INVITED) == PLAN


@pytest.mark.parametrize(
    ("rooms", "field"),
    [
        ((PlannedRoom(name=" "),), "rooms[0].name"),
        ((PlannedRoom(name="\u0958" * 41),), "rooms[0].name"),  # two characters each in NFC
        ((PlannedRoom(name="Red"), PlannedRoom(name=" Red")), "rooms[1].name"),
        ((PlannedRoom(name="Red", invitees=("u_1", "u_1")),), "rooms[0].invitees[1]"),
        ((PLAN.rooms[0], PlannedRoom(name="Blue", invitees=("u_1",))), "rooms[1].invitees[0]"),
        ((PLAN.rooms[1], PlannedRoom(name="Green", invitees=("u_2",))), "rooms[1].invitees[0]"),  # Ben's account
        ((PlannedRoom(name="Red", invitees=("u_1", "eve@example.org")),), "rooms[0].invitees[1]"),
    ],
)
def test_what_cannot_be_planned_is_refused_and_named(rooms: tuple[PlannedRoom, ...], field: str) -> None:
    with pytest.raises(InvalidFieldError) as refused:
        checked(replace(PLAN, rooms=rooms), INVITED)
    assert [each.field for each in refused.value.fields] == [field]


def test_who_is_invited_no_more_is_in_no_room() -> None:
    assert [room.invitees for room in without(PLAN, "u_1").rooms] == [("ida@example.org",), ("ben@example.org",)]
    assert without(PLAN, "eve@example.org") == PLAN
    assert PLAN.uninvited({"u_1"}) == ("ida@example.org", "ben@example.org")


def test_addresses_are_in_no_log() -> None:
    assert "ida" not in repr(PLAN)
