"""Which media node a meeting goes to."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence, Set

from contracts.log_events import LogEvent, NodePlaced
from contracts.node_rpc import NodeLease
from contracts.rooms import NodeId
from signaling_gateway.domain.commands import PlaceNode
from signaling_gateway.domain.room_state import RoomState

FULL = 0.95
"""Load from which a node takes no further meeting while another one can."""
COMPARED = 5
"""How many nodes, drawn at random, are compared. All gateways together send a node at most so many times its share."""
MEETING_LOAD = 0.015
"""What a meeting is expected to add to its node's load: 3,000 packets a second of 200,000. Four people are 2,000, the
mean of many small meetings and few large ones some 2,500. With too little, nodes that are nearly full get too much."""
UNSEEN_MS = 1_600
"""After so long a placed meeting is in the leases that are known: its node renews each second, and the watch over the
nodes reads twice a second."""


class RecentPlacements:
    """Where one gateway placed meetings that the leases it knows do not tell of yet.

    Times are milliseconds of any steady clock, and do not go back.
    """

    def __init__(self) -> None:
        self._placed: deque[tuple[int, NodeId]] = deque()

    def add(self, node_id: NodeId, now: int) -> None:
        """A meeting is placed there."""
        self._placed.append((now, node_id))

    def take_back(self, node_id: NodeId) -> None:
        """The last meeting that was placed there was not, after all."""
        for index in range(len(self._placed) - 1, -1, -1):
            if self._placed[index][1] == node_id:
                del self._placed[index]
                return

    def unseen(self, now: int) -> Counter[NodeId]:
        """How many meetings to add to each node."""
        while self._placed and self._placed[0][0] <= now - UNSEEN_MS:
            self._placed.popleft()
        return Counter(node_id for _, node_id in self._placed)


def expected_load(lease: NodeLease, unseen: int) -> float:
    """The node's load once the people of the meetings that came last are there. ``unseen``: meetings to add."""
    return lease.load + (lease.settling + unseen) * MEETING_LOAD


def distance(lease: NodeLease, regions: Sequence[str]) -> int:
    """How far a node is: 0 in the nearest of the regions; all that are not named are equally far, behind them."""
    return next((index for index, region in enumerate(regions) if region == lease.region), len(regions))


def choose_node(
    leases: Iterable[NodeLease],
    regions: Sequence[str],
    draw: Callable[[int], int],
    *,
    unseen: Mapping[NodeId, int] | None = None,
    silent: Set[NodeId] = frozenset(),
) -> NodeLease | None:
    """The least loaded of a few nodes of the nearest region that takes meetings; None: there is no node at all.

    ``regions``: the nearest first; all others are equally far, behind them. ``unseen``: as of `RecentPlacements`.
    ``silent``: nodes that should have renewed their leases by now. A full, silent or draining node is taken only when
    there is no other, in this order: a crowded meeting is better than none.

    ``draw(n)`` is a random whole number from 0 to n - 1. Leases tell of the past: were all nodes compared, whoever
    places a meeting in the same second would choose the same one. Gateways need not decide alike; the log says who was
    first.
    """
    added = unseen or {}
    best: tuple[bool, bool, bool, int] | None = None
    nodes: list[tuple[float, NodeLease]] = []
    for lease in leases:
        load = expected_load(lease, added.get(lease.node_id, 0))
        rank = (lease.draining, lease.node_id in silent, load >= FULL, distance(lease, regions))
        if best is None or rank < best:
            best, nodes = rank, []
        if rank == best:
            nodes.append((load, lease))
    compared = [nodes.pop(draw(len(nodes))) for _ in range(min(COMPARED, len(nodes)))]
    # The first of equals: they were drawn in any order.
    return min(compared, key=lambda node: node[0])[1] if compared else None


def place_node(state: RoomState, command: PlaceNode, now: int) -> tuple[LogEvent, ...]:
    """Moves the meeting, unless another gateway has already done so or nobody is there."""
    if state.node_id != command.instead_of or not state.stays:
        return ()
    return (NodePlaced(at=now, node_id=command.node_id),)
