"""What is prepared before a meeting: made, changed, put in order, asked, and gone with the meeting."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from meetings_service import prepared_polls
from msgspec.structs import replace

from contracts.log_events import LogEvent, PollClosed, PollCreated
from tests.integration.functions.conftest import Person
from tests.integration.functions.lambda_events import Client, HttpAnswer
from tests.integration.functions.meeting_hosts import Host, came_in, in_utc, tell
from tests.integration.functions.test_meeting_life import proven
from tests.unit.meetings_service.room_history import START, asked, voted

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TEA = {"question": "Tea?", "options": ["yes", "no"]}


@pytest.fixture
def host(meetings: Client, person: Callable[..., Person]) -> Callable[..., Host]:
    return lambda name="Ada": Host(meetings, person(name))


def polls_of(runs: Host, meeting: dict[str, Any]) -> list[dict[str, Any]]:
    answer = runs.ask("GET", f"/{meeting['id']}/prepared/polls")
    assert answer.status == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def prepare(runs: Host, meeting: dict[str, Any], question: str = "Tea?", **headers: str) -> dict[str, Any]:
    answer = runs.ask("POST", f"/{meeting['id']}/prepared/polls", {**TEA, "question": question}, **headers)
    assert answer.status == 201, answer.text
    made: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"/v1/meetings/{meeting['id']}/prepared/polls/{made['id']}"
    return made


def prepared(poll: dict[str, Any], at: int) -> PollCreated:
    event = asked(1, at)
    return replace(event, poll=replace(event.poll, question=poll["question"], prepared_id=poll["id"]))


def test_polls_are_prepared_changed_and_put_in_order_by_those_who_run_the_meeting(host: Callable[..., Host]) -> None:
    ada, bob, eve = host(), host("Bob"), host("Eve")
    meeting = ada.make()
    path = f"/{meeting['id']}/prepared/polls"
    ada.ask("POST", f"/{meeting['id']}/invitees", {"user_id": bob.person.id, "role": "cohost"})
    ada.ask("POST", f"/{meeting['id']}/invitees", {"user_id": eve.person.id})
    tea, milk = prepare(ada, meeting), prepare(bob, meeting, "Milk?")
    assert tea == {**TEA, "id": tea["id"], "multiple": False, "version": 1, "last_use": None}
    assert eve.ask("GET", path).code == "permission_denied"
    assert polls_of(bob, meeting) == [tea, milk]

    read = bob.ask("GET", f"{path}/{tea['id']}")
    assert (read.json(), read.headers["etag"]) == (tea, '"1"')
    changed = bob.ask("PATCH", f"{path}/{tea['id']}", {"options": ["hot", "cold"], "multiple": True}, If_Match='"1"')
    assert (changed.status, changed.headers["etag"]) == (200, '"2"')
    assert changed.json() == {**tea, "options": ["hot", "cold"], "multiple": True, "version": 2}
    for method, body in (("PATCH", {"multiple": False}), ("DELETE", None)):
        assert ada.ask(method, f"{path}/{tea['id']}", body, If_Match='"1"').code == "precondition_failed"
    assert ada.ask("PATCH", f"{path}/{tea['id']}", {"options": ["a", " a "]}).code == "validation_failed"

    order = f"/{meeting['id']}/prepared/poll-order"
    for wrong in ([tea["id"]], [tea["id"], tea["id"]], [tea["id"], milk["id"], "pp_x"]):
        assert ada.ask("PUT", order, {"ids": wrong}).code == "conflict"
    placed = ada.ask("PUT", order, {"ids": [milk["id"], tea["id"]]})
    assert placed.json()["items"] == polls_of(ada, meeting) == [milk, changed.json()]
    assert ada.ask("DELETE", f"{path}/{milk['id']}", If_Match='"1"').status == 204
    assert ada.ask("DELETE", f"{path}/{milk['id']}").code == "not_found"
    assert [poll["question"] for poll in (*polls_of(ada, meeting), prepare(ada, meeting, "Milk?"))] == ["Tea?", "Milk?"]
    assert [poll["question"] for poll in polls_of(ada, meeting)] == ["Tea?", "Milk?"]


def test_a_request_that_is_made_again_prepares_one_poll(host: Callable[..., Host]) -> None:
    ada = host()
    meeting, other = ada.make(), ada.make()
    first = prepare(ada, meeting, Idempotency_Key="k1")
    assert prepare(ada, meeting, Idempotency_Key="k1") == first
    again = ada.ask("POST", f"/{meeting['id']}/prepared/polls", {**TEA, "multiple": True}, Idempotency_Key="k1")
    assert again.code == "validation_failed"
    assert polls_of(ada, meeting) == [first]
    assert prepare(ada, other, Idempotency_Key="k1")["id"] != first["id"]


def test_a_meeting_has_so_many_polls_and_takes_none_once_it_is_over(
    host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepared_polls, "MAX_POLLS", 3)  # of 50, which take their time here
    ada = host()
    meeting = ada.make()
    path = f"/{meeting['id']}/prepared/polls"
    made = [prepare(ada, meeting, f"{number}?")["id"] for number in range(3)]
    assert ada.ask("POST", path, TEA).code == "conflict"
    backwards = ada.ask("PUT", f"/{meeting['id']}/prepared/poll-order", {"ids": made[::-1]})
    assert [poll["id"] for poll in backwards.json()["items"]] == made[::-1]
    assert ada.ask("DELETE", f"{path}/{made[0]}").status == 204
    prepare(ada, meeting)
    assert ada.ask("POST", f"/{meeting['id']}/cancel").status == 200
    changes: list[HttpAnswer] = [
        ada.ask("POST", path, TEA),
        ada.ask("PATCH", f"{path}/{made[1]}", {"multiple": True}),
        ada.ask("PUT", f"/{meeting['id']}/prepared/poll-order", {"ids": made}),
    ]
    assert {answer.code for answer in changes} == {"meeting_cancelled"}
    assert ada.ask("DELETE", f"{path}/{made[1]}").status == 204
    assert len(polls_of(ada, meeting)) == 2


def test_a_poll_that_was_asked_says_when_and_as_which_in_whatever_order_facts_come(host: Callable[..., Host]) -> None:
    ada = host()
    for order in ((0, 1, 2), (2, 1, 0)):
        meeting = ada.make(schedule={**in_utc(30), "rule": "FREQ=DAILY"})
        tea, milk = prepare(ada, meeting), prepare(ada, meeting, "Milk?")
        gone = prepare(ada, meeting, "Gone?")
        ada.ask("DELETE", f"/{meeting['id']}/prepared/polls/{gone['id']}")
        first, second = prepared(tea, START + 10), prepared(tea, START + 40)
        facts: list[tuple[str, int, tuple[LogEvent, ...]]] = [
            (meeting["id"], 1, (came_in(ada), first, voted(first.poll.id, 1, START + 20, (1, 0)))),
            (meeting["id"], 4, (PollClosed(at=START + 30, poll_id=first.poll.id), prepared(gone, START + 31))),
            (f"{meeting['id']}.2", 1, (came_in(ada, START + 39), second)),
        ]
        for place in (*order, order[0]):  # one of them twice
            room_id, version, events = facts[place]
            tell(ada.meetings, room_id, *events, first=version)
        use = {"session": 2, "poll_id": second.poll.id, "asked_at": "2027-01-15T08:00:00.040Z"}
        assert polls_of(ada, meeting) == [{**tea, "last_use": use}, milk]
        kept = ada.ask("GET", f"/{meeting['id']}/sessions/1/polls").json()["items"]
        assert [(each["question"], each["voters"], each["prepared_id"]) for each in kept] == [
            ("Tea?", 1, tea["id"]),
            ("Gone?", 0, gone["id"]),
        ]


def test_breakout_rooms_are_planned_for_those_who_are_invited(host: Callable[..., Host]) -> None:
    ada, bob, eve = host(), host("Bob"), host("Eve")
    meeting = ada.make()
    path = f"/{meeting['id']}/prepared/breakouts"
    ada.ask("POST", f"/{meeting['id']}/invitees", {"address": "ida@example.org", "name": "Ida"})
    ada.ask("POST", f"/{meeting['id']}/invitees", {"user_id": bob.person.id, "name": "Bob", "role": "cohost"})
    assert ada.ask("GET", path).code == "not_found"
    rooms = [{"name": " Red ", "invitees": ["ida@example.org"]}, {"name": "Blue", "invitees": [bob.person.id]}]
    assert ada.ask("PUT", path, {"rooms": rooms}, If_Match='"1"').code == "precondition_failed"
    made = ada.ask("PUT", path, {"rooms": rooms, "others": "stay", "minutes": 15})
    assert (made.status, made.headers["etag"]) == (200, '"1"'), made.text
    ida = {"key": "ida@example.org", "name": "Ida", "address": "ida@example.org", "user_id": None}
    bobs = {"key": bob.person.id, "name": "Bob", "address": None, "user_id": bob.person.id}
    plan = {"rooms": [{"name": "Red", "people": [ida]}, {"name": "Blue", "people": [bobs]}], "others": "stay"}
    assert made.json() == {**plan, "minutes": 15, "version": 1}
    assert bob.ask("PUT", path, {"rooms": rooms, "others": "stay", "minutes": 15}).headers["etag"] == '"1"'
    assert bob.ask("GET", path).json() == made.json()
    assert eve.ask("GET", path).code == "permission_denied"

    free = bob.ask("PUT", path, {"rooms": rooms}, If_Match='"1"')
    assert free.json() == {**plan, "others": "evenly", "minutes": None, "version": 2}
    for method, body in (("PUT", {"rooms": rooms}), ("DELETE", None)):
        assert ada.ask(method, path, body, If_Match='"1"').code == "precondition_failed"
    wrong = ada.ask("PUT", path, {"rooms": [{"name": "Red", "invitees": [eve.person.id]}]})
    assert [each["field"] for each in wrong.json()["errors"]] == ["rooms[0].invitees[0]"]

    assert ada.ask("DELETE", f"/{meeting['id']}/invitees/{bob.person.id}").status == 204
    left = ada.ask("GET", path)
    assert [len(room["people"]) for room in left.json()["rooms"]] == [1, 0]
    assert left.headers["etag"] == '"3"'
    assert ada.ask("DELETE", path, If_Match='"3"').status == 204
    assert ada.ask("DELETE", path).status == 204
    assert ada.ask("GET", path).code == "not_found"
    for tag in ('"1"', '"4"'):
        assert ada.ask("PUT", path, {"rooms": [{"name": "Red"}]}, If_Match=tag).code == "precondition_failed"
    assert ada.ask("PUT", path, {"rooms": [{"name": "Red"}]}).headers["etag"] == '"5"', "no former plan's tag"


def meanwhile(monkeypatch: pytest.MonkeyPatch, thing: object, name: str, other: Callable[[], object]) -> None:
    """What somebody else does just before a method is called, once."""
    real = getattr(thing, name)

    def called(*given: Any, **named: Any) -> Any:
        monkeypatch.setattr(thing, name, real)
        other()
        return real(*given, **named)

    monkeypatch.setattr(thing, name, called)


def cut_off_after(monkeypatch: pytest.MonkeyPatch, thing: object, name: str) -> None:
    """A method that works once, and whoever calls it gets no further."""
    real = getattr(thing, name)

    def called(*given: Any, **named: Any) -> Any:
        monkeypatch.setattr(thing, name, real)
        real(*given, **named)
        raise RuntimeError("cut off")

    monkeypatch.setattr(thing, name, called)


def planned_for_ida(runs: Host, meeting: dict[str, Any]) -> dict[str, Any]:
    """A plan's body, with somebody who is invited."""
    assert runs.ask("POST", f"/{meeting['id']}/invitees", {"address": "ida@example.org"}).status < 300
    return {"rooms": [{"name": "Red", "invitees": ["ida@example.org"]}]}


