"""Every route of both services with every kind of caller: the table below is complete, or the test fails."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.functions.conftest import Person
from tests.integration.functions.lambda_events import Client

NOBODY, STRANGER, HOST, ADMIN = "nobody", "stranger", "host", "admin"
BODIES: dict[str, dict[str, Any]] = {
    "register": {"email": "taken@example.org", "password": "short", "display_name": "X"},
    "login": {"email": "nobody@example.org", "password": "wrong horse battery"},
    "refresh": {},
    "logout": {},
    "confirm_registration": {"token": "A" * 43, "password": "x"},
    "change_me": {"display_name": "X"},
    "delete_me": {"password": "wrong horse battery"},
    "change_email": {"email": "x@example.org", "password": "wrong horse battery"},
    "confirm_email": {"token": "A" * 43},
    "undo_email": {"token": "A" * 43, "new_password": "wrong horse battery"},
    "forgotten_password": {"email": "nobody@example.org"},
    "reset_password": {"token": "A" * 43, "new_password": "wrong horse battery"},
    "change_password": {"current_password": "wrong horse battery", "new_password": "x"},
    "exchange_code": {"code": "x", "code_verifier": "x" * 43},
    "directory_login": {"username": "ada", "password": "wrong horse battery"},
    "begin_link": {},
    "link_directory": {"username": "ada", "password": "wrong horse battery"},
    "create_user": {"email": "new@example.org", "display_name": "X", "password": "short"},
    "change_user": {"role": "member"},
    "replace_initial_password": {"email": "n@example.org", "password": "x", "new_password": "y"},
    "create_service_account": {"name": "Calendar", "permissions": ["meetings:read"]},
    "create_api_key": {},
    "exchange_api_key": {"grant_type": "client_credentials", "client_secret": "parley_x"},
    "create_meeting": {"title": "x"},
    "change_meeting": {"title": "x"},
    "create_stream_key": {"name": "x"},
    "join_meeting": {"display_name": "X"},
    "set_role": {"role": "cohost"},
    "set_permissions": {"publish": [], "subscribe": True, "chat": True},
    "rename_participant": {"name": "X"},
    "send_data": {"topic": "t", "data": "d"},
    "send_message": {"text": "x"},
    "set_policy": {"locked": True},
    "set_spotlight": {"participant_ids": []},
    "open_breakouts": {"rooms": [{"name": "Red"}]},
    "change_breakouts": {"free_choice": True},
    "move_to_breakout": {"participant_ids": ["p_1"], "breakout_id": None},
    "refuse_entry": {"participant_id": "p_x"},
    "unban": {"identity": "u_x"},
}
Row = tuple[int, int, int, int]
# Status by operation, for: somebody without a token, another user, the meeting's host, an administrator.
AUTH: dict[str, Row] = {
    "register": (422, 422, 422, 422),
    "login": (401, 401, 401, 401),
    "refresh": (401, 401, 401, 401),
    "logout": (204, 204, 204, 204),
    "confirm_registration": (410, 410, 410, 410),
    "me": (401, 200, 200, 200),
    "change_me": (401, 200, 200, 200),
    "export_me": (401, 200, 200, 200),
    "delete_me": (401, 401, 401, 401),
    "change_email": (401, 401, 401, 401),
    "confirm_email": (401, 410, 410, 410),
    "undo_email": (410, 410, 410, 410),
    "forgotten_password": (409, 409, 409, 409),
    "reset_password": (410, 410, 410, 410),
    "change_password": (401, 401, 401, 401),
    "list_sessions": (401, 200, 200, 200),
    "end_session": (401, 404, 404, 404),
    "options": (200, 200, 200, 200),
    "openid_configuration": (200, 200, 200, 200),
    "platform_openid_configuration": (200, 200, 200, 200),
    "list_providers": (200, 200, 200, 200),
    "authorize": (404, 404, 404, 404),  # there are no providers
    "provider_callback": (302, 302, 302, 302),
    "exchange_code": (400, 400, 400, 400),
    "directory_login": (404, 404, 404, 404),
    "list_identities": (401, 200, 200, 200),
    "begin_link": (401, 404, 404, 404),
    "link_directory": (401, 404, 404, 404),
    "unlink_identity": (401, 404, 404, 404),
    "list_users": (401, 403, 403, 200),
    "read_user": (401, 403, 403, 404),
    "create_user": (401, 403, 403, 422),
    "change_user": (401, 403, 403, 404),
    "delete_user": (401, 403, 403, 404),
    "suspend_user": (401, 403, 403, 404),
    "resume_user": (401, 403, 403, 404),
    "end_sessions_of_user": (401, 403, 403, 404),
    "replace_initial_password": (401, 401, 401, 401),
    "list_service_accounts": (401, 403, 403, 200),
    "create_service_account": (401, 403, 403, 201),
    "read_service_account": (401, 403, 403, 404),
    "delete_service_account": (401, 403, 403, 404),
    "list_api_keys": (401, 403, 403, 404),
    "create_api_key": (401, 403, 403, 404),
    "revoke_api_key": (401, 403, 403, 404),
    "exchange_api_key": (401, 401, 401, 401),
    "read_audit_log": (401, 403, 403, 200),
    "jwks": (200, 200, 200, 200),
    "openapi_document": (200, 200, 200, 200),
    "end_sessions": (401, 204, 204, 204),  # the last: their tokens open nothing here any more
}
OF_A_ROOM: Row = (401, 403, 409, 409)
"""Nobody has joined the meetings of this test: who may ask is told that they are not live."""
MEETINGS: dict[str, Row] = {
    "create_meeting": (401, 201, 201, 201),
    "list_meetings": (401, 200, 200, 200),
    "read_meeting": (200, 200, 200, 200),
    "change_meeting": (401, 403, 200, 403),
    "join_meeting": (200, 200, 200, 200),
    "end_meeting": (401, 403, 202, 202),
    "create_stream_key": (401, 403, 201, 201),
    "list_stream_keys": (401, 403, 200, 200),
    "revoke_stream_key": (401, 403, 404, 404),
    "jwks": (200, 200, 200, 200),
    "openapi_document": (200, 200, 200, 200),
    "list_rooms": (401, 200, 200, 200),
    **dict.fromkeys(
        (
            "read_room",
            "read_statistics",
            "read_participant_statistics",
            "list_participants",
            "read_participant",
            "remove_participant",
            "set_role",
            "set_permissions",
            "rename_participant",
            "ask_to_unmute",
            "lower_hand",
            "mute_track",
            "stop_track",
            "mute_all",
            "lower_all_hands",
            "send_data",
            "send_message",
            "remove_message",
            "set_policy",
            "set_spotlight",
            "open_breakouts",
            "change_breakouts",
            "move_to_breakout",
            "close_breakouts",
            "start_recording",
            "stop_recording",
            "admit",
            "refuse_entry",
            "unban",
        ),
        OF_A_ROOM,
    ),
}
OF_THE_HOST_ALONE = {"host_id", "join_url", "created_at"}


NEED_OTHER_PROOF = {"login", "refresh", "exchange_api_key", "replace_initial_password"}
"""Than an access token."""


def path_of(operation: Any, meeting_id: str) -> str:
    """The operation's path for a meeting, and for somebody and something that is not in its room."""
    return re.sub(r"{\w+_id}", "x_1", str(operation.path).replace("{id}", meeting_id))


