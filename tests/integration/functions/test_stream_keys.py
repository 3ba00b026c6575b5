"""Stream keys through Lambda events: making, listing and revoking them, and what they open."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from meetings_service.errors import RoomsUnavailableError
from redis import Redis

from contracts.redis_names import ROOM_COMMANDS
from contracts.room_commands import ShutOutRequested, decode_room_command
from contracts.rooms import Identity, Permissions, PublishPermission
from contracts.stream_keys import StreamKeyOpens, StreamKeyRefused, decode_stream_key_answer
from tests.integration.functions.conftest import MEETINGS_ISSUER, Person
from tests.integration.functions.lambda_events import Client, HttpAnswer
from tests.integration.functions.stored_items import stored_items

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class Desk:
    """A host with a meeting."""

    def __init__(self, meetings: Client, host: Person) -> None:
        self.meetings, self.host = meetings, host
        made = meetings.request("POST", "/v1/meetings", {"title": "Weekly"}, token=host.token).json()
        self.meeting_id = made["id"]
        self.url = f"/v1/meetings/{self.meeting_id}/stream-keys"

    def make(self, key: str | None = None, **body: Any) -> HttpAnswer:
        headers = {} if key is None else {"Idempotency-Key": key}
        return self.meetings.request(
            "POST", self.url, {"name": "Hall camera"} | body, token=self.host.token, headers=headers
        )

    def made(self, **body: Any) -> dict[str, Any]:
        answer = self.make(**body)
        assert answer.status == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def names(self, query: str = "") -> list[str]:
        return [each["name"] for each in self.listed(query)["items"]]

    def listed(self, query: str = "") -> dict[str, Any]:
        page: dict[str, Any] = self.meetings.request("GET", self.url + query, token=self.host.token).json()
        return page

    def opened(self, key: str) -> StreamKeyOpens | StreamKeyRefused:
        answer = self.meetings.module.stream_keys({"key": key}, None)
        return decode_stream_key_answer(json.dumps(answer).encode())

    def refused(self, key: str) -> str:
        answer = self.opened(key)
        assert isinstance(answer, StreamKeyRefused)
        return answer.code


@pytest.fixture
def desk(meetings: Client, person: Callable[..., Person]) -> Desk:
    return Desk(meetings, person("Ada"))


def test_a_key_is_shown_once_and_kept_as_a_hash(desk: Desk, dynamodb: DynamoDBClient, tables: dict[str, str]) -> None:
    answer = desk.make(name="  Hall \t camera ")
    made = answer.json()
    assert (made["name"], made["scope"], made["url"]) == ("Hall camera", "publish", "http://meet.test/whip")
    assert (made["expires_at"], made["last_used_at"]) == (None, None)
    assert answer.headers["location"] == f"{desk.url}/{made['id']}"
    assert desk.listed() == {"items": [{k: v for k, v in made.items() if k != "key"}], "next_cursor": None}
    stored = json.dumps(stored_items(dynamodb, tables["meetings"]))
    assert made["id"] in stored
    assert made["key"].rpartition("_")[2] not in stored
    assert desk.made(scope="watch")["url"] == "http://meet.test/whep"


def test_a_key_opens_as_somebody_with_its_name_who_may_do_what_its_scope_says(desk: Desk) -> None:
    made = desk.made()
    answer = desk.opened(made["key"])
    assert isinstance(answer, StreamKeyOpens)
    claims = answer.claims
    assert (claims.meeting, claims.name, claims.sub) == (desk.meeting_id, "Hall camera", f"k_{made['id']}")
    assert (claims.iss, claims.host_id, claims.stream_key) == (MEETINGS_ISSUER, desk.host.id, made["id"])
    assert claims.permissions == Permissions(publish=tuple(PublishPermission))
    watching = desk.opened(desk.made(scope="watch")["key"])
    assert isinstance(watching, StreamKeyOpens)
    assert (watching.claims.permissions.publish, watching.claims.permissions.subscribe) == ((), True)
    assert desk.listed()["items"][0]["last_used_at"] is not None


def test_what_is_no_key_or_no_longer_one_opens_nothing(desk: Desk) -> None:
    made = desk.made()
    key = made["key"]
    wrong = key[:-1] + ("a" if key[-1] != "a" else "b")
    elsewhere = f"sk_zzzzzzzzzz_{made['id']}_{key.rpartition('_')[2]}"
    assert [desk.refused(each) for each in (wrong, elsewhere)] == ["token_revoked"] * 2
    assert [desk.refused(each) for each in ("", "sk_", f"{key}x", f"{key}\n", "ü")] == ["token_malformed"] * 5
    desk.meetings.request("POST", f"/v1/meetings/{desk.meeting_id}/end", token=desk.host.token)
    assert desk.refused(key) == "meeting_ended"
    assert desk.make().json()["code"] == "meeting_ended"


def test_an_expired_key_opens_nothing(desk: Desk) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=1)
    made = desk.made(expires_at=soon.isoformat())
    assert datetime.fromisoformat(made["expires_at"]) - soon < timedelta(milliseconds=1)
    assert isinstance(desk.opened(made["key"]), StreamKeyOpens)
    streaming = desk.meetings.module.streaming
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(streaming, "_clock", lambda: time.time() + 2)
        assert desk.refused(made["key"]) == "token_expired"
    for past in ((datetime.now(UTC) - timedelta(days=1)).isoformat(), "2030-01-01T00:00:00", "tomorrow"):
        assert desk.make(expires_at=past).json()["code"] == "validation_failed"


def test_revoking_shuts_the_key_and_has_its_stream_taken_out(desk: Desk, valkey: str) -> None:
    made, other = desk.made(), desk.made(name="Other")
    path = f"{desk.url}/{made['id']}"
    answer = desk.meetings.request("DELETE", path, token=desk.host.token)
    assert (answer.status, answer.text) == (204, "")
    with Redis.from_url(valkey) as redis:
        entry: Any = redis.xrevrange(ROOM_COMMANDS, count=1)
    assert decode_room_command(entry[0][1][b"c"]) == ShutOutRequested(
        meeting_id=desk.meeting_id, identity=Identity(f"k_{made['id']}"), by=Identity(desk.host.id)
    )
    assert desk.refused(made["key"]) == "token_revoked"
    assert desk.meetings.request("DELETE", path, token=desk.host.token).json()["code"] == "not_found"
    assert desk.names() == ["Other"]
    assert isinstance(desk.opened(other["key"]), StreamKeyOpens)


def test_a_key_whose_room_cannot_be_told_opens_nothing_and_can_be_revoked_again(desk: Desk) -> None:
    made = desk.make("again").json()
    rooms = desk.meetings.module.streaming._rooms

    def away(*_: Any, **__: Any) -> None:
        raise RoomsUnavailableError

    path = f"{desk.url}/{made['id']}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rooms, "shut_out", away)
        assert desk.meetings.request("DELETE", path, token=desk.host.token).status == 503
    assert desk.refused(made["key"]) == "token_revoked"
    assert desk.make("again").json()["code"] == "validation_failed"  # which opens it again no more
    assert desk.meetings.request("DELETE", path, token=desk.host.token).status == 204


def test_asked_for_again_under_the_same_name_it_is_the_same_key(desk: Desk) -> None:
    first, second = desk.make("once").json(), desk.make("once").json()
    assert first["id"] == second["id"]
    assert first["key"] != second["key"]
    # Whichever answer has arrived, what it says is good.
    assert all(isinstance(desk.opened(each["key"]), StreamKeyOpens) for each in (first, second))
    assert len(desk.names()) == 1
    assert desk.make("once", name="Another").json()["code"] == "validation_failed"
    assert desk.make("no key!").json()["code"] == "validation_failed"
    for _ in range(3):
        assert desk.make("once").status == 201
    assert desk.make("once").json()["code"] == "validation_failed"


def test_a_meeting_has_so_many_keys_and_they_come_by_pages(desk: Desk) -> None:
    names = [f"Camera {number}" for number in range(25)]
    for name in names:
        desk.made(name=name)
    full = desk.make()
    assert (full.status, full.json()["code"]) == (409, "conflict")
    first = desk.listed("?limit=10")
    second = desk.listed(f"?limit=10&cursor={first['next_cursor']}")
    third = desk.listed(f"?limit=10&cursor={second['next_cursor']}")
    shown = [each["name"] for page in (first, second, third) for each in page["items"]]
    assert (sorted(shown), third["next_cursor"]) == (sorted(names), None)
    assert desk.meetings.request("GET", f"{desk.url}?cursor=x!", token=desk.host.token).status == 422


def test_keys_are_the_hosts_and_the_administrators(desk: Desk, person: Callable[..., Person], admin: Person) -> None:
    made = desk.made()
    path = f"{desk.url}/{made['id']}"
    for token, status in ((None, 401), (person("Eve").token, 403)):
        answers = [
            desk.meetings.request("POST", desk.url, {"name": "x"}, token=token),
            desk.meetings.request("GET", desk.url, token=token),
            desk.meetings.request("DELETE", path, token=token),
        ]
        assert [each.status for each in answers] == [status] * 3
    assert desk.meetings.request("GET", desk.url, token=admin.token).status == 200
    assert desk.meetings.request("DELETE", path, token=admin.token).status == 204
