"""Cursors that no list has given: garbage, those of other lists and people, and changed ones.

The lists are found in the operations themselves: a new one is tried without a line here.
"""

from __future__ import annotations

import base64
import itertools
import json
from collections.abc import Callable, Iterator

import msgspec
import pytest

from contracts.leaving import LeaveReason
from contracts.log_events import MeetingEnded, ParticipantLeft
from contracts.rooms import Identity, MeetingId, ParticipantId, room_of
from functions.serverless.cursors import Place, cursor_at, cursor_of_text
from functions.serverless.service import Operation
from tests.integration.functions.conftest import Person
from tests.integration.functions.lambda_events import Client
from tests.integration.functions.meeting_hosts import tell
from tests.integration.functions.strange_requests import assert_no_fault_of_ours, call, operations
from tests.integration.functions.test_roles_and_routes import BODIES
from tests.unit.meetings_service.room_history import START, joined


@pytest.fixture(params=["auth", "meetings"])
def service(request: pytest.FixtureRequest) -> Client:
    client: Client = request.getfixturevalue(request.param)
    return client


@pytest.fixture
def meeting(meetings: Client, admin: Person) -> str:
    """A meeting of the caller's: what is asked for below it is not refused for want of one."""
    made = meetings.request("POST", "/v1/meetings", {"title": "Weekly"}, token=admin.token)
    return str(made.json()["id"])


def paginated(client: Client) -> Iterator[Operation]:
    for operation in operations(client):
        if "cursor" in {field.encode_name for field in msgspec.structs.fields(operation.query)}:
            yield operation


def tampered(cursor: str) -> Iterator[str]:
    """A cursor with each kind of change that can be made to one."""
    yield cursor[:-1]
    yield cursor + "A"
    yield cursor + "="
    yield cursor[1:]
    yield cursor.swapcase()
    yield cursor[:4] + ("A" if cursor[4] != "A" else "B") + cursor[5:]
    yield "".join(reversed(cursor))
    yield cursor + "\x00"
    yield " " + cursor


pytestmark = pytest.mark.timeout(300)
NO_CURSORS = [
    "!",
    "=",
    "====",
    "A",
    "AAA=A",
    "ö",
    "\x00",
    "\ud800",
    "null",
    "0",
    "-1",
    "🙂",
    "a b",
    "a+b/c",
    "{}",
    "x" * 300,
]
FOREIGN = [
    cursor_of_text("x"),
    cursor_of_text("\x00"),
    cursor_of_text("a@example.org"),
    cursor_of_text("user#x"),
    cursor_of_text("000000000000001#"),
    cursor_of_text("999999999999999999999#x"),
    cursor_of_text("-00000000000001#x"),
    cursor_of_text("000000000000001#x#y#z"),
    cursor_at(Place(time=0, id="x")),
    cursor_at(Place(time=999_999_999_999_999, id="~" * 64)),
    base64.urlsafe_b64encode(b"\xff\xfe\x00").decode(),
    base64.urlsafe_b64encode(json.dumps({"pk": "USER#x", "sk": "ACCOUNT"}).encode()).rstrip(b"=").decode(),
    "eyJhbGciOiJub25lIn0.e30.",
    "MDAw" * 60,
]


def test_there_are_lists(auth: Client, meetings: Client) -> None:
    assert {operation.name for operation in paginated(auth)} >= {"list_users", "read_audit_log"}
    assert {operation.name for operation in paginated(meetings)} >= {
        "list_meetings",
        "list_rooms",
        "export_own_records",
    }


def ways(operation: Operation) -> list[dict[str, str]]:
    """The other parameters with which a list may be another one, with its own kind of cursor."""
    choices: list[dict[str, str]] = [{}]
    for field in msgspec.structs.fields(operation.query):
        schema = msgspec.json.schema(field.type)
        choices += [{field.encode_name: value} for value in schema.get("enum", ())]
    return choices


def test_what_is_no_cursor_is_refused_by_every_list(service: Client, admin: Person, meeting: str) -> None:
    """Unless there is not even something that the list would be of."""
    for operation, cursor in itertools.product(paginated(service), NO_CURSORS):
        for more in ways(operation):
            answer = call(service, operation, admin, meeting, query={"cursor": cursor, **more})
            assert answer.status in (404, 409, 422), (operation.name, more, answer.text)
            if answer.status == 422:
                assert [error["field"] for error in answer.json()["errors"]] == ["cursor"], operation.name


