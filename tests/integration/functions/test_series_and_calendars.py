"""Single occurrences, series that are split, calendar feeds, hints of conflicts, and reminders: over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from tests.doubles.calendar_reader import read_calendar
from tests.doubles.inbox import Inbox
from tests.integration.functions.conftest import Person
from tests.integration.functions.counted_calls import counted_calls
from tests.integration.functions.host_mails import Killed, Killer, Post, calendar_of, event_of, note_address
from tests.integration.functions.lambda_events import Client, HttpAnswer
from tests.integration.functions.meeting_hosts import Host, in_utc

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

BERLIN = ZoneInfo("Europe/Berlin")
TODAY = datetime.now(BERLIN).replace(hour=9, minute=0, second=0, microsecond=0, tzinfo=None)


def day(number: int, hour: int = 9) -> str:
    return (TODAY + timedelta(days=number)).replace(hour=hour).isoformat()


DAILY = {"start": day(1), "time_zone": "Europe/Berlin", "duration_minutes": 30, "rule": "FREQ=DAILY;COUNT=6"}


@pytest.fixture
def post(postal: Client, person: Callable[..., Person], inbox: Inbox) -> Post:
    return Post(postal, Host(postal, person("Ada")), inbox)


@pytest.fixture
def host(meetings: Client, person: Callable[..., Person]) -> Callable[..., Host]:
    return lambda name="Ada": Host(meetings, person(name))


@pytest.fixture
def address(request: pytest.FixtureRequest) -> str:
    return f"{request.node.name[:40].lower()}@example.org"


# ---- occurrences ----


def shown(host: Host, meeting: dict[str, Any], query: str = "") -> list[tuple[str, bool, bool]]:
    items = host.ask("GET", f"/{meeting['id']}/occurrences{query}").json()["items"]
    return [(each["occurrence"], each["changed"], each["cancelled"]) for each in items]


def test_single_occurrences_are_moved_cancelled_and_brought_back(host: Callable[..., Host]) -> None:
    ada, bob = host(), host("Bob")
    meeting = ada.make(schedule=DAILY)
    path = f"/{meeting['id']}/occurrences"
    assert bob.ask("GET", path).code == "permission_denied"
    moved = ada.ask("PATCH", f"{path}/{day(2)}", {"start": day(2, 15), "title": "Long one", "duration_minutes": 90})
    assert moved.status == 200, moved.text
    assert ada.ask("PATCH", f"{path}/{day(3)}", {"cancelled": True}).status == 200
    assert shown(ada, meeting) == [
        (day(1), False, False),
        (day(2), True, False),
        (day(3), True, True),
        *((day(number), False, False) for number in (4, 5, 6)),
    ]
    upcoming = [each["occurrence"]["occurrence"] for each in ada.listed("upcoming")]
    assert upcoming == [day(number) for number in (1, 2, 4, 5, 6)]
    back = ada.ask("PATCH", f"{path}/{day(3)}", {"cancelled": False})
    assert [each["occurrence"] for each in back.json()["schedule"]["exceptions"]] == [day(2)]
    again = ada.ask("PATCH", f"{path}/{day(2)}", {"start": None, "title": None, "duration_minutes": None})
    assert again.json()["schedule"]["exceptions"] == []
    for name in (day(7), "nonsense", day(2, 10)):
        assert ada.ask("PATCH", f"{path}/{name}", {"cancelled": True}).status == 422, name
    stale = ada.ask("PATCH", f"{path}/{day(2)}", {"cancelled": True}, If_Match='"1"')
    assert stale.code == "precondition_failed"


def test_occurrences_come_page_by_page(host: Callable[..., Host]) -> None:
    ada = host()
    meeting = ada.make(schedule=DAILY)
    found, query = [], "?limit=4"
    while True:
        answer = ada.ask("GET", f"/{meeting['id']}/occurrences{query}").json()
        found += [each["occurrence"] for each in answer["items"]]
        if answer["next_cursor"] is None:
            break
        query = f"?limit=4&cursor={answer['next_cursor']}"
    assert found == [day(number) for number in range(1, 7)]
    assert ada.ask("GET", f"/{meeting['id']}/occurrences?after=yesterday").status == 422


def test_changed_occurrences_reach_calendars_with_the_whole_series(post: Post, address: str) -> None:
    meeting = post.host.make("Stand-up", schedule=DAILY)
    post.invite(meeting, address)
    post.deliver()
    path = f"/{meeting['id']}/occurrences"
    post.host.ask("PATCH", f"{path}/{day(2)}", {"start": day(2, 15)})
    post.deliver()
    post.host.ask("PATCH", f"{path}/{day(3)}", {"cancelled": True})
    last = post.mails(address)[-1]
    main, other = calendar_of(last).walk("VEVENT")
    assert (main["SEQUENCE"], other["SEQUENCE"]) == (2, 2)
    assert [each.dt.replace(tzinfo=None).isoformat() for each in main["EXDATE"].dts] == [day(3)]
    assert other["RECURRENCE-ID"].dt.replace(tzinfo=None).isoformat() == day(2)
    assert other["DTSTART"].dt.replace(tzinfo=None).isoformat() == day(2, 15)


def test_this_and_all_following_become_a_series_of_their_own(post: Post, address: str) -> None:
    meeting = post.host.make("Stand-up", schedule=DAILY)
    post.invite(meeting, address, name="Bob", role="cohost")
    post.deliver()
    body = {"occurrence": day(4), "title": "Shorter", "schedule": {"duration_minutes": 15}}
    made = post.host.ask("POST", f"/{meeting['id']}/split", body)
    assert made.status == 201, made.text
    new = made.json()
    assert (new["title"], new["schedule"]["start"], new["schedule"]["duration_minutes"]) == ("Shorter", day(4), 15)
    assert new["id"] != meeting["id"]
    assert [name for name, *_ in shown(post.host, meeting)] == [day(1), day(2), day(3)]
    assert [name for name, *_ in shown(post.host, new)] == [day(4), day(5), day(6)]
    [invitee] = post.host.ask("GET", f"/{new['id']}/invitees").json()["items"]
    assert (invitee["address"], invitee["name"], invitee["role"]) == (address, "Bob", "cohost")
    again = post.host.ask("POST", f"/{meeting['id']}/split", body)
    assert again.json()["id"] == new["id"]
    assert post.host.ask("POST", f"/{meeting['id']}/split", {**body, "title": "Other"}).code == "conflict"
    subjects = sorted(mail["Subject"] for mail in post.mails(address)[1:])
    assert subjects == ["Ada invites you: Shorter", "Changed: Stand-up"]
    events = {event_of(mail)["UID"]: event_of(mail) for mail in post.mails(address)[1:]}
    former = events[f"{meeting['id']}@meet.test"]
    assert former["RRULE"]["UNTIL"][0] < datetime.fromisoformat(day(4)).replace(tzinfo=BERLIN)


def test_answers_come_along_where_times_stay(host: Callable[..., Host]) -> None:
    ada, bob = host(), host("Bob")
    for change, answer in (({"title": "x"}, "accepted"), ({"schedule": {"start": day(4, 11)}}, "needs_action")):
        meeting = ada.make(schedule=DAILY)
        ada.ask("POST", f"/{meeting['id']}/invitees", {"user_id": bob.person.id})
        bob.ask("PUT", f"/{meeting['id']}/answer", {"answer": "accepted"})
        new = ada.ask("POST", f"/{meeting['id']}/split", {"occurrence": day(4), **change})
        assert new.status == 201, new.text
        [invitee] = ada.ask("GET", f"/{new.json()['id']}/invitees").json()["items"]
        assert (invitee["answer"], invitee["outdated"]) == (answer, False)


def test_a_split_that_dies_half_way_is_finished_by_asking_again(
    host: Callable[..., Host], dynamodb: DynamoDBClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, bob = host(), host("Bob")
    killer = Killer(dynamodb, ada.meetings.module.mailing, monkeypatch)
    for writes in range(1, 10):
        meeting = ada.make(schedule=DAILY)
        ada.ask("POST", f"/{meeting['id']}/invitees", {"user_id": bob.person.id})
        hosted = len(ada.listed("hosted"))
        killer.left, died = writes, False
        try:
            made = ada.ask("POST", f"/{meeting['id']}/split", {"occurrence": day(4)})
        except Killed:
            died = True
            made = ada.ask("POST", f"/{meeting['id']}/split", {"occurrence": day(4)})
        assert made.status == 201
        assert len(ada.listed("hosted")) == hosted + 1
        assert len(shown(ada, meeting)) == len(shown(ada, made.json())) == 3
        assert len(ada.ask("GET", f"/{made.json()['id']}/invitees").json()["items"]) == 1
        if not died:
            assert writes > 3
            return
    pytest.fail("it writes on and on")


def test_a_series_ends_before_an_occurrence(host: Callable[..., Host]) -> None:
    ada = host()
    meeting = ada.make(schedule=DAILY)
    ended = ada.ask("POST", f"/{meeting['id']}/end-series", {"occurrence": day(3)})
    assert ended.status == 200
    assert [name for name, *_ in shown(ada, meeting)] == [day(1), day(2)]
    assert ada.ask("POST", f"/{meeting['id']}/end-series", {"occurrence": day(1)}).status == 422


# ---- feeds ----


def feed(client: Client, url: str, **headers: str) -> HttpAnswer:
    return client.request("GET", url.removeprefix("http://meet.test"), headers=headers)


def test_a_calendar_is_subscribed_to_by_a_secret_address(host: Callable[..., Host]) -> None:
    ada, bob = host(), host("Bob")
    assert bob.ask("GET", "/calendar").json() == {"url": None, "created_at": None, "last_read_at": None}
    made = bob.ask("POST", "/calendar")
    assert made.status == 201
    url = made.json()["url"]
    assert bob.ask("GET", "/calendar").json()["url"] == url
    empty = feed(bob.meetings, url)
    assert empty.headers["content-type"] == "text/calendar"
    own = bob.make("Own; one", description="Line\nbreak", schedule={**DAILY, "start": day(1, 12)})
    bob.ask("PATCH", f"/{own['id']}/occurrences/{day(2, 12)}", {"cancelled": True})
    invited = ada.make("Invited", schedule=DAILY)
    declined = ada.make("Declined", schedule=in_utc(300))
    cancelled = ada.make("Cancelled", schedule=in_utc(300))
    for meeting in (invited, declined, cancelled):
        ada.ask("POST", f"/{meeting['id']}/invitees", {"user_id": bob.person.id})
    note_address(bob, "bob@example.org")
    bob.ask("PUT", f"/{invited['id']}/answer", {"answer": "accepted"})
    bob.ask("PUT", f"/{invited['id']}/answer", {"answer": "declined", "occurrence": day(3)})
    bob.ask("PUT", f"/{declined['id']}/answer", {"answer": "declined"})
    ada.ask("POST", f"/{cancelled['id']}/cancel")
    bob.make("Without a time")
    answer = feed(bob.meetings, url)
    calendar = read_calendar(answer.text)
    assert "METHOD" not in calendar
    assert calendar["X-WR-CALNAME"] == "Bob (Parley)"
    events = [(str(event["SUMMARY"]), "RECURRENCE-ID" in event) for event in calendar.walk("VEVENT")]
    assert sorted(events) == [("Invited", False), ("Invited", True), ("Own; one", False)]
    by_uid = {event["UID"]: event for event in calendar.walk("VEVENT") if "RECURRENCE-ID" not in event}
    mine = by_uid[f"{own['id']}@meet.test"]
    assert [each.dt.replace(tzinfo=None).isoformat() for each in mine["EXDATE"].dts] == [day(2, 12)]
    assert by_uid[f"{invited['id']}@meet.test"]["ATTENDEE"].params["PARTSTAT"] == "ACCEPTED"
    [zone] = calendar.walk("VTIMEZONE")
    assert zone["TZID"] == "Europe/Berlin"
    assert bob.ask("GET", "/calendar").json()["last_read_at"] is not None


def test_a_calendar_that_has_not_changed_is_not_sent_again(host: Callable[..., Host]) -> None:
    ada = host()
    ada.make(schedule=DAILY)
    url = ada.ask("POST", "/calendar").json()["url"]
    first = feed(ada.meetings, url)
    tag = first.headers["etag"]
    unchanged = feed(ada.meetings, url, **{"If-None-Match": tag})
    assert (unchanged.status, unchanged.text) == (304, "")
    ada.make("Another", schedule=in_utc(100))
    changed = feed(ada.meetings, url, **{"If-None-Match": tag})
    assert changed.status == 200
    assert changed.headers["etag"] != tag


def test_an_address_that_was_replaced_or_revoked_opens_nothing(host: Callable[..., Host]) -> None:
    ada = host()
    first = ada.ask("POST", "/calendar").json()["url"]
    second = ada.ask("POST", "/calendar").json()["url"]
    assert [feed(ada.meetings, url).status for url in (first, second)] == [404, 200]
    assert feed(ada.meetings, second.removesuffix(".ics")).status == 404
    assert ada.ask("DELETE", "/calendar").status == 204
    assert ada.ask("DELETE", "/calendar").status == 204
    assert feed(ada.meetings, second).status == 404


def test_a_calendar_is_read_as_often_as_programs_do_and_no_more(host: Callable[..., Host]) -> None:
    ada = host()
    url = ada.ask("POST", "/calendar").json()["url"]
    statuses = [feed(ada.meetings, url).status for _ in range(122)]
    assert statuses[:120] == [200] * 120
    assert statuses[-1] == 429


def test_a_calendar_costs_the_same_however_many_meetings_there_are(
    host: Callable[..., Host], dynamodb: DynamoDBClient
) -> None:
    ada = host()
    url = ada.ask("POST", "/calendar").json()["url"]

    def cost() -> list[str]:
        with counted_calls(dynamodb) as calls:
            assert feed(ada.meetings, url).status == 200
        return sorted(calls)

    ada.make(schedule=DAILY)
    cost()
    few = cost()
    for number in range(20):
        ada.make(schedule=in_utc(60 * number + 30))
    assert cost() == few
    assert few == ["BatchGetItem", "GetItem", "GetItem", "GetItem", "Query", "Query"]


# ---- conflicts ----


def test_what_is_at_the_same_time_is_a_hint_and_no_hindrance(host: Callable[..., Host]) -> None:
    ada, bob = host(), host("Bob")
    series = ada.make("Stand-up", schedule=DAILY)
    ada.ask("POST", f"/{series['id']}/invitees", {"user_id": bob.person.id})
    once = {"start": day(2), "time_zone": "Europe/Berlin", "duration_minutes": 60}
    asked = bob.ask("POST", "/conflicts", {"schedule": once})
    assert asked.status == 200, asked.text
    [found] = asked.json()["items"]
    assert (found["meeting_id"], found["role"], found["occurrence"]["occurrence"]) == (
        series["id"],
        "participant",
        day(2),
    )
    assert found["planned"]["occurrence"] == day(2)
    made = bob.make("Mine", schedule=once)
    assert [each["meeting_id"] for each in made["conflicts"]] == [series["id"]]
    assert bob.ask("PATCH", f"/{made['id']}", {"title": "Still mine"}).json()["conflicts"] is None
    moved = bob.ask("PATCH", f"/{made['id']}", {"schedule": {"start": day(2, 17)}})
    assert moved.json()["conflicts"] == []
    own = {"schedule": {**once, "start": day(2, 17)}}
    assert [each["meeting_id"] for each in bob.ask("POST", "/conflicts", own).json()["items"]] == [made["id"]]
    assert bob.ask("POST", "/conflicts", {**own, "meeting_id": made["id"]}).json() == {"items": [], "more": False}
    bob.ask("PUT", f"/{series['id']}/answer", {"answer": "declined"})
    assert bob.ask("POST", "/conflicts", {"schedule": once}).json()["items"] == []
    for bad in ({"rule": "FREQ=SECONDLY"}, {"time_zone": "Mars/Base"}, {"start": "2026-13-01T00:00:00"}):
        assert bob.ask("POST", "/conflicts", {"schedule": {**once, **bad}}).status == 422
