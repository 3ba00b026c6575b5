"""Service accounts and API keys: made by administrators, exchanged by programs, good at both services."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus, urlencode

import pytest

from tests.integration.functions.conftest import Person
from tests.integration.functions.lambda_events import Client, HttpAnswer
from tests.integration.functions.stored_items import stored_items

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PATH, TOKEN = "/v1/auth/service-accounts", "/v1/auth/token"
FORM = {"content-type": "application/x-www-form-urlencoded"}
GRANT = {"grant_type": "client_credentials"}


def made(auth: Client, admin: Person, *permissions: str, **headers: str) -> dict[str, Any]:
    body = {"name": "Calendar", "permissions": permissions or ["meetings:create", "meetings:read"]}
    answer = auth.request("POST", PATH, body, token=admin.token, headers=headers)
    assert answer.status == 201, answer.text
    return dict(answer.json())


def new_key(auth: Client, admin: Person, service: dict[str, Any], **body: Any) -> dict[str, Any]:
    answer = auth.request("POST", f"{PATH}/{service['id']}/keys", body, token=admin.token)
    assert answer.status == 201, answer.text
    return dict(answer.json())


def exchange(auth: Client, key: str, **fields: str) -> HttpAnswer:
    return auth.request("POST", TOKEN, {**GRANT, "client_secret": key, **fields})


def test_key_makes_meetings_and_does_nothing_that_it_is_not_for(auth: Client, meetings: Client, admin: Person) -> None:
    service = made(auth, admin)
    answer = exchange(auth, new_key(auth, admin, service)["key"])
    assert (answer.status, answer.json()["scope"]) == (200, "meetings:read meetings:create")
    token = answer.json()["access_token"]
    meeting = meetings.request("POST", "/v1/meetings", {"title": "By a program"}, token=token)
    assert (meeting.status, meeting.json()["host_id"]) == (201, service["id"])
    url = f"/v1/meetings/{meeting.json()['id']}"
    assert meetings.request("GET", url, token=token).json()["host_id"] == service["id"]
    for refused in (
        meetings.request("PATCH", url, {"title": "x"}, token=token),
        meetings.request("POST", f"{url}/join", token=token),
        auth.request("GET", "/v1/auth/me", token=token),
        auth.request("GET", PATH, token=token),
    ):
        assert (refused.status, refused.code) == (403, "permission_denied")


@pytest.mark.parametrize("how", ["basic", "form", "json"])
def test_clients_of_oauth_get_tokens_as_rfc_6749_has_it(auth: Client, admin: Person, how: str) -> None:
    service = made(auth, admin)
    key = new_key(auth, admin, service)["key"]
    if how == "basic":
        credentials = base64.b64encode(f"{quote_plus(service['id'])}:{quote_plus(key)}".encode()).decode()
        headers = {**FORM, "authorization": f"Basic {credentials}"}
        answer = auth.request("POST", TOKEN, raw=urlencode({**GRANT, "scope": "meetings:read"}), headers=headers)
    elif how == "form":
        fields = {**GRANT, "client_id": service["id"], "client_secret": key, "scope": "meetings:read"}
        answer = auth.request("POST", TOKEN, raw=urlencode(fields), headers=FORM)
    else:
        answer = exchange(auth, key, scope="meetings:read")
    assert answer.status == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert (body["token_type"], body["scope"], body["expires_in"]) == ("Bearer", "meetings:read", 300)


def test_refusals_have_the_codes_of_rfc_6749_too(auth: Client, admin: Person) -> None:
    service = made(auth, admin)
    key = new_key(auth, admin, service)["key"]
    wrong = exchange(auth, key[:-1] + ("a" if key[-1] != "a" else "b"))
    assert (wrong.status, wrong.code, wrong.json()["error"]) == (401, "invalid_client", "invalid_client")
    wide = exchange(auth, key, scope="meetings:read users:read")
    assert (wide.status, wide.code, wide.json()["error"]) == (400, "invalid_scope", "invalid_scope")
    others = exchange(auth, key, client_id=made(auth, admin)["id"])
    assert others.code == "invalid_client"
    twice = auth.request("POST", TOKEN, raw="grant_type=client_credentials&scope=a&scope=b", headers=FORM)
    assert (twice.status, twice.code) == (422, "validation_failed")


def test_key_is_shown_once_and_stored_nowhere(
    auth: Client, admin: Person, dynamodb: DynamoDBClient, tables: dict[str, str]
) -> None:
    service = made(auth, admin)
    key = new_key(auth, admin, service, expires_in_days=30)
    listed = auth.request("GET", f"{PATH}/{service['id']}/keys", token=admin.token).json()["items"]
    assert [entry["id"] for entry in listed] == [key["id"]]
    assert "key" not in listed[0]
    assert listed[0]["expires_at"] > listed[0]["created_at"]
    assert key["key"].removeprefix("parley_") not in str(stored_items(dynamodb, tables["auth"]))
    assert listed[0]["last_used_at"] is None
    exchange(auth, key["key"])
    used = auth.request("GET", f"{PATH}/{service['id']}/keys", token=admin.token).json()["items"]
    assert used[0]["last_used_at"] is not None


def test_revoked_key_and_ended_service_account_open_nothing(auth: Client, admin: Person) -> None:
    service = made(auth, admin, "audit:read")
    first, second = (new_key(auth, admin, service) for _ in range(2))
    token = exchange(auth, second["key"]).json()["access_token"]
    assert auth.request("GET", "/v1/auth/audit", token=token).status == 200
    path = f"{PATH}/{service['id']}"
    for _ in range(2):
        assert auth.request("DELETE", f"{path}/keys/{first['id']}", token=admin.token).status == 204
    assert exchange(auth, first["key"]).code == "invalid_client"
    assert exchange(auth, second["key"]).status == 200
    assert auth.request("DELETE", path, token=admin.token).status == 204
    assert auth.request("DELETE", path, token=admin.token).status == 404
    assert exchange(auth, second["key"]).code == "invalid_client"
    assert auth.request("GET", "/v1/auth/audit", token=token).code == "session_expired"  # at once


def test_keys_can_be_replaced_for_ever(
    auth: Client, admin: Person, dynamodb: DynamoDBClient, tables: dict[str, str]
) -> None:
    service = made(auth, admin)
    path = f"{PATH}/{service['id']}/keys"
    keys = [new_key(auth, admin, service) for _ in range(50)]
    assert auth.request("POST", path, {}, token=admin.token).code == "conflict"
    assert auth.request("DELETE", f"{path}/{keys[0]['id']}", token=admin.token).status == 204
    assert exchange(auth, new_key(auth, admin, service)["key"]).status == 200
    kept = dynamodb.get_item(TableName=tables["auth"], Key={"pk": {"S": f"KEY#{keys[0]['id']}"}, "sk": {"S": "KEY"}})
    assert int(kept["Item"]["expires_at"]["N"]) > time.time()  # forgotten later, by the table


def test_expired_key_opens_nothing_before_the_table_forgets_it(
    auth: Client, admin: Person, dynamodb: DynamoDBClient, tables: dict[str, str]
) -> None:
    key = new_key(auth, admin, made(auth, admin), expires_in_days=1)
    dynamodb.update_item(
        TableName=tables["auth"],
        Key={"pk": {"S": f"KEY#{key['id']}"}, "sk": {"S": "KEY"}},
        UpdateExpression="SET expires_at = :past",
        ExpressionAttributeValues={":past": {"N": str(int(time.time()) - 1)}},
    )
    assert exchange(auth, key["key"]).code == "invalid_client"


def test_privilege_escalation_keys_give_no_more_than_their_maker_has(auth: Client, admin: Person) -> None:
    service = made(auth, admin, "service_accounts:write", "meetings:read")
    token = exchange(auth, new_key(auth, admin, service)["key"]).json()["access_token"]
    wide = {"name": "More", "permissions": ["users:write"]}
    answer = auth.request("POST", PATH, wide, token=token)
    assert (answer.status, answer.json()["errors"][0]["field"]) == (422, "permissions")
    mighty = made(auth, admin, "users:write", "meetings:read")
    of_another = auth.request("POST", f"{PATH}/{mighty['id']}/keys", {}, token=token)
    assert of_another.status == 422
    beyond = auth.request("POST", f"{PATH}/{service['id']}/keys", {"permissions": ["audit:read"]}, token=admin.token)
    assert beyond.status == 422
    assert auth.request("POST", PATH, {"name": "x", "permissions": ["account:write"]}, token=admin.token).status == 422


def test_api_key_itself_is_no_access_token(auth: Client, meetings: Client, admin: Person) -> None:
    key = new_key(auth, admin, made(auth, admin))["key"]
    assert auth.request("GET", PATH, token=key).code == "token_malformed"
    assert meetings.request("GET", "/v1/meetings", token=key).code == "token_malformed"


def test_repeated_request_makes_nothing_twice(auth: Client, admin: Person) -> None:
    again = {"idempotency-key": "calendar-1"}
    first, second = made(auth, admin, **again), made(auth, admin, **again)
    assert first == second
    other = auth.request(
        "POST", PATH, {"name": "Other", "permissions": ["users:read"]}, token=admin.token, headers=again
    )
    assert (other.status, other.code) == (422, "validation_failed")
    keys = f"{PATH}/{first['id']}/keys"
    assert auth.request("POST", keys, {}, token=admin.token, headers=again).status == 201
    assert auth.request("POST", keys, {}, token=admin.token, headers=again).code == "conflict"
    assert len(auth.request("GET", keys, token=admin.token).json()["items"]) == 1


def test_list_comes_by_pages(auth: Client, admin: Person) -> None:
    ids = [made(auth, admin)["id"] for _ in range(3)]
    seen: list[str] = []
    cursor = ""
    while True:
        page = auth.request("GET", f"{PATH}?limit=2&cursor={cursor}", token=admin.token).json()
        assert len(page["items"]) <= 2
        seen += [entry["id"] for entry in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert [entry for entry in seen if entry in ids] == ids[::-1]
    assert len(seen) == len(set(seen))


def test_keys_of_nobody_are_not_found(auth: Client, admin: Person, person: Callable[..., Person]) -> None:
    service = made(auth, admin)
    key = new_key(auth, admin, service)
    other = made(auth, admin)
    wrong_owner = auth.request("DELETE", f"{PATH}/{other['id']}/keys/{key['id']}", token=admin.token)
    assert (wrong_owner.status, wrong_owner.code) == (404, "not_found")
    assert exchange(auth, key["key"]).status == 200
