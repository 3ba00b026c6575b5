"""A server of its own administers live meetings over HTTP, on the whole platform: real people see what it does."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from contracts.rooms import ADMINISTRATOR
from tests.doubles.signaling_client import TIMEOUT_S, Client
from tests.platform_process import Platform

PASSWORD = "a long enough password"


@pytest.fixture(scope="module")
def platform(page: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform with an administrator, who is known once she has registered."""
    data = tmp_path_factory.mktemp("data")
    with Platform(data=data, web=page) as first:
        root = _session(first.url, "register", "root")["user"]["id"]
    with Platform(data=data, web=page, environ={"PARLEY_AUTH_ADMINISTRATORS": f'["{root}"]'}) as running:
        yield running


class Api:
    """The HTTP API, for one user."""

    def __init__(self, platform: Platform, name: str) -> None:
        session = _session(platform.url, "login", name)
        self.url = platform.url
        self.user_id: str = session["user"]["id"]
        self.authorization = f"Bearer {session['access_token']}"

    async def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Status, and the answer's JSON (None: no content)."""
        async with httpx.AsyncClient(base_url=self.url, timeout=30) as client:
            answer = await client.request(method, path, json=body, headers={"Authorization": self.authorization})
        return answer.status_code, answer.json() if answer.content else None

    async def code(self, method: str, path: str, body: Any = None) -> tuple[int, str]:
        """Status and code of a refusal."""
        status, problem = await self.ask(method, path, body)
        return status, problem["code"]

    async def get(self, path: str) -> Any:
        """What is read."""
        status, answer = await self.ask("GET", path)
        assert status == 200, answer
        return answer

    async def listed(self, meeting_id: str, **wanted: Any) -> dict[str, Any] | None:
        """The room as it is listed, if it is as it should be."""
        for room in (await self.get("/v1/rooms?limit=100"))["items"]:
            if room["meeting_id"] == meeting_id and wanted.items() <= room.items():
                found: dict[str, Any] = room
                return found
        return None


@pytest.fixture
def admin(platform: Platform) -> Api:
    return Api(platform, "root")


@pytest.fixture
def host(platform: Platform) -> Api:
    return Api(platform, "host")


@pytest.fixture
def stranger(platform: Platform) -> Api:
    return Api(platform, "stranger")


class Meeting:
    """A meeting of the host's, and those who are in it."""

    def __init__(self, host: Api, meeting_id: str) -> None:
        self.id = meeting_id
        self.room = f"/v1/rooms/{self.id}"
        self._host = host
        self._clients: list[Client] = []

    async def join(self, name: str, *, as_host: bool = False) -> Client:
        """Somebody who comes in: the host, or a guest."""
        headers = {"Authorization": self._host.authorization} if as_host else {}
        async with httpx.AsyncClient(base_url=self._host.url, headers=headers, timeout=30) as api:
            answer = await api.post(f"/v1/meetings/{self.id}/join", json={"display_name": name})
        ticket = answer.json()
        client = Client()
        self._clients.append(client)
        return await client.connect(ticket["gateway_url"], {"token": ticket["meeting_token"], "meeting_id": self.id})

    async def close(self) -> None:
        for client in self._clients:
            await client.leave()


@pytest.fixture
async def meeting(host: Api) -> AsyncIterator[Meeting]:
    status, made = await host.ask("POST", "/v1/meetings", {"title": "Live"})
    assert status == 201
    meeting = Meeting(host, made["id"])
    yield meeting
    await meeting.close()


