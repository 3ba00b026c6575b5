"""The real platform as a process of its own, on free ports and with data of its own: for tests and measurements.

    with Platform(data=tmp_path / "data") as platform:
        httpx.get(f"{platform.url}/healthz")

Starting takes some seconds: share one where tests do not change each other's outcome.
"""

from __future__ import annotations

import fcntl
import functools
import itertools
import os
import queue
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import httpx

ROOT: Final = Path(__file__).resolve().parents[1]
READY: Final = "Parley is ready: "
_PORTS: Final = (20_000, 32_000)
_LOT: Final = 250


class PlatformError(Exception):
    """The platform did not start or stop as it should; the text holds what it printed."""


class Platform:
    """One platform. Ports that are not given are free ones.

    ``environ`` adds settings (``PARLEY_…``) of the platform and of its services. ``web`` is the folder of the built
    page; by default the one that ``make build`` makes.
    """

    def __init__(
        self,
        *,
        data: Path,
        host: str = "",
        port: int | None = None,
        gateway_port: int | None = None,
        media_port: int | None = None,
        mailbox_port: int | None = None,
        web: Path | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.data = data
        self.port = port or free_port(socket.SOCK_STREAM)
        self.gateway_port = gateway_port or free_port(socket.SOCK_STREAM)
        self.media_port = media_port or free_media_port()
        self.mailbox_port = mailbox_port or free_port(socket.SOCK_STREAM)
        self.output: list[str] = []
        self.url = ""
        """The address to open, once it is ready."""
        self._environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PARLEY_")},
            "PARLEY_HOST": host,
            "PARLEY_PORT": str(self.port),
            "PARLEY_GATEWAY_PORT": str(self.gateway_port),
            "PARLEY_MEDIA_PORT": str(self.media_port),
            "PARLEY_MAILBOX_PORT": str(self.mailbox_port),
            "PARLEY_DATA": str(data),
            # Tests and measurements come from one address.
            "PARLEY_AUTH_LIMIT_LOGIN": "100000/60",
            "PARLEY_AUTH_LIMIT_REGISTER": "100000/60",
            "PARLEY_AUTH_LIMIT_REFRESH": "100000/60",
            "PARLEY_MEETINGS_LIMIT_ADDRESS": "100000/60",
            "PARLEY_MEETINGS_LIMIT_JOIN": "100000/60",
            "PARLEY_MEETINGS_LIMIT_CREATE": "100000/60",
            **({"PARLEY_WEB": str(web)} if web else {}),
            **(environ or {}),
        }
        self._process: subprocess.Popen[str] | None = None
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread()

    def start(self, *, within_s: float = 90) -> Platform:
        """Starts it and waits until it is ready.

        Raises:
            PlatformError: it ended, or is not ready in time.
        """
        self.spawn()
        self.url = self.wait_for_line(READY, within_s=within_s).partition(READY)[2].strip()
        return self

    def spawn(self) -> None:
        """Starts it without waiting."""
        self.output.clear()
        self._lines = queue.Queue()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "infra.local"],
            cwd=ROOT,
            env=self._environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, args=(self._process, self._lines), daemon=True)
        self._reader.start()

    def wait_for_line(self, text: str, *, within_s: float = 30) -> str:
        """The next line of output that holds ``text``.

        Raises:
            PlatformError: it ended, or nothing came in time.
        """
        deadline = time.monotonic() + within_s
        while True:
            try:
                line = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise PlatformError(f"{text!r} did not come within {within_s} s:\n{self.printed}") from None
            if line is None:
                raise PlatformError(f"the platform ended before {text!r} came:\n{self.printed}")
            if text in line:
                return line

    def wait(self, *, within_s: float = 30) -> int:
        """The exit code, once it has ended by itself."""
        code = self.process.wait(timeout=within_s)
        self._reader.join(within_s)
        return code

    def stop(self, *, with_signal: int = signal.SIGINT, within_s: float = 30) -> int:
        """Stops it as Ctrl-C does, and returns the exit code. A platform that has ended is left alone.

        Raises:
            PlatformError: it is still there after ``within_s``; it was killed then.
        """
        if self._process is None:
            return 0
        if self._process.poll() is None:
            self._process.send_signal(with_signal)
        try:
            return self.wait(within_s=within_s)
        except subprocess.TimeoutExpired:
            self.kill()
            raise PlatformError(f"the platform did not stop within {within_s} s:\n{self.printed}") from None

    def kill(self) -> None:
        """Ends the supervisor at once (SIGKILL), as a crash would."""
        self.process.kill()
        self.wait()

    @property
    def process(self) -> subprocess.Popen[str]:
        """The supervisor."""
        if self._process is None:
            raise PlatformError("the platform has not been started")
        return self._process

    def invoke(self, function: str, event: object) -> Any:
        """What a function answers, such as ``parley-auth-appoint``: as services on this machine invoke it.

        Raises:
            PlatformError: it failed.
        """
        internal = environ_of(self.process_of("signaling_gateway.main"))["PARLEY_GATEWAY_LAMBDA_ENDPOINT_URL"]
        answer = httpx.post(f"{internal}/2015-03-31/functions/{function}/invocations", json=event, timeout=30)
        if answer.status_code != 200 or "X-Amz-Function-Error" in answer.headers:
            raise PlatformError(f"{function} has failed: {answer.text}")
        return answer.json()

    def children(self) -> dict[int, str]:
        """Its processes' ids and command lines."""
        listing = subprocess.run(["ps", "-axo", "pid=,ppid=,command="], check=True, capture_output=True, text=True)
        rows = [line.split(maxsplit=2) for line in listing.stdout.splitlines()]
        return {int(row[0]): row[2] for row in rows if len(row) == 3 and int(row[1]) == self.process.pid}

    def process_of(self, module: str) -> int:
        """The id of the one process that runs a module, such as ``media_fleet.main``."""
        [process] = [pid for pid, command in self.children().items() if module in command]
        return process

    @property
    def printed(self) -> str:
        """All that it printed so far."""
        return "\n".join(self.output)

    def log(self, name: str) -> str:
        """The log of one of its processes, such as ``gateway`` or ``media-node``."""
        return (self.data / "logs" / f"{name}.log").read_text()

    def _read(self, process: subprocess.Popen[str], lines: queue.Queue[str | None]) -> None:
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                self.output.append(line.rstrip("\n"))
                lines.put(line.rstrip("\n"))
        lines.put(None)

    def __enter__(self) -> Platform:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class Watch:
    """Watches processes from now on; needs Linux (pidfd_open(2)), so that no other process is mistaken for them."""

    def __init__(self, pids: Iterable[int]) -> None:
        self._open = {os.pidfd_open(pid): pid for pid in pids}

    def left_after(self, seconds: float) -> list[int]:
        """Waits until all of them have ended, for so long at most, and names those that have not."""
        deadline = time.monotonic() + seconds
        while self._open:
            ended, _, _ = select.select(list(self._open), [], [], max(0.0, deadline - time.monotonic()))
            if not ended:
                break
            for descriptor in ended:
                del self._open[descriptor]
                os.close(descriptor)
        return list(self._open.values())


def environ_of(process: int) -> dict[str, str]:
    """The environment that a process was started with."""
    lines = Path(f"/proc/{process}/environ").read_text().split("\0")
    return dict(line.split("=", 1) for line in lines if "=" in line)


def free_port(kind: int) -> int:
    return _free_port((kind,))


def free_media_port() -> int:
    """One that is free for UDP and for TCP."""
    return _free_port((socket.SOCK_DGRAM, socket.SOCK_STREAM))


@functools.cache
def _lot() -> Iterator[int]:
    """Ports for this process alone, one after the other, for ever. None of those that the system gives to connections:
    until one is used, nobody else may take it."""
    for first in range(*_PORTS, _LOT):
        path = Path(tempfile.gettempdir()) / f"parley-ports-{os.getuid()}-{first}"
        lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)  # until the process ends, however it does
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            continue
        return itertools.cycle(range(first, first + _LOT))
    raise PlatformError("other processes that run tests have all ports")


def _free_port(kinds: Iterable[int]) -> int:
    for port in _lot():
        try:
            for kind in kinds:
                with socket.socket(socket.AF_INET, kind) as probe:
                    probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        return port
    raise AssertionError("a cycle has no end")
