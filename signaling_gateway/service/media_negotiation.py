"""Between a client and its media node: placement, offers and answers in both directions.

The log says on which node a meeting is (`NodePlaced`); everything else about media transports is between the node
and the client, and this module passes it on. Requests that change a participant's transports keep their order.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import TypeVar

from contracts.client_commands import PublishOffer, SubscriberAnswer, UpdateSubscriptions
from contracts.client_messages import MediaRestart, SubscriberOffer
from contracts.command_answers import PublishAnswer, TrackAssigned
from contracts.error_codes import ErrorCode
from contracts.node_rpc import (
    AnswerSubscription,
    AssignedTrack,
    ChangeSubscriptions,
    JoinRoom,
    LeaveRoom,
    MoveParticipants,
    NodeAnswer,
    NodeRequest,
    Offer,
    ParticipantReport,
    PermitData,
    Publish,
    Published,
    RestartSubscription,
    SetTrackMuted,
    SubscriptionChanged,
    SubscriptionOffered,
    TransportFailed,
    Whereabouts,
)
from contracts.rooms import NodeId, TrackId
from signaling_gateway.domain import tracks
from signaling_gateway.domain.commands import PublishTracks, TrackToPublish
from signaling_gateway.domain.permissions import ALLOWED, Action, require
from signaling_gateway.errors import GatewayError, NodeError, Refusal
from signaling_gateway.metrics import MEDIA_RESTARTS, TRANSPORT_FAILURES
from signaling_gateway.service.background import BackgroundTasks
from signaling_gateway.service.client_delivery import ClientDelivery
from signaling_gateway.service.live_room import Connection, LiveRoom
from signaling_gateway.service.media_nodes import NodeRpc
from signaling_gateway.service.media_reports import told
from signaling_gateway.service.node_news import REQUEST_TIMEOUT_S, NodeNews, encryption_of, spotlight_of
from signaling_gateway.service.spanning import Spanning
from telemetry.logs import bound

TRIES = 2
"""A request that got no answer is sent again: every one may be."""
CHANGED = "The media server has changed."
LEFT_WITHIN_S = 10.0
"""How long a node that somebody leaves serves their former transports at the most."""

_log = logging.getLogger(__name__)
_Answer = TypeVar("_Answer", bound=NodeAnswer)


class MediaNegotiation:
    """Negotiates for the connections of this gateway."""

    def __init__(
        self,
        *,
        rpc: NodeRpc,
        spanning: Spanning,
        news: NodeNews,
        delivery: ClientDelivery,
        new_track_id: Callable[[], TrackId],
        tasks: BackgroundTasks,
    ) -> None:
        self._rpc = rpc
        self._spanning = spanning
        self._news = news
        self._delivery = delivery
        self._new_track_id = new_track_id
        self._tasks = tasks

    # ---- where ----

    def attach(self, connection: Connection) -> None:
        """Makes the participant known to the node, soon, and passes on its offer."""
        with bound(**connection.names):
            self._tasks.spawn(self._attach_soon(connection))

    def moved(self, room: LiveRoom) -> None:
        """The meeting has another home: what those who were there have negotiated is void."""
        for connection in room.connections.values():
            if connection.joined_node not in {None, room.state.node_of(connection.participant_id)}:
                self._restart(connection, CHANGED)
            else:
                self.attach(connection)

    def sent(self, connection: Connection) -> None:
        """The participant's media goes to another node than before. The former one serves on until that is so."""
        former = connection.joined_node
        if former is None or former == connection.room.state.node_of(connection.participant_id):
            return
        overlap = not self._spanning.is_gone(former)
        if overlap:
            before, connection.leaving_node = connection.leaving_node, former
            if before not in {None, former}:
                self._tell_left(connection, before)
            self._tasks.spawn(self._leave_later(connection, former))
        self._restart(connection, CHANGED, overlap=overlap)

    def left(self, connection: Connection) -> None:
        """The participant has left the meeting, perhaps in the middle of a move to another node."""
        former, connection.leaving_node = connection.leaving_node, None
        self._tell_left(connection, former)

    def started_anew(self, connection: Connection) -> None:
        """The participant's node has lost what was negotiated with it."""
        self._restart(connection, "The media server has started anew.")

    def look_for_node(self, connection: Connection, *, instead_of: NodeId, after_s: float = 0.0) -> None:
        """The participant's node is gone, or to be left: the participant goes to another, if there is one."""
        if not connection.is_leaving:
            connection.is_leaving = True
            with bound(**connection.names):
                self._tasks.spawn(self._look_for_node(connection, instead_of, after_s))

    def rejoin(self, connection: Connection) -> None:
        """The node must learn anew what the participant may do: it begins again, and so does the client."""
        if connection.joined_node is not None:
            with bound(**connection.names):
                self._tasks.spawn(self._rejoin(connection, connection.joined_node))

    # ---- what clients ask for ----

    async def publish(self, connection: Connection, command: PublishOffer) -> PublishAnswer:
        """Passes a publishing offer on, with permissions checked before the node sees it.

        Raises:
            Refusal, NodeError, LogUnavailableError: nothing is published that was not before.
        """
        room = connection.room
        wanted = PublishTracks(
            participant_id=connection.participant_id,
            tracks=tuple(
                TrackToPublish(mid=each.mid, source=each.source, muted=each.muted, track_id=self._new_track_id())
                for each in command.tracks
            ),
        )
        tracks.assign(room.state, wanted)
        async with connection.negotiating:
            node_id = await self._attached(connection)
            assigned = tracks.assign(room.state, wanted)
            request = Publish(
                meeting_id=room.meeting_id,
                participant_id=connection.participant_id,
                sdp=command.sdp,
                tracks=assigned,
                version=room.state.version,
            )
            published = await self._ask_for(connection, node_id, request, Published)
            await room.execute(wanted)
            self._tell_of_mutes_meanwhile(room, assigned)
        assignments = tuple(TrackAssigned(mid=track.mid, track_id=track.track_id) for track in assigned)
        return PublishAnswer(sdp=published.sdp, tracks=assignments)

    async def answer(self, connection: Connection, command: SubscriberAnswer) -> None:
        """Passes the client's answer to the node's offer on."""
        async with connection.negotiating:
            node_id = self._receiving_node(connection)
            request = AnswerSubscription(
                meeting_id=connection.room.meeting_id,
                participant_id=connection.participant_id,
                generation=command.generation,
                negotiation=command.negotiation,
                sdp=command.sdp,
            )
            await self._ask(connection, node_id, request)

    async def change_subscriptions(self, connection: Connection, command: UpdateSubscriptions) -> None:
        """Passes the client's wishes on."""
        self._require_subscribe(connection)
        async with connection.negotiating:
            node_id = await self._attached(connection)
            request = ChangeSubscriptions(
                meeting_id=connection.room.meeting_id,
                participant_id=connection.participant_id,
                tracks=command.tracks,
                max_cameras=command.max_cameras,
            )
            await self._ask(connection, node_id, request)

    async def restart(self, connection: Connection) -> None:
        """Asks for a fresh subscribing transport, and passes its offer on."""
        self._require_subscribe(connection)
        async with connection.negotiating:
            node_id = await self._attached(connection)
            request = RestartSubscription(
                meeting_id=connection.room.meeting_id, participant_id=connection.participant_id
            )
            offered = await self._ask_for(connection, node_id, request, SubscriptionOffered)
            if connection.joined_node == node_id:
                self._pass_on(connection, offered.offer)

    async def leave_former(self, connection: Connection) -> None:
        """The node that the participant leaves is needed no more."""
        self.left(connection)

    async def ask(
        self, connection: Connection, request: NodeRequest, answer_type: type[_Answer], *, attach: bool = False
    ) -> _Answer:
        """Asks the participant's node; with ``attach``, tells it of the participant first if it does not know them.

        Raises:
            Refusal, NodeError, LogUnavailableError: it has not done it.
        """
        async with connection.negotiating:
            node_id = await self._attached(connection) if attach else connection.joined_node
            if node_id is None:
                raise NodeError(ErrorCode.STALE_NEGOTIATION, "No media server knows this connection any more.")
            return await self._ask_for(connection, node_id, request, answer_type)

    # ---- what the node must know ----

    def may_send_data(self, connection: Connection, *, permitted: bool, version: int) -> None:
        """Whether the participant may write, which is what sending data takes, has perhaps changed."""
        if connection.joined_node is None or connection.sends_data is permitted:
            return
        connection.sends_data = permitted
        self._news.tell(connection.joined_node, _permit_data(connection, permitted=permitted, version=version))

    # ---- what the node reports ----

    def reported(self, connection: Connection | None, report: ParticipantReport) -> None:
        """Passes a changed offer on, what starves, and what others need of a client's tracks.

        A failed transport is for its client to notice and to renew.
        """
        if isinstance(report, TransportFailed):
            names = {"meeting_id": report.meeting_id, "participant_id": report.participant_id}
            TRANSPORT_FAILURES.labels(report.transport).inc()
            _log.info("a transport failed", extra=names | {"transport": report.transport, "reason": report.reason})
        elif connection is None or connection.joined_node != report.node_id:
            return
        elif isinstance(report, SubscriptionChanged):
            self._pass_on(connection, report.offer)
        else:
            self._delivery.send([connection.sid], *told(report))

    # ---- inside ----

    def _tell_of_mutes_meanwhile(self, room: LiveRoom, assigned: Iterable[AssignedTrack]) -> None:
        """A node that did not have the tracks yet could not take the mutes that came while they were published."""
        for track in assigned:
            published = room.state.tracks.get(track.track_id)
            if published is not None and published.info.muted != track.muted:
                request = SetTrackMuted(
                    meeting_id=room.meeting_id,
                    participant_id=published.info.participant_id,
                    track_id=track.track_id,
                    muted=published.info.muted,
                    version=room.state.version,
                )
                self._news.tell(room.state.node_of(published.info.participant_id), request)

    def _tell_of_changes_meanwhile(self, connection: Connection, request: JoinRoom) -> None:
        """A node that did not know the participant yet could not take what changed while it was told."""
        room = connection.room
        stay = room.state.stays.get(request.participant_id)
        if stay is None:
            return
        permitted = ALLOWED[Action.CHAT](stay.info.permissions)
        if permitted is not request.data:
            self._news.tell(
                connection.joined_node, _permit_data(connection, permitted=permitted, version=room.state.version)
            )
        if stay.info.breakout != request.breakout:
            where = Whereabouts(participant_id=stay.info.id, breakout=stay.info.breakout)
            move = MoveParticipants(meeting_id=room.meeting_id, moves=(where,), version=room.state.version)
            self._news.tell(connection.joined_node, move)
        if room.state.spotlight != request.spotlight:
            self._news.tell(connection.joined_node, spotlight_of(room))
        if room.state.policy.e2ee is not request.encrypted:
            self._news.tell(connection.joined_node, encryption_of(room))

    async def _attach_soon(self, connection: Connection) -> None:
        try:
            async with connection.negotiating:
                await self._attached(connection)
        except GatewayError as error:
            # The watch over the nodes tries again as long as the participant has no node.
            _log.warning("not attached yet", extra={"error": error.message})

    async def _attached(self, connection: Connection) -> NodeId:
        """The node that knows the participant; it is told first if it does not. Called with ``negotiating`` held."""
        current = connection.room.state.node_of(connection.participant_id)
        if current is not None and connection.joined_node == current:
            return current
        node_id = await self._spanning.node_of(connection)
        if connection.joined_node == node_id:
            return node_id
        try:
            await self._join(connection, node_id)
        except NodeError as error:
            if error.code != ErrorCode.MEDIA_NODE_OVERLOADED:
                raise
            another = await self._spanning.node_of(connection, avoid={node_id})
            if another == node_id:
                raise
            node_id = another
            await self._join(connection, node_id)
        return node_id

    async def _join(self, connection: Connection, node_id: NodeId) -> None:
        room = connection.room
        stay = room.state.stay_of(connection.participant_id)
        request = JoinRoom(
            meeting_id=room.meeting_id,
            participant_id=connection.participant_id,
            subscribe=connection.may_receive(stay.info.permissions),
            connection=connection.began,
            anew=connection.restarts > connection.restarts_told,
            breakout=stay.info.breakout,
            data=ALLOWED[Action.CHAT](stay.info.permissions),
            version=room.state.version,
            nodes=room.state.nodes_in_use,
            spotlight=room.state.spotlight,
            encrypted=room.state.policy.e2ee,
        )
        restarts = connection.restarts
        # Reports may overtake the answer.
        connection.joined_node = node_id
        connection.subscribes = request.subscribe
        connection.sends_data = request.data
        try:
            offered = await self._ask_for(connection, node_id, request, SubscriptionOffered)
        except BaseException:
            connection.joined_node = None
            raise
        finally:
            if connection.participant_id not in room.state.stays:
                # Whoever left meanwhile must not be made known by a request that came later than the leave.
                leave = LeaveRoom(meeting_id=room.meeting_id, participant_id=connection.participant_id)
                self._news.tell(node_id, leave)
        connection.restarts_told = restarts
        if connection.joined_node != node_id:
            # Sent elsewhere meanwhile: the client, which knows it, would take this for the other node's offer.
            raise NodeError(ErrorCode.STALE_NEGOTIATION, CHANGED)
        self._tell_of_changes_meanwhile(connection, request)
        self._pass_on(connection, offered.offer)

    async def _look_for_node(self, connection: Connection, instead_of: NodeId, after_s: float) -> None:
        try:
            await asyncio.sleep(after_s)
            if connection.stands and connection.room.state.node_of(connection.participant_id) == instead_of:
                await self._spanning.node_of(connection, avoid={instead_of})
        except GatewayError as error:
            # The watch over the nodes asks for it again.
            _log.warning("no other node yet", extra={"error": error.message})
        finally:
            connection.is_leaving = False

    async def _leave_later(self, connection: Connection, former: NodeId) -> None:
        await asyncio.sleep(LEFT_WITHIN_S)
        if connection.leaving_node == former:
            await self.leave_former(connection)

    def _tell_left(self, connection: Connection, former: NodeId | None) -> None:
        room, participant_id = connection.room, connection.participant_id
        is_back = participant_id in room.state.stays and room.state.node_of(participant_id) == former
        if former is not None and not is_back:
            self._news.tell(former, LeaveRoom(meeting_id=room.meeting_id, participant_id=participant_id))

    async def _rejoin(self, connection: Connection, node_id: NodeId) -> None:
        request = LeaveRoom(meeting_id=connection.room.meeting_id, participant_id=connection.participant_id)
        async with connection.negotiating:
            try:
                await self._rpc.request(node_id, request, timeout_s=REQUEST_TIMEOUT_S)
            except NodeError as error:
                _log.warning("the node keeps the former permissions", extra={"error": error.message})
        self._restart(connection, "Your permissions have changed.")

    def _receiving_node(self, connection: Connection) -> NodeId:
        self._require_subscribe(connection)
        if connection.joined_node is None or connection.joined_node != connection.room.state.node_of(
            connection.participant_id
        ):
            raise NodeError(ErrorCode.STALE_NEGOTIATION, "The offer that this answers is void. Another one follows.")
        return connection.joined_node

    def _require_subscribe(self, connection: Connection) -> None:
        stay = connection.room.state.stay_of(connection.participant_id)
        require(stay.info.permissions, Action.SUBSCRIBE)

    def _restart(self, connection: Connection, reason: str, *, overlap: bool = False) -> None:
        connection.joined_node = None
        connection.restarts += 1
        MEDIA_RESTARTS.inc()
        self._delivery.send([connection.sid], "media_restart", MediaRestart(reason=reason, overlap=overlap))
        self.attach(connection)

    def _pass_on(self, connection: Connection, offer: Offer | None) -> None:
        if offer is not None:
            message = SubscriberOffer(
                generation=offer.generation, negotiation=offer.negotiation, sdp=offer.sdp, tracks=offer.tracks
            )
            self._delivery.send([connection.sid], "subscriber_offer", message)

    async def _ask_for(
        self, connection: Connection, node_id: NodeId, request: NodeRequest, answer_type: type[_Answer]
    ) -> _Answer:
        answer = await self._ask(connection, node_id, request)
        if not isinstance(answer, answer_type):
            raise NodeError(ErrorCode.INTERNAL, "The media server gave an answer that does not fit.")
        return answer

    async def _ask(self, connection: Connection, node_id: NodeId, request: NodeRequest) -> NodeAnswer:
        try:
            return await self._request(connection, node_id, request)
        except NodeError as error:
            # A node that has started anew knows nobody: its client begins again, too.
            if error.code == ErrorCode.PARTICIPANT_NOT_FOUND and connection.joined_node == node_id:
                self._restart(connection, "The media server has started anew.")
            raise

    async def _request(self, connection: Connection, node_id: NodeId, request: NodeRequest) -> NodeAnswer:
        for left in range(TRIES - 1, -1, -1):
            if not connection.stands:
                raise Refusal(ErrorCode.PARTICIPANT_NOT_FOUND, "This connection to the meeting is over.")
            try:
                return await self._rpc.request(node_id, request, timeout_s=REQUEST_TIMEOUT_S)
            except NodeError as error:
                if error.code != ErrorCode.MEDIA_NODE_TIMEOUT or left == 0:
                    raise
        raise AssertionError("unreachable: the last try answers or raises")


def _permit_data(connection: Connection, *, permitted: bool, version: int) -> PermitData:
    return PermitData(
        meeting_id=connection.room.meeting_id,
        participant_id=connection.participant_id,
        permitted=permitted,
        version=version,
    )
