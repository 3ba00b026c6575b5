"""Processes that take tracks from their node and send it others: starts them, listens to them, and ends them.

What becomes of one that is lost its room decides, which has another go on.
"""

from __future__ import annotations

import asyncio
import logging
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

import msgspec
from prometheus_client import Counter

from media_fleet.adapters.own_modules import NICENESS, running
from media_fleet.adapters.subscriber_process import START_S, SubscriberProcess, said, until_end
from media_fleet.domain.effects import TransportKey
from media_fleet.recorder.protocol import Route
from media_fleet.transcoder.protocol import Failed, Ready

logger = logging.getLogger(__name__)

END_S = 2.0
"""Until one has ended that is told to; then it is killed."""


class TrackWorker(SubscriberProcess[msgspec.Struct]):
    """One worker, from before its process runs to after its end."""

    def __init__(self, transport: TransportKey, begin: Route) -> None:
        super().__init__(begin)
        self.transport = transport
        self.stopped = asyncio.Event()

    @property
    def names(self) -> dict[str, object]:
        """What lines of the log about it carry."""
        return {"meeting_id": self.meeting_id, "worker": f"{self.transport.purpose}.{self.transport.generation}"}


Worker = TypeVar("Worker", bound=TrackWorker)
Worker_contra = TypeVar("Worker_contra", bound=TrackWorker, contravariant=True)


class WorkerListener(Protocol[Worker_contra]):
    """Who is told what becomes of workers."""

    def worker_ready(self, worker: Worker_contra) -> None:
        """It takes packets."""

    def worker_lost(self, worker: Worker_contra) -> None:
        """It has ended, and was not told to."""

    def worker_ended(self, worker: Worker_contra) -> None:
        """It has ended, as it was told to."""


class TrackWorkers(Generic[Worker]):
    """All of one kind on a node. Must be used from the event loop's thread."""

    def __init__(
        self,
        listener: WorkerListener[Worker],
        *,
        module: str,
        decoder: msgspec.json.Decoder[Any],
        progress: Callable[[Worker, Any], None],
        lost: Counter,
    ) -> None:
        """``module``: runs in their processes, and says `Ready`, `Failed` and what ``progress`` is told of.

        ``lost`` counts those that end by themselves.
        """
        self._listener = listener
        self._module = module
        self._decoder = decoder
        self._progress = progress
        self._lost = lost
        self._running: dict[Worker, asyncio.Task[None]] = {}

    def start(self, worker: Worker) -> None:
        """Its process starts soon."""
        self._running[worker] = asyncio.get_running_loop().create_task(self._run(worker))

    @property
    def processes(self) -> list[int]:
        """Those that run, by id."""
        return [each.process.pid for each in self._running if each.process is not None]

    async def close(self) -> None:
        """Ends all."""
        for worker in self._running:
            worker.stopped.set()
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def _run(self, worker: Worker) -> None:
        reason: str | None = "it was lost"
        try:
            async with running(self._module, niceness=NICENESS, stdin=PIPE, stdout=PIPE) as process:
                worker.runs(process)
                reason = await until_end(process, self._listen(worker, process), worker.stopped, end_s=END_S)
        except OSError as error:
            reason = str(error)
        finally:
            del self._running[worker]
            if worker.stopped.is_set():
                self._listener.worker_ended(worker)
            else:
                self._lost.inc()
                logger.warning("a worker was lost", extra=worker.names | {"reason": reason})
                self._listener.worker_lost(worker)

    async def _listen(self, worker: Worker, process: Process) -> str:
        reason = "it was lost"
        try:
            async with asyncio.timeout(START_S) as patience:
                async for message in said(process, self._decoder):
                    if isinstance(message, Ready):
                        patience.reschedule(None)
                        self._listener.worker_ready(worker)
                    elif isinstance(message, Failed):
                        reason = message.reason
                    else:
                        self._progress(worker, message)
        except TimeoutError:
            return "it did not start"
        return reason
