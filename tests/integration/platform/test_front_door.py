"""The front door of the real platform: the page, the API in front of the functions, and Socket.IO."""

from __future__ import annotations

import socket
from typing import Any

import httpx
import pytest
import socketio

from tests.platform_process import Platform

MAX_PAYLOAD_BYTES = 10 * 1024 * 1024
ACCOUNT = {"email": "ann@example.org", "password": "correct horse battery", "display_name": "Ann"}


@pytest.fixture(scope="module")
def session(platform: Platform) -> dict[str, Any]:
    answer = httpx.post(f"{platform.url}/v1/auth/register", json=ACCOUNT, timeout=30)
    assert answer.status_code == 201
    opened: dict[str, Any] = answer.json()
    return opened


def test_the_page_is_asked_for_again_each_time(client: httpx.Client) -> None:
    answer = client.get("/")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")
    assert answer.headers["Cache-Control"] == "no-cache"
    again = client.get("/", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize("path", ["/login", "/m", "/a/b/c?d=e"])
def test_a_place_in_the_application_gets_the_page(client: httpx.Client, path: str) -> None:
    assert "<title>Parley</title>" in client.get(path).text


def test_a_meeting_gets_the_page_that_names_its_code(client: httpx.Client) -> None:
    answer = client.get("/m/abc-defg-hjk")
    assert "<title>Parley: a meeting</title>" in answer.text
    assert answer.headers["Cache-Control"] == "no-cache"


def test_files_with_a_hash_in_their_name_are_kept_for_good(client: httpx.Client) -> None:
    answer = client.get("/assets/index-3fA9.js")
    assert "javascript" in answer.headers["Content-Type"]
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize("path", ["/assets/gone.js", "/assets/gone", "/robots.txt", "/" + 300 * "x"])
def test_a_file_that_is_not_there_is_not_the_page(client: httpx.Client, path: str) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    "path", ["/../pyproject.toml", "/..%2f..%2f..%2fetc%2fpasswd", "/%2e%2e/%2e%2e/etc/passwd", "/%00"]
)
def test_nothing_outside_the_page_is_served(platform: Platform, path: str) -> None:
    with socket.create_connection(("127.0.0.1", platform.port), timeout=10) as connection:
        connection.sendall(f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
        answer = b"".join(iter(lambda: connection.recv(65_536), b""))
    assert b"root:" not in answer
    assert b"[project]" not in answer


@pytest.mark.parametrize("path", ["/", "/v1/nothing", "/assets/index-3fA9.js", "/v1/auth/me"])
def test_every_answer_is_secured(client: httpx.Client, path: str) -> None:
    headers = client.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "script-src 'self';" in policy
    assert f"ws://localhost:{client.base_url.port}" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "camera=(self)" in headers["Permissions-Policy"]
    assert "geolocation=()" in headers["Permissions-Policy"]


def test_an_unknown_route_is_a_problem_document(client: httpx.Client) -> None:
    answer = client.get("/v1/auth/nothing")
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "not_found"


def test_a_method_that_a_route_lacks_is_named_with_those_it_has(client: httpx.Client) -> None:
    answer = client.put("/v1/meetings", json={})
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, POST"
    assert answer.json()["code"] == "method_not_allowed"


def test_a_body_beyond_the_limit_is_refused(client: httpx.Client) -> None:
    answer = client.post("/v1/auth/login", content=b"x" * (MAX_PAYLOAD_BYTES + 1))
    assert answer.status_code == 413
    assert answer.json()["code"] == "payload_too_large"


def test_a_user_gets_through_to_both_functions(
    platform: Platform, client: httpx.Client, session: dict[str, Any]
) -> None:
    user = {"Authorization": f"Bearer {session['access_token']}"}
    assert client.get("/v1/auth/me", headers=user).json()["email"] == ACCOUNT["email"]
    made = client.post("/v1/meetings", headers=user, json={"title": "Pläne"})
    assert made.status_code == 201
    assert made.json()["join_url"].startswith(f"{platform.url}/m/")
    assert made.headers["Location"] == f"/v1/meetings/{made.json()['id']}"


def test_query_parameters_reach_the_function(client: httpx.Client, session: dict[str, Any]) -> None:
    user = {"Authorization": f"Bearer {session['access_token']}"}
    assert client.get("/v1/meetings", headers=user, params={"limit": "1"}).status_code == 200
    assert client.get("/v1/meetings", headers=user, params={"limit": "none"}).status_code == 422
    assert client.get("/v1/meetings?limit=1&limit=2", headers=user).status_code == 422


def test_cookies_go_both_ways(client: httpx.Client, session: dict[str, Any]) -> None:
    login = {"email": ACCOUNT["email"], "password": ACCOUNT["password"], "session": "cookie"}
    answer = client.post("/v1/auth/login", json=login)
    assert "HttpOnly" in answer.headers["Set-Cookie"]
    assert client.post("/v1/auth/refresh", json={}).status_code == 200


def test_large_answers_are_compressed(client: httpx.Client) -> None:
    answer = client.get("/v1/auth/openapi.json", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.json()["openapi"].startswith("3.")


def test_the_invoke_api_is_not_for_browsers(client: httpx.Client) -> None:
    answer = client.post("/2015-03-31/functions/parley-meetings-facts/invocations", json={"facts": []})
    assert answer.status_code == 405


async def test_a_room_opens_through_the_front_door(platform: Platform, session: dict[str, Any]) -> None:
    headers = {"Authorization": f"Bearer {session['access_token']}"}
    async with httpx.AsyncClient(base_url=platform.url, headers=headers, timeout=30) as client:
        meeting = (await client.post("/v1/meetings", json={"title": "Room"})).json()
        join = (await client.post(f"/v1/meetings/{meeting['id']}/join", json={})).json()
    assert join["gateway_url"] == platform.url
    room = socketio.AsyncSimpleClient()
    try:
        auth = {"token": join["meeting_token"], "meeting_id": meeting["id"]}
        await room.connect(join["gateway_url"], auth=auth, transports=["websocket"])
        name, welcome = await room.receive(timeout=20)
        assert name == "welcome"
        assert [person["name"] for person in welcome["room"]["participants"]] == ["Ann"]
        assert await room.call("send_chat", {"text": "Hello"}, timeout=20)
    finally:
        await room.disconnect()


async def test_a_room_without_a_token_stays_shut(platform: Platform) -> None:
    room = socketio.AsyncClient(reconnection=False)
    with pytest.raises(socketio.exceptions.ConnectionError):
        await room.connect(platform.url, auth={}, transports=["websocket"])
    await room.disconnect()
