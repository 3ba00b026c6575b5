"""The broadcasts of a node's meetings: from a gateway's request to a broadcaster that runs, and to its end."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable

from msgspec.structs import replace

from contracts.broadcasting import Broadcast, BroadcastOrder, BroadcastState, TargetState
from contracts.client_messages import ErrorBody
from contracts.meeting_work import BROADCAST_KEPT_S, BroadcastChanged, Broadcasting, StartBroadcast
from contracts.node_rpc import GatewayMessage, NodeAnswer, Refused
from contracts.rooms import GatewayId, MeetingId
from media_fleet.adapters.broadcasters import LINGER_S, BroadcasterProcess, Broadcasters
from media_fleet.broadcast_site import BroadcastSite
from media_fleet.domain.effects import Effect, FinishBroadcast, RecordedTrackEffect, RecorderRole, TransportKey
from media_fleet.domain.errors import BroadcastUnavailableError
from media_fleet.domain.room import Room
from media_fleet.metrics import BROADCAST_TARGETS, BROADCASTERS_RESTARTED, BROADCASTS, BROADCASTS_FAILED
from media_fleet.recorder import protocol
from media_fleet.recorder_site import new_keys
from media_fleet.recordings import REMEMBERED, RESTARTS, RESTARTS_WITHIN_S, KeyedTransports, track_message

logger = logging.getLogger(__name__)

ROLE = RecorderRole.BROADCAST


class _Broadcast:
    """A broadcast that is being made, or about to be."""

    def __init__(self, room: Room, request: StartBroadcast, origin: protocol.OriginPlace | None) -> None:
        self.room = room
        self.id = request.broadcast_id
        self.order = request.order
        self.version = request.version
        """Of the meeting's log, as of which the order holds."""
        self.origin = origin
        self.url: str | None = None
        self.broadcaster: BroadcasterProcess | None = None
        self.run = 1 if request.goes_on else 0
        self.is_ready = self.has_begun = False
        self.restarts: deque[float] = deque(maxlen=RESTARTS)
        """When broadcasters have gone on in the place of others."""
        self.targets: dict[str, TargetState] = {}
        self.gateway_id = GatewayId("")
        self.asked_at = 0.0
        self.waiting: list[asyncio.Future[NodeAnswer]] = []

    @property
    def told(self) -> Broadcast:
        """As gateways know it."""
        unknown = BroadcastState.CONNECTING
        return Broadcast(
            broadcast_id=self.id,
            origin=self.url,
            layout=self.order.layout,
            targets=tuple(
                self.targets.get(each.id, TargetState(id=each.id, state=unknown)) for each in self.order.targets
            ),
        )

    def answer(self, answer: NodeAnswer) -> None:
        """Tells those who wait."""
        waiting, self.waiting = self.waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(answer)

    def answer_if_ready(self) -> None:
        """Tells those who wait what is made, once it is."""
        if self.is_ready:
            self.answer(Broadcasting(broadcast=self.told))


