"""Invitations by mail and their answers, over HTTP, by a real SMTP server and by SES."""

from __future__ import annotations

from collections.abc import Callable
from email import message_from_string
from email.message import EmailMessage
from email.policy import default
from typing import TYPE_CHECKING

import httpx
import pytest

from functions.serverless import aws as serverless_aws
from tests.doubles.inbox import Inbox, text_of
from tests.integration.functions.conftest import Person, environment
from tests.integration.functions.host_mails import Killer, Post, calendar_of, event_of, note_address, token_in
from tests.integration.functions.lambda_events import Client
from tests.integration.functions.meeting_hosts import Host, in_utc, local

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

BERLIN = {"time_zone": "Europe/Berlin", "duration_minutes": 45}


@pytest.fixture
def post(postal: Client, person: Callable[..., Person], inbox: Inbox) -> Post:
    return Post(postal, Host(postal, person("Ada")), inbox)


@pytest.fixture
def address(request: pytest.FixtureRequest) -> str:
    return f"{request.node.name.replace('[', '-').replace(']', '')[:40].lower()}@example.org"


def test_an_invitation_is_a_mail_with_a_calendar_that_asks(post: Post, address: str) -> None:
    schedule = {"start": local(3 * 24 * 60), **BERLIN, "rule": "FREQ=WEEKLY;COUNT=4"}
    meeting = post.host.make("Plan, and <more>", description="Bring\ncake; please", schedule=schedule)
    assert post.invite(meeting, address, name="Bob").status == 200
    [mail] = post.mails(address)
    assert mail["Subject"] == "Ada invites you: Plan, and <more>"
    assert str(mail["From"]) == '"Ada (Parley)" <parley@meet.test>'
    assert meeting["join_url"] in text_of(mail)
    assert "every week" in text_of(mail)
    event = event_of(mail)
    assert calendar_of(mail)["METHOD"] == "REQUEST"
    assert (event["UID"], event["SEQUENCE"]) == (f"{meeting['id']}@meet.test", 0)
    assert str(event["ORGANIZER"]) == "mailto:parley@meet.test"
    assert event["ORGANIZER"].params["CN"] == "Ada"
    assert str(event["ATTENDEE"]) == f"mailto:{address}"
    assert (event["ATTENDEE"].params["PARTSTAT"], event["ATTENDEE"].params["RSVP"]) == ("NEEDS-ACTION", "TRUE")
    assert event["RRULE"]["COUNT"] == [4]
    assert str(event["LOCATION"]) == meeting["join_url"]
    zones = [zone["TZID"] for zone in calendar_of(mail).walk("VTIMEZONE")]
    assert zones == ["Europe/Berlin"]
    post.invite(meeting, address, name="Bobby", role="cohost")
    assert len(post.mails(address)) == 1


def test_changes_and_cancellation_reach_everybody_once_and_count_where_it_matters(post: Post, address: str) -> None:
    meeting = post.host.make("Plan", schedule=in_utc(600))
    others = [address, f"second.{address}"]
    for each in others:
        post.invite(meeting, each)
    post.deliver()
    path = f"/{meeting['id']}"
    start = local(700)
    assert post.host.ask("PATCH", path, {"title": "Plan B"}).status == 200
    post.deliver()
    assert post.host.ask("PATCH", path, {"settings": {"locked": True}}).status == 200
    post.deliver()
    assert post.host.ask("PATCH", path, {"schedule": {"start": start}}).status == 200
    post.deliver()
    assert post.host.ask("POST", f"{path}/cancel").status == 200
    for each in others:
        invited, renamed, moved, cancelled = post.mails(each)
        assert [event_of(mail)["SEQUENCE"] for mail in (invited, renamed, moved, cancelled)] == [0, 0, 1, 2]
        stamps = [event_of(mail)["DTSTAMP"].dt for mail in (invited, renamed, moved, cancelled)]
        assert stamps == sorted(stamps)
        assert len({event_of(mail)["UID"] for mail in (invited, renamed, moved, cancelled)}) == 1
        assert event_of(renamed)["SUMMARY"] == "Plan B"
        assert "Before:" in text_of(moved)
        assert "Before:" not in text_of(renamed)
        assert event_of(moved)["DTSTART"].dt.isoformat() == f"{start}+00:00"
        assert calendar_of(cancelled)["METHOD"] == "CANCEL"
        assert event_of(cancelled)["STATUS"] == "CANCELLED"
        assert meeting["join_url"] not in text_of(cancelled)