def kept(runs: Host, meeting: dict[str, Any]) -> list[tuple[str, ...]]:
    """Who is in a plan's rooms, as it stands in the table."""
    return [room.invitees for room in runs.meetings.module.prepared.plans.find(meeting["id"]).rooms]


def test_who_is_taken_back_while_the_rooms_are_planned_stays_in_no_plan(
    host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = host()
    meeting = ada.make()
    path, ida = f"/{meeting['id']}/prepared/breakouts", f"/{meeting['id']}/invitees/ida@example.org"
    body = planned_for_ida(ada, meeting)
    meanwhile(monkeypatch, ada.meetings.module.prepared.plans, "keep", lambda: ada.ask("DELETE", ida))
    made = ada.ask("PUT", path, body)
    assert [room["people"] for room in made.json()["rooms"]] == [[]], made.text
    assert kept(ada, meeting) == [()]
    assert ada.ask("GET", path).headers["etag"] == made.headers["etag"]

    planned_for_ida(ada, meeting)
    meanwhile(monkeypatch, ada.meetings.module.invitees, "remove", lambda: ada.ask("PUT", path, body))
    assert ada.ask("DELETE", ida).status == 204
    assert kept(ada, meeting) == [()]


def test_who_takes_an_invitation_back_and_is_cut_off_leaves_nobody_in_the_plan(
    host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, bob = host(), host("Bob")
    meeting = ada.make()
    path, ida = f"/{meeting['id']}/prepared/breakouts", f"/{meeting['id']}/invitees/ida@example.org"
    body = planned_for_ida(ada, meeting)
    assert ada.ask("PUT", path, body).status == 200
    cut_off_after(monkeypatch, ada.meetings.module.invitees, "remove")
    assert ada.ask("DELETE", ida).status == 500
    assert kept(ada, meeting) == [()]
    plans = ada.meetings.module.prepared.plans
    known = plans.find(meeting["id"])
    with_her = replace(known, rooms=(replace(known.rooms[0], invitees=("ida@example.org",)),))
    assert plans.keep(meeting["id"], with_her, known=known.version)  # of a request that was slow, and cut off, too
    assert ada.ask("DELETE", ida).code == "not_found"
    assert kept(ada, meeting) == [()]

    ada.ask("POST", f"/{meeting['id']}/invitees", {"user_id": bob.person.id, "name": "Bob"})
    assert ada.ask("PUT", path, {"rooms": [{"name": "Red", "invitees": [bob.person.id]}]}).status == 200
    cut_off_after(monkeypatch, ada.meetings.module.repository, "replace")
    assert ada.ask("POST", f"/{meeting['id']}/transfer", {"user_id": bob.person.id}).status == 500
    assert kept(ada, meeting) == [()]


def test_plan_that_was_changed_meanwhile_is_not_given_up_by_who_asked_for_the_former_one(
    host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = host()
    path = f"/{ada.make()['id']}/prepared/breakouts"
    red, blue = ({"rooms": [{"name": name}]} for name in ("Red", "Blue"))
    assert ada.ask("PUT", path, red).status == 200
    plans = ada.meetings.module.prepared.plans
    meanwhile(monkeypatch, plans, "keep", lambda: ada.ask("PUT", path, blue))
    assert ada.ask("DELETE", path, If_Match='"1"').code == "precondition_failed"
    assert [room["name"] for room in ada.ask("GET", path).json()["rooms"]] == ["Blue"]
    meanwhile(monkeypatch, plans, "keep", lambda: ada.ask("PUT", path, red))
    assert ada.ask("DELETE", path).status == 204
    assert ada.ask("GET", path).code == "not_found"


def test_who_is_invited_twice_has_one_place(host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch) -> None:
    ada, bob = host(), host("Bob")
    proven(bob, monkeypatch)
    meeting = ada.make()
    for invited in ({"address": bob.person.email}, {"user_id": bob.person.id, "name": "Bob"}):
        assert ada.ask("POST", f"/{meeting['id']}/invitees", invited).status == 200
    rooms = [{"name": "Red", "invitees": [bob.person.email]}, {"name": "Blue", "invitees": [bob.person.id]}]
    path = f"/{meeting['id']}/prepared/breakouts"
    assert ada.ask("PUT", path, {"rooms": rooms}).status == 200, "nobody knows whose address it is"
    bob.listed("invited")  # by which his address is his account's
    again = ada.ask("PUT", path, {"rooms": rooms, "minutes": 5})
    assert [each["field"] for each in again.json()["errors"]] == ["rooms[1].invitees[0]"]


def test_who_joins_with_a_proven_address_is_known_to_the_plan(
    host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, bob = host(), host("Bob")
    proven(bob, monkeypatch)
    address = bob.person.email
    meeting = ada.make()
    ada.ask("POST", f"/{meeting['id']}/invitees", {"address": address})
    rooms = [{"name": "Red", "invitees": [address]}]
    path = f"/{meeting['id']}/prepared/breakouts"
    assert ada.ask("PUT", path, {"rooms": rooms}).json()["rooms"][0]["people"][0]["user_id"] is None
    assert bob.join(meeting).status == 200
    assert ada.ask("GET", path).json()["rooms"][0]["people"][0]["user_id"] == bob.person.id
    bob.meetings.module.account_news({"account_id": bob.person.id, "name": None}, None)
    stored = bob.meetings.module.prepared.plans.find(meeting["id"])
    assert [room.invitees for room in stored.rooms] == [()]


def test_what_is_prepared_goes_along_and_goes_with_the_meeting(
    host: Callable[..., Host], dynamodb: DynamoDBClient
) -> None:
    ada = host()
    schedule = {**in_utc(24 * 60), "rule": "FREQ=DAILY;COUNT=5"}
    series = ada.make(schedule=schedule)
    tea, milk = prepare(ada, series), prepare(ada, series, "Milk?")
    ada.ask("POST", f"/{series['id']}/invitees", {"address": "ida@example.org"})
    rooms = [{"name": "Red", "invitees": ["ida@example.org"]}]
    plan = ada.ask("PUT", f"/{series['id']}/prepared/breakouts", {"rooms": rooms, "minutes": 5}).json()
    tell(ada.meetings, series["id"], came_in(ada), prepared(tea, START))
    occurrences = ada.ask("GET", f"/{series['id']}/occurrences").json()["items"]
    later = ada.ask("POST", f"/{series['id']}/split", {"occurrence": occurrences[2]["occurrence"]}).json()
    assert polls_of(ada, later) == [tea, milk]  # none of which was asked there
    assert ada.ask("GET", f"/{later['id']}/prepared/breakouts").json() == plan

    room = ada.ask("PUT", "/personal", {}).json()
    mine = prepare(ada, room)
    assert ada.ask("PUT", f"/{room['id']}/prepared/breakouts", planned_for_ida(ada, room)).status == 200
    renewed = ada.ask("POST", "/personal/renew").json()
    assert polls_of(ada, renewed) == [mine]
    assert kept(ada, renewed) == [()], "nobody is invited there"

    other = ada.make()
    prepare(ada, other)
    assert ada.ask("PUT", f"/{other['id']}/prepared/breakouts", {"rooms": [{"name": "Red"}]}).status == 200
    assert ada.ask("DELETE", f"/{other['id']}").status == 204
    left = dynamodb.query(
        TableName=str(ada.meetings.module.settings.table),
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": f"MEETING#{other['id']}"}},
    )
    assert left["Items"] == []
