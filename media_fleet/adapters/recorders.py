"""The recorders' processes: starts them, talks to them, and has what they wrote brought to the bucket."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Protocol

from msgspec import Struct

from contracts.recording_manifest import MANIFEST, PartEnd
from media_fleet.adapters.own_modules import NICENESS, running
from media_fleet.adapters.subscriber_process import START_S, SubscriberProcess, said
from media_fleet.domain.effects import RecorderRole
from media_fleet.metrics import (
    COMPOSITE_BEHIND,
    COMPOSITE_PICTURES,
    RECORDED_SECONDS,
    RECORDINGS_FAILED,
    UPLOADS_WAITING,
)
from media_fleet.recorder.protocol import (
    Begin,
    Failed,
    Finish,
    Finished,
    Progress,
    Ready,
    ToRecorder,
    from_recorder,
)
from media_fleet.recorder.upload import waiting

logger = logging.getLogger(__name__)

UPLOADS_AT_ONCE = 4
"""Processes that bring what is finished: while the bucket is away, the others wait without any."""
UPLOAD_AGAIN_S = 30.0
FINISH_S = 20.0
"""Until the recorders of a node that ends have completed their files; then they are killed, and the files are taken as
they are."""


class RecorderStore(Struct, frozen=True, kw_only=True):
    """Where recordings go: a folder while they are made, a bucket then."""

    path: Path
    bucket: str
    endpoint_url: str | None
    min_free_bytes: int = 0
    """What stays free on the folder's disk."""
    piece_s: float = 10.0
    """How often what is being made is brought to the bucket."""

    @property
    def words(self) -> tuple[str, ...]:
        """Where the bucket is, for the processes that bring something to it."""
        return () if self.endpoint_url is None else (self.endpoint_url,)

    def has_room(self) -> bool:
        """Whether anything may be written. A folder that cannot be looked at takes nothing either."""
        try:
            return shutil.disk_usage(self.path).free >= self.min_free_bytes
        except OSError:
            return False


class RecorderListener(Protocol):
    """Who is told what becomes of recorders."""

    def recorder_ready(self, recorder: RecorderProcess) -> None:
        """It may be given tracks."""

    def recorder_ended(self, recorder: RecorderProcess, lost: Lost | None) -> None:
        """Its process is gone. ``lost``: if nobody has told it to finish."""


class Lost(Struct, frozen=True, kw_only=True):
    """Why a recorder has ended that should not have."""

    reason: str
    end: PartEnd = PartEnd.RECORDER_LOST


class RecorderProcess(SubscriberProcess[ToRecorder]):
    """One recorder, from before its process runs to after its end."""

    def __init__(self, begin: Begin) -> None:
        super().__init__(begin)
        self.begin = begin
        self.folder = Path(begin.folder)

    @property
    def recording_id(self) -> str:
        return self.begin.recording_id

    @property
    def role(self) -> RecorderRole:
        """What it makes."""
        if self.begin.composite is None:
            return RecorderRole.TRACKS
        return RecorderRole.AUDIO if self.begin.composite.audio_only else RecorderRole.COMPOSITE

    def tell(self, message: ToRecorder) -> None:
        """Tells it something; what it is told before its process runs waits."""
        self.is_finishing = self.is_finishing or isinstance(message, Finish)
        super().tell(message)