def test_several_changes_at_once_are_told_once_as_it_is_then(post: Post, address: str) -> None:
    meeting = post.host.make("Plan", schedule=in_utc(600))
    post.invite(meeting, address)
    post.deliver()
    for number in range(3):
        post.host.ask("PATCH", f"/{meeting['id']}", {"title": f"Plan {number}"})
    mails = post.mails(address)
    assert [mail["Subject"] for mail in mails[1:]] == ["Changed: Plan 2"]


def test_whose_invitation_is_taken_back_is_told_and_nobody_else(post: Post, address: str) -> None:
    meeting = post.host.make("Plan", schedule=in_utc(600))
    post.invite(meeting, address)
    post.invite(meeting, f"other.{address}")
    [invited] = post.mails(address)
    assert post.host.ask("DELETE", f"/{meeting['id']}/invitees/{address}").status == 204
    assert post.host.ask("DELETE", f"/{meeting['id']}/invitees/{address}").status == 404
    mails = post.mails(address)
    assert [calendar_of(mail)["METHOD"] for mail in mails] == ["REQUEST", "CANCEL"]
    assert len(post.mails(f"other.{address}")) == 1
    assert post.by_link("read", token_in(invited)).status == 404
    post.invite(meeting, address)
    again = post.mails(address)[-1]
    assert token_in(again) != token_in(invited)
    assert post.by_link("read", token_in(invited)).status == 404
    assert post.by_link("read", token_in(again)).status == 200


def test_a_deleted_meeting_is_cancelled_for_the_invited(post: Post, address: str) -> None:
    meeting = post.host.make("Plan", schedule=in_utc(600))
    post.invite(meeting, address)
    post.deliver()
    assert post.host.ask("DELETE", f"/{meeting['id']}").status == 204
    mails = post.mails(address)
    assert [calendar_of(mail)["METHOD"] for mail in mails] == ["REQUEST", "CANCEL"]
    assert len(post.mails(address)) == 2


def test_a_link_answers_without_an_account_and_the_host_sees_it(post: Post, address: str) -> None:
    first = local(2 * 24 * 60)
    schedule = {"start": first, "time_zone": "UTC", "duration_minutes": 30, "rule": "FREQ=DAILY"}
    meeting = post.host.make("Stand-up", schedule=schedule)
    post.invite(meeting, address, name="Bob")
    token = token_in(post.mails(address)[0])
    read = post.by_link("read", token)
    assert read.status == 200
    invitation = read.json()
    assert (invitation["title"], invitation["name"], invitation["answer"]) == ("Stand-up", "Bob", "needs_action")
    assert invitation["next_occurrence"]["occurrence"] == first
    assert post.by_link("answer", token, answer="accepted").status == 200
    second = (first[:8] + f"{int(first[8:10]) + 1:02}" + first[10:]) if int(first[8:10]) < 28 else first
    assert post.by_link("answer", token, answer="declined", occurrence=second).status == 200
    [seen] = post.host.ask("GET", f"/{meeting['id']}/invitees").json()["items"]
    assert (seen["answer"], seen["outdated"]) == ("accepted", False)
    assert [(each["occurrence"], each["answer"]) for each in seen["occurrence_answers"]] == [(second, "declined")]
    post.host.ask("PATCH", f"/{meeting['id']}", {"schedule": {"duration_minutes": 60}})
    [seen] = post.host.ask("GET", f"/{meeting['id']}/invitees").json()["items"]
    assert (seen["answer"], seen["outdated"]) == ("accepted", True)
    told = event_of(post.mails(address)[-1])
    assert told["ATTENDEE"].params["PARTSTAT"] == "NEEDS-ACTION"
    for bad in ("x" * 40, token[:-2] + ("AA" if token[-2:] != "AA" else "BB")):
        assert post.by_link("answer", bad, answer="accepted").status == 404
    assert post.by_link("answer", token, answer="needs_action").status == 422
    assert post.by_link("answer", token, answer="accepted", occurrence="2020-01-01T00:00:00").status == 422
    post.host.ask("POST", f"/{meeting['id']}/cancel")
    refused = post.by_link("answer", token, answer="accepted")
    assert refused.code == "meeting_cancelled"
    assert post.by_link("read", token).json()["status"] == "cancelled"


