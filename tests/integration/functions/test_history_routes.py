"""What a session leaves behind beside its chat: attendance, polls, breakout rooms; and how long it is kept."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from contracts.leaving import LeaveReason
from contracts.log_events import (
    BreakoutsClosed,
    BreakoutsOpened,
    LogEvent,
    MeetingEnded,
    ParticipantLeft,
    PollClosed,
)
from contracts.rooms import Breakout, Breakouts, Identity, ParticipantId
from tests.integration.functions.conftest import Person
from tests.integration.functions.counted_calls import counted_calls
from tests.integration.functions.lambda_events import Client
from tests.integration.functions.meeting_hosts import Host, in_utc, tell
from tests.integration.functions.test_chat_history_routes import Make, came, enters, stay, wrote
from tests.integration.functions.test_chat_history_routes import make as make  # noqa: PLC0414  (the fixture)
from tests.unit.meetings_service.room_history import START, asked, joined, left, notes_kept, voted

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

RED = Breakout(id="b_1", name="Red")
OPENED = BreakoutsOpened(at=START, breakouts=Breakouts(rooms=(RED,), free_choice=False), by=ParticipantId("p_1"))


@pytest.fixture
def keeping(meetings: Client, admin: Person) -> Iterator[Callable[[int | None], None]]:
    """Says for how many days histories are kept."""

    def keep(days: int | None) -> None:
        body: dict[str, object] = {"defaults": {}, "history_days": days}
        answer = meetings.request("PUT", "/v1/meetings/organisation", body, token=admin.token)
        assert answer.status == 200, answer.text
        assert answer.json()["history_days"] == days

    yield keep
    keep(None)


def test_attendance_is_told_to_those_who_run_the_meeting(make: Make, admin: Person) -> None:
    host, ada = make("Host"), make("Ada")
    meeting = host.make()
    gone = replace(left(1, START + 65_000), participant_id=stay(ada), identity=Identity(ada.person.id))
    tell(host.meetings, meeting["id"], came(ada), OPENED, enters(ada, "b_1"), joined(2, START + 1_000), gone)
    tell(host.meetings, meeting["id"], MeetingEnded(at=START + 90_000, by=None), first=50)
    path = f"/{meeting['id']}/sessions/1/attendance"
    for other in (ada, make("Eve")):
        assert other.ask("GET", path).code == "permission_denied"
        assert other.ask("GET", f"{path}.csv").code == "permission_denied"
        assert other.ask("GET", f"/{meeting['id']}/sessions/1/breakouts").code == "permission_denied"
    for runs in (host, Host(host.meetings, admin)):
        guest, account = runs.ask("GET", path).json()["items"]
        assert account == {
            "identity": ada.person.id,
            "name": "Somebody",
            "guest": False,
            "kind": "person",
            "role": "guest",
            "joined_at": "2027-01-15T08:00:00.000Z",
            "left_at": "2027-01-15T08:01:05.000Z",
            "seconds": 65,
            "hands": 0,
            "reactions": 0,
            "stays": [
                {
                    "participant_id": stay(ada),
                    "name": "Somebody",
                    "role": "guest",
                    "joined_at": "2027-01-15T08:00:00.000Z",
                    "left_at": "2027-01-15T08:01:05.000Z",
                    "left_because": "left",
                    "roles": [],
                    "breakouts": [
                        {
                            "id": "b_1",
                            "name": "Red",
                            "entered_at": "2027-01-15T08:00:00.000Z",
                            "left_at": "2027-01-15T08:01:05.000Z",
                            "assigned": True,
                        }
                    ],
                }
            ],
        }
        assert (guest["identity"], guest["guest"], guest["left_at"]) == ("g_2", True, "2027-01-15T08:01:30.000Z")
    table = host.ask("GET", f"{path}.csv")
    assert table.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    assert table.headers["content-disposition"] == f'attachment; filename="{meeting["id"]}-1-attendance.csv"'
    rows = list(csv.reader(io.StringIO(table.text, newline=""), strict=True))
    assert [(row[0], row[1], row[6]) for row in rows[1:]] == [
        ("Somebody", ada.person.id, "65"),
        ("Guest 2", "", "89"),
    ]


def test_pages_bring_everybody_once_at_the_same_cost_each(make: Make, dynamodb: DynamoDBClient) -> None:
    host = make("Host")
    meeting = host.make()
    arrivals: list[LogEvent] = []
    for number in range(23):
        event = joined(number, START + number)
        identity = Identity(f"g_{number % 20}")  # three come twice
        arrivals.append(replace(event, participant=replace(event.participant, identity=identity)))
    tell(host.meetings, meeting["id"], *arrivals)
    found: list[str] = []
    stays, cursor = 0, ""
    while True:
        with counted_calls(dynamodb) as calls:
            page = host.ask("GET", f"/{meeting['id']}/sessions/1/attendance?limit=6{cursor}").json()
        assert sorted(calls) == ["BatchGetItem", "Query", "Query", "Query"]
        found += [each["identity"] for each in page["items"]]
        stays += sum(len(each["stays"]) for each in page["items"])
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert found == sorted({f"g_{number}" for number in range(20)})
    assert stays == 23


@pytest.mark.parametrize("cursor", ["fn4", "w6Q", "*"])  # two tildes, a letter that is none of ours, no base64
def test_cursor_of_something_else_is_refused(make: Make, cursor: str) -> None:
    host = make("Host")
    meeting = host.make()
    tell(host.meetings, meeting["id"], came(host))
    answer = host.ask("GET", f"/{meeting['id']}/sessions/1/attendance?cursor={cursor}")
    assert (answer.status, answer.code) == (422, "validation_failed")


def test_sessions_of_a_series_are_told_apart(make: Make) -> None:
    host, ada, bob = make("Host"), make("Ada"), make("Bob")
    meeting = host.make(schedule={**in_utc(60), "rule": "FREQ=DAILY;COUNT=5"})
    tell(host.meetings, meeting["id"], came(ada), wrote(ada, "first"), MeetingEnded(at=START, by=None))
    tell(host.meetings, f"{meeting['id']}.2", came(bob), wrote(bob, "second"))
    for session, person, text in ((1, ada, "first"), (2, bob, "second")):
        items = host.ask("GET", f"/{meeting['id']}/sessions/{session}/attendance").json()["items"]
        assert [each["identity"] for each in items] == [person.person.id]
        lines = person.ask("GET", f"/{meeting['id']}/sessions/{session}/chat").json()["items"]
        assert [each["text"] for each in lines] == [text]
    assert ada.ask("GET", f"/{meeting['id']}/sessions/2/chat").code == "permission_denied"


def test_polls_and_breakout_rooms_are_told_as_they_came_out(make: Make) -> None:
    host, ada = make("Host"), make("Ada")
    meeting = host.make()
    poll = f"q_{START}"
    tell(
        host.meetings,
        meeting["id"],
        came(ada),
        asked(1, START),
        voted(poll, 1, START + 1, (1, 0)),
        voted(poll, 2, START + 2, (1, 3)),
        PollClosed(at=START + 3_000, poll_id=poll),
        asked(1, START + 5_000),
        OPENED,
        BreakoutsClosed(at=START + 60_000, by=None),
    )
    tell(host.meetings, meeting["id"], voted(poll, 1, START + 1, (1, 0)), first=3)  # once more
    path = f"/{meeting['id']}/sessions/1"
    first, second = ada.ask("GET", f"{path}/polls").json()["items"]
    assert first == {
        "id": poll,
        "question": "Tea?",
        "options": [{"text": "yes", "votes": 1}, {"text": "no", "votes": 3}],
        "multiple": False,
        "voters": 4,
        "created_at": "2027-01-15T08:00:00.000Z",
        "created_by": "p_1",
        "closed_at": "2027-01-15T08:00:03.000Z",
        "prepared_id": None,
    }
    assert (second["voters"], second["closed_at"], second["options"][0]["votes"]) == (0, None, 0)
    assert make("Eve").ask("GET", f"{path}/polls").code == "permission_denied"
    assert host.ask("GET", f"{path}/breakouts").json()["items"] == [
        {
            "id": "b_1",
            "name": "Red",
            "opened_at": "2027-01-15T08:00:00.000Z",
            "closed_at": "2027-01-15T08:01:00.000Z",
            "free_choice": False,
        }
    ]


def test_notes_are_read_as_they_were_last_by_those_who_were_there(make: Make, admin: Person) -> None:
    host, ada, eve = make("Host"), make("Ada"), make("Eve")
    meeting = host.make(title="Weekly")
    path = f"/{meeting['id']}/sessions/1/notes"
    tell(host.meetings, meeting["id"], came(ada), came(eve), notes_kept("Agenda", 1, START))
    agenda = {"text": "Agenda", "kept_at": "2027-01-15T08:00:00.000Z"}
    assert eve.ask("GET", path).json() == {**agenda, "before": None}
    out = ParticipantLeft(
        at=START, participant_id=stay(eve), identity=Identity(eve.person.id), reason=LeaveReason.REMOVED
    )
    tell(host.meetings, meeting["id"], out, notes_kept("Agenda\n- budget \N{EURO SIGN}", 1, START + 1000), first=4)
    tell(host.meetings, meeting["id"], notes_kept("Agenda", 1, START), first=3)  # once more
    whole = {"text": "Agenda\n- budget \N{EURO SIGN}", "kept_at": "2027-01-15T08:00:01.000Z"}
    for reader in (host, ada, Host(host.meetings, admin)):
        assert reader.ask("GET", path).json() == {**whole, "before": None}
        taken = reader.ask("GET", f"{path}.txt")
        assert (taken.text, taken.headers["content-type"]) == (whole["text"], "text/plain; charset=utf-8")
        assert f'filename="{meeting["id"]}-1-notes.txt"' in taken.headers["content-disposition"]
        about = {"meeting_id": meeting["id"], "title": "Weekly", "session": 1}
        assert reader.ask("GET", f"{path}.json").json() == {**about, **whole}
    for export in ("", ".json"):
        assert eve.ask("GET", path + export).json()["text"] == "", "who was taken out reads none of what came after"
        assert make("Nobody").ask("GET", path + export).code == "permission_denied"
    assert eve.ask("GET", f"{path}.txt").text == ""


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (1, 3, 0, 2)])
def test_notes_that_somebody_has_deleted_are_there_for_those_who_run_the_meeting(
    make: Make, admin: Person, order: tuple[int, ...]
) -> None:
    host, ada = make("Host"), make("Ada")
    meeting = host.make()
    path = f"/{meeting['id']}/sessions/1/notes"
    texts = ["Agenda", "Agenda\n- budget \N{EURO SIGN}", "Agenda\n- budget", ""]
    told = [notes_kept(text, 1, START + number * 1000) for number, text in enumerate(texts)]
    tell(host.meetings, meeting["id"], came(ada))
    for number in order:
        tell(host.meetings, meeting["id"], told[number], first=2 + number)
    before = {"text": texts[1], "at": "2027-01-15T08:00:01.000Z"}
    for reader in (host, Host(host.meetings, admin)):
        assert reader.ask("GET", path).json() == {"text": "", "kept_at": "2027-01-15T08:00:03.000Z", "before": before}
    assert ada.ask("GET", path).json()["before"] is None, "others read what the notes are in the end"


def test_notes_of_which_half_is_left_are_told_as_they_are_alone(make: Make) -> None:
    host = make("Host")
    meeting = host.make()
    path = f"/{meeting['id']}/sessions/1/notes"
    tell(host.meetings, meeting["id"], came(host), notes_kept("12345678", 1, START), notes_kept("1234", 1, START + 1))
    assert (host.ask("GET", path).json()["text"], host.ask("GET", path).json()["before"]) == ("1234", None)
    tell(host.meetings, meeting["id"], notes_kept("123", 1, START + 2), first=4)
    assert host.ask("GET", path).json()["before"]["text"] == "12345678"


def test_notes_from_before_what_is_kept_are_not_told_as_earlier_ones(
    make: Make, keeping: Callable[[int | None], None]
) -> None:
    host = make("Host")
    meeting = host.make()
    path = f"/{meeting['id']}/sessions/1/notes"
    tell(host.meetings, meeting["id"], came(host, 1_000), notes_kept("12345678", 1, 1_000), notes_kept("1", 1, START))
    assert host.ask("GET", path).json()["before"]["text"] == "12345678"
    keeping(30)
    assert host.ask("GET", path).json() == {"text": "1", "kept_at": "2027-01-15T08:00:00.000Z", "before": None}


def test_who_voted_what_is_kept_nowhere(make: Make, dynamodb: DynamoDBClient, tables: dict[str, str]) -> None:
    host = make("Host")
    meeting = host.make()
    secret = replace(voted(f"q_{START}", 1, START, (1, 0)), identity=Identity("u_secret"))
    tell(host.meetings, meeting["id"], asked(1, START), secret)
    answer = dynamodb.query(
        TableName=tables["meetings"],
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": f"MEETING#{meeting['id']}"}},
    )
    assert "u_secret" not in str(answer["Items"])


def test_what_is_older_than_the_organisation_keeps_is_told_to_nobody(
    make: Make, keeping: Callable[[int | None], None]
) -> None:
    host, ada = make("Host"), make("Ada")
    meeting = host.make(schedule={**in_utc(60), "rule": "FREQ=DAILY;COUNT=5"})
    tell(host.meetings, meeting["id"], came(ada, 1_000), wrote(ada, "old"), MeetingEnded(at=2_000, by=None))
    old = replace(wrote(ada, "old"), message=replace(wrote(ada, "old").message, at=1_000))
    tell(host.meetings, f"{meeting['id']}.2", came(ada), old, wrote(ada, "new"))  # a long one
    paths = [
        f"/{meeting['id']}/sessions/1/{name}"
        for name in ("chat", "chat.txt", "polls", "notes", "notes.txt", "notes.json")
    ]
    ran = [f"/{meeting['id']}/sessions/1/{name}" for name in ("attendance", "attendance.csv", "breakouts")]
    assert all(ada.ask("GET", path).status == 200 for path in paths)
    assert all(host.ask("GET", path).status == 200 for path in (*paths, *ran))
    keeping(30)
    for path in (*paths, *ran):
        assert host.ask("GET", path).code == "not_found", path
    lines = ada.ask("GET", f"/{meeting['id']}/sessions/2/chat").json()["items"]
    assert [each["text"] for each in lines] == ["new"]
    assert [each["number"] for each in host.ask("GET", f"/{meeting['id']}/sessions").json()["items"]] == [2, 1]


def test_what_is_kept_no_longer_is_deleted_and_does_not_come_back(
    make: Make, keeping: Callable[[int | None], None], dynamodb: DynamoDBClient, tables: dict[str, str]
) -> None:
    host, ada = make("Host"), make("Ada")
    meeting = host.make(schedule={**in_utc(60), "rule": "FREQ=DAILY;COUNT=5"})
    old: list[LogEvent] = [
        came(ada, 1_000),
        *(wrote(ada, f"old {number}") for number in range(60)),
        asked(1, 1_500),
        notes_kept("old notes", 1, 1_600),
        OPENED,
        MeetingEnded(at=2_000, by=Identity(ada.person.id)),
    ]
    tell(host.meetings, meeting["id"], *old)
    tell(host.meetings, f"{meeting['id']}.2", came(ada, 1_000), wrote(ada, "live"))  # for very long
    tell(host.meetings, f"{meeting['id']}.3", came(ada), wrote(ada, "new"), MeetingEnded(at=START + 5, by=None))

    def kept(session: str) -> str:
        pages = dynamodb.get_paginator("query").paginate(
            TableName=tables["meetings"],
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": f"MEETING#{meeting['id']}{session}"}},
        )
        return str([item for page in pages for item in page["Items"] if item["sk"]["S"] != "MEETING"])

    host.meetings.module.retention.run()
    assert "old 59" in kept("")
    assert "NOTES#LONGEST" in kept("")
    keeping(30)
    for _ in range(2):
        host.meetings.module.retention.run()
        tell(host.meetings, meeting["id"], *old)  # told once more
        for trace in (
            "old",
            "CHAT#",
            "ATTENDANCE#",
            "PERSON#",
            "POLL#",
            "NOTES",
            "NOTES#LONGEST",
            "BREAKOUTS#",
            ada.person.id,
        ):
            assert trace not in kept(""), trace
        assert "live" in kept(".2")
        assert "new" in kept(".3")
    items = host.ask("GET", f"/{meeting['id']}/sessions").json()["items"]
    assert [each["forgotten_at"] is not None for each in items] == [False, False, True]
    assert [each["ended_by"] for each in items] == [None, None, None]
    keeping(None)
    assert host.ask("GET", f"/{meeting['id']}/sessions/1/attendance").code == "not_found"
    assert ada.ask("GET", f"/{meeting['id']}/sessions/3/chat").status == 200


def test_forgetting_goes_on_where_it_was_left(
    make: Make, keeping: Callable[[int | None], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    host, ada = make("Host"), make("Ada")
    meetings = [host.make()["id"] for _ in range(2)]
    for meeting in meetings:
        said = [wrote(ada, f"{number}") for number in range(30)]
        tell(host.meetings, meeting, came(ada, 1_000), *said, MeetingEnded(at=2_000, by=None))
    keeping(30)
    monkeypatch.setattr("meetings_service.retention.AT_ONCE_S", 0)

    def left() -> int:
        records = host.meetings.module.records
        return sum(len(records.chat(meeting)) for meeting in meetings)

    runs, before = 0, left()
    while left():
        host.meetings.module.retention.run()
        runs += 1
        assert left() <= before
        before = left()
    assert runs > 2
