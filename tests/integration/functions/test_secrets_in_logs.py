"""No log line holds what opens something: every way in is gone through over the real routes, also while things fail.

What is secret is found in the requests and answers themselves, by the names of fields and by cookies.
"""

from __future__ import annotations

import json
import logging
import re
import uuid
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from auth_service.adapters.passwords import Passwords
from botocore.exceptions import ClientError, EndpointConnectionError

from telemetry.logs import JsonFormatter
from tests.doubles.inbox import Inbox
from tests.doubles.soft_authenticator import SoftAuthenticator
from tests.integration.functions.browser import Browser, an_address, come_back
from tests.integration.functions.conftest import PASSWORD, Person
from tests.integration.functions.factor_owner import FactorOwner, passkey_login
from tests.integration.functions.lambda_events import Client, HttpAnswer
from tests.integration.functions.test_roles_and_routes import BODIES

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SECRET = re.compile(
    r"password|token|secret|code|codes|key|ceremony|credential|otpauth_uri|clientDataJSON|attestationObject|signature"
    r"|challenge|code_verifier|state|nonce"
)
NONE = {"Bearer", "totp", "client_credentials", "recovery_code", "password", "second_factor_required"}
"""Words that stand in fields with such names, and are none."""


class Watch:
    """What was secret in requests and answers, and what was logged meanwhile."""

    def __init__(self) -> None:
        self.secrets: dict[str, str] = {}
        self.lines: list[str] = []

    def saw(self, value: Any, name: str = "") -> None:
        """Keeps the texts in a body whose field's name tells that they are secret."""
        match value:
            case dict():
                for key, inner in value.items():
                    self.saw(inner, f"{name}.{key}" if SECRET.search(name) else key)
            case list():
                for inner in value:
                    self.saw(inner, name)
            case str() if SECRET.search(name) and value not in NONE and len(value) >= 6:
                self.secrets[value] = name

    def saw_answer(self, answer: HttpAnswer) -> None:
        for value in re.findall(r"=([^;,\s]{6,})", answer.headers.get("set-cookie", "").split("; Max-Age")[0]):
            self.secrets[value] = "set-cookie"
        if answer.status < 400 and "json" in answer.headers.get("content-type", ""):
            self.saw(answer.json())
        self.saw(dict(parse_qsl(urlsplit(answer.headers.get("location", "")).query)))

    def leaks(self) -> list[str]:
        """The names of secrets that stand in lines, with the lines."""
        text = "\n".join(self.lines)
        found = [secret for secret in self.secrets if secret in text]
        return [f"{self.secrets[each]}: {line}" for each in found for line in self.lines if each in line]


