"""Poison among facts: set aside, shown to administrators, tried again after a mend, in nobody's way."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from botocore.exceptions import ClientError
from meetings_service.domain.record import changes_by_meeting

from contracts.facts import Fact
from contracts.log_events import LogEvent
from contracts.rooms import MeetingId
from tests.integration.functions.conftest import Person
from tests.integration.functions.lambda_events import Client, HttpAnswer
from tests.integration.functions.test_facts_function import Clerk
from tests.integration.functions.test_facts_function import clerk as clerk  # noqa: PLC0414  (the fixture)
from tests.unit.meetings_service.room_history import START, joined, said

FACTS = "/v1/meetings/facts/set-aside"


class Looking:
    """An administrator who looks after facts."""

    def __init__(self, meetings: Client, admin: Person) -> None:
        self.meetings, self.admin = meetings, admin

    def ask(self, method: str, path: str = "") -> HttpAnswer:
        return self.meetings.request(method, f"{FACTS}{path}", token=self.admin.token)

    def all(self, limit: int = 100) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        cursor = ""
        while True:
            answer = self.ask("GET", f"?limit={limit}{cursor}")
            assert answer.status == 200, answer.text
            found += answer.json()["items"]
            if answer.json()["next_cursor"] is None:
                return found
            cursor = f"&cursor={answer.json()['next_cursor']}"

    def of(self, meeting_id: str) -> list[dict[str, Any]]:
        return [each for each in self.all() if each["meeting_id"] == meeting_id]


@pytest.fixture
def looking(meetings: Client, admin: Person) -> Looking:
    return Looking(meetings, admin)


def raw(meeting_id: str, version: int, event: Any) -> dict[str, Any]:
    return {"meeting_id": meeting_id, "version": version, "event": event}


def plain(fact: Fact) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(msgspec.json.encode(fact))
    return told


def test_poison_is_set_aside_once_and_the_facts_around_it_are_taken(clerk: Clerk, looking: Looking) -> None:
    meeting_id = clerk.meeting()
    around = [Fact(meeting_id=meeting_id, version=version, event=said(1, START + version)) for version in (1, 3)]
    poison = raw(meeting_id, 2, {"type": "of_a_later_release", "at": 1, "text": "a secret"})
    for _ in range(2):
        accepted = clerk.deliver_raw({"facts": [plain(around[0]), poison, plain(around[1])]})
        assert [(each.meeting_id, each.version) for each in accepted.refused] == [(meeting_id, 2)]
    assert sorted(line.version for line in clerk.record(meeting_id).chat.values()) == [1, 3]
    (kept,) = looking.of(meeting_id)
    assert (kept["version"], kept["event_type"], kept["tries"]) == (2, "of_a_later_release", 0)
    assert "of_a_later_release" in kept["reason"]
    told = looking.ask("GET", f"/{kept['id']}").json()
    assert told["fact"] == poison | {"event": {"type": "of_a_later_release", "at": 1, "text": "(not shown)"}}
    assert told | {"fact": None} == kept | {"fact": None}


def test_fact_is_taken_after_a_mend(clerk: Clerk, looking: Looking, monkeypatch: pytest.MonkeyPatch) -> None:
    """What we stumble over takes nothing along: the other facts of its room are taken one by one."""
    meeting_id = clerk.meeting()
    events: list[LogEvent] = [joined(1, START), said(1, START + 1), said(1, START + 2)]
    facts = [Fact(meeting_id=meeting_id, version=n, event=event) for n, event in enumerate(events, 1)]

    def stumbling(room: list[Fact]) -> Any:
        if any(fact.version == 2 for fact in room):
            raise KeyError("a fault of ours")
        return changes_by_meeting(room)

    with monkeypatch.context() as patch:
        patch.setattr("meetings_service.facts.changes_by_meeting", stumbling)
        assert [each.version for each in clerk.deliver(facts).refused] == [2]
        (kept,) = looking.of(meeting_id)
        assert kept["reason"] == "KeyError: 'a fault of ours'"
        assert looking.ask("POST", f"/{kept['id']}/retry").json() == {"taken": False, "reason": kept["reason"]}
        assert looking.of(meeting_id)[0]["tries"] == 1
    assert len(clerk.record(meeting_id).chat) == 1
    assert looking.ask("POST", f"/{kept['id']}/retry").json() == {"taken": True, "reason": None}
    assert clerk.record(meeting_id) == changes_by_meeting(facts)[meeting_id]
    assert looking.of(meeting_id) == []
    assert looking.ask("POST", f"/{kept['id']}/retry").code == "not_found"


def test_what_the_table_refuses_is_set_aside(clerk: Clerk, looking: Looking) -> None:
    """A key of an item has 1024 bytes at most."""
    meeting_id = clerk.meeting()
    long = said(1, START)
    long = msgspec.structs.replace(long, message=msgspec.structs.replace(long.message, id="m" * 2000))
    facts = [
        Fact(meeting_id=meeting_id, version=1, event=long),
        Fact(meeting_id=meeting_id, version=2, event=said(1, START + 1)),
    ]
    assert [each.version for each in clerk.deliver(facts).refused] == [1]
    assert [line.version for line in clerk.record(meeting_id).chat.values()] == [2]
    assert "ValidationException" in looking.of(meeting_id)[0]["reason"]


@pytest.mark.parametrize("code", ["AccessDeniedException", "ThrottlingException", "ResourceNotFoundException"])
def test_what_is_no_fault_of_a_fact_sets_nothing_aside(
    clerk: Clerk, looking: Looking, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    meeting_id = clerk.meeting()
    fact = Fact(meeting_id=meeting_id, version=1, event=said(1, START))

    def failing(*_: Any) -> None:
        raise ClientError({"Error": {"Code": code, "Message": "no"}}, "UpdateItem")

    with monkeypatch.context() as patch:
        patch.setattr(clerk.meetings.module.records, "record", failing)
        with pytest.raises(ClientError):
            clerk.deliver([fact])
    assert looking.of(meeting_id) == []
    assert clerk.deliver([fact]).refused == ()


def test_facts_of_no_meeting_and_no_facts_at_all_are_set_aside_and_discarded(clerk: Clerk, looking: Looking) -> None:
    unknown = MeetingId("zzzz-zzzz-zzzz")
    clerk.deliver_raw({"facts": [plain(Fact(meeting_id=unknown, version=4, event=said(1, START))), "text", None, [[]]]})
    nameless = [each for each in looking.all() if not each["meeting_id"]]
    (kept,) = looking.of(unknown)
    assert kept["reason"] == "no such meeting"
    told = [looking.ask("GET", f"/{each['id']}").json()["fact"] for each in nameless]
    assert "text" in told
    assert None in told
    assert [[]] in told
    for each in (kept, *nameless):
        retried = looking.ask("POST", f"/{each['id']}/retry").json()
        assert not retried["taken"]
        assert looking.ask("DELETE", f"/{each['id']}").status == 204
        assert looking.ask("DELETE", f"/{each['id']}").code == "not_found"
    assert looking.of(unknown) == []


def test_pages_bring_everything_once_the_latest_first(clerk: Clerk, looking: Looking) -> None:
    unknown = MeetingId("yyyy-yyyy-yyyy")
    for version in range(1, 8):
        clerk.deliver([Fact(meeting_id=unknown, version=version, event=said(1, START))])
    listed = [each for each in looking.all(limit=2) if each["meeting_id"] == unknown]
    assert sorted(each["version"] for each in listed) == list(range(1, 8))
    times = [each["set_aside_at"] for each in listed]
    assert times == sorted(times, reverse=True)


def test_facts_are_for_administrators_alone(clerk: Clerk, person: Callable[..., Person]) -> None:
    for token, code in ((person().token, "permission_denied"), (None, "token_missing")):
        assert clerk.meetings.request("GET", FACTS, token=token).code == code
