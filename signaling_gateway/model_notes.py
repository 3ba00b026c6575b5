"""What the models' docstrings say, for the references that are made from them."""

from __future__ import annotations

import ast
import inspect
import itertools
import textwrap
import types

from contracts import (
    broadcast_commands,
    client_commands,
    client_messages,
    command_answers,
    ingesting,
    ingress_commands,
    new_breakouts,
    public_events,
    room_broadcast,
    room_ingress,
    rooms,
)

_DOCUMENTED = {
    module.__name__
    for module in (
        broadcast_commands,
        client_commands,
        client_messages,
        command_answers,
        ingesting,
        ingress_commands,
        new_breakouts,
        public_events,
        room_broadcast,
        room_ingress,
        rooms,
    )
}


def own_text(kind: type) -> str:
    """The docstring of a type as Markdown; empty if it has none of its own."""
    text = kind.__doc__ if "__doc__" in vars(kind) else None
    return markdown(inspect.cleandoc(text)) if text and not text.startswith("An enumeration") else ""


def field_notes(kind: type) -> dict[str, str]:
    """The docstrings that stand under fields, each as one line of Markdown."""
    notes: dict[str, str] = {}
    for each in reversed(kind.__mro__):
        if each.__module__ not in _DOCUMENTED:
            continue
        (body,) = ast.parse(textwrap.dedent(inspect.getsource(each))).body
        statements = getattr(body, "body", [])
        for before, statement in itertools.pairwise(statements):
            is_note = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
            if is_note and isinstance(before, ast.AnnAssign) and isinstance(before.target, ast.Name):
                notes[before.target.id] = " ".join(markdown(str(statement.value.value)).split())
    return notes


def prose(module: types.ModuleType) -> str:
    """A module's docstring as Markdown, without its first sentence."""
    return markdown(inspect.cleandoc(module.__doc__ or "").partition("\n\n")[2]) + "\n"


def markdown(text: str) -> str:
    """A docstring's text with Markdown's code spans."""
    return text.replace("``", "`")
