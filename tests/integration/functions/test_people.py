"""Whose meeting it is, who may not come back, and what the audit log keeps of that."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace
from redis import Redis

from contracts.leaving import LeaveReason
from contracts.log_events import ParticipantLeft, PersonUnbanned
from contracts.redis_names import ROOM_COMMANDS
from contracts.room_commands import HostChangeRequested, decode_room_command
from contracts.rooms import ADMINISTRATOR, Identity, ParticipantId
from tests.integration.functions.conftest import Person
from tests.integration.functions.lambda_events import Client
from tests.integration.functions.meeting_hosts import Host, came_in, in_utc, tell
from tests.unit.meetings_service.room_history import START


@pytest.fixture
def host(meetings: Client, person: Callable[..., Person]) -> Callable[..., Host]:
    return lambda name="Ada": Host(meetings, person(name))


def removed(identity: str, number: int, name: str = "Eve") -> ParticipantLeft:
    return ParticipantLeft(
        at=START + number,
        participant_id=ParticipantId(f"p_{number}"),
        identity=Identity(identity),
        reason=LeaveReason.REMOVED,
        banned=name,
        by=ParticipantId("p_1"),
    )


def invite(ada: Host, meeting: dict[str, Any], who: Host, **more: Any) -> None:
    body = {"user_id": who.person.id, "name": who.person.name, **more}
    assert ada.ask("POST", f"/{meeting['id']}/invitees", body).status == 200


def commands(broker: Redis) -> list[Any]:
    entries: Any = broker.xrange(ROOM_COMMANDS)
    return [decode_room_command(fields[b"c"]) for _, fields in entries]


def test_a_meeting_is_given_away_with_its_place_in_all_lists(host: Callable[..., Host], broker: Redis) -> None:
    ada, bob = host(), host("Bob")
    meeting = ada.make(schedule=in_utc(30))
    invite(ada, meeting, bob)
    broker.delete(ROOM_COMMANDS)
    answer = ada.ask("POST", f"/{meeting['id']}/transfer", {"user_id": bob.person.id})
    assert answer.status == 200, answer.text
    assert (answer.json()["host_id"], answer.json()["host_name"]) == (bob.person.id, "Bob")
    assert answer.headers["etag"] == bob.ask("GET", f"/{meeting['id']}").headers["etag"]
    assert commands(broker) == [HostChangeRequested(meeting_id=meeting["id"], host_id=Identity(bob.person.id))]
    for name in ("hosted", "upcoming"):
        assert [each["id"] for each in bob.listed(name)] == [meeting["id"]]
        assert bob.listed(name)[0]["role"] == "host"
    assert ada.listed("hosted") == []
    for name in ("invited", "upcoming"):
        assert [(each["id"], each["role"]) for each in ada.listed(name)] == [(meeting["id"], "cohost")]
    assert bob.listed("invited") == []
    assert (ada.join(meeting).json()["role"], bob.join(meeting).json()["role"]) == ("cohost", "host")
    assert ada.ask("PATCH", f"/{meeting['id']}", {"title": "Ours"}).status == 200
    assert ada.ask("DELETE", f"/{meeting['id']}").status == 403
    again = ada.ask("POST", f"/{meeting['id']}/transfer", {"user_id": bob.person.id})
    assert again.status == 200, "who could not be told whether it was done may ask again"
    assert ada.ask("POST", f"/{meeting['id']}/transfer", {"user_id": ada.person.id}).status == 403
    assert bob.ask("POST", f"/{meeting['id']}/transfer", {"user_id": ada.person.id}).json()["host_name"] == "Ada"
    assert bob.join(meeting).json()["role"] == "cohost"


def test_it_is_given_to_somebody_who_belongs_to_it_and_to_nobody_else(host: Callable[..., Host]) -> None:
    ada, bob = host(), host("Bob")
    meeting = ada.make()
    path = f"/{meeting['id']}/transfer"
    refused = ada.ask("POST", path, {"user_id": bob.person.id})
    assert (refused.status, refused.json()["errors"][0]["field"]) == (422, "user_id")
    assert bob.ask("POST", path, {"user_id": bob.person.id}).status == 403
    invite(ada, meeting, bob, role="cohost")
    assert bob.ask("POST", path, {"user_id": bob.person.id}).status == 403, "co-hosts take nothing for themselves"
    there = ada.make()
    tell(ada.meetings, there["id"], came_in(bob))
    assert ada.ask("POST", f"/{there['id']}/transfer", {"user_id": bob.person.id}).json()["host_id"] == bob.person.id
    nameless = ada.make()
    assert ada.ask("POST", f"/{nameless['id']}/invitees", {"user_id": bob.person.id}).status == 200
    path = f"/{nameless['id']}/transfer"
    assert ada.ask("POST", path, {"user_id": bob.person.id}).json()["errors"][0]["field"] == "name"
    named = ada.ask("POST", path, {"user_id": bob.person.id, "name": "Bob"})
    assert (named.status, named.json()["host_name"]) == (200, "Bob")


def test_personal_rooms_and_what_is_over_stay_with_their_hosts(host: Callable[..., Host], admin: Person) -> None:
    ada, bob = host(), host("Bob")
    mine = ada.ask("PUT", "/personal", {}).json()
    invite(ada, mine, bob)
    answer = ada.ask("POST", f"/{mine['id']}/transfer", {"user_id": bob.person.id})
    assert (answer.status, answer.code) == (409, "conflict")
    over = ada.make()
    invite(ada, over, bob)
    ada.ask("POST", f"/{over['id']}/cancel")
    root = Host(ada.meetings, admin)
    assert root.ask("POST", f"/{over['id']}/transfer", {"user_id": bob.person.id}).code == "meeting_ended"
    orphaned = ada.make()
    invite(ada, orphaned, bob)
    assert root.ask("POST", f"/{orphaned['id']}/transfer", {"user_id": bob.person.id}).status == 200


def test_bans_are_listed_and_lifted_for_people_and_for_guests(host: Callable[..., Host]) -> None:
    ada, eve = host(), host("Eve")
    meeting = ada.make()
    joined = ada.meetings.request("POST", f"/v1/meetings/{meeting['id']}/join", {"display_name": "Gus"}).json()
    tell(ada.meetings, meeting["id"], removed(eve.person.id, 2), removed(joined["identity"], 3, "Gus"), first=4)
    again = {"display_name": "Other", "previous_token": joined["meeting_token"]}
    back = ada.meetings.request("POST", f"/v1/meetings/{meeting['id']}/join", again)
    assert (back.status, back.code) == (403, "participant_removed"), "a guest who shows who they were"
    assert eve.join(meeting).code == "participant_removed"
    listed = ada.ask("GET", f"/{meeting['id']}/bans").json()["items"]
    assert sorted((each["name"], each["guest"]) for each in listed) == [("Eve", False), ("Gus", True)]
    assert eve.ask("GET", f"/{meeting['id']}/bans").status == 403
    path = f"/{meeting['id']}/bans/{eve.person.id}"
    assert ada.ask("DELETE", path).status == 204
    assert ada.ask("DELETE", path).status == 204
    assert ada.ask("DELETE", f"/{meeting['id']}/bans/u_nobody").code == "not_found"
    assert eve.join(meeting).status == 200
    tell(ada.meetings, meeting["id"], removed(eve.person.id, 2), first=4)
    assert eve.join(meeting).status == 200, "a fact that comes once more does not ban anew"
    tell(ada.meetings, meeting["id"], removed(eve.person.id, 9), first=40)
    assert eve.join(meeting).code == "participant_removed", "a later one does"
    lifted = PersonUnbanned(at=START + 99, identity=Identity(eve.person.id), by=ADMINISTRATOR)
    tell(ada.meetings, meeting["id"], lifted, first=41)
    assert [each["name"] for each in ada.ask("GET", f"/{meeting['id']}/bans").json()["items"]] == ["Gus"]


def test_lifting_reaches_the_live_room_or_says_that_it_has_not(
    host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, eve = host(), host("Eve")
    meeting = ada.make()
    tell(ada.meetings, meeting["id"], came_in(ada), removed(eve.person.id, 2))
    asked: list[Any] = []
    monkeypatch.setattr(
        ada.meetings.module.rooms, "ask", lambda room, request, **more: asked.append((room, request, more))
    )
    assert ada.ask("DELETE", f"/{meeting['id']}/bans/{eve.person.id}").status == 204
    [(room, request, more)] = asked
    assert (room, request.name, request.body) == (meeting["id"], "unban", {"identity": eve.person.id})
    assert more == {"by": ada.person.id}


def test_what_hosts_and_administrators_do_is_kept_and_found(host: Callable[..., Host], admin: Person) -> None:
    ada, bob, root = host(), host("Bob"), Host(host().meetings, admin)
    meeting = ada.make()
    invite(ada, meeting, bob)
    ada.ask("POST", f"/{meeting['id']}/transfer", {"user_id": bob.person.id}, User_Agent="Firefox")
    bob.ask("POST", f"/{meeting['id']}/end")
    assert ada.ask("DELETE", f"/{meeting['id']}").status == 403
    bob.ask("DELETE", f"/{meeting['id']}")

    def found(query: str) -> list[dict[str, Any]]:
        answer = root.ask("GET", f"/audit?{query}")
        assert answer.status == 200, answer.text
        return list(answer.json()["items"])

    entries = found(f"meeting_id={meeting['id']}")
    assert [each["event"] for each in entries] == ["meeting_deleted", "meeting_ended", "host_transferred"]
    transferred = entries[-1]
    assert (transferred["actor_id"], transferred["user_id"]) == (ada.person.id, bob.person.id)
    assert transferred["details"] == {"meeting_id": meeting["id"]}
    assert transferred["user_agent"] == "Firefox"
    assert transferred["digest"]
    assert [each["event"] for each in found(f"user_id={bob.person.id}&event=host_transferred")] == ["host_transferred"]
    assert {each["event"] for each in found(f"actor_id={admin.id}")} == {"audit_read"}, "who looks is seen"
    assert root.ask("GET", "/audit?event=nonsense").status == 422
    assert ada.ask("GET", "/audit").status == 403
    page = root.ask("GET", "/audit?limit=1").json()
    assert root.ask("GET", f"/audit?limit=1&cursor={page['next_cursor']}").json()["items"] != page["items"]


def test_what_is_done_to_people_in_live_rooms_is_kept_once(host: Callable[..., Host], admin: Person) -> None:
    ada, eve, root = host(), host("Eve"), Host(host().meetings, admin)
    meeting, now = ada.make(), int(time.time() * 1000)
    banned = replace(removed(eve.person.id, 2), at=now)
    done = [
        replace(came_in(ada), at=now),
        banned,
        replace(banned, participant_id=ParticipantId("p_3")),  # another stay of hers: one ban
        replace(removed("g_gus", 4), at=now + 1, banned=None),
        PersonUnbanned(at=now + 2, identity=Identity(eve.person.id), by=ParticipantId("p_1")),
        replace(removed("g_eve", 5), at=now + 3, by=ADMINISTRATOR),  # kept with the request that has done it
        replace(removed("g_cam", 6), at=now + 4, banned=None, by=None),  # a stream that cannot encrypt
    ]
    tell(ada.meetings, meeting["id"], *done)
    tell(ada.meetings, meeting["id"], *done)
    found = root.ask("GET", f"/audit?meeting_id={meeting['id']}").json()["items"]
    assert [(each["event"], each["user_id"]) for each in found] == [
        ("ban_lifted", eve.person.id),
        ("participant_removed", "g_gus"),
        ("participant_banned", eve.person.id),
    ]
    assert {each["actor_id"] for each in found} == {ada.person.id}
    assert found[0]["details"] == {"meeting_id": meeting["id"], "session": "1", "by": "p_1"}


def test_every_change_of_others_or_of_the_organisation_is_audited_or_named_here(meetings: Client) -> None:
    """A route that changes something and is in neither list fails this test."""
    of_ones_own = {
        "create_meeting",
        "make_personal_room",
        "renew_personal_room",
        "change_meeting",
        "join_meeting",
        "invite",
        "take_invitation_back",
        "send_invitation_again",
        "answer_invitation",
        "read_invitation",
        "answer_by_link",
        "set_preferences",
        "make_calendar_feed",
        "revoke_calendar_feed",
        "find_conflicts",
        "change_occurrence",
        "split_series",
        "end_series",
        "prepare_poll",
        "order_prepared_polls",
        "change_prepared_poll",
        "delete_prepared_poll",
        "plan_breakouts",
        "drop_breakout_plan",
    }
    told_by_the_rooms_own_record = {
        operation.name
        for operation in meetings.module.app.operations
        if operation.path.startswith("/v1/rooms") and operation.audited is None
    }
    for operation in meetings.module.app.operations:
        if operation.method != "GET" and operation.name not in of_ones_own | told_by_the_rooms_own_record:
            assert operation.audited, operation.name
