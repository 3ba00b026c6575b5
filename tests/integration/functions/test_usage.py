"""Usage and analytics: counters that facts lead to, whatever order and how often they come."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from contracts.facts import Fact
from contracts.leaving import LeaveReason
from contracts.log_events import LogEvent, MeetingEnded, ParticipantJoined, ParticipantLeft
from contracts.rooms import Identity, MeetingId, ParticipantId
from tests.integration.functions.conftest import Person
from tests.integration.functions.counted_calls import counted_calls
from tests.integration.functions.lambda_events import Client
from tests.integration.functions.meeting_hosts import Host, tell
from tests.unit.meetings_service.room_history import joined

DAY_MS = 86_400_000
MINUTE = 60_000
ZERO = {"meetings": 0, "participants": 0, "participant_minutes": 0, "peak_people": 0, "peak_meetings": 0}
_days = iter(range(10_000, 12_000, 2))


@pytest.fixture
def noon() -> int:
    """Noon of a day that no other test counts."""
    return next(_days) * DAY_MS + DAY_MS // 2


@pytest.fixture
def ada(meetings: Client, person: Callable[..., Person]) -> Host:
    return Host(meetings, person("Ada"))


@pytest.fixture
def root(meetings: Client, admin: Person) -> Host:
    return Host(meetings, admin)


def day(at: int) -> str:
    from datetime import UTC, datetime

    return f"{datetime.fromtimestamp(at / 1000, UTC):%Y-%m-%d}"


def came(number: int, at: int, who: str) -> ParticipantJoined:
    event = joined(number, at)
    return msgspec.structs.replace(
        event, participant=msgspec.structs.replace(event.participant, identity=Identity(who))
    )


def went(number: int, at: int, who: str) -> ParticipantLeft:
    return ParticipantLeft(
        at=at, participant_id=ParticipantId(f"p_{number}"), identity=Identity(who), reason=LeaveReason.LEFT
    )


def session(noon: int) -> list[LogEvent]:
    """Two people for half an hour, one of them for ten minutes more."""
    return [
        came(1, noon, "u_one"),
        came(2, noon + MINUTE, "g_two"),
        went(2, noon + 31 * MINUTE, "g_two"),
        went(1, noon + 40 * MINUTE, "u_one"),
        MeetingEnded(at=noon + 40 * MINUTE, by=None),
    ]


EXPECTED = {"meetings": 1, "participants": 2, "participant_minutes": 70, "peak_people": 2, "peak_meetings": 1}


def of_day(root: Host, at: int) -> dict[str, Any]:
    answer = root.ask("GET", f"/usage?from={day(at)}&to={day(at)}")
    assert answer.status == 200, answer.text
    [item] = answer.json()["items"]
    assert item.pop("period") == day(at)
    told: dict[str, Any] = item
    return told


@pytest.mark.parametrize("seed", range(6))
def test_facts_in_any_order_and_again_are_counted_once(ada: Host, root: Host, noon: int, seed: int) -> None:
    meeting = ada.make()
    facts = [
        Fact(meeting_id=MeetingId(meeting["id"]), version=number, event=event)
        for number, event in enumerate(session(noon), 1)
    ]
    shuffle = random.Random(seed)
    deliveries = [*facts, *facts]
    shuffle.shuffle(deliveries)
    while deliveries:
        batch = [deliveries.pop() for _ in range(min(len(deliveries), shuffle.randint(1, 4)))]
        for fact in batch:
            tell(ada.meetings, meeting["id"], fact.event, first=fact.version)
    assert of_day(root, noon) == EXPECTED


def test_what_is_under_way_is_not_counted_yet(ada: Host, root: Host, noon: int) -> None:
    meeting = ada.make()
    tell(ada.meetings, meeting["id"], *session(noon)[:4])
    assert of_day(root, noon) == ZERO
    tell(ada.meetings, meeting["id"], session(noon)[4], first=5)
    assert of_day(root, noon) == EXPECTED


def test_meetings_at_the_same_time_add_up(ada: Host, root: Host, noon: int) -> None:
    for start in (noon, noon + 5 * MINUTE, noon + 120 * MINUTE):
        tell(ada.meetings, ada.make()["id"], *session(start))
    told = of_day(root, noon)
    assert (told["meetings"], told["participants"], told["participant_minutes"]) == (3, 6, 210)
    assert (told["peak_people"], told["peak_meetings"]) == (4, 2)
    month = root.ask("GET", f"/usage?by=month&from={day(noon)}&to={day(noon)}").json()["items"]
    assert [(each["period"], each["peak_people"]) for each in month] == [(day(noon)[:7], 4)]


def test_every_session_counts_and_deleting_the_meeting_takes_nothing_back(ada: Host, root: Host, noon: int) -> None:
    meeting = ada.make()
    tell(ada.meetings, meeting["id"], *session(noon))
    assert ada.join(meeting).status == 200
    tell(ada.meetings, f"{meeting['id']}.2", *session(noon + 60 * MINUTE))
    assert ada.ask("DELETE", f"/{meeting['id']}").status == 204
    assert of_day(root, noon)["meetings"] == 2


def test_hosts_of_a_month_are_told_by_pages(ada: Host, root: Host, noon: int, person: Callable[..., Person]) -> None:
    hosts = [ada, *(Host(ada.meetings, person(name)) for name in ("Bob", "=2+3"))]
    for each in hosts:
        for _ in range(2):
            tell(each.meetings, each.make()["id"], *session(noon))
    wanted = {each.person.id: (each.person.name, 2, 4, 140) for each in hosts}
    found, cursor = {}, ""
    while True:
        page = root.ask("GET", f"/usage/hosts?month={day(noon)[:7]}&limit=2{cursor}").json()
        for each in page["items"]:
            counted = (each["name"], each["meetings"], each["participants"], each["participant_minutes"])
            found[each["user_id"]] = counted
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert {key: found[key] for key in wanted} == wanted
    exported = root.ask("GET", f"/usage/export?by=host&month={day(noon)[:7]}")
    assert exported.headers["content-type"].startswith("text/csv")
    rows = {row["user_id"]: row for row in csv.DictReader(io.StringIO(exported.text))}
    assert rows[ada.person.id]["participant_minutes"] == "140"
    assert rows[hosts[2].person.id]["name"] == "'=2+3", "no spreadsheet takes a name for a formula"


def test_days_are_exported(ada: Host, root: Host, noon: int) -> None:
    tell(ada.meetings, ada.make()["id"], *session(noon))
    answer = root.ask("GET", f"/usage/export?from={day(noon - DAY_MS)}&to={day(noon)}")
    assert "attachment" in answer.headers["content-disposition"]
    before, that_day = csv.DictReader(io.StringIO(answer.text))
    assert (before["period"], before["meetings"]) == (day(noon - DAY_MS), "0")
    assert that_day == {"period": day(noon)} | {name: str(value) for name, value in EXPECTED.items()}


@pytest.mark.parametrize(
    "query", ["from=2026-02-30", "from=2026-03-01&to=2026-02-01", "from=2024-01-01&to=2026-01-01", "by=year", "x=1"]
)
def test_what_cannot_be_asked_is_named(root: Host, query: str) -> None:
    assert root.ask("GET", f"/usage?{query}").status == 422
    assert root.ask("GET", "/usage/hosts?month=2026-13").status == 422
    assert root.ask("GET", "/usage").status == 200


def test_asking_costs_by_the_months_and_not_by_the_meetings(ada: Host, root: Host, noon: int, dynamodb: Any) -> None:
    def cost() -> list[str]:
        with counted_calls(dynamodb) as calls:
            of_day(root, noon)
        return sorted(calls)

    tell(ada.meetings, ada.make()["id"], *session(noon))
    few = cost()
    for _ in range(10):
        tell(ada.meetings, ada.make()["id"], *session(noon))
    assert cost() == few
    assert len(few) <= 2
    assert of_day(root, noon)["meetings"] == 11
