"""A `MeetingLog` in memory, with the contract of the real one, and faults on demand."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence

from contracts.log_events import LogEvent
from contracts.rooms import MeetingId
from signaling_gateway.errors import LogUnavailableError
from signaling_gateway.service.meeting_log import Conflict, LogEntry, LogLostError

Announce = Callable[[MeetingId, tuple[LogEntry, ...]], None]


class MemoryLog:
    """``announce`` is told of every append. ``answers_to_lose`` appends are made, but look like failures."""

    def __init__(self, announce: Announce = lambda meeting_id, entries: None) -> None:
        self.entries: dict[MeetingId, list[LogEntry]] = defaultdict(list)
        self.answers_to_lose = 0
        self._announce = announce

    async def append(
        self, meeting_id: MeetingId, *, after: int, events: Sequence[LogEvent], append_id: str
    ) -> Conflict | None:
        await asyncio.sleep(0)
        log = self._log(meeting_id, after)
        if len(log) > after:
            return Conflict(entries=tuple(log[after:]))
        new = tuple(
            LogEntry(version=version, event=event, append_id=append_id)
            for version, event in enumerate(events, start=after + 1)
        )
        log.extend(new)
        self._announce(meeting_id, new)
        if self.answers_to_lose:
            self.answers_to_lose -= 1
            raise LogUnavailableError
        await asyncio.sleep(0)
        return None

    async def read(self, meeting_id: MeetingId, *, after: int) -> tuple[LogEntry, ...]:
        await asyncio.sleep(0)
        return tuple(self._log(meeting_id, after)[after:])

    def _log(self, meeting_id: MeetingId, after: int) -> list[LogEntry]:
        log = self.entries[meeting_id]
        if len(log) < after:
            raise LogLostError(f"the log of {meeting_id} ends at {len(log)}, and {after} was known")
        return log
