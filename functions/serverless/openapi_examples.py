"""Examples in an OpenAPI document: made from its schemas, with values that people recognise where a service has given
some."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

Schema = Mapping[str, Any]
_PREFIX: Final = "#/components/schemas/"
_TIME: Final = "2026-12-01T09:00:00Z"
_UNKNOWN: Final = "…"


class Examples:
    """``components``: schemas by name. ``values``: examples by ``Type.field`` or ``field``, the former first; of the
    variables in paths by what stands before them (``users.id`` in ``/v1/auth/users/{id}``), or by name."""

    def __init__(self, components: Mapping[str, Schema], values: Mapping[str, Any]) -> None:
        self._components = components
        self._values = values

    def of_request(self, schema: Schema) -> Any:
        """A body with what is required, and what the values have for this very type."""
        return self._of(schema, "", whole=False)

    def of_answer(self, schema: Schema) -> Any:
        """A body with all that may be in it."""
        return self._of(schema, "", whole=True)

    def of_variable(self, segment: str, name: str) -> Any:
        """The value of a variable in a path, after a ``segment``."""
        return self._values.get(f"{segment}.{name}", self._values.get(name, _UNKNOWN))

    def _of(self, schema: Schema, field: str, *, whole: bool) -> Any:
        if "$ref" in schema:
            name = str(schema["$ref"]).removeprefix(_PREFIX)
            return self._of_component(name, self._components[name], field, whole=whole)
        for key in ("anyOf", "allOf"):
            if key in schema:
                return self._of(schema[key][0], field, whole=whole)
        if "enum" in schema:
            return schema.get("default", schema["enum"][0])
        if schema.get("type") == "array":
            return [self._of(schema["items"], field, whole=whole)]
        return schema.get("default", _plain(schema, field))

    def _of_component(self, name: str, schema: Schema, field: str, *, whole: bool) -> Any:
        properties: Mapping[str, Schema] | None = schema.get("properties")
        if properties is None:
            return self._of(schema, field, whole=whole)
        owner = name.rpartition(".")[2]
        required = schema.get("required", ())
        shown = [each for each in properties if whole or each in required or f"{owner}.{each}" in self._values]
        return {each: self._field(owner, each, properties[each], whole=whole) for each in shown or [*properties][:1]}

    def _field(self, owner: str, name: str, schema: Schema, *, whole: bool) -> Any:
        for key in (f"{owner}.{name}", name):
            if key in self._values:
                return self._values[key]
        return self._of(schema, name, whole=whole)


def _plain(schema: Schema, field: str) -> Any:
    is_time = schema.get("format") == "date-time" or field == "at" or field.endswith("_at")
    by_type: dict[str, Any] = {
        "integer": schema.get("minimum", 1),
        "number": schema.get("minimum", 1),
        "boolean": True,
        "string": _TIME if is_time else _UNKNOWN,
        "null": None,
    }
    return by_type.get(schema.get("type", "object"), {})
