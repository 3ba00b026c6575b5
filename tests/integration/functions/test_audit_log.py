"""The audit log: every security event, by pages and filters, never changed, and nothing secret in it or in logs."""

from __future__ import annotations

import json
import logging
import time
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from auth_service.adapters.audit_table import AuditTable
from auth_service.adapters.table import Table
from auth_service.domain.security_events import Origin, SecurityEvent, SecurityEventName

from functions.serverless import audit_table
from functions.serverless.audit import AuditFilter
from functions.serverless.audit_table import DAY_MS
from tests.integration.functions.conftest import PASSWORD, Person
from tests.integration.functions.lambda_events import Client
from tests.integration.functions.stored_items import stored_items
from tests.integration.functions.test_roles_and_routes import BODIES, ENDS_THE_ACCOUNT, path_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

AUDIT = "/v1/auth/audit"


def entries(auth: Client, admin: Person, query: str) -> list[dict[str, Any]]:
    answer = auth.request("GET", f"{AUDIT}?limit=100&{query}", token=admin.token)
    assert answer.status == 200, answer.text
    return list(answer.json()["items"])


def test_what_happens_to_an_account_is_found_by_its_user(
    auth: Client, admin: Person, person: Callable[..., Person]
) -> None:
    ada = person()
    auth.request("POST", "/v1/auth/login", {"email": ada.email, "password": "wrong horse battery"})
    auth.request("POST", "/v1/auth/login", {"email": ada.email, "password": PASSWORD}, source_ip="203.0.113.9")
    found = entries(auth, admin, f"user_id={ada.id}")
    assert [entry["event"] for entry in found] == ["logged_in", "login_refused", "registered"]
    assert [entry["outcome"] for entry in found] == ["done", "refused", "done"]
    assert found[0]["address"] == "203.0.113.9"
    assert found[0]["actor_id"] == ada.id
    assert found[1]["actor_id"] is None  # whoever it was
    assert all(entry["request_id"] for entry in found)
    assert [entry["event"] for entry in entries(auth, admin, f"user_id={ada.id}&outcome=refused")] == ["login_refused"]
    assert entries(auth, admin, f"user_id={ada.id}&until=2026-01-01T00:00:00Z") == []


def test_looking_is_seen(auth: Client, admin: Person) -> None:
    entries(auth, admin, "event=audit_read")
    found = entries(auth, admin, f"actor_id={admin.id}&event=audit_read")
    assert len(found) == 2


def test_addresses_are_kept_as_far_as_the_setting_says(
    new_auth: Callable[..., Client], admin: Person, person: Callable[..., Person]
) -> None:
    for setting, kept in (("network", "203.0.113.0/24"), ("none", None)):
        ada = person()
        client = new_auth(PARLEY_AUTH_AUDIT_ADDRESSES=setting)
        client.request("POST", "/v1/auth/login", {"email": ada.email, "password": PASSWORD}, source_ip="203.0.113.9")
        assert entries(client, admin, f"user_id={ada.id}&event=logged_in")[0]["address"] == kept


