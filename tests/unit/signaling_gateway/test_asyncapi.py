"""The AsyncAPI document: of the standard's form, complete, and told as a page, too."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, get_args

import jsonschema_rs
import pytest

from contracts.client_commands import COMMANDS
from contracts.client_messages import SERVER_MESSAGES
from contracts.error_codes import ErrorCode
from contracts.public_events import AnyPublicEvent
from signaling_gateway.asyncapi import document
from signaling_gateway.edge.reference import asyncapi_json, event_page
from tests.doubles.asyncapi_messages import fault

STANDARD = Path(__file__).parents[3] / "web" / "node_modules" / "@asyncapi" / "specs" / "schemas" / "3.0.0.json"


def references(part: Any) -> set[str]:
    """All references of a document."""
    if isinstance(part, dict):
        own = {part["$ref"]} if isinstance(part.get("$ref"), str) else set()
        return own.union(*(references(value) for value in part.values()))
    return set().union(*(references(each) for each in part)) if isinstance(part, list) else set()


def test_the_document_is_of_the_standards_form() -> None:
    standard = json.loads(STANDARD.read_text(encoding="utf-8"))
    jsonschema_rs.Draft7Validator(standard).validate(json.loads(asyncapi_json()))


def test_every_reference_leads_somewhere() -> None:
    found = references(document())
    assert len(found) > 100
    for reference in found:
        part: Any = document()
        for key in reference.removeprefix("#/").split("/"):
            part = part[key]


def test_every_command_message_event_and_code_is_there() -> None:
    operations = document()["operations"]
    receives = {name for name, operation in operations.items() if operation["action"] == "receive"}
    sends = {name for name, operation in operations.items() if operation["action"] == "send"}
    assert receives == {"connect", *COMMANDS}
    assert sends == {f"tell_{name}" for name in SERVER_MESSAGES}
    schemas = document()["components"]["schemas"]
    assert len(schemas["RoomEvent"]["oneOf"]) == len(get_args(AnyPublicEvent))
    assert set(schemas["ErrorCode"]["enum"]) == set(ErrorCode)
    assert all(operation.get("description") for operation in operations.values())


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("send_chat", {"text": ""}),
        ("send_chat", {"text": "x", "colour": "red"}),
        ("send_chat_acknowledged", {"error": {"code": "conflict"}}),
        ("events", {"after": 1, "version": 2, "events": [{"type": "nothing_known", "version": 2, "at": 0}]}),
    ],
)
def test_what_is_wrong_is_found(name: str, body: Any) -> None:
    assert fault(name, body) is not None


def test_the_page_has_a_place_for_everything_that_it_links_to() -> None:
    page = event_page().text
    ids = set(re.findall(r'id="([^"]+)"', page))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= ids
    assert set(COMMANDS) | set(SERVER_MESSAGES) <= ids
