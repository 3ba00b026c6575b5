"""The node's own modules as processes beside it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

NICENESS = 5
"""Of workers, added to the node's: packets come first, also before a worker's modules are loaded."""
_MOST_NICE = 19


@asynccontextmanager
async def running(module: str, *words: str, niceness: int = 0, **streams: Any) -> AsyncIterator[Process]:
    """``python -m module words``, which has ended when this is left: it is killed if it has not ended by itself.

    ``niceness``: added to the node's own. ``streams``: as `asyncio.create_subprocess_exec` takes them; what is not
    given is the node's own.

    Raises:
        OSError: it cannot be started.
    """
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", module, *words, **streams)
    with contextlib.suppress(ProcessLookupError):  # it has ended
        os.setpriority(os.PRIO_PROCESS, process.pid, min(os.nice(0) + niceness, _MOST_NICE))
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
