"""What strangers put into requests: each route of both services answers with a problem of the 4xx, whatever it is.

Routes and their parameters are found in the operations themselves: a new one is tried without a line here.
"""

from __future__ import annotations

import itertools
import json
import math
import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from functions.serverless.requests import MAX_BODY_BYTES, Empty
from functions.serverless.service import Operation
from tests.integration.functions.conftest import Person
from tests.integration.functions.lambda_events import Client
from tests.integration.functions.strange_requests import assert_no_fault_of_ours, call, operations

pytestmark = pytest.mark.timeout(300)
LONG = "x" * 4_000
"""Longer than a key of DynamoDB may be."""
STRANGE = ["a\x00b", "\ud800", "\x1b[2J\r\nX: y", LONG, "ﷺ" * 500, "../..", "%", "'\"<>"]


def _place(_: object) -> str:
    """No name for a value that may not be printable: pytest counts them."""
    return "value"


@pytest.fixture(params=["auth", "meetings"])
def service(request: pytest.FixtureRequest) -> Client:
    client: Client = request.getfixturevalue(request.param)
    return client


@pytest.fixture
def meeting(meetings: Client, admin: Person) -> str:
    """A meeting of the caller's: what is asked for below it is not refused for want of one."""
    made = meetings.request("POST", "/v1/meetings", {"title": "Weekly"}, token=admin.token)
    return str(made.json()["id"])


# ---- names that stand twice (RFC 8259, 4: what receivers make of them is unpredictable) ----

TWICE = {
    "at the top": ('{"email": "a@example.org", "email": "b@example.org"}', "email"),
    "written in two ways": ('{"email": 1, "\\u0065mail": 1}', "email"),
    "with the same value": ('{"a": 1, "a": 1}', "a"),
    "of what is not known": ('{"no_such": 1, "no_such": 2}', "no_such"),
    "further within": ('{"credential": {"id": "a", "response": {"x": 1, "x": 2}}}', "x"),
    "in a list": ('{"rooms": [{"name": "a"}, {"name": "b", "name": "c"}]}', "name"),
    "empty": ('{"": 1, "": 2}', ""),
    "thrice": ('{"x": 1, "y": 2, "x": 3, "x": 4}', "x"),
}


@pytest.mark.parametrize("name", TWICE)
def test_a_name_that_stands_twice_is_refused_by_every_route(
    service: Client, admin: Person, meeting: str, name: str
) -> None:
    raw, twice = TWICE[name]
    tried = 0
    for operation in operations(service):
        if operation.body is not Empty:
            answer = call(service, operation, admin, meeting, raw=raw)
            assert (answer.status, answer.code) == (400, "bad_request"), operation.path
            assert answer.json()["errors"] == [{"field": twice, "message": "This name stands more than once"}]
            tried += 1
    assert tried > 10


def test_a_body_that_is_right_but_for_a_name_that_stands_twice_does_nothing(
    auth: Client, admin: Person, meeting: str
) -> None:
    first = {"email": "twice@example.org", "password": "correct horse battery", "display_name": "X"}
    raw = json.dumps(first)[:-1] + ', "email": "other@example.org"}'
    assert auth.request("POST", "/v1/auth/register", raw=raw).status == 400
    for email in ("twice@example.org", "other@example.org"):
        assert auth.request("POST", "/v1/auth/register", first | {"email": email}).status == 201


def test_names_may_stand_again_in_other_objects(meetings: Client, admin: Person, meeting: str) -> None:
    body = {"title": "title", "schedule": {"start": "2099-01-01T09:00:00", "time_zone": "UTC", "duration_minutes": 5}}
    body["schedule"]["exceptions"] = [  # type: ignore[index]
        {"occurrence": "2099-01-01T09:00:00", "title": "a"},
        {"occurrence": "2099-01-02T09:00:00", "title": "b"},
    ]
    body["schedule"]["rule"] = "FREQ=DAILY;COUNT=3"  # type: ignore[index]
    made = meetings.request("POST", "/v1/meetings", body, token=admin.token)
    assert made.status == 201, made.text


# ---- what stands in paths, queries and header fields ----


def test_a_strange_path_is_no_fault_of_ours(service: Client, admin: Person, meeting: str) -> None:
    for operation, value in itertools.product(operations(service), STRANGE[:6]):
        for name in re.findall(r"{(\w+)}", operation.path):
            answer = call(service, operation, admin, meeting, path={name: value})
            assert_no_fault_of_ours(answer, operation.name, name)


NUMBERS = ["99999999999999999999", "9" * 5_000, "1e400", "-1", "0x10", "1_0", "NaN", "Infinity", "١", "true", "[]", ""]


def test_a_strange_query_is_no_fault_of_ours(service: Client, admin: Person, meeting: str) -> None:
    for operation, value in itertools.product(operations(service), [*STRANGE, *NUMBERS]):
        for name in [field.encode_name for field in msgspec.structs.fields(operation.query)] or [value]:
            answer = call(service, operation, admin, meeting, query={name: value})
            assert_no_fault_of_ours(answer, operation.name, name)


ENDS_THE_SESSION = {"delete_me", "end_sessions"}
"""Called last, since nothing else is reached then."""
TOLD = ["accept-language", "cookie", "if-none-match", "traceparent", "user-agent", "x-forwarded-for", "x-parley-edge"]
"""Fields that no request is refused for: spoilt all at once."""
ASKED = ["authorization", "content-type", "idempotency-key", "if-match", "sec-fetch-site"]
FIELDS = [*STRANGE, "Bearer \x00", "Basic ////", "Basic Og==", "__Host-parley_refresh=\ud800", 'W/"', "*, *"]


