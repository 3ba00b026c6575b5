"""Tasks that nobody waits for: kept from being lost, and their failures told."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Iterable
from typing import Any

_log = logging.getLogger(__name__)


CANCEL_AGAIN_S = 0.5


class BackgroundTasks:
    """A set of running tasks. One that fails is logged with its traceback; the others go on."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Runs ``work`` soon."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    async def settle(self, timeout_s: float) -> None:
        """Waits for the tasks to end by themselves, then cancels those that are left."""
        current = asyncio.current_task()
        deadline = asyncio.get_running_loop().time() + timeout_s
        while tasks := {task for task in self._tasks if task is not current}:
            remaining = deadline - asyncio.get_running_loop().time()
            if remaining <= 0:
                break
            await asyncio.wait(tasks, timeout=remaining)
        await ended(tasks)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("a background task failed", exc_info=error)


async def ended(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancels tasks until all have ended.

    Python 3.11's `asyncio.wait_for`, which the Redis client sends with, loses a cancellation that comes in the moment
    in which what it waits for is done (python/cpython#86296).
    """
    pending = {task for task in tasks if not task.done()}
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=CANCEL_AGAIN_S)
