"""What the meeting service keeps of accounts, when they have another name, or are no more."""

from __future__ import annotations

import json
import uuid
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from redis import Redis

from contracts.account_standing import AccessLoss
from contracts.facts import Fact, FactBatch
from contracts.leaving import LeaveReason
from contracts.log_events import (
    ChatSent,
    LogEvent,
    MeetingEnded,
    NotesKept,
    ParticipantJoined,
    ParticipantLeft,
    RecordingStarted,
    RecordingStopped,
)
from contracts.redis_names import ROOM_COMMANDS
from contracts.room_commands import EndMeetingRequested, decode_room_command
from contracts.rooms import (
    ChatMessage,
    GatewayId,
    Identity,
    MeetingId,
    ParticipantId,
    ParticipantInfo,
    Permissions,
    RecordingEnd,
    Role,
)
from tests.integration.functions.account_desk import Desk
from tests.integration.functions.lambda_events import Client
from tests.integration.functions.stored_items import stored_items

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@pytest.fixture
def whole(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """The function is invoked in this process: Lambda itself is in tests/integration/platform."""

    failures: list[str] = []

    class Lambda:
        def invoke(self, *, FunctionName: str, InvocationType: str, Payload: bytes) -> Any:  # noqa: N803
            assert (FunctionName, InvocationType) == ("accounts", "RequestResponse")
            if failures:
                raised = failures.pop().encode()
                return {"FunctionError": "Unhandled", "Payload": SimpleNamespace(read=lambda: raised)}
            answer = desk.meetings.module.account_news(json.loads(Payload), None)
            return {"Payload": SimpleNamespace(read=lambda: json.dumps(answer).encode())}

    function = desk.auth.module.announcements._function
    monkeypatch.setattr(function, "_name", "accounts")
    monkeypatch.setattr(function, "_client", Lambda)
    desk.failures = failures
    return desk


def joined(participant_id: str, identity: str, name: str) -> LogEvent:
    info = ParticipantInfo(
        id=ParticipantId(participant_id),
        identity=Identity(identity),
        name=name,
        role=Role.PARTICIPANT,
        permissions=Permissions(),
        joined_at=10,
    )
    return ParticipantJoined(at=10, participant=info, gateway_id=GatewayId("g"), resume_hash="")


def chat(message_id: str, participant_id: str, name: str, text: str) -> LogEvent:
    message = ChatMessage(id=message_id, participant_id=ParticipantId(participant_id), name=name, text=text, at=15)
    return ChatSent(at=15, message=message)


def facts(meeting: str, events: list[LogEvent]) -> Any:
    numbered = [
        Fact(meeting_id=MeetingId(meeting), version=version, event=event) for version, event in enumerate(events, 1)
    ]
    return json.loads(msgspec.json.encode(FactBatch(facts=tuple(numbered))))


def item_of(dynamodb: DynamoDBClient, table: str, meeting: str) -> dict[str, Any]:
    key: Any = {"pk": {"S": f"MEETING#{meeting}"}, "sk": {"S": "MEETING"}}
    return dict(dynamodb.get_item(TableName=table, Key=key, ConsistentRead=True)["Item"])


def test_new_name_of_a_host_is_told_by_their_meetings(whole: Desk) -> None:
    ada = whole.register()
    meetings = [whole.create(ada.token).json()["id"] for _ in range(3)]
    assert whole.auth.request("PATCH", "/v1/auth/me", {"display_name": "Countess"}, token=ada.token).status == 200
    whole.work_off()
    names = [whole.meetings.module.repository.find(each).host_name for each in meetings]
    assert names == ["Countess"] * 3


def later(whole: Desk) -> None:
    """The jobs that wait, and those whose worker has failed."""
    worker = whole.auth.module.worker
    clock = worker._clock
    try:
        worker._clock = lambda: clock() + 61
        whole.work_off()
    finally:
        worker._clock = clock


def told(whole: Desk, meeting: str) -> tuple[str, str]:
    known = whole.meetings.module.repository.find(meeting)
    return known.host_name, known.status


def test_meetings_of_a_deleted_account_take_place_no_more_and_name_nobody(
    whole: Desk, broker: Redis, dynamodb: DynamoDBClient, tables: dict[str, str]
) -> None:
    ada, bob = whole.register("Ada of the deleted"), whole.register("Bob")
    hers = [whole.create(ada.token).json()["id"] for _ in range(2)]
    over = whole.create(ada.token).json()["id"]
    whole.meetings.module.facts(facts(over, [joined("p_1", ada.id, ada.name), MeetingEnded(at=20, by=None)]), None)
    assert told(whole, over)[1] == "ended"
    his = whole.create(bob.token).json()["id"]
    broker.delete(ROOM_COMMANDS)
    whole.manage("DELETE", ada)
    whole.failures += ["no", "no"]
    whole.work_off()
    assert told(whole, hers[0]) == (ada.name, "scheduled")
    later(whole)
    for meeting, status, code in ((hers[0], "cancelled", "meeting_cancelled"), (over, "ended", "meeting_ended")):
        assert told(whole, meeting) == ("Deleted user", status)
        join = whole.meetings.request("POST", f"/v1/meetings/{meeting}/join", {"display_name": "Guest"})
        assert join.code == code
        assert ada.name not in json.dumps(item_of(dynamodb, tables["meetings"], meeting))
    asked: Any = broker.xrange(ROOM_COMMANDS)
    ended = [decode_room_command(fields[b"c"]) for _, fields in asked]
    assert {each.meeting_id for each in ended if isinstance(each, EndMeetingRequested)} == {*hers, over}
    assert told(whole, his) == ("Bob", "scheduled")
    again = whole.meetings.module.account_news({"account_id": ada.id, "name": None}, None)
    assert again == {"done": True}
    assert broker.xlen(ROOM_COMMANDS) == len(ended), "what is done is not done again"


def test_what_somebody_left_in_the_meetings_of_others_names_them_no_more_and_what_they_wrote_stays(
    whole: Desk, dynamodb: DynamoDBClient, tables: dict[str, str]
) -> None:
    ada, bob = whole.register("Ada of the deleted"), whole.register("Bob")
    meeting = whole.create(bob.token).json()["id"]
    body = {"user_id": ada.id, "name": ada.name}
    invited = whole.meetings.request("POST", f"/v1/meetings/{meeting}/invitees", body, token=bob.token)
    assert invited.status < 300, invited.text
    said = [chat("m_1", "p_1", ada.name, "Hello"), chat("m_2", "p_2", "Bob", "Hi"), noted("Agenda", ada.id, bob.id)]
    events = [joined("p_1", ada.id, ada.name), joined("p_2", bob.id, "Bob"), *said]
    whole.meetings.module.facts(facts(meeting, events), None)
    whole.manage("DELETE", ada)
    whole.work_off()
    # What had been under way arrives after the news.
    whole.meetings.module.facts(facts(meeting, [*events, chat("m_3", "p_1", ada.name, "Bye")]), None)
    later(whole)
    records = whole.meetings.module.records
    assert {(stay.identity, stay.name) for stay in records.attendance(meeting)} == {
        (ada.id, "Deleted user"),
        (bob.id, "Bob"),
    }
    assert [(line.name, line.text) for line in records.chat(meeting)] == [
        ("Deleted user", "Hello"),
        ("Bob", "Hi"),
        ("Deleted user", "Bye"),
    ]
    path = f"/v1/meetings/{meeting}/sessions/1/notes"
    assert whole.meetings.request("GET", path, token=bob.token).json()["text"] == "Agenda"
    answer = dynamodb.query(
        TableName=tables["meetings"],
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": f"MEETING#{meeting}"}},
    )
    assert ada.name not in json.dumps(answer["Items"])
    assert ada.email not in json.dumps(answer["Items"])
    for list_name in ("past", "invited", "hosted"):
        page = getattr(whole.meetings.module.meetings._lists, list_name)(ada.id, cursor=None, limit=10)
        assert page.entries == ()


def test_recordings_shares_and_counters_of_a_deleted_account_lead_to_nobody(
    whole: Desk, dynamodb: DynamoDBClient, tables: dict[str, str]
) -> None:
    ada, bob = whole.register("Ada of the deleted"), whole.register("Bob")
    hers, his = whole.create(ada.token).json()["id"], whole.create(bob.token).json()["id"]
    for meeting in (hers, his):
        begun = RecordingStarted(at=10, recording_id=f"rec_{meeting}", by=ParticipantId("p_1"), prefix=f"{meeting}/r/")
        events = [joined("p_1", ada.id, ada.name), begun, MeetingEnded(at=60_010, by=None)]
        whole.meetings.module.facts(facts(meeting, events), None)
    shared = whole.meetings.request(
        "POST",
        f"/v1/meetings/recordings/rec_{his}/shares",
        {"user_id": ada.id, "name": ada.name},
        token=bob.token,
    )
    assert shared.status == 200, shared.text
    table = whole.meetings.module.recordings_table
    assert [each.recording_id for each in table.owned(ada.id, after=None, limit=9).recordings] == [f"rec_{hers}"]
    whole.manage("DELETE", ada)
    whole.work_off()
    later(whole)
    assert table.owned(ada.id, after=None, limit=9).recordings == ()
    assert table.shared_with(ada.id, after=None, limit=9).recordings == ()
    assert table.shares(f"rec_{his}") == []
    kept = table.find(f"rec_{hers}")
    assert kept is not None, "it stays until the policy or an administrator deletes it"
    assert ada.name not in json.dumps(stored_items(dynamodb, tables["meetings"]))
    hosts = whole.meetings.module.usage_table.hosts("1970-01", after=None, limit=500)[0]
    assert {each["name"] for each in hosts if each["user_id"] == ada.id} == {"Deleted user"}


def test_copy_of_ones_own_holds_ones_stays_and_words_and_nobody_elses(whole: Desk) -> None:
    ada, bob = whole.register(), whole.register("Bob")
    rooms = [whole.create(bob.token).json()["id"] for _ in range(3)]
    for number, meeting in enumerate(rooms):
        said = [chat("m_1", "p_1", ada.name, f"Hello {number}"), chat("m_2", "p_2", "Bob", "A secret of Bob's")]
        events = [joined("p_1", ada.id, ada.name), joined("p_2", bob.id, "Bob"), *said]
        whole.meetings.module.facts(facts(meeting, events), None)
    found, cursor = [], ""
    for _ in range(3):
        answer = whole.meetings.request("GET", f"/v1/meetings/export?limit=1{cursor}", token=ada.token)
        assert answer.status == 200, answer.text
        assert "Bob" not in answer.text
        found += answer.json()["items"]
        cursor = f"&cursor={answer.json()['next_cursor']}"
    assert answer.json()["next_cursor"] is None
    assert {each["meeting_id"] for each in found} == set(rooms)
    assert {each["messages"][0]["text"] for each in found} == {"Hello 0", "Hello 1", "Hello 2"}
    stay = {"name": "Ada", "role": "participant", "joined_at": "1970-01-01T00:00:00.010Z", "left_at": None}
    assert [each["stays"] for each in found] == [[stay]] * 3


def noted(text: str, *writers: str, at: int = 20) -> LogEvent:
    return NotesKept(at=at, text=text, revision=at, writers=tuple(map(Identity, writers)))


def copies_of_notes(whole: Desk, token: str) -> list[tuple[bool, str | None]]:
    """What the copy of one's own has of the notes of sessions."""
    items = whole.meetings.request("GET", "/v1/meetings/export", token=token).json()["items"]
    return [(each["wrote_notes"], each["notes"]) for each in items]


def test_copy_of_ones_own_has_the_notes_that_one_wrote_in(whole: Desk) -> None:
    ada, bob = whole.register(), whole.register("Bob")
    meeting = whole.create(bob.token).json()["id"]
    events = [joined("p_1", ada.id, ada.name), joined("p_2", bob.id, "Bob"), noted("Agenda", ada.id)]
    whole.meetings.module.facts(facts(meeting, events), None)
    assert copies_of_notes(whole, ada.token) == [(True, "Agenda")]
    assert copies_of_notes(whole, bob.token) == [(False, None)]


@pytest.mark.parametrize("banned", [None, "Ada"])
def test_copy_of_ones_own_has_no_notes_that_were_kept_after_one_was_taken_out(whole: Desk, banned: str | None) -> None:
    ada, bob = whole.register(), whole.register("Bob")
    meeting = whole.create(bob.token).json()["id"]
    out = ParticipantLeft(
        at=30,
        participant_id=ParticipantId("p_1"),
        identity=Identity(ada.id),
        reason=LeaveReason.REMOVED,
        banned=banned,
    )
    before = [joined("p_1", ada.id, ada.name), joined("p_2", bob.id, "Bob"), noted("Agenda", ada.id), out]
    whole.meetings.module.facts(facts(meeting, before), None)
    assert copies_of_notes(whole, ada.token) == [(True, "Agenda")], "as they were when she was there"
    after = [*before, noted("Agenda. What Bob says of Ada", ada.id, bob.id, at=40)]
    whole.meetings.module.facts(facts(meeting, after), None)
    assert copies_of_notes(whole, ada.token) == [(True, None)]
    assert copies_of_notes(whole, bob.token) == [(True, "Agenda. What Bob says of Ada")]


def test_copy_of_ones_own_has_no_notes_that_are_not_kept_any_more(whole: Desk) -> None:
    ada = whole.register()
    meeting = whole.create(ada.token).json()["id"]
    events = [joined("p_1", ada.id, ada.name), noted("Agenda", ada.id), MeetingEnded(at=30, by=None)]
    whole.meetings.module.facts(facts(meeting, events), None)
    organisation = {"defaults": {}, "history_days": 30}
    path = "/v1/meetings/organisation"
    assert whole.meetings.request("PUT", path, organisation, token=whole.admin.token).status == 200
    try:
        assert copies_of_notes(whole, ada.token) == [(True, None)]
    finally:
        whole.meetings.request("PUT", path, {**organisation, "history_days": None}, token=whole.admin.token)


def test_copy_of_ones_own_tells_what_was_recorded_while_one_was_there(whole: Desk) -> None:
    ada, bob = whole.register(), whole.register("Bob")
    meeting = whole.create(bob.token).json()["id"]
    name = uuid.uuid4().hex
    gone = ParticipantLeft(
        at=100, participant_id=ParticipantId("p_1"), identity=Identity(ada.id), reason=LeaveReason.LEFT
    )
    events: list[LogEvent] = [joined("p_1", ada.id, ada.name), gone]
    for number, (start, end) in enumerate([(1, 5), (8, 20), (90, None), (101, 200)]):
        known = f"rec_{number}{name}"
        by = ParticipantId("p_1")
        events.append(RecordingStarted(at=start, recording_id=known, by=by, prefix=f"{meeting}/{known}/"))
        if end is not None:
            events.append(RecordingStopped(at=end, recording_id=known, reason=RecordingEnd.ASKED))
    whole.meetings.module.facts(facts(meeting, events), None)
    (own,) = whole.meetings.request("GET", "/v1/meetings/export", token=ada.token).json()["items"]
    assert [each["id"] for each in own["recordings"]] == [f"rec_2{name}", f"rec_1{name}"]
    assert [each["state"] for each in own["recordings"]] == ["recording", "processing"]
    assert own["recordings"][0]["stopped_at"] is None


def test_many_meetings_are_seen_to_bit_by_bit(whole: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("meetings_service.accounts.AT_ONCE_S", 0)
    ada = whole.register()
    meetings = [whole.create(ada.token).json()["id"] for _ in range(6)]
    whole.manage("DELETE", ada)
    whole.work_off()
    assert {told(whole, each)[1] for each in meetings} == {"scheduled", "cancelled"}, "one step in each invocation"
    later(whole)
    assert {told(whole, each) for each in meetings} == {("Deleted user", "cancelled")}


def test_news_that_are_none_are_refused(meetings: Client) -> None:
    for event in ({}, {"account_id": 7, "name": None}, {"account_id": "u_x"}):
        with pytest.raises(msgspec.ValidationError):
            meetings.module.account_news(event, None)


def shown(whole: Desk, key: str) -> str:
    """What a stream key opens, as the gateway is told: ``opens``, or why it does not."""
    answer = whole.meetings.module.stream_keys({"key": key}, None)
    return str(answer.get("code", answer["type"]))


def stands_on(whole: Desk, key: str) -> list[str]:
    return [*whole.meetings.module.stream_keys({"key": key}, None)["claims"]["stands_on"]]


def test_stream_keys_open_nothing_while_an_account_is_closed_that_they_stand_on(whole: Desk) -> None:
    """By what the meeting service keeps, however long ago it was told; Redis is not asked."""
    ada = whole.register()
    meeting = whole.create(ada.token).json()["id"]
    path = f"/v1/meetings/{meeting}/stream-keys"
    own = whole.meetings.request("POST", path, {"name": "Camera"}, token=ada.token).json()["key"]
    theirs = whole.meetings.request("POST", path, {"name": "Studio"}, token=whole.admin.token).json()["key"]
    assert (shown(whole, own), shown(whole, theirs)) == ("opens", "opens")
    assert stands_on(whole, own) == [ada.id]
    assert stands_on(whole, theirs) == [ada.id, whole.admin.id]
    for _ in range(2):
        whole.manage("POST", ada, "/suspend")
        whole.work_off()
        assert (shown(whole, own), shown(whole, theirs)) == ("account_suspended", "account_suspended")
        assert shown(whole, own[:-1] + ("a" if own[-1] != "a" else "b")) == "token_revoked", (
            "that it is so, is no secret"
        )
        whole.manage("POST", ada, "/resume")
        whole.work_off()
        assert (shown(whole, own), shown(whole, theirs)) == ("opens", "opens")
    closed = whole.meetings.module.closed_accounts
    closed.note(Identity(whole.admin.id), AccessLoss.SUSPENDED, version=10**6)
    closed.note(Identity(whole.admin.id), None, version=10**6 - 1)
    assert (shown(whole, own), shown(whole, theirs)) == ("opens", "account_suspended")
    closed.note(Identity(whole.admin.id), None, version=10**6 + 1)
    assert shown(whole, theirs) == "opens"
    whole.manage("DELETE", ada)
    whole.work_off()
    assert {shown(whole, own), shown(whole, theirs)} <= {"meeting_ended", "account_deleted", "token_revoked"}