def test_strange_header_fields_are_no_fault_of_ours(service: Client, admin: Person, meeting: str) -> None:
    """Each field that a request may be refused for has another value at each route: in the end, each has had all."""
    turns = itertools.cycle(FIELDS)
    assert math.gcd(len(FIELDS), len(ASKED)) == 1
    for operation in sorted(operations(service), key=lambda each: each.name in ENDS_THE_SESSION):
        spoilt_fields = [{name: next(turns)} for name in ASKED] + [dict.fromkeys(TOLD, value) for value in STRANGE[1:3]]
        for headers in spoilt_fields:
            answer = call(service, operation, admin, meeting, headers=headers)
            assert_no_fault_of_ours(answer, operation.name, headers)


# ---- what stands in bodies: the example of the document, with one value after the other spoilt ----


def spoilt(example: Any, value: Any) -> Iterator[Any]:
    """Copies of a body, each with another of its values replaced."""
    if isinstance(example, dict):
        for name, inner in example.items():
            yield {**example, name: value}
            for changed in spoilt(inner, value):
                yield {**example, name: changed}
    elif isinstance(example, list):
        for index, inner in enumerate(example):
            for changed in spoilt(inner, value):
                yield [*example[:index], changed, *example[index + 1 :]]


@pytest.fixture
def examples(service: Client, meetings: Client, admin: Person) -> Iterator[list[tuple[Operation, Any]]]:
    paths = service.document["paths"]
    yield [
        (operation, next(iter(described["requestBody"]["content"].values()))["example"])
        for operation in operations(service)
        if "requestBody" in (described := paths[operation.path][operation.method.lower()])
    ]
    restored = meetings.request("PUT", "/v1/meetings/organisation", {"defaults": {}}, token=admin.token)
    assert restored.status == 200


IN_BODIES = [
    "a\x00b",
    "\x1b[2J\r\nX: y",
    "x" * 4_000,
    "\u202e../..",
    10**30,
    -(10**30),
    1e308,
    {"a": {"a": {}}},
    ["x"] * 5_000,
]


@pytest.mark.parametrize("value", IN_BODIES, ids=_place)
def test_a_strange_value_in_a_body_that_is_otherwise_right_is_no_fault_of_ours(
    service: Client, admin: Person, meeting: str, examples: list[tuple[Operation, Any]], value: Any
) -> None:
    for operation, example in examples:
        for body in spoilt(example, value):
            answer = call(service, operation, admin, meeting, raw=json.dumps(body))
            assert_no_fault_of_ours(answer, operation.name, body)


RAW_VALUES = {
    "lone surrogate": ('"\\ud800"', 400),
    "half a pair": ('"a\\udc00b"', 400),
    "number without end": ("1" * 20_000, 422),
    "number beyond all": ("1e999999", 422),
    "deep list": ("[" * 15_000 + "]" * 15_000, 400),
    "deep object": ('{"a":' * 9_000 + "1" + "}" * 9_000, 400),
    "NaN": ("NaN", 400),
    "control character": ('"\x01"', 400),
    "single quotes": ("'a'", 400),
    "comment": ("1 /* a */", 400),
}


@pytest.mark.parametrize("name", RAW_VALUES)
def test_a_value_that_is_no_json_or_too_much_is_refused_wherever_it_stands(
    service: Client, admin: Person, meeting: str, examples: list[tuple[Operation, Any]], name: str
) -> None:
    value, status = RAW_VALUES[name]
    for operation, example in examples:
        for body in spoilt(example, "@here@"):
            raw = json.dumps(body).replace('"@here@"', value)
            if len(raw) <= MAX_BODY_BYTES:
                answer = call(service, operation, admin, meeting, raw=raw)
                assert_no_fault_of_ours(answer, operation.name, raw[:200])
                assert answer.status in (status, 400, 422), (operation.name, answer.text)


KINDS = [
    "text/json",
    "application/json, text/plain",
    "application/jsonx",
    "json",
    "application/xml",
    "multipart/form-data",
]


def test_another_content_type_is_refused_by_every_route(service: Client, admin: Person, meeting: str) -> None:
    for operation, kind in itertools.product(operations(service), KINDS):
        if operation.body is not Empty:
            answer = call(service, operation, admin, meeting, raw="{}", headers={"content-type": kind})
            assert (answer.status, answer.code) == (415, "unsupported_media_type"), operation.name


ENCODINGS = ["utf-16", "utf-16-be", "utf-32", "utf-8-sig", "latin-1"]


def test_another_encoding_than_utf8_is_refused_by_every_route(service: Client, admin: Person, meeting: str) -> None:
    for operation, encoding in itertools.product(operations(service), ENCODINGS):
        if operation.body is not Empty:
            answer = call(service, operation, admin, meeting, raw='{"email": "ä"}'.encode(encoding))
            assert (answer.status, answer.code) == (400, "bad_request"), operation.name


FORMS = [
    "a=1&a=2",
    "grant_type=x&grant_type=x",
    "%ff=1",
    "a=%00",
    "a=%ed%a0%80",
    "=",
    "&&&",
    "a" * 5_000,
    "a=1;b=2",
    "a=1&" * 100,
]


def test_a_form_that_is_none_is_refused(service: Client, admin: Person, meeting: str) -> None:
    kind = {"content-type": "application/x-www-form-urlencoded"}
    for operation, form in itertools.product(operations(service), FORMS):
        if operation.form:
            answer = call(service, operation, admin, meeting, raw=form, headers=kind)
            assert answer.status in (400, 422), (operation.name, answer.text)
            assert answer.code
