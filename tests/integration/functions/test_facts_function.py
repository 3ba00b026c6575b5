"""The function that takes the rooms' facts: twice, shuffled, cut between writes, with poison in between."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from meetings_service.domain.record import Changes, changes_by_meeting

from contracts.facts import Fact, FactBatch, FactsAccepted
from contracts.log_events import LogEvent
from contracts.rooms import MeetingId
from tests.integration.functions.conftest import Person
from tests.integration.functions.lambda_events import Client
from tests.unit.meetings_service.room_history import START, deliveries, histories, joined, left, said

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class Clerk:
    """Delivers facts as the gateways do, and reads what the service has made of them."""

    def __init__(self, meetings: Client, person: Callable[..., Person]) -> None:
        self.meetings = meetings
        self.host = person("Ada")

    def meeting(self) -> MeetingId:
        body = {"title": "Weekly"}
        return MeetingId(self.meetings.request("POST", "/v1/meetings", body, token=self.host.token).json()["id"])

    def deliver(self, facts: list[Fact]) -> FactsAccepted:
        return self.deliver_raw(json.loads(msgspec.json.encode(FactBatch(facts=tuple(facts)))))

    def deliver_raw(self, event: Any) -> FactsAccepted:
        answer = self.meetings.module.facts(event, None)
        return msgspec.convert(json.loads(json.dumps(answer)), FactsAccepted)

    def status(self, meeting_id: MeetingId) -> dict[str, Any]:
        answer = self.meetings.request("GET", f"/v1/meetings/{meeting_id}", token=self.host.token)
        body: dict[str, Any] = answer.json()
        return body

    def record(self, meeting_id: MeetingId) -> Changes:
        """Everything that is kept of a meeting."""
        repository = self.meetings.module.repository
        meeting = repository.find(meeting_id)
        return Changes(
            started_at=meeting.started_at,
            ended_at=meeting.ended_at,
            attendance={stay.participant_id: stay for stay in repository.attendance(meeting_id)},
            chat={line.message_id: line for line in repository.chat(meeting_id)},
            recordings={each.recording_id: each for each in repository.recordings(meeting_id)},
        )


@pytest.fixture
def clerk(meetings: Client, person: Callable[..., Person]) -> Clerk:
    return Clerk(meetings, person)


def facts_of(meeting_id: MeetingId, history: tuple[Fact, ...]) -> list[Fact]:
    return [Fact(meeting_id=meeting_id, version=fact.version, event=fact.event) for fact in history]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_order_and_any_repetition_give_the_same_record(clerk: Clerk, data: st.DataObject) -> None:
    history = data.draw(histories())
    meeting_id = clerk.meeting()
    for batch in data.draw(deliveries(history)):
        assert clerk.deliver(facts_of(meeting_id, tuple(batch))) == FactsAccepted()
    expected = changes_by_meeting(facts_of(meeting_id, history))[meeting_id]
    assert clerk.record(meeting_id) == expected


def test_meeting_goes_live_and_ends_with_its_facts(clerk: Clerk) -> None:
    meeting_id = clerk.meeting()
    clerk.deliver_raw(_batch(_event(meeting_id, 1, {"type": "meeting_started", "at": START, "meeting_id": meeting_id})))
    assert clerk.status(meeting_id)["status"] == "live"
    clerk.deliver_raw(_batch(_event(meeting_id, 9, {"type": "meeting_ended", "at": START + 5000, "by": None})))
    body = clerk.status(meeting_id)
    assert body["status"] == "ended"
    assert body["started_at"] == "2027-01-15T08:00:00.000Z"
    assert body["ended_at"] == "2027-01-15T08:00:05.000Z"


def test_function_killed_between_any_two_writes_leaves_nothing_that_redelivery_does_not_mend(
    clerk: Clerk, dynamodb: DynamoDBClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    class KilledError(Exception):
        pass

    def batch(meeting_id: MeetingId) -> list[Fact]:
        events: list[LogEvent] = [
            joined(1, START + 1),
            joined(2, START + 2),
            said(1, START + 3),
            left(1, START + 4),
            said(2, START + 5),
        ]
        return [Fact(meeting_id=meeting_id, version=n + 1, event=event) for n, event in enumerate(events)]

    writes = {name: getattr(dynamodb, name) for name in ("update_item", "batch_write_item")}
    survived = 0
    while True:
        meeting_id = clerk.meeting()
        left_to_do = survived

        def cut(name: str, **request: Any) -> Any:
            nonlocal left_to_do
            if left_to_do == 0:
                raise KilledError
            left_to_do -= 1
            return writes[name](**request)

        with monkeypatch.context() as patch:
            patch.setattr(dynamodb, "update_item", lambda cut=cut, **request: cut("update_item", **request))
            patch.setattr(dynamodb, "batch_write_item", lambda cut=cut, **request: cut("batch_write_item", **request))
            try:
                clerk.deliver(batch(meeting_id))
                done = True
            except KilledError:
                done = False
        assert clerk.deliver(batch(meeting_id)) == FactsAccepted()
        assert clerk.record(meeting_id) == changes_by_meeting(batch(meeting_id))[meeting_id]
        if done:
            break
        survived += 1
    assert survived == 4  # two people, the chat, the start


def test_facts_of_unknown_meetings_are_refused_and_the_others_are_taken(clerk: Clerk) -> None:
    known, unknown = clerk.meeting(), MeetingId("zzz-zzzz-zzz")
    facts = [
        Fact(meeting_id=unknown, version=4, event=said(1, START)),
        Fact(meeting_id=known, version=2, event=said(1, START)),
    ]
    accepted = clerk.deliver(facts)
    assert [(fact.meeting_id, fact.version) for fact in accepted.refused] == [(unknown, 4)]
    assert len(clerk.record(known).chat) == 1


def test_poison_facts_are_refused_one_by_one(clerk: Clerk) -> None:
    meeting_id = clerk.meeting()
    good = _event(meeting_id, 3, {"type": "chat_sent", "at": 1, "message": _message("c_1")})
    poison = [
        _event(meeting_id, 1, {"type": "no_such_event", "at": 1}),
        _event(meeting_id, 2, {"type": "chat_sent", "at": "noon", "message": _message("c_2")}),
        _event(meeting_id, 0, {"type": "meeting_ended", "at": 1, "by": None}),
        _event("MEETING#x", 5, {"type": "meeting_ended", "at": 1, "by": None}),
        {"version": 7},
        {"meeting_id": 1, "version": "x"},
        None,
        "text",
    ]
    accepted = clerk.deliver_raw(_batch(*poison, good))
    assert len(accepted.refused) == len(poison)
    assert all(fact.reason for fact in accepted.refused)
    assert list(clerk.record(meeting_id).chat) == ["c_1"]
    assert clerk.status(meeting_id)["status"] == "scheduled"


@pytest.mark.parametrize("event", [{}, {"facts": None}, {"facts": {}}, {"fact": []}])
def test_what_is_no_batch_is_an_error_of_the_caller(clerk: Clerk, event: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="array"):
        clerk.meetings.module.facts(event, None)


def test_empty_batch_is_accepted(clerk: Clerk) -> None:
    assert clerk.deliver([]) == FactsAccepted()


def test_long_chat_is_kept_whole_and_in_order(clerk: Clerk) -> None:
    meeting_id = clerk.meeting()
    facts = [Fact(meeting_id=meeting_id, version=n + 1, event=said(1, START + n)) for n in range(1200)]
    clerk.deliver(facts[600:])
    clerk.deliver(facts[:600])
    lines = clerk.meetings.module.repository.chat(meeting_id)
    assert [line.version for line in lines] == list(range(1, 1201))


def test_table_that_takes_only_part_of_a_batch_is_asked_again(
    clerk: Clerk, dynamodb: DynamoDBClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    meeting_id = clerk.meeting()
    write, calls = dynamodb.batch_write_item, []

    def grudging(**request: Any) -> Any:
        calls.append(request)
        ((table, requests),) = request["RequestItems"].items()
        write(RequestItems={table: requests[:10]})
        rest = requests[10:]
        return {"UnprocessedItems": {table: rest} if rest else {}}

    monkeypatch.setattr(dynamodb, "batch_write_item", grudging)
    clerk.deliver([Fact(meeting_id=meeting_id, version=n + 1, event=said(1, START + n)) for n in range(25)])
    assert len(calls) == 3
    assert len(clerk.record(meeting_id).chat) == 25


def _batch(*facts: Any) -> dict[str, Any]:
    return {"facts": list(facts)}


def _event(meeting_id: str, version: int, event: dict[str, Any]) -> dict[str, Any]:
    return {"meeting_id": meeting_id, "version": version, "event": event}


def _message(message_id: str) -> dict[str, Any]:
    return {"id": message_id, "participant_id": "p_1", "name": "Gus", "text": "hi", "at": 1}