def test_invited_accounts_answer_and_nothing_of_the_hosts_overwrites_it(
    post: Post, person: Callable[..., Person]
) -> None:
    bob, eve = Host(post.client, person("Bob")), Host(post.client, person("Eve"))
    meeting = post.host.make("Plan", schedule=in_utc(600))
    post.host.ask("POST", f"/{meeting['id']}/invitees", {"user_id": bob.person.id})
    answer = bob.ask("PUT", f"/{meeting['id']}/answer", {"answer": "tentative"})
    assert (answer.status, answer.json()["answer"]) == (200, "tentative")
    assert eve.ask("PUT", f"/{meeting['id']}/answer", {"answer": "tentative"}).code == "permission_denied"
    post.host.ask("POST", f"/{meeting['id']}/invitees", {"user_id": bob.person.id, "role": "cohost", "name": "B"})
    post.host.ask("PATCH", f"/{meeting['id']}", {"schedule": {"start": local(900)}})
    [seen] = post.host.ask("GET", f"/{meeting['id']}/invitees").json()["items"]
    assert (seen["answer"], seen["role"], seen["name"], seen["outdated"]) == ("tentative", "cohost", "B", True)
    [listed] = bob.listed("upcoming")
    assert listed["answer"] == "needs_action"  # what was said was to another time
    assert listed["occurrence"]["start"] > meeting["schedule"]["start"]


def test_languages_and_time_zones_are_those_of_who_reads(
    post: Post, token_of: Callable[..., str], person: Callable[..., Person], address: str
) -> None:
    bob = Host(post.client, person("Bob"))
    wanted = {"locale": "de", "time_zone": "America/New_York"}
    assert bob.ask("PUT", "/preferences", wanted).json() == wanted
    assert bob.ask("GET", "/preferences").json() == wanted
    assert bob.ask("PUT", "/preferences", {"time_zone": "Mars/Base"}).status == 422
    meeting = post.host.make("Plan", schedule={"start": local(6000), **BERLIN})
    post.invite(meeting, address, user_id=bob.person.id)
    [mail] = post.mails(address)
    assert mail["Subject"] == "Ada lädt dich ein: Plan"
    assert "(America/New_York)" in text_of(mail)
    assert "(Europe/Berlin)" in text_of(mail)


def with_three_mails_a_day(new_meetings: Callable[..., Client], inbox: Inbox) -> Client:
    return new_meetings(
        PARLEY_MEETINGS_MAIL="smtp",
        PARLEY_MEETINGS_MAIL_FROM="parley@meet.test",
        PARLEY_MEETINGS_MAIL_SMTP_URL=f"smtp+insecure://127.0.0.1:{inbox.port}",
        PARLEY_MEETINGS_MAILS_PER_DAY="3",
    )


