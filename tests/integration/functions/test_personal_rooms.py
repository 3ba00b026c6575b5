"""Personal rooms: another link, another one in the place of a former one, whatever happens in that moment."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.integration.functions.conftest import Person
from tests.integration.functions.host_mails import Killed, Killer
from tests.integration.functions.lambda_events import Client
from tests.integration.functions.meeting_hosts import Host

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@pytest.fixture
def host(meetings: Client, person: Callable[..., Person]) -> Callable[..., Host]:
    return lambda name="Ada": Host(meetings, person(name))


def test_a_personal_room_gets_another_link_and_the_former_one_opens_nothing(host: Callable[..., Host]) -> None:
    ada = host()
    former = ada.ask("PUT", "/personal", {}).json()
    ada.ask("PATCH", f"/{former['id']}", {"settings": {"passcode": "12345"}})
    renewed = ada.ask("POST", "/personal/renew").json()
    assert renewed["id"] != former["id"]
    assert renewed["settings"]["passcode"] == "12345"
    assert ada.ask("GET", "/personal").json()["id"] == renewed["id"]
    assert ada.join(former).code == "meeting_cancelled"


def test_a_personal_room_keeps_its_passcode_whoever_dies_over_its_renewal(
    host: Callable[..., Host], dynamodb: DynamoDBClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = host()
    killer = Killer(dynamodb, ada.meetings.module.mailing, monkeypatch)
    former = ada.ask("PUT", "/personal", {}).json()
    ada.ask("PATCH", f"/{former['id']}", {"settings": {"passcode": "12345", "lobby": "everyone"}})
    poll = {"question": "Lunch?", "options": ["yes", "no"]}
    assert ada.ask("POST", f"/{former['id']}/prepared/polls", poll).status == 201
    for writes in range(1, 20):
        killer.left, died = writes, False
        try:
            ada.ask("POST", "/personal/renew")
        except Killed:
            died = True
        killer.left = 0
        killer.work(ada.meetings)
        assert ada.ask("GET", "/personal").status in {200, 404}
        # Either what was begun is finished, or it is done by who asks next.
        room = ada.ask("POST" if writes % 2 else "PUT", "/personal/renew" if writes % 2 else "/personal", {}).json()
        assert (room["settings"]["passcode"], room["settings"]["lobby"]) == ("12345", "everyone"), writes
        assert room["status"] == "scheduled"
        assert room["id"] != former["id"]
        assert ada.ask("GET", "/personal").json() == room
        assert ada.join(former).code == "meeting_cancelled"
        [prepared] = ada.ask("GET", f"/{room['id']}/prepared/polls").json()["items"]
        assert prepared["question"] == "Lunch?"
        if not died:
            assert writes > 3  # the cancellation, the other room, what was prepared, and that it is done
            return
        former = room
    pytest.fail("it writes on and on")


def test_in_the_place_of_a_cancelled_personal_room_there_is_another_like_it(host: Callable[..., Host]) -> None:
    ada = host()
    former = ada.ask("PUT", "/personal", {"title": "My room"}).json()
    ada.ask("PATCH", f"/{former['id']}", {"settings": {"passcode": "12345"}})
    assert ada.ask("POST", f"/{former['id']}/cancel").json()["status"] == "cancelled"
    assert ada.ask("GET", "/personal").code == "meeting_not_found"
    room = ada.ask("PUT", "/personal", {}).json()
    assert (room["status"], room["title"], room["settings"]["passcode"]) == ("scheduled", "My room", "12345")
    assert room["id"] != former["id"]
    assert ada.ask("PUT", "/personal", {}).json() == room
    assert ada.join(room).status == 200


@pytest.mark.parametrize("step", ["add", "find"])
def test_a_personal_room_is_there_though_the_former_one_is_deleted_in_that_moment(
    host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    ada = host()
    former = ada.ask("PUT", "/personal", {}).json()
    ada.ask("POST", f"/{former['id']}/cancel")
    repository = ada.meetings.module.repository
    goes_on = getattr(repository, step)

    def deleted_before(*arguments: object) -> object:
        monkeypatch.undo()
        assert ada.ask("DELETE", f"/{former['id']}").status == 204
        return goes_on(*arguments)

    monkeypatch.setattr(repository, step, deleted_before)
    answer = ada.ask("PUT", "/personal", {})
    assert answer.status == 200, answer.text
    room = answer.json()
    assert room["id"] != former["id"]
    assert ada.ask("GET", "/personal").json() == room == ada.ask("PUT", "/personal", {}).json()


def test_deleting_a_former_personal_room_leaves_the_present_one(host: Callable[..., Host]) -> None:
    ada = host()
    former = ada.ask("PUT", "/personal", {}).json()
    room = ada.ask("POST", "/personal/renew").json()
    assert ada.ask("DELETE", f"/{former['id']}").status == 204
    assert ada.ask("GET", "/personal").json() == room
    assert ada.ask("PUT", "/personal", {}).json() == room
