"""The port to the meeting logs, as the rooms use it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from contracts.log_events import LogEvent
from contracts.rooms import GatewayId, MeetingId

ENDED_LOG_LIFE_MS = 24 * 3600 * 1000
"""How long the log of an ended meeting goes on refusing: far longer than any token for it is valid."""


class LogEntry(Struct, frozen=True, kw_only=True):
    """One event as it stands in the log. ``append_id`` names the append that wrote it."""

    version: int
    event: LogEvent
    append_id: str


class Conflict(Struct, frozen=True, kw_only=True):
    """The log was longer than the caller knew, so nothing was appended.

    ``entries`` are (the first of) the unknown ones. They may be the caller's own, from an append whose answer was
    lost: their ``append_id`` says so.
    """

    entries: tuple[LogEntry, ...]


class LogLostError(Exception):
    """The log is shorter than what was read of it before: Redis has lost data, and the room must begin anew."""


class MeetingLog(Protocol):
    """One ordered, gapless log per meeting, with compare-and-append."""

    async def append(
        self, meeting_id: MeetingId, *, after: int, events: Sequence[LogEvent], append_id: str
    ) -> Conflict | None:
        """Appends ``events`` as the versions that follow ``after`` and announces them; all or nothing.

        A log whose last event is `MeetingEnded` expires `ENDED_LOG_LIFE_MS` later.

        Raises:
            LogLostError: the log ends before ``after``.
            LogUnavailableError: whether the events were appended is unknown; ask again with the same ``append_id``.
        """

    async def read(self, meeting_id: MeetingId, *, after: int) -> tuple[LogEntry, ...]:
        """All entries that follow version ``after``, in order.

        Raises:
            LogLostError: the log ends before ``after``.
            LogUnavailableError: it cannot be read now.
        """


def append_id_of(gateway_id: GatewayId, number: int) -> str:
    """The name of a gateway's ``number``-th append."""
    return f"{gateway_id}:{number}"


def is_append_of(gateway_id: GatewayId, append_id: str) -> bool:
    """Whether the append was made by that gateway."""
    return append_id.rpartition(":")[0] == gateway_id
