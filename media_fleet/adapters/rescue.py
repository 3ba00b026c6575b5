"""Finishes what nodes that are lost were recording, with what they had brought to the bucket.

A claim in Redis keeps two nodes from the same part. It is renewed while a part is put together here and until it is in
the bucket, and ends soon after a node that does neither.
"""

from __future__ import annotations

import asyncio
import logging
import time
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import redis.asyncio
from msgspec import Struct
from redis.exceptions import RedisError

from contracts import redis_names
from contracts.recording_manifest import COMPOSITE_PART, RESUMED_PART, finished_part, unfinished
from contracts.rooms import NodeId
from media_fleet.adapters.courier import silent_s
from media_fleet.adapters.endings import all_ended
from media_fleet.adapters.own_modules import running
from media_fleet.adapters.recorders import RecorderStore
from media_fleet.metrics import RECORDINGS_RESCUED
from media_fleet.recorder.pieces import RESCUED
from media_fleet.recorder.restore import NOT_YET, RESTORED
from media_fleet.recorder.upload import waiting

logger = logging.getLogger(__name__)

RENEWALS = 3
"""So often a claim is renewed in its life."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 60.0, 6 * 3_600.0
"""Until a part is tried again that could not be put together here: each pause is twice the one before."""


class _Failure(Struct, frozen=True, kw_only=True):
    """That a part could not be put together here, how long it rests, and when that is over on a monotonic clock."""

    pause_s: float
    again_at: float


class Rescue:
    """``upload`` brings a folder to the bucket. One part is rescued at a time: nobody waits for it."""

    def __init__(
        self, client: redis.asyncio.Redis, store: RecorderStore, *, node_id: NodeId, upload: Callable[[Path], None]
    ) -> None:
        self._client = client
        self._store = store
        self._node_id = node_id
        self._upload = upload
        self._task: asyncio.Task[None] | None = None
        self._claims: dict[str, Path] = {}
        """What is this node's, and the folder that is there until it is in the bucket."""
        self._keeper: asyncio.Task[None] | None = None
        self._restoring: str | None = None
        self._failures: dict[str, _Failure] = {}
        self._is_stepping_back = False

    def consider(self, folders: tuple[str, ...]) -> None:
        """``folders``: what the names of pieces in the bucket begin with, for each part. Those that somebody makes, or
        has on a disk here, are left alone."""
        if not self._is_stepping_back and (self._task is None or self._task.done()):
            self._task = asyncio.get_running_loop().create_task(self._rescue_all(folders))

    async def step_back(self) -> None:
        """Begins nothing more, and claims what this node has on its disk: it finishes that without a lease."""
        self._is_stepping_back = True
        await all_ended(task for task in (self._task,) if task is not None)
        root = self._store.path
        for folder in waiting(root):
            name = unfinished(f"{folder.parent.relative_to(root).as_posix()}/", folder.name)
            try:
                await self._claim(name, folder)
            except (RedisError, OSError) as error:
                logger.warning("what is recorded here is not claimed", extra={"reason": str(error)})
                return

    async def close(self) -> None:
        """Whoever comes next begins anew with what is not done."""
        await all_ended(task for task in (self._task, self._keeper) if task is not None)
        with suppress(RedisError, OSError):  # then they end by themselves
            for name in list(self._claims):
                await self._release(name)

    async def _rescue_all(self, folders: tuple[str, ...]) -> None:
        self._failures = {name: known for name, known in self._failures.items() if name in folders}
        for name in folders:
            place = finished_part(name)
            if place is None:
                continue
            meeting_id, recording_id, part = place
            folder = self._store.path / meeting_id / recording_id / part
            try:
                await self._rescue_if_lost(name, folder)
            except (RedisError, OSError) as error:
                # Without Redis nobody knows who is alive. The next look is soon.
                logger.warning("recordings of lost nodes are not looked after", extra={"reason": str(error)})
                return

    async def _rescue_if_lost(self, name: str, folder: Path) -> None:
        if _is_here(folder):
            if _is_here(folder / RESCUED):  # before this process began, perhaps
                await self._claim(name, folder)
            return
        failure = self._failures.get(name)
        if failure is not None and time.monotonic() < failure.again_at:
            return
        if not await self._is_lost(folder.name) or not await self._claim(name, folder):
            return
        self._restoring = name
        try:
            await self._rescue(name, folder)
        finally:
            self._restoring = None
            if not _is_here(folder):
                await self._release(name)

    async def _is_lost(self, part: str) -> bool:
        """Whether the node that made a part is; this one has no such folder, so it is lost with its disk."""
        maker = NodeId(part.partition("-")[2].removesuffix(COMPOSITE_PART).removesuffix(RESUMED_PART))
        return maker == self._node_id or not await self._client.exists(redis_names.node_lease(maker))

    async def _rescue(self, name: str, folder: Path) -> None:
        names = {"meeting_id": folder.parent.parent.name, "recording_id": folder.parent.name, "part": folder.name}
        store = self._store
        words = (
            str(store.path),
            str(folder),
            store.bucket,
            str(silent_s(store)),
            str(store.min_free_bytes),
            *store.words,
        )
        streams = {"stdin": DEVNULL, "stdout": DEVNULL, "stderr": PIPE}
        async with running("media_fleet.recorder.restore", *words, **streams) as process:
            _, said = await process.communicate()
        if process.returncode == RESTORED:
            RECORDINGS_RESCUED.labels("restored").inc()
            logger.warning("a part of a recording of a lost node is put together from its pieces", extra=names)
            self._upload(folder)
        elif process.returncode != NOT_YET:
            RECORDINGS_RESCUED.labels("failed").inc()
            pause_s = self._rest(name)
            reason = said.decode(errors="replace").strip()[-500:]
            failed = {"reason": reason, "again_in_s": pause_s}
            logger.error("a part of a recording of a lost node is not put together", extra=names | failed)

    def _rest(self, name: str) -> float:
        """Another node may try at once: it has another disk. For how many seconds this one does not."""
        known = self._failures.get(name)
        pause_s = FIRST_PAUSE_S if known is None else min(2 * known.pause_s, LONGEST_PAUSE_S)
        self._failures[name] = _Failure(pause_s=pause_s, again_at=time.monotonic() + pause_s)
        return pause_s

    # ---- claims ----

    async def _claim(self, name: str, folder: Path) -> bool:
        """Whether no other node is about it. If so, none will be before it is in the bucket."""
        key, life_ms = redis_names.recording_rescue(name), redis_names.RECORDING_RESCUE_MS
        if not await self._client.set(key, self._node_id, nx=True, px=life_ms) and not await self._is_mine(key):
            return False
        self._claims[name] = folder
        if self._keeper is None or self._keeper.done():
            self._keeper = asyncio.get_running_loop().create_task(self._keep_claims())
        return True

    async def _is_mine(self, key: str) -> bool:
        return bool(await self._client.get(key) == self._node_id.encode())

    async def _keep_claims(self) -> None:
        while self._claims:
            await asyncio.sleep(redis_names.RECORDING_RESCUE_MS / 1000 / RENEWALS)
            for name, folder in list(self._claims.items()):
                try:
                    await self._keep(name, folder)
                except (RedisError, OSError) as error:
                    logger.warning("claims of recordings not renewed", extra={"reason": str(error)})
                    break

    async def _keep(self, name: str, folder: Path) -> None:
        if name != self._restoring and not _is_here(folder):
            await self._release(name)
            return
        key, life_ms = redis_names.recording_rescue(name), redis_names.RECORDING_RESCUE_MS
        if await self._is_mine(key):
            await self._client.pexpire(key, life_ms)
        elif not await self._client.set(key, self._node_id, nx=True, px=life_ms):
            # Redis was away for long. Two that finish the same part do no harm: neither replaces what is there.
            logger.warning("another node is about the same part", extra={"part": folder.name})
            self._claims.pop(name, None)

    async def _release(self, name: str) -> None:
        if self._claims.pop(name, None) is not None:
            key = redis_names.recording_rescue(name)
            if await self._is_mine(key):
                await self._client.delete(key)


def _is_here(path: Path) -> bool:
    return path.exists()
