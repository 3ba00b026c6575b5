"""Requests as strangers make them: an operation is called by an event of its own, which may hold what no URL can."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from functions.serverless.access import Open
from functions.serverless.requests import Empty
from functions.serverless.service import Operation
from tests.integration.functions.conftest import Person
from tests.integration.functions.lambda_events import Client, HttpAnswer
from tests.integration.functions.test_roles_and_routes import BODIES


def operations(client: Client) -> list[Operation]:
    known: list[Operation] = client.module.app.operations
    return known


def call(client: Client, operation: Operation, person: Person, meeting: str, **given: Any) -> HttpAnswer:
    """Calls an operation. ``path``, ``query`` and ``headers``:
    values by name; ``raw``: the body."""
    names = re.findall(r"{(\w+)}", operation.path)
    variables = {name: meeting if name == "id" else "x_1" for name in names} | dict(given.get("path", {}))
    body = given.get("raw")
    if body is None and operation.body is not Empty:
        body = json.dumps(BODIES.get(operation.name, {}))
    known = {} if isinstance(operation.access, Open) else {"authorization": f"Bearer {person.token}"}
    headers = {"content-type": "application/json", **known, **given.get("headers", {})}
    event = client.event(operation.method, operation.path, headers, body)
    query: Mapping[str, str] = given.get("query", {})
    event |= {
        "resource": operation.path,
        "pathParameters": variables or None,
        "multiValueQueryStringParameters": {name: [value] for name, value in query.items()} or None,
    }
    event["requestContext"] |= {"resourcePath": operation.path, "identity": {"sourceIp": "2001:db8:bad::1"}}
    answer = client.module.app(event, None)
    headers = {name.lower(): value for name, value in answer["headers"].items()}
    return HttpAnswer(status=answer["statusCode"], headers=headers, text=answer["body"])


def assert_no_fault_of_ours(answer: HttpAnswer, *told: object) -> None:
    assert answer.status < 500, (*told, answer.text)
    assert answer.status < 400 or answer.code, told
    answer.text.encode()  # what cannot be written as UTF-8 cannot be sent
