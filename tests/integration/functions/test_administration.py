"""Administrators and the accounts of others: made, found, changed, kept out, deleted; and what nobody may do."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from auth_service.adapters.accounts_table import AccountsTable
from auth_service.adapters.table import Table
from auth_service.domain.accounts import Account
from auth_service.errors import LastAdministratorError
from msgspec.structs import replace

from contracts.access_control import PlatformRole
from tests.integration.functions.conftest import PASSWORD, Person
from tests.integration.functions.lambda_events import Client, HttpAnswer

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

USERS, LOGIN = "/v1/auth/users", "/v1/auth/login"
FIRST, OWN = "gallop-maple-quartz-41", "tundra-velvet-orbit-77"


def new_user(auth: Client, admin: Person, **fields: Any) -> HttpAnswer:
    body = {"email": f"{uuid.uuid4().hex}@example.org", "display_name": "Grace", "password": FIRST, **fields}
    return auth.request("POST", USERS, body, token=admin.token)


def log_in(auth: Client, email: str, password: str) -> HttpAnswer:
    return auth.request("POST", LOGIN, {"email": email, "password": password})


def test_first_password_opens_nothing_until_it_is_replaced(auth: Client, admin: Person) -> None:
    made = new_user(auth, admin, role="member")
    assert (made.status, made.json()["state"], made.json()["role"]) == (201, "invited", "member")
    email = made.json()["email"]
    refused = log_in(auth, email, FIRST)
    assert (refused.status, refused.code) == (403, "password_change_required")
    change = {"email": email, "password": FIRST, "new_password": OWN}
    assert (
        auth.request("POST", "/v1/auth/password/initial", {**change, "new_password": "short"}).code == "weak_password"
    )
    assert auth.request("POST", "/v1/auth/password/initial", change).status == 204
    assert auth.request("POST", "/v1/auth/password/initial", change).code == "invalid_credentials"
    assert log_in(auth, email, FIRST).code == "invalid_credentials"
    session = log_in(auth, email, OWN)
    assert (session.status, session.json()["user"]["role"]) == (200, "member")
    assert auth.request("GET", f"{USERS}/{made.json()['id']}", token=admin.token).json()["state"] == "active"


def test_member_makes_no_meetings_until_made_an_organiser(auth: Client, meetings: Client, admin: Person) -> None:
    made = new_user(auth, admin, role="member").json()
    change = {"email": made["email"], "password": FIRST, "new_password": OWN}
    auth.request("POST", "/v1/auth/password/initial", change)
    session = log_in(auth, made["email"], OWN).json()
    refused = meetings.request("POST", "/v1/meetings", {"title": "x"}, token=session["access_token"])
    assert (refused.status, refused.code) == (403, "permission_denied")
    url = f"{USERS}/{made['id']}"
    assert auth.request("PATCH", url, {"role": "organiser"}, token=admin.token).json()["role"] == "organiser"
    renewed = auth.request("POST", "/v1/auth/refresh", {"refresh_token": session["refresh_token"]}).json()
    assert meetings.request("POST", "/v1/meetings", {"title": "x"}, token=renewed["access_token"]).status == 201


def test_users_are_found_by_address_name_role_and_state(auth: Client, admin: Person) -> None:
    mark = uuid.uuid4().hex[:12]
    made = [
        new_user(auth, admin, email=f"{mark}-{number}@example.org", display_name=f"Jörg {mark} {number}").json()
        for number in range(5)
    ]
    auth.request("POST", f"{USERS}/{made[3]['id']}/suspend", token=admin.token)
    auth.request("PATCH", f"{USERS}/{made[4]['id']}", {"role": "member"}, token=admin.token)

    def found(query: str) -> list[str]:
        ids: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            answer = auth.request("GET", f"{USERS}?limit=2&cursor={cursor}&{query}", token=admin.token)
            assert answer.status == 200, answer.text
            ids += [user["id"] for user in answer.json()["items"]]
            cursor = answer.json()["next_cursor"]
        return ids

    all_ids = [user["id"] for user in made]
    assert found(f"email={mark}") == all_ids
    assert found(f"email={mark.upper()}-3") == [all_ids[3]]
    assert found(f"name=J%C3%96RG%20{mark}") == all_ids
    assert found(f"email={mark}&state=suspended") == [all_ids[3]]
    assert found(f"email={mark}&role=member") == [all_ids[4]]
    assert found(f"email={mark}&state=active") == []
    assert admin.id in found(f"email={admin.email}")


@pytest.mark.parametrize("query", ["role=guest", "state=x", "cursor=%25", "limit=101", "email=", "order=name"])
def test_what_cannot_be_looked_for_is_named(auth: Client, admin: Person, query: str) -> None:
    answer = auth.request("GET", f"{USERS}?{query}", token=admin.token)
    assert (answer.status, answer.code) == (422, "validation_failed")


def test_suspended_user_is_out_at_once_and_back_only_by_logging_in(
    auth: Client, admin: Person, person: Callable[..., Person]
) -> None:
    ada = person()
    url = f"{USERS}/{ada.id}"
    for _ in range(2):
        assert auth.request("POST", f"{url}/suspend", token=admin.token).json()["state"] == "suspended"
    assert auth.request("POST", "/v1/auth/refresh", {"refresh_token": ada.refresh_token}).code == "session_expired"
    assert auth.request("GET", "/v1/auth/me", token=ada.token).code == "session_expired"
    assert log_in(auth, ada.email, PASSWORD).code == "account_suspended"
    assert log_in(auth, ada.email, "wrong horse battery").code == "invalid_credentials"  # told to nobody else
    assert auth.request("POST", f"{url}/resume", token=admin.token).json()["state"] == "active"
    assert auth.request("POST", "/v1/auth/refresh", {"refresh_token": ada.refresh_token}).code == "session_expired"
    assert log_in(auth, ada.email, PASSWORD).status == 200
    found = auth.request("GET", f"/v1/auth/audit?user_id={ada.id}", token=admin.token).json()["items"]
    events = [(entry["event"], entry["actor_id"]) for entry in found]
    assert ("user_suspended", admin.id) in events
    assert ("user_resumed", admin.id) in events
    assert [event for event, _ in events].count("user_suspended") == 1


def test_sessions_are_ended_for_somebody(auth: Client, admin: Person, person: Callable[..., Person]) -> None:
    ada = person()
    other = log_in(auth, ada.email, PASSWORD).json()["refresh_token"]
    assert auth.request("DELETE", f"{USERS}/{ada.id}/sessions", token=admin.token).status == 204
    for token in (ada.refresh_token, other):
        assert auth.request("POST", "/v1/auth/refresh", {"refresh_token": token}).code == "session_expired"
    assert log_in(auth, ada.email, PASSWORD).status == 200


def test_deleted_user_is_gone_and_the_address_is_free(
    auth: Client, admin: Person, person: Callable[..., Person]
) -> None:
    ada = person()
    assert auth.request("DELETE", f"{USERS}/{ada.id}", token=admin.token).status == 204
    assert auth.request("DELETE", f"{USERS}/{ada.id}", token=admin.token).code == "not_found"
    assert auth.request("GET", "/v1/auth/me", token=ada.token).code == "session_expired"
    assert log_in(auth, ada.email, PASSWORD).code == "invalid_credentials"
    assert new_user(auth, admin, email=ada.email).status == 201


def test_repeated_request_makes_one_user(auth: Client, admin: Person) -> None:
    body = {"email": f"{uuid.uuid4().hex}@example.org", "display_name": "Grace", "password": FIRST}
    key = {"idempotency-key": uuid.uuid4().hex}
    first, second = (auth.request("POST", USERS, body, token=admin.token, headers=key) for _ in range(2))
    assert (first.status, second.status) == (201, 201)
    assert first.json() == second.json()
    assert auth.request("POST", USERS, body, token=admin.token).code == "email_taken"


def test_without_mail_somebody_else_needs_a_first_password(auth: Client, admin: Person) -> None:
    body = {"email": f"{uuid.uuid4().hex}@example.org", "display_name": "Grace"}
    answer = auth.request("POST", USERS, body, token=admin.token)
    assert (answer.status, answer.code) == (409, "mail_off")


def test_privilege_escalation_a_key_that_writes_users_makes_and_touches_no_administrator(
    auth: Client, admin: Person, person: Callable[..., Person]
) -> None:
    services = "/v1/auth/service-accounts"
    body = {"name": "Provisioning", "permissions": ["users:read", "users:write", "meetings:join", "meetings:read"]}
    service = auth.request("POST", services, body, token=admin.token).json()
    key = auth.request("POST", f"{services}/{service['id']}/keys", {}, token=admin.token).json()["key"]
    grant = {"grant_type": "client_credentials", "client_secret": key}
    program = replace_token(admin, auth.request("POST", "/v1/auth/token", grant).json()["access_token"])
    for answer in (
        new_user(auth, program, role="administrator"),
        auth.request("PATCH", f"{USERS}/{person().id}", {"role": "administrator"}, token=program.token),
        auth.request("PATCH", f"{USERS}/{admin.id}", {"role": "member"}, token=program.token),
        auth.request("POST", f"{USERS}/{admin.id}/suspend", token=program.token),
        auth.request("DELETE", f"{USERS}/{admin.id}", token=program.token),
        auth.request("DELETE", f"{USERS}/{admin.id}/sessions", token=program.token),
    ):
        assert (answer.status, answer.code) == (403, "permission_denied")


def replace_token(person: Person, token: str) -> Person:
    return Person(id="", email="", name=person.name, token=token, refresh_token="")


def test_administrator_of_the_settings_is_changed_there_alone(
    new_auth: Callable[..., Client], admin: Person, person: Callable[..., Person]
) -> None:
    root = person("Root")
    client = new_auth(PARLEY_AUTH_ADMINISTRATORS=f'["{root.id}"]')
    url = f"{USERS}/{root.id}"
    assert client.request("GET", url, token=admin.token).json()["role"] == "administrator"
    for answer in (
        client.request("PATCH", url, {"role": "member"}, token=admin.token),
        client.request("POST", f"{url}/suspend", token=admin.token),
        client.request("DELETE", url, token=admin.token),
    ):
        assert (answer.status, answer.code) == (409, "conflict")


@pytest.fixture
def own_table(dynamodb: DynamoDBClient, tables: dict[str, str]) -> Table:
    """A table without any administrator, with the keys of the service's own."""
    described = dynamodb.describe_table(TableName=tables["auth"])["Table"]
    index = described["GlobalSecondaryIndexes"][0]
    name = f"alone-{uuid.uuid4().hex}"
    dynamodb.create_table(
        TableName=name,
        KeySchema=described["KeySchema"],
        AttributeDefinitions=described["AttributeDefinitions"],
        GlobalSecondaryIndexes=[{key: index[key] for key in ("IndexName", "KeySchema", "Projection")}],  # type: ignore[list-item]
        BillingMode="PAY_PER_REQUEST",
    )
    return Table(lambda: dynamodb, name)


