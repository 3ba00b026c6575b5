"""A `MeetingLog` in memory, with the contract of the real one, and faults on demand."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence

from contracts.log_events import LogEvent
from contracts.rooms import MeetingId
from signaling_gateway.domain.room_state import RoomState
from signaling_gateway.errors import LogUnavailableError
from signaling_gateway.service.meeting_log import KEPT_ENTRIES, RECALLED, Conflict, LoadedLog, LogEntry, LogLostError

Announce = Callable[[MeetingId, tuple[LogEntry, ...], str], None]


class MemoryLog:
    """``announce`` is told of every append, and of the one before it.

    ``answers_to_lose`` appends are made, but look like failures.
    Facts are taken to be passed on at once: whatever lies far enough behind a checkpoint goes.
    """

    def __init__(self, announce: Announce = lambda meeting_id, entries, follows: None) -> None:
        self.entries: dict[MeetingId, list[LogEntry]] = defaultdict(list)
        """All that were ever appended."""
        self.dropped: dict[MeetingId, int] = defaultdict(int)
        """How many of the first ones are not kept any more."""
        self.checkpoints: dict[MeetingId, RoomState] = {}
        self.answers_to_lose = 0
        self._announce = announce

    async def append(
        self, meeting_id: MeetingId, *, after: int, follows: str = "", events: Sequence[LogEvent], append_id: str
    ) -> Conflict | None:
        await asyncio.sleep(0)
        log = self.entries[meeting_id]
        unknown = self._following(meeting_id, after, follows)
        if unknown:
            return Conflict(entries=unknown)
        before = log[-1].append_id if log else ""
        new = tuple(
            LogEntry(version=version, event=event, append_id=append_id)
            for version, event in enumerate(events, start=after + 1)
        )
        log.extend(new)
        self._announce(meeting_id, new, before)
        if self.answers_to_lose:
            self.answers_to_lose -= 1
            raise LogUnavailableError
        await asyncio.sleep(0)
        return None

    async def read(self, meeting_id: MeetingId, *, after: int, follows: str = "") -> tuple[LogEntry, ...]:
        await asyncio.sleep(0)
        return self._following(meeting_id, after, follows)

    async def mend(self, meeting_id: MeetingId, *, state: RoomState, entries: Sequence[LogEntry]) -> bool:
        await asyncio.sleep(0)
        log = self.entries[meeting_id]
        if not entries:
            return False
        first, known = entries[0].version, entries[-1].version
        if log:
            common = min(len(log), known)
            if not max(first, self.dropped[meeting_id] + 1) <= common:
                return False
            if log[common - 1].append_id != entries[common - first].append_id:
                return False
        elif first > 1:
            self.checkpoints[meeting_id] = state
            self.dropped[meeting_id] = first - 1
            log.extend([entries[0]] * (first - 1))
        lost = tuple(entries[max(len(log) + 1 - first, 0) :])
        for entry in lost:
            before = log[-1].append_id if log else ""
            log.append(entry)
            self._announce(meeting_id, (entry,), before)
        return True

    def lose(self, meeting_id: MeetingId, count: int) -> None:
        """The last ``count`` entries, as a replica that lags behind has not heard of them."""
        log = self.entries[meeting_id]
        del log[max(len(log) - count, 0) :]
        self.dropped[meeting_id] = min(self.dropped[meeting_id], len(log))
        checkpoint = self.checkpoints.get(meeting_id)
        if checkpoint is not None and checkpoint.version > len(log):
            del self.checkpoints[meeting_id]

    async def load(self, meeting_id: MeetingId) -> LoadedLog:
        await asyncio.sleep(0)
        state = self.checkpoints.get(meeting_id, RoomState())
        start = max(state.version - RECALLED, self.dropped[meeting_id])
        return LoadedLog(state=state, entries=self._following(meeting_id, start))

    async def kept(self, meeting_id: MeetingId) -> tuple[LogEntry, ...]:
        await asyncio.sleep(0)
        return tuple(self.entries[meeting_id][self.dropped[meeting_id] :])

    async def keep_checkpoint(self, meeting_id: MeetingId, state: RoomState) -> None:
        await asyncio.sleep(0)
        if state.version > self.checkpoints.get(meeting_id, RoomState()).version:
            self.checkpoints[meeting_id] = state
            self.dropped[meeting_id] = max(self.dropped[meeting_id], state.version - KEPT_ENTRIES)

    def _following(self, meeting_id: MeetingId, after: int, follows: str = "") -> tuple[LogEntry, ...]:
        log = self.entries[meeting_id]
        if not self.dropped[meeting_id] <= after <= len(log):
            raise LogLostError(f"the log of {meeting_id} does not go on from {after}")
        if after and follows not in {"", log[after - 1].append_id}:
            raise LogLostError(f"the log of {meeting_id} has another past than {follows} at {after}")
        return tuple(log[after:])