def test_whoever_sends_too_many_mails_is_stopped_and_nothing_is_half_done(
    new_meetings: Callable[..., Client], person: Callable[..., Person], inbox: Inbox, address: str
) -> None:
    client = with_three_mails_a_day(new_meetings, inbox)
    post = Post(client, Host(client, person("Ada")), inbox)
    meeting = post.host.make("Plan", schedule=in_utc(600))
    statuses = [post.invite(meeting, f"{number}.{address}").status for number in range(5)]
    assert statuses == [200, 200, 200, 429, 429]
    assert len(post.host.ask("GET", f"/{meeting['id']}/invitees").json()["items"]) == 3
    post.deliver()
    refused = post.host.ask("PATCH", f"/{meeting['id']}", {"title": "Buy!"})
    assert (refused.status, refused.code) == (429, "rate_limited")
    assert int(refused.headers["retry-after"]) <= 86_400
    assert post.host.read(meeting)["title"] == "Plan"
    assert post.host.ask("PATCH", f"/{meeting['id']}", {"settings": {"locked": True}}).status == 200
    assert post.host.ask("POST", f"/{meeting['id']}/cancel").status == 200
    assert [len(post.mails(f"{number}.{address}")) for number in range(4)] == [2, 2, 2, 0]


def test_an_invitation_that_was_lost_is_sent_again_as_the_meeting_is_now(post: Post, address: str) -> None:
    meeting = post.host.make("Plan", schedule=in_utc(600))
    post.invite(meeting, address)
    path = f"/{meeting['id']}"
    assert post.by_link("answer", token_in(post.mails(address)[0]), answer="accepted").status == 200
    post.host.ask("PATCH", path, {"title": "Plan B"})
    [_, changed] = post.mails(address)
    sent = post.host.ask("POST", f"{path}/invitees/{address}/send")
    assert (sent.status, sent.json()["answer"]) == (200, "accepted")
    [*_, again] = post.mails(address)
    assert again["Subject"] == "Ada invites you: Plan B"
    assert token_in(again) == token_in(changed)
    assert event_of(again)["ATTENDEE"].params["PARTSTAT"] == "ACCEPTED"
    assert post.host.ask("POST", f"{path}/invitees/nobody.{address}/send").code == "not_found"
    statuses = [post.host.ask("POST", f"{path}/invitees/{address}/send").status for _ in range(9)]
    assert statuses == [200] * 8 + [429]  # ten in a day, the first among them
    assert post.host.ask("POST", f"{path}/cancel").status == 200
    assert post.host.ask("POST", f"{path}/invitees/{address}/send").code == "meeting_cancelled"
    post.deliver()


def test_nobodys_mailbox_is_filled_by_inviting_and_taking_back(post: Post, address: str) -> None:
    meeting = post.host.make("Plan")
    statuses = []
    for _ in range(11):
        statuses.append(post.invite(meeting, address).status)
        post.host.ask("DELETE", f"/{meeting['id']}/invitees/{address}")
    assert statuses == [200] * 10 + [429]
    post.deliver()


