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
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import redis.asyncio
import uvloop
from packet_core import PacketCore, PacketCoreError

from contracts.rooms import NodeId
from media_fleet.adapters import json_log
from media_fleet.adapters.lease import LeaseKeeper
from media_fleet.adapters.node_load import NodeLoad
from media_fleet.adapters.packet_plane import PacketPlane, TransportListener
from media_fleet.adapters.randomness import SystemRandomness
from media_fleet.adapters.rpc_endpoint import RpcEndpoint
from media_fleet.domain.transport_parameters import NodeEnd, host_candidates
from media_fleet.dtls_border import NodeCertificate
from media_fleet.housekeeping import Housekeeping
from media_fleet.node import MediaNode, NodeIdentity
from media_fleet.settings import Settings, SettingsError

logger = logging.getLogger(__name__)

_DRAIN_POLL_S = 0.2


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


@contextlib.asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[RunningNode]:
    """A node that holds its lease and listens; closes everything at the end.

    Raises:
        PacketCoreError: the UDP port cannot be bound.
    """
    client = redis.asyncio.Redis.from_url(settings.redis_url, socket_timeout=None, socket_connect_timeout=5)
    core = PacketCore(
        bind_address=settings.bind_address, port=settings.udp_port, consent_timeout_ms=settings.consent_timeout_ms
    )
    parts = _assemble(settings, client, core)
    parts.plane.start()
    tasks = [
        _task(parts.rpc.speak(), "speak"),
        _task(parts.rpc.listen(parts.node.handle), "listen"),
        _task(parts.lease.run(), "lease"),
        _task(Housekeeping(parts.node, parts.plane).run(), "housekeeping"),
    ]
    try:
        await _all_or_failure(tasks, parts.rpc.listening.wait(), parts.lease.held.wait())
        yield parts
    finally:
        for task in tasks[1:]:
            task.cancel()
        parts.node.close()
        await parts.lease.let_go()
        tasks[0].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await parts.plane.close()
        await client.aclose()


def _assemble(settings: Settings, client: redis.asyncio.Redis, core: PacketCore) -> RunningNode:
    node_id = NodeId(settings.id)
    certificate = NodeCertificate.generateCertificate()
    port = settings.advertised_port or core.local_port
    identity = NodeIdentity(
        node_id=node_id,
        end=NodeEnd(
            candidates=host_candidates(settings.advertised_addresses, port), fingerprints=certificate.fingerprints
        ),
        max_participants=settings.max_participants,
    )
    rpc = RpcEndpoint(client, node_id=node_id)
    planes: list[PacketPlane] = []

    def make_plane(listener: TransportListener) -> PacketPlane:
        plane = PacketPlane(
            core,
            certificate=certificate,
            handshake_timeout=settings.handshake_timeout_ms / 1000,
            listener=listener,
        )
        planes.append(plane)
        return plane

    node = MediaNode(identity, randomness=SystemRandomness(), plane_factory=make_plane, emit=rpc.emit)
    load = NodeLoad(
        core,
        capacity_packets=settings.capacity_packets,
        participants=lambda: node.participants,
        max_participants=settings.max_participants,
    )
    lease = LeaseKeeper(
        client, node_id=node_id, region=settings.region, load=load, participants=lambda: node.participants
    )
    return RunningNode(core, planes[0], node, lease, rpc)


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
        logger.info(
            "ready",
            extra={
                "node_id": settings.id,
                "region": settings.region,
                "udp_port": parts.core.local_port,
                "advertised_addresses": list(settings.advertised_addresses),
            },
        )
        await _first(terminate.wait(), stop.wait())
        if not stop.is_set():
            parts.lease.drain()
            logger.info("draining", extra={"participants": parts.node.participants})
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(settings.drain_timeout_s):
                    await _first(stop.wait(), _emptied(parts.node))
        logger.info("stopping", extra={"participants": parts.node.participants})


async def _emptied(node: MediaNode) -> None:
    while node.participants:  # noqa: ASYNC110  # asked five times a second, at the end of a process's life
        await asyncio.sleep(_DRAIN_POLL_S)


async def _first(*awaited: Coroutine[Any, Any, Any]) -> None:
    tasks = [asyncio.ensure_future(one) for one in awaited]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()


def main() -> int:
    """The exit status: 0 after a signal, 2 for bad settings, 1 if the node cannot start."""
    try:
        settings = Settings.from_environ(os.environ)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    json_log.configure(settings.log_level)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(settings))
    except PacketCoreError as error:
        logger.error("cannot start", extra={"reason": str(error)})  # noqa: TRY400  # the sentence says it all
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
