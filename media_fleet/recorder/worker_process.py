"""What the processes of a node's workers have in common: what they are told and say, and that packets come first."""

from __future__ import annotations

import contextlib
import os
import resource
import select
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import av
import msgspec

from media_fleet.recorder.path_to_node import RecorderError
from media_fleet.recorder.protocol import encoder

COMPOSERS_NICENESS = 10
"""What is composed may be late, and have fewer pictures; it takes the time that nobody else wants."""
BADNESS = 250
"""Added to what the kernel weighs processes by when memory is short (``oom_score_adj``, -1000 to 1000): a recorder ends
before the node that forwards, and another one goes on."""
COMPOSERS_BADNESS = 500
TICK_S = 0.02
Message = TypeVar("Message")
First = TypeVar("First")
_saying = threading.Lock()


class Worker(Protocol):
    """What a process is for."""

    @property
    def descriptor(self) -> int:
        """Of the socket on which packets come."""

    def work(self) -> None:
        """Takes what has come, and asks for what has not."""


class Input(Generic[Message]):
    """Messages from standard input, without waiting for any."""

    def __init__(self, decoder: msgspec.json.Decoder[Message]) -> None:
        self.descriptor = sys.stdin.fileno()
        self._decoder = decoder
        self._begun = b""
        self._waiting: list[Message] = []
        self.has_ended = False

    def read(self) -> Iterator[Message]:
        """What has come. Called when there is something."""
        data = os.read(self.descriptor, 65_536)
        self.has_ended = not data
        *lines, self._begun = (self._begun + data).split(b"\n")
        return (self._decoder.decode(line) for line in lines)

    def first(self, kind: type[First], refusal: str) -> First:
        """The message that all begins with, once it has come.

        Raises:
            RecorderError: another one has come, or the input has ended (``refusal`` says what there is not to do).
        """
        while not self._waiting and not self.has_ended:
            self._waiting += self.read()
        first = self._waiting.pop(0) if self._waiting else None
        if not isinstance(first, kind):
            raise RecorderError(refusal)
        return first

    def beside(self, worker: Worker, *, tick_s: float = TICK_S) -> Iterator[Message]:
        """Has a worker work until the input ends, so often at least; what comes meanwhile, in its order."""
        while not self.has_ended:
            yield from self._waiting
            worker.work()
            readable, _, _ = select.select([worker.descriptor, self.descriptor], [], [], tick_s)
            self._waiting = list(self.read()) if self.descriptor in readable else []


def say(message: msgspec.Struct) -> None:
    """Tells the node something. By any thread."""
    with _saying, contextlib.suppress(BrokenPipeError):  # the node is gone, and what is made matters
        os.write(sys.stdout.fileno(), encoder.encode(message) + b"\n")


def begin() -> None:
    """To be called first: signals are the node's affair, and what people say is for nobody else on this machine."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    os.umask(0o077)
    av.logging.set_level(None)


def step_back(*, is_composer: bool, memory_bytes: int | None) -> None:
    """Packets come first, and a worker that wants ever more memory ends, not the node.

    To be called before threads begin, which inherit it.
    """
    if is_composer:
        os.nice(COMPOSERS_NICENESS - os.nice(0))
    badness = COMPOSERS_BADNESS if is_composer else BADNESS
    with contextlib.suppress(OSError):  # a system that has no such thing, or keeps it for itself
        Path("/proc/self/oom_score_adj").write_text(str(badness))
    if memory_bytes is not None:
        _, most = resource.getrlimit(resource.RLIMIT_AS)
        limit = memory_bytes if most == resource.RLIM_INFINITY else min(memory_bytes, most)
        resource.setrlimit(resource.RLIMIT_AS, (limit, most))


def ended_well(run: Callable[[], None], failed: Callable[[str], msgspec.Struct]) -> bool:
    """Runs a worker. Whether it has ended since it was to; otherwise it has said why, by ``failed``."""
    begin()
    try:
        run()
    except (RecorderError, OSError, av.FFmpegError, MemoryError, msgspec.DecodeError) as error:
        say(failed(str(error) or type(error).__name__))
        return False
    return True
