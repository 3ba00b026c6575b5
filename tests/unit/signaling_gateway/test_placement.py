"""Which node a meeting goes to."""

from __future__ import annotations

from contracts.node_rpc import NodeLease
from contracts.rooms import NodeId
from signaling_gateway.domain.placement import choose_node


def lease(node_id: str, load: float, region: str = "north", *, draining: bool = False) -> NodeLease:
    return NodeLease(node_id=NodeId(node_id), region=region, load=load, participants=0, draining=draining, renewed_at=0)


def chosen(*leases: NodeLease) -> str | None:
    node = choose_node(leases, "north")
    return None if node is None else node.node_id


def test_no_node_is_chosen_where_there_is_none() -> None:
    assert chosen() is None


def test_the_least_loaded_node_of_the_region_is_chosen() -> None:
    assert chosen(lease("a", 0.5), lease("b", 0.2), lease("c", 0.0, "south")) == "b"


def test_another_region_is_better_than_a_full_or_draining_node() -> None:
    assert chosen(lease("a", 0.99), lease("b", 0.1, draining=True), lease("c", 0.5, "south")) == "c"


def test_a_full_node_is_better_than_none() -> None:
    assert chosen(lease("a", 0.99), lease("b", 0.1, draining=True)) == "a"
    assert chosen(lease("b", 0.1, draining=True)) == "b"


def test_equal_nodes_are_chosen_alike_in_any_order() -> None:
    assert chosen(lease("b", 0.1), lease("a", 0.1)) == chosen(lease("a", 0.1), lease("b", 0.1)) == "a"
