"""Which media node a meeting goes to."""

from __future__ import annotations

from collections.abc import Iterable

from contracts.log_events import LogEvent, NodePlaced
from contracts.node_rpc import NodeLease
from signaling_gateway.domain.commands import PlaceNode
from signaling_gateway.domain.room_state import RoomState

FULL = 0.95
"""Load from which a node takes no further meeting while another one can."""


def choose_node(leases: Iterable[NodeLease], region: str) -> NodeLease | None:
    """The least loaded live node, in ``region`` if there is one that takes meetings.

    A draining or full node is taken only when there is no other: a crowded meeting is better than none. Ties go to the
    lower id, so that gateways that decide at once decide alike.
    """
    return min(
        leases,
        key=lambda lease: (lease.draining, lease.load >= FULL, lease.region != region, lease.load, lease.node_id),
        default=None,
    )


def place_node(state: RoomState, command: PlaceNode, now: int) -> tuple[LogEvent, ...]:
    """Moves the meeting, unless another gateway has already done so or nobody is there."""
    if state.node_id != command.instead_of or not state.stays:
        return ()
    return (NodePlaced(at=now, node_id=command.node_id),)