@pytest.mark.parametrize(("service", "table"), [("auth", AUTH), ("meetings", MEETINGS)])
def test_every_route_gives_every_caller_what_the_table_says(
    service: str,
    table: dict[str, Row],
    meetings: Client,
    person: Callable[..., Person],
    request: pytest.FixtureRequest,
) -> None:
    client: Client = request.getfixturevalue(service)
    admin: Person = request.getfixturevalue("admin")
    operations = {operation.name: operation for operation in client.module.app.operations}
    assert set(table) == set(operations)
    host, stranger = person("Ada"), person("Eve")
    for name, statuses in table.items():
        for caller, status in zip((NOBODY, STRANGER, HOST, ADMIN), statuses, strict=True):
            made = meetings.request("POST", "/v1/meetings", {"title": "Weekly"}, token=host.token).json()
            url = path_of(operations[name], made["id"])
            token = {NOBODY: None, STRANGER: stranger.token, HOST: host.token, ADMIN: admin.token}[caller]
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
            if table[operation.name][0] != 401 or operation.name in NEED_OTHER_PROOF:
                continue
            url = path_of(operation, made["id"])
            answer = client.request(operation.method, url, BODIES.get(operation.name), token=meeting_token)
            assert answer.status == 401, operation.name
            assert answer.code in ("token_malformed", "token_unknown_key")
