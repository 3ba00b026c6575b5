"""One's own account: profile, password, sessions, the copy of one's data, and the end of it all."""

from __future__ import annotations

import itertools
import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from auth_service.domain.jobs import LATE_S
from auth_service.guessing import FROM_ONE_ADDRESS
from jose import jwt

from contracts.access_token import AUDIENCE
from tests.integration.functions.conftest import AUTH_ISSUER, PASSWORD, Person
from tests.integration.functions.lambda_events import Client, HttpAnswer
from tests.integration.functions.stored_items import stored_items

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NEW = "another horse, another battery"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def post(client: Client, path: str, body: Any, **more: Any) -> HttpAnswer:
    return client.request("POST", f"/v1/auth/{path}", body, **more)


def log_in(client: Client, email: str, password: str = PASSWORD, **headers: str) -> HttpAnswer:
    return post(client, "login", {"email": email, "password": password}, headers=headers)


def sessions_of(client: Client, token: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = client.request("GET", "/v1/auth/sessions", token=token).json()["items"]
    return items


def is_alive(client: Client, refresh_token: str) -> bool:
    return post(client, "refresh", {"refresh_token": refresh_token}).status == 200


# ---- idempotency ----


def test_registration_whose_answer_was_lost_may_be_repeated_under_its_key(auth: Client) -> None:
    body = {"email": f"{uuid.uuid4().hex}@example.org", "password": PASSWORD, "display_name": "Ada"}
    first, again = (post(auth, "register", body, headers={"idempotency-key": "k-1"}) for _ in range(2))
    assert first.status == again.status == 201
    assert first.json()["user"] == again.json()["user"]
    for key in ({}, {"idempotency-key": "k-2"}):
        assert post(auth, "register", body, headers=key).code == "email_taken"
    other = post(auth, "register", body | {"password": NEW}, headers={"idempotency-key": "k-1"})
    assert (other.status, other.code) == (422, "validation_failed")
    assert post(auth, "register", body, headers={"idempotency-key": "no key!"}).code == "validation_failed"


# ---- profile and password ----


def test_profile_is_changed_field_by_field(auth: Client, person: Callable[..., Person]) -> None:
    ada = person()
    assert auth.request("PATCH", "/v1/auth/me", {"display_name": " Ada  L. "}, token=ada.token).status == 200
    changed = auth.request("PATCH", "/v1/auth/me", {"locale": "de"}, token=ada.token).json()
    assert (changed["display_name"], changed["locale"]) == ("Ada L.", "de")
    assert auth.request("PATCH", "/v1/auth/me", {}, token=ada.token).json() == changed
    assert auth.request("PATCH", "/v1/auth/me", {"locale": "tlh"}, token=ada.token).code == "validation_failed"
    assert auth.request("PATCH", "/v1/auth/me", {"email": "x@y.z"}, token=ada.token).code == "validation_failed"


def test_new_password_ends_the_other_sessions_and_keeps_this_one(auth: Client, person: Callable[..., Person]) -> None:
    ada = person()
    other = log_in(auth, ada.email).json()
    body = {"current_password": PASSWORD, "new_password": NEW}
    wrong = post(auth, "me/password", body | {"current_password": NEW}, token=ada.token)
    assert (wrong.status, wrong.code) == (401, "invalid_credentials")
    assert post(auth, "me/password", body | {"new_password": "1234567890"}, token=ada.token).code == "weak_password"
    assert post(auth, "me/password", body, token=ada.token).status == 204
    assert log_in(auth, ada.email).status == 401
    assert log_in(auth, ada.email, NEW).status == 200
    assert not is_alive(auth, other["refresh_token"])
    assert is_alive(auth, ada.refresh_token)


def test_new_password_may_leave_the_other_sessions(auth: Client, person: Callable[..., Person]) -> None:
    ada = person()
    other = log_in(auth, ada.email).json()["refresh_token"]
    body = {"current_password": PASSWORD, "new_password": NEW, "end_other_sessions": False}
    assert post(auth, "me/password", body, token=ada.token).status == 204
    assert is_alive(auth, other)


def test_change_of_a_password_whose_answer_was_lost_is_answered_again(
    auth: Client, person: Callable[..., Person]
) -> None:
    ada = person()
    body = {"current_password": PASSWORD, "new_password": NEW}
    named = {"idempotency-key": "change-1"}

    def change(body: dict[str, str], **more: str) -> HttpAnswer:
        return post(auth, "me/password", body, token=ada.token, headers=named | more)

    assert change(body).status == 204
    other = log_in(auth, ada.email, NEW).json()["refresh_token"]
    assert change(body).status == 204
    assert is_alive(auth, other), "nothing was done again"
    assert change(body | {"new_password": f"{NEW}, another"}).code == "validation_failed"
    unnamed = {"idempotency-key": "change-2"}
    assert change(body, **unnamed).code == "invalid_credentials"
    back = {"current_password": NEW, "new_password": PASSWORD}
    assert change(back, **{"idempotency-key": "change-3"}).status == 204
    assert change(body).code == "validation_failed", "the password is another by now"


def test_repeating_the_change_of_a_password_is_no_way_to_guess_it(
    auth: Client, person: Callable[..., Person], caplog: pytest.LogCaptureFixture
) -> None:
    ada = person()
    body = {"current_password": PASSWORD, "new_password": NEW}

    def change(new_password: str, token: str = ada.token) -> str | None:
        how: dict[str, Any] = {"headers": {"idempotency-key": "change-1"}, "source_ip": "2001:db8:a9::1"}
        answer = post(auth, "me/password", body | {"new_password": new_password}, token=token, **how)
        return None if answer.status == 204 else answer.code

    assert change(NEW) is None
    other = log_in(auth, ada.email, NEW).json()["access_token"]
    assert change(NEW, other) == "validation_failed", "it is the request of the session that made it"
    caplog.clear()
    guesses = (change(f"{NEW}, {number}") for number in range(3 * FROM_ONE_ADDRESS.free))
    answers = list(itertools.takewhile(lambda code: code == "validation_failed", guesses))
    assert FROM_ONE_ADDRESS.free <= len(answers) < 3 * FROM_ONE_ADDRESS.free, "then one has to wait"
    assert caplog.messages.count("login_refused") == len(answers)


# ---- sessions ----


def test_sessions_are_listed_with_device_and_network(
    new_auth: Callable[..., Client], person: Callable[..., Person]
) -> None:
    ada, auth = person(), new_auth(PARLEY_AUTH_TRUSTED_PROXIES="1")
    headers = {"user-agent": FIREFOX, "x-forwarded-for": "6.6.6.6, 203.0.113.77, 192.0.2.1"}
    here = log_in(auth, ada.email, **headers).json()
    first, second = sessions_of(auth, here["access_token"])
    assert first["current"] is True
    assert first["device"] == {"browser": "Firefox", "system": "Linux"}
    assert first["network"] == "203.0.113.0/24"
    assert second["current"] is False
    assert second["device"] == {"browser": None, "system": None}
    shown = json.dumps([first, second])
    assert here["refresh_token"] not in shown
    assert "hash" not in shown
    refreshed = auth.request(
        "POST",
        "/v1/auth/refresh",
        {"refresh_token": here["refresh_token"]},
        headers={"user-agent": "curl/8.0", "x-forwarded-for": "2001:db8:1:2::3, 192.0.2.1"},
    ).json()
    [now, _] = sessions_of(auth, refreshed["access_token"])
    assert (now["id"], now["network"]) == (first["id"], "2001:db8:1::/48")
    assert now["device"] == {"browser": "curl", "system": None}


def test_one_session_is_ended_and_the_others_go_on(auth: Client, person: Callable[..., Person]) -> None:
    ada, eve = person(), person()
    other = log_in(auth, ada.email).json()
    other_id = sessions_of(auth, other["access_token"])[0]["id"]
    path = f"/v1/auth/sessions/{other_id}"
    assert auth.request("DELETE", path, token=eve.token).code == "not_found"
    assert auth.request("DELETE", path, token=ada.token).status == 204
    assert auth.request("DELETE", path, token=ada.token).code == "not_found"
    assert not is_alive(auth, other["refresh_token"])
    assert auth.request("GET", "/v1/auth/me", token=other["access_token"]).code == "session_expired"
    assert [entry["current"] for entry in sessions_of(auth, ada.token)] == [True]
    assert is_alive(auth, ada.refresh_token)


@pytest.mark.parametrize("keep", [True, False])
def test_all_sessions_are_ended_with_or_without_this_one(
    auth: Client,
    person: Callable[..., Person],
    keep: bool,  # noqa: FBT001
) -> None:
    ada = person()
    others = [log_in(auth, ada.email).json()["refresh_token"] for _ in range(2)]
    path = f"/v1/auth/sessions?keep_current={str(keep).lower()}"
    assert auth.request("DELETE", path, token=ada.token).status == 204
    assert not any(is_alive(auth, token) for token in others)
    assert is_alive(auth, ada.refresh_token) is keep
    later = log_in(auth, ada.email).json()
    assert len(sessions_of(auth, later["access_token"])) == (2 if keep else 1)


def test_session_that_refreshes_while_the_others_are_ended_is_not_lost(
    auth: Client, person: Callable[..., Person], dynamodb: DynamoDBClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others end between a refresh's read and its write."""
    ada = person()
    put_item = dynamodb.put_item
    ended: list[int] = []

    def end_first(**request: Any) -> Any:
        if not ended and request["Item"]["sk"]["S"] == "SESSION":
            ended.append(auth.request("DELETE", "/v1/auth/sessions?keep_current=true", token=ada.token).status)
        return put_item(**request)

    monkeypatch.setattr(dynamodb, "put_item", end_first)
    refreshed = post(auth, "refresh", {"refresh_token": ada.refresh_token})
    assert ended == [204]
    assert refreshed.status == 200
    assert is_alive(auth, refreshed.json()["refresh_token"])


@pytest.mark.parametrize("route", ["login", "register"])
def test_other_sites_cannot_log_a_visitor_in(auth: Client, person: Callable[..., Person], route: str) -> None:
    """Login CSRF: the visitor would go on in the attacker's account."""
    body = {"email": person().email, "password": PASSWORD, "session": "cookie"}
    body |= {"display_name": "X", "email": f"{uuid.uuid4().hex}@example.org"} if route == "register" else {}
    answer = post(auth, route, body, headers={"sec-fetch-site": "cross-site"})
    assert (answer.status, answer.code) == (403, "permission_denied")
    assert "set-cookie" not in answer.headers
    form = auth.request("POST", f"/v1/auth/{route}", raw=json.dumps(body), headers={"content-type": "text/plain"})
    assert form.code == "unsupported_media_type"


# ---- a copy of one's data, and their end ----


def test_export_holds_everything_and_no_hash(
    auth: Client, person: Callable[..., Person], dynamodb: DynamoDBClient, tables: dict[str, str]
) -> None:
    ada = person("Ada")
    answer = auth.request("GET", "/v1/auth/me/export", token=ada.token)
    assert answer.headers["content-disposition"].startswith("attachment")
    export = answer.json()
    assert export["account"]["email"] == ada.email
    assert export["has_password"] is True
    assert [session["current"] for session in export["sessions"]] == [True]
    assert "argon2" not in answer.text
    assert "hash" not in answer.text
    stored = dynamodb.get_item(TableName=tables["auth"], Key={"pk": {"S": f"USER#{ada.id}"}, "sk": {"S": "ACCOUNT"}})[
        "Item"
    ]
    internal = {
        "pk",
        "sk",
        "gsi1pk",
        "gsi1sk",
        "password_hash",
        "session_epoch",
        "spared",
        "standing",
        "reset_epoch",
        "creation_key",
        "former_addresses",
        "totp",
        "totp_pending",
        "passkeys",
        "recovery_codes",
        "recovery_codes_at",
    }
    assert export["factors"] == {"totp": None, "passkeys": [], "recovery_codes_left": 0, "required": False}
    assert set(stored) - internal <= set(export["account"]) | set(export)


def test_deleted_account_is_gone_and_nothing_is_left_of_it(
    auth: Client,
    person: Callable[..., Person],
    dynamodb: DynamoDBClient,
    tables: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ada = person()
    other = log_in(auth, ada.email).json()
    done = auth.request("POST", "/v1/auth/me/delete", token=ada.token)
    assert done.status == 204
    assert SimpleCookie(done.headers["set-cookie"])["parley_refresh"]["max-age"] == "0"
    for refresh_token in (ada.refresh_token, other["refresh_token"]):
        assert not is_alive(auth, refresh_token)
    assert auth.request("GET", "/v1/auth/me", token=ada.token).code == "session_expired"
    assert log_in(auth, ada.email).code == "invalid_credentials"
    monkeypatch.setattr(auth.module.worker, "_clock", lambda: time.time() + LATE_S)
    auth.module.worker.work_off()
    items = stored_items(dynamodb, tables["auth"])
    left = str([item for item in items if not item["pk"]["S"].startswith("AUDIT#")])  # kept for its own time
    assert ada.id not in left
    assert ada.email not in left
    body = {"email": ada.email, "password": PASSWORD, "display_name": "Ada"}
    assert post(auth, "register", body).json()["user"]["id"] != ada.id


# ---- what programs learn ----


def test_second_implementation_finds_the_keys_by_discovery_and_accepts_the_token(
    auth: Client, person: Callable[..., Person]
) -> None:
    """python-jose, from the issuer alone."""
    ada = person()
    found = auth.request("GET", "/v1/auth/.well-known/openid-configuration")
    assert found.json() == auth.request("GET", "/.well-known/openid-configuration").json()
    configuration = found.json()
    assert configuration["issuer"] == AUTH_ISSUER
    assert configuration["jwks_uri"].startswith(AUTH_ISSUER)
    keys = auth.request("GET", configuration["jwks_uri"].removeprefix("http://meet.test")).json()
    algorithms = configuration["id_token_signing_alg_values_supported"]
    assert jwt.get_unverified_header(ada.token)["kid"] in {key["kid"] for key in keys["keys"]}
    claims = jwt.decode(ada.token, keys, algorithms=algorithms, audience=AUDIENCE, issuer=configuration["issuer"])
    assert claims["sub"] == ada.id
    assert set(claims) <= set(configuration["claims_supported"])
    assert "authorization_endpoint" not in configuration


@pytest.fixture
def lambda_api() -> Iterator[tuple[str, list[tuple[str, str, bytes]]]]:
    """Lambda's Invoke API, as far as it is used: what was asked for."""
    asked: list[tuple[str, str, bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            asked.append((self.path, self.headers["X-Amz-Invocation-Type"], body))
            self.send_response(202)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    thread.join()
    server.server_close()


def test_jobs_are_started_at_once_and_kept_if_that_fails(
    new_auth: Callable[..., Client],
    lambda_api: tuple[str, list[tuple[str, str, bytes]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url, asked = lambda_api
    client = boto3.client(
        "lambda", endpoint_url=url, region_name="eu-central-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    monkeypatch.setattr("functions.serverless.aws.lambda_client", lambda: client)
    instance = new_auth(
        PARLEY_AUTH_MAIL="smtp",
        PARLEY_AUTH_MAIL_FROM="p@meet.test",
        PARLEY_AUTH_MAIL_SMTP_URL="smtp+insecure://127.0.0.1:9",
        PARLEY_AUTH_JOBS_FUNCTION="parley-auth-jobs",
    )
    email = f"{uuid.uuid4().hex}@example.org"
    assert post(instance, "password/forgotten", {"email": email}).status == 202
    [(path, kind, payload)] = asked
    assert (path, kind) == ("/2015-03-31/functions/parley-auth-jobs/invocations", "Event")
    job_id = json.loads(payload)["job_id"]
    assert job_id in list(instance.module.jobs.waiting())

    def away(**_: Any) -> None:
        raise ConnectionError

    monkeypatch.setattr(client, "invoke", away)
    assert post(instance, "password/forgotten", {"email": email}).status == 202
    assert len(list(instance.module.jobs.waiting())) >= 2
    instance.module.worker.work_off()
