"""Administrators and the accounts of others: made, found, changed, kept out, deleted; and what nobody may do."""

from __future__ import annotations

import base64
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from auth_service.adapters.accounts_table import AccountsTable
from auth_service.adapters.table import Table
from auth_service.domain.accounts import Account
from auth_service.errors import LastAdministratorError
from auth_service.job_queue import Promise
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
    assert found(f"search={mark.upper()}-2") == [all_ids[2]], "in the address"
    assert found(f"search=J%C3%96RG%20{mark}") == all_ids, "in the name"
    assert found(f"search={all_ids[1]}") == [all_ids[1]]
    assert found(f"search={mark}&state=suspended") == [all_ids[3]]


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
    refreshed = auth.request("POST", "/v1/auth/refresh", {"refresh_token": ada.refresh_token})
    assert refreshed.code == "account_suspended"  # told to whoever holds the session's own token
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


def test_administrator_sees_and_ends_the_sessions_of_somebody(
    auth: Client, admin: Person, person: Callable[..., Person]
) -> None:
    ada = person()
    other = log_in(auth, ada.email, PASSWORD).json()["refresh_token"]

    def sessions(of: Person) -> list[dict[str, Any]]:
        answer = auth.request("GET", f"{USERS}/{of.id}/sessions", token=admin.token)
        return list(answer.json()["items"])

    assert [session["current"] for session in sessions(ada)] == [False, False]
    assert [session["current"] for session in sessions(admin)].count(True) == 1
    assert set(sessions(ada)[0]) == {"id", "current", "device", "network", "created_at", "used_at", "expires_at"}
    assert auth.request("GET", f"{USERS}/{ada.id}", token=admin.token).json()["has_password"]
    assert auth.request("DELETE", f"{USERS}/{ada.id}/sessions", token=admin.token).status == 204
    for token in (ada.refresh_token, other):
        assert auth.request("POST", "/v1/auth/refresh", {"refresh_token": token}).code == "session_expired"
    assert sessions(ada) == []
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
    other = auth.request("POST", USERS, body | {"display_name": "Other"}, token=admin.token, headers=key)
    assert (other.status, other.code) == (422, "validation_failed")


def test_what_was_deleted_does_not_come_back_under_its_id_when_its_request_is_repeated(
    auth: Client, admin: Person
) -> None:
    body = {"email": f"{uuid.uuid4().hex}@example.org", "display_name": "Grace", "password": FIRST}
    key = {"idempotency-key": "1"}
    first = auth.request("POST", USERS, body, token=admin.token, headers=key).json()
    assert auth.request("DELETE", f"{USERS}/{first['id']}", token=admin.token).status == 204
    again = auth.request("POST", USERS, body, token=admin.token, headers=key)
    assert (again.status, again.code) == (409, "conflict")
    second = auth.request("POST", USERS, body, token=admin.token, headers={"idempotency-key": "2"})
    assert second.status == 201
    assert second.json()["id"] != first["id"]


def test_repeated_requests_at_the_same_moment_make_one_user(auth: Client, admin: Person) -> None:
    body = {"email": f"{uuid.uuid4().hex}@example.org", "display_name": "Grace", "password": FIRST}
    key = {"idempotency-key": uuid.uuid4().hex}

    def make(_: int) -> HttpAnswer:
        return auth.request("POST", USERS, body, token=admin.token, headers=key)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(make, range(8)))
    assert {answer.status for answer in answers} <= {201, 503}
    assert len({answer.json()["id"] for answer in answers if answer.status == 201}) == 1


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


class Nobody:
    """Is told of no account."""

    def promise(self, before: Account | None, after: Account | None) -> tuple[Promise, ...]:
        return ()

    def start(self, promises: Sequence[Promise]) -> None:
        assert not promises


def administrator(number: int) -> Account:
    return Account(
        id=f"u_{number}",
        email=f"{number}@example.org",
        display_name="Root",
        created_at=1,
        role=PlatformRole.ADMINISTRATOR,
    )


def test_last_administrator_cannot_go_by_any_door(own_table: Table) -> None:
    accounts = AccountsTable(own_table, clock=lambda: 0.0, announcing=Nobody())
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
    AccountsTable(own_table, clock=lambda: 0.0, announcing=Nobody(), other_administrators=True).remove(one)


def test_two_administrators_who_demote_each_other_at_once_are_not_both_gone(own_table: Table) -> None:
    accounts = AccountsTable(own_table, clock=lambda: 0.0, announcing=Nobody())
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


def test_last_use_is_noted_once_a_day_and_those_who_are_long_gone_are_found(
    auth: Client, admin: Person, dynamodb: DynamoDBClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = uuid.uuid4().hex[:12]
    used, never = (new_user(auth, admin, email=f"{mark}-{name}@example.org").json() for name in ("used", "never"))
    assert (used["last_used_at"], never["last_used_at"]) == (None, None)
    change = {"email": used["email"], "password": FIRST, "new_password": OWN}
    assert auth.request("POST", "/v1/auth/password/initial", change).status == 204
    notes: list[Any] = []
    update = dynamodb.update_item

    def counted(**request: Any) -> Any:
        notes.append(request["Key"])
        return update(**request)

    monkeypatch.setattr(dynamodb, "update_item", counted)

    def last_used() -> float:
        shown = auth.request("GET", f"{USERS}/{used['id']}", token=admin.token).json()["last_used_at"]
        return datetime.fromisoformat(shown).timestamp()

    def found(before: float) -> list[str]:
        query = f"email={mark}&used_before={datetime.fromtimestamp(before, UTC):%Y-%m-%dT%H:%M:%SZ}"
        page = auth.request("GET", f"{USERS}?{query}", token=admin.token)
        assert page.status == 200, page.text
        return [each["id"] for each in page.json()["items"]]

    begun = int(time.time())
    token = log_in(auth, used["email"], OWN).json()["refresh_token"]
    first = last_used()
    assert begun <= first <= time.time()
    for _ in range(2):
        token = auth.request("POST", "/v1/auth/refresh", {"refresh_token": token}).json()["refresh_token"]
    log_in(auth, used["email"], OWN)
    assert (last_used(), len(notes)) == (first, 1)
    assert found(first) == [never["id"]]
    assert sorted(found(first + 1)) == sorted([used["id"], never["id"]])

    sessions = auth.module.sessions
    monkeypatch.setattr(sessions, "_clock", lambda: time.time() + 86_400)
    token = auth.request("POST", "/v1/auth/refresh", {"refresh_token": token}).json()["refresh_token"]
    assert first + 86_400 <= last_used() <= time.time() + 86_400
    assert len(notes) == 2
    assert found(first + 2) == [never["id"]]
    refused = auth.request("GET", f"{USERS}?used_before=yesterday", token=admin.token)
    assert (refused.status, refused.code) == (422, "validation_failed")
    copy = auth.request("GET", "/v1/auth/me/export", token=log_in(auth, used["email"], OWN).json()["access_token"])
    assert copy.json()["last_used_at"] is not None
