"""One child process: started, watched through its output, stopped; it never outlives the supervisor."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final

from msgspec import Struct

from infra.local.errors import ProcessFailedError

_LAST_LINES: Final = 12
_LOG_LIMIT: Final = 16 * 1024 * 1024
_PR_SET_PDEATHSIG: Final = 1
_PROBE_EVERY_S: Final = 0.05
_LINE_LIMIT: Final = 64 * 1024
"""A longer line is shown cut; the log has all of it."""


class ProcessSpec(Struct, frozen=True, kw_only=True):
    """What to run. ``ready`` asks once whether it is up; ``after`` names processes that must be ready first."""

    name: str
    command: tuple[str, ...]
    environ: Callable[[], Mapping[str, str]]
    """Asked when the process starts, since it may hold what earlier processes provide."""
    ready: Callable[[], Awaitable[bool]]
    after: tuple[str, ...] = ()
    start_within_s: float = 60
    stop_within_s: float = 5


class Process:
    """A running (or ended) child. Its output goes to ``log``; ``on_line`` sees each line too."""

    def __init__(self, spec: ProcessSpec, log: Path, on_line: Callable[[str, str], None]) -> None:
        self.spec = spec
        self.log = log
        self._on_line = on_line
        self._last: deque[str] = deque(maxlen=_LAST_LINES)
        self._child: asyncio.subprocess.Process | None = None
        self._pump: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        return None if self._child is None else self._child.pid

    @property
    def is_running(self) -> bool:
        return self._child is not None and self._child.returncode is None

    @property
    def last_lines(self) -> tuple[str, ...]:
        """The end of its output."""
        return tuple(self._last)

    async def start(self) -> None:
        """Starts it and waits until it is ready.

        Raises:
            ProcessFailedError: it ended, or is not ready in time.
        """
        self._child = await asyncio.create_subprocess_exec(
            *self.spec.command,
            env=dict(self.spec.environ()),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is the supervisor's alone: it stops the processes in order
            preexec_fn=_dies_with(os.getpid()),
        )
        self._pump = asyncio.create_task(self._read_output(self._child))
        ended = asyncio.create_task(self._child.wait())
        try:
            async with asyncio.timeout(self.spec.start_within_s):
                while not await self.spec.ready():
                    await asyncio.wait([ended], timeout=_PROBE_EVERY_S)
                    if ended.done():
                        raise ProcessFailedError(f"{self.spec.name} ended at its start ({self.exit_reason()}).")
        except TimeoutError:
            raise ProcessFailedError(
                f"{self.spec.name} was not ready within {self.spec.start_within_s:.0f} s."
            ) from None
        finally:
            ended.cancel()

    async def wait(self) -> None:
        """Returns when it has ended and all of its output is written."""
        if self._child is not None:
            await self._child.wait()
        if self._pump is not None:
            await self._pump

    def exit_reason(self) -> str:
        """How it ended, in words."""
        code = None if self._child is None else self._child.returncode
        if code is None:
            return "still running"
        if code < 0:
            return f"killed by {signal.Signals(-code).name}"
        return f"exit code {code}"

    async def stop(self) -> None:
        """Asks it to end; takes it down when it does not in time."""
        self._signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(self.spec.stop_within_s):
                await self.wait()
        except TimeoutError:
            self.kill()
            await self.wait()

    def kill(self) -> None:
        """Ends it and all that it started."""
        if self._child is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._child.pid, signal.SIGKILL)

    def _signal(self, number: int) -> None:
        if self.is_running and self._child is not None:
            with contextlib.suppress(ProcessLookupError):
                self._child.send_signal(number)

    async def _read_output(self, child: asyncio.subprocess.Process) -> None:
        if child.stdout is None:
            return
        rest = b""
        with self.log.open("ab", buffering=0) as file:
            written = file.tell()
            while chunk := await child.stdout.read(65_536):
                if written + len(chunk) > _LOG_LIMIT:
                    self.log.with_suffix(".log.1").write_bytes(self.log.read_bytes())
                    file.truncate(0)
                    written = 0
                file.write(chunk)
                written += len(chunk)
                *lines, rest = (rest + chunk).split(b"\n")
                self._note(lines)
                rest = rest[-_LINE_LIMIT:]
        self._note([rest] if rest else [])

    def _note(self, lines: list[bytes]) -> None:
        for line in lines:
            text = line.decode("utf-8", "replace").rstrip("\r")
            self._last.append(text[:2000])
            self._on_line(self.spec.name, text)


def _dies_with(parent: int) -> Callable[[], None] | None:
    """On Linux: the kernel kills the child when the supervisor is gone, however it went (prctl(2))."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def prepare() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it went in between
            os._exit(1)

    return prepare