class Recorders:
    """All recorders of a node. Must be used from the event loop's thread."""

    def __init__(self, store: RecorderStore, listener: RecorderListener) -> None:
        self._store = store
        self._listener = listener
        self._recorders: dict[RecorderProcess, asyncio.Task[None]] = {}
        self._uploads: dict[Path, asyncio.Task[None]] = {}
        self._may_upload = asyncio.Semaphore(UPLOADS_AT_ONCE)
        COMPOSITE_BEHIND.set_function(lambda: max((each.behind_ms for each in self._recorders), default=0) / 1000)
        UPLOADS_WAITING.set_function(lambda: len(self._uploads))

    def start(self, begin: Begin) -> RecorderProcess:
        """A recorder, whose process starts soon."""
        recorder = RecorderProcess(begin)
        self._recorders[recorder] = self._spawn(self._run(recorder))
        return recorder

    @property
    def processes(self) -> list[int]:
        """Those that run, by id."""
        return [each.process.pid for each in self._recorders if each.process is not None]

    def upload_what_waits(self) -> None:
        """Brings to the bucket what an earlier process of this node has left."""
        for folder in waiting(self._store.path):
            self.upload(folder)

    async def close(self, patience_s: float) -> None:
        """Has all recorders complete their files, and waits a while for what is on its way to the bucket.

        What is not there by then is brought by the next process that is given this folder.
        """
        for recorder in self._recorders:
            recorder.tell(Finish())
        if self._recorders:
            await asyncio.wait(self._recorders.values(), timeout=FINISH_S)
        if self._uploads:
            await asyncio.wait(self._uploads.values(), timeout=patience_s)
        tasks = [*self._recorders.values(), *self._uploads.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        return asyncio.get_running_loop().create_task(work)

    async def _run(self, recorder: RecorderProcess) -> None:
        names = {"meeting_id": recorder.meeting_id, "recording_id": recorder.recording_id}
        lost: Lost | None = Lost(reason="the recorder did not start")
        try:
            async with running("media_fleet.recorder.worker", niceness=NICENESS, stdin=PIPE, stdout=PIPE) as process:
                recorder.runs(process)
                lost = await self._listen(recorder, process)
        except OSError as error:
            lost = Lost(reason=str(error))
        finally:
            del self._recorders[recorder]
            if recorder.is_finishing and lost is not None:
                logger.warning("a recorder did not finish", extra=names | {"reason": lost.reason})
            elif lost is not None:
                RECORDINGS_FAILED.inc()
                logger.error("a recorder has failed", extra=names | {"reason": lost.reason, "end": lost.end})
            self._listener.recorder_ended(recorder, None if recorder.is_finishing else lost)
            if (recorder.folder / MANIFEST).exists():
                self.upload(recorder.folder)

    async def _listen(self, recorder: RecorderProcess, process: Process) -> Lost | None:
        """Hears a recorder out. None: it has completed its files."""
        lost: Lost | None = Lost(reason="the recorder was lost")
        messages = said(process, from_recorder)
        try:
            async with asyncio.timeout(START_S) as patience:
                async for message in messages:
                    if isinstance(message, Ready):
                        patience.reschedule(None)
                        self._listener.recorder_ready(recorder)
                    elif isinstance(message, Progress):
                        COMPOSITE_PICTURES.labels("drawn").inc(message.pictures)
                        COMPOSITE_PICTURES.labels("dropped").inc(message.dropped)
                        RECORDED_SECONDS.labels(recorder.role).inc(message.recorded_ms / 1000)
                        recorder.behind_ms = message.behind_ms
                    elif isinstance(message, Finished):
                        lost = None
                    elif isinstance(message, Failed):
                        lost = Lost(reason=message.reason, end=message.end)
        except TimeoutError:
            return Lost(reason="the recorder did not start")
        return lost

    def upload(self, folder: Path) -> None:
        """Brings what is in a folder to the bucket, as soon as nobody records there."""
        if folder not in self._uploads:
            self._uploads[folder] = self._spawn(self._uploaded(folder))
            self._uploads[folder].add_done_callback(lambda _: self._uploads.pop(folder, None))

    async def _uploaded(self, folder: Path) -> None:
        while True:
            async with self._may_upload:
                if await self._upload_by_process(folder):
                    return
            await asyncio.sleep(UPLOAD_AGAIN_S)

    async def _upload_by_process(self, folder: Path) -> bool:
        """Whether it has succeeded."""
        store = self._store
        words = (str(store.path), str(folder), store.bucket, str(store.min_free_bytes), *store.words)
        async with running("media_fleet.recorder.upload", *words, stdin=DEVNULL, stdout=DEVNULL) as process:
            await process.wait()
        names = {"meeting_id": folder.parent.parent.name, "recording_id": folder.parent.name}
        if process.returncode == 0:
            logger.info("recording uploaded", extra=names)
        else:
            logger.error("recording not uploaded", extra=names | {"status": process.returncode})
        return process.returncode == 0


def may_write(path: Path) -> bool:
    """Whether recordings can be made in a folder, which is made if it is not there."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(path, os.W_OK | os.X_OK)
