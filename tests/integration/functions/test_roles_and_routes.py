"""Every route of both services with every kind of caller: the table below is complete, or the test fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.functions.conftest import Person
from tests.integration.functions.lambda_events import Client

NOBODY, STRANGER, HOST = "nobody", "stranger", "host"
BODIES: dict[str, dict[str, Any]] = {
    "register": {"email": "taken@example.org", "password": "short", "display_name": "X"},
    "login": {"email": "nobody@example.org", "password": "wrong horse battery"},
    "refresh": {},
    "logout": {},
    "create_meeting": {"title": "x"},
    "change_meeting": {"title": "x"},
    "join_meeting": {"display_name": "X"},
}
# Status by operation, for: somebody without a token, another user, the meeting's host.
AUTH: dict[str, tuple[int, int, int]] = {
    "register": (422, 422, 422),
    "login": (401, 401, 401),
    "refresh": (401, 401, 401),
    "logout": (204, 204, 204),
    "me": (401, 200, 200),
    "jwks": (200, 200, 200),
    "openapi_document": (200, 200, 200),
}
MEETINGS: dict[str, tuple[int, int, int]] = {
    "create_meeting": (401, 201, 201),
    "list_meetings": (401, 200, 200),
    "read_meeting": (200, 200, 200),
    "change_meeting": (401, 403, 200),
    "join_meeting": (200, 200, 200),
    "end_meeting": (401, 403, 202),
    "jwks": (200, 200, 200),
    "openapi_document": (200, 200, 200),
}
OF_THE_HOST_ALONE = {"host_id", "join_url", "created_at"}


@pytest.mark.parametrize(("service", "table"), [("auth", AUTH), ("meetings", MEETINGS)])
def test_every_route_gives_every_caller_what_the_table_says(
    service: str,
    table: dict[str, tuple[int, int, int]],
    meetings: Client,
    person: Callable[..., Person],
    request: pytest.FixtureRequest,
) -> None:
    client: Client = request.getfixturevalue(service)
    operations = {operation.name: operation for operation in client.module.app.operations}
    assert set(table) == set(operations)
    host, stranger = person("Ada"), person("Eve")
    for name, statuses in table.items():
        for caller, status in zip((NOBODY, STRANGER, HOST), statuses, strict=True):
            made = meetings.request("POST", "/v1/meetings", {"title": "Weekly"}, token=host.token).json()
            url = operations[name].path.replace("{id}", made["id"])
            token = {NOBODY: None, STRANGER: stranger.token, HOST: host.token}[caller]
            answer = client.request(operations[name].method, url, BODIES.get(name), token=token)
            assert answer.status == status, (name, caller, answer.text)
            if name in ("read_meeting", "join_meeting") and caller != HOST:
                meeting = answer.json().get("meeting", answer.json())
                assert not OF_THE_HOST_ALONE & set(meeting)


def test_meeting_token_opens_no_route(auth: Client, meetings: Client, person: Callable[..., Person]) -> None:
    """It is no access token; the permissions in it are the gateway's to read."""
    ada = person()
    made = meetings.request("POST", "/v1/meetings", {"title": "x"}, token=ada.token).json()
    meeting_token = meetings.request("POST", f"/v1/meetings/{made['id']}/join", token=ada.token).json()["meeting_token"]
    for client, table in ((auth, AUTH), (meetings, MEETINGS)):
        for operation in client.module.app.operations:
            if table[operation.name][0] != 401 or operation.name in ("login", "refresh"):
                continue
            url = operation.path.replace("{id}", made["id"])
            answer = client.request(operation.method, url, BODIES.get(operation.name), token=meeting_token)
            assert answer.status == 401, operation.name
            assert answer.code in ("token_malformed", "token_unknown_key")
