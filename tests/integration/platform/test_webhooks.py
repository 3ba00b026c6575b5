"""Webhooks on the whole platform: people meet, and a receiver is told, signed, and again if it fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.doubles.signaling_client import Client
from tests.doubles.webhook_receiver import Received, Receiver, receiving
from tests.platform_process import Platform

PASSWORD = "a long enough password"
AT_ONCE_S = 20
"""Sooner than the schedule comes round."""
BY_SCHEDULE_S = 150
"""Half a minute until the second attempt, and a minute of the schedule; the rest is for slow machines."""
Messages = list[Received]


@pytest.fixture(scope="module")
def platform(page: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform of these tests alone, with an administrator: they are told of all meetings."""
    with Platform(data=tmp_path_factory.mktemp("data"), web=page) as running:
        email = session(running.url, "register", "root")["user"]["email"]
        assert running.invoke("parley-auth-appoint", {"email": email})["role"] == "administrator"
        yield running


def session(url: str, how: str, name: str) -> dict[str, Any]:
    account = {"email": f"{name}@example.org", "password": PASSWORD, "display_name": name.title()}
    body = account if how == "register" else {name: account[name] for name in ("email", "password")}
    answer = httpx.post(f"{url}/v1/auth/{how}", json=body, timeout=30)
    answer.raise_for_status()
    opened: dict[str, Any] = answer.json()
    return opened


def api(platform: Platform, token: str) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.AsyncClient(base_url=platform.url, headers=headers, timeout=30)


@pytest.fixture
async def admin(platform: Platform) -> AsyncIterator[httpx.AsyncClient]:
    opened = await asyncio.to_thread(session, platform.url, "login", "root")
    async with api(platform, opened["access_token"]) as client:
        yield client


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


async def come_in(url: str, meeting_id: str, name: str, **headers: str) -> Client:
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=30) as api:
        answer = await api.post(f"/v1/meetings/{meeting_id}/join", json={"display_name": name})
    ticket = answer.json()
    return await Client().connect(ticket["gateway_url"], {"token": ticket["meeting_token"], "meeting_id": meeting_id})


def have(*types: str) -> Callable[[Messages], bool]:
    return lambda got: set(types) <= {message.type for message in got}


async def delivered(admin: httpx.AsyncClient, path: str) -> list[dict[str, Any]]:
    """The webhook's log, once it says of all that they were delivered: a moment after the receiver has answered."""
    async with asyncio.timeout(AT_ONCE_S):
        while True:
            log: list[dict[str, Any]] = (await admin.get(f"{path}/deliveries", params={"limit": 100})).json()["items"]
            if {entry["state"] for entry in log} == {"delivered"}:
                return log
            await asyncio.sleep(0.05)


async def test_what_happens_in_a_meeting_is_told_signed_and_again_where_it_fails(
    platform: Platform, admin: httpx.AsyncClient, receiver: Receiver
) -> None:
    receiver.failing_first = 1
    events = ["meeting.created", "meeting.started", "meeting.ended", "participant.joined", "participant.left"]
    body = {"url": receiver.url, "events": events, "meetings": "all"}
    made = await admin.post("/v1/meetings/webhooks", json=body)
    assert made.status_code == 201, made.text
    webhook = made.json()
    host = await asyncio.to_thread(session, platform.url, "register", "host")
    async with api(platform, host["access_token"]) as client:
        made = await client.post("/v1/meetings", json={"title": "Live"})
    assert made.status_code == 201, made.text
    meeting = made.json()
    [refused] = await asyncio.to_thread(receiver.wait_for, bool, within_s=AT_ONCE_S)
    assert (refused.type, refused.data["meeting"]["id"]) == ("meeting.created", meeting["id"])

    ada = await come_in(platform.url, meeting["id"], "Ada", Authorization=f"Bearer {host['access_token']}")
    bob = await come_in(platform.url, meeting["id"], "Bob")
    await asyncio.to_thread(receiver.wait_for, lambda got: _count(got, "participant.joined") == 2, within_s=AT_ONCE_S)
    await bob.ask("leave_meeting")
    async with api(platform, host["access_token"]) as client:
        assert (await client.post(f"/v1/meetings/{meeting['id']}/end")).status_code == 202
    await asyncio.to_thread(receiver.wait_for, lambda got: _count(got, "participant.left") == 2, within_s=AT_ONCE_S)
    await asyncio.to_thread(receiver.wait_for, have("meeting.started", "meeting.ended"), within_s=AT_ONCE_S)
    await ada.leave()

    def is_told_again(got: Messages) -> bool:
        return [message.id for message in got].count(refused.id) == 2

    got = await asyncio.to_thread(receiver.wait_for, is_told_again, within_s=BY_SCHEDULE_S)
    assert all(message.is_signed_with(webhook["secret"]) for message in got)
    assert {message.data["meeting"]["id"] for message in got} == {meeting["id"]}
    assert len({message.id for message in got}) == len(got) - 1, "but for the one that failed, each came once"
    came = {message.data["participant"]["id"]: message.data for message in got if message.type == "participant.joined"}
    gone = {message.data["participant"]["id"]: message.data for message in got if message.type == "participant.left"}
    assert set(came) == set(gone) == {ada.id, bob.id}
    assert all(came[each]["position"] < gone[each]["position"] for each in came)
    assert (gone[bob.id]["reason"], gone[ada.id]["reason"]) == ("left", "meeting_ended")
    assert came[bob.id]["participant"]["name"] == "Bob"
    [over] = [message for message in got if message.type == "meeting.ended"]
    assert over.data["ended_by"] == host["user"]["id"]

    path = f"/v1/meetings/webhooks/{webhook['id']}"
    log = await delivered(admin, path)
    assert len(log) == len(got) - 1
    first = (await admin.get(f"{path}/deliveries/{refused.id}")).json()
    assert [attempt["status"] for attempt in first["attempts"]] == [503, 200]
    assert (await admin.post(f"{path}/deliveries/{refused.id}/redeliver")).status_code == 202
    third = await asyncio.to_thread(
        receiver.wait_for, lambda got: [message.id for message in got].count(refused.id) == 3, within_s=AT_ONCE_S
    )
    assert third[-1].body == refused.body
    assert (await admin.delete(path)).status_code == 204


def _count(got: Messages, kind: str) -> int:
    return [message.type for message in got].count(kind)


async def test_test_message_comes_at_once(admin: httpx.AsyncClient, receiver: Receiver) -> None:
    webhook = (
        await admin.post("/v1/meetings/webhooks", json={"url": receiver.url, "events": ["meeting.ended"]})
    ).json()
    assert (await admin.post(f"/v1/meetings/webhooks/{webhook['id']}/test")).status_code == 202
    [message] = await asyncio.to_thread(receiver.wait_for, bool, within_s=AT_ONCE_S)
    assert message.type == "webhook.test"
    assert message.is_signed_with(webhook["secret"])
