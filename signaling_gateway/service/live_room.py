"""One meeting on this gateway: its state, the loop that appends to its log, and the fan-out to its clients.

What is applied comes from three sides: this gateway's own appends, announcements of others', and the log itself
whenever there may be a gap. Versions make them one: an entry is applied once, in order, whichever way it came first.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from contracts.log_events import LogEvent
from contracts.rooms import MeetingId, NodeId, ParticipantId
from signaling_gateway.domain.commands import RoomCommand
from signaling_gateway.domain.decide import decide
from signaling_gateway.domain.evolve import evolve, evolve_all
from signaling_gateway.domain.projection import public_events
from signaling_gateway.domain.room_state import RoomState
from signaling_gateway.errors import LogUnavailableError, Refusal
from signaling_gateway.service.background import BackgroundTasks
from signaling_gateway.service.client_delivery import ClientDelivery
from signaling_gateway.service.meeting_log import LogEntry, LogLostError, MeetingLog

MAX_TRIES = 50
"""How often a batch is decided anew after others were faster. Each conflict means that somebody else got on."""
UNAVAILABLE_DELAYS_S = (0.1, 0.4, 1.0)
"""Pauses before the log is tried again when it cannot be reached; after the last one the callers are told."""
MAX_BATCH = 200
"""How many commands are decided together for one append."""

_log = logging.getLogger(__name__)


@dataclass(eq=False, kw_only=True)
class Connection:
    """A participant's Socket.IO connection to this gateway."""

    sid: str
    room: LiveRoom
    participant_id: ParticipantId
    began: int
    """The version at which it began: `Stay.connection`."""
    resume_secret: str
    resumed: bool
    reclaiming: bool = False
    """Whether this gateway is undoing a loss that another one declared in error."""
    joined_node: NodeId | None = None
    """The media node that knows this participant and reports to this gateway."""
    negotiating: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while the node is asked for what changes the participant's transports, so that requests keep their order."""

    @property
    def stands(self) -> bool:
        """Whether the room still takes this for the participant's connection."""
        stay = self.room.state.stays.get(self.participant_id)
        return stay is not None and stay.connection == self.began


class RoomListener(Protocol):
    """Is told what happened in a room, after the room's state and its clients have been."""

    def happened(self, room: LiveRoom, entries: Sequence[LogEntry]) -> None:
        """New entries, in order; ``room.state`` is the state after the last one."""

    def lost(self, room: LiveRoom) -> None:
        """The room's log has lost entries that were already known: the room is void."""


@dataclass(eq=False)
class _Waiting:
    command: RoomCommand
    answer: asyncio.Future[tuple[LogEvent, ...]]


