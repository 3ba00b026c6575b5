"""Checks messages against the gateway's AsyncAPI document, more strictly than it asks for: nothing may be unnamed."""

from __future__ import annotations

import functools
from typing import Any

import jsonschema_rs

from signaling_gateway.asyncapi import document


def fault(name: str, body: Any) -> str | None:
    """What is wrong with a message of that name; None: nothing."""
    try:
        _validator(name).validate(body)
    except jsonschema_rs.ValidationError as error:
        return f"{name}: {error.message} at {list(error.instance_path)}"
    return None


@functools.cache
def _validator(name: str) -> jsonschema_rs.Draft7Validator:
    components = _strict(document()["components"])
    payload = components["messages"][name]["payload"]
    return jsonschema_rs.Draft7Validator({"allOf": [payload], "components": components})


def _strict(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    strict = {key: _strict(value) for key, value in schema.items()}
    if schema.get("type") == "object" and "properties" in schema:
        strict["additionalProperties"] = False
    return strict