class Broadcasts:
    """All broadcasts of a node. ``carry_out`` takes the effects of a meeting's room."""

    def __init__(
        self,
        site: BroadcastSite | None,
        *,
        plane: KeyedTransports,
        carry_out: Callable[[MeetingId, Iterable[Effect]], None],
        emit: Callable[[GatewayId, GatewayMessage], None],
        recorded_composites: Callable[[], int],
    ) -> None:
        """``site`` None: nothing is streamed out from here. ``recorded_composites``: how many recordings compose."""
        self._site = site
        self._plane = plane
        self._carry_out = carry_out
        self._emit = emit
        self._recorded_composites = recorded_composites
        self._broadcasters = Broadcasters(self)
        self._broadcasts: dict[MeetingId, _Broadcast] = {}
        self._failed: deque[str] = deque(maxlen=REMEMBERED)
        BROADCASTS.set_function(lambda: len(self._broadcasts))

    @property
    def composites(self) -> int:
        """How many compose."""
        return len(self._broadcasts)

    @property
    def processes(self) -> list[int]:
        """The broadcasters' processes, by id."""
        return self._broadcasters.processes

    def start(
        self, gateway_id: GatewayId, request: StartBroadcast, room_for: Callable[[MeetingId], Room]
    ) -> asyncio.Future[NodeAnswer]:
        """The answer, once the broadcaster runs or has failed to. The gateway is told what happens later.

        Raises:
            BroadcastUnavailableError: this node makes none, or as many as it may, or the broadcast has failed here.
        """
        if request.broadcast_id in self._failed:
            raise BroadcastUnavailableError("The broadcaster has failed.")
        answer: asyncio.Future[NodeAnswer] = asyncio.get_running_loop().create_future()
        broadcast = self._broadcasts.get(request.meeting_id) or self._begin(request, room_for)
        self._take_over(broadcast, request)
        broadcast.gateway_id = gateway_id
        broadcast.asked_at = time.monotonic()
        broadcast.waiting.append(answer)
        broadcast.answer_if_ready()
        return answer

    def stop(self, meeting_id: MeetingId, broadcast_id: str) -> None:
        """The broadcaster gets nothing more. There being no such broadcast is fine."""
        broadcast = self._broadcasts.get(meeting_id)
        if broadcast is not None and broadcast.id == broadcast_id:
            self._carry_out(meeting_id, broadcast.room.broadcast.end())

    def tell(self, meeting_id: MeetingId, effect: RecordedTrackEffect | FinishBroadcast) -> None:
        """Passes on what a room wants of its broadcaster."""
        broadcast = self._broadcasts.get(meeting_id)
        if broadcast is None or broadcast.broadcaster is None:
            return
        if isinstance(effect, FinishBroadcast):
            del self._broadcasts[meeting_id]
            broadcast.answer(_refused("The broadcast is over."))
            broadcast.broadcaster.finish(LINGER_S if effect.is_over else 0.0, is_over=effect.is_over)
            self._count_targets()
        else:
            broadcast.broadcaster.tell(track_message(effect))

    def tick(self, now: float) -> None:
        """Ends what no gateway asks for any more. ``now``: a monotonic clock's seconds."""
        for meeting_id, broadcast in list(self._broadcasts.items()):
            if now - broadcast.asked_at >= BROADCAST_KEPT_S:
                logger.warning("a broadcast that nobody asks for ends", extra=_names(meeting_id, broadcast))
                self._carry_out(meeting_id, broadcast.room.broadcast.end(is_over=False))

    async def close(self) -> None:
        """Ends all. The rooms are closed by now."""
        await self._broadcasters.close()

    # ---- what becomes of broadcasters ----

    def broadcaster_ready(self, broadcaster: BroadcasterProcess, port: int | None) -> None:
        """See `BroadcasterListener`."""
        broadcast = self._of(broadcaster)
        if broadcast is None or self._site is None:
            return
        if broadcast.origin is not None and port is not None:
            broadcast.origin = replace(broadcast.origin, port=port)
            broadcast.url = self._site.url(broadcast.origin, port)
        went_on = broadcast.has_begun
        broadcast.is_ready = broadcast.has_begun = True
        self._carry_out(broadcaster.meeting_id, broadcast.room.recorder_ready(ROLE))
        broadcast.answer_if_ready()
        if went_on:
            self._report(broadcaster.meeting_id, broadcast, BroadcastState.LIVE)

    def targets_changed(self, broadcaster: BroadcasterProcess, targets: tuple[TargetState, ...]) -> None:
        """See `BroadcasterListener`."""
        broadcast = self._of(broadcaster)
        if broadcast is None:
            return
        before, broadcast.targets = broadcast.told.targets, {each.id: each for each in targets}
        if broadcast.told.targets == before:
            return
        for each in broadcast.told.targets:
            if each not in before:
                told = {"target_id": each.id, "state": each.state, "reason": each.reason, "attempts": each.attempts}
                logger.info("a broadcast's server", extra=_names(broadcaster.meeting_id, broadcast) | told)
        self._count_targets()
        state = BroadcastState.LIVE if broadcast.is_ready else BroadcastState.CONNECTING
        self._report(broadcaster.meeting_id, broadcast, state)

    def broadcaster_ended(self, broadcaster: BroadcasterProcess, reason: str) -> None:
        """See `BroadcasterListener`."""
        broadcast = self._of(broadcaster)
        if broadcast is None:
            return
        meeting_id = broadcaster.meeting_id
        recent = [at for at in broadcast.restarts if time.monotonic() - at < RESTARTS_WITHIN_S]
        if broadcast.has_begun and len(recent) < RESTARTS:
            self._restart(meeting_id, broadcast)
            return
        BROADCASTS_FAILED.inc()
        logger.error("a broadcast has failed", extra=_names(meeting_id, broadcast) | {"reason": reason})
        self._failed.append(broadcast.id)
        broadcast.answer(_refused("The broadcaster has failed."))
        self._report(meeting_id, broadcast, BroadcastState.FAILED)
        self._carry_out(meeting_id, broadcast.room.broadcast.end())

    def _restart(self, meeting_id: MeetingId, broadcast: _Broadcast) -> None:
        """Another broadcaster goes on, at the same address. Those who watch have a gap."""
        logger.warning("another broadcaster goes on with a broadcast", extra=_names(meeting_id, broadcast))
        BROADCASTERS_RESTARTED.inc()
        broadcast.restarts.append(time.monotonic())
        broadcast.is_ready = False
        broadcast.run += 1
        broadcast.targets = {}
        transport, effects = broadcast.room.broadcast.begin_anew(ROLE)
        self._carry_out(meeting_id, effects)
        self._start_broadcaster(meeting_id, broadcast, transport)
        self._count_targets()
        self._report(meeting_id, broadcast, BroadcastState.CONNECTING)

    def _report(self, meeting_id: MeetingId, broadcast: _Broadcast, state: BroadcastState) -> None:
        if self._site is not None:
            message = BroadcastChanged(
                node_id=self._site.node_id, meeting_id=meeting_id, broadcast=broadcast.told, state=state
            )
            self._emit(broadcast.gateway_id, message)

    def _count_targets(self) -> None:
        counted = Counter(each.state for broadcast in self._broadcasts.values() for each in broadcast.told.targets)
        for state in BroadcastState:
            BROADCAST_TARGETS.labels(state).set(counted[state])

    def _of(self, broadcaster: BroadcasterProcess) -> _Broadcast | None:
        broadcast = self._broadcasts.get(broadcaster.meeting_id)
        return broadcast if broadcast is not None and broadcast.broadcaster is broadcaster else None

    # ---- how they begin ----

    def _begin(self, request: StartBroadcast, room_for: Callable[[MeetingId], Room]) -> _Broadcast:
        if self._site is None or self._site.most_composites == 0:
            raise BroadcastUnavailableError("This node streams nothing out.")
        composites = self.composites + self._recorded_composites()
        if composites >= self._site.most_composites:
            raise BroadcastUnavailableError("As many videos of meetings are being made here as the node can make.")
        # Those that only serve their end yet take memory and ports: places that nobody needs, and none of this meeting.
        self._broadcasters.make_room(request.meeting_id, self._site.most_composites - composites - 1)
        origin = self._place(request.order)
        room = room_for(request.meeting_id)
        transport = room.broadcast.begin(request.broadcast_id, [ROLE])[ROLE]
        broadcast = self._broadcasts[request.meeting_id] = _Broadcast(room, request, origin)
        self._start_broadcaster(request.meeting_id, broadcast, transport)
        return broadcast

    def _place(self, order: BroadcastOrder) -> protocol.OriginPlace | None:
        if self._site is None or not order.hls:
            return None
        port = self._site.free_port(self._broadcasters.ports)
        return protocol.OriginPlace(address=self._site.origin_address, port=port, path=secrets.token_urlsafe(24))

    def _start_broadcaster(self, meeting_id: MeetingId, broadcast: _Broadcast, transport: TransportKey) -> None:
        """A broadcaster that starts soon, and the node's end of its transport."""
        if self._site is None:
            return
        ice, keys = broadcast.room.randomness.ice_credentials(), new_keys()
        self._plane.open_keyed(meeting_id, transport, ice, keys)
        begin = self._site.begin(
            meeting_id, broadcast.id, broadcast.order, broadcast.origin, run=broadcast.run, ice=ice, keys=keys
        )
        broadcast.broadcaster = self._broadcasters.start(begin)
        broadcast.broadcaster.tell(protocol.PeopleChanged(people=broadcast.order.people))

    @staticmethod
    def _take_over(broadcast: _Broadcast, request: StartBroadcast) -> None:
        """Brings a broadcast to what it is to be like by now."""
        if broadcast.id != request.broadcast_id or request.version <= broadcast.version:
            return
        before, broadcast.order, broadcast.version = broadcast.order, request.order, request.version
        if broadcast.broadcaster is None:
            return
        if (before.layout, before.targets) != (request.order.layout, request.order.targets):
            ordered = protocol.BroadcastOrdered(layout=request.order.layout, targets=request.order.targets)
            broadcast.broadcaster.tell(ordered)
        if before.people != request.order.people:
            broadcast.broadcaster.tell(protocol.PeopleChanged(people=request.order.people))


def _names(meeting_id: MeetingId, broadcast: _Broadcast) -> dict[str, object]:
    return {"meeting_id": meeting_id, "broadcast_id": broadcast.id}


def _refused(sentence: str) -> Refused:
    return Refused(error=ErrorBody(code=BroadcastUnavailableError.code, message=sentence))
