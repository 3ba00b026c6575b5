"""The shared notes of a room, as they were kept as a whole: the latest text counts, in whatever order facts come.

The longest text is kept beside it: so nobody can undo for good what the others wrote."""

from __future__ import annotations

from msgspec import Struct

from contracts.log_events import NotesKept
from contracts.rooms import Identity
from meetings_service.domain.chat_history import Reader, was_shown


class Notes(Struct, frozen=True, kw_only=True):
    """The notes as of a version of the room's log."""

    version: int
    at: int
    """When they were kept, milliseconds since the epoch."""
    text: str
    writers: tuple[Identity, ...]
    """Who has written in them. Which words are whose is kept nowhere."""


def notes_of(version: int, event: NotesKept) -> Notes:
    """What a fact tells of the notes."""
    return Notes(version=version, at=event.at, text=event.text, writers=event.writers)


def later_notes(first: Notes | None, second: Notes | None) -> Notes | None:
    """The later of two, either of which may be unknown."""
    if first is None or second is None:
        return second if first is None else first
    return max(first, second, key=lambda notes: notes.version)


def longest_notes(first: Notes | None, second: Notes | None) -> Notes | None:
    """The longer of two, either of which may be unknown; of two as long the later."""
    if first is None or second is None:
        return second if first is None else first
    return max(first, second, key=lambda notes: (len(notes.text), notes.version))


def is_mostly_gone(longest: Notes, present: Notes) -> bool:
    """Whether less than half is left of what the notes once were."""
    return longest.version < present.version and 2 * len(present.text) < len(longest.text)


def may_read_notes(reader: Reader, notes: Notes) -> bool:
    """Whether notes are for this reader: as what is written to all. Who was taken out before reads none of them."""
    return reader.runs or reader.administers or was_shown(reader.person, notes.version)
