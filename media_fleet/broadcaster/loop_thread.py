"""An event loop in a thread of its own: what waits for the network does not wait for pictures."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class LoopThread:
    """Runs until it is closed."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="network", daemon=True)
        self._thread.start()

    def call(self, work: Callable[[], None]) -> None:
        """Has something done soon, in the order of the calls. By any other thread."""
        self._loop.call_soon_threadsafe(work)

    def wait_for(self, work: Coroutine[Any, Any, T]) -> T:
        """What comes of some work, or its exception. By any other thread."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def close(self) -> None:
        """Ends the thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
