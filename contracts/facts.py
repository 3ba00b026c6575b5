"""What happened in a room, as the gateways report it to the meeting service.

The gateways invoke the function `FACTS_FUNCTION` with a `FactBatch`; it answers a `FactsAccepted`. Delivery is at least
once and in any order: the meeting service keeps one record for each meeting and version. Edits of shared notes are no
facts (`is_fact`): there are many, they are large, and the notes as a whole tell all that they do. Nor is how the
servers do that get a broadcast, and how an ingress does, which is for those who moderate.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from contracts.broadcast_events import BroadcastChanged, BroadcastStarted
from contracts.ingress_events import IngressChanged
from contracts.log_events import BreakoutsOpened, LogEvent, NotesEdited
from contracts.rooms import MeetingId

FACTS_FUNCTION = "parley-meetings-facts"


class Fact(Struct, frozen=True, kw_only=True):
    meeting_id: MeetingId
    version: int
    event: LogEvent


def is_fact(event: LogEvent) -> bool:
    """Whether the meeting service is told of an event."""
    return not isinstance(event, NotesEdited | BroadcastChanged | IngressChanged)


def as_fact(event: LogEvent) -> LogEvent:
    """An event as the meeting service is told of it: without those who are assigned to breakout rooms by name (who of
    them comes is told by their coming, and the others were never there), and without what a broadcast is watched by."""
    if isinstance(event, BroadcastStarted):
        return replace(event, watch_key=None)
    return replace(event, assigned=()) if isinstance(event, BreakoutsOpened) else event


class FactBatch(Struct, frozen=True, kw_only=True):
    facts: tuple[Fact, ...]


class RefusedFact(Struct, frozen=True, kw_only=True):
    """A fact that will never be accepted (an unknown meeting, say): a dead letter."""

    meeting_id: MeetingId
    version: int
    reason: str


class FactsAccepted(Struct, frozen=True, kw_only=True):
    """All facts of the batch were taken, save the refused ones."""

    refused: tuple[RefusedFact, ...] = ()
