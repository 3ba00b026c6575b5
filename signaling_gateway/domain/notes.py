"""Shared notes: one text for the whole meeting, that several people write at once.

Edits are made of the text as their author knew it. The room, which puts everything in order, makes each a change of the
text as it is (`contracts.text_changes`), and everybody applies the same changes in the same order.
"""

from __future__ import annotations

import re

from msgspec import Struct

from contracts.error_codes import ErrorCode
from contracts.log_events import LogEvent, MeetingEnded, NotesEdited, NotesKept
from contracts.notes import MAX_NOTES_LENGTH, MAX_PUT_IN
from contracts.rooms import ParticipantId
from contracts.text_changes import ChangeDoesNotFitError, TextChange, changed, put_in_by, simplified, transformed
from signaling_gateway.domain.permissions import Action, require
from signaling_gateway.domain.room_state import Notes, RoomState
from signaling_gateway.errors import Refusal

KEEP_AFTER_MS = 30_000
"""So long after the first edit that is not kept yet the notes are kept as a whole."""
MOST_PARTS_OF_PRESENT = 100
"""An edit that has more parts as one of the present text is to be made anew, by who writes."""
_UNWRITABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f]")
_OUTDATED = "The notes have changed too much since. Read them again."


class EditNotes(Struct, frozen=True, kw_only=True):
    """``change`` is of the notes as they were at ``revision``."""

    participant_id: ParticipantId
    edit_id: str
    revision: int
    change: TextChange


class KeepNotes(Struct, frozen=True, kw_only=True):
    """The notes may have waited long enough to be kept as a whole."""


def edit(state: RoomState, command: EditNotes, now: int) -> tuple[LogEvent, ...]:
    """The edit as one of the present text. One that stands already is not made again."""
    author = state.stay_of(command.participant_id).info
    require(author.permissions, Action.WRITE_NOTES)
    if not state.policy.notes:
        require(author.permissions, Action.WRITE_LOCKED_NOTES)
    notes = state.notes
    if notes.latest.get(author.id) == command.edit_id:
        return ()
    change = _of_present(notes, command)
    try:
        text = changed(notes.text, change)
    except ChangeDoesNotFitError as error:
        raise Refusal(ErrorCode.VALIDATION_FAILED, "The edit does not fit the notes that it was made of.") from error
    if len(text) > max(MAX_NOTES_LENGTH, len(notes.text)):
        raise Refusal(ErrorCode.NOTES_FULL, f"Shared notes have {MAX_NOTES_LENGTH} characters at most.")
    edited = NotesEdited(
        at=now,
        participant_id=author.id,
        identity=author.identity,
        edit_id=command.edit_id,
        change=change,
        revision=notes.revision + 1,
    )
    return (edited,)


def kept_when(state: RoomState) -> int | None:
    """When the notes are to be kept, as they are now; None: they are, or there are none."""
    return None if state.notes.unkept_since is None else state.notes.unkept_since + KEEP_AFTER_MS


def keep_if_due(state: RoomState, command: KeepNotes, now: int) -> tuple[LogEvent, ...]:  # noqa: ARG001
    """The notes as a whole, if some edit has waited for long enough."""
    moment = kept_when(state)
    return () if moment is None or now < moment else (_kept(state.notes, now),)


def kept_with(state: RoomState, events: tuple[LogEvent, ...], now: int) -> tuple[LogEvent, ...]:
    """``events``, with the notes as a whole where they end the meeting."""
    if state.notes.unkept_since is None or not events or not isinstance(events[-1], MeetingEnded):
        return events
    return (*events[:-1], _kept(state.notes, now), events[-1])


def _of_present(notes: Notes, command: EditNotes) -> TextChange:
    """The change of a command as one of the present text.

    Raises:
        Refusal: it cannot be told what it was made of, or it changes nothing, or puts in what is no text.
    """
    change = simplified(command.change)
    if not change or any(_UNWRITABLE.search(text) for text in put_in_by(change)):
        raise Refusal(ErrorCode.VALIDATION_FAILED, "An edit changes something, and has no control characters.")
    if sum(map(len, put_in_by(change))) > MAX_PUT_IN:
        raise Refusal(ErrorCode.VALIDATION_FAILED, f"An edit puts in {MAX_PUT_IN} characters at most.")
    behind = notes.revision - command.revision
    if not 0 <= behind <= len(notes.edits):
        raise Refusal(ErrorCode.NOTES_OUTDATED, _OUTDATED)
    for earlier in notes.edits[len(notes.edits) - behind :]:
        change = transformed(earlier, change)[1]
        if len(change) > MOST_PARTS_OF_PRESENT:
            raise Refusal(ErrorCode.NOTES_OUTDATED, _OUTDATED)
    return change


def _kept(notes: Notes, now: int) -> NotesKept:
    return NotesKept(at=now, text=notes.text, revision=notes.revision, writers=notes.writers)
