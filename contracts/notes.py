"""How long shared notes and edits of them may be."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

MAX_NOTES_LENGTH = 30_000
"""In Unicode code points: who joins gets all of them."""

MAX_PUT_IN = 4_000
"""As many characters does one edit put in at the most, in Unicode code points: everybody is sent all of it."""
MAX_CHANGE_PARTS = 32
"""As many parts has an edit at the most, as a client gives it. They are what bringing edits together takes time for."""

ChangePart = (
    Annotated[int, Meta(ge=-MAX_NOTES_LENGTH, le=MAX_NOTES_LENGTH)]
    | Annotated[str, Meta(min_length=1, max_length=MAX_PUT_IN)]
)
NotesChange = Annotated[tuple[ChangePart, ...], Meta(min_length=1, max_length=MAX_CHANGE_PARTS)]
"""A `contracts.text_changes.TextChange`, as a client gives it."""
