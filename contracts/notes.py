"""How long shared notes and edits of them may be."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

MAX_NOTES_LENGTH = 30_000
"""In Unicode code points: who joins gets all of them."""

ChangePart = (
    Annotated[int, Meta(ge=-MAX_NOTES_LENGTH, le=MAX_NOTES_LENGTH)]
    | Annotated[str, Meta(min_length=1, max_length=MAX_NOTES_LENGTH)]
)
NotesChange = Annotated[tuple[ChangePart, ...], Meta(min_length=1, max_length=200)]
"""A `contracts.text_changes.TextChange`, as a client gives it."""
