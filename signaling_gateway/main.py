"""The composition root: settings, adapters, domain, edge; how a gateway starts and ends.

``python -m signaling_gateway.main`` runs one gateway with the settings in the environment.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable

import httpx
import socketio
import uvloop
from redis.exceptions import RedisError

from contracts import redis_names
from contracts.meeting_work import BroadcastChanged, IngressChanged, RecordingEnded
from contracts.node_rpc import ActiveSpeakers, NodeReport, QualitiesChanged, TransportFailed
from contracts.rooms import GatewayId, ParticipantId, TrackId
from contracts.shared_clock import SharedClock
from signaling_gateway.adapters.account_standings import RedisAccountStandings
from signaling_gateway.adapters.broadcast_origins import HttpOrigins
from signaling_gateway.adapters.broadcast_store import RedisBroadcastStore
from signaling_gateway.adapters.facts_delivery import FactsDelivery
from signaling_gateway.adapters.facts_outbox import FactsOutbox
from signaling_gateway.adapters.gateway_lease import GatewayLease
from signaling_gateway.adapters.ingress_store import RedisIngressStore
from signaling_gateway.adapters.jwks_source import JwksSource
from signaling_gateway.adapters.live_rooms import RedisLiveRooms
from signaling_gateway.adapters.meeting_log import RedisMeetingLog
from signaling_gateway.adapters.meetings_function import MeetingsFunction
from signaling_gateway.adapters.node_directory import RedisNodeDirectory
from signaling_gateway.adapters.node_rpc import RedisNodeRpc
from signaling_gateway.adapters.redis_client import redis_client
from signaling_gateway.adapters.restart_budget import RedisRestartBudget
from signaling_gateway.adapters.room_ports import RedisRoomDuties, RedisRoomFeed
from signaling_gateway.adapters.room_tickets import RedisRoomTickets
from signaling_gateway.adapters.stream_consumer import StreamConsumer
from signaling_gateway.adapters.stream_keys import PATIENCE_S, DoorBearers
from signaling_gateway.adapters.subscriptions import Subscriptions
from signaling_gateway.edge.administration import Administration
from signaling_gateway.edge.commands import CommandHandler
from signaling_gateway.edge.delivery import SocketDelivery
from signaling_gateway.edge.frame_guard import FrameGuard
from signaling_gateway.edge.gateway_server import GatewayServer
from signaling_gateway.edge.http import HttpRoutes
from signaling_gateway.edge.live import LiveRoutes
from signaling_gateway.edge.socket_server import SocketServer
from signaling_gateway.edge.standard_doors import StandardDoorRoutes
from signaling_gateway.metrics import (
    CLOCK_APART,
    CONNECTIONS,
    DOOR_SESSIONS,
    DRAINING,
    FACTS_WAITING,
    METRICS,
    ROOMS,
    SUBSCRIBED,
    watch_loop,
)
from signaling_gateway.service.account_watch import AccountWatch
from signaling_gateway.service.admission import Admission
from signaling_gateway.service.background import BackgroundTasks, ended
from signaling_gateway.service.broadcasts import Broadcasts
from signaling_gateway.service.consequences import Consequences
from signaling_gateway.service.door_delivery import DeliveryByDoor
from signaling_gateway.service.ingresses import Ingresses
from signaling_gateway.service.live_relay import LiveRelay
from signaling_gateway.service.media_negotiation import MediaNegotiation
from signaling_gateway.service.node_news import NodeNews
from signaling_gateway.service.node_placement import NodePlacement
from signaling_gateway.service.recordings import Recordings
from signaling_gateway.service.room_listing import RoomListing
from signaling_gateway.service.room_requests import RoomRequests
from signaling_gateway.service.room_statistics import RoomMedia
from signaling_gateway.service.rooms import Rooms
from signaling_gateway.service.spanning import Spanning
from signaling_gateway.service.standard_doors import StandardDoors
from signaling_gateway.service.turn_servers import TurnServers
from signaling_gateway.service.upkeep import Upkeep
from signaling_gateway.settings import GatewaySettings, SettingsError
from telemetry import logs, spans
from telemetry.clock import local_ms

LIVE_CONNECTIONS = 8
"""To Redis, for those who watch: who guesses at keys does not take the meetings' connections."""
SETTLE_S = 4.0
"""How long a closing gateway waits for what is under way."""

