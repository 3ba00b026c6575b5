"""What a gateway does by the clock: it renews its lease, takes over from lost gateways, and watches the media nodes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from typing import Protocol

from redis.exceptions import RedisError

from contracts.node_rpc import NodeLease
from contracts.redis_names import GATEWAY_RENEW_MS
from contracts.rooms import GatewayId, MeetingId, NodeId
from signaling_gateway.domain.commands import AdoptParticipants
from signaling_gateway.errors import GatewayError
from signaling_gateway.service.live_room import LiveRoom
from signaling_gateway.service.media_negotiation import MediaNegotiation
from signaling_gateway.service.media_nodes import NodeDirectory
from signaling_gateway.service.meeting_log import LogEntry, MeetingLog
from signaling_gateway.service.rooms import Rooms

NODE_WATCH_S = 1.0
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
        directory: NodeDirectory,
        media: MediaNegotiation,
    ) -> None:
        self._gateway_id = gateway_id
        self._rooms = rooms
        self._log = log
        self._lease = lease
        self._facts = facts
        self._directory = directory
        self._media = media
        self._suspected: frozenset[GatewayId] = frozenset()
        self._started: dict[NodeId, int] = {}

    async def keep_lease(self) -> None:
        """Renews the lease; takes over the rooms of gateways whose lease has ended.

        A gateway counts as lost when its lease was seen ended twice in a row: after Redis itself was away, every lease
        has ended, and every living gateway is about to renew its own.
        """
        while True:
            try:
                ended = await self._lease.renew() - {self._gateway_id}
                for lost in ended & self._suspected:
                    await self._take_over(lost)
                self._suspected = ended
            except (RedisError, OSError) as error:
                self._suspected = frozenset()
                _log.warning("the lease is not renewed: %s", error)
            await asyncio.sleep(GATEWAY_RENEW_MS / 1000)

    async def watch_nodes(self) -> None:
        """Places meetings whose node is gone anew, and attaches participants who have no node yet."""
        while True:
            await asyncio.sleep(NODE_WATCH_S)
            # Also without rooms: what a node was before tells whether it has started anew since.
            rooms = [room for room in self._rooms.open_rooms() if room.connections]
            try:
                live = await self._directory.live()
            except (RedisError, OSError) as error:
                _log.warning("the media nodes are not known: %s", error)
                continue
            restarted = self._restarted(live)
            for room in rooms:
                if room.state.node_id is None or room.state.node_id not in live:
                    if live:
                        await self._place(room)
                elif room.state.node_id in restarted:
                    self._media.started_anew(room)
                else:
                    self._attach_the_rest(room)

    async def audit(self) -> None:
        """Compares every open room with its log, and closes those that are idle, spread over time."""
        while True:
            rooms = self._rooms.open_rooms()
            for room in rooms:
                await asyncio.sleep(AUDIT_S / len(rooms))
                self._rooms.close_if_idle(room)
                room.catch_up()
            if not rooms:
                await asyncio.sleep(AUDIT_S)

    def _restarted(self, live: dict[NodeId, NodeLease]) -> set[NodeId]:
        """The nodes that were seen before and have started anew since."""
        started = {node_id: lease.started_at for node_id, lease in live.items()}
        anew = {node_id for node_id, at in started.items() if self._started.get(node_id, at) != at}
        self._started.update(started)
        return anew

    def _attach_the_rest(self, room: LiveRoom) -> None:
        for connection in list(room.connections.values()):
            if connection.joined_node is None and not connection.negotiating.locked():
                self._media.attach(connection)

    async def _place(self, room: LiveRoom) -> None:
        try:
            await self._media.place(room, instead_of=room.state.node_id)
        except GatewayError as error:
            _log.warning("meeting %s has no media node: %s", room.meeting_id, error.message)

    async def _take_over(self, lost: GatewayId) -> None:
        meetings = await self._lease.inherit(lost)
        if meetings is None:
            return
        _log.info("taking over %d rooms of gateway %s", len(meetings), lost)
        for meeting_id in meetings:
            try:
                await self._adopt(lost, meeting_id)
            except GatewayError as error:
                _log.warning("meeting %s of gateway %s is not taken over yet: %s", meeting_id, lost, error.message)
                await self._lease.disown(lost)
                return
        await self._lease.forget(lost)

    async def _adopt(self, lost: GatewayId, meeting_id: MeetingId) -> None:
        async with self._rooms.use(meeting_id) as room:
            await room.execute(AdoptParticipants(lost_gateway_id=lost, gateway_id=self._gateway_id))
            await self._facts.take_over(lost, meeting_id, await self._log.read(meeting_id, after=0))
        await self._lease.taken_over(lost, meeting_id)
