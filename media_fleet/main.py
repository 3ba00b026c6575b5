"""Puts a media node together and runs it: ``python -m media_fleet.main``.

SIGTERM drains: the lease says so, and the node ends when the last participant has left, or after the drain time-out.
SIGINT, or a second SIGTERM, ends it at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Coroutine, Iterable, Iterator
from typing import Any

import redis.asyncio
import uvloop
from packet_core import PacketCore, PacketCoreError, PacketCoreSilentError
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ReadOnlyError

from contracts.rooms import NodeId
from contracts.shared_clock import SharedClock
from media_fleet.adapters.courier import Courier
from media_fleet.adapters.endings import all_ended
from media_fleet.adapters.lease import LeaseKeeper
from media_fleet.adapters.link_plane import LinkPlane
from media_fleet.adapters.node_load import NodeLoad
from media_fleet.adapters.packet_plane import PacketPlane
from media_fleet.adapters.randomness import LinkEnds, SystemRandomness
from media_fleet.adapters.rescue import Rescue
from media_fleet.adapters.rpc_endpoint import RpcEndpoint
from media_fleet.adapters.transport_listener import TransportListener
from media_fleet.domain.thread_places import ThreadPlaces
from media_fleet.domain.transport_parameters import NodeEnd, host_candidates
from media_fleet.dtls_border import NodeCertificate
from media_fleet.health import NodeHealth
from media_fleet.housekeeping import Housekeeping
from media_fleet.metrics import (
    CAMERAS_LEFT_OUT,
    CLOCK_APART,
    DATA_CHANNELS,
    DRAINING,
    MEETINGS,
    MESSAGES_WAITING,
    METRICS,
    PARTICIPANTS,
    CoreCollector,
)
from media_fleet.node import MediaNode
from media_fleet.node_identity import NodeIdentity
from media_fleet.observation import INTERVAL_S
from media_fleet.relays import Relays
from media_fleet.settings import Settings, SettingsError
from media_fleet.worker_sites import broadcast_site, ingress_site, processors, recorder_site, transcoder_site
from telemetry import logs, spans
from telemetry.clock import local_ms

logger = logging.getLogger(__name__)

_DRAIN_POLL_S = 0.2
UPLOAD_PATIENCE_S = 30.0
"""How long a node that stops waits for its recordings to be in the bucket."""
MOST_USUAL_THREADS = 16
"""What one interpreter can make connections for; more are for whoever has found out."""
REDIS_TIMEOUT_S = 3.0
"""A command that Redis has not answered for so long has failed, and is tried again by whoever gave it."""


class LoopFailedError(Exception):
    """One of the loops that a node needs has ended."""


class RunningNode:
    """The parts of a node that is up, for `main` and for tests."""

    def __init__(
        self, core: PacketCore, plane: PacketPlane, node: MediaNode, lease: LeaseKeeper, rpc: RpcEndpoint
    ) -> None:
        self.core = core
        self.plane = plane
        self.node = node
        self.lease = lease
        self.rpc = rpc
        self.loops: tuple[asyncio.Task[None], ...] = ()
        """What runs until the end. One that ends before has failed, and the node with it."""


@contextlib.asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[RunningNode]:
    """A node that holds its lease and listens; closes everything at the end. It tells its health before that.

    Raises:
        PacketCoreError, OSError: a port cannot be bound.
    """
    client = _redis(settings.redis_url, socket_timeout=REDIS_TIMEOUT_S)
    listening_client = _redis(settings.redis_url, socket_timeout=None)
    core = PacketCore(
        bind_addresses=list(settings.bind_addresses),
        port=settings.udp_port,
        tcp_port=settings.tcp_port if settings.tcp == "on" else None,
        consent_timeout_ms=settings.consent_timeout_ms,
        last_n_audio=settings.last_n_audio,
        threads=settings.threads or _usual_threads(),
    )
    parts = _assemble(settings, client, listening_client, core)
    parts.plane.start()
    parts.node.workers.recordings.upload_what_waits()
    await parts.node.workers.ingresses.listen()
    tasks = [
        _task(parts.rpc.speak(), "speak"),
        _task(parts.rpc.listen(parts.node.handle, parts.node.relays.receive), "listen"),
        _task(parts.lease.run(), "lease"),
        _task(parts.node.relays.run(), "relays"),
        _task(Housekeeping(parts.node, parts.plane.held).run(), "housekeeping"),
        _task(_observe(parts.node), "observe"),
        _task(parts.plane.events.failure(), "packet core"),
    ]
    rescue, couriers = None, set[asyncio.Task[None]]()
    if (site := recorder_site(settings, core.local_port)) is not None:
        rescue = Rescue(client, site.store, node_id=site.node_id, upload=parts.node.workers.recordings.upload)
        couriers = {_task(Courier(site.store, rescue.consider).run(), "courier")}
        tasks += couriers
    try:
        with _told(settings, parts):
            await _all_or_failure(tasks, parts.rpc.listening.wait(), parts.lease.held.wait())
            parts.loops = tuple(tasks)
            yield parts
    finally:
        await all_ended(task for task in tasks[1:] if task not in couriers)
        parts.node.close()
        if rescue is not None:
            await rescue.step_back()  # before the lease ends, without which others finish what is recorded here
        await parts.lease.let_go()
        await all_ended(tasks[:1])
        await parts.node.workers.close(UPLOAD_PATIENCE_S)
        await all_ended(tasks)
        if rescue is not None:
            await rescue.close()
        await parts.node.transcoders.close()
        await parts.plane.close()
        await client.aclose()
        await listening_client.aclose()


@contextlib.contextmanager
def _told(settings: Settings, parts: RunningNode) -> Iterator[None]:
    """Has the node's numbers and its health told where the settings say, if they do.

    Raises:
        OSError: the port cannot be bound.
    """
    if settings.metrics_port == 0:
        yield
        return
    health = NodeHealth(parts.core, parts.lease, parts.rpc, loop=asyncio.get_running_loop())
    with (
        METRICS.collected(CoreCollector(parts.core)),
        METRICS.served(settings.metrics_address, settings.metrics_port, pages=health.pages),
    ):
        yield


async def _observe(node: MediaNode) -> None:
    while True:
        await asyncio.sleep(INTERVAL_S)
        try:
            node.look_at_connections(time.monotonic(), local_ms())
        except PacketCoreSilentError as error:  # the node's health says so
            logger.warning("meetings not looked at", extra={"reason": str(error)})


def _redis(url: str, *, socket_timeout: float | None) -> redis.asyncio.Redis:
    """A client that fails fast: trying again, but for one thing, is the loops' part, with pauses of their own."""
    return redis.asyncio.Redis.from_url(
        url,
        socket_timeout=socket_timeout,
        socket_connect_timeout=REDIS_TIMEOUT_S,
        socket_keepalive=True,
        # A primary that has become a replica keeps its connections; whoever connects anew finds the primary.
        retry=Retry(NoBackoff(), 1, supported_errors=(ReadOnlyError,)),
    )