def test_log_is_read_over_days_and_pages_in_one_order(
    dynamodb: DynamoDBClient, tables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a table of years of nothing but these, with small reads and few of them for each page."""
    monkeypatch.setattr(audit_table, "_READ", 3)
    monkeypatch.setattr(audit_table, "_MAX_QUERIES", 5)
    now = 2_000_000_000.0 + 86_399
    log = AuditTable(
        Table(lambda: dynamodb, tables["auth"]),
        kept_days=30,
        addresses="full",
        clock=lambda: now,
        randomness=lambda length: uuid.uuid4().bytes[:length],
    )
    user = uuid.uuid4().hex
    today = int(now * 1000)
    times = [today - offset for offset in (0, 0, 0, 0, 5, 7 * DAY_MS, 7 * DAY_MS + 1, 20 * DAY_MS, 29 * DAY_MS)]
    for at in times:
        log.add(log.entry(SecurityEvent(name=SecurityEventName.LOGGED_IN, at=at, origin=Origin(), user_id=user)))
    day = AuditFilter(since=today - 8 * DAY_MS, until=today - 7 * DAY_MS)
    for wanted in (AuditFilter(), AuditFilter(user_id=user), AuditFilter(actor_id=user), day):
        found, place, pages = [], None, 0
        while pages == 0 or place is not None:
            page, place = log.page(wanted, after=place, limit=2)
            found += page
            pages += 1
            assert pages < 40
        expected = [today - 7 * DAY_MS - 1] if wanted is day else sorted(times, reverse=True)
        assert [entry.at for entry in found] == expected
        assert len({entry.id for entry in found}) == len(expected)


def test_entries_go_away_after_the_time_that_is_set(
    auth: Client, person: Callable[..., Person], dynamodb: DynamoDBClient, tables: dict[str, str]
) -> None:
    ada = person()
    items = dynamodb.query(
        TableName=tables["auth"],
        IndexName="gsi1",
        KeyConditionExpression="gsi1pk = :user",
        ExpressionAttributeValues={":user": {"S": f"AUDIT#{ada.id}"}},
    )["Items"]
    assert items
    for item in items:
        days = (int(item["expires_at"]["N"]) - time.time()) / 86_400
        assert 364.9 < days <= 365


def test_entry_that_was_overwritten_is_told_by_the_services_log(
    auth: Client, admin: Person, person: Callable[..., Person], caplog: pytest.LogCaptureFixture
) -> None:
    """`PutItem` may add entries, and so could put another in the place of one: the log knows what was there."""
    module = auth.module
    module.logger.addHandler(caplog.handler)
    try:
        ada = person()
        auth.request("POST", "/v1/auth/login", {"email": ada.email, "password": PASSWORD})
        auth.request("POST", f"/v1/auth/users/{ada.id}/suspend", token=admin.token)
    finally:
        module.logger.removeHandler(caplog.handler)
    fields = [vars(record) for record in caplog.records]
    told = {each["audit_id"]: each["audit_digest"] for each in fields if "audit_id" in each}
    shown = {entry["id"]: entry for entry in entries(auth, admin, f"user_id={ada.id}")}
    assert {entry["event"] for entry in shown.values()} >= {"registered", "logged_in", "user_suspended"}
    assert all(told[each] == entry["digest"] for each, entry in shown.items())
    [forged] = [entry["id"] for entry in shown.values() if entry["event"] == "user_suspended"]
    items = module.table.client.query(
        TableName=module.table.name,
        IndexName="gsi1",
        KeyConditionExpression="gsi1pk = :user",
        ExpressionAttributeValues={":user": {"S": f"AUDIT#{ada.id}"}},
    )["Items"]
    [item] = [item for item in items if item["id"]["S"] == forged]
    module.table.client.put_item(TableName=module.table.name, Item={**item, "actor_id": {"S": ada.id}})
    after = {entry["id"]: entry["digest"] for entry in entries(auth, admin, f"user_id={ada.id}")}
    assert [each for each, digest in after.items() if told[each] != digest] == [forged]


@pytest.mark.parametrize("query", ["since=yesterday", "until=9999999", "event=x", "cursor=x", "limit=0", "secret=1"])
def test_what_cannot_be_asked_is_named(auth: Client, admin: Person, query: str) -> None:
    answer = auth.request("GET", f"{AUDIT}?{query}", token=admin.token)
    assert (answer.status, answer.code) == (422, "validation_failed")


def test_nothing_secret_is_in_logs_or_in_the_audit_log(
    auth: Client,
    admin: Person,
    dynamodb: DynamoDBClient,
    tables: dict[str, str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Every route, with marked secrets wherever one can be."""
    mark = f"s3cret{uuid.uuid4().hex}"
    secrets = {"password", "new_password", "current_password", "refresh_token", "client_secret", "token"}
    logging.getLogger("parley.auth").addHandler(caplog.handler)
    try:
        for operation in auth.module.app.operations:
            sent = dict(BODIES.get(operation.name, {})) | dict.fromkeys(secrets, mark)
            known = {field.name for field in msgspec.structs.fields(operation.body)}
            body = {name: value for name, value in sent.items() if name in known}
            cookies = {"cookie": f"parley_refresh={mark}; parley_device={mark}"}
            auth.request(operation.method, path_of(operation, mark), body or None, token=mark, headers=cookies)
            url = path_of(operation, "x") + ("?keep_current=true" if operation.name == "end_sessions" else "")
            if operation.name not in ENDS_THE_ACCOUNT:
                auth.request(operation.method, url, body or None, token=admin.token, headers=cookies)
        service = auth.request(
            "POST", "/v1/auth/service-accounts", {"name": "x", "permissions": ["audit:read"]}, token=admin.token
        ).json()
        key = auth.request("POST", f"/v1/auth/service-accounts/{service['id']}/keys", {}, token=admin.token).json()
        grant = {"grant_type": "client_credentials", "client_secret": key["key"]}
        token = auth.request("POST", "/v1/auth/token", grant).json()["access_token"]
    finally:
        logging.getLogger("parley.auth").removeHandler(caplog.handler)
    lines = [json.dumps({**vars(record), "args": None}, default=str) for record in caplog.records]
    written = "\n".join(lines)
    items = stored_items(dynamodb, tables["auth"])
    audited = json.dumps([item for item in items if item["pk"]["S"].startswith("AUDIT#")])
    assert len(lines) > len(auth.module.app.operations)
    for secret in (mark, key["key"], token, admin.token, admin.refresh_token):
        assert secret not in written
        assert secret not in audited
    assert admin.email not in audited
