"""The recorders' processes: starts them, talks to them, and has what they wrote brought to the bucket."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Coroutine
from pathlib import Path
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from contracts.recording_manifest import MANIFEST
from contracts.rooms import MeetingId
from media_fleet.metrics import RECORDINGS_FAILED, UPLOADS_WAITING
from media_fleet.recorder.protocol import (
    Begin,
    Failed,
    Finish,
    Finished,
    FromRecorder,
    Ready,
    ToRecorder,
    encoder,
    from_recorder,
)
from media_fleet.recorder.upload import waiting

logger = logging.getLogger(__name__)

START_S = 15.0
"""Until a recorder says that it is ready: a machine that takes longer has no room for one."""
FINISH_S = 20.0
"""Until a recorder has completed its files; then it is killed, and the files are taken as they are."""


class RecorderStore(Struct, frozen=True, kw_only=True):
    """Where recordings go: a folder while they are made, a bucket then."""

    path: Path
    bucket: str
    endpoint_url: str | None
    min_free_bytes: int = 0
    """What stays free on the folder's disk."""

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

    def recorder_ended(self, recorder: RecorderProcess, reason: str | None) -> None:
        """Its process is gone. ``reason``: why, if nobody has told it to finish."""


class RecorderProcess:
    """One recorder, from before its process runs to after its end."""

    def __init__(self, begin: Begin) -> None:
        self.begin = begin
        self.folder = Path(begin.folder)
        self.process: Process | None = None
        self._waiting: list[ToRecorder] = [begin]
        self.is_finishing = False

    @property
    def meeting_id(self) -> MeetingId:
        return self.begin.meeting_id

    @property
    def recording_id(self) -> str:
        return self.begin.recording_id

    def tell(self, message: ToRecorder) -> None:
        """Tells it something; what it is told before its process runs waits."""
        self.is_finishing = self.is_finishing or isinstance(message, Finish)
        if self.process is None or self.process.stdin is None:
            self._waiting.append(message)
        elif not self.process.stdin.is_closing():
            self.process.stdin.write(encoder.encode(message) + b"\n")

    def runs(self, process: Process) -> None:
        """Its process runs."""
        self.process = process
        waiting, self._waiting = self._waiting, []
        for message in waiting:
            self.tell(message)


class Recorders:
    """All recorders of a node. Must be used from the event loop's thread."""

    def __init__(self, store: RecorderStore, listener: RecorderListener) -> None:
        self._store = store
        self._listener = listener
        self._recorders: dict[RecorderProcess, asyncio.Task[None]] = {}
        self._uploads: dict[Path, asyncio.Task[None]] = {}
        UPLOADS_WAITING.set_function(lambda: len(self._uploads))

    def folder_of(self, meeting_id: MeetingId, recording_id: str, segment: str) -> Path:
        """Where a recorder's files go; below the store's path it is what their names in the bucket begin with."""
        return self._store.path / meeting_id / recording_id / segment

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
            self._upload(folder)

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
        reason: str | None = "the recorder did not start"
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "media_fleet.recorder.worker", stdin=PIPE, stdout=PIPE
            )
            try:
                recorder.runs(process)
                reason = await self._listen(recorder, process)
            finally:
                if process.returncode is None:
                    process.kill()
                await process.wait()
        except OSError as error:
            reason = str(error)
        finally:
            del self._recorders[recorder]
            if recorder.is_finishing and reason is not None:
                logger.warning("a recorder did not finish", extra=names | {"reason": reason})
            elif reason is not None:
                RECORDINGS_FAILED.inc()
                logger.error("a recorder has failed", extra=names | {"reason": reason})
            self._listener.recorder_ended(recorder, None if recorder.is_finishing else reason)
            if (recorder.folder / MANIFEST).exists():
                self._upload(recorder.folder)

    async def _listen(self, recorder: RecorderProcess, process: Process) -> str | None:
        """Hears a recorder out. The reason for its end; None: it has completed its files."""
        reason: str | None = "the recorder was lost"
        said = _said(process)
        try:
            async with asyncio.timeout(START_S) as patience:
                async for message in said:
                    if isinstance(message, Ready):
                        patience.reschedule(None)
                        self._listener.recorder_ready(recorder)
                    elif isinstance(message, Finished):
                        reason = None
                    elif isinstance(message, Failed):
                        reason = message.reason
        except TimeoutError:
            return "the recorder did not start"
        return reason

    def _upload(self, folder: Path) -> None:
        if folder not in self._uploads:
            self._uploads[folder] = self._spawn(self._uploaded(folder))
            self._uploads[folder].add_done_callback(lambda _: self._uploads.pop(folder, None))

    async def _uploaded(self, folder: Path) -> None:
        endpoint = () if self._store.endpoint_url is None else (self._store.endpoint_url,)
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "media_fleet.recorder.upload",
            str(self._store.path),
            str(folder),
            self._store.bucket,
            *endpoint,
            stdin=DEVNULL,
            stdout=DEVNULL,
        )
        try:
            await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        names = {"meeting_id": folder.parent.parent.name, "recording_id": folder.parent.name}
        if process.returncode == 0:
            logger.info("recording uploaded", extra=names)
        else:
            logger.error("recording not uploaded", extra=names | {"status": process.returncode})


async def _said(process: Process) -> AsyncIterator[FromRecorder]:
    if process.stdout is None:
        return
    async for line in process.stdout:
        try:
            yield from_recorder.decode(line)
        except msgspec.DecodeError:
            logger.warning("a recorder says what is not understood")


def may_write(path: Path) -> bool:
    """Whether recordings can be made in a folder, which is made if it is not there."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(path, os.W_OK | os.X_OK)
