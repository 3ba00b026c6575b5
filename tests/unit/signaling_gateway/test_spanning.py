"""Which node somebody goes to, and what the log says of it."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.node_rpc import NodeLease
from contracts.rooms import NodeId, ParticipantId
from signaling_gateway.domain import commands
from signaling_gateway.domain.decide import decide
from signaling_gateway.domain.placement import FULL, distance
from signaling_gateway.domain.room_state import RoomState
from signaling_gateway.domain.spanning import choose_for_participant
from tests.unit.signaling_gateway.room_steps import ADA, BOB, EVE, after, join

REGIONS = ("north", "west")
HOME, OTHER, FAR, IDLE = NodeId("home"), NodeId("other"), NodeId("far"), NodeId("idle")


def lease(node_id: str, load: float = 0.2, region: str = "north", *, draining: bool = False) -> NodeLease:
    return NodeLease(node_id=NodeId(node_id), region=region, load=load, participants=0, draining=draining, renewed_at=0)


def chosen(meeting: tuple[NodeId, ...], *leases: NodeLease, **options: Any) -> NodeId | None:
    known = {each.node_id: each for each in leases}
    return choose_for_participant(meeting, known, REGIONS, random.randrange, **options)


def test_everybody_is_at_home_while_there_is_room() -> None:
    assert chosen((HOME,), lease("home", 0.9), lease("idle", 0.0)) == HOME
    assert chosen((HOME, OTHER), lease("home", 0.9), lease("other", 0.0)) == HOME


@pytest.mark.parametrize("home", [lease("home", 0.99), lease("home", draining=True)])
def test_a_home_that_is_full_or_drains_gets_nobody_more(home: NodeLease) -> None:
    assert chosen((HOME,), home, lease("idle")) == IDLE
    assert chosen((HOME, OTHER), home, lease("other", 0.9), lease("idle", 0.0)) == OTHER, "as few nodes as possible"
    assert chosen((HOME,), home) == HOME, "a crowded node is better than none"


def test_a_node_that_refused_or_is_silent_is_left_out() -> None:
    nodes = (lease("home"), lease("idle"))
    assert chosen((HOME,), *nodes, avoid={HOME}) == IDLE
    assert chosen((HOME,), *nodes, silent={HOME}) == IDLE
    assert chosen((HOME,), *nodes, unseen={HOME: 100}) == IDLE
    assert chosen((HOME, OTHER), lease("home"), avoid={HOME}) == HOME, "the other is gone"


def test_a_meeting_spreads_to_the_regions_of_its_participants() -> None:
    home = lease("home", region="west")
    assert chosen((HOME,), home, lease("idle")) == IDLE
    assert chosen((HOME, OTHER), home, lease("other", 0.8), lease("idle", 0.0)) == OTHER
    assert chosen((HOME,), home, lease("idle", 0.99)) == HOME, "the near one is full"
    assert chosen((HOME,), home, lease("far", region="south")) == HOME
    assert chosen((FAR,), lease("far", region="south"), lease("home", region="west")) == HOME
    assert chosen((HOME,), home, lease("idle"), spans_regions=False) == HOME


@given(
    st.lists(
        st.builds(
            NodeLease,
            node_id=st.integers(0, 20).map(lambda number: NodeId(f"n{number}")),
            region=st.sampled_from(["north", "west", "south"]),
            load=st.floats(0, 1),
            participants=st.just(0),
            draining=st.booleans(),
            renewed_at=st.just(0),
        ),
        max_size=8,
        unique_by=lambda each: each.node_id,
    ),
    st.lists(st.integers(0, 20).map(lambda number: NodeId(f"n{number}")), min_size=1, max_size=3, unique=True),
    st.booleans(),
)
def test_the_choice_is_sound_near_and_of_the_meeting_as_far_as_there_is_such_a_node(
    leases: list[NodeLease],
    meeting: list[NodeId],
    spans: bool,  # noqa: FBT001  # hypothesis gives values
) -> None:
    known = {each.node_id: each for each in leases}
    node_id = choose_for_participant(meeting, known, REGIONS, random.randrange, spans_regions=spans)
    sound = [each for each in leases if each.load < FULL and not each.draining]
    if not sound:
        assert node_id == next((each for each in meeting if each in known), None)
        return
    assert node_id is not None
    assert known[node_id] in sound
    nearest = min(distance(each, REGIONS) for each in sound)
    own = [each for each in sound if each.node_id in meeting]
    if spans:
        assert distance(known[node_id], REGIONS) == nearest
        own = [each for each in own if distance(each, REGIONS) == nearest]
    assert node_id in {each.node_id for each in own or sound}


ROOM = after(RoomState(), join(ADA), join(BOB), commands.PlaceNode(node_id=HOME, instead_of=None))


def send(who: ParticipantId, node_id: NodeId, state: RoomState, instead_of: NodeId = HOME) -> commands.PlaceParticipant:
    return commands.PlaceParticipant(participant_id=who, node_id=node_id, instead_of=instead_of, nodes=state.nodes)


def test_whoever_is_sent_to_a_node_is_there_and_all_others_are_at_home() -> None:
    spread = after(ROOM, send(ADA, OTHER, ROOM))
    assert (spread.node_of(ADA), spread.node_of(BOB)) == (OTHER, HOME)
    assert spread.nodes == (HOME, OTHER)
    assert set(spread.nodes_in_use) == {HOME, OTHER}
    assert after(spread, commands.Leave(participant_id=BOB)).nodes_in_use == (OTHER,)
    assert after(spread, commands.Leave(participant_id=ADA)).nodes == (HOME,)
    back = after(spread, send(ADA, HOME, spread, instead_of=OTHER))
    assert (back.node_of(ADA), back.nodes) == (HOME, (HOME,))


def test_a_new_home_takes_along_those_who_were_at_the_former_one_alone() -> None:
    spread = after(ROOM, send(ADA, OTHER, ROOM))
    moved = after(spread, commands.PlaceNode(node_id=IDLE, instead_of=HOME))
    assert (moved.node_of(ADA), moved.node_of(BOB)) == (OTHER, IDLE)
    joined = after(spread, commands.PlaceNode(node_id=OTHER, instead_of=HOME))
    assert joined.nodes == (OTHER,)
    assert (joined.node_of(ADA), joined.node_of(BOB)) == (OTHER, OTHER)


def test_two_gateways_that_spread_a_meeting_at_once_spread_it_to_one_node() -> None:
    spread = after(ROOM, send(ADA, OTHER, ROOM))
    late = send(BOB, IDLE, ROOM)
    assert decide(spread, late, 1000) == (), "the meeting has another node by now, which may do"
    assert len(decide(spread, send(BOB, OTHER, ROOM), 1000)) == 1
    assert len(decide(spread, send(BOB, IDLE, spread), 1000)) == 1


def test_an_order_that_time_has_overtaken_is_nothing() -> None:
    spread = after(ROOM, send(ADA, OTHER, ROOM))
    assert decide(spread, send(ADA, IDLE, spread), 1000) == ()
    assert decide(spread, send(ADA, OTHER, spread, instead_of=OTHER), 1000) == ()
    assert decide(ROOM, send(EVE, OTHER, ROOM), 1000) == ()
