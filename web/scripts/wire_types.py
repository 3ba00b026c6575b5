"""Writes `sdk/src/wire.ts`: the messages between client and gateway as TypeScript types, from the contracts.

python web/scripts/wire_types.py          writes the file
python web/scripts/wire_types.py --check  fails if the file is not up to date
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

TARGET = Path(__file__).parents[1] / "sdk" / "src" / "wire.ts"
HEAD = """/**
 * The messages between client and gateway. Generated from `contracts/client_messages.py` and its
 * neighbours by `web/scripts/wire_types.py`: change them there.
 */
"""


def type_of(schema: dict[str, Any]) -> str:
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


def declaration(name: str, schema: dict[str, Any], *, is_sent: bool) -> str:
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


def render() -> str:
    """The whole file."""
    taken = _definitions([client_messages.ConnectAuth, *COMMANDS.values()])
    sent = _definitions([client_messages.ErrorBody, *ANSWERS.values(), *SERVER_MESSAGES.values()])
    parts = [HEAD]
    parts += [declaration(name, node, is_sent=name in sent) for name, node in sorted({**taken, **sent}.items())]
    empty = "Record<string, never>"
    answers = {name: model.__name__ for name, model in ANSWERS.items()}
    table = [
        f"  readonly {name}: {{ readonly command: {model.__name__}; readonly answer: {answers.get(name, empty)} }};"
        for name, model in COMMANDS.items()
    ]
    parts.append("\n".join(["export interface Commands {", *table, "}\n"]))
    table = [f"  readonly {name}: {model.__name__};" for name, model in SERVER_MESSAGES.items()]
    parts.append("\n".join(["export interface ServerMessages {", *table, "}\n"]))
    return "\n".join(parts)


def _definitions(models: list[Any]) -> dict[str, dict[str, Any]]:
    _, definitions = msgspec.json.schema_components(models, ref_template="#/$defs/{name}")
    return definitions


if __name__ == "__main__":
    text = render()
    if "--check" in sys.argv:
        sys.exit(0 if TARGET.read_text() == text else f"{TARGET} is not up to date: run this without --check")
    TARGET.write_text(text)
