"""The ingesters' processes: starts them, talks to them, and ends them."""

from __future__ import annotations

import asyncio
import logging
import os
from asyncio.subprocess import PIPE, Process
from typing import Protocol

import msgspec

from contracts.ingesting import IngressFailure
from media_fleet.adapters.own_modules import NICENESS, running
from media_fleet.adapters.subscriber_process import said, until_end
from media_fleet.ingester.protocol import (
    Answer,
    Begin,
    Ended,
    Failed,
    Live,
    Offered,
    Progress,
    Pushed,
    from_ingester,
)
from media_fleet.metrics import INGESTED_PICTURES, INGESTED_SOUND, INGESTING_BUSY

logger = logging.getLogger(__name__)

BEGIN_S = 60.0
"""Until one has offered something; it gives up before that by itself."""
END_S = 3.0
"""Until one has ended that is told to; then it is killed."""
_encoder = msgspec.json.Encoder()


class IngesterListener(Protocol):
    """Who is told what becomes of ingesters."""

    def ingester_offers(self, ingester: IngesterProcess, sdp: str) -> None:
        """There is something to be let in."""

    def ingester_live(self, ingester: IngesterProcess) -> None:
        """It is in the meeting."""

    def ingester_ended(self, ingester: IngesterProcess, reason: IngressFailure | None) -> None:
        """Its process is gone. ``reason``: why its stream is; None: it has come to its end."""


class IngesterProcess:
    """One ingester, from before its process runs to after its end."""

    def __init__(self, begin: Begin) -> None:
        self.begin = begin
        self.process: Process | None = None
        self.stopped = asyncio.Event()

    def answer(self, sdp: str) -> None:
        """What it has offered is let in."""
        if self.process is not None and self.process.stdin is not None and not self.process.stdin.is_closing():
            self.process.stdin.write(_encoder.encode(Answer(sdp=sdp)) + b"\n")


class Ingesters:
    """All ingesters of a node. Must be used from the event loop's thread."""

    def __init__(self, listener: IngesterListener) -> None:
        self._listener = listener
        self._running: dict[IngesterProcess, asyncio.Task[None]] = {}

    def __len__(self) -> int:
        return len(self._running)

    def start(self, begin: Begin) -> IngesterProcess:
        """An ingester, whose process starts soon. What it inherits is its own from now on."""
        ingester = IngesterProcess(begin)
        self._running[ingester] = asyncio.get_running_loop().create_task(self._run(ingester))
        return ingester

    @property
    def processes(self) -> list[int]:
        """Those that run, by id."""
        return [each.process.pid for each in self._running if each.process is not None]

    async def close(self) -> None:
        """Ends all."""
        for ingester in self._running:
            ingester.stopped.set()
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def _run(self, ingester: IngesterProcess) -> None:
        source = ingester.begin.source
        descriptors = (source.descriptor,) if isinstance(source, Pushed) else ()
        reason: IngressFailure | None = IngressFailure.LOST
        try:
            if ingester.stopped.is_set():  # before it has begun
                reason = None
                return
            module = "media_fleet.ingester.worker"
            async with running(module, niceness=NICENESS, stdin=PIPE, stdout=PIPE, pass_fds=descriptors) as process:
                for descriptor in descriptors:
                    os.close(descriptor)
                descriptors = ()
                ingester.process = process
                if process.stdin is not None:
                    process.stdin.write(_encoder.encode(ingester.begin) + b"\n")
                reason = await until_end(process, self._listen(ingester, process), ingester.stopped, end_s=END_S)
        except OSError as error:
            logger.error("an ingester was not started", extra={"reason": error.strerror})  # noqa: TRY400
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
            del self._running[ingester]
            self._listener.ingester_ended(ingester, reason)

    async def _listen(self, ingester: IngesterProcess, process: Process) -> IngressFailure | None:
        reason: IngressFailure | None = IngressFailure.LOST
        try:
            async with asyncio.timeout(BEGIN_S) as patience:
                async for message in said(process, from_ingester):
                    if isinstance(message, Offered):
                        patience.reschedule(None)
                        self._listener.ingester_offers(ingester, message.sdp)
                    elif isinstance(message, Live):
                        self._listener.ingester_live(ingester)
                    elif isinstance(message, Progress):
                        _count(message)
                    elif isinstance(message, Failed):
                        reason = message.reason
                    elif isinstance(message, Ended):
                        reason = None
        except TimeoutError:
            return IngressFailure.LOST
        return reason


def _count(progress: Progress) -> None:
    INGESTED_PICTURES.labels("sent").inc(progress.pictures)
    INGESTED_PICTURES.labels("dropped").inc(progress.dropped)
    INGESTED_SOUND.inc(progress.sound_ms / 1000)
    INGESTING_BUSY.inc(progress.busy_ms / 1000)
