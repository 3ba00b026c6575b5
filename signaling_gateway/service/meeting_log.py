"""The port to the meeting logs, as the rooms use it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

import msgspec
from msgspec import Struct

from contracts.log_events import LogEvent
from contracts.rooms import GatewayId, MeetingId
from signaling_gateway.domain.room_state import RoomState

CHECKPOINT_EVERY = 500
"""After how many entries the room's state is kept beside the log, so that loading a room takes one short read."""
KEPT_ENTRIES = 1_000
"""How many entries before a checkpoint stay: for whoever catches up."""
RECALLED = 250
"""How many of the latest entries a gateway has at hand at least: for whoever comes back, and for Redis, should it lose
them."""
ENDED_LOG_LIFE_MS = 24 * 3600 * 1000
"""How long the log of an ended meeting goes on refusing: far longer than any token for it is valid."""


class LogEntry(Struct, frozen=True, kw_only=True):
    """One event as it stands in the log. ``append_id`` names the append that wrote it."""

    version: int
    event: LogEvent
    append_id: str


def size_of(entries: Iterable[LogEntry]) -> int:
    """How many bytes the events of the entries have in the log."""
    return sum(len(msgspec.json.encode(entry.event)) for entry in entries)


class Conflict(Struct, frozen=True, kw_only=True):
    """The log was longer than the caller knew, so nothing was appended.

    ``entries`` are (the first of) the unknown ones. They may be the caller's own, from an append whose answer was
    lost: their ``append_id`` says so.
    """

    entries: tuple[LogEntry, ...]


class LoadedLog(Struct, frozen=True, kw_only=True):
    """The latest checkpoint (the empty room if there is none), what followed it, and up to `RECALLED` entries before.

    ``entries`` are without gaps.
    """

    state: RoomState
    entries: tuple[LogEntry, ...]


class LogLostError(Exception):
    """The caller cannot go on from the entry that it knows, and must `MeetingLog.mend` the log or begin anew.

    Redis has lost entries that were known, has others in their place, or so many have followed that the next ones are
    not kept any more.
    """


class MeetingLog(Protocol):
    """One ordered, gapless log per meeting, with compare-and-append.

    Callers name the last entry that they know: its version ``after``, and with ``follows`` the append that wrote it.
    A log in which another append wrote that version has another past (``""``: they cannot say, and it is not compared).
    """

    async def append(
        self, meeting_id: MeetingId, *, after: int, follows: str = "", events: Sequence[LogEvent], append_id: str
    ) -> Conflict | None:
        """Appends ``events`` as the versions that follow ``after`` and announces them; all or nothing.

        A log whose last event is `MeetingEnded` expires `ENDED_LOG_LIFE_MS` later.

        Raises:
            LogLostError: the log ends before ``after``, has another past, or does not have what follows any more.
            LogUnavailableError: whether the events were appended is unknown; ask again with the same ``append_id``.
        """

    async def read(self, meeting_id: MeetingId, *, after: int, follows: str = "") -> tuple[LogEntry, ...]:
        """All entries that follow version ``after``, in order.

        Raises:
            LogLostError: the log ends before ``after``, has another past, or does not have what follows any more.
            LogUnavailableError: it cannot be read now.
        """

    async def mend(self, meeting_id: MeetingId, *, state: RoomState, entries: Sequence[LogEntry]) -> bool:
        """Gives the log back what Redis has lost of it, and announces that. Doing it again changes nothing.

        ``entries`` are the latest ones that the caller knows, without gaps, ``state`` is the room after the last of
        them: a log that is lost altogether goes on from there. Answers whether the log has the last of ``entries`` now;
        otherwise it has another past than the caller, or they cannot tell, and it is as it was.

        Raises:
            LogUnavailableError: whether it was done is unknown.
        """

    async def load(self, meeting_id: MeetingId) -> LoadedLog:
        """All that is needed to know the room, in one step unless the log has grown very long since its checkpoint.

        Raises:
            LogUnavailableError: it cannot be read now.
        """

    async def kept(self, meeting_id: MeetingId) -> tuple[LogEntry, ...]:
        """All entries that are still there, in order.

        Raises:
            LogUnavailableError: they cannot be read now.
        """

    async def keep_checkpoint(self, meeting_id: MeetingId, state: RoomState) -> None:
        """Keeps ``state``, and drops entries more than `KEPT_ENTRIES` before it, unless their facts are still owed.

        Raises:
            LogUnavailableError: whether it was done is unknown; the log is whole all the same.
        """


def append_id_of(gateway_id: GatewayId, number: int) -> str:
    """The name of a gateway's ``number``-th append."""
    return f"{gateway_id}:{number}"


def is_append_of(gateway_id: GatewayId, append_id: str) -> bool:
    """Whether the append was made by that gateway."""
    return append_id.rpartition(":")[0] == gateway_id
