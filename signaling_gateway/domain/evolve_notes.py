"""What the events of the shared notes make of a room: `evolve`'s part for them."""

from __future__ import annotations

from msgspec.structs import replace

from contracts.account_standing import is_user
from contracts.log_events import NotesEdited, NotesKept
from contracts.notes import MAX_NOTES_LENGTH
from contracts.rooms import Identity
from contracts.text_changes import ChangeDoesNotFitError, TextChange, changed, put_in_by
from signaling_gateway.domain.room_state import RoomState

EDITS_AT_HAND = 200
"""So many edits back may be the text that an edit was made of: two seconds of fifty people who write at once."""
CHARACTERS_AT_HAND = 2 * MAX_NOTES_LENGTH
"""So long are those edits together at the most: they are part of the room's state."""

PARTS_AT_HAND = 2_000
"""So many parts have those edits together at the most: who writes has three in an edit, if they are no attacker."""
MAX_WRITERS = 500
"""So many accounts are noted as having written."""


def notes_edited(state: RoomState, event: NotesEdited) -> RoomState:
    notes = state.notes
    try:
        text = changed(notes.text, event.change)
    except ChangeDoesNotFitError:
        return state  # no event of a well-formed log
    latest = {who: edit for who, edit in notes.latest.items() if who in state.stays}
    return replace(
        state,
        notes=replace(
            notes,
            text=text,
            revision=event.revision,
            edits=_at_hand((*notes.edits, event.change)),
            latest={**latest, event.participant_id: event.edit_id},
            writers=_with(notes.writers, event.identity),
            unkept_since=event.at if notes.unkept_since is None else notes.unkept_since,
        ),
    )


def notes_kept(state: RoomState, event: NotesKept) -> RoomState:  # noqa: ARG001  (every entry of the table takes both)
    return replace(state, notes=replace(state.notes, unkept_since=None))


def _with(writers: tuple[Identity, ...], identity: Identity) -> tuple[Identity, ...]:
    """Those who have written, of whom only accounts have a copy of their own data."""
    is_new = is_user(identity) and identity not in writers and len(writers) < MAX_WRITERS
    return (*writers, identity) if is_new else writers


def _at_hand(edits: tuple[TextChange, ...]) -> tuple[TextChange, ...]:
    """The latest edits, as far as they are kept at hand."""
    characters, parts, count = 0, 0, 0
    for edit in reversed(edits[-EDITS_AT_HAND:]):
        characters += sum(map(len, put_in_by(edit))) + len(edit)
        parts += len(edit)
        if count and (characters > CHARACTERS_AT_HAND or parts > PARTS_AT_HAND):
            break
        count += 1
    return edits[len(edits) - count :]
