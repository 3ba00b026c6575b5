"""The transcoders' processes: starts them, talks to them, and ends them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from asyncio.subprocess import PIPE, Process
from typing import Protocol

from media_fleet.adapters.own_modules import NICENESS, running
from media_fleet.adapters.subscriber_process import START_S, SubscriberProcess, said
from media_fleet.domain.effects import TransportKey
from media_fleet.metrics import (
    TRANSCODED_PICTURES,
    TRANSCODED_SOUND,
    TRANSCODERS_LOST,
    TRANSCODING_BUSY,
    TRANSCODING_DELAY,
)
from media_fleet.transcoder.protocol import (
    Begin,
    Failed,
    Progress,
    Rate,
    Ready,
    from_transcoder,
)

logger = logging.getLogger(__name__)

END_S = 2.0
"""Until one has ended that is told to; then it is killed."""


class TranscoderListener(Protocol):
    """Who is told what becomes of transcoders."""

    def transcoder_ready(self, transcoder: TranscoderProcess) -> None:
        """It takes packets."""

    def transcoder_lost(self, transcoder: TranscoderProcess) -> None:
        """It has ended, and was not told to."""

    def transcoder_ended(self, transcoder: TranscoderProcess) -> None:
        """It has ended, as it was told to."""


class TranscoderProcess(SubscriberProcess[Rate]):
    """One transcoder, from before its process runs to after its end."""

    def __init__(self, transport: TransportKey, begin: Begin) -> None:
        super().__init__(begin)
        self.transport = transport
        self.track_id = begin.track_id
        self.needed_bps = 0
        """What its picture would take if nothing limited it."""
        self.limit_bps = 0
        """What it was told last; 0: nothing."""
        self.stopped = asyncio.Event()

    def limit(self, bits_per_s: int) -> None:
        """So much may its picture take at the most."""
        self.limit_bps = bits_per_s
        self.tell(Rate(bits_per_s=bits_per_s))


class TranscoderProcesses:
    """All transcoders of a node. Must be used from the event loop's thread."""

    def __init__(self, listener: TranscoderListener) -> None:
        self._listener = listener
        self._running: dict[TranscoderProcess, asyncio.Task[None]] = {}

    def start(self, transcoder: TranscoderProcess) -> None:
        """Its process starts soon."""
        self._running[transcoder] = asyncio.get_running_loop().create_task(self._run(transcoder))

    @property
    def processes(self) -> list[int]:
        """Those that run, by id."""
        return [each.process.pid for each in self._running if each.process is not None]

    async def close(self) -> None:
        """Ends all."""
        for transcoder in self._running:
            transcoder.stopped.set()
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def _run(self, transcoder: TranscoderProcess) -> None:
        reason: str | None = "it was lost"
        try:
            async with running("media_fleet.transcoder.worker", niceness=NICENESS, stdin=PIPE, stdout=PIPE) as process:
                transcoder.runs(process)
                reason = await self._until_end(transcoder, process)
        except OSError as error:
            reason = str(error)
        finally:
            del self._running[transcoder]
            if transcoder.stopped.is_set():
                self._listener.transcoder_ended(transcoder)
            else:
                TRANSCODERS_LOST.inc()
                names = {"meeting_id": transcoder.meeting_id, "track_id": transcoder.track_id}
                logger.warning("a transcoder was lost", extra=names | {"reason": reason})
                self._listener.transcoder_lost(transcoder)

    async def _until_end(self, transcoder: TranscoderProcess, process: Process) -> str | None:
        """Hears a transcoder out until it ends, or is to."""
        stopped = asyncio.ensure_future(transcoder.stopped.wait())
        listening = asyncio.ensure_future(self._listen(transcoder, process))
        try:
            await asyncio.wait((stopped, listening), return_when=asyncio.FIRST_COMPLETED)
            if not listening.done() and process.stdin is not None:
                process.stdin.close()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(process.wait(), END_S)
                return None
            return await listening
        finally:
            stopped.cancel()
            listening.cancel()

    async def _listen(self, transcoder: TranscoderProcess, process: Process) -> str:
        reason = "it was lost"
        try:
            async with asyncio.timeout(START_S) as patience:
                async for message in said(process, from_transcoder):
                    if isinstance(message, Ready):
                        patience.reschedule(None)
                        self._listener.transcoder_ready(transcoder)
                    elif isinstance(message, Progress):
                        self._count(transcoder, message)
                    elif isinstance(message, Failed):
                        reason = message.reason
        except TimeoutError:
            return "it did not start"
        return reason

    @staticmethod
    def _count(transcoder: TranscoderProcess, progress: Progress) -> None:
        transcoder.needed_bps = progress.needed_bps
        TRANSCODED_PICTURES.labels("made").inc(progress.pictures)
        TRANSCODED_PICTURES.labels("dropped").inc(progress.dropped)
        TRANSCODED_SOUND.inc(progress.sound_ms / 1000)
        TRANSCODING_DELAY.inc(progress.took_ms / 1000)
        TRANSCODING_BUSY.inc(progress.busy_ms / 1000)