class LiveRoom:
    """A meeting's room as this gateway serves it."""

    def __init__(
        self,
        meeting_id: MeetingId,
        *,
        log: MeetingLog,
        now: Callable[[], int],
        append_ids: Iterator[str],
        delivery: ClientDelivery,
        listener: RoomListener,
        tasks: BackgroundTasks,
    ) -> None:
        self.meeting_id = meeting_id
        self.state = RoomState()
        self.connections: dict[ParticipantId, Connection] = {}
        self.users = 0
        """How many operations are under way that need the room to stay open."""
        self.void = False
        """Whether the room is closed here, or its log was lost: nothing is applied any more."""
        self._log = log
        self._now = now
        self._append_ids = append_ids
        self._delivery = delivery
        self._listener = listener
        self._tasks = tasks
        self._waiting: list[_Waiting] = []
        self._writing = False
        self._reading: asyncio.Task[None] | None = None
        self._read_again = False
        self._appending = ""
        self._appended = False

    # ---- doing ----

    async def execute(self, command: RoomCommand) -> tuple[LogEvent, ...]:
        """Decides on ``command`` and appends what follows; the events, once they stand in the log.

        Commands of one caller are decided in the order in which they were given.

        Raises:
            Refusal: the room does not do it.
            LogUnavailableError: the log cannot be reached. The events may stand all the same.
        """
        if self.void:
            raise LogUnavailableError
        waiting = _Waiting(command, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if not self._writing:
            self._writing = True
            self._tasks.spawn(self._write())
        return await waiting.answer

    async def _write(self) -> None:
        """Takes all waiting commands at once: under load, many commands cost one append."""
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:MAX_BATCH], self._waiting[MAX_BATCH:]
                try:
                    await self._append(batch)
                except BaseException as error:
                    failure = error if isinstance(error, LogUnavailableError) else LogUnavailableError()
                    _answer_all(batch, failure)
                    # The events may stand all the same: whatever follows from them must not wait for the next command.
                    self.catch_up()
                    if not isinstance(error, LogUnavailableError):
                        raise
        finally:
            self._writing = False
            # Only after an unexpected error, or a cancelled task, is anything left.
            _answer_all(self._waiting, LogUnavailableError())
            self._waiting = []

    async def _append(self, batch: list[_Waiting]) -> None:
        append_id = self._appending = next(self._append_ids)
        self._appended = False
        failures = 0
        for _ in range(MAX_TRIES):
            before = self.state
            outcomes = list(self._decide(batch))
            events = [event for outcome in outcomes if not isinstance(outcome, Refusal) for event in outcome]
            try:
                if events:
                    await self._try(before, events, append_id)
            except LogUnavailableError:
                if failures == len(UNAVAILABLE_DELAYS_S):
                    raise
                await asyncio.sleep(UNAVAILABLE_DELAYS_S[failures])
                failures += 1
                # Whether the append was made is unknown. If it was, its entries carry our name.
                with contextlib.suppress(LogUnavailableError):
                    await self.caught_up()
            if self._appended or not events:
                _answer(batch, outcomes)
                return
        raise LogUnavailableError

    def _decide(self, batch: list[_Waiting]) -> Iterator[tuple[LogEvent, ...] | Refusal]:
        state = self.state
        for waiting in batch:
            try:
                events = decide(state, waiting.command, self._now())
            except Refusal as refusal:
                yield refusal
                continue
            state = evolve_all(state, events)
            yield events

    async def _try(self, before: RoomState, events: list[LogEvent], append_id: str) -> None:
        """Appends the events, or if others were faster catches up with them. `_appended` says which."""
        try:
            conflict = await self._log.append(self.meeting_id, after=before.version, events=events, append_id=append_id)
        except LogLostError as error:
            self._lose()
            raise LogUnavailableError from error
        if conflict is not None:
            self._apply(conflict.entries)
            return
        self._appended = True
        self._apply(
            [
                LogEntry(version=version, event=event, append_id=append_id)
                for version, event in enumerate(events, start=before.version + 1)
            ]
        )

    # ---- being told ----

    @property
    def reading(self) -> bool:
        """Whether the log is being read because something may have been missed."""
        return self._reading is not None and not self._reading.done()

    async def load(self) -> None:
        """Reads the log for the first time. What it tells is the past: it has no consequences any more.

        Raises:
            LogUnavailableError: the log cannot be read.
        """
        entries = await self._log.read(self.meeting_id, after=0)
        self.state = evolve_all(RoomState(), (entry.event for entry in entries))

    def announced(self, entries: Sequence[LogEntry]) -> None:
        """Entries from the meeting's channel: perhaps known, perhaps not the next ones."""
        if entries and entries[0].version > self.state.version + 1:
            self.catch_up()
        else:
            self._apply(entries)

    def catch_up(self) -> None:
        """Reads from the log what is not known yet, soon."""
        self._read_again = True
        if not self.reading and not self.void:
            self._reading = self._tasks.spawn(self._read())

    async def caught_up(self) -> None:
        """Reads from the log what is not known yet.

        Raises:
            LogUnavailableError: the log cannot be read.
        """
        try:
            self._apply(await self._log.read(self.meeting_id, after=self.state.version))
        except LogLostError as error:
            self._lose()
            raise LogUnavailableError from error

    async def _read(self) -> None:
        failures = 0
        while self._read_again and not self.void:
            self._read_again = False
            try:
                await self.caught_up()
                failures = 0
            except LogUnavailableError:
                self._read_again = not self.void
                await asyncio.sleep(UNAVAILABLE_DELAYS_S[min(failures, len(UNAVAILABLE_DELAYS_S) - 1)])
                failures += 1

    def _apply(self, entries: Sequence[LogEntry]) -> None:
        known = self.state.version
        fresh = [entry for entry in entries if entry.version > known]
        if not fresh or self.void:
            return
        # An append whose answer was lost comes back as a conflict, an announcement or an entry that is read.
        self._appended = self._appended or any(entry.append_id == self._appending for entry in fresh)
        state = self.state
        for entry in fresh:
            state = evolve(state, entry.event)
        self.state = state
        if self.connections:
            message = public_events(known, [entry.event for entry in fresh])
            self._delivery.send([each.sid for each in self.connections.values()], "events", message)
        self._listener.happened(self, fresh)

    def _lose(self) -> None:
        if not self.void:
            self.void = True
            _log.error("the log of meeting %s has lost entries; its room begins anew", self.meeting_id)
            self._listener.lost(self)


def _answer(batch: list[_Waiting], outcomes: list[tuple[LogEvent, ...] | Refusal]) -> None:
    for waiting, outcome in zip(batch, outcomes, strict=True):
        if waiting.answer.done():
            continue
        if isinstance(outcome, Refusal):
            waiting.answer.set_exception(outcome)
        else:
            waiting.answer.set_result(outcome)


def _answer_all(batch: list[_Waiting], error: LogUnavailableError) -> None:
    for waiting in batch:
        if not waiting.answer.done():
            waiting.answer.set_exception(error)
