"""The process that brings what a node records to the bucket while it is made: started again whenever it ends."""

from __future__ import annotations

import asyncio
import logging
from asyncio.subprocess import PIPE
from collections.abc import Callable

import msgspec

from media_fleet.adapters.own_modules import running
from media_fleet.adapters.recorders import RecorderStore
from media_fleet.metrics import PIECES, PIECES_BEHIND
from media_fleet.recorder.protocol import Brought, FromCourier, from_courier

logger = logging.getLogger(__name__)

AGAIN_S = 1.0
SILENT_PIECES = 6
"""A part of a lost node of which so many pieces have not come is not made any more."""
MOST_SAID = 64 * 1024 * 1024
"""Octets of a line: all parts that are being made anywhere are in one."""


def silent_s(store: RecorderStore) -> float:
    """For how long no piece comes of a part that is not made any more."""
    return SILENT_PIECES * store.piece_s


class Courier:
    """``unfinished`` is told from time to time which parts have pieces in the bucket."""

    def __init__(self, store: RecorderStore, unfinished: Callable[[tuple[str, ...]], None]) -> None:
        self._store = store
        self._unfinished = unfinished
        self._is_failing = False

    async def run(self) -> None:
        """Works for ever; ends by cancellation."""
        while True:
            try:
                await self._run_process()
            except OSError as error:
                logger.error("the courier cannot be started", extra={"reason": str(error)})  # noqa: TRY400
            else:
                logger.error("the courier has ended")
            await asyncio.sleep(AGAIN_S)

    async def _run_process(self) -> None:
        store = self._store
        words = (str(store.path), store.bucket, str(store.piece_s), str(silent_s(store)), *store.words)
        streams = {"stdin": PIPE, "stdout": PIPE, "limit": MOST_SAID}
        async with running("media_fleet.recorder.courier", *words, **streams) as process:
            try:
                if process.stdout is not None:
                    async for line in process.stdout:
                        self._hear(from_courier.decode(line))
            except (msgspec.DecodeError, ValueError) as error:
                logger.warning("the courier says what is not understood", extra={"reason": str(error)})

    def _hear(self, said: FromCourier) -> None:
        if not isinstance(said, Brought):
            self._unfinished(said.folders)
            return
        PIECES.labels("brought").inc(said.pieces)
        PIECES.labels("failed").inc(said.failures)
        PIECES_BEHIND.set(said.behind)
        if said.failures and not self._is_failing:
            names = {"parts": said.failures, "behind_bytes": said.behind, "reason": said.reason}
            logger.warning("what is recorded cannot be brought to the bucket, and waits", extra=names)
        elif self._is_failing and not said.failures:
            logger.info("what is recorded is brought to the bucket again")
        self._is_failing = said.failures > 0
