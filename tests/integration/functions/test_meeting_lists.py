"""Lists of meetings: their order, their pages, and what a page costs."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from meetings_service.adapters import lists
from meetings_service.adapters.repository import Added
from msgspec.structs import replace

from contracts.rooms import MeetingId
from tests.integration.functions.conftest import Person
from tests.integration.functions.counted_calls import counted_calls
from tests.integration.functions.host_mails import Killed, Killer
from tests.integration.functions.lambda_events import Client, HttpAnswer
from tests.integration.functions.meeting_hosts import Host, came_in, in_utc, tell
from tests.unit.meetings_service.room_history import START

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


TIMES = {"hosted": "created_at", "past": "since"}
"""What a list is in the order of, as its entries tell it."""


@pytest.fixture
def host(meetings: Client, person: Callable[..., Person]) -> Callable[..., Host]:
    return lambda name="Ada": Host(meetings, person(name))


def test_what_is_to_come_is_in_the_order_of_time_page_by_page(host: Callable[..., Host]) -> None:
    ada = host()
    starts = [90, -20, 30, 60, 5, 24 * 60]
    made = {ada.make(f"in {start}", schedule=in_utc(start))["id"]: start for start in starts}
    ada.make("instant")
    for limit in (1, 2, 50):
        assert [made[each["id"]] for each in ada.listed("upcoming", limit)] == sorted(starts)
    told = ada.listed("upcoming")[0]
    assert told["occurrence"]["end"] > told["occurrence"]["start"]


def test_lists_can_be_narrowed(host: Callable[..., Host]) -> None:
    ada = host()
    ada.make("Alpha")
    beta = ada.make("Beta", schedule=in_utc(30))
    for query in ("kind=once", "title=bet", "kind=once&status=scheduled"):
        items = ada.ask("GET", f"?{query}").json()["items"]
        assert [each["id"] for each in items] == [beta["id"]], query
    assert ada.ask("GET", "?status=live").json()["items"] == []
    assert ada.ask("GET", "?list=nonsense").status == 422


def test_lists_can_be_narrowed_by_the_times_that_they_are_in_the_order_of(
    host: Callable[..., Host], meetings: Client
) -> None:
    ada, bob = host("Ada"), host("Bob")
    daily = ada.make("Daily", schedule={**in_utc(60), "rule": "FREQ=DAILY;COUNT=30"})
    once = [ada.make(f"in {minutes}", schedule=in_utc(minutes)) for minutes in (90, 3 * 24 * 60, 5 * 24 * 60)]
    for number, meeting in enumerate([daily, *once]):
        ada.ask("POST", f"/{meeting['id']}/invitees", {"user_id": bob.person.id})
        tell(meetings, meeting["id"], came_in(bob, at=START + number * 1000))

    def time(entry: dict[str, Any], name: str) -> str:
        return str(entry["occurrence"]["start"] if name == "upcoming" else entry[TIMES[name]])

    def still(entry: dict[str, Any], at: str) -> bool:
        return bool(entry["occurrence"]["end"] > at)

    for someone, name in ((ada, "hosted"), (ada, "upcoming"), (bob, "upcoming"), (bob, "past")):
        everything = someone.listed(name)
        at = sorted(time(each, name) for each in everything)
        assert len(set(at)) > 3
        for since, until in ((1, None), (None, 2), (1, 3), (2, 2), (3, 1)):
            begin, end = (None if place is None else at[place] for place in (since, until))
            query = "".join(f"&{key}={value}" for key, value in (("since", begin), ("until", end)) if value)
            wanted = [
                each
                for each in everything
                if time(each, name) < (end or "9")
                and (begin is None or time(each, name) >= begin or (name == "upcoming" and still(each, begin)))
            ]
            for limit in (1, 2, 50):
                assert someone.listed(name, limit, query) == wanted, (name, since, until, limit)


def test_invitations_can_be_narrowed_by_when_they_were_made(host: Callable[..., Host]) -> None:
    ada, bob = host("Ada"), host("Bob")
    invited = list[tuple[str, str]]()
    for _ in range(3):
        path = f"/{ada.make()['id']}"
        answer = ada.ask("POST", f"{path}/invitees", {"user_id": bob.person.id}).json()
        invited.append((answer["invited_at"], path[1:]))
    first, second, third = (at for at, _ in invited)
    assert first < second < third
    narrowed = {f"&since={second}": invited[1:], f"&until={third}": invited[:2], f"&until={first}": []}
    for query, expected in narrowed.items():
        for limit in (1, 50):
            found = [each["id"] for each in bob.listed("invited", limit, query)]
            assert found == [each for _, each in reversed(expected)], query
    for wrong in ("since=noon", "until=-1", "until="):
        assert ada.ask("GET", f"?{wrong}").code == "validation_failed"


def test_a_list_tells_the_answer_to_the_time_that_it_shows(host: Callable[..., Host]) -> None:
    ada, bob = host("Ada"), host("Bob")
    schedule = {**in_utc(60), "rule": "FREQ=DAILY;COUNT=2"}
    path = f"/{ada.make('Stand-up', schedule=schedule)['id']}"
    ada.ask("POST", f"{path}/invitees", {"user_id": bob.person.id})

    def said(name: str) -> list[str]:
        return [each["answer"] for each in bob.listed(name)]

    assert bob.ask("PUT", f"{path}/answer", {"answer": "accepted"}).status == 200
    _, second = (each["occurrence"]["occurrence"] for each in bob.listed("upcoming"))
    assert bob.ask("PUT", f"{path}/answer", {"answer": "tentative", "occurrence": second}).status == 200
    assert said("upcoming") == ["accepted", "tentative"]
    assert said("invited") == ["accepted"]
    ada.ask("PATCH", path, {"schedule": {"duration_minutes": 45}})
    assert said("invited") == ["needs_action"]
    assert said("upcoming") == ["needs_action", "tentative"]  # said to a time that begins as it did
    ada.ask("PATCH", path, {"schedule": {"start": in_utc(90)["start"]}})
    assert said("upcoming") == ["needs_action", "needs_action"]


@pytest.mark.parametrize("service", ["meetings", "postal"])
def test_a_change_of_time_reaches_every_agenda_whoever_dies_over_it(
    service: str,
    request: pytest.FixtureRequest,
    person: Callable[..., Person],
    dynamodb: DynamoDBClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With mail and without: what is left to do waits until somebody does it, though nobody asks again."""
    client: Client = request.getfixturevalue(service)
    ada, bob = Host(client, person("Ada")), Host(client, person("Bob"))
    killer, clock = Killer(dynamodb, client.module.mailing, monkeypatch), client.module.meetings._clock
    for writes in range(1, 10):
        meeting = ada.make(schedule=in_utc(60))
        ada.ask("POST", f"/{meeting['id']}/invitees", {"user_id": bob.person.id})
        killer.left, died = writes, False
        try:
            ada.ask("PATCH", f"/{meeting['id']}", {"schedule": {"start": in_utc(24 * 60)["start"]}})
        except Killed:
            died = True
        killer.work(client)
        monkeypatch.setattr(client.module.meetings, "_clock", lambda: clock() + 2 * 3600)
        for one in (ada, bob):
            assert meeting["id"] in [each["id"] for each in one.listed("upcoming")], (writes, one is ada)
        monkeypatch.setattr(client.module.meetings, "_clock", clock)
        if not died:
            assert writes > 3  # the change, the invitation's place, and that it is done
            return
    pytest.fail("it writes on and on")


