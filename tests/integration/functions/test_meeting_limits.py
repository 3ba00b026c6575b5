"""The meeting service protects itself: so many joins, new meetings and other requests, told in standard fields."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.integration.functions.conftest import Person
from tests.integration.functions.lambda_events import Client, HttpAnswer

FEW = {
    "PARLEY_MEETINGS_LIMIT_ADDRESS": "5/3600",
    "PARLEY_MEETINGS_LIMIT_JOIN": "3/3600",
    "PARLEY_MEETINGS_LIMIT_CREATE": "2/3600",
    "PARLEY_MEETINGS_LIMIT_BEARER": "4/3600",
}


@pytest.fixture(scope="module")
def careful(new_meetings: Callable[..., Client]) -> Client:
    return new_meetings(**FEW)


@pytest.fixture
def meeting(meetings: Client, person: Callable[..., Person]) -> str:
    made = meetings.request("POST", "/v1/meetings", {"title": "Talk"}, token=person("Host").token)
    return str(made.json()["id"])


def assert_told(answer: HttpAnswer, policies: str, remaining: str) -> None:
    assert answer.headers["ratelimit-policy"] == policies
    assert [part.split(";")[1] for part in answer.headers["ratelimit"].split(", ")] == remaining.split()


def test_somebody_who_tries_codes_without_an_account_is_stopped_by_their_address(careful: Client) -> None:
    for number in range(5):
        code = f"abc-defg-hj{'kmnpq'[number]}"
        answer = careful.request("POST", f"/v1/meetings/{code}/join", {"display_name": "X"}, source_ip="192.0.2.1")
        assert answer.code == "meeting_not_found"
        assert_told(answer, '"address";q=5;w=3600', f"r={4 - number}")
    for path, body in (("/join", {"display_name": "X"}), ("", None)):
        method = "GET" if body is None else "POST"
        stopped = careful.request(method, f"/v1/meetings/abc-defg-hjr{path}", body, source_ip="192.0.2.1")
        assert (stopped.status, stopped.code) == (429, "rate_limited")
        assert int(stopped.headers["retry-after"]) > 0
        assert_told(stopped, '"address";q=5;w=3600', "r=0")
    elsewhere = careful.request("GET", "/v1/meetings/abc-defg-hjr", source_ip="192.0.2.2")
    assert elsewhere.code == "meeting_not_found"


def test_joins_of_one_person_are_counted_wherever_they_come_from(
    careful: Client, meeting: str, person: Callable[..., Person]
) -> None:
    ada, bob = person(), person("Bob")
    told = [careful.request("POST", f"/v1/meetings/{meeting}/join", {}, token=ada.token) for _ in range(4)]
    assert [answer.status for answer in told] == [200, 200, 200, 429]
    assert_told(told[0], '"address";q=5;w=3600, "join";q=3;w=3600', "r=4 r=2")
    assert_told(told[3], '"address";q=5;w=3600, "join";q=3;w=3600', "r=4 r=0")
    assert careful.request("POST", f"/v1/meetings/{meeting}/join", {}, token=bob.token).status == 200


def test_new_meetings_and_the_rest_are_counted_apart(careful: Client, person: Callable[..., Person]) -> None:
    ada = person()
    made = [careful.request("POST", "/v1/meetings", {"title": "Talk"}, token=ada.token).status for _ in range(3)]
    assert made == [201, 201, 429]
    told = [careful.request("GET", "/v1/meetings", token=ada.token) for _ in range(5)]
    assert [answer.status for answer in told] == [200, 200, 200, 200, 429]
    assert_told(told[0], '"bearer";q=4;w=3600', "r=3")


def test_requests_that_are_wrong_count_too(careful: Client, person: Callable[..., Person]) -> None:
    ada = person()
    assert careful.request("POST", "/v1/meetings", {"nothing": 1}, token=ada.token).status == 422
    assert careful.request("POST", "/v1/meetings", {"title": "Talk"}, token=ada.token).status == 201
    assert careful.request("POST", "/v1/meetings", {"title": "Talk"}, token=ada.token).status == 429


def test_keys_and_documents_are_for_everybody_at_any_time(careful: Client) -> None:
    for path in (".well-known/jwks.json", "openapi.json", "reference"):
        for _ in range(8):
            answer = careful.request("GET", f"/v1/meetings/{path}", source_ip="192.0.2.9")
            assert (answer.status, "ratelimit" in answer.headers) == (200, False)


def test_document_says_where_requests_are_limited(careful: Client) -> None:
    paths = careful.request("GET", "/v1/meetings/openapi.json").json()["paths"]
    limited = {
        (path, method)
        for path, methods in paths.items()
        for method, operation in methods.items()
        if "429" in operation["responses"]
    }
    everything = {(path, method) for path, methods in paths.items() for method in methods}
    assert everything - limited == {
        ("/v1/meetings/.well-known/jwks.json", "get"),
        ("/v1/meetings/openapi.json", "get"),
        ("/v1/meetings/reference", "get"),
    }
