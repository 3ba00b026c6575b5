"""HTTP to proxy events and back, as API Gateway does it."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from infra.local.proxy_events import (
    HttpRequest,
    MalformedAnswerError,
    RouteMatch,
    RouteTable,
    proxy_answer,
    proxy_event,
)

BINARY = frozenset({"application/octet-stream"})


def table() -> RouteTable:
    routes = RouteTable()
    routes.add("meetings", "/v1/meetings/{id}", ["GET", "PATCH"])
    routes.add("meetings", "/v1/meetings/{id}/join", ["POST"])
    routes.add("meetings", "/v1/meetings/openapi.json", ["GET"])
    routes.add("meetings", "/v1/meetings", ["GET", "POST"])
    return routes


def request(**changes: Any) -> HttpRequest:
    values: dict[str, Any] = {
        "method": "GET",
        "raw_path": "/v1/meetings/a",
        "query": "",
        "headers": (),
        "body": b"",
        "source_ip": "192.0.2.1",
        "scheme": "https",
        "port": 443,
        "request_id": "r-1",
        "at_ms": 1_000,
    }
    return HttpRequest(**{**values, **changes})


def event(**changes: Any) -> dict[str, Any]:
    route = RouteMatch(
        function="meetings", resource="/v1/meetings/{id}", methods=frozenset({"GET"}), path_parameters={"id": "a"}
    )
    return proxy_event(request(**changes), route, binary_types=BINARY)


def test_a_literal_segment_goes_before_a_variable_one() -> None:
    match = table().match("/v1/meetings/openapi.json")
    assert match is not None
    assert match.resource == "/v1/meetings/openapi.json"


def test_a_variable_holds_the_decoded_segment() -> None:
    match = table().match("/v1/meetings/a%2Fb%20c/join")
    assert match is not None
    assert match.path_parameters == {"id": "a/b c"}


@pytest.mark.parametrize(
    "path", ["/v1/meetings/", "/v1/meetings//join", "/v1", "/", "/v1/meetings/a/join/x", "/v1/Meetings"]
)
def test_a_path_that_no_resource_has_does_not_match(path: str) -> None:
    assert table().match(path) is None


def test_a_resource_knows_its_methods() -> None:
    match = table().match("/v1/meetings")
    assert match is not None
    assert match.methods == {"GET", "POST"}


def test_the_event_says_which_resource_is_meant() -> None:
    made = event()
    assert made["requestContext"]["resourcePath"] == made["resource"] == "/v1/meetings/{id}"
    assert made["requestContext"]["requestId"] == "r-1"
    assert made["pathParameters"] == {"id": "a"}


def test_every_value_of_a_repeated_parameter_is_in_the_event() -> None:
    made = event(query="a=1&a=2&b=&c=x%20y&A=3")
    assert made["multiValueQueryStringParameters"] == {"a": ["1", "2"], "b": [""], "c": ["x y"], "A": ["3"]}
    assert made["queryStringParameters"] == {"a": "2", "b": "", "c": "x y", "A": "3"}


def test_without_a_query_the_event_has_none() -> None:
    made = event()
    assert made["multiValueQueryStringParameters"] is None
    assert made["queryStringParameters"] is None


def test_every_value_of_a_repeated_header_is_in_the_event() -> None:
    made = event(headers=(("X-A", "1"), ("x-a", "2"), ("Cookie", "a=1; b=2")))
    assert made["multiValueHeaders"]["X-A"] == ["1", "2"]
    assert made["headers"]["X-A"] == "2"
    assert made["headers"]["Cookie"] == "a=1; b=2"


def test_a_client_cannot_say_who_forwarded_it() -> None:
    made = event(headers=(("X-Forwarded-For", "203.0.113.9"), ("x-forwarded-proto", "ftp")))
    assert made["multiValueHeaders"]["X-Forwarded-For"] == ["192.0.2.1"]
    assert made["multiValueHeaders"]["X-Forwarded-Proto"] == ["https"]


def test_header_fields_of_one_connection_stay_out() -> None:
    made = event(headers=(("Connection", "keep-alive"), ("Transfer-Encoding", "chunked"), ("Accept", "*/*")))
    assert set(made["headers"]) & {"Connection", "Transfer-Encoding"} == set()
    assert made["headers"]["Accept"] == "*/*"


def test_text_goes_as_text() -> None:
    made = event(headers=(("Content-Type", "application/json"),), body='{"a":"ü"}'.encode())
    assert made["body"] == '{"a":"ü"}'
    assert made["isBase64Encoded"] is False


@pytest.mark.parametrize("media_type", ["application/octet-stream", "application/json"])
def test_what_is_no_text_goes_as_base64(media_type: str) -> None:
    made = event(headers=(("Content-Type", media_type),), body=b"\xff\x00")
    assert base64.b64decode(made["body"]) == b"\xff\x00"
    assert made["isBase64Encoded"] is True


def test_no_body_is_null() -> None:
    assert event()["body"] is None


def test_an_answer_has_all_its_header_values() -> None:
    answer = proxy_answer(
        {
            "statusCode": 201,
            "headers": {"X-One": "1", "set-cookie": "lost"},
            "multiValueHeaders": {"Set-Cookie": ["a=1", "b=2"]},
            "body": "ü",
        }
    )
    assert answer.status == 201
    assert answer.headers == (("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("X-One", "1"))
    assert answer.body == "ü".encode()


def test_a_base64_answer_is_decoded() -> None:
    body = base64.b64encode(b"\x00\xff").decode()
    assert proxy_answer({"statusCode": 200, "body": body, "isBase64Encoded": True}).body == b"\x00\xff"


@pytest.mark.parametrize(
    "payload",
    [
        None,
        [],
        {},
        {"statusCode": "200"},
        {"statusCode": 200, "body": {}},
        {"statusCode": 200, "body": "%", "isBase64Encoded": True},
        {"statusCode": 200, "headers": {"X": "a\r\nSet-Cookie: b"}},
    ],
)
def test_a_payload_that_is_no_answer_is_refused(payload: Any) -> None:
    with pytest.raises(MalformedAnswerError):
        proxy_answer(payload)