def _assemble(
    settings: Settings, client: redis.asyncio.Redis, listening_client: redis.asyncio.Redis, core: PacketCore
) -> RunningNode:
    node_id = NodeId(settings.id)
    certificate = NodeCertificate.generateCertificate()
    udp_port = settings.advertised_port or core.local_port
    tcp_port = core.local_tcp_port and (settings.advertised_tcp_port or core.local_tcp_port)
    identity = NodeIdentity(
        node_id=node_id,
        end=NodeEnd(
            candidates=host_candidates(settings.advertised_addresses, udp_port, tcp_port),
            fingerprints=certificate.fingerprints,
        ),
        max_participants=settings.max_participants,
        last_n_video=settings.last_n_video,
        recorder=recorder_site(settings, core.local_port),
        broadcaster=broadcast_site(settings, core.local_port),
        ingress=ingress_site(settings, core.local_port),
        transcoder=transcoder_site(settings, core.local_port, composites=lambda: node.workers.composites),
    )
    clock = SharedClock(local_ms)
    rpc = RpcEndpoint(client, listening_client, node_id=node_id, now=clock)
    threads = ThreadPlaces(core.threads)
    links = LinkPlane(core, threads.of)
    planes: list[PacketPlane] = []

    def make_plane(listener: TransportListener) -> PacketPlane:
        plane = PacketPlane(
            core,
            links,
            certificate=certificate,
            handshake_timeout=settings.handshake_timeout_ms / 1000,
            listener=listener,
        )
        planes.append(plane)
        return plane

    node = MediaNode(
        identity,
        threads=threads,
        randomness=lambda thread: SystemRandomness(core.ufrag_start(thread)),
        plane_factory=make_plane,
        emit=rpc.emit,
    )
    reached_at = (
        (settings.link_address, core.local_port)
        if settings.link_address
        else (settings.advertised_addresses[0], udp_port)
    )
    node.relays = Relays(
        node_id,
        rooms=node,
        threads=threads,
        plane=links,
        new_end=LinkEnds(clock, address=reached_at[0], port=reached_at[1]),
        new_ssrc=SystemRandomness().ssrc,
        send=rpc.tell_node,
    )
    load = NodeLoad(
        core,
        threads,
        capacity_packets=settings.capacity_packets,
        participants=lambda: node.participants,
        max_participants=settings.max_participants,
    )
    lease = LeaseKeeper(
        client,
        node_id=node_id,
        region=settings.region,
        load=load,
        participants=lambda: node.participants,
        clock=clock,
    )
    CLOCK_APART.set_function(lambda: clock.ahead_ms / 1000)
    PARTICIPANTS.set_function(lambda: node.participants)
    MEETINGS.set_function(lambda: node.meetings)
    CAMERAS_LEFT_OUT.set_function(lambda: node.cameras_left_out)
    DRAINING.set_function(lambda: lease.draining)
    MESSAGES_WAITING.set_function(lambda: rpc.waiting)
    DATA_CHANNELS.set_function(planes[0].held.open_data_channels)
    return RunningNode(core, planes[0], node, lease, rpc)


