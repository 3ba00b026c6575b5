"""Live rooms through Lambda events where no gateway answers: who sees what, and what is told of silence."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from redis import Redis

from contracts import redis_names
from contracts.rooms import Identity, MeetingId
from tests.integration.functions.conftest import Person
from tests.integration.functions.lambda_events import Client

ROOMS = "/v1/rooms"


@pytest.fixture(scope="module")
def hasty(new_meetings: Callable[..., Client]) -> Client:
    """A meeting service that waits a second for rooms."""
    return new_meetings(PARLEY_MEETINGS_ROOM_PATIENCE_S="1")


def begun(meetings: Client, broker: Redis, host: Person) -> str:
    """A meeting whose room has a log, and no gateway."""
    made = meetings.request("POST", "/v1/meetings", {"title": "Weekly"}, token=host.token).json()
    event = f'{{"type":"meeting_started","at":1,"meeting_id":"{made["id"]}"}}'
    broker.xadd(redis_names.meeting_log(made["id"]), {"e": event, "a": "gone:1"}, id="1-0")
    return str(made["id"])


def listed(broker: Redis, meeting_id: str, host: Person, started_at: int) -> None:
    """Puts a room on the list, as its gateway does."""
    summary = (
        f'{{"meeting_id":"{meeting_id}","host_id":"{host.id}","started_at":{started_at},"participants":2,'
        '"tracks":1,"waiting":0,"locked":true}'
    )
    broker.hset(redis_names.live_room(MeetingId(meeting_id)), mapping={"v": 1, "s": summary})
    for key in (redis_names.LIVE_ROOMS, redis_names.live_rooms_of(Identity(host.id))):
        broker.zadd(key, {meeting_id: started_at})


@contextmanager
def tickets_taken(broker: Redis) -> Iterator[None]:
    """Somebody takes every ticket and answers nothing, as gateways do that die at once."""
    over = threading.Event()

    def take() -> None:
        while not over.wait(0.01):
            for ticket in broker.keys("parley:room-request:*:ticket"):
                broker.delete(ticket)

    taking = threading.Thread(target=take)
    taking.start()
    try:
        yield
    finally:
        over.set()
        taking.join()


def test_nobody_has_begun_and_nothing_was_done(hasty: Client, broker: Redis, person: Callable[..., Person]) -> None:
    ada = person()
    meeting_id = begun(hasty, broker, ada)
    for method, path, body in (("GET", "", None), ("PATCH", "/policy", {"locked": True})):
        answer = hasty.request(method, f"{ROOMS}/{meeting_id}{path}", body, token=ada.token)
        assert (answer.status, answer.code) == (503, "service_unavailable")
        assert answer.headers["retry-after"] == "2"
    assert broker.keys("parley:room-request:*:ticket") == []


def test_permissions_that_do_not_say_so_let_nobody_write_in_the_notes(
    hasty: Client, broker: Redis, person: Callable[..., Person]
) -> None:
    ada = person()
    meeting_id = begun(hasty, broker, ada)
    path = f"{ROOMS}/{meeting_id}/participants/p_gus/permissions"
    permissions: dict[str, object] = {"publish": [], "subscribe": True, "chat": True}
    for given, notes in (({}, False), ({"notes": True}, True)):
        hasty.request("PUT", path, {**permissions, **given}, token=ada.token)
        asked: Any = broker.xrevrange(redis_names.ROOM_COMMANDS, count=1)
        assert json.loads(asked[0][1][b"c"])["request"]["body"]["permissions"].get("notes", False) is notes


def test_somebody_has_begun_and_it_is_not_known_what_was_done(
    hasty: Client, broker: Redis, person: Callable[..., Person]
) -> None:
    ada = person()
    meeting_id = begun(hasty, broker, ada)
    with tickets_taken(broker):
        answer = hasty.request("POST", f"{ROOMS}/{meeting_id}/messages", {"text": "x"}, token=ada.token)
    assert (answer.status, answer.code) == (504, "outcome_unknown")


def test_a_request_with_a_key_that_was_not_done_may_be_repeated_and_one_that_perhaps_was_is_not_done_again(
    hasty: Client, broker: Redis, person: Callable[..., Person]
) -> None:
    ada = person()
    meeting_id = begun(hasty, broker, ada)

    def send(text: str) -> tuple[int, str]:
        headers = {"Idempotency-Key": "a-1"}
        answer = hasty.request(
            "POST", f"{ROOMS}/{meeting_id}/messages", {"text": text}, token=ada.token, headers=headers
        )
        return answer.status, answer.code

    assert send("x") == (503, "service_unavailable")
    assert send("y") == (503, "service_unavailable")  # the key is free again
    assert broker.keys("parley:room-request:*:claim") == []
    taken = broker.xlen(redis_names.ROOM_COMMANDS)
    with tickets_taken(broker):
        assert send("x") == (504, "outcome_unknown")
    assert send("x") == (504, "outcome_unknown")
    assert send("y") == (422, "validation_failed")
    assert broker.xlen(redis_names.ROOM_COMMANDS) == taken + 1


@pytest.mark.parametrize("key", ["", "a b", "x" * 65, "ä"])
def test_an_unusable_key_is_named(hasty: Client, broker: Redis, person: Callable[..., Person], key: str) -> None:
    ada = person()
    url = f"{ROOMS}/{begun(hasty, broker, ada)}/messages"
    answer = hasty.request("POST", url, {"text": "x"}, token=ada.token, headers={"Idempotency-Key": key})
    assert (answer.status, answer.code) == (422, "validation_failed")
    assert answer.json()["errors"][0]["field"] == "Idempotency-Key"


def test_who_ended_a_meeting_is_told_so_without_asking_the_room(
    meetings: Client, broker: Redis, person: Callable[..., Person]
) -> None:
    ada = person()
    meeting_id = begun(meetings, broker, ada)
    assert meetings.request("POST", f"/v1/meetings/{meeting_id}/end", token=ada.token).status == 202
    answer = meetings.request("GET", f"{ROOMS}/{meeting_id}", token=ada.token)
    assert (answer.status, answer.code) == (410, "meeting_ended")


@pytest.mark.parametrize("meeting_id", ["abc-defg-hjk", "x", "ABC-DEFG-HJK", "%00", "🙂", "a" * 500])
@pytest.mark.parametrize(("method", "action"), [("GET", ""), ("GET", "/participants"), ("POST", "/mute-all")])
def test_unknown_room_is_not_found(
    meetings: Client, person: Callable[..., Person], method: str, action: str, meeting_id: str
) -> None:
    answer = meetings.request(method, f"{ROOMS}/{meeting_id}{action}", token=person().token)
    assert (answer.status, answer.code) == (404, "meeting_not_found")


def test_what_cannot_be_an_id_is_not_found(hasty: Client, broker: Redis, person: Callable[..., Person]) -> None:
    ada = person()
    meeting_id = begun(hasty, broker, ada)
    answer = hasty.request("POST", f"{ROOMS}/{meeting_id}/tracks/{'t' * 65}/mute", token=ada.token)
    assert (answer.status, answer.code) == (404, "not_found")


@pytest.mark.parametrize(
    "fault",
    [
        ("cursor=AAAA", "cursor"),
        ("cursor=%21", "cursor"),
        ("cursor=MDAwMDAwMDAwMDAwMDAx", "cursor"),
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("page=2", "page"),
    ],
)
@pytest.mark.parametrize("path", ["", "/{id}/participants"])
def test_unusable_parameter_is_named(
    meetings: Client, broker: Redis, person: Callable[..., Person], path: str, fault: tuple[str, str]
) -> None:
    ada = person()
    query, field = fault
    url = f"{ROOMS}{path.format(id=begun(meetings, broker, ada))}?{query}"
    answer = meetings.request("GET", url, token=ada.token)
    assert (answer.status, answer.code) == (422, "validation_failed")
    assert answer.json()["errors"][0]["field"] == field


def test_a_host_pages_through_her_own_rooms_and_an_administrator_through_all(
    meetings: Client, broker: Redis, person: Callable[..., Person], admin: Person
) -> None:
    ada, bob = person("Ada"), person("Bob")
    broker.delete(redis_names.LIVE_ROOMS)
    for number, host in enumerate((ada, bob, ada, ada)):
        listed(broker, f"m-{number}-{host.id}", host, 1_000 + number)

    def pages(who: Person) -> list[list[dict[str, Any]]]:
        found = []
        cursor = ""
        while True:
            page = meetings.request("GET", f"{ROOMS}?limit=2{cursor}", token=who.token).json()
            found.append(page["items"])
            if page["next_cursor"] is None:
                return found
            cursor = f"&cursor={page['next_cursor']}"

    def ids(who: Person) -> list[list[str]]:
        return [[room["meeting_id"].split("-")[1] for room in page] for page in pages(who)]

    assert ids(ada) == [["3", "2"], ["0"]]
    assert ids(bob) == [["1"]]
    assert ids(admin) == [["3", "2"], ["1", "0"]]
    assert ids(person("Eve")) == [[]]
    [[room]] = pages(bob)
    assert room == {
        "meeting_id": f"m-1-{bob.id}",
        "title": None,
        "node_id": None,
        "host_id": bob.id,
        "started_at": "1970-01-01T00:00:01.001Z",
        "participants": 2,
        "tracks": 1,
        "waiting": 0,
        "locked": True,
    }
    made = meetings.request("POST", "/v1/meetings", {"title": "Weekly"}, token=bob.token).json()
    listed(broker, made["id"], bob, 2_000)
    assert [room["title"] for page in pages(bob) for room in page] == ["Weekly", None]


def test_who_is_off_the_list_of_administrators_is_none_from_the_next_token_on(
    auth: Client, new_auth: Callable[..., Client], meetings: Client, person: Callable[..., Person]
) -> None:
    registered = person("Root")
    appointing = new_auth(PARLEY_AUTH_ADMINISTRATORS=f'["{registered.id}"]')
    refreshed = appointing.request("POST", "/v1/auth/refresh", {"refresh_token": registered.refresh_token}).json()
    admin = replace(registered, token=refreshed["access_token"], refresh_token=refreshed["refresh_token"])
    made = meetings.request("POST", "/v1/meetings", {"title": "Weekly"}, token=person().token).json()
    assert meetings.request("GET", f"{ROOMS}/{made['id']}", token=admin.token).code == "meeting_not_live"
    refreshed = auth.request("POST", "/v1/auth/refresh", {"refresh_token": admin.refresh_token}).json()
    answer = meetings.request("GET", f"{ROOMS}/{made['id']}", token=refreshed["access_token"])
    assert (answer.status, answer.code) == (403, "permission_denied")
