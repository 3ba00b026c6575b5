"""A server of its own administers a meeting, and what people see and hear of it in the page."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import expect

from tests.e2e.person import Person
from tests.platform_process import Platform

MakePerson = Callable[..., Person]

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def server(platform: Platform) -> Iterator[httpx.Client]:
    """Somebody's own application, whose meetings these are."""
    account = {"email": f"{uuid.uuid4().hex}@example.test", "password": "a long enough password", "display_name": "App"}
    with httpx.Client(base_url=platform.url, timeout=30) as client:
        token = client.post("/v1/auth/register", json=account).json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        yield client


def test_a_server_mutes_writes_and_removes(server: httpx.Client, person: MakePerson) -> None:
    meeting = server.post("/v1/meetings", json={"title": "By the server"}).json()
    room = f"/v1/rooms/{meeting['id']}"
    ben, cleo = person("Ben"), person("Cleo")
    for someone in (ben, cleo):
        someone.join(meeting["join_url"])
    ben.hears("Cleo")
    cleos, microphone = _microphone_of(server, room, "Cleo")
    assert server.post(f"{room}/tracks/{microphone}/mute").status_code == 204
    ben.waits_for_track("Cleo", "microphone", muted=True)
    expect(cleo.page.get_by_role("button", name="Turn on microphone")).to_be_visible()
    assert server.post(f"{room}/participants/{cleos}/ask-to-unmute").status_code == 204
    cleo.page.get_by_role("button", name="Unmute", exact=True).click()
    ben.waits_for_track("Cleo", "microphone", muted=False)
    assert server.post(f"{room}/messages", json={"text": "Five minutes left."}).status_code == 201
    ben.press("Chat")
    expect(ben.page.get_by_role("log").get_by_text("Five minutes left.")).to_be_visible()
    ben.screenshot("message-of-a-server-desktop")
    assert server.post(f"{room}/participants/{cleos}/remove").status_code == 204
    cleo.sees_heading("You were removed from the meeting")
    expect(ben.tile("Cleo")).to_have_count(0)


def _microphone_of(server: httpx.Client, room: str, name: str) -> tuple[str, str]:
    """The ids of a participant and of their microphone. Media that had to be restarted is published anew."""
    people: list[dict[str, Any]] = []
    for _ in range(100):
        people = server.get(f"{room}/participants").json()["items"]
        for each in people:
            for track in each["tracks"]:
                if (each["name"], track["source"]) == (name, "microphone"):
                    return each["id"], track["id"]
        time.sleep(0.1)
    pytest.fail(f"{name} has no microphone: {people}")
