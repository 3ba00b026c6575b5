"""The edge of both services: whatever is sent to whichever route, the answer is a problem that its document lists."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from auth_service.login import Login
from openapi_spec_validator import OpenAPIV31SpecValidator

from functions.serverless.access import Open, OrAnyone
from functions.serverless.requests import MAX_BODY_BYTES, Empty
from functions.serverless.service import Operation
from tests.integration.functions.conftest import Person
from tests.integration.functions.lambda_events import ROOT, Client, HttpAnswer
from tests.integration.functions.test_roles_and_routes import BODIES

SERVICES = ("auth", "meetings")
DOCUMENTED = ROOT / "docs" / "http-api.md"


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest) -> Client:
    client: Client = request.getfixturevalue(request.param)
    return client


def operations(client: Client) -> list[Operation]:
    known: list[Operation] = client.module.app.operations
    return known


def call(client: Client, operation: Operation, person: Person, **request: Any) -> HttpAnswer:
    url = operation.path.replace("{id}", "abc-defg-hjk")
    token = None if isinstance(operation.access, Open) else person.token
    return client.request(operation.method, url, token=token, **request)


def test_routes_and_document_are_the_same(service: Client) -> None:
    routes = {(method, path) for path, methods in service.module.app.routes.items() for method in methods}
    described = {(method.upper(), path) for path, methods in service.document["paths"].items() for method in methods}
    assert described == routes


def test_routes_and_written_reference_are_the_same(service: Client) -> None:
    prefixes = {"parley-auth": ("/v1/auth", "/.well-known"), "parley-meetings": ("/v1/meetings", "/v1/rooms")}[
        service.module.app.app_name
    ]
    written = set(re.findall(r"^\| `(GET|POST|PUT|PATCH|DELETE) (/[^`?]+)", DOCUMENTED.read_text(), re.MULTILINE))
    routes = {(method, path) for path, methods in service.module.app.routes.items() for method in methods}
    assert {route for route in written if route[1].startswith(prefixes)} == routes


def test_document_is_valid_openapi_3_1(service: Client) -> None:
    OpenAPIV31SpecValidator(service.document).validate()


def test_unknown_path_is_not_found(service: Client) -> None:
    for path in ("/", "/v1", "/v1/auth", "/v1/auth/me/x", "/v1/meetings/a/b/c", "/v1/%2e%2e"):
        answer = service.request("GET", path)
        if path in service.module.app.routes:
            continue
        assert (answer.status, answer.code) in ((404, "not_found"), (404, "meeting_not_found"))


@pytest.mark.parametrize("method", ["DELETE", "PUT", "HEAD", "OPTIONS", "TRACE", "BREW"])
def test_wrong_method_names_the_right_ones(service: Client, method: str) -> None:
    for path, methods in service.module.app.routes.items():
        if method in methods:
            continue
        answer = service.request(method, path.replace("{id}", "abc-defg-hjk"))
        assert (answer.status, answer.code) == (405, "method_not_allowed")
        assert answer.headers["allow"] == ", ".join(sorted(methods))


BAD_BODIES: dict[str, tuple[dict[str, Any], int, str]] = {
    "no JSON": ({"raw": "{"}, 400, "bad_request"),
    "text": ({"raw": "email=a@b&password=c"}, 400, "bad_request"),
    "NaN": ({"raw": '{"email": NaN}'}, 400, "bad_request"),
    "trailing": ({"raw": "{} {}"}, 400, "bad_request"),
    "no UTF-8": ({"raw": b'{"email": "\xff\xfe"}'}, 400, "bad_request"),
    "lone surrogate": ({"raw": '{"email": "\\ud800xxxxxxxx"}'}, 400, "bad_request"),
    "deep array": ({"raw": "[" * 30_000}, 400, "bad_request"),
    "deep object": ({"raw": '{"a":' * 10_000}, 400, "bad_request"),
    "array": ({"body": []}, 422, "validation_failed"),
    "null": ({"raw": "null"}, 422, "validation_failed"),
    "string": ({"body": "x"}, 422, "validation_failed"),
    "number": ({"body": 7}, 422, "validation_failed"),
    "unknown field": ({"body": {"no_such_field": 1}}, 422, "validation_failed"),
    "proto field": ({"body": {"__proto__": {"admin": True}, "": 1}}, 422, "validation_failed"),
    "too large": ({"raw": json.dumps({"x": "a" * MAX_BODY_BYTES})}, 413, "payload_too_large"),
    "too large and broken": ({"raw": "{" * (MAX_BODY_BYTES + 1)}, 413, "payload_too_large"),
    "form": (
        {"body": {}, "headers": {"content-type": "application/x-www-form-urlencoded"}},
        415,
        "unsupported_media_type",
    ),
    "plain": ({"body": {}, "headers": {"content-type": "text/plain"}}, 415, "unsupported_media_type"),
    "no type": ({"body": {}, "headers": {"content-type": ""}}, 415, "unsupported_media_type"),
    "binary type": (
        {"raw": b"{}", "headers": {"content-type": "application/octet-stream"}},
        415,
        "unsupported_media_type",
    ),
}


@pytest.mark.parametrize("name", BAD_BODIES)
def test_wrong_body_is_refused_on_every_route(service: Client, admin: Person, name: str) -> None:
    request, status, code = BAD_BODIES[name]
    tried = 0
    for operation in operations(service):
        if operation.body is Empty or (name == "form" and operation.form):
            continue
        answer = call(service, operation, admin, **request)
        assert (answer.status, answer.code) == (status, code), operation.path
        tried += 1
    assert tried >= 3


def test_a_strange_content_type_of_no_content_is_nobodys_concern(service: Client, admin: Person) -> None:
    for operation in operations(service):
        if operation.body is Empty:
            answer = call(service, operation, admin, headers={"content-type": "/ c{qG"})
            assert answer.status != 415, operation.path


WRONG_VALUES: list[Any] = [
    None,
    True,
    0,
    -1,
    1e308,
    10**400,
    "",
    "\x00",
    "x" * 60_000,
    [],
    [[]],
    {},
    {"a": 1},
    "ﷺ" * 5000,
]


@pytest.mark.parametrize("value", WRONG_VALUES, ids=[str(index) for index in range(len(WRONG_VALUES))])
def test_wrong_value_in_any_field_is_no_error_of_ours(service: Client, admin: Person, value: Any) -> None:
    for operation in operations(service):
        schema = service.document["components"]["schemas"].get(operation.body.__name__, {})
        for field in schema.get("properties", {}):
            answer = call(service, operation, admin, body={field: value})
            if answer.status >= 400:
                assert answer.code
            assert answer.status < 500, (operation.path, field, answer.text)
            assert str(answer.status) in _documented(service, operation), (operation.path, answer.status)


def _documented(client: Client, operation: Operation) -> set[str]:
    return set(client.document["paths"][operation.path][operation.method.lower()]["responses"])


def test_every_user_route_refuses_every_kind_of_bad_token(service: Client, admin: Person) -> None:
    header, payload, signature = admin.token.split(".")
    bad = ["x", "a.b.c", f"{header}.{payload}.", f"{header}.{payload}.{signature[::-1]}", "🙂", admin.refresh_token]
    for operation in operations(service):
        if isinstance(operation.access, Open):
            continue
        body = BODIES.get(operation.name)
        url = operation.path.replace("{id}", "abc-defg-hjk")
        for token in bad:
            answer = service.request(operation.method, url, body, token=token)
            assert answer.status == 401, (operation.path, token)
            assert answer.code.startswith("token_")
        if not isinstance(operation.access, OrAnyone):
            assert service.request(operation.method, url, body).code == "token_missing"


def test_media_type_may_have_parameters_and_any_case(auth: Client) -> None:
    for value in ("application/json; charset=utf-8", "Application/JSON", "application/json;charset=UTF-8"):
        answer = auth.request(
            "POST", "/v1/auth/login", {"email": "a@b.c", "password": "x"}, headers={"content-type": value}
        )
        assert answer.code == "invalid_credentials"


def test_body_in_base64_is_read(auth: Client) -> None:
    answer = auth.request("POST", "/v1/auth/login", raw=b'{"email": "a@b.c", "password": "x"}')
    assert answer.code == "invalid_credentials"


@pytest.mark.parametrize(
    "broken",
    [
        {"body": "%%%", "isBase64Encoded": True},
        {"headers": None, "body": "{}"},
        {"multiValueQueryStringParameters": {"a": ["1", "2"]}},
        {"pathParameters": None},
    ],
)
def test_strange_event_is_answered_with_a_problem(auth: Client, broken: dict[str, Any]) -> None:
    event = auth.event("POST", "/v1/auth/login", {"content-type": "application/json"}, "{}") | broken
    answer = auth.module.app(event, None)
    assert 400 <= answer["statusCode"] < 500
    assert answer["headers"]["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("event", [{}, {"requestContext": None}, {"requestContext": {"resourcePath": "/v1/auth/me"}}])
def test_event_of_another_kind_is_answered_as_well(auth: Client, event: dict[str, Any]) -> None:
    answer = auth.module.app(event, None)
    assert answer["statusCode"] in (404, 405)


def test_unexpected_error_tells_its_request_id_and_nothing_of_itself(
    auth: Client, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def explode(*_: object, **__: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(Login, "log_in", explode)
    answer = auth.request("POST", "/v1/auth/login", {"email": "a@b.c", "password": "x"})
    assert (answer.status, answer.code) == (500, "internal")
    assert "secret" not in answer.text
    assert "RuntimeError" not in answer.text


def test_bodies_and_tokens_are_not_logged(
    auth: Client, person: Callable[..., Person], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import logging

    lines: list[str] = []

    class Keeper(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    keeper = Keeper()
    logger = auth.module.logger
    keeper.setFormatter(logger.handlers[0].formatter)
    logger.addHandler(keeper)
    try:
        ada = person()
        auth.request("POST", "/v1/auth/login", {"email": ada.email, "password": "my secret phrase"})
        auth.request("POST", "/v1/auth/refresh", {"refresh_token": ada.refresh_token})
        auth.request("GET", "/v1/auth/me", token=ada.token)
    finally:
        logger.removeHandler(keeper)
    events = [json.loads(line)["event"] for line in lines]
    assert events.count("request") == 4
    assert {"registered", "login_refused"} <= set(events)
    text = "\n".join(lines)
    for secret in ("my secret phrase", ada.refresh_token, ada.token, ada.email):
        assert secret not in text


def test_answers_are_not_to_be_guessed_or_kept(service: Client) -> None:
    answer = service.request("GET", "/nothing")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
