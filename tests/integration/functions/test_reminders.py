"""Reminders of meetings by mail: to whom, when, and once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.doubles.inbox import Inbox, text_of
from tests.integration.functions.conftest import Person
from tests.integration.functions.host_mails import Killed, Killer, Post, note_address
from tests.integration.functions.lambda_events import Client
from tests.integration.functions.meeting_hosts import Host

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@pytest.fixture
def post(postal: Client, person: Callable[..., Person], inbox: Inbox) -> Post:
    return Post(postal, Host(postal, person("Ada")), inbox)


@pytest.fixture
def host(meetings: Client, person: Callable[..., Person]) -> Callable[..., Host]:
    return lambda name="Ada": Host(meetings, person(name))


@pytest.fixture
def address(request: pytest.FixtureRequest) -> str:
    return f"{request.node.name[:40].lower()}@example.org"


class Reminded:
    """The reminders of one service, at times that the test says."""

    def __init__(self, post: Post, patch: pytest.MonkeyPatch) -> None:
        self._begun = datetime.now(UTC).replace(second=0, microsecond=0)
        self.post, self.now = post, self._begun.timestamp()
        module = post.client.module
        for part in (module.reminding, module.notices, module.mailing):
            patch.setattr(part, "_clock", lambda: self.now)

    def planned(self, minutes: int) -> dict[str, Any]:
        """A schedule so many minutes after the one that the test began in."""
        start = self._begun + timedelta(minutes=minutes)
        return {"start": f"{start:%Y-%m-%dT%H:%M:%S}", "time_zone": "UTC", "duration_minutes": 30}

    def set(self, minutes: float) -> None:
        self.now = self._begun.timestamp() + minutes * 60

    def at(self, minutes: float) -> None:
        """Reminds so many minutes after the one that the test began in."""
        self.set(minutes)
        self.post.client.module.reminding.remind()
        self.post.deliver()

    def subjects(self, address: str) -> list[str]:
        return [str(mail["Subject"]) for mail in self.post.inbox.of(address) if mail["Subject"].startswith("In ")]


@pytest.fixture
def reminded(post: Post, monkeypatch: pytest.MonkeyPatch) -> Reminded:
    return Reminded(post, monkeypatch)


def test_everybody_who_comes_is_reminded_once(post: Post, reminded: Reminded, address: str) -> None:
    note_address(post.host, f"host.{address}", time_zone="America/New_York")
    meeting = post.host.make("Plan", schedule=reminded.planned(120), settings={"reminders": [10, 60, 10]})
    assert meeting["settings"]["reminders"] == [60, 10]
    yes, no = f"yes.{address}", f"no.{address}"
    for each in (yes, no):
        post.invite(meeting, each)
    post.deliver()
    token = next(
        line.partition("token=")[2].partition("&")[0]
        for line in text_of(post.inbox.of(no)[0]).splitlines()
        if "token=" in line
    )
    assert post.by_link("answer", token, answer="declined").status == 200
    reminded.at(50)
    assert reminded.subjects(yes) == []
    for _ in range(3):
        reminded.at(60.5)
    assert reminded.subjects(yes) == ["In an hour: Plan"]
    assert reminded.subjects(no) == []
    reminded.at(110.5)
    reminded.at(125)
    assert reminded.subjects(yes) == ["In an hour: Plan", "In 10 minutes: Plan"]
    own = post.inbox.of(f"host.{address}")
    assert [mail["Subject"] for mail in own] == ["In an hour: Plan", "In 10 minutes: Plan"]
    assert "Your meeting" in text_of(own[0])
    assert "(America/New_York)" in text_of(own[0])
    assert "(UTC)" in text_of(post.inbox.of(yes)[-1])


def test_changed_and_cancelled_meetings_remind_rightly(post: Post, reminded: Reminded, address: str) -> None:
    meeting = post.host.make("Plan", schedule=reminded.planned(120), settings={"reminders": [10]})
    post.invite(meeting, address)
    post.host.ask("PATCH", f"/{meeting['id']}", {"schedule": {"start": reminded.planned(240)["start"]}})
    reminded.at(115)
    assert reminded.subjects(address) == []
    reminded.at(230.5)
    assert reminded.subjects(address) == ["In 10 minutes: Plan"]
    other = post.host.make("Other", schedule=reminded.planned(120), settings={"reminders": [10]})
    post.invite(other, address)
    post.host.ask("POST", f"/{other['id']}/cancel")
    reminded.at(115)
    third = post.host.make("Third", schedule=reminded.planned(120))
    post.invite(third, address)
    reminded.at(50)
    post.host.ask("PATCH", f"/{third['id']}", {"settings": {"reminders": [30]}})
    reminded.at(95)
    assert reminded.subjects(address) == ["In 10 minutes: Plan", "In 25 minutes: Third"]


def test_every_occurrence_of_a_series_is_reminded_of(post: Post, reminded: Reminded, address: str) -> None:
    schedule = {**reminded.planned(120), "rule": "FREQ=DAILY;COUNT=3"}
    meeting = post.host.make("Daily", schedule=schedule, settings={"reminders": [10]})
    post.invite(meeting, address)
    second = (datetime.fromisoformat(schedule["start"]) + timedelta(days=1)).isoformat()
    post.host.ask("PATCH", f"/{meeting['id']}/occurrences/{second}", {"cancelled": True})
    for days in (0, 1, 2, 3):
        reminded.at(days * 1440 + 111)
    assert len(reminded.subjects(address)) == 2
    waiting = post.client.module.reminding._reminders.due(int((reminded.now + 10**7) * 1000))
    assert meeting["id"] not in {each.meeting_id for each in waiting}


def test_a_death_at_any_write_reminds_everybody_once(
    post: Post,
    reminded: Reminded,
    dynamodb: DynamoDBClient,
    monkeypatch: pytest.MonkeyPatch,
    address: str,
) -> None:
    killer = Killer(dynamodb, post.client.module.mailing, monkeypatch)
    module = post.client.module
    for writes in range(1, 30):
        reminded.set(0)
        people = [f"{writes}.{number}.{address}" for number in range(2)]
        meeting = post.host.make(f"Plan {writes}", schedule=reminded.planned(1200), settings={"reminders": [600]})
        for each in people:
            post.invite(meeting, each)
        post.deliver()
        reminded.set(601)
        killer.later, killer.left, died = 0, writes, False
        for _ in range(2):
            try:
                for waiting in list(module.reminding._reminders.due(int(reminded.now * 1000))):
                    module.reminding.remind_of(waiting)
            except Killed:
                died = True
        killer.work(post.client)
        for each in people:
            found = [subject for subject in reminded.subjects(each) if subject.endswith(f": Plan {writes}")]
            assert len(found) == 1, (writes, each)
        if not died and not killer.deaths:
            assert writes > 6
            return
        post.host.ask("DELETE", f"/{meeting['id']}")
    pytest.fail("it writes on and on")


def test_a_host_who_has_sent_too_much_reminds_nobody(
    new_meetings: Callable[..., Client],
    person: Callable[..., Person],
    inbox: Inbox,
    monkeypatch: pytest.MonkeyPatch,
    address: str,
) -> None:
    client = new_meetings(
        PARLEY_MEETINGS_MAIL="smtp",
        PARLEY_MEETINGS_MAIL_FROM="parley@meet.test",
        PARLEY_MEETINGS_MAIL_SMTP_URL=f"smtp+insecure://127.0.0.1:{inbox.port}",
        PARLEY_MEETINGS_MAILS_PER_DAY="2",
    )
    post = Post(client, Host(client, person("Ada")), inbox)
    reminded = Reminded(post, monkeypatch)
    meeting = post.host.make("Plan", schedule=reminded.planned(5), settings={"reminders": [1]})
    post.invite(meeting, address)
    reminded.at(4.5)
    assert reminded.subjects(address) == []


def test_the_organisation_says_how_new_meetings_remind(
    host: Callable[..., Host], meetings: Client, request: pytest.FixtureRequest
) -> None:
    admin: Person = request.getfixturevalue("new_admin")()
    put = meetings.request(
        "PUT", "/v1/meetings/organisation", {"defaults": {"reminders": [5, 1440]}}, token=admin.token
    )
    try:
        assert put.json()["defaults"]["reminders"] == [1440, 5]
        assert put.json()["sends_mail"] is False
        assert host().make()["settings"]["reminders"] == [1440, 5]
        for bad in ([0], [50_000], [1, 2, 3, 4, 5, 6]):
            assert host().ask("POST", "", {"title": "x", "settings": {"reminders": bad}}).status == 422
    finally:
        meetings.request("PUT", "/v1/meetings/organisation", {"defaults": {}}, token=admin.token)
