"""How a room's media does: the statistics that its media node keeps, and the quality of connections that it reports."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from contracts import node_rpc
from contracts.client_messages import ActiveSpeakers, ConnectionQualities
from contracts.error_codes import ErrorCode
from contracts.node_rpc import NodeAnswer, NodeRequest, QualitiesChanged, ReadParticipantStatistics, ReadRoomStatistics
from contracts.rooms import NodeId, ParticipantId
from contracts.statistics import ParticipantStatistics, RoomStatistics
from signaling_gateway.errors import GatewayError, NodeError, Refusal
from signaling_gateway.service.client_delivery import ClientDelivery
from signaling_gateway.service.live_room import LiveRoom
from signaling_gateway.service.media_nodes import NodeRpc

REQUEST_TIMEOUT_S = 2.0

_log = logging.getLogger(__name__)


class RoomMedia:
    """What is asked of, and told by, the nodes about rooms' media."""

    def __init__(self, *, rpc: NodeRpc, delivery: ClientDelivery, now: Callable[[], int]) -> None:
        self._rpc = rpc
        self._delivery = delivery
        self._now = now

    async def room(self, room: LiveRoom) -> RoomStatistics:
        """Of all who are in the room and have a media connection.

        Raises:
            GatewayError: the node does not answer (``service_unavailable``).
        """
        answers = await asyncio.gather(
            *(self._ask(room, node_id, ReadRoomStatistics(meeting_id=room.meeting_id)) for node_id in room.state.nodes)
        )
        known = [answer for answer in answers if isinstance(answer, RoomStatistics)]
        if len(known) < len(answers):
            raise _unavailable()
        return RoomStatistics(
            node_id=room.state.node_id,
            timestamp=min((each.timestamp for each in known), default=self._now()),
            participants=tuple(
                summary
                for each in known
                for summary in each.participants
                if room.state.node_of(summary.participant_id) == each.node_id
            ),
        )

    async def participant(self, room: LiveRoom, participant_id: ParticipantId) -> ParticipantStatistics:
        """Of one participant.

        Raises:
            Refusal: they are not in the room, or have no media connection (``participant_not_found``).
            GatewayError: as for `room`.
        """
        room.state.stay_of(participant_id)
        request = ReadParticipantStatistics(meeting_id=room.meeting_id, participant_id=participant_id)
        node_id = room.state.node_of(participant_id)
        answer = None if node_id is None else await self._ask(room, node_id, request)
        if answer is None:
            raise _without_media()
        if not isinstance(answer, ParticipantStatistics):
            raise _unavailable()
        return answer

    async def _ask(self, room: LiveRoom, node_id: NodeId, request: NodeRequest) -> NodeAnswer:
        try:
            return await self._rpc.request(node_id, request, timeout_s=REQUEST_TIMEOUT_S)
        except NodeError as error:
            if error.code == ErrorCode.PARTICIPANT_NOT_FOUND:
                raise _without_media() from error
            _log.warning("no statistics", extra={"meeting_id": room.meeting_id, "error": error.message})
            raise _unavailable() from error

    def qualities_changed(self, room: LiveRoom | None, report: QualitiesChanged) -> None:
        """Passes on to those in the room here how connections are."""
        if room is None or report.node_id not in room.state.nodes:
            return
        known = tuple(each for each in report.qualities if each.participant_id in room.state.stays)
        receivers = room.connections.keys() if report.only_for is None else report.only_for
        sids = [room.connections[each].sid for each in receivers if each in room.connections]
        if known and sids:
            self._delivery.send(sids, "connection_quality", ConnectionQualities(participants=known))

    def speakers_changed(self, room: LiveRoom | None, report: node_rpc.ActiveSpeakers) -> None:
        """Passes on who speaks to those who can hear them."""
        if room is None:
            return
        sids = [
            connection.sid
            for each in report.receivers
            if (connection := room.connections.get(each)) is not None and connection.joined_node == report.node_id
        ]
        known = tuple(each for each in report.speakers if each in room.state.stays)
        if sids:
            self._delivery.send(sids, "active_speakers", ActiveSpeakers(speakers=known))


def _unavailable() -> GatewayError:
    return GatewayError(ErrorCode.SERVICE_UNAVAILABLE, "The meeting's media server does not answer. Please try again.")


def _without_media() -> Refusal:
    return Refusal(ErrorCode.PARTICIPANT_NOT_FOUND, "This participant has no media connection.")
