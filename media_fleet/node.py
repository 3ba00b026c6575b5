"""The media node as its callers see it: one request in, one answer out, and events to gateways.

Requests are handled one after another, in the order in which they come, without waiting for anything. So one
participant's requests take effect in order, and a room is never seen half changed.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import singledispatchmethod

from packet_core import PacketCoreError

from contracts.client_messages import ErrorBody
from contracts.error_codes import ErrorCode
from contracts.meeting_work import StartBroadcast, StartRecording
from contracts.node_rpc import (
    AnswerSubscription,
    ChangeEncryption,
    ChangeSpotlight,
    ChangeSubscriptions,
    CheckTransport,
    ChooseTracks,
    CloseRoom,
    Done,
    JoinRoom,
    LeaveRoom,
    MoveParticipants,
    NodeAnswer,
    NodeRequest,
    Offer,
    ParticipantRequest,
    PermitData,
    Publish,
    Published,
    ReadParticipantStatistics,
    ReadRoomStatistics,
    Refused,
    RestartIce,
    RestartSubscription,
    SetTrackMuted,
    SpanRoom,
    SubscriptionOffered,
    TransportChecked,
    Watch,
)
from contracts.rooms import GatewayId, MeetingId, ParticipantId
from media_fleet import door_requests
from media_fleet.adapters.packet_plane import PacketPlane
from media_fleet.adapters.sdp_parser import MAX_PUBLISHING_SECTIONS, parse
from media_fleet.adapters.transport_listener import TransportListener
from media_fleet.data_delivery import relay_data, take_data
from media_fleet.domain.effects import Effect, TrackKey
from media_fleet.domain.errors import (
    MediaNodeError,
    NodeOverloadedError,
    ParticipantNotFoundError,
    StaleNegotiationError,
)
from media_fleet.domain.room import Room
from media_fleet.domain.thread_places import ThreadPlaces
from media_fleet.domain.transport_parameters import Randomness
from media_fleet.effect_carrier import EffectCarrier
from media_fleet.gateway_reports import Emit, GatewayReports, Holder
from media_fleet.meeting_workers import MeetingWorkers, WorkerRequest
from media_fleet.metrics import REQUEST_SECONDS
from media_fleet.node_identity import NodeIdentity
from media_fleet.observation import Observation
from media_fleet.plane_news import PlaneNews
from media_fleet.quality_news import QualityNews
from media_fleet.relays import Relays
from media_fleet.request_ids import check_ids
from media_fleet.transcoders import Transcoders
from telemetry.logs import bound

logger = logging.getLogger(__name__)

PlaneFactory = Callable[[TransportListener], PacketPlane]


class MediaNode:
    """All meetings on this node. The composition root ties the knot with the relays, whose `SharedRooms` this is."""

    relays: Relays

    def __init__(
        self,
        identity: NodeIdentity,
        *,
        threads: ThreadPlaces,
        randomness: Callable[[int], Randomness],
        plane_factory: PlaneFactory,
        emit: Emit,
    ) -> None:
        """``randomness``: for the rooms of each thread."""
        self._identity = identity
        self._threads = threads
        self._randomness = randomness
        self._rooms: dict[MeetingId, Room] = {}
        self._gateways: dict[tuple[MeetingId, ParticipantId], Holder] = {}
        self._reports = GatewayReports(identity.node_id, holders=self._gateways, emit=emit)
        news = PlaneNews(
            self._rooms,
            self._reports,
            follow=self._follow,
            relay_data=lambda room, transport, label, said: relay_data(self._plane, room, transport, label, said),
            take_data=lambda room, node_id, data: take_data(self._plane, room, node_id, data),
        )
        self._plane = plane_factory(news)
        self.workers = MeetingWorkers(
            identity.recorder,
            identity.broadcaster,
            identity.ingress,
            identity.transcoder,
            plane=self._plane,
            rooms=self._rooms,
            carry_out=self._follow,
            emit=emit,
        )
        self._observation = Observation(self._plane, node_id=identity.node_id)
        self._qualities = QualityNews(
            self._rooms,
            self._observation,
            self._reports,
            changed=lambda meeting_id: self.relays.changed(meeting_id),  # noqa: PLW0108  (they are set later)
        )
        self.transcoders = Transcoders(identity.transcoder, plane=self._plane, rooms=self._rooms, follow=self._follow)
        self._carrier = EffectCarrier(
            plane=self._plane,
            reports=self._reports,
            qualities=self._qualities,
            workers=self.workers,
            transcoders=self.transcoders,
        )
        self._requests: Counter[MeetingId] = Counter()

    @property
    def participants(self) -> int:
        return len(self._gateways)

    @property
    def meetings(self) -> int:
        return len(self._rooms)

    @property
    def cameras_left_out(self) -> int:
        """How many cameras are wanted and not sent, of all participants together."""
        return sum(room.tracks.left_out() for room in self._rooms.values())

    def handle(self, gateway_id: GatewayId, request: NodeRequest) -> NodeAnswer | asyncio.Future[NodeAnswer]:
        """Carries out a request. Never raises: what goes wrong is a `Refused`. That of a recorder follows later."""
        if request.meeting_id in self._rooms:
            self._requests[request.meeting_id] += 1
        names = {"meeting_id": request.meeting_id, "participant_id": getattr(request, "participant_id", None)}
        started = time.perf_counter()
        kind = type(request).__name__
        with bound(**names, request=kind):
            answer = self._answer(gateway_id, request)
        code = answer.error.code if isinstance(answer, Refused) else "ok"
        REQUEST_SECONDS.labels(kind, code).observe(time.perf_counter() - started)
        return answer

    def _answer(self, gateway_id: GatewayId, request: NodeRequest) -> NodeAnswer | asyncio.Future[NodeAnswer]:
        try:
            check_ids(request)
            answer = self._handle(request, gateway_id)
        except MediaNodeError as error:
            logger.warning("request refused", extra={"code": error.code, "reason": str(error)})
            return Refused(error=ErrorBody(code=error.code, message=str(error)))
        except Exception:  # a bug of ours must not end the node for all the others
            logger.exception("request failed")
            return Refused(error=ErrorBody(code=ErrorCode.INTERNAL, message="The media node failed. Try again."))
        self.relays.changed(request.meeting_id)
        logger.debug("request done")
        return answer

    def close(self) -> None:
        """Closes all meetings, without telling anybody."""
        for meeting_id in list(self._rooms):
            try:
                self._close_room(meeting_id)
            except PacketCoreError as error:  # its thread has ended by itself, which is why the node ends
                logger.warning("meeting not closed", extra={"meeting_id": meeting_id, "reason": str(error)})

    # ---- for `media_fleet.housekeeping` ----

    def requests(self) -> Mapping[MeetingId, int]:
        """How many requests each meeting that is here has had so far."""
        return {meeting_id: self._requests[meeting_id] for meeting_id in self._rooms}

    def outstanding_offers(self) -> Iterator[tuple[MeetingId, ParticipantId, Offer]]:
        """The offers that await an answer, in all meetings."""
        for meeting_id, room in self._rooms.items():
            for participant_id, offer in room.outstanding_offers():
                yield meeting_id, participant_id, offer

    def send_offer(self, meeting_id: MeetingId, participant_id: ParticipantId, offer: Offer) -> None:
        """Sends an offer to the participant's gateway."""
        self._reports.offer(meeting_id, participant_id, offer)

    def abandon(self, meeting_id: MeetingId) -> None:
        """Closes a meeting that is no longer this node's."""
        logger.warning("abandoned meeting closed", extra={"meeting_id": meeting_id})
        self._close_room(meeting_id)

    def look_at_connections(self, now: float, timestamp: int) -> None:
        """Takes a sample of the meetings; tells of connections that are better or worse than before.

        ``now``: a monotonic clock's seconds; ``timestamp``: ms since the epoch.
        """
        self._qualities.look(now, timestamp)

    # ---- requests ----

    @singledispatchmethod
    def _handle(self, request: NodeRequest, _gateway_id: GatewayId) -> NodeAnswer | asyncio.Future[NodeAnswer]:
        raise TypeError(f"no handler for {type(request).__name__}")

    @_handle.register
    def _(self, request: JoinRoom, gateway_id: GatewayId) -> NodeAnswer:
        place = (request.meeting_id, request.participant_id)
        known = self._gateways.get(place)
        if known is not None and request.connection < known.connection:
            raise StaleNegotiationError("A newer connection of this participant is known.")
        if known is None and self.participants >= self._identity.max_participants:
            raise NodeOverloadedError(f"This node has its {self._identity.max_participants} participants.")
        room = self._room_for(request.meeting_id)
        self._gateways[place] = Holder(gateway_id=gateway_id, connection=request.connection)
        joined = door_requests.join(room, request)
        self._qualities.came(request.meeting_id, request.participant_id)
        if known is None:
            logger.info("participant joined")
        self._carry_out(request.meeting_id, joined.effects)
        if request.nodes:
            self.relays.span(request.meeting_id, request.nodes, version=request.version)
        self._plane.events.starving.repeat(request.meeting_id, request.participant_id)
        self._plane.events.layers_in_use.repeat(request.meeting_id, request.participant_id)
        here = room.participant(request.participant_id).breakout
        told = self._plane.events.speakers.told(request.meeting_id, here)
        self._reports.speakers(request.meeting_id, (request.participant_id,), told)
        return SubscriptionOffered(offer=joined.offer)

    @_handle.register
    def _(self, request: Publish, _gateway_id: GatewayId) -> NodeAnswer:
        room = self._room_of(request)
        offer = parse(request.sdp, max_sections=MAX_PUBLISHING_SECTIONS)
        answered = room.publish(request.participant_id, offer, request.tracks, version=request.version)
        self._carry_out(request.meeting_id, answered.effects)
        return Published(sdp=answered.sdp)

    @_handle.register
    def _(self, request: AnswerSubscription, _gateway_id: GatewayId) -> NodeAnswer:
        room = self._room_of(request)
        if not room.expects_answer(request.participant_id, request.generation, request.negotiation):
            return Done()
        answer = parse(request.sdp)
        effects = room.answer_subscription(request.participant_id, request.generation, request.negotiation, answer)
        self._carry_out(request.meeting_id, effects)
        return Done()

    @_handle.register
    def _(self, request: ChangeSubscriptions, _gateway_id: GatewayId) -> NodeAnswer:
        room = self._room_of(request)
        effects = room.change_subscriptions(request.participant_id, request.tracks, max_cameras=request.max_cameras)
        self._carry_out(request.meeting_id, effects)
        return Done()

    @_handle.register
    def _(self, request: RestartSubscription, _gateway_id: GatewayId) -> NodeAnswer:
        room = self._room_of(request)
        restarted = room.restart_subscription(request.participant_id)
        self._carry_out(request.meeting_id, restarted.effects)
        return SubscriptionOffered(offer=restarted.offer)

    @_handle.register
    def _(self, request: Watch, _gateway_id: GatewayId) -> NodeAnswer:
        room, end = self._room_of(request), self._identity.end
        answered = door_requests.watch(room, request, node=end)
        self._carry_out(request.meeting_id, answered.effects)
        return Published(sdp=answered.sdp)

    @_handle.register
    def _(self, request: ChooseTracks, _gateway_id: GatewayId) -> NodeAnswer:
        self._carry_out(request.meeting_id, door_requests.choose(self._room_of(request), request))
        return Done()

    @_handle.register
    def _(self, request: RestartIce, _gateway_id: GatewayId) -> NodeAnswer:
        room, end = self._room_of(request), self._identity.end
        restarted, effect = door_requests.restart_ice(room, request, node=end)
        self._carry_out(request.meeting_id, (effect,))
        return restarted

    @_handle.register
    def _(self, request: CheckTransport, _gateway_id: GatewayId) -> NodeAnswer:
        transport = door_requests.present_transport(self._room_of(request), request)
        connected = transport is not None and self._plane.held.is_connected(request.meeting_id, transport)
        return TransportChecked(connected=connected)

    @_handle.register
    def _(self, request: SetTrackMuted, _gateway_id: GatewayId) -> NodeAnswer:
        room = self._room_of(request)
        effects = room.set_track_muted(
            request.participant_id, request.track_id, muted=request.muted, version=request.version
        )
        self._carry_out(request.meeting_id, effects)
        return Done()

    @_handle.register
    def _(self, request: MoveParticipants, _gateway_id: GatewayId) -> NodeAnswer:
        room = self._rooms.get(request.meeting_id)
        if room is not None:
            breakouts = {each.participant_id: each.breakout for each in request.moves}
            self._carry_out(request.meeting_id, room.move(breakouts, version=request.version))
            for breakout in set(breakouts.values()):
                moved = [who for who in room.tracks.listeners(breakout) if who in breakouts]
                told = self._plane.events.speakers.told(request.meeting_id, breakout)
                self._reports.speakers(request.meeting_id, moved, told)
        return Done()

    @_handle.register
    def _(self, request: ChangeSpotlight | ChangeEncryption, _gateway_id: GatewayId) -> NodeAnswer:
        room = self._rooms.get(request.meeting_id)
        if room is not None:
            self._carry_out(request.meeting_id, door_requests.change(room, request))
        return Done()

    @_handle.register
    def _(self, request: PermitData, _gateway_id: GatewayId) -> NodeAnswer:
        room = self._room_of(request)
        room.data.permit(request.participant_id, permitted=request.permitted, version=request.version)
        return Done()

    @_handle.register
    def _(self, request: SpanRoom, _gateway_id: GatewayId) -> NodeAnswer:
        if request.meeting_id in self._rooms:
            self.relays.span(request.meeting_id, request.nodes, version=request.version)
        return Done()

    @_handle.register
    def _(self, request: LeaveRoom, _gateway_id: GatewayId) -> NodeAnswer:
        room = self._rooms.get(request.meeting_id)
        if room is not None:
            self._carry_out(request.meeting_id, room.leave(request.participant_id))
            self._gateways.pop((request.meeting_id, request.participant_id), None)
            self._close_if_empty(request.meeting_id)
        return Done()

    @_handle.register
    def _(self, request: CloseRoom, _gateway_id: GatewayId) -> NodeAnswer:
        self._close_room(request.meeting_id)
        return Done()

    @_handle.register
    def _(self, request: WorkerRequest, gateway_id: GatewayId) -> NodeAnswer | asyncio.Future[NodeAnswer]:
        answer = self.workers.handle(gateway_id, request, self._room_for)
        if isinstance(request, StartRecording | StartBroadcast) and request.nodes:
            self.relays.span(request.meeting_id, request.nodes, version=request.version)
        return answer

    @_handle.register
    def _(self, request: ReadRoomStatistics, _gateway_id: GatewayId) -> NodeAnswer:
        return self._observation.room(request.meeting_id)

    @_handle.register
    def _(self, request: ReadParticipantStatistics, _gateway_id: GatewayId) -> NodeAnswer:
        found = self._observation.participant(request.meeting_id, request.participant_id)
        if found is None:
            raise ParticipantNotFoundError(f"Participant {request.participant_id} has no media connection.")
        return found

    def _room_for(self, meeting_id: MeetingId) -> Room:
        """The meeting's room, which begins if it has not."""
        room = self._rooms.get(meeting_id)
        if room is None:
            room = self._rooms[meeting_id] = Room(
                meeting_id,
                node=self._identity.end,
                randomness=self._randomness(self._threads.begin(meeting_id)),
                last_n_video=self._identity.last_n_video,
                transcoder_places=self._identity.transcoder.places,
            )
        return room

    def _close_if_empty(self, meeting_id: MeetingId) -> None:
        room = self._rooms.get(meeting_id)
        # Somebody who is alone may leave and be made known anew: their recording goes on until a gateway ends it.
        if room is not None and not room.participant_ids and room.recording.id is None and room.broadcast.id is None:
            self._close_room(meeting_id)

    def _follow(self, meeting_id: MeetingId, effects: Iterable[Effect]) -> None:
        """Carries out what a room wants done that no request has asked for."""
        self._carry_out(meeting_id, effects)
        self._close_if_empty(meeting_id)
        self.relays.changed(meeting_id)

    def _close_room(self, meeting_id: MeetingId) -> None:
        room = self._rooms.pop(meeting_id, None)
        if room is None:
            return
        self._threads.end(meeting_id)
        self._requests.pop(meeting_id, None)
        self.relays.close(meeting_id)
        for participant_id in room.participant_ids:
            self._gateways.pop((meeting_id, participant_id), None)
        self._carry_out(meeting_id, room.close())

    def _room_of(self, request: ParticipantRequest) -> Room:
        room = self._rooms.get(request.meeting_id)
        if room is None:
            raise ParticipantNotFoundError(f"Meeting {request.meeting_id} is not on this node.")
        room.participant(request.participant_id)
        return room

    # ---- for `Relays` ----

    def room(self, meeting_id: MeetingId) -> Room | None:
        """The room, if it is here."""
        return self._rooms.get(meeting_id)

    def carry_out(self, meeting_id: MeetingId, effects: Iterable[Effect]) -> None:
        """Carries out what a room wants done."""
        self._carry_out(meeting_id, effects)

    def core_track(self, meeting_id: MeetingId, track: TrackKey) -> int:
        """The packet core's id of a track."""
        return self._plane.core_track(meeting_id, track)

    def _carry_out(self, meeting_id: MeetingId, effects: Iterable[Effect]) -> None:
        self._carrier.carry_out(meeting_id, effects)
