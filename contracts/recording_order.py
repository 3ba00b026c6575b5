"""What a recording is to be like, as a gateway asks a media node for it."""

from __future__ import annotations

from msgspec import Struct

from contracts.rooms import CompositeLayout, ParticipantId, RecordingKind


class RecordedPerson(Struct, frozen=True, kw_only=True):
    """Somebody in the main room, and what they are called there."""

    participant_id: ParticipantId
    name: str


class RecordingOrder(Struct, frozen=True, kw_only=True):
    """``layout`` and ``people`` are for composites."""

    kind: RecordingKind = RecordingKind.TRACKS
    layout: CompositeLayout = CompositeLayout.GRID
    people: tuple[RecordedPerson, ...] = ()
    """Who is in the main room, in the order in which they came."""