def test_a_crash_after_any_write_loses_no_mail_and_sends_none_twice(
    post: Post, dynamodb: DynamoDBClient, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    """A change is told by jobs; whoever does them dies after each of their writes in turn, and others go on."""
    meeting = post.host.make("Plan", schedule=in_utc(600))
    people = [f"{number}.{address}" for number in range(3)]
    for each in people:
        post.invite(meeting, each)
    post.deliver()
    killer = Killer(dynamodb, post.client.module.mailing, monkeypatch)
    for writes in range(1, 30):
        before = [len(post.inbox.of(each)) for each in people]
        assert post.host.ask("PATCH", f"/{meeting['id']}", {"title": f"Plan {writes}"}).status == 200
        killer.left = writes
        killer.work(post.client)
        for each, known in zip(people, before, strict=True):
            got = [mail["Subject"] for mail in post.inbox.of(each)[known:]]
            assert got == [f"Changed: Plan {writes}"], (writes, each)
        if killer.deaths == 0:
            assert writes > 8  # a claim, three jobs, and what each of them writes
            return
    pytest.fail("it writes on and on")


def subjects(post: Post, address: str) -> list[str]:
    return [str(mail["Subject"]) for mail in post.mails(address)]


def test_who_gets_a_meeting_is_told_once_and_can_find_it(
    post: Post, person: Callable[..., Person], address: str
) -> None:
    bob, host = Host(post.client, person("Bob")), f"host.{address}"
    note_address(post.host, host)
    note_address(bob, address, locale="de", time_zone="America/New_York")
    meeting = post.host.make("Plan", schedule={"start": local(6000), **BERLIN}, settings={"passcode": "k{99k"})
    post.host.ask("POST", f"/{meeting['id']}/invitees", {"user_id": bob.person.id, "name": "Bob"})
    post.deliver()
    for _ in range(2):
        answer = post.host.ask("POST", f"/{meeting['id']}/transfer", {"user_id": bob.person.id})
        assert answer.status == 200, answer.text
        post.deliver()
    assert subjects(post, address) == ["Ada lädt dich ein: Plan", "Ada übergibt dir: Plan"]
    told = post.mails(address)[-1]
    assert str(told["From"]) == '"Ada (Parley)" <parley@meet.test>'
    assert told["Reply-To"] == host
    text = text_of(told)
    assert "(Europe/Berlin)" in text
    assert "(America/New_York)" in text
    assert "Kenncode: k{99k" in text
    assert meeting["join_url"] in text
    assert meeting["join_url"].replace("/m/", "/meetings/") in text
    assert not [part for part in told.walk() if part.get_content_type() == "text/calendar"]
    assert post.mails(host) == [], "who has done it knows"
    assert bob.ask("POST", f"/{meeting['id']}/transfer", {"user_id": post.host.person.id}).status == 200
    assert bob.ask("POST", f"/{meeting['id']}/transfer", {"user_id": post.host.person.id}).status == 200
    assert subjects(post, host) == ["Bob übergibt dir: Plan"], "in one's own language, or else in the other's"


def test_what_an_administrator_gives_away_is_told_to_both(
    post: Post, person: Callable[..., Person], admin: Person, address: str
) -> None:
    root, host, mine = Host(post.client, admin), f"host.{address}", f"root.{address}"
    bob = Host(post.client, person("Bob"))
    note_address(post.host, host)
    meeting = post.host.make("Plan")
    post.invite(meeting, address, user_id=bob.person.id, name="Bob")
    post.deliver()
    assert root.ask("POST", f"/{meeting['id']}/transfer", {"user_id": bob.person.id}).status == 200
    assert subjects(post, address)[1:] == ["You are the host now: Plan"], "by the address of the invitation"
    assert "of Ada over to you" in text_of(post.mails(address)[-1])
    assert subjects(post, host) == ["Handed over to Bob: Plan"]
    assert str(post.mails(host)[0]["From"]) == "Parley <parley@meet.test>"
    note_address(root, mine)
    other = post.host.make("Other")
    post.host.ask("POST", f"/{other['id']}/invitees", {"user_id": admin.id, "name": "Root"})
    post.deliver()
    before = subjects(post, mine)
    assert root.ask("POST", f"/{other['id']}/transfer", {"user_id": admin.id}).status == 200
    assert subjects(post, host) == ["Handed over to Bob: Plan", "Handed over to Root: Other"]
    assert subjects(post, mine) == before, "who has done it knows"


def test_a_new_host_is_told_nothing_that_does_not_hold_any_more(
    post: Post, person: Callable[..., Person], address: str
) -> None:
    bob = Host(post.client, person("Bob"))
    back, over, nowhere = post.host.make("Back"), post.host.make("Over"), post.host.make("Nowhere")
    stranger = Host(post.client, person("Eve"))
    post.host.ask("POST", f"/{nowhere['id']}/invitees", {"user_id": stranger.person.id, "name": "Eve"})
    assert post.host.ask("POST", f"/{nowhere['id']}/transfer", {"user_id": stranger.person.id}).status == 200
    assert not any("handed_over" in job_id for job_id in post.client.module.jobs.waiting()), "no address is known"
    note_address(bob, address)
    for meeting in (back, over):
        post.host.ask("POST", f"/{meeting['id']}/invitees", {"user_id": bob.person.id, "name": "Bob"})
    post.deliver()
    before = subjects(post, address)
    for meeting in (back, over):
        assert post.host.ask("POST", f"/{meeting['id']}/transfer", {"user_id": bob.person.id}).status == 200
    assert bob.ask("POST", f"/{back['id']}/transfer", {"user_id": post.host.person.id}).status == 200
    assert bob.ask("POST", f"/{over['id']}/cancel").status == 200
    assert subjects(post, address) == before


def test_who_has_used_up_the_days_mails_gives_nothing_away(
    new_meetings: Callable[..., Client], person: Callable[..., Person], inbox: Inbox, address: str
) -> None:
    client = with_three_mails_a_day(new_meetings, inbox)
    post, bob = Post(client, Host(client, person("Ada")), inbox), Host(client, person("Bob"))
    meetings = [post.host.make(f"Plan {number}") for number in range(2)]
    for meeting in meetings:
        assert post.invite(meeting, address, user_id=bob.person.id, name="Bob").status == 200
    post.deliver()
    answers = [post.host.ask("POST", f"/{each['id']}/transfer", {"user_id": bob.person.id}) for each in meetings]
    assert [answer.status for answer in answers] == [200, 429]
    assert "retry-after" in answers[1].headers
    assert [post.host.read(each)["host_name"] for each in meetings] == ["Bob", "Ada"]
    assert subjects(post, address)[2:] == ["Ada hands over to you: Plan 0"]
    repeated = post.host.ask("POST", f"/{meetings[0]['id']}/transfer", {"user_id": bob.person.id})
    assert repeated.status == 200, "that tells nobody anything"


def test_ses_takes_the_same_mail(
    new_meetings: Callable[..., Client], aws: dict[str, str], person: Callable[..., Person], address: str
) -> None:
    with environment(aws):
        ses = serverless_aws.ses_client()
    ses.create_email_identity(EmailIdentity="parley@meet.test")
    client = new_meetings(PARLEY_MEETINGS_MAIL="ses", PARLEY_MEETINGS_MAIL_FROM="Parley <parley@meet.test>")
    host = Host(client, person("Ada"))
    meeting = host.make("Plan \N{EN DASH} caf\u00e9", schedule=in_utc(600))
    path, later = f"/{meeting['id']}", local(700)
    for method, where, body in (
        ("POST", f"{path}/invitees", {"address": address}),
        ("PATCH", path, {"schedule": {"start": later}}),
        ("POST", f"{path}/cancel", None),
    ):
        assert host.ask(method, where, body).status == 200
        for _ in range(2):  # what is for all makes jobs for each
            waiting = list(client.module.jobs.waiting())
            client.module.do_jobs({"job_ids": [*waiting, *waiting, "nonsense"]}, None)
        assert list(client.module.jobs.waiting()) == []
    mails = taken_by_ses(aws, address)
    assert [calendar_of(mail)["METHOD"] for mail in mails] == ["REQUEST", "REQUEST", "CANCEL"]
    assert [event_of(mail)["SEQUENCE"] for mail in mails] == [0, 1, 2]
    assert {str(event_of(mail)["UID"]) for mail in mails} == {f"{meeting['id']}@meet.test"}
    assert event_of(mails[0])["SUMMARY"] == meeting["title"]
    assert event_of(mails[1])["DTSTART"].dt.isoformat() == f"{later}+00:00"
    assert event_of(mails[2])["STATUS"] == "CANCELLED"
    assert {(str(mail["From"]), str(mail["To"])) for mail in mails} == {('"Ada (Parley)" <parley@meet.test>', address)}
    assert meeting["join_url"] in text_of(mails[0])
    assert meeting["join_url"] in text_of(mails[0], "html")


def taken_by_ses(aws: dict[str, str], address: str) -> list[EmailMessage]:
    """The mails to an address that moto's SES was given, as it was given them, oldest first."""
    kept = httpx.get(f"{aws['AWS_ENDPOINT_URL']}/moto-api/data.json", timeout=60).json()
    raw = (each["raw_data"] for each in kept["ses"]["RawMessage"] if address in each["destinations"])
    mails = [message_from_string(each, policy=default) for each in raw]
    return [mail for mail in mails if isinstance(mail, EmailMessage)]
