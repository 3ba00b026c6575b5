"""Every route of both services with every kind of caller: the table below is complete, or the test fails."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.functions.conftest import Person
from tests.integration.functions.lambda_events import Client

NOBODY, STRANGER, HOST, ADMIN = "nobody", "stranger", "host", "admin"
CREDENTIAL = {
    "id": "AA",
    "rawId": "AA",
    "type": "public-key",
    "response": {"clientDataJSON": "AA", "authenticatorData": "AA", "signature": "AA", "userHandle": "AA"},
}
NEW_CREDENTIAL = CREDENTIAL | {"response": {"clientDataJSON": "AA", "attestationObject": "AA"}}
BODIES: dict[str, dict[str, Any]] = {
    "register": {"email": "taken@example.org", "password": "short", "display_name": "X"},
    "login": {"email": "nobody@example.org", "password": "wrong horse battery"},
    "refresh": {},
    "logout": {},
    "confirm_registration": {"token": "A" * 43, "password": "x"},
    "change_me": {"display_name": "X"},
    "change_email": {"email": "no address"},
    "confirm_email": {"token": "A" * 43},
    "undo_email": {"token": "A" * 43, "new_password": "wrong horse battery"},
    "forgotten_password": {"email": "nobody@example.org"},
    "reset_password": {"token": "A" * 43, "new_password": "wrong horse battery"},
    "change_password": {"current_password": "wrong horse battery", "new_password": "x"},
    "exchange_code": {"code": "x", "code_verifier": "x" * 43},
    "directory_login": {"username": "ada", "password": "wrong horse battery"},
    "begin_link": {},
    "link_directory": {"username": "ada", "password": "wrong horse battery"},
    "second_factor_options": {"login_token": "A" * 43},
    "finish_login": {"login_token": "A" * 43, "method": "totp", "code": "123456"},
    "passkey_login": {"ceremony": "A" * 43, "credential": CREDENTIAL},
    "prove_session": {"password": "wrong horse battery"},
    "confirm_totp": {"code": "123456"},
    "add_passkey": {"ceremony": "A" * 43, "name": "X", "credential": NEW_CREDENTIAL},
    "rename_passkey": {"name": "X"},
    "create_user": {"email": "new@example.org", "display_name": "X", "password": "short"},
    "change_user": {"role": "member"},
    "replace_initial_password": {"email": "n@example.org", "password": "x", "new_password": "y"},
    "create_service_account": {"name": "Calendar", "permissions": ["meetings:read"]},
    "create_api_key": {},
    "exchange_api_key": {"grant_type": "client_credentials", "client_secret": "parley_x"},
    "create_meeting": {"title": "x"},
    "change_meeting": {"title": "x"},
    "make_personal_room": {},
    "answer_invitation": {"answer": "accepted"},
    "change_occurrence": {"cancelled": True},
    "split_series": {"occurrence": "2027-12-01T09:00:00"},
    "end_series": {"occurrence": "2027-12-01T09:00:00"},
    "find_conflicts": {"schedule": {"start": "2027-12-01T09:00:00", "time_zone": "UTC", "duration_minutes": 30}},
    "read_invitation": {"token": "x" * 40},
    "answer_by_link": {"token": "x" * 40, "answer": "accepted"},
    "set_preferences": {"locale": "de", "time_zone": "Europe/Berlin"},
    "invite": {"address": "ida@example.org"},
    "transfer_meeting": {"user_id": "u_x"},
    "rename_recording": {"title": "x"},
    "share_recording": {"address": "ida@example.org"},
    "set_organisation": {"defaults": {}},
    "prepare_poll": {"question": "?", "options": ["a", "b"]},
    "change_prepared_poll": {"multiple": True},
    "order_prepared_polls": {"ids": []},
    "plan_breakouts": {"rooms": [{"name": "Red"}]},
    "create_stream_key": {"name": "x"},
    "join_meeting": {"display_name": "X"},
    "set_role": {"role": "cohost"},
    "set_permissions": {"publish": [], "subscribe": True, "chat": True},
    "rename_participant": {"name": "X"},
    "send_data": {"topic": "t", "data": "d"},
    "send_message": {"text": "x"},
    "set_policy": {"locked": True},
    "set_spotlight": {"participant_ids": []},
    "start_ingress": {"kind": "rtmp", "name": "Studio"},
    "open_breakouts": {"rooms": [{"name": "Red"}]},
    "change_breakouts": {"free_choice": True},
    "move_to_breakout": {"participant_ids": ["p_1"], "breakout_id": None},
    "refuse_entry": {"participant_id": "p_x"},
    "unban": {"identity": "u_x"},
    "create_webhook": {"url": "https://127.0.0.1/", "events": ["meeting.started"]},
    "redeliver_failed": {"since": "2026-12-01T00:00:00Z"},
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
    "delete_me": (401, 204, 204, 204),
    "change_email": (401, 422, 422, 422),
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
    "waiting_login": (400, 400, 400, 400),
    "second_factor_options": (400, 400, 400, 400),
    "finish_login": (400, 400, 400, 400),
    "passkey_login_options": (409, 409, 409, 409),  # the page of this test has no https
    "passkey_login": (400, 400, 400, 400),
    "step_up_options": (401, 409, 409, 409),
    "prove_session": (401, 401, 401, 401),
    "list_factors": (401, 200, 200, 200),
    "begin_totp": (401, 200, 200, 200),
    "confirm_totp": (401, 401, 401, 401),
    "remove_totp": (401, 404, 404, 404),
    "renew_recovery_codes": (401, 409, 409, 409),
    "passkey_registration_options": (401, 409, 409, 409),
    "add_passkey": (401, 409, 409, 409),
    "rename_passkey": (401, 404, 404, 404),
    "remove_passkey": (401, 404, 404, 404),
    "reset_factors_of_user": (401, 403, 403, 404),
    "list_users": (401, 403, 403, 200),
    "read_user": (401, 403, 403, 404),
    "create_user": (401, 403, 403, 422),
    "change_user": (401, 403, 403, 404),
    "delete_user": (401, 403, 403, 404),
    "suspend_user": (401, 403, 403, 404),
    "resume_user": (401, 403, 403, 404),
    "list_sessions_of_user": (401, 403, 403, 404),
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
    "reference": (200, 200, 200, 200),
    "end_sessions": (401, 204, 204, 204),  # the last: their tokens open nothing here any more
}
OF_A_ROOM: Row = (401, 403, 409, 409)
"""Nobody has joined the meetings of this test: who may ask is told that they are not live."""
MEETINGS: dict[str, Row] = {
    "create_meeting": (401, 201, 201, 201),
    "list_meetings": (401, 200, 200, 200),
    "export_own_records": (401, 200, 200, 200),
    "read_meeting": (200, 200, 200, 200),
    "change_meeting": (401, 403, 200, 200),
    "cancel_meeting": (401, 403, 200, 200),
    "delete_meeting": (401, 403, 204, 204),
    "list_sessions": (401, 403, 200, 200),
    # Nobody has met in the meetings of this test.
    **dict.fromkeys(
        (
            "read_chat",
            "export_chat_as_text",
            "export_chat_as_json",
            "read_attendance",
            "export_attendance",
            "read_polls",
            "read_notes",
            "export_notes_as_text",
            "export_notes_as_json",
            "read_breakouts",
        ),
        (401, 403, 404, 404),
    ),
    "list_invitees": (401, 403, 200, 200),
    "invite": (401, 403, 200, 200),
    "send_invitation_again": (401, 403, 404, 404),
    "take_invitation_back": (401, 403, 404, 404),
    "answer_invitation": (401, 403, 403, 403),  # none of them is invited
    "read_invitation": (404, 404, 404, 404),
    "answer_by_link": (404, 404, 404, 404),
    "read_preferences": (401, 200, 200, 200),
    "read_calendar_feed": (401, 200, 200, 200),
    "make_calendar_feed": (401, 201, 201, 201),
    "revoke_calendar_feed": (401, 204, 204, 204),
    "read_calendar": (404, 404, 404, 404),
    "find_conflicts": (401, 200, 200, 200),
    "list_occurrences": (401, 403, 200, 200),
    "change_occurrence": (401, 403, 422, 422),  # the meetings of this test are no series
    "split_series": (401, 403, 422, 422),
    "end_series": (401, 403, 422, 422),
    "set_preferences": (401, 200, 200, 200),
    "read_personal_room": (401, 404, 404, 404),  # one's own, which nobody here has made yet
    "renew_personal_room": (401, 404, 404, 404),
    "make_personal_room": (401, 200, 200, 200),
    "read_organisation": (401, 200, 200, 200),
    "set_organisation": (401, 403, 403, 200),
    "list_set_aside": (401, 403, 403, 200),
    **dict.fromkeys(("read_set_aside", "retry_set_aside", "discard_set_aside"), (401, 403, 403, 404)),
    "transfer_meeting": (401, 403, 422, 422),  # to nobody who belongs to it
    "list_bans": (401, 403, 200, 200),
    "lift_ban": (401, 403, 404, 404),
    "read_audit_log": (401, 403, 403, 200),
    "read_usage": (401, 403, 403, 200),
    "list_host_usage": (401, 403, 403, 200),
    "export_usage": (401, 403, 403, 200),
    "list_recordings": (401, 200, 200, 200),
    "list_recordings_of_meeting": (401, 403, 200, 200),
    **dict.fromkeys(
        (
            "read_recording",
            "download_recording",
            "rename_recording",
            "delete_recording",
            "list_recording_shares",
            "share_recording",
            "unshare_recording",
        ),
        (401, 404, 404, 404),  # who sees which is in test_recordings.py
    ),
    "list_prepared_polls": (401, 403, 200, 200),
    "prepare_poll": (401, 403, 201, 201),
    "order_prepared_polls": (401, 403, 200, 200),
    "read_breakout_plan": (401, 403, 404, 404),
    "plan_breakouts": (401, 403, 200, 200),
    "drop_breakout_plan": (401, 403, 204, 204),
    **dict.fromkeys(("read_prepared_poll", "change_prepared_poll", "delete_prepared_poll"), (401, 403, 404, 404)),
    "join_meeting": (200, 200, 200, 200),
    "end_meeting": (401, 403, 202, 202),
    "create_stream_key": (401, 403, 201, 201),
    "list_stream_keys": (401, 403, 200, 200),
    "revoke_stream_key": (401, 403, 404, 404),
    "jwks": (200, 200, 200, 200),
    "openapi_document": (200, 200, 200, 200),
    "reference": (200, 200, 200, 200),
    "create_webhook": (401, 403, 403, 422),  # an address in a private network
    "list_webhooks": (401, 403, 403, 200),
    **dict.fromkeys(
        (
            "read_webhook",
            "change_webhook",
            "delete_webhook",
            "rotate_webhook_secret",
            "list_deliveries",
            "read_delivery",
            "test_webhook",
            "redeliver",
            "redeliver_failed",
        ),
        (401, 403, 403, 404),
    ),
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
            "start_broadcast",
            "stop_broadcast",
            "start_ingress",
            "stop_ingress",
            "admit",
            "refuse_entry",
            "unban",
        ),
        OF_A_ROOM,
    ),
}
BELONGING: dict[str, tuple[int, int]] = {
    "list_occurrences": (200, 200),  # when it is, they are told
    "answer_invitation": (200, 200),
    # What makes an end of it, or another's of it, is its host's.
    "cancel_meeting": (403, 403),
    "delete_meeting": (403, 403),
    "transfer_meeting": (403, 403),
}
"""Status for the invited and for co-hosts of a meeting, where that is not a stranger's and the host's."""
ENDS_THE_ACCOUNT = {"delete_me"}
"""Called by somebody who is not needed any more."""
OF_THE_HOST_ALONE = {"host_id", "join_url", "created_at"}


NEED_OTHER_PROOF = {"login", "refresh", "exchange_api_key", "replace_initial_password"}
"""Than an access token."""


def path_of(operation: Any, meeting_id: str) -> str:
    """The operation's path for a meeting, and for somebody and something that is not in its room."""
    path = str(operation.path).replace("{id}", meeting_id).replace("{session}", "1")
    return re.sub(r"{\w+_id}|{name}", "x_1", path)


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

    def new_meeting() -> str:
        made = meetings.request("POST", "/v1/meetings", {"title": "Weekly"}, token=host.token)
        return str(made.json()["id"])

    new_meeting()  # so that lists have something in them
    for name, statuses in table.items():
        for caller, status in zip((NOBODY, STRANGER, HOST, ADMIN), statuses, strict=True):
            url = path_of(operations[name], new_meeting() if "{id}" in operations[name].path else "")
            token = {NOBODY: None, STRANGER: stranger.token, HOST: host.token, ADMIN: admin.token}[caller]
            if name in ENDS_THE_ACCOUNT and token is not None:
                token = (request.getfixturevalue("new_admin")() if caller == ADMIN else person()).token
            answer = client.request(operations[name].method, url, BODIES.get(name), token=token)
            assert answer.status == status, (name, caller, answer.text)
            if name in ("read_meeting", "join_meeting") and caller not in (HOST, ADMIN):
                meeting = answer.json().get("meeting", answer.json())
                assert not OF_THE_HOST_ALONE & set(meeting)