_log = logging.getLogger("signaling_gateway")


class Gateway:
    """One gateway: all its parts. `running` starts and ends it; `app` is its ASGI application."""

    def __init__(self, settings: GatewaySettings, local_clock: Callable[[], int] = local_ms) -> None:
        self.settings = settings
        self._clock = now = SharedClock(local_clock)
        # A gateway that starts again is another one: what the earlier one held is taken over like anybody's.
        self.id = GatewayId(f"{settings.id}-{secrets.token_hex(4)}")
        self._redis = redis_client(settings.redis_url, socket_timeout=5.0)
        # Blocking reads take as long as they block; nothing is tried again behind the subscriptions' back.
        self._blocking_redis = redis_client(settings.redis_url, socket_timeout=15.0)
        self._live_redis = redis_client(settings.redis_url, socket_timeout=5.0, max_connections=LIVE_CONNECTIONS)
        self._http = httpx.AsyncClient(timeout=3.0, follow_redirects=False)
        self._function = MeetingsFunction(name=settings.facts_function, endpoint_url=settings.lambda_endpoint_url)
        self._stream_keys = MeetingsFunction(
            name=settings.stream_keys_function, endpoint_url=settings.lambda_endpoint_url, patience_s=PATIENCE_S
        )
        self.tasks = BackgroundTasks()
        sockets = SocketDelivery(self.tasks)
        delivery = DeliveryByDoor(sockets)
        self._subscriptions = Subscriptions(
            self._blocking_redis, publisher=self._redis, own_channel=redis_names.gateway_echo(self.id)
        )
        self._lease = GatewayLease(self._redis, self.id, self._clock)
        self._outbox = FactsOutbox(self._redis, self.id)
        self._keys = JwksSource(
            self._http,
            url=settings.meetings_jwks_url,
            issuer=settings.meetings_issuer,
            steady=time.monotonic,
            now=self._clock.seconds,
        )
        log = RedisMeetingLog(self._redis)
        placement = NodePlacement(
            RedisNodeDirectory(self._redis),
            regions=(settings.region, *settings.regions),
            steady=time.monotonic,
            draw=secrets.randbelow,
            spans_regions=settings.span_regions,
        )
        listener = Consequences(
            gateway_id=self.id,
            grace_ms=settings.grace_ms,
            delivery=delivery,
            outbox=self._outbox,
            tasks=self.tasks,
            now=now,
        )
        self.rooms = listener.rooms = Rooms(
            gateway_id=self.id,
            log=log,
            feed=RedisRoomFeed(self._subscriptions),
            duties=RedisRoomDuties(self._lease, self._outbox, log),
            delivery=delivery,
            listener=listener,
            tasks=self.tasks,
            now=now,
        )
        self._listing = listener.listing = RoomListing(RedisLiveRooms(self._redis), open_rooms=self.rooms.open_rooms)
        self._rpc = RedisNodeRpc(
            self._redis, self._subscriptions, gateway_id=self.id, now=now, on_report=self._node_reported
        )
        spanning = Spanning(placement)
        listener.news = NodeNews(rpc=self._rpc, tasks=self.tasks)
        self._media = listener.media = MediaNegotiation(
            rpc=self._rpc,
            spanning=spanning,
            news=listener.news,
            delivery=delivery,
            new_track_id=lambda: TrackId(f"t_{secrets.token_urlsafe(9)}"),
            tasks=self.tasks,
        )
        self._room_media = RoomMedia(rpc=self._rpc, delivery=delivery, now=now)
        self._recordings = listener.recordings = Recordings(
            rpc=self._rpc,
            spanning=spanning,
            news=listener.news,
            rooms=self.rooms,
            new_id=lambda: secrets.token_urlsafe(9),
            tasks=self.tasks,
        )
        self._origins = HttpOrigins()
        self._broadcasts = listener.broadcasts = Broadcasts(
            rpc=self._rpc,
            spanning=spanning,
            news=listener.news,
            rooms=self.rooms,
            store=RedisBroadcastStore(self._redis),
            new_id=lambda: secrets.token_urlsafe(9),
            new_watch_key=lambda: secrets.token_urlsafe(16),
            tasks=self.tasks,
        )
        turn_servers = TurnServers(
            settings.turn_urls, settings.turn_secret, lifetime_s=settings.turn_lifetime_s, now=time.time
        )
        self._accounts = AccountWatch(
            standings=RedisAccountStandings(self._redis, self._subscriptions), rooms=self.rooms, tasks=self.tasks
        )
        admission = Admission(
            gateway_id=self.id,
            ice_servers=turn_servers,
            grace_ms=settings.grace_ms,
            tabs=settings.tabs,
            replaces=settings.tabs_full == "replace",
            rooms=self.rooms,
            accounts=self._accounts,
            media=self._media,
            delivery=delivery,
            new_participant_id=lambda: ParticipantId(f"p_{secrets.token_urlsafe(9)}"),
            new_secret=lambda: secrets.token_urlsafe(24),
        )
        listener.welcome = admission.welcome
        self.doors = listener.doors = delivery.doors = StandardDoors(
            admission=admission,
            rooms=self.rooms,
            media=self._media,
            tasks=self.tasks,
            restarts=RedisRestartBudget(self._redis),
            max_sessions=settings.door_sessions,
            new_id=lambda: f"door-{secrets.token_urlsafe(12)}",
            steady=time.monotonic,
            closing=lambda: self.sockets.closing,
        )
        self._ingresses = listener.ingresses = Ingresses(
            rpc=self._rpc,
            spanning=spanning,
            news=listener.news,
            rooms=self.rooms,
            doors=self.doors,
            store=RedisIngressStore(self._redis),
            new_id=lambda: secrets.token_urlsafe(9),
            new_key=lambda: secrets.token_urlsafe(24),
            tasks=self.tasks,
            now=now,
        )
        self.sockets = SocketServer(
            verifier=self._keys,
            admission=admission,
            handler=CommandHandler(
                rooms=self.rooms,
                media=self._media,
                recordings=self._recordings,
                broadcasts=self._broadcasts,
                ingresses=self._ingresses,
                ice_servers=turn_servers,
                new_id=lambda: secrets.token_urlsafe(9),
            ),
            delivery=sockets,
            tasks=self.tasks,
            allowed_origins=settings.allowed_origins,
        )
        self._administration = Administration(
            rooms=self.rooms,
            media=self._room_media,
            recordings=self._recordings,
            broadcasts=self._broadcasts,
            ingresses=self._ingresses,
            tickets=RedisRoomTickets(self._redis),
            tasks=self.tasks,
            new_id=lambda: secrets.token_urlsafe(9),
        )
        self._upkeep = Upkeep(
            gateway_id=self.id,
            rooms=self.rooms,
            log=log,
            lease=self._lease,
            facts=self._outbox,
            placement=placement,
            media=self._media,
            recordings=self._recordings,
            broadcasts=self._broadcasts,
            ingresses=self._ingresses,
            spanning=spanning,
            tasks=self.tasks,
            empty_ms=settings.empty_ms,
            now=now,
        )
        doors = StandardDoorRoutes(
            FrameGuard(socketio.ASGIApp(self.sockets.sio)),
            verifier=DoorBearers(self._keys, self._stream_keys, steady=time.monotonic),
            doors=self.doors,
            ice_servers=turn_servers,
        )
        live = LiveRoutes(doors, LiveRelay(RedisBroadcastStore(self._live_redis), self._origins))
        self.app = HttpRoutes(live, readiness=self.readiness)

    def measure(self) -> None:
        """Has the process's gauges show this gateway."""
        CONNECTIONS.set_function(lambda: len(self.sockets))
        DOOR_SESSIONS.set_function(lambda: len(self.doors))
        ROOMS.set_function(lambda: len(self.rooms.open_rooms()))
        DRAINING.set_function(lambda: self.sockets.closing)
        SUBSCRIBED.set_function(lambda: self._subscriptions.connected)
        CLOCK_APART.set_function(lambda: self._clock.ahead_ms / 1000)
        FACTS_WAITING.set_function(lambda: self._outbox.waiting)

    async def readiness(self) -> dict[str, bool]:
        """What must hold for clients to be sent here."""
        try:
            redis = bool(await self._redis.ping())
        except (RedisError, OSError):
            redis = False
        return {
            "redis": redis,
            "subscriptions": self._subscriptions.connected,
            "keys": self._keys.ready,
            "open": not self.sockets.closing,
        }

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Runs the gateway's loops. Ends with every client told, facts passed on and the lease given back."""
        loops = [
            self.sockets.keep_heartbeat(),
            self._subscriptions.run(),
            self._outbox.run(),
            self._upkeep.keep_lease(),
            self._upkeep.take_over(),
            self._upkeep.watch_nodes(),
            self._upkeep.watch_the_clock(),
            self._upkeep.audit(),
            self._accounts.run(),
            self.doors.keep_watch(),
            self._recordings.keep_all(self.rooms.open_rooms),
            self._broadcasts.keep_all(self.rooms.open_rooms),
            self._ingresses.keep_all(self.rooms.open_rooms),
            self._listing.run(),
            self._facts_consumer().run(),
            self._room_commands_consumer().run(),
            self._keys.run(),
            watch_loop(),
        ]
        running = [asyncio.create_task(loop) for loop in loops]
        for task in running:
            task.add_done_callback(_told_if_failed)
        try:
            await self._rpc.open()
            yield
        finally:
            await self.drain()
            with contextlib.suppress(TimeoutError, RedisError, OSError):
                async with asyncio.timeout(SETTLE_S):
                    await self._outbox.flushed()
                    await self._lease.release()
            await ended(running)
            await self.tasks.settle(0)
            await self.sockets.sio.shutdown()
            await self._http.aclose()
            await self._origins.aclose()
            await self._redis.aclose()
            await self._blocking_redis.aclose()
            await self._live_redis.aclose()
            self._function.close()
            self._stream_keys.close()

    async def drain(self) -> None:
        """Tells every client to go on elsewhere, and waits for what is under way. Doing it again does nothing more."""
        if not self.sockets.closing:
            await self.sockets.drain(self.settings.drain_ms)
            await self.tasks.settle(SETTLE_S)

    def _node_reported(self, report: NodeReport) -> None:
        room = self.rooms.get(report.meeting_id)
        if isinstance(report, RecordingEnded):
            self._recordings.reported(report)
        elif isinstance(report, BroadcastChanged):
            self._broadcasts.reported(report)
        elif isinstance(report, IngressChanged):
            self._ingresses.reported(report)
        elif isinstance(report, QualitiesChanged):
            self._room_media.qualities_changed(room, report)
        elif isinstance(report, ActiveSpeakers):
            self._room_media.speakers_changed(room, report)
        else:
            connection = None if room is None else room.connections.get(report.participant_id)
            self._media.reported(connection, report)
            if isinstance(report, TransportFailed) and connection and connection.joined_node == report.node_id:
                self.doors.transport_failed(connection, report.transport)

    def _facts_consumer(self) -> StreamConsumer:
        return StreamConsumer(
            self._blocking_redis,
            stream=redis_names.FACTS,
            group=redis_names.FACTS_GROUP,
            consumer=self.id,
            handle=FactsDelivery(self._redis, self._function, now=self._clock),
        )

    def _room_commands_consumer(self) -> StreamConsumer:
        return StreamConsumer(
            self._blocking_redis,
            stream=redis_names.ROOM_COMMANDS,
            group=redis_names.ROOM_COMMANDS_GROUP,
            consumer=self.id,
            handle=RoomRequests(self.rooms, ask=self._administration.take),
        )


async def serve(settings: GatewaySettings) -> None:
    """Runs one gateway until SIGTERM or SIGINT."""
    gateway = Gateway(settings)
    server = GatewayServer(gateway)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, setattr, server, "should_exit", True)
    gateway.measure()
    with METRICS.served(settings.metrics_address, settings.metrics_port):
        await _serve(gateway, server)


async def _serve(gateway: Gateway, server: GatewayServer) -> None:
    settings = gateway.settings
    async with gateway.running():
        _log.info("open", extra={"gateway_id": gateway.id, "address": settings.bind_address, "port": settings.port})
        await server.serve()
    _log.info("closed", extra={"gateway_id": gateway.id})


def main() -> None:
    """Runs one gateway with the settings in the environment."""
    try:
        settings = GatewaySettings.from_environ(os.environ)
    except SettingsError as error:
        sys.exit(f"signaling_gateway: {error}")
    logs.configure("signaling", settings.log_level)
    spans.configure("signaling")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(settings))


def _told_if_failed(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.critical("a loop of the gateway has failed", exc_info=error)
        os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
