"""Meetings over their lives: who runs them, their lists, sessions, personal rooms, settings, and what is refused."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from redis import Redis

from contracts.jwks import VerificationKeys
from contracts.leaving import LeaveReason
from contracts.log_events import MeetingEnded, ParticipantLeft, PersonUnbanned
from contracts.meeting_token import MeetingClaims, decode_meeting_token
from contracts.redis_names import ROOM_COMMANDS
from contracts.room_commands import EndMeetingRequested, decode_room_command
from contracts.rooms import ADMINISTRATOR, Identity, MeetingId, ParticipantId, Role
from tests.integration.functions.conftest import MEETINGS_ISSUER, Person
from tests.integration.functions.lambda_events import Client, HttpAnswer
from tests.integration.functions.meeting_hosts import MEETINGS, Host, came_in, in_utc, local, tell
from tests.integration.functions.stored_items import stored_items
from tests.unit.meetings_service.room_history import START

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@pytest.fixture
def host(meetings: Client, person: Callable[..., Person]) -> Callable[..., Host]:
    return lambda name="Ada": Host(meetings, person(name))


def proven(someone: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """Has the address of somebody count as theirs: without mail nobody can prove one."""
    verify = someone.meetings.module.app._verify

    def verified(token: str) -> Any:
        claims = verify(token)
        return msgspec.structs.replace(claims, email_verified=token == someone.person.token)

    monkeypatch.setattr(someone.meetings.module.app, "_verify", verified)


def claims_of(meetings: Client, answer: HttpAnswer) -> MeetingClaims:
    assert answer.status == 200, answer.text
    keys = VerificationKeys.from_jwks(meetings.request("GET", f"{MEETINGS}/.well-known/jwks.json").text)
    now = dt.datetime.now(dt.UTC).timestamp()
    token = answer.json()["meeting_token"]
    return decode_meeting_token(token, keys=keys, issuer=MEETINGS_ISSUER, meeting_id=None, now=now)


# ---- making and changing ----


def test_a_request_with_a_key_makes_one_meeting(host: Callable[..., Host]) -> None:
    ada = host()
    first = ada.ask("POST", "", {"title": "Once"}, idempotency_key="k1")
    again = ada.ask("POST", "", {"title": "Once"}, idempotency_key="k1")
    assert (first.status, again.status) == (201, 201)
    assert again.json() == first.json()
    other = ada.ask("POST", "", {"title": "Other"}, idempotency_key="k1")
    assert (other.status, other.code) == (422, "validation_failed")
    assert host("Bob").ask("POST", "", {"title": "Other"}, idempotency_key="k1").status == 201
    assert len(ada.listed("hosted")) == 1


def test_a_change_asks_for_the_version_that_it_was_made_from(host: Callable[..., Host]) -> None:
    ada = host()
    made = ada.ask("POST", "", {"title": "One"})
    tag, url = made.headers["etag"], f"/{made.json()['id']}"
    changed = ada.ask("PATCH", url, {"title": "Two"}, if_match=tag)
    assert changed.status == 200
    assert changed.headers["etag"] != tag
    late = ada.ask("PATCH", url, {"title": "Three"}, if_match=tag)
    assert (late.status, late.code) == (412, "precondition_failed")
    for header, status in ((f'"x", {changed.headers["etag"]}', 200), ("*", 200), (f"W/{tag}", 412), ("nonsense", 422)):
        assert ada.ask("PATCH", url, {"title": "Two"}, if_match=header).status == status, header
    assert ada.ask("DELETE", url, if_match=tag).status == 412
    assert ada.read(made.json())["title"] == "Two"


def test_organisations_defaults_are_those_of_new_meetings(host: Callable[..., Host], admin: Person) -> None:
    ada = host()
    before = ada.make()
    chief = Host(ada.meetings, admin)
    known = chief.ask("GET", "/organisation")
    try:
        body = {"defaults": {"lobby": "guests", "max_minutes": 60}}
        answer = chief.ask("PUT", "/organisation", body, if_match=known.headers["etag"])
        assert answer.status == 200, answer.text
        assert chief.ask("PUT", "/organisation", body, if_match=known.headers["etag"]).status == 412
        made = ada.make(settings={"max_minutes": None, "passcode": "12345"})
        wanted = before["settings"] | {"lobby": "guests", "passcode": "12345"}
        assert made["settings"] == wanted
        assert ada.read(before)["settings"] == before["settings"]
        assert chief.ask("PUT", "/organisation", {"defaults": {"passcode": "1234"}}).status == 422
    finally:
        assert chief.ask("PUT", "/organisation", {"defaults": {}}).status == 200


def test_schedule_comes_and_goes(host: Callable[..., Host]) -> None:
    ada = host()
    meeting = ada.make(schedule=in_utc(60))
    assert meeting["kind"] == "once"
    assert [each["id"] for each in ada.listed("upcoming")] == [meeting["id"]]
    url = f"/{meeting['id']}"
    moved = ada.ask("PATCH", url, {"schedule": {"start": local(120)}}).json()
    assert moved["schedule"] == meeting["schedule"] | {"start": moved["schedule"]["start"]}
    [told] = ada.listed("upcoming")
    assert told["occurrence"]["occurrence"] == moved["schedule"]["start"]
    assert ada.ask("PATCH", url, {"schedule": None}).json()["kind"] == "instant"
    assert ada.listed("upcoming") == []


# ---- who belongs to it ----


def test_a_cohost_runs_the_meeting_and_an_invitee_sees_it(
    host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, eve, ida, bob = host("Ada"), host("Eve"), host("Ida"), host("Bob")
    meeting = ada.make(settings={"passcode": "12345"}, schedule=in_utc(30))
    url = f"/{meeting['id']}"
    assert ada.ask("POST", f"{url}/invitees", {"user_id": eve.person.id, "role": "cohost"}).status == 200
    assert ada.ask("POST", f"{url}/invitees", {"address": f" {ida.person.email.upper()}"}).status == 200
    assert claims_of(ada.meetings, eve.join(meeting)).role is Role.COHOST
    assert eve.ask("PATCH", url, {"title": "Ours"}).status == 200
    assert (eve.ask("DELETE", url).status, eve.ask("POST", f"{url}/cancel").status) == (403, 403)
    assert bob.join(meeting).code == "passcode_required"
    assert ida.join(meeting).code == "passcode_required", "anybody can claim an address that is not proven"
    assert ida.listed("invited") == []
    proven(ida, monkeypatch)
    assert ida.join(meeting).status == 200
    seen = ida.read(meeting)
    assert (seen["role"], seen["answer"], "settings" in seen) == ("participant", "needs_action", False)
    assert "description" not in bob.read(meeting)
    for someone, role in ((ida, "participant"), (eve, "cohost")):
        assert [(each["id"], each["role"]) for each in someone.listed("invited")] == [(meeting["id"], role)]
        assert [each["id"] for each in someone.listed("upcoming")] == [meeting["id"]]
    ada.ask("PATCH", url, {"schedule": {"start": local(90)}})
    assert ida.listed("upcoming")[0]["occurrence"]["start"] == ada.listed("upcoming")[0]["occurrence"]["start"]
    keys = [each["key"] for each in ada.ask("GET", f"{url}/invitees").json()["items"]]
    assert sorted(keys) == sorted([eve.person.id, ida.person.email])
    assert ada.ask("DELETE", f"{url}/invitees/{ida.person.email}").status == 204
    assert ida.join(meeting).code == "passcode_required"
    assert ida.listed("upcoming") == []


def test_passcode_opens_what_it_guards(host: Callable[..., Host]) -> None:
    ada, bob = host("Ada"), host("Bob")
    meeting = ada.make(settings={"passcode": "s3same!"})
    assert bob.read(meeting)["passcode_required"] is True
    assert (bob.join(meeting).code, bob.join(meeting, passcode="s3sam3!").code) == (
        "passcode_required",
        "passcode_wrong",
    )
    assert bob.join(meeting, passcode="s3same!").status == 200
    guest = ada.meetings.request(
        "POST", f"{MEETINGS}/{meeting['id']}/join", {"display_name": "Gus", "passcode": "s3same!"}
    )
    again = {"previous_token": guest.json()["meeting_token"]}
    assert ada.meetings.request("POST", f"{MEETINGS}/{meeting['id']}/join", again).status == 200
    assert ada.join(meeting).status == 200


def test_guessing_a_passcode_is_slowed_where_it_comes_from(host: Callable[..., Host]) -> None:
    ada = host("Ada")
    meeting = ada.make(settings={"passcode": "s3same!"})

    def guess(passcode: str, source_ip: str) -> HttpAnswer:
        body = {"display_name": "Gus", "passcode": passcode}
        return ada.meetings.request("POST", f"{MEETINGS}/{meeting['id']}/join", body, source_ip=source_ip)

    answers = [guess(f"wrong-{number}", "192.0.2.7") for number in range(12)]
    assert {answer.code for answer in answers[:10]} == {"passcode_wrong"}
    slowed = next(answer for answer in answers if answer.status == 429)
    assert int(slowed.headers["retry-after"]) >= 1
    assert all(guess("s3same!", "198.51.100.9").status == 200 for _ in range(12))


def test_token_says_by_which_rules_the_room_opens(host: Callable[..., Host]) -> None:
    ada, bob = host("Ada"), host("Bob")
    settings = {
        "lobby": "guests",
        "chat": "hosts",
        "record": "everyone",
        "max_participants": 3,
        "max_minutes": 2,
        "mute_on_entry": True,
        "join_before_host": False,
        "record_automatically": True,
    }
    claims = claims_of(ada.meetings, bob.join(ada.make(settings=settings)))
    rules = claims.rules
    assert rules is not None
    assert (rules.policy.lobby, rules.policy.locked, claims.vouched) == (True, False, True)
    assert (rules.max_participants, rules.max_length_ms) == (3, 120_000)
    assert (rules.mute_on_entry, rules.wait_for_host, rules.record) == (True, True, True)
    assert {(each.role, each.permissions.chat) for each in rules.role_permissions} == {
        (Role.PARTICIPANT, False),
        (Role.GUEST, False),
    }
    assert claims.permissions.record


# ---- sessions ----


def test_a_personal_room_is_opened_again_and_again_and_each_time_is_told(host: Callable[..., Host]) -> None:
    ada, bob = host("Ada"), host("Bob")
    assert ada.ask("GET", "/personal").code == "meeting_not_found"
    room = ada.ask("PUT", "/personal", {}).json()
    assert (room["kind"], room["title"]) == ("personal", "Ada")
    assert ada.ask("PUT", "/personal", {"title": "Other"}).json() == room == ada.ask("GET", "/personal").json()
    first = claims_of(ada.meetings, bob.join(room))
    assert (first.meeting, first.room) == (room["id"], room["id"])
    tell(ada.meetings, first.room, came_in(bob))
    assert ada.read(room)["status"] == "live"
    tell(ada.meetings, first.room, MeetingEnded(at=START + 10, by=Identity(ada.person.id)), first=9)
    assert (ada.read(room)["status"], ada.read(room)["joinable"]) == ("scheduled", True)
    second = claims_of(ada.meetings, bob.join(room))
    assert (second.meeting_session, second.room) == (2, f"{room['id']}.2")
    tell(ada.meetings, first.room, MeetingEnded(at=START + 9, by=None), first=8)  # late, and of the session before
    assert claims_of(ada.meetings, ada.join(room)).room == second.room
    tell(ada.meetings, second.room, came_in(bob, START + 50))
    known = ada.read(room)
    assert (known["status"], known["session"]) == ("live", 2)
    told = ada.ask("GET", f"/{room['id']}/sessions").json()["items"]
    assert [(each["number"], each["ended_at"] is None, each["ended_by"]) for each in told] == [
        (2, True, None),
        (1, False, None),
    ]
    assert [(each["id"], each["session"]) for each in bob.listed("past", limit=1)] == [(room["id"], 2), (room["id"], 1)]


def test_ending_through_the_api_ends_the_present_session(host: Callable[..., Host], broker: Redis) -> None:
    ada = host()
    room = ada.ask("PUT", "/personal", {}).json()
    tell(ada.meetings, room["id"], came_in(ada))
    ada.ask("POST", f"/{room['id']}/end")
    second = claims_of(ada.meetings, ada.join(room))
    broker.delete(ROOM_COMMANDS)
    ended = ada.ask("POST", f"/{room['id']}/end")
    assert (ended.status, ended.json()["session"]) == (202, 2)
    asked: Any = broker.xrange(ROOM_COMMANDS)
    [command] = [decode_room_command(fields[b"c"]) for _, fields in asked]
    assert command == EndMeetingRequested(meeting_id=second.room, by=Identity(ada.person.id))


@pytest.mark.parametrize("by", [None, "somebody"])
def test_a_meeting_for_once_is_over_when_somebody_ends_it_and_goes_on_when_it_ended_by_itself(
    host: Callable[..., Host], by: str | None
) -> None:
    ada = host()
    meeting = ada.make()
    tell(ada.meetings, meeting["id"], came_in(ada), MeetingEnded(at=START + 5, by=None if by is None else Identity(by)))
    known = ada.read(meeting)
    assert (known["status"], known["joinable"]) == ("ended", by is None)
    again = ada.join(meeting)
    if by is None:
        assert claims_of(ada.meetings, again).room == f"{meeting['id']}.2"
    else:
        assert (again.status, again.code) == (410, "meeting_ended")


def test_two_who_come_after_the_end_are_in_the_same_session(host: Callable[..., Host]) -> None:
    ada = host()
    room = ada.ask("PUT", "/personal", {}).json()
    repository = ada.meetings.module.repository
    tell(ada.meetings, room["id"], came_in(ada), MeetingEnded(at=START + 5, by=None))
    stale = repository.find(MeetingId(room["id"]))
    assert repository.begin_session(stale).session == 2
    assert repository.begin_session(stale).session == 2, "who has read the record before finds the session begun"


def test_who_was_banned_stays_out_of_later_sessions_until_the_ban_is_lifted(host: Callable[..., Host]) -> None:
    ada, eve = host("Ada"), host("Eve")
    room = ada.ask("PUT", "/personal", {}).json()
    who = Identity(eve.person.id)
    left = ParticipantLeft(
        at=START + 2, participant_id=ParticipantId("p_1"), identity=who, reason=LeaveReason.REMOVED, banned="Eve"
    )
    lifted = PersonUnbanned(at=START + 9, identity=who, by=ADMINISTRATOR)
    tell(ada.meetings, room["id"], came_in(eve), left, MeetingEnded(at=START + 5, by=None))
    assert (eve.join(room).status, eve.join(room).code) == (403, "participant_removed")
    assert ada.join(room).status == 200
    tell(ada.meetings, f"{room['id']}.2", lifted, first=7)
    assert eve.join(room).status == 200
    tell(ada.meetings, room["id"], left, first=2)  # delivered once more
    assert eve.join(room).status == 200


# ---- cancelling and deleting ----


def test_a_cancelled_meeting_is_told_so_and_opens_to_nobody(host: Callable[..., Host], broker: Redis) -> None:
    ada = host()
    meeting = ada.make(schedule=in_utc(30))
    broker.delete(ROOM_COMMANDS)
    for _ in range(2):
        answer = ada.ask("POST", f"/{meeting['id']}/cancel")
        assert (answer.status, answer.json()["status"]) == (200, "cancelled")
    assert broker.xlen(ROOM_COMMANDS) == 2
    assert (ada.join(meeting).status, ada.join(meeting).code) == (410, "meeting_cancelled")
    assert ada.ask("PATCH", f"/{meeting['id']}", {"title": "x"}).code == "meeting_cancelled"
    assert ada.listed("upcoming") == []


def test_deleting_takes_all_of_a_meeting_and_not_while_somebody_is_in_it(
    host: Callable[..., Host], dynamodb: DynamoDBClient, tables: dict[str, str]
) -> None:
    ada = host()
    room = ada.ask("PUT", "/personal", {}).json()
    url = f"/{room['id']}"
    ada.ask("POST", f"{url}/invitees", {"address": "ida@example.org"})
    tell(ada.meetings, room["id"], came_in(ada), MeetingEnded(at=START + 5, by=None))
    second = claims_of(ada.meetings, ada.join(room)).room
    tell(ada.meetings, second, came_in(ada))
    assert (ada.ask("DELETE", url).status, ada.ask("DELETE", url).code) == (409, "conflict")
    ada.ask("POST", f"{url}/end")
    assert ada.ask("DELETE", url).status == 204
    assert ada.ask("GET", url).code == "meeting_not_found"
    assert ada.ask("GET", "/personal").code == "meeting_not_found"
    assert (ada.listed("past"), ada.listed("hosted")) == ([], [])
    items = stored_items(dynamodb, tables["meetings"])
    assert not [item for item in items if room["id"] in item["pk"]["S"]]


# ---- what was there before ----


def test_a_meeting_from_before_there_were_settings_is_read_changed_and_joined(
    host: Callable[..., Host], dynamodb: DynamoDBClient, tables: dict[str, str]
) -> None:
    ada = host()
    item: Any = {
        "pk": {"S": "MEETING#abc-defg-hjk"},
        "sk": {"S": "MEETING"},
        "gsi1pk": {"S": f"HOST#{ada.person.id}"},
        "gsi1sk": {"S": "001700000000000#abc-defg-hjk"},
        "id": {"S": "abc-defg-hjk"},
        "title": {"S": "Old"},
        "host_id": {"S": ada.person.id},
        "host_name": {"S": "Ada"},
        "guests_allowed": {"BOOL": False},
        "created_at": {"N": "1700000000000"},
    }
    dynamodb.put_item(TableName=tables["meetings"], Item=item)
    old = {"id": "abc-defg-hjk"}
    try:
        read = ada.ask("GET", "/abc-defg-hjk")
        assert read.json()["settings"]["guests_allowed"] is False
        assert [each["title"] for each in ada.listed("hosted")] == ["Old"]
        changed = ada.ask("PATCH", "/abc-defg-hjk", {"settings": {"locked": True}}, if_match=read.headers["etag"])
        assert changed.json()["settings"] == read.json()["settings"] | {"locked": True}
        assert claims_of(ada.meetings, ada.join(old)).room == "abc-defg-hjk"
        tell(ada.meetings, "abc-defg-hjk", came_in(ada), MeetingEnded(at=START + 5, by=None))
        assert claims_of(ada.meetings, ada.join(old)).room == "abc-defg-hjk.2"
    finally:
        ada.ask("DELETE", "/abc-defg-hjk")
