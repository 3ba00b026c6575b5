"""Which node a meeting goes to."""

from __future__ import annotations

from collections import Counter
from random import Random

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from contracts.node_rpc import NodeLease
from contracts.redis_names import NODE_RENEW_MS
from contracts.rooms import NodeId
from signaling_gateway.domain.placement import (
    COMPARED,
    FULL,
    MEETING_LOAD,
    UNSEEN_MS,
    RecentPlacements,
    choose_node,
    expected_load,
)
from signaling_gateway.service.upkeep import NODE_WATCH_S

REGIONS = ("north", "west")


def lease(node_id: str, load: float, region: str = "north", *, draining: bool = False) -> NodeLease:
    return NodeLease(node_id=NodeId(node_id), region=region, load=load, participants=0, draining=draining, renewed_at=0)


def chosen(*leases: NodeLease, silent: str = "") -> str | None:
    node = choose_node(leases, REGIONS, Random(1).randrange, silent={NodeId(each) for each in silent})
    return None if node is None else node.node_id


def test_no_node_is_chosen_where_there_is_none() -> None:
    assert chosen() is None


def test_the_least_loaded_node_of_the_region_is_chosen() -> None:
    assert chosen(lease("a", 0.5), lease("b", 0.2), lease("c", 0.0, "south")) == "b"


def test_the_next_region_is_better_than_a_full_silent_or_draining_node() -> None:
    far = (lease("c", 0.0, "south"), lease("d", 0.5, "west"))
    assert chosen(lease("a", 0.99), lease("b", 0.1, draining=True), lease("s", 0.1), *far, silent="s") == "d"


def test_regions_that_are_not_named_come_last_and_are_equally_far() -> None:
    assert chosen(lease("a", 0.99), lease("c", 0.5, "south"), lease("d", 0.2, "east")) == "d"


def test_a_full_node_is_better_than_a_silent_or_draining_one_and_any_is_better_than_none() -> None:
    assert chosen(lease("a", 0.99), lease("b", 0.1, draining=True), lease("s", 0.1), silent="s") == "a"
    assert chosen(lease("b", 0.1, draining=True), lease("s", 0.1), silent="s") == "s"
    assert chosen(lease("b", 0.1, draining=True)) == "b"


def test_meetings_that_the_load_does_not_show_yet_count() -> None:
    nodes = (lease("a", 0.2), lease("b", 0.2 + 1.5 * MEETING_LOAD))
    node = choose_node(nodes, REGIONS, Random(1).randrange, unseen={NodeId("a"): 2})
    assert node is not None
    assert node.node_id == "b"
    assert chosen(msgspec.structs.replace(nodes[0], settling=1.6), nodes[1]) == "b"
    assert chosen(msgspec.structs.replace(nodes[0], settling=1.4), nodes[1]) == "a"


LEASES = st.lists(
    st.builds(
        NodeLease,
        node_id=st.integers(0, 40).map(lambda number: NodeId(f"n{number}")),
        region=st.sampled_from(("north", "west", "south", "east")),
        load=st.sampled_from((0.0, 0.3, 0.9, FULL - 0.005, FULL, 1.0)),
        participants=st.just(0),
        draining=st.booleans(),
        renewed_at=st.just(0),
        settling=st.sampled_from((0.0, 0.25, 7.5)),
    ),
    max_size=40,
    unique_by=lambda each: each.node_id,
)
SEEDS = st.integers(0, 1000)


UNSEEN = st.dictionaries(st.integers(0, 40).map(lambda number: NodeId(f"n{number}")), st.integers(0, 3))


@given(leases=LEASES, unseen=UNSEEN, seed=SEEDS)
def test_no_draining_silent_full_or_farther_node_while_a_better_one_is_there(
    leases: list[NodeLease], unseen: dict[NodeId, int], seed: int
) -> None:
    silent = {each.node_id for each in leases if each.node_id.endswith("7")}
    node = choose_node(leases, REGIONS, Random(seed).randrange, unseen=unseen, silent=silent)
    assert (node is None) == (not leases)
    if node is None:
        return

    def load(each: NodeLease) -> float:
        return expected_load(each, unseen.get(each.node_id, 0))

    sound = [each for each in leases if not each.draining and each.node_id not in silent]
    free = [each for each in sound if load(each) < FULL]
    if any(not each.draining for each in leases):
        assert not node.draining
    if sound:
        assert node in sound
    if free:
        assert node in free
        for region in REGIONS:
            if any(each.region == region for each in free):
                assert node.region == region
                break
    alike = [each for each in (free or sound or leases) if each.region == node.region]
    if free and node.region in REGIONS and len(alike) <= COMPARED:
        assert load(node) == min(load(each) for each in alike)


@given(seed=SEEDS)
def test_a_herd_that_sees_one_idle_node_leaves_most_of_it_to_others(seed: int) -> None:
    """Without counting, as gateways do that place one meeting each within the same second."""
    random = Random(seed)
    nodes = [lease("idle", 0.0), *(lease(f"n{number}", 0.5) for number in range(99))]
    herd = Counter(node.node_id for _ in range(400) if (node := choose_node(nodes, REGIONS, random.randrange)))
    assert herd[NodeId("idle")] <= 3 * COMPARED * 400 / 100
    assert max(count for node_id, count in herd.items() if node_id != "idle") <= 20


@given(seed=SEEDS, gateways=st.integers(1, 5), meetings=st.integers(1, 60))
def test_a_lost_nodes_meetings_are_spread_over_the_others(seed: int, gateways: int, meetings: int) -> None:
    random = Random(seed)
    nodes = [lease(f"n{number}", 0.5) for number in range(20)]
    heirs: Counter[NodeId] = Counter()
    for gateway in range(gateways):
        recent = RecentPlacements()
        for _ in range(gateway, meetings, gateways):
            node = choose_node(nodes, REGIONS, random.randrange, unseen=recent.unseen(0))
            assert node is not None
            recent.add(node.node_id, 0)
            heirs[node.node_id] += 1
    assert max(heirs.values()) <= meetings / 20 + 2 * gateways + 3


def test_a_placed_meeting_counts_until_the_leases_tell_of_it() -> None:
    recent, one, two = RecentPlacements(), NodeId("1"), NodeId("2")
    for now, node_id in ((0, one), (10, one), (20, two)):
        recent.add(node_id, now)
    recent.take_back(one)
    assert recent.unseen(UNSEEN_MS - 1) == {one: 1, two: 1}
    recent.take_back(NodeId("3"))
    assert recent.unseen(UNSEEN_MS) == {two: 1}
    assert recent.unseen(UNSEEN_MS + 20) == {}


def test_the_leases_tell_of_a_placement_in_time() -> None:
    assert NODE_RENEW_MS + NODE_WATCH_S * 1000 < UNSEEN_MS
