"""Which of a meeting's nodes a participant's media goes through, and when the meeting spreads to one more.

A meeting has a home, the node that it was placed on first. Participants are there as long as it has room, and is near
enough. Others are sent to further nodes of the meeting, which are as few as possible: each link carries what crosses it
once, but each further node has a link to every other one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence, Set

from contracts.log_events import LogEvent, ParticipantPlaced
from contracts.node_rpc import NodeLease
from contracts.rooms import NodeId
from signaling_gateway.domain.commands import PlaceParticipant
from signaling_gateway.domain.placement import FULL, choose_node, distance, expected_load
from signaling_gateway.domain.room_state import RoomState


def choose_for_participant(
    meeting: Collection[NodeId],
    leases: Mapping[NodeId, NodeLease],
    regions: Sequence[str],
    draw: Callable[[int], int],
    *,
    unseen: Mapping[NodeId, int] | None = None,
    silent: Set[NodeId] = frozenset(),
    avoid: Set[NodeId] = frozenset(),
    spans_regions: bool = True,
) -> NodeId | None:
    """The node that a participant goes to; None: there is none at all.

    ``meeting``: its nodes, the home first. ``regions``, ``draw``, ``unseen`` and ``silent``: as of `choose_node`.
    ``avoid``: nodes that have refused, or that the participant is to leave. ``spans_regions``: whether somebody gets a
    nearer node than the meeting has.

    One of the meeting's own sound nodes if there is one (and none is nearer), the nearest, the home before others;
    otherwise another one. Where no node is sound, the home.
    """
    added = unseen or {}

    def is_sound(lease: NodeLease) -> bool:
        has_room = expected_load(lease, added.get(lease.node_id, 0)) < FULL
        return has_room and not lease.draining and lease.node_id not in silent and lease.node_id not in avoid

    def how_far(lease: NodeLease) -> int:
        return distance(lease, regions) if spans_regions else 0

    sound = [lease for lease in leases.values() if is_sound(lease)]
    own = [leases[node_id] for node_id in meeting if node_id in leases and is_sound(leases[node_id])]
    nearest = min(map(how_far, sound), default=0)
    if own:
        # The first of equals: the home.
        best = min(own, key=how_far)
        if how_far(best) <= nearest:
            return best.node_id
    another = choose_node((lease for lease in sound if how_far(lease) <= nearest), regions, draw, unseen=added)
    if another is not None:
        return another.node_id
    return next((node_id for node_id in meeting if node_id in leases), None)


def place_participant(state: RoomState, command: PlaceParticipant, now: int) -> tuple[LogEvent, ...]:
    """Sends somebody to a node, unless they have been sent elsewhere, or the meeting has spread otherwise meanwhile."""
    stay = state.stays.get(command.participant_id)
    if stay is None or state.node_of(command.participant_id) != command.instead_of:
        return ()
    is_new = command.node_id not in state.nodes
    if command.node_id == command.instead_of or (is_new and set(state.nodes) != set(command.nodes)):
        return ()
    return (ParticipantPlaced(at=now, participant_id=command.participant_id, node_id=command.node_id),)