def _usual_threads() -> int:
    """One processor is left to the interpreter."""
    return max(1, min(MOST_USUAL_THREADS, processors() - 1))


def _task(work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
    return asyncio.get_running_loop().create_task(work, name=name)


async def _all_or_failure(tasks: list[asyncio.Task[None]], *awaited: Coroutine[Any, Any, Any]) -> None:
    """Waits for all of ``awaited``; a task that ends meanwhile has failed, and its exception is raised."""
    ready = asyncio.ensure_future(asyncio.gather(*awaited))
    await asyncio.wait([ready, *tasks], return_when=asyncio.FIRST_COMPLETED)
    if not ready.done():
        ready.cancel()
        for task in tasks:
            if task.done():
                task.result()
    await ready


async def serve(settings: Settings) -> None:
    """Runs a node until a signal ends it."""
    loop = asyncio.get_running_loop()
    terminate, stop = asyncio.Event(), asyncio.Event()

    def on_terminate() -> None:
        (stop if terminate.is_set() else terminate).set()

    loop.add_signal_handler(signal.SIGTERM, on_terminate)
    loop.add_signal_handler(signal.SIGINT, stop.set)
    async with running(settings) as parts:
        await _serve(settings, parts, terminate, stop)


async def _serve(settings: Settings, parts: RunningNode, terminate: asyncio.Event, stop: asyncio.Event) -> None:
    logger.info(
        "ready",
        extra={
            "node_id": settings.id,
            "region": settings.region,
            "udp_port": parts.core.local_port,
            "tcp_port": parts.core.local_tcp_port,
            "threads": parts.core.threads,
            "advertised_addresses": list(settings.advertised_addresses),
        },
    )
    await _first(terminate.wait(), stop.wait(), _failed(parts.loops))
    if not stop.is_set():
        parts.lease.drain()
        logger.info("draining", extra={"participants": parts.node.participants})
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(settings.drain_timeout_s):
                await _first(stop.wait(), _emptied(parts.node), _failed(parts.loops))
    logger.info("stopping", extra={"participants": parts.node.participants})


async def _failed(loops: Iterable[asyncio.Task[None]]) -> None:
    """Raises the exception of a loop that has ended, once one has.

    Raises:
        LoopFailedError: a node without one of its loops is deaf, or taken for dead: better that it starts anew.
    """
    done, _ = await asyncio.wait(loops, return_when=asyncio.FIRST_COMPLETED)
    failed = done.pop()
    raise LoopFailedError(f"The node's loop {failed.get_name()!r} has ended.") from failed.exception()


async def _emptied(node: MediaNode) -> None:
    while node.participants:  # noqa: ASYNC110  # asked five times a second, at the end of a process's life
        await asyncio.sleep(_DRAIN_POLL_S)


async def _first(*awaited: Coroutine[Any, Any, Any]) -> None:
    tasks = [asyncio.ensure_future(one) for one in awaited]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()


def main() -> int:
    """The exit status: 0 after a signal, 2 for bad settings, 1 if the node cannot start or go on."""
    try:
        settings = Settings.from_environ(os.environ)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    logs.configure("media", settings.log_level)
    spans.configure("media")
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(settings))
    except LoopFailedError:
        logger.exception("failed")
        return 1
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except PacketCoreError as error:
        logger.error("cannot start", extra={"reason": str(error)})  # noqa: TRY400  # the sentence says it all
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
