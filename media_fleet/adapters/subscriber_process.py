"""A process of the node's that subscribes to a meeting: what it is told and says, one JSON object a line."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Coroutine
from typing import Any, Generic, TypeVar

import msgspec

from contracts.rooms import MeetingId
from media_fleet.recorder.protocol import Route, encoder

logger = logging.getLogger(__name__)

START_S = 15.0
"""Until it says that it is ready: a machine that takes longer has no room for one."""
Told = TypeVar("Told", bound=msgspec.Struct)
Said = TypeVar("Said")
Heard = TypeVar("Heard")


class SubscriberProcess(Generic[Told]):
    """One worker, from before its process runs to after its end."""

    def __init__(self, begin: Route) -> None:
        self.process: Process | None = None
        self._meeting_id = begin.meeting_id
        self._waiting: list[msgspec.Struct] = [begin]
        self.is_finishing = False
        """Whether it has been told to end."""
        self.behind_ms = 0
        """By how much its composition is late."""

    @property
    def meeting_id(self) -> MeetingId:
        return self._meeting_id

    def tell(self, message: Told) -> None:
        """Tells it something; what it is told before its process runs waits."""
        self._send(message)

    def runs(self, process: Process) -> None:
        """Its process runs."""
        self.process = process
        waiting, self._waiting = self._waiting, []
        for message in waiting:
            self._send(message)

    def _send(self, message: msgspec.Struct) -> None:
        if self.process is None or self.process.stdin is None:
            self._waiting.append(message)
        elif not self.process.stdin.is_closing():
            self.process.stdin.write(encoder.encode(message) + b"\n")


async def said(process: Process, decoder: msgspec.json.Decoder[Said]) -> AsyncIterator[Said]:
    """What a worker says, until its output ends."""
    if process.stdout is None:
        return
    async for line in process.stdout:
        try:
            yield decoder.decode(line)
        except msgspec.DecodeError:
            logger.warning("a worker says what is not understood")


async def until_end(
    process: Process, listening: Coroutine[Any, Any, Heard], stopped: asyncio.Event, *, end_s: float
) -> Heard | None:
    """Hears a worker out until it ends, or until ``stopped``: then its input ends, and it has ``end_s`` to.

    Returns:
        What ``listening`` makes of it; None: it was told to end.
    """
    heard, told = asyncio.ensure_future(listening), asyncio.ensure_future(stopped.wait())
    try:
        await asyncio.wait((told, heard), return_when=asyncio.FIRST_COMPLETED)
        if not heard.done() and process.stdin is not None:
            process.stdin.close()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), end_s)
            return None
        return await heard
    finally:
        told.cancel()
        heard.cancel()