@pytest.mark.parametrize("under_way", [0, 4])
def test_many_that_begin_at_once_are_all_listed_and_what_follows_them_too(
    host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch, under_way: int
) -> None:
    monkeypatch.setattr(lists, "_UNDER_WAY", under_way)  # so that a few are more than are looked at in one go
    ada = host("Ada")
    schedule = in_utc(60)
    at_once = [ada.make(schedule=schedule)["id"] for _ in range(13)]
    later = ada.make(schedule=in_utc(120))["id"]
    assert [each["id"] for each in ada.listed("upcoming", limit=5)] == [*sorted(at_once), later]
    for meeting_id in at_once:
        ada.ask("POST", f"/{meeting_id}/cancel")
    assert [each["id"] for each in ada.listed("upcoming", limit=5)] == [later]


def test_series_that_never_end_are_listed_with_those_that_do(
    host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is next is next, however many series end before it does."""
    monkeypatch.setattr(lists, "SERIES_AT_ONCE", 2)  # so that a few are several queries
    ada, bob = host("Ada"), host("Bob")
    ending = [ada.make(schedule={**in_utc(60 + n), "rule": "FREQ=DAILY;COUNT=2"})["id"] for n in range(5)]
    endless = [ada.make(schedule={**in_utc(5 + n), "rule": "FREQ=WEEKLY"})["id"] for n in range(3)]
    for meeting_id in (*ending, *endless):
        ada.ask("POST", f"/{meeting_id}/invitees", {"user_id": bob.person.id})
    for one in (ada, bob):
        page = one.ask("GET", "?list=upcoming&limit=9").json()["items"]
        assert [each["id"] for each in page] == [*endless, *ending, ending[0]]
    planned = {"schedule": in_utc(5)}
    found = bob.ask("POST", "/conflicts", planned).json()["items"]
    assert {each["meeting_id"] for each in found} == set(endless)


def test_two_times_of_a_series_that_begin_together_are_both_listed(host: Callable[..., Host]) -> None:
    ada = host()
    schedule = {**in_utc(60), "rule": "FREQ=DAILY;COUNT=3"}
    meeting = ada.make(schedule=schedule)
    first, second, third = (each["occurrence"]["occurrence"] for each in ada.listed("upcoming"))
    ada.ask("PATCH", f"/{meeting['id']}/occurrences/{second}", {"start": third})
    for limit in (1, 2, 3):
        shown = [each["occurrence"]["occurrence"] for each in ada.listed("upcoming", limit)]
        assert shown == [first, second, third], limit


ASKED: dict[str, Callable[[Host, Host, str], HttpAnswer]] = {
    "hosted": lambda ada, _bob, _id: ada.ask("GET", "?list=hosted&limit=5"),
    "invited": lambda _ada, bob, _id: bob.ask("GET", "?list=invited&limit=5"),
    "upcoming": lambda ada, _bob, _id: ada.ask("GET", "?list=upcoming&limit=5"),
    "past": lambda ada, _bob, _id: ada.ask("GET", "?list=past&limit=5"),
    "narrowed": lambda ada, _bob, _id: ada.ask("GET", "?list=hosted&limit=5&kind=once&title=weekly"),
    "join": lambda _ada, bob, meeting_id: bob.ask("POST", f"/{meeting_id}/join", {}),
    "preview": lambda ada, _bob, meeting_id: ada.meetings.request("GET", f"/v1/meetings/{meeting_id}"),
}
"""Requests of a host, or of somebody whom she has invited, by name."""


def test_lists_and_joins_cost_the_same_however_many_meetings_there_are(
    host: Callable[..., Host], dynamodb: DynamoDBClient
) -> None:
    ada, bob = host("Ada"), host("Bob")
    minutes = itertools.count(30)  # lists read those that begin at one moment together: here none do

    def fill(count: int) -> str:
        for minute in itertools.islice(minutes, count):
            meeting = ada.make(schedule=in_utc(minute))
            ada.ask("POST", f"/{meeting['id']}/invitees", {"user_id": bob.person.id})
            tell(ada.meetings, meeting["id"], came_in(ada), came_in(bob))
        return str(meeting["id"])

    def costs() -> dict[str, tuple[list[str], float]]:
        found = {}
        for name, ask in ASKED.items():
            with counted_calls(dynamodb) as calls:
                answer = ask(ada, bob, meeting_id)
            assert answer.status == 200, answer.text
            assert len(answer.json().get("items", range(5))) == 5, name
            found[name] = sorted(calls), calls.read_units
        return found

    meeting_id = fill(20)
    few = costs()
    fill(10)
    crowd(ada, meeting_id, 300)
    for name, (calls, units) in costs().items():
        assert calls == few[name][0], name
        assert units <= few[name][1] + 0.5, name  # of items of several lengths a page may need one block more
        assert "Scan" not in calls
        assert len(calls) <= 3


def crowd(ada: Host, meeting_id: str, count: int) -> None:
    """So many meetings of others, as one of Ada's."""
    repository = ada.meetings.module.repository
    known = repository.find(meeting_id)
    for number in range(count):
        letters = f"{known.id[:9]}-{''.join('abcdefghjk'[int(digit)] for digit in f'{number:04d}')}"
        other = replace(known, id=MeetingId(letters), host_id=f"u_other{number:019d}")
        assert repository.add(other) is Added.DONE