def test_cursors_of_other_lists_do_no_harm(service: Client, admin: Person, meeting: str) -> None:
    for operation, cursor in itertools.product(paginated(service), FOREIGN):
        for more in ways(operation):
            answer = call(service, operation, admin, meeting, query={"cursor": cursor, **more})
            assert_no_fault_of_ours(answer, operation.name, more)


def all_of(meetings: Client, person: Person, path: str, limit: int) -> list[dict[str, object]]:
    """What all pages have, each as short as asked for."""
    found, query = list[dict[str, object]](), f"?limit={limit}"
    while True:
        page = meetings.request("GET", f"{path}{query}", token=person.token).json()
        assert len(page["items"]) <= limit
        found += page["items"]
        if page["next_cursor"] is None:
            return found
        query = f"?limit={limit}&cursor={page['next_cursor']}"


@pytest.mark.parametrize("limit", [1, 2, 5, 100])
def test_sessions_and_bans_come_page_by_page(meetings: Client, admin: Person, meeting: str, limit: int) -> None:
    for number in range(1, 6):
        room = room_of(MeetingId(meeting), number)
        banned = ParticipantLeft(
            at=START + 2,
            participant_id=ParticipantId(f"p_{number}"),
            identity=Identity(f"u_banned{number}"),
            reason=LeaveReason.REMOVED,
            banned="Eve",
        )
        tell(meetings, room, joined(number, START + number), banned, MeetingEnded(at=START + 3, by=None))
        if number % 2:
            path = f"/v1/meetings/{meeting}/bans/u_banned{number}"
            assert meetings.request("DELETE", path, token=admin.token).status == 204
    sessions = all_of(meetings, admin, f"/v1/meetings/{meeting}/sessions", limit)
    assert [each["number"] for each in sessions] == [5, 4, 3, 2, 1]
    bans = all_of(meetings, admin, f"/v1/meetings/{meeting}/bans", limit)
    assert [each["identity"] for each in bans] == ["u_banned2", "u_banned4"]


@pytest.fixture
def lists_of_two(auth: Client, meetings: Client, admin: Person, meeting: str) -> str:
    """Something to go on with in most lists: the meeting whose stream keys are two."""
    meetings.request("POST", "/v1/meetings", {"title": "Another"}, token=admin.token)
    schedule = {"start": "2099-01-01T09:00:00", "time_zone": "UTC", "duration_minutes": 5, "rule": "FREQ=DAILY"}
    meetings.request("POST", "/v1/meetings", {"title": "Daily", "schedule": schedule}, token=admin.token)
    for name in ("A", "B"):
        auth.request("POST", "/v1/auth/service-accounts", BODIES["create_service_account"], token=admin.token)
        path = f"/v1/meetings/{meeting}/stream-keys"
        assert meetings.request("POST", path, {"name": name}, token=admin.token).status == 201
    return meeting


def test_cursors_that_were_tampered_with_do_no_harm(
    auth: Client, meetings: Client, admin: Person, lists_of_two: str
) -> None:
    given: dict[str, str] = {}
    for client in (auth, meetings):
        for operation in paginated(client):
            for more in ways(operation):
                answer = call(client, operation, admin, lists_of_two, query={"limit": "1", **more})
                if answer.status == 200 and answer.json()["next_cursor"] is not None:
                    given[f"{operation.name} {more}"] = cursor = answer.json()["next_cursor"]
                    for changed in tampered(cursor):
                        again = call(client, operation, admin, lists_of_two, query={"cursor": changed, **more})
                        assert_no_fault_of_ours(again, operation.name, more, changed)
    assert {name.partition(" ")[0] for name in given} >= {
        "list_users",
        "list_service_accounts",
        "read_audit_log",
        "list_meetings",
        "list_stream_keys",
    }
    for client in (auth, meetings):
        for operation in paginated(client):
            for whose, cursor in given.items():
                answer = call(client, operation, admin, lists_of_two, query={"cursor": cursor})
                assert_no_fault_of_ours(answer, operation.name, whose)


def test_a_cursor_of_somebody_elses_list_shows_nothing_of_theirs(
    meetings: Client, admin: Person, lists_of_two: str, person: Callable[..., Person]
) -> None:
    bob = person("Bob")
    operation = next(each for each in paginated(meetings) if each.name == "list_meetings")
    for more in ways(operation):
        cursor = call(meetings, operation, admin, lists_of_two, query={"limit": "1", **more}).json()["next_cursor"]
        if cursor is not None:
            answer = call(meetings, operation, bob, lists_of_two, query={"cursor": cursor, **more})
            assert answer.status == 422 or answer.json()["items"] == [], more
