"""One meeting on this gateway: its state, the loop that appends to its log, and the fan-out to its clients.

What is applied comes from three sides: this gateway's own appends, announcements of others', and the log itself
whenever there may be a gap. Versions make them one: an entry is applied once, in order, whichever way it came first.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from contracts.log_events import LogEvent
from contracts.rooms import MeetingId, NodeId, ParticipantId, Permissions
from signaling_gateway.domain.commands import RoomCommand
from signaling_gateway.domain.decide import decide
from signaling_gateway.domain.evolve import evolve_all
from signaling_gateway.domain.projection import addressed
from signaling_gateway.domain.room_state import RoomState
from signaling_gateway.errors import LogUnavailableError, Refusal
from signaling_gateway.service.background import BackgroundTasks
from signaling_gateway.service.client_delivery import ClientDelivery
from signaling_gateway.service.meeting_log import (
    CHECKPOINT_EVERY,
    RECALLED,
    LogEntry,
    LogLostError,
    MeetingLog,
    size_of,
)

MAX_TRIES = 50
"""How often a batch is decided anew after others were faster. Each conflict means that somebody else got on."""
UNAVAILABLE_DELAYS_S = (0.1, 0.4, 1.0)
"""Pauses before the log is tried again when it cannot be reached; after the last one the callers are told."""
MAX_REMEMBERED = 1_000
"""How many are told to somebody who comes back: twice a room that loses half its people at once, and what they say
meanwhile. Who has missed more is given the room as it is."""
MAX_REMEMBERED_BYTES = 512 * 1024
"""As much are they together at the most: half of what a client may leave unread."""
MAX_BATCH = 200
"""How many commands are decided together for one append."""

_log = logging.getLogger(__name__)


@dataclass(eq=False, kw_only=True)
class Connection:
    """A participant's connection to this gateway: over Socket.IO, or through a standard door."""

    sid: str
    room: LiveRoom
    participant_id: ParticipantId
    began: int
    """The version at which it began: `Stay.connection`."""
    resume_secret: str
    resumed_after: int | None
    """The last version that a client knew which came back; None for one that has just joined."""
    missed: list[LogEntry] | None = None
    """What has happened since `resumed_after`, kept up while it is one of the room's `LiveRoom.arriving`; None: it is
    too much, or nothing was asked for."""
    trace_id: str = ""
    """The trace that the request for its token belongs to."""
    span_id: str = ""
    """The span of that request, where there is one."""
    reclaiming: bool = False
    """Whether this gateway is undoing a loss that another one declared in error."""
    is_settled: bool = False
    """Whether its node has been chosen. Who comes back stays where they are: their media is not touched."""
    is_leaving: bool = False
    """Whether it is about to leave a node that drains."""
    joined_node: NodeId | None = None
    """The media node that knows this participant and reports to this gateway."""
    restarts: int = 0
    """How often its client was told to begin again."""
    restarts_told: int = 0
    """Of how many of these its node knows."""
    leaving_node: NodeId | None = None
    """The node that still serves the participant's former transports, until the client has new ones."""
    subscribes: bool | None = None
    """What that node was told of the permission to subscribe."""
    sends_data: bool | None = None
    """What that node was told of the permission to send data."""
    negotiates: bool = True
    """Whether the client answers a node's offers. If not, it is made none."""
    negotiating: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while the node is asked for what changes the participant's transports, so that requests keep their order."""

    @property
    def names(self) -> dict[str, object]:
        """What log lines about it carry."""
        names: dict[str, object] = {
            "meeting_id": self.room.meeting_id,
            "participant_id": self.participant_id,
            "trace_id": self.trace_id,
        }
        return names | {"span_id": self.span_id} if self.span_id else names

    def may_receive(self, permissions: Permissions) -> bool:
        """Whether the node may offer what others send to a participant who has ``permissions``."""
        return permissions.subscribe and self.negotiates

    @property
    def stands(self) -> bool:
        """Whether the room still takes this for the participant's connection."""
        state = self.room.state
        stay = state.stays.get(self.participant_id) or state.lobby.get(self.participant_id)
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
        self.former = self.state
        """The state before the entries that were applied last."""
        self.connections: dict[ParticipantId, Connection] = {}
        self.waiting: dict[ParticipantId, Connection] = {}
        """Connections of those in the lobby, who are told nothing of the room."""
        self.arriving: set[Connection] = set()
        """Connections that are let in and not in use yet, for which what they miss is kept."""
        self.users = 0
        """How many operations are under way that need the room to stay open."""
        self.void = False
        """Whether the room is closed here, or its log was lost: nothing is applied any more."""
        self._recent: deque[LogEntry] = deque(maxlen=RECALLED)
        self._remembering = asyncio.Lock()
        self._too_far = -1
        """What has happened since this version, or one before it, is known to be too much."""
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
            conflict = await self._log.append(
                self.meeting_id, after=before.version, follows=self._follows, events=events, append_id=append_id
            )
        except LogLostError as error:
            await self._mend(error)
            return
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

    async def _keep_checkpoint(self, state: RoomState) -> None:
        try:
            await self._log.keep_checkpoint(self.meeting_id, state)
        except LogUnavailableError:
            _log.warning("no checkpoint", extra={"meeting_id": self.meeting_id, "version": state.version})

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
        loaded = await self._log.load(self.meeting_id)
        known = loaded.state.version
        self.state = evolve_all(loaded.state, (entry.event for entry in loaded.entries if entry.version > known))
        self._recent.extend(loaded.entries)

    async def since(self, after: int) -> list[LogEntry] | None:
        """What has happened since version ``after``, in order; None if that is too much, or cannot be read."""
        if self.state.version - after > MAX_REMEMBERED:
            return None
        # Of many who come back at once, one reads.
        async with self._remembering:
            if after <= self._too_far:
                return None
            if self._at_hand(after) is None:
                await self._remember(after)
            missed = self._at_hand(after)
            if missed is not None and size_of(missed) > MAX_REMEMBERED_BYTES:
                self._too_far = after
        return missed if after > self._too_far else None

    def _at_hand(self, after: int) -> list[LogEntry] | None:
        missed = [entry for entry in self._recent if entry.version > after]
        return missed if len(missed) == self.state.version - after else None

    async def _remember(self, after: int) -> None:
        with contextlib.suppress(LogUnavailableError, LogLostError):
            read = await self._log.read(self.meeting_id, after=after)
            if size_of(read) > MAX_REMEMBERED_BYTES:
                self._too_far = after
                return
            # Meanwhile more may have happened, here as well as in the log.
            newer = [entry for entry in self._recent if entry.version > after + len(read)]
            known = [entry for entry in (*read, *newer) if entry.version <= self.state.version]
            self._recent = deque(known, maxlen=max(RECALLED, len(known)))

    def announced(self, entries: Sequence[LogEntry], follows: str = "") -> None:
        """Entries from the meeting's channel: perhaps known, perhaps not the next ones.

        ``follows`` names the append of the entry before them. If another one is known here, Redis has lost entries.
        """
        if not entries:
            return
        after = entries[0].version - 1
        if after > self.state.version or (after == self.state.version and not _same(follows, self._follows)):
            self.catch_up()
        else:
            self._apply(entries)

    @property
    def _follows(self) -> str:
        """The append that wrote the last entry known here; empty if that was not read."""
        return self._recent[-1].append_id if self._recent else ""

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
            unknown = await self._log.read(self.meeting_id, after=self.state.version, follows=self._follows)
        except LogLostError as error:
            await self._mend(error)
        else:
            self._apply(unknown)

    async def read_up(self) -> None:
        """Reads from the log what is not known yet, however long that takes."""
        self.catch_up()
        if self._reading is not None:
            await asyncio.shield(self._reading)

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
        ours = any(entry.append_id == self._appending for entry in fresh)
        self._appended = self._appended or ours
        self.former = self.state
        self.state = state = evolve_all(self.state, (entry.event for entry in fresh))
        self._recent.extend(fresh)
        for connection in self.arriving:
            if connection.missed is not None:
                connection.missed.extend(fresh)
        # Whoever appends the entry that completes the number keeps the checkpoint: one gateway, without asking.
        if ours and known // CHECKPOINT_EVERY < state.version // CHECKPOINT_EVERY:
            self._tasks.spawn(self._keep_checkpoint(state))
        for group, message in addressed(known, [entry.event for entry in fresh], state, self.connections):
            self._delivery.send([self.connections[each].sid for each in group], "events", message)
        self._listener.happened(self, fresh)

    async def _mend(self, error: LogLostError) -> None:
        """Gives the log back what Redis has lost of it and this gateway still knows; a room is void where it cannot.

        Raises:
            LogUnavailableError: it is not mended.
        """
        names = {"meeting_id": self.meeting_id, "reason": str(error), "version": self.state.version}
        if await self._log.mend(self.meeting_id, state=self.state, entries=tuple(self._recent)):
            _log.warning("the log had lost entries, and has them again", extra=names)
            # Others may have gone on from there by now.
            self.catch_up()
            return
        if not self.void:
            self.void = True
            _log.error("the log has another past; the room begins anew", extra=names)
            self._listener.lost(self)
        raise LogUnavailableError


def _same(one: str, other: str) -> bool:
    return one == other or "" in {one, other}


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
