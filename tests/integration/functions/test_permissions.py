"""Every route of both services with every role and every permission: the table is complete, or the tests fail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from contracts.access_control import PERMISSIONS_OF_ROLE, Permission, PlatformRole, scope_of
from functions.serverless.access import Access, Open, OrAnyone
from tests.integration.functions.conftest import Person
from tests.integration.functions.lambda_events import Client, HttpAnswer
from tests.integration.functions.test_roles_and_routes import AUTH as AUTH_ROUTES
from tests.integration.functions.test_roles_and_routes import BODIES, ENDS_THE_ACCOUNT, path_of
from tests.integration.functions.test_roles_and_routes import MEETINGS as MEETINGS_ROUTES

ANYONE, REFRESH, CLIENT = "anyone", "refresh_token", "client_credentials"
# What each route needs. "or …": a token is not needed, and must allow this where it is sent.
AUTH = {
    "register": ANYONE,
    "login": ANYONE,
    "refresh": REFRESH,
    "logout": REFRESH,
    "me": "account:read",
    **dict.fromkeys(("export_me", "list_sessions"), "account:read"),
    **dict.fromkeys(
        (
            "change_me",
            "change_password",
            "change_email",
            "confirm_email",
            "delete_me",
            "end_session",
            "end_sessions",
        ),
        "account:write",
    ),
    **dict.fromkeys(
        ("confirm_registration", "forgotten_password", "reset_password", "undo_email", "options"),
        ANYONE,
    ),
    **dict.fromkeys(("openid_configuration", "platform_openid_configuration"), ANYONE),
    "list_providers": ANYONE,
    "authorize": ANYONE,
    "provider_callback": ANYONE,
    "exchange_code": ANYONE,
    "directory_login": ANYONE,
    "list_identities": "account:read",
    "begin_link": "account:write",
    "link_directory": "account:write",
    "unlink_identity": "account:write",
    **dict.fromkeys(
        ("waiting_login", "second_factor_options", "finish_login", "passkey_login_options", "passkey_login"), ANYONE
    ),
    "list_factors": "account:read",
    **dict.fromkeys(
        (
            "step_up_options",
            "prove_session",
            "begin_totp",
            "confirm_totp",
            "remove_totp",
            "renew_recovery_codes",
            "passkey_registration_options",
            "add_passkey",
            "rename_passkey",
            "remove_passkey",
        ),
        "account:write",
    ),
    "reset_factors_of_user": "users:write",
    "list_users": "users:read",
    "read_user": "users:read",
    "create_user": "users:write",
    "change_user": "users:write",
    "delete_user": "users:write",
    "suspend_user": "users:write",
    "resume_user": "users:write",
    "list_sessions_of_user": "users:read",
    "end_sessions_of_user": "users:write",
    "replace_initial_password": ANYONE,
    "list_service_accounts": "service_accounts:read",
    "create_service_account": "service_accounts:write",
    "read_service_account": "service_accounts:read",
    "delete_service_account": "service_accounts:write",
    "list_api_keys": "service_accounts:read",
    "create_api_key": "service_accounts:write",
    "revoke_api_key": "service_accounts:write",
    "exchange_api_key": CLIENT,
    "read_audit_log": "audit:read",
    "jwks": ANYONE,
    "openapi_document": ANYONE,
    "reference": ANYONE,
}
MEETINGS = {
    "create_meeting": "meetings:create",
    "list_meetings": "meetings:read",
    "export_own_records": "meetings:read",
    "read_meeting": "or meetings:read",
    "change_meeting": "meetings:write",
    "cancel_meeting": "meetings:write",
    "delete_meeting": "meetings:write",
    "list_sessions": "meetings:read",
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
        "meetings:read",
    ),
    **dict.fromkeys(
        ("list_set_aside", "read_set_aside", "retry_set_aside", "discard_set_aside"), "meetings:administer"
    ),
    "list_invitees": "meetings:read",
    **dict.fromkeys(
        ("list_occurrences", "read_calendar_feed", "find_conflicts", "read_preferences"),
        "meetings:read",
    ),
    **dict.fromkeys(
        (
            "change_occurrence",
            "split_series",
            "end_series",
            "make_calendar_feed",
            "revoke_calendar_feed",
            "set_preferences",
        ),
        "meetings:write",
    ),
    "answer_invitation": "meetings:join",
    **dict.fromkeys(("read_calendar", "read_invitation", "answer_by_link"), ANYONE),
    "transfer_meeting": "meetings:write",
    "list_bans": "meetings:read",
    "lift_ban": "meetings:write",
    "read_audit_log": "audit:read",
    "read_usage": "meetings:administer",
    "list_host_usage": "meetings:administer",
    "export_usage": "meetings:administer",
    "list_recordings": "meetings:read",
    "list_recordings_of_meeting": "meetings:read",
    "read_recording": "meetings:read",
    "download_recording": "meetings:read",
    "list_recording_shares": "meetings:read",
    "rename_recording": "meetings:write",
    "delete_recording": "meetings:write",
    "share_recording": "meetings:write",
    "unshare_recording": "meetings:write",
    **dict.fromkeys(("list_prepared_polls", "read_prepared_poll", "read_breakout_plan"), "meetings:read"),
    **dict.fromkeys(
        (
            "prepare_poll",
            "order_prepared_polls",
            "change_prepared_poll",
            "delete_prepared_poll",
            "plan_breakouts",
            "drop_breakout_plan",
        ),
        "meetings:write",
    ),
    "invite": "meetings:write",
    "take_invitation_back": "meetings:write",
    "send_invitation_again": "meetings:write",
    "read_personal_room": "meetings:read",
    "make_personal_room": "meetings:create",
    "renew_personal_room": "meetings:create",
    "read_organisation": "meetings:read",
    "set_organisation": "meetings:administer",
    "join_meeting": "or meetings:join",
    **dict.fromkeys(("list_webhooks", "read_webhook", "list_deliveries", "read_delivery"), "webhooks:read"),
    **dict.fromkeys(
        (
            "create_webhook",
            "change_webhook",
            "delete_webhook",
            "rotate_webhook_secret",
            "test_webhook",
            "redeliver",
            "redeliver_failed",
        ),
        "webhooks:write",
    ),
    "end_meeting": "meetings:write",
    "jwks": ANYONE,
    "openapi_document": ANYONE,
    "reference": ANYONE,
    "list_rooms": "meetings:read",
    **dict.fromkeys(
        (
            "list_stream_keys",
            "read_room",
            "read_statistics",
            "read_participant_statistics",
            "list_participants",
            "read_participant",
        ),
        "meetings:read",
    ),
    **dict.fromkeys(
        (
            "create_stream_key",
            "revoke_stream_key",
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
        "meetings:write",
    ),
}
FRESH = {
    "change_email",
    "delete_me",
    "export_me",
    "begin_link",
    "link_directory",
    "unlink_identity",
    "begin_totp",
    "confirm_totp",
    "remove_totp",
    "renew_recovery_codes",
    "passkey_registration_options",
    "add_passkey",
    "rename_passkey",
    "remove_passkey",
    "delete_user",
    "reset_factors_of_user",
    "create_service_account",
    "delete_service_account",
    "create_api_key",
}
"""What takes a proof of the last ten minutes."""
FRESH_FOR_SOME_BODIES = {
    "change_user": {"role": "member"},
    "create_user": {"email": "n@example.org", "display_name": "N", "role": "administrator"},
}
both = pytest.mark.parametrize(("service", "table"), [("auth", AUTH), ("meetings", MEETINGS)])


def needed(access: Access) -> str:
    match access:
        case Open():
            return access.value
        case OrAnyone():
            return f"or {access.permission}"
        case _:
            return access.value


def ask(client: Client, operation: Any, token: str | None) -> HttpAnswer:
    url = path_of(operation, "abc-defg-hjk") + ("?keep_current=true" if operation.name == "end_sessions" else "")
    return client.request(operation.method, url, BODIES.get(operation.name), token=token)


def bearer_for(operation: Any, bearer: Person, make: Callable[[], Person]) -> Person:
    """The bearer, or somebody like them for what would end their account."""
    return make() if operation.name in ENDS_THE_ACCOUNT else bearer


def lacks_permission(answer: HttpAnswer) -> bool:
    return answer.status == 403 and "insufficient_scope" in answer.headers.get("www-authenticate", "")


@both
def test_table_has_every_route_and_what_it_declares(
    service: str, table: dict[str, str], request: pytest.FixtureRequest
) -> None:
    client: Client = request.getfixturevalue(service)
    assert {operation.name: needed(operation.access) for operation in client.module.app.operations} == table
    rows = {"auth": AUTH_ROUTES, "meetings": MEETINGS_ROUTES}[service]
    assert set(rows) == set(table)


@both
def test_document_says_what_each_route_needs(
    service: str, table: dict[str, str], request: pytest.FixtureRequest
) -> None:
    client: Client = request.getfixturevalue(service)
    paths = client.document["paths"]
    for operation in client.module.app.operations:
        told = paths[operation.path][operation.method.lower()]["security"]
        needs = table[operation.name]
        if ":" in needs:
            assert {"access_token": [needs.removeprefix("or ")]} in told
            assert ({} in told) == needs.startswith("or ")
        else:
            assert all("access_token" not in entry for entry in told)


@both
@pytest.mark.parametrize("role", [*PlatformRole, "of another release"])
def test_privilege_escalation_no_role_gets_past_its_permissions_on_any_route(
    service: str, table: dict[str, str], role: str, person: Callable[..., Person], request: pytest.FixtureRequest
) -> None:
    client: Client = request.getfixturevalue(service)
    token_of: Callable[..., str] = request.getfixturevalue("token_of")
    make = request.getfixturevalue("new_admin") if role == PlatformRole.ADMINISTRATOR else person
    bearer = make()
    may = PERMISSIONS_OF_ROLE[PlatformRole(role)] if role in list(PlatformRole) else frozenset()
    for operation in client.module.app.operations:
        needs = table[operation.name].removeprefix("or ")
        answer = ask(client, operation, token_of(bearer_for(operation, bearer, make), roles=(role,)))
        assert lacks_permission(answer) == (":" in needs and needs not in may), (operation.name, answer.text)
        if lacks_permission(answer):
            assert answer.code == "permission_denied"


@both
def test_privilege_escalation_each_route_opens_to_its_permission_and_to_no_other(
    service: str,
    table: dict[str, str],
    new_admin: Callable[[], Person],
    token_of: Callable[..., str],
    request: pytest.FixtureRequest,
) -> None:
    """With tokens of an administrator that are for less than all."""
    known = new_admin()
    client: Client = request.getfixturevalue(service)
    for operation in client.module.app.operations:
        needs = table[operation.name]
        if ":" not in needs:
            continue
        admin = bearer_for(operation, known, new_admin)
        permission = Permission(needs.removeprefix("or "))
        without = token_of(admin, roles=("administrator",), scope=scope_of(frozenset(Permission) - {permission}))
        assert lacks_permission(ask(client, operation, without)), operation.name
        alone = token_of(admin, roles=("administrator",), scope=scope_of(frozenset({permission})))
        assert not lacks_permission(ask(client, operation, alone)), operation.name
        nobody = ask(client, operation, None)
        assert (nobody.status == 401 and nobody.code == "token_missing") != needs.startswith("or "), operation.name


def test_privilege_escalation_a_token_does_no_more_than_its_bearer_may_now(
    auth: Client, person: Callable[..., Person], token_of: Callable[..., str]
) -> None:
    """An account that was an administrator when its token was made, and is not any more; the token has not expired."""
    former = token_of(person(), roles=("administrator",))
    assert lacks_permission(auth.request("GET", "/v1/auth/audit", token=former))
    assert auth.request("GET", "/v1/auth/me", token=former).status == 200


def test_stolen_access_token_is_not_enough_for_what_is_dangerous(
    auth: Client, admin: Person, made_stale: Callable[[str], None]
) -> None:
    """Every route that says so, and those whose body makes them so."""
    made_stale(admin.id)
    operations = {operation.name: operation for operation in auth.module.app.operations}
    assert {name for name, operation in operations.items() if operation.fresh} == FRESH
    for name in FRESH | set(FRESH_FOR_SOME_BODIES):
        body = FRESH_FOR_SOME_BODIES.get(name, BODIES.get(name))
        answer = auth.request(operations[name].method, path_of(operations[name], "x"), body, token=admin.token)
        assert (answer.status, answer.code) == (403, "step_up_required"), name
        assert answer.json()["methods"] == ["password"]


def test_route_without_a_word_on_who_may_call_it_cannot_be_declared(auth: Client) -> None:
    with pytest.raises(TypeError, match="access"):
        auth.module.app.operation("GET", "/v1/auth/secret", summary="x", answer=None)
