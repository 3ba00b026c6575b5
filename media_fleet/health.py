"""Whether a media node lives, and whether it may be given meetings: ``/healthz`` and ``/readyz``, beside its metrics.

A node that is not healthy is to be started anew. That is a matter of the process alone: while Redis is away a node goes
on forwarding, and restarting it would end what it holds. Whether it is ready takes Redis in.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Mapping
from typing import Final

import msgspec
from packet_core import PacketCore, PacketCoreError, PacketCoreSilentError

from media_fleet.adapters.lease import LeaseKeeper
from media_fleet.adapters.rpc_endpoint import RpcEndpoint
from telemetry.metrics import Answer, Page

PATIENCE_S: Final = 2.0
"""How long a part of the process may take to show that it works. Milliseconds are usual."""


class SignOfLife:
    """Asks a part of the process to show that it works; not again while it has not answered yet.

    ``ask`` returns at once, and has what it is given called by that part.
    """

    def __init__(self, ask: Callable[[Callable[[], None]], None]) -> None:
        self._ask = ask
        self._lock = threading.Lock()
        self._answered: threading.Event | None = None

    def asked(self) -> threading.Event:
        """Is set once the part has answered."""
        with self._lock:
            if self._answered is None or self._answered.is_set():
                self._answered = threading.Event()
                self._ask(self._answered.set)
            return self._answered


class NodeHealth:
    """What a node says of itself, to threads other than its event loop's: they are there when that one is stuck."""

    def __init__(
        self, core: PacketCore, lease: LeaseKeeper, rpc: RpcEndpoint, *, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._lease = lease
        self._rpc = rpc
        self._parts = {
            "event_loop": SignOfLife(lambda answered: _ask_loop(loop, answered)),
            "packet_core": SignOfLife(lambda answered: _ask_core(core, answered)),
        }

    @property
    def pages(self) -> Mapping[str, Page]:
        """The answers by their paths."""
        return {"/healthz": self._healthz, "/readyz": self._readyz}

    def life(self) -> dict[str, bool]:
        """Whether each part of the process works. Waits for them, `PATIENCE_S` at the most."""
        asked = {name: part.asked() for name, part in self._parts.items()}
        until = time.monotonic() + PATIENCE_S
        return {name: answered.wait(max(0.0, until - time.monotonic())) for name, answered in asked.items()}

    def readiness(self) -> dict[str, bool]:
        """What must hold for meetings to come here."""
        return {
            **self.life(),
            "lease": self._lease.holds(time.monotonic()),
            "subscriptions": self._rpc.connected,
            "open": not self._lease.draining,
        }

    def _healthz(self) -> Answer:
        return _answer(self.life(), "ok", "not ok")

    def _readyz(self) -> Answer:
        return _answer(self.readiness(), "ready", "not ready")


def _ask_loop(loop: asyncio.AbstractEventLoop, answered: Callable[[], None]) -> None:
    with contextlib.suppress(RuntimeError):  # closed: there will be no answer
        loop.call_soon_threadsafe(answered)


def _ask_core(core: PacketCore, answered: Callable[[], None]) -> None:
    def ask() -> None:
        with contextlib.suppress(PacketCoreError):  # closed: there will be no answer
            while not _answers(core):
                pass  # each asking takes its time
            answered()

    threading.Thread(target=ask, name="sign of life", daemon=True).start()


def _answers(core: PacketCore) -> bool:
    """Whether all of its threads do. Raises `PacketCoreError`: it is closed."""
    try:
        core.stats()
    except PacketCoreSilentError:
        return False
    return True


def _answer(checks: dict[str, bool], good: str, bad: str) -> Answer:
    holds = all(checks.values())
    body = msgspec.json.encode({"status": good if holds else bad, "checks": checks})
    return (200 if holds else 503), body