@pytest.fixture
def watch(auth: Client, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watch]:
    """Watches all instances: their requests, and all that is logged, by whatever library, as the service writes it."""
    watching = Watch()
    request = Client.request

    def watched(client: Client, method: str, url: str, body: Any = None, **more: Any) -> HttpAnswer:
        watching.saw(body)
        watching.saw(dict(parse_qsl(urlsplit(url).query)))
        watching.saw(more.get("token"), "token")
        for value in re.findall(r"=([^;\s]{6,})", (more.get("headers") or {}).get("cookie", "")):
            watching.secrets[value] = "cookie"
        answer = request(client, method, url, body, **more)
        watching.saw_answer(answer)
        return answer

    class Keeper(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            watching.lines.append(self.format(record))

    keeper = Keeper()
    keeper.setFormatter(JsonFormatter("auth"))
    monkeypatch.setattr(Client, "request", watched)
    loggers = [logging.getLogger(), auth.module.logger]
    for logger in loggers:
        logger.addHandler(keeper)
    try:
        yield watching
    finally:
        for logger in loggers:
            logger.removeHandler(keeper)


def assert_nothing_leaked(watch: Watch, *names: str) -> None:
    """``names``: of fields in which secrets were seen, so that this has looked at some."""
    assert watch.lines
    assert set(names) <= set(watch.secrets.values()), sorted(set(watch.secrets.values()))
    assert watch.leaks() == []


def test_accounts_by_mail_leave_no_secret(mailing: Client, inbox: Inbox, watch: Watch) -> None:
    email = f"{uuid.uuid4().hex}@example.org"
    body = {"email": email, "password": "a first long password", "display_name": "Ada"}

    def post(path: str, body: Any, **more: Any) -> HttpAnswer:
        return mailing.request("POST", f"/v1/auth/{path}", body, **more)

    def link() -> str:
        mailing.module.worker.work_off()
        return inbox.link(email)[1]

    assert post("register", body).status == 202
    confirmed = post("register/confirm", {"token": link(), "password": body["password"], "session": "cookie"})
    assert confirmed.status == 201
    cookie = confirmed.headers["set-cookie"].partition(";")[0]
    assert post("refresh", {}, headers={"cookie": cookie}).status == 200
    assert post("password/forgotten", {"email": email}).status == 202
    changed = {"token": link(), "new_password": "another long password"}
    assert post("password/reset", changed).status == 204
    assert post("password/reset", changed | {"new_password": "a third long password"}).status == 410
    assert post("login", {"email": email, "password": "a wrong long password"}).status == 401
    session = post("login", {"email": email, "password": changed["new_password"]}).json()
    for _ in range(2):  # the second time it may count as stolen
        post("refresh", {"refresh_token": session["refresh_token"]})
    assert_nothing_leaked(
        watch, "password", "new_password", "token", "access_token", "refresh_token", "set-cookie", "cookie"
    )


def test_second_factors_and_passkeys_leave_no_secret(
    local: Client, new_owner: Callable[..., FactorOwner], watch: Watch
) -> None:
    ada, key = new_owner(local), SoftAuthenticator()
    assert ada.finish_login(ada.login_token(), ada.code()).status == 200
    assert ada.finish_login(ada.login_token(), ada.codes[0], "recovery_code").status == 200
    assert ada.finish_login(ada.login_token(), "aaaa-bbbb-cccc-dddd", "recovery_code").status == 401
    assert ada.post("step-up", {"method": "recovery_code", "code": ada.codes[1]}).status == 204
    assert ada.register(key).status == 201
    assert passkey_login(local, key).status == 200
    assert passkey_login(local, SoftAuthenticator(user_handle=key.user_handle, rp_id=key.rp_id)).status == 401
    assert_nothing_leaked(watch, "secret", "recovery_codes", "code", "login_token", "ceremony", "otpauth_uri")


def test_api_keys_leave_no_secret(auth: Client, admin: Person, watch: Watch) -> None:
    made = auth.request("POST", "/v1/auth/service-accounts", BODIES["create_service_account"], token=admin.token).json()
    path = f"/v1/auth/service-accounts/{made['id']}/keys"
    key = auth.request("POST", path, {}, token=admin.token).json()["key"]
    for secret in (key, f"{key[:-1]}x"):
        auth.request("POST", "/v1/auth/token", {"grant_type": "client_credentials", "client_secret": secret})
    assert_nothing_leaked(watch, "client_secret", "access_token")


def test_logins_at_providers_leave_no_secret(op: Client, watch: Watch) -> None:
    browser = Browser(op)
    assert come_back(browser, an_address()).status == 302
    assert browser.post("/v1/auth/refresh", {}).status == 200
    broken = Browser(op)
    broken.get("/v1/auth/providers/op/authorize")
    broken.get("/v1/auth/providers/op/callback?code=a-code-that-is-none&state=a-state-that-is-none")
    assert_nothing_leaked(watch, "code", "state", "code_challenge", "set-cookie", "cookie")


FAILURES: dict[str, Exception] = {
    "outage": EndpointConnectionError(endpoint_url="http://dynamodb"),
    "refusal": ClientError({"Error": {"Code": "ValidationException", "Message": "No."}}, "PutItem"),
    "error": RuntimeError("This is not to be."),
}


@pytest.mark.parametrize("name", FAILURES)
def test_what_fails_leaves_no_secret(
    auth: Client,
    person: Callable[..., Person],
    dynamodb: DynamoDBClient,
    monkeypatch: pytest.MonkeyPatch,
    watch: Watch,
    *,
    name: str,
) -> None:
    ada = person()
    requests: list[tuple[str, Any, str | None]] = [
        ("login", {"email": ada.email, "password": "a wrong long password"}, None),
        ("register", {"email": "new@example.org", "password": "a first long password", "display_name": "X"}, None),
        ("refresh", {"refresh_token": ada.refresh_token}, None),
        ("password/reset", {"token": "A" * 43, "new_password": "another long password"}, None),
        (
            "me/password",
            {"current_password": PASSWORD, "new_password": "a new long password"},
            ada.token,
        ),
        ("factors/totp", None, ada.token),
        ("token", {"grant_type": "client_credentials", "client_secret": f"parley_{'a' * 72}"}, None),
    ]

    def fail(*_: object, **__: object) -> None:
        raise FAILURES[name]

    for target, method in [
        *((dynamodb, each) for each in ("get_item", "put_item", "update_item", "transact_write_items", "query")),
        (dynamodb, "batch_get_item"),
        (Passwords, "hash"),
        (Passwords, "matches"),
    ]:
        with monkeypatch.context() as patch:
            patch.setattr(target, method, fail)
            for path, body, token in requests:
                auth.request("POST", f"/v1/auth/{path}", body, token=token)
    events = {json.loads(line)["event"] for line in watch.lines}
    assert events & {"outage", "unhandled"}
    assert_nothing_leaked(watch, "password", "new_password", "refresh_token", "token", "client_secret")


def test_a_secret_that_is_logged_is_seen(auth: Client, person: Callable[..., Person], watch: Watch) -> None:
    ada = person()
    auth.module.logger.warning("careless", extra={"about": {"token": ada.token}})
    assert [leak.partition(":")[0] for leak in watch.leaks()] == ["access_token"]
