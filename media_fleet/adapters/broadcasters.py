"""The broadcasters' processes: starts them, and talks to them."""

from __future__ import annotations

import asyncio
import logging
from asyncio.subprocess import PIPE, Process
from typing import Protocol

from contracts.broadcasting import TargetState
from contracts.rooms import MeetingId
from media_fleet.adapters.own_modules import NICENESS, running
from media_fleet.adapters.subscriber_process import START_S, SubscriberProcess, said
from media_fleet.metrics import BROADCAST_BEHIND, BROADCAST_DROPPED, BROADCAST_SECONDS, COMPOSITE_PICTURES
from media_fleet.recorder.protocol import (
    BeginBroadcast,
    BroadcastReady,
    Failed,
    FinishBroadcast,
    Finished,
    PacketsDropped,
    Progress,
    TargetsChanged,
    ToBroadcaster,
    from_broadcaster,
)

logger = logging.getLogger(__name__)

LINGER_S = 30.0
"""Playlists that have come to their end are served for so long yet: everybody who watches learns of it."""
FINISH_S = 10.0
"""Until broadcasters that are to end at once have told servers so; then they are killed."""


class BroadcasterListener(Protocol):
    """Who is told what becomes of broadcasters."""

    def broadcaster_ready(self, broadcaster: BroadcasterProcess, port: int | None) -> None:
        """It may be given tracks, and serves HLS at a port."""

    def targets_changed(self, broadcaster: BroadcasterProcess, targets: tuple[TargetState, ...]) -> None:
        """Servers were reached or lost."""

    def broadcaster_ended(self, broadcaster: BroadcasterProcess, reason: str) -> None:
        """Its process is gone."""


class BroadcasterProcess(SubscriberProcess[ToBroadcaster]):
    """One broadcaster, from before its process runs to after its end."""

    def __init__(self, begin: BeginBroadcast) -> None:
        super().__init__(begin)
        self.begin = begin
        self.is_cut_short = False

    @property
    def port(self) -> int:
        """Where it was told to serve; 0: at any free port, or nowhere."""
        return 0 if self.begin.origin is None else self.begin.origin.port

    def cut_short(self) -> None:
        """It serves its end no longer."""
        self.is_cut_short = True
        self.finish(0, is_over=True)

    def kill(self) -> None:
        """It has had the time to end by itself."""
        if self.process is not None and self.process.returncode is None:
            self.process.kill()

    def finish(self, linger_s: float, *, is_over: bool) -> None:
        """It is to end, and to serve what there is for so long yet. ``is_over``: playlists say that this was all."""
        self.is_finishing = True
        self.tell(FinishBroadcast(linger_s=linger_s, is_over=is_over))


class Broadcasters:
    """All broadcasters of a node. Must be used from the event loop's thread."""

    def __init__(self, listener: BroadcasterListener) -> None:
        self._listener = listener
        self._broadcasters: dict[BroadcasterProcess, asyncio.Task[None]] = {}
        BROADCAST_BEHIND.set_function(lambda: max((each.behind_ms for each in self._broadcasters), default=0) / 1000)

    def start(self, begin: BeginBroadcast) -> BroadcasterProcess:
        """A broadcaster, whose process starts soon."""
        broadcaster = BroadcasterProcess(begin)
        self._broadcasters[broadcaster] = asyncio.get_running_loop().create_task(self._run(broadcaster))
        return broadcaster

    @property
    def processes(self) -> list[int]:
        """Those that run, by id."""
        return [each.process.pid for each in self._broadcasters if each.process is not None]

    @property
    def ports(self) -> set[int]:
        """Those that are in use, also by those that only serve the end yet."""
        return {each.port for each in self._broadcasters}

    def make_room(self, meeting_id: MeetingId, most: int) -> None:
        """Of those that only serve the end yet, none of the meeting's and no more than ``most`` go on: the oldest end
        at once."""
        lingering = [each for each in self._broadcasters if each.is_finishing and not each.is_cut_short]
        others = [each for each in lingering if each.meeting_id != meeting_id]
        former = [each for each in lingering if each.meeting_id == meeting_id]
        for each in former + others[: max(0, len(others) - most)]:
            each.cut_short()
            asyncio.get_running_loop().call_later(FINISH_S, each.kill)

    async def close(self) -> None:
        """Ends all of them."""
        for broadcaster in self._broadcasters:
            broadcaster.finish(0, is_over=False)
        tasks = list(self._broadcasters.values())
        if tasks:
            await asyncio.wait(tasks, timeout=FINISH_S)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, broadcaster: BroadcasterProcess) -> None:
        names = {"meeting_id": broadcaster.meeting_id, "broadcast_id": broadcaster.begin.broadcast_id}
        reason = "the broadcaster did not start"
        try:
            async with running("media_fleet.broadcaster.worker", niceness=NICENESS, stdin=PIPE, stdout=PIPE) as process:
                broadcaster.runs(process)
                reason = await self._listen(broadcaster, process)
        except OSError as error:
            reason = error.strerror or reason
        finally:
            del self._broadcasters[broadcaster]
            if not broadcaster.is_finishing:
                logger.error("a broadcaster has failed", extra=names | {"reason": reason})
            self._listener.broadcaster_ended(broadcaster, reason)

    async def _listen(self, broadcaster: BroadcasterProcess, process: Process) -> str:
        """Hears a broadcaster out. Why it has ended."""
        reason = "the broadcaster was lost"
        messages = said(process, from_broadcaster)
        try:
            async with asyncio.timeout(START_S) as patience:
                async for message in messages:
                    if isinstance(message, BroadcastReady):
                        patience.reschedule(None)
                        self._listener.broadcaster_ready(broadcaster, message.port)
                    elif isinstance(message, TargetsChanged):
                        self._listener.targets_changed(broadcaster, message.targets)
                    elif isinstance(message, PacketsDropped):
                        BROADCAST_DROPPED.inc(message.packets)
                    elif isinstance(message, Progress):
                        _count(message)
                        broadcaster.behind_ms = message.behind_ms
                    elif isinstance(message, Failed):
                        reason = message.reason
                    elif isinstance(message, Finished):
                        reason = "the broadcaster has ended"
        except TimeoutError:
            return "the broadcaster did not start"
        return reason


def _count(progress: Progress) -> None:
    COMPOSITE_PICTURES.labels("drawn").inc(progress.pictures)
    COMPOSITE_PICTURES.labels("dropped").inc(progress.dropped)
    BROADCAST_SECONDS.inc(progress.recorded_ms / 1000)
