"""What media nodes must learn although nobody waits for it: who has left, what is muted, who is in the spotlight,
whether they can decode anything."""

from __future__ import annotations

import asyncio
import logging

from contracts.error_codes import ErrorCode
from contracts.log_events import ParticipantsMoved, TrackMuted, TrackUnmuted, TrackUnpublished
from contracts.node_rpc import (
    ChangeEncryption,
    ChangeSpotlight,
    CloseRoom,
    LeaveRoom,
    MoveParticipants,
    NodeRequest,
    SetTrackMuted,
    SpanRoom,
    Whereabouts,
)
from contracts.rooms import NodeId, ParticipantId
from signaling_gateway.errors import NodeError
from signaling_gateway.service.background import BackgroundTasks
from signaling_gateway.service.live_room import LiveRoom
from signaling_gateway.service.media_nodes import NodeRpc

REQUEST_TIMEOUT_S = 3.0
LASTING_PAUSES_S = (0.5, 1.0, 2.0, 4.0)
"""Between the tries."""
_PASSING = frozenset({ErrorCode.MEDIA_NODE_TIMEOUT, ErrorCode.NO_MEDIA_NODE, ErrorCode.SERVICE_UNAVAILABLE})
"""Why a node may not have learnt it that may be over soon: it, or Redis, is just coming back."""

_log = logging.getLogger(__name__)


def spotlight_of(room: LiveRoom) -> ChangeSpotlight:
    """Who is in the room's spotlight now, as nodes are told it."""
    return ChangeSpotlight(meeting_id=room.meeting_id, participant_ids=room.state.spotlight, version=room.state.version)


def encryption_of(room: LiveRoom) -> ChangeEncryption:
    """Whether the room's media is encrypted from end to end, as nodes are told it."""
    return ChangeEncryption(meeting_id=room.meeting_id, encrypted=room.state.policy.e2ee, version=room.state.version)


class NodeNews:
    """Tells nodes, soon, and again if need be. What rooms were before an event, `LiveRoom.former` knows."""

    def __init__(self, *, rpc: NodeRpc, tasks: BackgroundTasks) -> None:
        self._rpc = rpc
        self._tasks = tasks

    def tell(self, node_id: NodeId | None, request: NodeRequest) -> None:
        """Tells one node; None: there is none."""
        if node_id is not None:
            self._tasks.spawn(self._tell_lastingly(node_id, request))

    def left(self, room: LiveRoom, participant_id: ParticipantId) -> None:
        """The participant is gone."""
        known = participant_id in room.former.stays
        nodes = [room.former.node_of(participant_id)] if known else room.state.nodes
        for node_id in nodes:
            self.tell(node_id, LeaveRoom(meeting_id=room.meeting_id, participant_id=participant_id))

    def muted(self, room: LiveRoom, event: TrackMuted | TrackUnmuted | TrackUnpublished, version: int) -> None:
        """A track was muted or unmuted, or is not to be forwarded any more."""
        request = SetTrackMuted(
            meeting_id=room.meeting_id,
            participant_id=event.participant_id,
            track_id=event.track_id,
            muted=not isinstance(event, TrackUnmuted),
            version=version,
        )
        self.tell(room.state.node_of(event.participant_id), request)

    def moved_within(self, room: LiveRoom, event: ParticipantsMoved, version: int) -> None:
        """Participants went to other breakout rooms. All nodes are told: who is where decides who receives whom."""
        moves = tuple(Whereabouts(participant_id=each.participant_id, breakout=each.breakout) for each in event.moves)
        for node_id in room.state.nodes:
            self.tell(node_id, MoveParticipants(meeting_id=room.meeting_id, moves=moves, version=version))

    def spotlit(self, room: LiveRoom) -> None:
        """Others than before are in the spotlight, or nobody is."""
        for node_id in room.state.nodes:
            self.tell(node_id, spotlight_of(room))

    def encryption_changed(self, room: LiveRoom) -> None:
        """Perhaps media is encrypted from end to end from now on, or no longer."""
        if room.state.policy.e2ee is not room.former.policy.e2ee:
            for node_id in room.state.nodes:
                self.tell(node_id, encryption_of(room))

    def spanned(self, room: LiveRoom) -> None:
        """Perhaps others than before share the meeting."""
        nodes, former = room.state.nodes_in_use, room.former.nodes_in_use
        if set(nodes) == set(former) or max(len(nodes), len(former)) < 2:
            return
        for node_id in nodes:
            self.tell(node_id, SpanRoom(meeting_id=room.meeting_id, nodes=nodes, version=room.state.version))

    def ended(self, room: LiveRoom) -> None:
        """The meeting is over."""
        for node_id in dict.fromkeys((*room.former.nodes, *room.state.nodes)):
            self.tell(node_id, CloseRoom(meeting_id=room.meeting_id))

    async def _tell_lastingly(self, node_id: NodeId, request: NodeRequest) -> None:
        for pause_s in (*LASTING_PAUSES_S, None):
            try:
                await self._rpc.request(node_id, request, timeout_s=REQUEST_TIMEOUT_S)
            except NodeError as error:
                if error.code not in _PASSING or pause_s is None:
                    asked = {"node_id": node_id, "request": type(request).__name__}
                    _log.warning("a node was not told", extra=asked | {"error": error.message})
                    return
                await asyncio.sleep(pause_s)
            else:
                return
