"""Writes ``docs/events.md`` from the models that validate the messages, so that the two cannot drift.

``python -m signaling_gateway.event_reference`` writes the file; a test compares it.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Iterable, Iterator
from enum import EnumType
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

import msgspec
from msgspec import Meta

from contracts import client_commands as commands
from contracts import client_messages as messages
from contracts import public_events
from contracts.command_answers import ANSWERS
from contracts.error_codes import ErrorCode
from signaling_gateway.model_notes import field_notes, own_text, prose

TARGET = Path(__file__).parent.parent / "docs" / "events.md"

_HEAD = """# Event reference

How a client and a signalling gateway talk: Socket.IO (protocol 5, namespace `/`), WebSocket transport only, at the path
`/socket.io/` of the `gateway_url` that joining a meeting gives ([HTTP API](http-api.md)).

<!-- Written by `python -m signaling_gateway.event_reference` from contracts/client_messages.py and its
neighbours: change those. -->

In Python, with a ticket from `POST /v1/meetings/{id}/join` (`python-socketio`, `aiohttp`):

```python
import asyncio
import socketio


async def say_hello(ticket: dict[str, str], meeting_id: str) -> None:
    room = socketio.AsyncClient(reconnection=False)
    room.on("welcome", lambda welcome: print("in the room as", welcome["participant_id"]))
    room.on("events", lambda news: print(*(event["type"] for event in news["events"])))
    auth = {"token": ticket["meeting_token"], "meeting_id": meeting_id}
    await room.connect(ticket["gateway_url"], auth=auth, transports=["websocket"])
    answer = await room.call("send_chat", {"text": "Hello"})
    print(answer.get("error") or f"sent as {answer['message_id']}")
    await room.call("leave_meeting", {})
    await room.disconnect()
```

A gateway serves this page at `/reference`, and all of it as an AsyncAPI 3 document at `/asyncapi.json`, for tools that
make clients.

People are told apart by two ids: `identity` is the person (`u_…`, or `g_…` for a guest), the same in every stay;
`id`, and every `participant_id` and `by` of an event about somebody in the room, is one stay. `by`, and the author of
a chat message, may also be `administrator`: somebody acts through the [HTTP API](administration.md). Times are
milliseconds since the epoch.
"""


def render() -> str:
    """The whole document."""
    seen: dict[str, type] = {}
    parts = [
        _HEAD,
        prose(messages),
        "## Connecting\n",
        "The CONNECT packet's `auth`:\n",
        _struct(messages.ConnectAuth, seen),
        "A refusal is a CONNECT_ERROR whose `data` is an `ErrorBody`:\n",
        _struct(messages.ErrorBody, seen),
        "## Commands\n",
        'Client to gateway. Each is acknowledged: with its answer, with `{}`, or with `{"error": ErrorBody}`.\n',
        *_commands(seen),
        "## Messages\n",
        "Gateway to client.\n",
        *_messages(seen),
        "## Room events\n",
        "The entries of `events`, told apart by `type`. Every one has `version` (integer) and `at` (integer,\n"
        "milliseconds since the epoch).\n",
        *_events(seen),
        "## Types\n",
        *_types(seen),
        "## Error codes\n",
        "\n".join(f"- `{code}`" for code in ErrorCode) + "\n",
    ]
    return "\n".join(parts)


def _commands(seen: dict[str, type]) -> Iterator[str]:
    for name, command in commands.COMMANDS.items():
        yield f"### `{name}`\n"
        yield _struct(command, seen)
        answer = ANSWERS.get(name)
        if answer is not None:
            yield f"Answer:\n\n{_struct(answer, seen)}"


def _messages(seen: dict[str, type]) -> Iterator[str]:
    for name, message in messages.SERVER_MESSAGES.items():
        yield f"### `{name}`\n"
        yield _struct(message, seen)


def _events(seen: dict[str, type]) -> Iterator[str]:
    for event in get_args(public_events.AnyPublicEvent):
        yield f"### `{event.__struct_config__.tag}`\n"
        yield _struct(event, seen, skip=("version", "at"))


def _types(seen: dict[str, type]) -> Iterator[str]:
    """Types that were mentioned, and those that they mention in turn."""
    done: set[str] = set()
    while todo := sorted(set(seen) - done):
        for name in todo:
            done.add(name)
            kind = seen[name]
            if isinstance(kind, EnumType):
                values = ", ".join(f'`"{member.value}"`' for member in kind)  # type: ignore[var-annotated]
                yield f"### {name}\n\n{_sentence(kind)}One of {values}.\n"
            else:
                yield f"### {name}\n\n{_struct(kind, seen)}"


def _struct(kind: type, seen: dict[str, type], skip: Iterable[str] = ()) -> str:
    hints = typing.get_type_hints(kind, include_extras=True)
    notes = field_notes(kind)
    rows = [
        f"| `{each.encode_name}` | {_type(hints[each.name], seen)} | {_default(each)} | {notes.get(each.name, '')} |"
        for each in msgspec.structs.fields(kind)
        if each.name not in skip
    ]
    table = "| Field | Type | Default | |\n|---|---|---|---|\n" + "\n".join(rows) + "\n" if rows else "No fields.\n"
    return f"{_sentence(kind)}{table}"


def _type(hint: Any, seen: dict[str, type]) -> str:
    origin = get_origin(hint)
    if origin is Annotated:
        base, *metas = get_args(hint)
        limits = [text for meta in metas if isinstance(meta, Meta) for text in _limits(meta)]
        return _type(base, seen) + (f" ({', '.join(limits)})" if limits else "")
    if origin in {typing.Union, types.UnionType}:
        return " or ".join(
            "one of the room events" if _is_event(each) else _type(each, seen) for each in _members(hint)
        )
    if origin is tuple:
        return f"array of {_type(get_args(hint)[0], seen)}"
    if hasattr(hint, "__supertype__"):
        return _type(hint.__supertype__, seen)
    plain = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}
    if hint in plain:
        return plain[hint]
    seen.setdefault(hint.__name__, hint)
    return f"[{hint.__name__}](#{hint.__name__.lower()})"


def _members(hint: Any) -> list[Any]:
    """The members of a union; of the room's events only the first, which stands for them all."""
    members = list(get_args(hint))
    events = [each for each in members if _is_event(each)]
    return [each for each in members if not _is_event(each)] + events[:1]


def _is_event(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, public_events.PublicEvent)


def _limits(meta: Meta) -> Iterator[str]:
    if meta.description:
        yield meta.description
    for name, text in (
        ("min_length", "at least {} long"),
        ("max_length", "at most {} long"),
        ("ge", "≥ {}"),
        ("le", "≤ {}"),
    ):
        value = getattr(meta, name)
        if value is not None:
            yield text.format(value)


def _default(each: msgspec.structs.FieldInfo) -> str:
    if each.required:
        return "required"
    return f"`{msgspec.json.encode(each.default).decode()}`"


def _sentence(kind: type) -> str:
    """The docstring, if the type has one of its own, as Markdown."""
    text = own_text(kind)
    return f"{text}\n\n" if text else ""


if __name__ == "__main__":
    TARGET.write_text(render(), encoding="utf-8")