def administrator(number: int) -> Account:
    return Account(
        id=f"u_{number}",
        email=f"{number}@example.org",
        display_name="Root",
        created_at=1,
        role=PlatformRole.ADMINISTRATOR,
    )


def test_last_administrator_cannot_go_by_any_door(own_table: Table) -> None:
    accounts = AccountsTable(own_table, clock=lambda: 0.0)
    one, two = administrator(1), administrator(2)
    accounts.add(one)
    accounts.add(two)
    accounts.remove(two)
    for gone in (replace(one, role=PlatformRole.MEMBER), replace(one, suspended_at=1)):
        with pytest.raises(LastAdministratorError):
            accounts.change(one, gone)
    with pytest.raises(LastAdministratorError):
        accounts.remove(one)
    assert accounts.find(one.id) == one
    accounts.change(one, replace(one, display_name="Still there"))
    AccountsTable(own_table, clock=lambda: 0.0, other_administrators=True).remove(one)


def test_two_administrators_who_demote_each_other_at_once_are_not_both_gone(own_table: Table) -> None:
    accounts = AccountsTable(own_table, clock=lambda: 0.0)
    pair = [administrator(1), administrator(2)]
    for each in pair:
        accounts.add(each)

    def demote(account: Account) -> bool:
        try:
            accounts.change(account, replace(account, role=PlatformRole.MEMBER))
        except LastAdministratorError:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(demote, pair)) == [False, True]


def test_cursor_of_another_search_ends_it(auth: Client, admin: Person) -> None:
    cursor = base64.urlsafe_b64encode(b"zz@example.org").decode().rstrip("=")
    answer = auth.request("GET", f"{USERS}?email=aa&cursor={cursor}", token=admin.token)
    assert (answer.status, answer.json()) == (200, {"items": [], "next_cursor": None})
