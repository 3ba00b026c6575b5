"""The function that takes the rooms' facts: twice, shuffled, with poison in between."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from meetings_service.domain.record import Changes, Ended, Recording, changes_by_meeting

from contracts.facts import Fact, FactBatch, FactsAccepted
from contracts.log_events import LogEvent, RecordingStarted, RecordingStopped
from contracts.rooms import Identity, MeetingId, session_of
from tests.integration.functions.conftest import Person
from tests.integration.functions.lambda_events import Client
from tests.unit.meetings_service.room_history import (
    START,
    deliveries,
    edited,
    histories,
    joined,
    moved,
    removed,
    said,
)

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

    def record(self, meeting_id: MeetingId, recordings: Iterable[str] = ()) -> Changes:
        """Everything that is kept of a meeting, and of these recordings."""
        records = self.meetings.module.records
        meeting = self.meetings.module.repository.find(session_of(meeting_id)[0])
        ended = None if meeting.ended_at is None else Ended(at=meeting.ended_at, by=meeting.ended_by or Identity(""))
        return Changes(
            started_at=meeting.started_at,
            ended=ended,
            attendance={stay.participant_id: stay for stay in records.attendance(meeting_id)},
            turns={(turn.version, turn.participant_id): turn for turn in records.turns(meeting_id)},
            people={person.identity: person for person in records.people(meeting_id)},
            chat={line.message_id: line for line in records.chat(meeting_id)},
            polls={poll.poll_id: poll for poll in records.polls(meeting_id)},
            notes=records.notes(meeting_id),
            longest_notes=records.longest_notes(meeting_id),
            breakouts={news.version: news for news in records.breakouts(meeting_id)},
            recordings={each: self.recording(each) for each in recordings},
        )

    def recording(self, recording_id: str) -> Recording:
        item = self.meetings.module.repository.table.get((f"RECORDING#{recording_id}", "RECORDING"))
        return msgspec.convert(item, Recording)


@pytest.fixture
def clerk(meetings: Client, person: Callable[..., Person]) -> Clerk:
    return Clerk(meetings, person)


def facts_of(meeting_id: MeetingId, history: tuple[Fact, ...]) -> list[Fact]:
    """A history as that of a meeting: no two meetings have a recording of the same id."""
    return [Fact(meeting_id=meeting_id, version=fact.version, event=_of(meeting_id, fact.event)) for fact in history]


def _of(meeting_id: MeetingId, event: LogEvent) -> LogEvent:
    if isinstance(event, RecordingStarted | RecordingStopped):
        return msgspec.structs.replace(event, recording_id=f"{event.recording_id}_{meeting_id}")
    return event


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_order_and_any_repetition_give_the_same_record(clerk: Clerk, data: st.DataObject) -> None:
    history = data.draw(histories())
    meeting_id = clerk.meeting()
    for batch in data.draw(deliveries(history)):
        assert clerk.deliver(facts_of(meeting_id, tuple(batch))) == FactsAccepted()
    expected = changes_by_meeting(facts_of(meeting_id, history))[meeting_id]
    assert clerk.record(meeting_id, expected.recordings) == expected


def test_meeting_goes_live_and_ends_with_its_facts(clerk: Clerk) -> None:
    meeting_id = clerk.meeting()
    clerk.deliver_raw(_batch(_event(meeting_id, 1, {"type": "meeting_started", "at": 1, "meeting_id": meeting_id})))
    assert clerk.status(meeting_id)["status"] == "scheduled", "somebody may be waiting, and nobody is in yet"
    clerk.deliver([Fact(meeting_id=meeting_id, version=2, event=joined(1, START))])
    assert clerk.status(meeting_id)["status"] == "live"
    clerk.deliver_raw(_batch(_event(meeting_id, 9, {"type": "meeting_ended", "at": START + 5000, "by": None})))
    body = clerk.status(meeting_id)
    assert body["status"] == "ended"
    assert body["started_at"] == "2027-01-15T08:00:00.000Z"
    assert body["ended_at"] == "2027-01-15T08:00:05.000Z"


def test_text_of_a_removed_message_is_nowhere_even_when_it_is_told_again(
    clerk: Clerk, dynamodb: DynamoDBClient, tables: dict[str, str]
) -> None:
    meeting_id = clerk.meeting()
    message = said(1, START + 3, text="what should not have been said")
    facts = [
        Fact(meeting_id=meeting_id, version=version, event=event)
        for version, event in ((3, message), (4, edited(message, 3, START + 4)), (5, removed(message, 3, START + 5)))
    ]
    for delivered in (facts, facts[:1], facts[1:2], facts[::-1]):
        for fact in delivered:
            clerk.deliver([fact])
        assert clerk.record(meeting_id) == changes_by_meeting(facts)[meeting_id]
    answer = dynamodb.query(
        TableName=tables["meetings"],
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": f"MEETING#{meeting_id}"}},
    )
    assert "what should not" not in json.dumps(answer["Items"])
    assert f"edited {START}" not in json.dumps(answer["Items"])
    (line,) = clerk.record(meeting_id).chat.values()
    assert (line.name, line.removed_by_identity, line.last_text) == ("Guest 1", "g_0", None)


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
    """Longer than what one query gives, which is 1 MB."""
    meeting_id = clerk.meeting()
    text = "x" * 4000
    facts = [Fact(meeting_id=meeting_id, version=n + 1, event=said(1, START + n, text=text)) for n in range(300)]
    clerk.deliver(facts[150:])
    clerk.deliver(facts[:150])
    lines = clerk.meetings.module.records.chat(meeting_id)
    assert [line.version for line in lines] == list(range(1, 301))
    assert {line.text for line in lines} == {text}


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
    clerk.deliver([Fact(meeting_id=meeting_id, version=n + 1, event=moved(1, START + n, "b_1")) for n in range(25)])
    assert len(calls) == 3
    assert len(clerk.record(meeting_id).turns) == 25


def _batch(*facts: Any) -> dict[str, Any]:
    return {"facts": list(facts)}


def _event(meeting_id: str, version: int, event: dict[str, Any]) -> dict[str, Any]:
    return {"meeting_id": meeting_id, "version": version, "event": event}


def _message(message_id: str) -> dict[str, Any]:
    return {"id": message_id, "participant_id": "p_1", "name": "Gus", "text": "hi", "at": 1}
