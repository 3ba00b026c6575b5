"""Which node a connection's media goes through. The log says it: the meeting's home, and who was sent elsewhere."""

from __future__ import annotations

from collections.abc import Set

from redis.exceptions import RedisError

from contracts.error_codes import ErrorCode
from contracts.rooms import NodeId
from signaling_gateway.domain.commands import PlaceNode, PlaceParticipant
from signaling_gateway.errors import NodeError
from signaling_gateway.metrics import PARTICIPANTS_SENT
from signaling_gateway.service.live_room import Connection, LiveRoom
from signaling_gateway.service.node_placement import NodePlacement

TRIES = 3
"""How often somebody's node is chosen anew because the meeting has spread meanwhile."""


class Spanning:
    """Chooses homes for meetings, and nodes for those who do not fit there."""

    def __init__(self, placement: NodePlacement) -> None:
        self._placement = placement

    def is_gone(self, node_id: NodeId) -> bool:
        """Whether a node's lease has ended, as far as is known."""
        return self._placement.is_gone(node_id)

    async def home(self, room: LiveRoom, *, instead_of: NodeId | None) -> NodeId:
        """The meeting's home, if that is no longer ``instead_of``; else a newly chosen one.

        Raises:
            NodeError: there is none (``no_media_node``).
        """
        if room.state.node_id is None or room.state.node_id == instead_of:
            others = [node_id for node_id in room.state.nodes if node_id != instead_of]
            try:
                chosen = await self._placement.choose(instead_of=instead_of, beside=others)
            except (RedisError, OSError) as error:
                raise NodeError(ErrorCode.SERVICE_UNAVAILABLE, "The media servers cannot be asked.") from error
            if chosen is None:
                raise NodeError(ErrorCode.NO_MEDIA_NODE, "There is no media server for this meeting at the moment.")
            try:
                await room.execute(PlaceNode(node_id=chosen, instead_of=instead_of))
            finally:
                self._placement.settled(chosen, room.state.node_id)
        if room.state.node_id is None:
            raise NodeError(ErrorCode.NO_MEDIA_NODE, "There is no media server for this meeting at the moment.")
        return room.state.node_id

    async def node_of(self, connection: Connection, *, avoid: Set[NodeId] = frozenset()) -> NodeId:
        """The connection's node. It is chosen for somebody who has just come, and anew if it is gone or to be avoided.

        Raises:
            Refusal: the participant has left.
            NodeError: there is none (``no_media_node``).
        """
        room, participant_id = connection.room, connection.participant_id
        home = await self.home(room, instead_of=None)
        for _ in range(TRIES):
            stay = room.state.stay_of(participant_id)
            current = stay.node_id or room.state.node_id or home
            # The watch over the nodes looks after homes, for all who are there at once.
            is_gone = stay.node_id is not None and self.is_gone(current)
            if connection.is_settled and not is_gone and current not in avoid:
                return current
            try:
                chosen = await self._placement.choose_for(
                    room.state.nodes, avoid=avoid | ({current} if is_gone else set())
                )
            except (RedisError, OSError) as error:
                raise NodeError(ErrorCode.SERVICE_UNAVAILABLE, "The media servers cannot be asked.") from error
            if chosen is None or chosen == current:
                break
            nodes = room.state.nodes
            command = PlaceParticipant(participant_id=participant_id, node_id=chosen, instead_of=current, nodes=nodes)
            try:
                await room.execute(command)
            finally:
                if chosen not in nodes:
                    self._placement.settled(chosen, room.state.node_of(participant_id))
            if room.state.node_of(participant_id) == chosen:
                PARTICIPANTS_SENT.inc()
                break
        connection.is_settled = True
        return room.state.node_of(participant_id) or home
