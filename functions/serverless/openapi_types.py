"""The types of an OpenAPI document in words: names that are links, limits, defaults, tables of fields. All as HTML."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any, Final

Schema = Mapping[str, Any]
PREFIX: Final = "#/components/schemas/"
_CODE: Final = re.compile(r"(`+)(?P<code>[^`]+)\1")
_LIMITS: Final = (
    ("minLength", "maxLength", " characters"),
    ("minItems", "maxItems", " of them"),
    ("minimum", "maximum", ""),
)


class Types:
    """The schemas of a document by their names."""

    def __init__(self, schemas: Mapping[str, Schema]) -> None:
        self._schemas = dict(sorted(schemas.items(), key=lambda entry: self.title_of(entry[0]).lower()))

    def __iter__(self) -> Iterator[str]:
        return iter(self._schemas)

    def __contains__(self, name: str) -> bool:
        return name in self._schemas

    @staticmethod
    def title_of(name: str) -> str:
        """The name of a type without its module, which it has where two are called alike."""
        return name.rpartition(".")[2]

    @staticmethod
    def anchor_of(name: str) -> str:
        """The id of its entry."""
        return f"type-{name}"

    def text_of(self, name: str) -> str:
        """What is said of a type."""
        return str(self._schemas[name].get("description", ""))

    def name_of(self, schema: Schema) -> str:
        """What a value is, in a few words: its type, and the limits that it has."""
        if "$ref" in schema:
            name = str(schema["$ref"]).removeprefix(PREFIX)
            return f'<a href="#{escape(self.anchor_of(name))}">{escape(self.title_of(name))}</a>'
        for key in ("anyOf", "allOf"):
            if key in schema:
                return " or ".join(self.name_of(each) for each in schema[key])
        if "enum" in schema:
            return " | ".join(_literal(value) for value in schema["enum"])
        kind = schema.get("type", "any")
        if kind == "array":
            return f"array of {self.name_of(schema.get('items', {}))}{_limits(schema)}"
        if kind == "object" and "additionalProperties" in schema and schema["additionalProperties"] is not False:
            return "object of " + self.name_of(schema["additionalProperties"])
        return f"{escape(kind)}{_limits(schema)}"

    def note_of(self, schema: Schema) -> str:
        """What is said of a value, and the pattern that it has to fit."""
        parts = [schema.get("description", ""), f"Fits `{schema['pattern']}`." if "pattern" in schema else ""]
        parts += [self.note_of(each) for each in schema.get("anyOf", ())]
        return " ".join(part for part in parts if part)

    @staticmethod
    def default_of(schema: Schema) -> str:
        """The value that one has which is left out, if it has one."""
        return _literal(schema["default"]) if "default" in schema else ""

    def table_of(self, schema: Schema) -> str:
        """The fields of a type, or the values of an enumeration."""
        if "$ref" not in schema:
            return ""
        own = self._schemas[str(schema["$ref"]).removeprefix(PREFIX)]
        if "enum" in own:
            return f"<p>{' | '.join(_literal(value) for value in own['enum'])}</p>"
        required = own.get("required", ())
        rows = "\n".join(
            f"<tr><td><code>{escape(name)}</code></td><td>{self.name_of(each)}</td>"
            f"<td>{'required' if name in required else self.default_of(each)}</td>"
            f"<td>{prose(self.note_of(each), self)}</td></tr>"
            for name, each in own.get("properties", {}).items()
        )
        if not rows:
            return "<p>No fields.</p>"
        head = "<th>Field</th><th>Type</th><th>Default</th><th>Notes</th>"
        return f'<div class="table"><table><thead><tr>{head}</tr></thead>\n<tbody>{rows}</tbody></table></div>'


def prose(text: str, types: Types) -> str:
    """A text with code between back quotes, as HTML; the name of a type becomes a link to it."""
    parts: list[str] = []
    end = 0
    for found in _CODE.finditer(text):
        code = escape(found["code"])
        shown = f"<code>{code}</code>"
        if found["code"] in types:
            shown = f'<a href="#{types.anchor_of(code)}">{shown}</a>'
        parts += [escape(text[end : found.start()]), shown]
        end = found.end()
    return "".join([*parts, escape(text[end:])])


def _limits(schema: Schema) -> str:
    told = []
    for low, high, of_what in _LIMITS:
        if low in schema and high in schema:
            told.append(f"{schema[low]} to {schema[high]}{of_what}")
        elif high in schema:
            told.append(f"at most {schema[high]}{of_what}")
        elif low in schema:
            told.append(f"at least {schema[low]}{of_what}")
    if "format" in schema:
        told.append(str(schema["format"]))
    return escape(f" ({', '.join(told)})" if told else "")


def _literal(value: Any) -> str:
    return f"<code>{escape(json.dumps(value, ensure_ascii=False))}</code>"