def test_every_route_of_a_meeting_gives_the_invited_and_cohosts_what_the_table_says(
    meetings: Client, person: Callable[..., Person]
) -> None:
    host, people = person("Ada"), {"participant": person("Ida"), "cohost": person("Eve")}

    def new_meeting() -> str:
        made = meetings.request("POST", "/v1/meetings", {"title": "Weekly"}, token=host.token)
        for role, each in people.items():
            invitation = {"user_id": each.id, "name": each.name, "role": role}
            answer = meetings.request(
                "POST", f"/v1/meetings/{made.json()['id']}/invitees", invitation, token=host.token
            )
            assert answer.status == 200, answer.text
        return str(made.json()["id"])

    of_a_meeting = [each for each in meetings.module.app.operations if "{id}" in each.path and each.name in MEETINGS]
    assert set(BELONGING) < {each.name for each in of_a_meeting}
    for operation in of_a_meeting:
        _, stranger, of_host, _ = MEETINGS[operation.name]
        told = BELONGING.get(operation.name, (stranger, of_host))
        for each, status in zip(people.values(), told, strict=True):
            url = path_of(operation, new_meeting())
            answer = meetings.request(operation.method, url, BODIES.get(operation.name), token=each.token)
            assert answer.status == status, (operation.name, each.name, answer.text)


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
