"""Writes `sdk/src/wire/`: the messages between client and gateway as TypeScript types, from the contracts.

python web/scripts/wire_types.py          writes the files
python web/scripts/wire_types.py --check  fails if one of them is not up to date
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import msgspec

from contracts import client_messages
from contracts.client_commands import COMMANDS
from contracts.client_messages import SERVER_MESSAGES
from contracts.command_answers import ANSWERS

TARGETS = Path(__file__).parents[1] / "sdk" / "src" / "wire"
HEAD = """/**
 * {what} Generated from `contracts/client_messages.py` and its neighbours by
 * `web/scripts/wire_types.py`: change them there.
 */
"""
WHAT = {
    "room": "What is in a room: the words of both directions between client and gateway.",
    "commands": "What a client asks of the gateway, and how that is answered.",
    "events": "What happens in a room, as the gateway tells of it.",
    "messages": "What the gateway sends by itself.",
}
"""The files, and what stands in each. A file names types of those before it."""
Schema = dict[str, Any]


def type_of(schema: Schema) -> str:
    """The TypeScript type of a JSON Schema node, of those that msgspec makes."""
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    if "enum" in schema:
        return " | ".join(f'"{value}"' for value in schema["enum"])
    if "const" in schema:
        return f'"{schema["const"]}"'
    if "anyOf" in schema:
        return " | ".join(type_of(option) for option in schema["anyOf"])
    kind = schema["type"]
    if kind == "array":
        item = type_of(schema["items"])
        return f"readonly ({item})[]" if "|" in item else f"readonly {item}[]"
    return {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}[kind]


def declaration(name: str, schema: Schema, *, is_sent: bool) -> str:
    """One exported type. What the gateway sends has all its fields; what it takes may leave out what has a default."""
    if schema.get("type") != "object":
        return f"export type {name} = {type_of(schema)};\n"
    required = set(schema.get("required", ()))
    lines = [
        f"  readonly {field}{'' if field in required or is_sent else '?'}: {type_of(node)};"
        for field, node in schema.get("properties", {}).items()
    ]
    if not lines:
        return f"export type {name} = Record<string, never>;\n"
    return "\n".join([f"export interface {name} {{", *lines, "}\n"])


def render() -> dict[str, str]:
    """The files by their names."""
    taken = _definitions([client_messages.ConnectAuth, *COMMANDS.values()])
    answered = _definitions([client_messages.ErrorBody, *ANSWERS.values()])
    told = _definitions([*SERVER_MESSAGES.values()])
    known, sent = {**taken, **answered, **told}, {*answered, *told}
    asked = {*taken, *answered}
    places = {
        name: "room" if name in asked and name in told else "commands" if name in asked else _place_told(name)
        for name in known
    }
    _bring_forward(places, known)
    files = {}
    for file, what in WHAT.items():
        names = sorted(name for name, place in places.items() if place == file)
        tables = {"commands": [_commands()], "messages": [_server_messages()]}.get(file, [])
        types = [declaration(name, known[name], is_sent=name in sent) for name in names]
        used = {each for name in names for each in _references(known[name])}
        if file == "messages":
            used |= {model.__name__ for model in SERVER_MESSAGES.values()}
        files[file] = "\n".join([HEAD.format(what=what) + _imports(file, used, places), *types, *tables])
    return files


def _place_told(name: str) -> str:
    return "events" if name.endswith("Event") else "messages"


def _bring_forward(places: dict[str, str], known: dict[str, Schema]) -> None:
    """Moves what a file names to that file or one before it: nouns that are told alone are of the room, too."""
    order = list(WHAT)
    moved = True
    while moved:
        moved = False
        for name, schema in known.items():
            for used in _references(schema):
                if order.index(places[used]) > order.index(places[name]):
                    places[used] = "room" if places[name] in ("room", "events") else places[name]
                    moved = True


def _imports(file: str, used: set[str], places: dict[str, str]) -> str:
    lines = []
    for other in WHAT:
        names = sorted(name for name in used if places[name] == other)
        if other != file and names:
            line = f'import type {{ {", ".join(names)} }} from "./{other}.js";\n'
            long = "".join(["import type {\n", *(f"  {name},\n" for name in names), f'}} from "./{other}.js";\n'])
            lines.append(line if len(line) <= 120 else long)
    return "".join(["\n", *lines]) if lines else ""


def _references(schema: Any) -> set[str]:
    """The names of the types that a schema names."""
    if isinstance(schema, list):
        return {name for each in schema for name in _references(each)}
    if not isinstance(schema, dict):
        return set()
    own = {str(schema["$ref"]).rsplit("/", 1)[-1]} if "$ref" in schema else set()
    # A discriminator's mapping names what `anyOf` names, too.
    return own | {name for key, each in schema.items() if key != "discriminator" for name in _references(each)}


def _commands() -> str:
    empty = "Record<string, never>"
    answers = {name: model.__name__ for name, model in ANSWERS.items()}
    table = [
        f"  readonly {name}: {{ readonly command: {model.__name__}; readonly answer: {answers.get(name, empty)} }};"
        for name, model in COMMANDS.items()
    ]
    return "\n".join(["export interface Commands {", *table, "}\n"])


def _server_messages() -> str:
    table = [f"  readonly {name}: {model.__name__};" for name, model in SERVER_MESSAGES.items()]
    return "\n".join(["export interface ServerMessages {", *table, "}\n"])


def _definitions(models: list[Any]) -> dict[str, Schema]:
    _, definitions = msgspec.json.schema_components(models, ref_template="#/$defs/{name}")
    return definitions


if __name__ == "__main__":
    for name, text in render().items():
        target = TARGETS / f"{name}.ts"
        if "--check" not in sys.argv:
            target.write_text(text)
        elif not target.exists() or target.read_text() != text:
            sys.exit(f"{target} is not up to date: run this without --check")
