"""The chat of a session, afterwards: each reads what was for them, page by page, at a cost that does not grow."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from contracts.leaving import LeaveReason
from contracts.log_events import ChatSent, LogEvent, ParticipantLeft
from contracts.rooms import Breakout, ChatMessage, Identity, ParticipantId
from tests.integration.functions.conftest import Person
from tests.integration.functions.counted_calls import counted_calls
from tests.integration.functions.lambda_events import Client, HttpAnswer
from tests.integration.functions.meeting_hosts import Host, tell
from tests.unit.meetings_service.room_history import START, edited, joined, moved, removed

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Make = Callable[[str], Host]


@pytest.fixture
def make(meetings: Client, person: Callable[..., Person]) -> Make:
    return lambda name: Host(meetings, person(name))


def stay(of: Host) -> ParticipantId:
    return ParticipantId(f"p_{of.person.id}")


def came(of: Host, at: int = START) -> LogEvent:
    event = joined(1, at)
    info = replace(event.participant, id=stay(of), identity=Identity(of.person.id), name="Somebody")
    return replace(event, participant=info)


def wrote(of: Host, text: str, *, to: str | Host | None = None, breakout: str | None = None) -> ChatSent:
    place = None if breakout is None else Breakout(id=breakout, name=breakout)
    addressee = to if isinstance(to, Host) else None
    known = stay(addressee) if addressee is not None else to if isinstance(to, str) else None
    message = ChatMessage(
        id=f"m_{text}", participant_id=stay(of), name="Somebody", text=text, at=START, to=known, breakout=place
    )
    return ChatSent(
        at=START,
        message=message,
        author=Identity(of.person.id),
        to=known,
        to_identity=None if addressee is None else Identity(addressee.person.id),
        breakout=breakout,
    )


def enters(of: Host, breakout: str | None) -> LogEvent:
    event = moved(1, START, breakout)
    return replace(
        event,
        moves=(replace(event.moves[0], participant_id=stay(of)),),
        identities=(Identity(of.person.id),),
    )


def removed_from_room(of: Host) -> LogEvent:
    return ParticipantLeft(
        at=START, participant_id=stay(of), identity=Identity(of.person.id), reason=LeaveReason.REMOVED
    )


def texts(answer: HttpAnswer) -> list[str | None]:
    assert answer.status == 200, answer.text
    return [each["text"] for each in answer.json()["items"]]


def test_each_reads_what_was_for_them(make: Make, admin: Person) -> None:
    host, ada, bob, eve = make("Host"), make("Ada"), make("Bob"), make("Eve")
    boss = Host(host.meetings, admin)
    meeting = host.make()
    tell(
        host.meetings,
        meeting["id"],
        came(ada),
        came(bob),
        came(eve),
        wrote(ada, "all"),
        wrote(ada, "hosts", to="hosts"),
        wrote(ada, "psst", to=bob),
        enters(ada, "b_1"),
        wrote(ada, "breakout", breakout="b_1"),
        removed_from_room(eve),
        wrote(bob, "later"),
    )
    path = f"/{meeting['id']}/sessions/1/chat"
    assert texts(ada.ask("GET", path)) == ["all", "hosts", "psst", "breakout", "later"]
    assert texts(bob.ask("GET", path)) == ["all", "psst", "later"]
    assert texts(eve.ask("GET", path)) == ["all"]
    assert texts(host.ask("GET", path)) == ["all", "hosts", "later"]
    assert texts(boss.ask("GET", path)) == ["all", "later"]
    stranger = make("Nobody")
    assert stranger.ask("GET", path).code == "permission_denied"
    for export in (".txt", ".json"):
        taken = bob.ask("GET", f"{path}{export}")
        assert taken.status == 200
        assert "hosts" not in taken.text
        assert "breakout" not in taken.text.replace('"breakout":null', "")
        assert stranger.ask("GET", f"{path}{export}").code == "permission_denied"
    cohost = make("Co")
    host.ask("POST", f"/{meeting['id']}/invitees", {"user_id": cohost.person.id, "role": "cohost"})
    assert texts(cohost.ask("GET", path)) == ["all", "hosts", "later"]


def test_message_is_told_as_it_is_in_the_end(make: Make) -> None:
    host, ada = make("Host"), make("Ada")
    meeting = host.make()
    first, second = wrote(ada, "first"), wrote(ada, "second", to=host)
    change = replace(edited(first, 2, START + 1000), text="better")
    gone = replace(removed(second, 3, START + 2000), by_identity=Identity(host.person.id))
    tell(host.meetings, meeting["id"], came(ada), first, second, change, gone)
    items = ada.ask("GET", f"/{meeting['id']}/sessions/1/chat").json()["items"]
    assert items == [
        {
            "id": "m_first",
            "version": 2,
            "at": "2027-01-15T08:00:00.000Z",
            "author": {"identity": ada.person.id, "name": "Somebody"},
            "text": "better",
            "to": None,
            "to_name": None,
            "breakout": None,
            "edited_at": "2027-01-15T08:00:01.000Z",
            "removed_at": None,
            "removed_by": None,
        },
        {
            "id": "m_second",
            "version": 3,
            "at": "2027-01-15T08:00:00.000Z",
            "author": {"identity": ada.person.id, "name": "Somebody"},
            "text": None,
            "to": host.person.id,
            "to_name": None,
            "breakout": None,
            "edited_at": None,
            "removed_at": "2027-01-15T08:00:02.000Z",
            "removed_by": host.person.id,
        },
    ]
    taken = ada.ask("GET", f"/{meeting['id']}/sessions/1/chat.txt")
    assert taken.headers["content-type"] == "text/plain; charset=utf-8"
    assert taken.headers["content-disposition"] == f'attachment; filename="{meeting["id"]}-1-chat.txt"'
    assert "link" not in taken.headers
    assert taken.text == (
        "[2027-01-15T08:00:00.000Z] Somebody (edited): better\n[2027-01-15T08:00:00.000Z] Somebody to ? (removed)\n"
    )
    kept = ada.ask("GET", f"/{meeting['id']}/sessions/1/chat.json").json()
    assert kept == {"meeting_id": meeting["id"], "title": "Weekly", "session": 1, "items": items}


def test_pages_bring_everything_once_at_the_same_cost_each(make: Make, dynamodb: DynamoDBClient) -> None:
    host, ada = make("Host"), make("Ada")
    meeting = host.make()
    said = [wrote(ada, f"{number}", to=host if number % 3 else None) for number in range(40)]
    tell(host.meetings, meeting["id"], came(ada), *said)
    found: list[str | None] = []
    cursor, pages = "", 0
    while True:
        with counted_calls(dynamodb) as calls:
            answer = ada.ask("GET", f"/{meeting['id']}/sessions/1/chat?limit=7{cursor}")
        assert sorted(calls) == ["BatchGetItem", "Query"]
        found += texts(answer)
        pages += 1
        if answer.json()["next_cursor"] is None:
            break
        cursor = f"&cursor={answer.json()['next_cursor']}"
    assert found == [f"{number}" for number in range(40)]
    assert pages == 6
    nobody = make("Bob")
    tell(host.meetings, meeting["id"], came(nobody), first=100)
    page = nobody.ask("GET", f"/{meeting['id']}/sessions/1/chat?limit=7").json()
    assert [each["text"] for each in page["items"]] == ["0", "3", "6"]
    assert page["next_cursor"]


def test_long_chat_is_taken_away_in_parts(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("meetings_service.history._PART_CHARACTERS", 200)
    monkeypatch.setattr("meetings_service.history._READ_AT_ONCE", 5)
    host, ada = make("Host"), make("Ada")
    meeting = host.make()
    said = [wrote(ada, f"number {number:02d} {'x' * 30}") for number in range(17)]
    tell(host.meetings, meeting["id"], came(ada), *said)
    path, whole, parts = f"/{meeting['id']}/sessions/1/chat.txt", "", 0
    while True:
        answer = ada.ask("GET", path)
        assert answer.status == 200, answer.text
        whole += answer.text
        parts += 1
        link = answer.headers.get("link")
        if link is None:
            break
        assert link.endswith('>; rel="next"')
        path = link.removeprefix("</v1/meetings").removesuffix('>; rel="next"')
    assert parts > 1
    assert [row[37:46] for row in whole.splitlines()] == [f"number {number:02d}"[:9] for number in range(17)]


@pytest.mark.parametrize("session", ["0", "2", "x", "01", "-1", "9999999999999"])
def test_session_that_is_none_is_not_found(make: Make, session: str) -> None:
    host = make("Host")
    meeting = host.make()
    tell(host.meetings, meeting["id"], came(host))
    answer = host.ask("GET", f"/{meeting['id']}/sessions/{session}/chat")
    assert (answer.status, answer.code) == (404, "not_found")


@pytest.mark.parametrize("cursor", ["x", "MTIzYQ", "LTE"])
def test_cursor_of_something_else_is_refused(make: Make, cursor: str) -> None:
    host = make("Host")
    meeting = host.make()
    tell(host.meetings, meeting["id"], came(host))
    answer = host.ask("GET", f"/{meeting['id']}/sessions/1/chat?cursor={cursor}")
    assert (answer.status, answer.code) == (422, "validation_failed")


def test_meeting_that_is_none_is_not_found(make: Make) -> None:
    for meeting in ("zzzz-zzzz-zzzz", "x"):
        answer = make("Host").ask("GET", f"/{meeting}/sessions/1/chat")
        assert (answer.status, answer.code) == (404, "meeting_not_found")