async def test_a_host_administers_her_meeting_and_everybody_sees_it(meeting: Meeting, host: Api) -> None:
    ada, bob = await meeting.join("Ada", as_host=True), await meeting.join("Bob")
    room, bobs = meeting.room, f"{meeting.room}/participants/{bob.id}"
    people = await host.get(f"{room}/participants")
    assert [(each["id"], each["name"], each["role"]) for each in people["items"]] == [
        (ada.id, "Ada", "host"),
        (bob.id, "Bob", "guest"),
    ]
    assert people["next_cursor"] is None
    assert await host.ask("PATCH", f"{room}/policy", {"locked": True}) == (204, None)
    assert (await bob.happened("policy_changed"))["policy"]["locked"] is True
    assert (await host.get(room))["policy"]["locked"] is True
    data = {"topic": "quiz", "data": "42", "to": [bob.id]}
    assert await host.ask("POST", f"{room}/data", data) == (204, None)
    assert (await bob.happened("data_sent"))["data"] == "42"
    status, sent = await host.ask("POST", f"{room}/messages", {"text": "Five minutes left."})
    assert (status, (await bob.happened("chat_sent"))["message"]["id"]) == (201, sent["message_id"])
    assert await host.ask("DELETE", f"{room}/messages/{sent['message_id']}") == (204, None)
    assert (await bob.happened("chat_removed"))["by"] == ADMINISTRATOR
    opening = {"rooms": [{"name": "Red", "participant_ids": [bob.id]}], "close_after_s": 600}
    status, opened = await host.ask("POST", f"{room}/breakouts", opening)
    [red] = opened["breakout_ids"]
    assert (status, (await bob.happened("participants_moved"))["moves"][0]["breakout"]) == (201, red)
    assert (await host.get(bobs))["breakout"] == red
    assert (await host.get(room))["breakouts"]["rooms"] == [{"id": red, "name": "Red"}]
    assert await host.code("POST", f"{room}/breakouts", opening) == (409, "conflict")
    assert await host.ask("PATCH", f"{room}/breakouts", {"free_choice": True}) == (204, None)
    assert (await bob.happened("breakouts_changed"))["breakouts"]["free_choice"] is True
    home = {"participant_ids": [bob.id], "breakout_id": None}
    assert await host.ask("POST", f"{room}/breakouts/move", home) == (204, None)
    assert (await host.get(bobs))["breakout"] is None
    assert await host.ask("DELETE", f"{room}/breakouts") == (204, None)
    assert (await bob.happened("breakouts_closed"))["by"] == ADMINISTRATOR
    quiet = {"publish": [], "subscribe": True, "chat": False}
    assert await host.ask("PUT", f"{bobs}/permissions", quiet) == (204, None)
    assert (await bob.happened("permissions_changed"))["permissions"]["chat"] is False
    assert await bob.code("send_chat", {"text": "?"}) == "permission_denied"
    assert (await host.get(bobs))["permissions"]["publish"] == []
    assert await host.ask("POST", f"{bobs}/remove") == (204, None)
    assert (await bob.received("closing"))["code"] == "participant_removed"
    left = await ada.happened("participant_left")
    assert (left["participant_id"], left["reason"], left["by"]) == (bob.id, "removed", ADMINISTRATOR)
    assert await host.code("POST", f"{bobs}/remove") == (404, "participant_not_found")
    assert (await host.ask("POST", f"/v1/meetings/{meeting.id}/end"))[0] == 202
    assert (await ada.received("closing"))["code"] == "meeting_ended"
    assert await host.code("GET", room) == (410, "meeting_ended")


async def test_the_list_shows_everybody_their_own_and_an_administrator_all(
    meeting: Meeting, host: Api, stranger: Api, admin: Api
) -> None:
    assert await host.code("GET", meeting.room) == (409, "meeting_not_live")
    await meeting.join("Ada", as_host=True)
    guest = await meeting.join("Bob")
    guests = f"{meeting.room}/participants/{guest.id}"
    for api in (host, admin):
        await _until(api, lambda found: found is not None, meeting.id, participants=2, host_id=host.user_id)
    assert await stranger.get("/v1/rooms") == {"items": [], "next_cursor": None}
    assert await stranger.code("GET", meeting.room) == (403, "permission_denied")
    assert await stranger.code("POST", f"{guests}/remove") == (403, "permission_denied")
    assert await admin.ask("POST", f"{guests}/remove", {"ban": False}) == (204, None)
    await guest.gone()
    await _until(admin, lambda found: found is not None, meeting.id, participants=1)
    assert (await admin.ask("POST", f"/v1/meetings/{meeting.id}/end"))[0] == 202
    await _until(admin, lambda found: found is None, meeting.id)


async def test_a_gateway_that_dies_leaves_the_room_as_it_was(platform: Platform, meeting: Meeting, admin: Api) -> None:
    ada, bob = await meeting.join("Ada", as_host=True), await meeting.join("Bob")
    gateway = platform.process_of("signaling_gateway.main")
    os.kill(gateway, signal.SIGKILL)
    await asyncio.to_thread(platform.wait_for_line, "gateway died (killed by SIGKILL)")
    await asyncio.to_thread(platform.wait_for_line, "again")
    people = f"{meeting.room}/participants"
    assert [each["id"] for each in (await admin.get(people))["items"]] == [ada.id, bob.id]
    assert await admin.ask("POST", f"{people}/{bob.id}/remove") == (204, None)
    assert [each["id"] for each in (await admin.get(people))["items"]] == [ada.id]


