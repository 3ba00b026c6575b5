"""Starts the processes in the order of what they need, keeps them running, and stops them in reverse."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from infra.local.errors import ProcessFailedError
from infra.local.process import Process, ProcessSpec
from infra.local.terminal import Terminal

_RESTARTS: Final = 5
_WITHIN_S: Final = 60.0
_FIRST_PAUSE_S: Final = 0.5


class Supervisor:
    """The processes of one platform."""

    def __init__(self, specs: Sequence[ProcessSpec], logs: Path, terminal: Terminal, stop: asyncio.Event) -> None:
        self._terminal = terminal
        self._logs = logs
        self._processes = {
            spec.name: Process(spec, logs / f"{spec.name.replace(' ', '-')}.log", terminal.output) for spec in specs
        }
        self._watchers: list[asyncio.Task[None]] = []
        self._stop = stop
        self.failure = ""
        """Why the platform cannot go on; ``stop`` is set then."""

    async def start(self) -> None:
        """Starts everything, in parallel where nothing is needed first.

        Raises:
            ProcessFailedError: one did not become ready. Call `stop` then as well.
        """
        self._logs.mkdir(parents=True, exist_ok=True)
        for log in self._logs.glob("*.log"):
            log.replace(log.with_suffix(".log.1"))
        ready = {name: asyncio.Event() for name in self._processes}
        try:
            async with asyncio.TaskGroup() as group:
                for process in self._processes.values():
                    group.create_task(self._start(process, ready))
        except* ProcessFailedError as failures:
            raise failures.exceptions[0] from None
        self._watchers = [asyncio.create_task(self._watch(process)) for process in self._processes.values()]

    async def _start(self, process: Process, ready: dict[str, asyncio.Event]) -> None:
        for name in process.spec.after:
            await ready[name].wait()
        try:
            await process.start()
        except ProcessFailedError as failure:
            end = "".join(f"\n    {line}" for line in process.last_lines)
            raise ProcessFailedError(f"{failure} The end of {process.log}:{end}") from None
        self._terminal.ready(process.spec.name, "")
        ready[process.spec.name].set()

    async def _watch(self, process: Process) -> None:
        """Starts a process again when it dies, a few times, after longer and longer pauses."""
        deaths: deque[float] = deque()
        while True:
            await process.wait()
            now = time.monotonic()
            deaths.append(now)
            while now - deaths[0] > _WITHIN_S:
                deaths.popleft()
            name = process.spec.name
            self._terminal.problem(
                f"{name} died ({process.exit_reason()}). The end of {process.log}:", process.last_lines
            )
            if len(deaths) > _RESTARTS:
                self.failure = f"{name} keeps dying: {len(deaths)} times within {_WITHIN_S:.0f} s."
                self._stop.set()
                return
            await asyncio.sleep(_FIRST_PAUSE_S * 2 ** (len(deaths) - 1))
            try:
                await process.start()
            except ProcessFailedError:
                process.kill()  # it may hang rather than be gone; either way it counts as another death
                continue
            self._terminal.ready(name, "again")

    async def stop(self) -> None:
        """Stops every process, the ones that others need last."""
        for watcher in self._watchers:
            watcher.cancel()  # nothing is started again from here on
        await asyncio.gather(*self._watchers, return_exceptions=True)
        for level in reversed(self._levels()):
            await asyncio.gather(*(process.stop() for process in level))

    def kill(self) -> None:
        """Ends every process at once."""
        for process in self._processes.values():
            process.kill()

    def _levels(self) -> list[list[Process]]:
        """Processes by how many steps they come after the first ones."""
        depth: dict[str, int] = {}

        def depth_of(name: str) -> int:
            if name not in depth:
                needed = self._processes[name].spec.after
                depth[name] = 1 + max((depth_of(other) for other in needed), default=-1)
            return depth[name]

        levels: list[list[Process]] = [[] for _ in range(1 + max(map(depth_of, self._processes)))]
        for name, process in self._processes.items():
            levels[depth[name]].append(process)
        return levels
