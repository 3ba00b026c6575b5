"""The interface to clients as an AsyncAPI 3.0 document, made from the models that validate the messages.

Source: https://www.asyncapi.com/docs/reference/specification/v3.0.0. The application that it describes is the gateway:
it receives commands and sends messages.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterator
from typing import Any, get_args

import msgspec

from contracts import client_commands as commands
from contracts import client_messages as messages
from contracts import public_events
from contracts.command_answers import ANSWERS
from contracts.error_codes import ErrorCode
from signaling_gateway.model_notes import field_notes, markdown, own_text, prose

CHANNEL = "room"
_SCHEMA = "#/components/schemas/{name}"

_INFO = {
    "title": "Parley signalling gateway",
    "version": "1.0.0",
    "license": {"name": "Apache-2.0"},
}
_SERVERS = {
    "gateway": {
        "host": "{gateway}",
        "pathname": "/socket.io/",
        "protocol": "wss",
        "protocolVersion": "13",
        "description": "A gateway, by Socket.IO protocol 5 over Engine.IO 4, transport `websocket` only. Its address "
        "is the `gateway_url` that joining a meeting gives over HTTP.",
        "variables": {"gateway": {"description": "Host and port of `gateway_url`."}},
        "bindings": {"ws": {"bindingVersion": "0.1.0"}},
    }
}


@functools.cache
def document() -> dict[str, Any]:
    """The document, ready for JSON."""
    made = dict(_messages())
    return {
        "asyncapi": "3.0.0",
        "info": {**_INFO, "description": prose(messages).strip()},
        "defaultContentType": "application/json",
        "servers": _SERVERS,
        "channels": {
            CHANNEL: {
                "address": "/",
                "title": "The room",
                "description": "The Socket.IO namespace of a participant in a meeting. A message's name is its "
                "Socket.IO event; acknowledgements are Socket.IO's.",
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in made},
                "bindings": {
                    "ws": {
                        "method": "GET",
                        "query": {
                            "type": "object",
                            "required": ["EIO", "transport"],
                            "properties": {"EIO": {"const": "4"}, "transport": {"const": "websocket"}},
                        },
                        "bindingVersion": "0.1.0",
                    }
                },
            }
        },
        "operations": dict(_operations()),
        "components": {"messages": made, "schemas": _schemas()},
    }


def _operations() -> Iterator[tuple[str, Any]]:
    yield (
        "connect",
        {
            "action": "receive",
            "channel": {"$ref": f"#/channels/{CHANNEL}"},
            "title": "Come into a meeting",
            "description": "The `auth` of the Socket.IO CONNECT packet. A refusal is a CONNECT_ERROR.",
            "messages": [_of_channel("connect")],
            "reply": {
                "channel": {"$ref": f"#/channels/{CHANNEL}"},
                "messages": [_of_channel(name) for name in ("welcome", "waiting", "connect_error")],
            },
        },
    )
    for name, command in commands.COMMANDS.items():
        yield (
            name,
            {
                "action": "receive",
                "channel": {"$ref": f"#/channels/{CHANNEL}"},
                **_described(command),
                "messages": [_of_channel(name)],
                "reply": {
                    "channel": {"$ref": f"#/channels/{CHANNEL}"},
                    "messages": [_of_channel(f"{name}_acknowledged")],
                },
            },
        )
    for name, message in messages.SERVER_MESSAGES.items():
        yield (
            f"tell_{name}",
            {
                "action": "send",
                "channel": {"$ref": f"#/channels/{CHANNEL}"},
                **_described(message),
                "messages": [_of_channel(name)],
            },
        )


def _messages() -> Iterator[tuple[str, Any]]:
    yield "connect", _message("connect", messages.ConnectAuth)
    yield "connect_error", {**_message("connect_error", messages.ErrorBody), "title": "Refusal of a connection"}
    for name, command in commands.COMMANDS.items():
        yield name, _message(name, command)
        answer = ANSWERS.get(name)
        done = {"type": "object", "maxProperties": 0} if answer is None else _reference(answer)
        yield (
            f"{name}_acknowledged",
            {
                "name": name,
                "title": f"Acknowledgement of {name}",
                "payload": {"oneOf": [done, {"$ref": _SCHEMA.format(name="Refused")}]},
            },
        )
    for name, message in messages.SERVER_MESSAGES.items():
        yield name, _message(name, message)


def _message(name: str, kind: type) -> dict[str, Any]:
    return {"name": name, "title": kind.__name__, **_described(kind), "payload": _reference(kind)}


def _described(kind: type) -> dict[str, str]:
    text = own_text(kind)
    return {"summary": text.partition("\n\n")[0].replace("\n", " "), "description": text} if text else {}


def _schemas() -> dict[str, Any]:
    kinds = [
        messages.ConnectAuth,
        messages.ErrorBody,
        *commands.COMMANDS.values(),
        *ANSWERS.values(),
        *messages.SERVER_MESSAGES.values(),
    ]
    _, schemas = msgspec.json.schema_components(kinds, ref_template=_SCHEMA)
    for kind in _all_kinds(kinds):
        schema = schemas.get(kind.__name__, {})
        if "description" in schema:
            schema["description"] = markdown(inspect.cleandoc(schema["description"]))
        for field, note in field_notes(kind).items():
            if field in schema.get("properties", {}):
                schema["properties"][field] = _noted(schema["properties"][field], note)
    events = [_reference(kind) for kind in get_args(public_events.AnyPublicEvent)]
    schemas = _with_events_named(schemas, events)
    schemas["RoomEvent"] = {
        "title": "RoomEvent",
        "description": "Something that happened in the room.",
        "oneOf": events,
        "discriminator": "type",
    }
    schemas["ErrorCode"] = {"type": "string", "enum": [str(code) for code in ErrorCode]}
    schemas["ErrorBody"]["properties"]["code"] = {
        "description": "One of `ErrorCode`; later versions may have more.",
        "type": "string",
    }
    schemas["Refused"] = {
        "title": "Refused",
        "description": "The command was not carried out.",
        "type": "object",
        "properties": {"error": {"$ref": _SCHEMA.format(name="ErrorBody")}},
        "required": ["error"],
    }
    return dict(sorted(schemas.items()))


def _with_events_named(schema: Any, events: list[dict[str, str]]) -> Any:
    """A schema that refers to the room's events as `RoomEvent` instead of naming them all."""
    if isinstance(schema, list):
        return [_with_events_named(each, events) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("anyOf") == events:
        return {"$ref": _SCHEMA.format(name="RoomEvent")}
    return {key: _with_events_named(value, events) for key, value in schema.items()}


def _noted(schema: dict[str, Any], note: str) -> dict[str, Any]:
    """A reference cannot have a text of its own beside it (JSON Schema draft 7, section 8.3)."""
    return {"allOf": [schema], "description": note} if "$ref" in schema else {**schema, "description": note}


def _all_kinds(kinds: list[type]) -> Iterator[type]:
    """The structs, and all that their fields mention."""
    seen: set[type] = set()
    waiting: list[Any] = [msgspec.inspect.type_info(kind) for kind in kinds]
    while waiting:
        info = waiting.pop()
        if isinstance(info, msgspec.inspect.StructType):
            if info.cls in seen:
                continue
            seen.add(info.cls)
            yield info.cls
            waiting += [field.type for field in info.fields]
        elif isinstance(info, msgspec.inspect.UnionType):
            waiting += info.types
        elif isinstance(info, msgspec.inspect.VarTupleType | msgspec.inspect.ListType):
            waiting.append(info.item_type)
        elif isinstance(info, msgspec.inspect.DictType):
            waiting.append(info.value_type)
        elif isinstance(info, msgspec.inspect.Metadata):
            waiting.append(info.type)


def _reference(kind: type) -> dict[str, str]:
    return {"$ref": _SCHEMA.format(name=kind.__name__)}


def _of_channel(name: str) -> dict[str, str]:
    return {"$ref": f"#/channels/{CHANNEL}/messages/{name}"}
