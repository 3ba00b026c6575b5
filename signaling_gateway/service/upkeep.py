"""What a gateway does by the clock: it renews its lease, takes over from lost gateways, and watches the media nodes."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable, Container, Iterable, Mapping
from typing import Protocol

from redis.exceptions import RedisError

from contracts.node_rpc import NodeLease
from contracts.redis_names import GATEWAY_RENEW_MS, NODE_RENEW_MS
from contracts.rooms import GatewayId, MeetingId, NodeId, ParticipantId
from signaling_gateway.domain.commands import AdoptParticipants, EndBreakouts, LoseConnection
from signaling_gateway.domain.notes import KeepNotes, kept_when
from signaling_gateway.domain.recording import is_due
from signaling_gateway.domain.rules import EndIfDue, ends_when
from signaling_gateway.errors import GatewayError
from signaling_gateway.metrics import TAKEN_OVER
from signaling_gateway.service.background import BackgroundTasks
from signaling_gateway.service.broadcasts import Broadcasts
from signaling_gateway.service.ingresses import Ingresses
from signaling_gateway.service.live_room import Connection, LiveRoom
from signaling_gateway.service.media_negotiation import MediaNegotiation
from signaling_gateway.service.meeting_log import LogEntry, MeetingLog
from signaling_gateway.service.node_placement import NodePlacement
from signaling_gateway.service.recordings import Recordings
from signaling_gateway.service.rooms import Rooms
from signaling_gateway.service.spanning import Spanning

NODE_WATCH_S = 0.5
NODES_COME_BACK_S = 2 * NODE_RENEW_MS / 1000
"""After Redis was away every lease has ended, and every living node is about to renew its own."""
DRAINED_WITHIN_MS, DRAIN_PACE_MS = 5_000, 20
"""Those on a node that drains go elsewhere over so long at the most, or so long for each: a handshake or two costs the
other node some ten milliseconds."""
CLOCK_WATCH_S = 0.5
AUDIT_S = 10.0
"""How often each room is compared with its log, in case the last announcement of a quiet room was lost."""

_log = logging.getLogger(__name__)


class Lease(Protocol):
    """This gateway's lease, and what it may inherit. Every method raises the store's errors."""

    async def renew(self) -> frozenset[GatewayId]: ...
    async def inherit(self, lost: GatewayId) -> tuple[MeetingId, ...] | None: ...
    async def taken_over(self, lost: GatewayId, meeting_id: MeetingId) -> None: ...
    async def forget(self, lost: GatewayId) -> None: ...
    async def disown(self, lost: GatewayId) -> None: ...


class OwedFacts(Protocol):
    """Facts that a lost gateway had appended and perhaps not passed on."""

    async def take_over(self, lost: GatewayId, meeting_id: MeetingId, entries: Iterable[LogEntry]) -> None: ...


class Upkeep:
    """The loops. Each method runs until cancelled."""

    def __init__(
        self,
        *,
        gateway_id: GatewayId,
        rooms: Rooms,
        log: MeetingLog,
        lease: Lease,
        facts: OwedFacts,
        placement: NodePlacement,
        media: MediaNegotiation,
        recordings: Recordings,
        broadcasts: Broadcasts,
        ingresses: Ingresses,
        spanning: Spanning,
        tasks: BackgroundTasks,
        empty_ms: int,
        now: Callable[[], int],
    ) -> None:
        self._gateway_id = gateway_id
        self._rooms = rooms
        self._log = log
        self._lease = lease
        self._facts = facts
        self._placement = placement
        self._media = media
        self._recordings = recordings
        self._broadcasts = broadcasts
        self._ingresses = ingresses
        self._spanning = spanning
        self._tasks = tasks
        self._empty_ms = empty_ms
        self._now = now
        self._suspected: frozenset[GatewayId] = frozenset()
        self._lost: set[GatewayId] = set()
        self._anyone_lost = asyncio.Event()
        self._unheld: set[tuple[MeetingId, ParticipantId, int]] = set()
        self._started: dict[NodeId, int] = {}

    async def keep_lease(self) -> None:
        """Renews the lease, and notes which gateways' leases have ended.

        A gateway counts as lost when its lease was seen ended twice in a row: after Redis itself was away, every lease
        has ended, and every living gateway is about to renew its own.
        """
        while True:
            try:
                ended = await self._lease.renew() - {self._gateway_id}
                self._lost = set(ended & self._suspected)
                self._suspected = ended
                if self._lost:
                    self._anyone_lost.set()
            except (RedisError, OSError) as error:
                self._suspected = frozenset()
                _log.warning("the lease is not renewed", extra={"error": str(error)})
            await asyncio.sleep(GATEWAY_RENEW_MS / 1000)

    async def take_over(self) -> None:
        """Takes over the rooms of lost gateways. Apart from the lease, which must not wait for many rooms."""
        while True:
            await self._anyone_lost.wait()
            self._anyone_lost.clear()
            while self._lost:
                lost = self._lost.pop()
                try:
                    await self._take_over(lost)
                except (RedisError, OSError) as error:
                    _log.warning("a gateway is not taken over yet", extra={"lost": lost, "error": str(error)})

    async def watch_nodes(self) -> None:
        """Places meetings and participants anew whose node is gone, and attaches participants who have no node yet."""
        while True:
            await asyncio.sleep(NODE_WATCH_S)
            # Also without rooms: placements take what is read here, and what a node was before tells whether it has
            # started anew since.
            rooms = [room for room in self._rooms.open_rooms() if room.connections]
            try:
                live = await self._placement.read()
            except (RedisError, OSError) as error:
                _log.warning("the media nodes are not known", extra={"error": str(error)})
                await asyncio.sleep(NODES_COME_BACK_S)
                continue
            restarted = self._restarted(live)
            for room in rooms:
                if live and (room.state.node_id is None or room.state.node_id not in live):
                    await self._place(room)
                elif room.state.node_id in restarted:
                    self._recordings.keep(room)
                    self._broadcasts.keep(room)
                    self._ingresses.keep(room)
                for connection in list(room.connections.values()):
                    self._look_after(connection, live, restarted)

    async def watch_the_clock(self) -> None:
        """Closes breakout rooms and ends meetings when their time is over, has notes kept, and begins recordings when
        some are to be made.

        Every gateway in the meeting does; the first one's counts.
        """
        while True:
            await asyncio.sleep(CLOCK_WATCH_S)
            for room in self._rooms.open_rooms():
                try:
                    await self._keep_time(room)
                except GatewayError as error:
                    names = {"meeting_id": room.meeting_id, "error": error.message}
                    _log.warning("a meeting is not looked after", extra=names)
                if room.connections and is_due(room.state):
                    self._tasks.spawn(self._recordings.start_if_due(room))

    async def _keep_time(self, room: LiveRoom) -> None:
        now, breakouts = self._now(), room.state.breakouts
        if breakouts is not None and breakouts.ends_at is not None and breakouts.ends_at <= now:
            await room.execute(EndBreakouts())
        keep = kept_when(room.state)
        if keep is not None and keep <= now and not room.state.ended:
            await room.execute(KeepNotes())
        moment = ends_when(room.state, self._empty_ms)
        if moment is not None and moment <= now and not room.state.ended:
            await room.execute(EndIfDue(empty_ms=self._empty_ms))

    async def audit(self) -> None:
        """Compares every open room with its log and its connections, and closes those that are idle, over time."""
        while True:
            rooms = self._rooms.open_rooms()
            seen: set[tuple[MeetingId, ParticipantId, int]] = set()
            for room in rooms:
                await asyncio.sleep(AUDIT_S / len(rooms))
                self._rooms.close_if_idle(room)
                room.catch_up()
                seen |= await self._drop_unheld(room)
            self._unheld = seen
            if not rooms:
                await asyncio.sleep(AUDIT_S)

    async def _drop_unheld(self, room: LiveRoom) -> set[tuple[MeetingId, ParticipantId, int]]:
        """Declares connections lost that this gateway was seen twice not to hold, though the log says that it does.

        An append whose answer was lost may stand: then somebody has joined whom nobody told so.
        """
        held = {
            (connection.participant_id, connection.began)
            for connection in (*room.connections.values(), *room.waiting.values())
        }
        unheld = {
            (room.meeting_id, stay.info.id, stay.connection)
            for stay in (*room.state.stays.values(), *room.state.lobby.values())
            if stay.gateway_id == self._gateway_id
            and stay.info.connected
            and (stay.info.id, stay.connection) not in held
        }
        for _, participant_id, connection in unheld & self._unheld:
            command = LoseConnection(participant_id=participant_id, connection=connection, gateway_id=self._gateway_id)
            try:
                await room.execute(command)
            except GatewayError as error:
                _log.warning("a meeting is not audited", extra={"meeting_id": room.meeting_id, "error": error.message})
        return unheld

    def _restarted(self, live: Mapping[NodeId, NodeLease]) -> set[NodeId]:
        """The nodes that were seen before and have started anew since."""
        started = {node_id: lease.started_at for node_id, lease in live.items()}
        anew = {node_id for node_id, at in started.items() if self._started.get(node_id, at) != at}
        self._started.update(started)
        return anew

    def _look_after(
        self, connection: Connection, live: Mapping[NodeId, NodeLease], restarted: Container[NodeId]
    ) -> None:
        """Attaches who has no node yet, and has those go to another whose node is gone, or drains."""
        node_id = connection.room.state.node_of(connection.participant_id)
        if node_id is None or not live:
            return
        lease = live.get(node_id)
        if lease is None:
            self._media.look_for_node(connection, instead_of=node_id)
        elif node_id in restarted:
            self._media.started_anew(connection)
        elif lease.draining:
            within_ms = min(DRAINED_WITHIN_MS, lease.participants * DRAIN_PACE_MS)
            after_s = secrets.randbelow(within_ms + 1) / 1000
            self._media.look_for_node(connection, instead_of=node_id, after_s=after_s)
        if connection.joined_node is None and not connection.negotiating.locked():
            self._media.attach(connection)

    async def _place(self, room: LiveRoom) -> None:
        try:
            await self._spanning.home(room, instead_of=room.state.node_id)
        except GatewayError as error:
            _log.warning("no media node", extra={"meeting_id": room.meeting_id, "error": error.message})

    async def _take_over(self, lost: GatewayId) -> None:
        meetings = await self._lease.inherit(lost)
        if meetings is None:
            return
        _log.info("taking over a gateway", extra={"lost": lost, "rooms": len(meetings)})
        for meeting_id in meetings:
            try:
                await self._adopt(lost, meeting_id)
            except GatewayError as error:
                names = {"meeting_id": meeting_id, "lost": lost, "error": error.message}
                _log.warning("a meeting is not taken over yet", extra=names)
                await self._lease.disown(lost)
                return
        await self._lease.forget(lost)

    async def _adopt(self, lost: GatewayId, meeting_id: MeetingId) -> None:
        async with self._rooms.use(meeting_id) as room:
            await room.execute(AdoptParticipants(lost_gateway_id=lost, gateway_id=self._gateway_id))
            await self._facts.take_over(lost, meeting_id, await self._log.kept(meeting_id))
        await self._lease.taken_over(lost, meeting_id)
        TAKEN_OVER.inc()