async def test_whatever_is_sent_to_a_live_room_is_answered_as_the_document_says(meeting: Meeting, admin: Api) -> None:
    """And somebody is in the room all the while: not every request stops at what is missing."""
    ada = await meeting.join("Ada", as_host=True)
    tried = await asyncio.to_thread(_explore_all, admin, meeting.id, ada.id)
    assert len(tried) > 15
    assert (await admin.get(f"{meeting.room}/participants/{ada.id}"))["connected"] is True
    assert await ada.ask("raise_hand") == {}


def _explore_all(admin: Api, meeting_id: str, participant_id: str) -> set[str]:
    schema = schemathesis.openapi.from_url(f"{admin.url}/v1/meetings/openapi.json")
    tried: set[str] = set()
    for result in schema.get_all_operations():
        operation: Any = result.ok()  # type: ignore[union-attr]
        if not operation.path.startswith("/v1/rooms/") or operation.path.endswith("/remove"):
            continue  # whoever is removed is in no room any more
        has_body = "requestBody" in operation.definition.raw
        for mode in (GenerationMode.POSITIVE, *((GenerationMode.NEGATIVE,) if has_body else ())):
            _explore(operation.as_strategy(generation_mode=mode), meeting_id, participant_id, admin.authorization)
        tried.add(operation.path)
    return tried


def _explore(strategy: Any, meeting_id: str, participant_id: str, authorization: str) -> None:
    @settings(
        max_examples=8,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=strategy)
    def keeps_to_the_document(case: Any) -> None:
        case.path_parameters["id"] = meeting_id
        if "participant_id" in case.path_parameters:
            case.path_parameters["participant_id"] = participant_id
        answer = case.call(headers={"Authorization": authorization})
        beside = [negative_data_rejection] if answer.status_code == 413 else []
        if answer.status_code == 503 and answer.json()["code"] == "ingress_unavailable":
            beside.append(not_a_server_error)  # a small machine brings in few streams at once, and says so
        case.validate_response(answer, excluded_checks=[positive_data_acceptance, *beside])

    keeps_to_the_document()


async def test_an_account_that_is_suspended_or_deleted_is_out_of_the_room_and_of_the_api(
    platform: Platform, admin: Api, meeting: Meeting
) -> None:
    ada = Api(platform, "ada-of-the-news")
    hers = Meeting(ada, (await ada.ask("POST", "/v1/meetings", {"title": "Hers"}))[1]["id"])
    inside, guest = await hers.join("Ada", as_host=True), await hers.join("Guest")
    assert (await admin.ask("POST", f"/v1/auth/users/{ada.user_id}/suspend"))[0] == 200
    assert await ada.code("GET", "/v1/meetings") == (401, "session_expired")
    assert await ada.code("POST", f"/v1/meetings/{meeting.id}/join", {}) == (401, "session_expired")
    assert (await inside.received("closing"))["code"] == "account_suspended"
    assert (await guest.happened("participant_left"))["reason"] == "access_lost"
    assert (await admin.ask("POST", f"/v1/auth/users/{ada.user_id}/resume"))[0] == 200
    again = Api(platform, "ada-of-the-news")
    assert (await again.ask("PATCH", "/v1/auth/me", {"display_name": "Countess"}))[0] == 200
    await _told(admin, hers, host_name="Countess", status="live")
    assert (await again.ask("POST", "/v1/auth/me/delete", {"password": PASSWORD}))[0] == 204
    assert (await guest.received("closing"))["code"] == "meeting_ended"
    await _told(admin, hers, host_name="Deleted user", status="cancelled")
    await hers.close()


async def _told(api: Api, meeting: Meeting, **wanted: str) -> None:
    """Returns once others are told that of a meeting: a job sees to it."""
    async with asyncio.timeout(TIMEOUT_S):
        while not wanted.items() <= (await api.get(f"/v1/meetings/{meeting.id}")).items():
            pass


def _session(url: str, how: str, name: str) -> dict[str, Any]:
    body = {"email": f"{name}@example.test", "password": PASSWORD}
    named = body | {"display_name": name.title()} if how == "register" else body
    answer = httpx.post(f"{url}/v1/auth/{how}", json=named, timeout=30)
    if how == "login" and answer.status_code == 401:
        return _session(url, "register", name)
    assert answer.is_success, answer.text
    session: dict[str, Any] = answer.json()
    return session


async def _until(api: Api, holds: Callable[[Any], bool], meeting_id: str, **wanted: Any) -> None:
    """Returns once the list is as it should be: it follows the room within a moment."""
    async with asyncio.timeout(TIMEOUT_S):
        while not holds(await api.listed(meeting_id, **wanted)):
            pass
