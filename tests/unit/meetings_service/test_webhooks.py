"""What webhooks are told, how messages are signed, and when they are tried again."""

from __future__ import annotations

import json
from typing import Any

import pytest
from meetings_service.domain.deliveries import Attempt, Delivery, DeliveryState, next_attempt, rested, settled
from meetings_service.domain.meetings import Meeting
from meetings_service.domain.schedule import Schedule
from meetings_service.domain.webhook_events import (
    TEST,
    EventType,
    cancelled,
    created,
    deleted,
    ended,
    events_of,
    is_told,
    updated,
)
from meetings_service.domain.webhooks import (
    GIVES_UP_MS,
    OVERLAP_MS,
    DisabledBecause,
    Secret,
    Webhook,
    new_secret,
    rotated,
    signed_headers,
    verdict,
    webhook_id_of,
)
from msgspec.structs import replace

from contracts.broadcast_events import BroadcastStarted, BroadcastStopped
from contracts.facts import Fact
from contracts.log_events import LobbyJoined, LogEvent, MeetingEnded, RecordingStarted, RecordingStopped
from contracts.room_broadcast import BroadcastEnd
from contracts.rooms import (
    PERMISSIONS_OF_ROLE,
    CompositeLayout,
    GatewayId,
    Identity,
    MeetingId,
    ParticipantId,
    RecordingEnd,
    Role,
)
from tests.doubles.webhook_receiver import is_signed
from tests.unit.meetings_service.room_history import START, joined, left, published, said

NOW = START + 10_000
MEETING = Meeting(
    id=MeetingId("abcd-efgh-jkmn"), title="Weekly", host_id="u_ada", host_name="Ada", created_at=START, session=2
)
ROOM = MEETING.room


def told(event: LogEvent, version: int = 7) -> list[dict[str, Any]]:
    return [json.loads(each.body) for each in events_of(fact(event, version), MEETING)]


def fact(event: LogEvent, version: int = 7) -> Fact:
    return Fact(meeting_id=ROOM, version=version, event=event)


# ---- events ----


def test_joining_starts_the_session_once_and_tells_who_came() -> None:
    started, came = told(joined(1, START))
    about = {"id": MEETING.id, "title": "Weekly", "kind": "instant", "host_id": "u_ada", "schedule": None}
    assert started == {
        "type": "meeting.started",
        "timestamp": "2027-01-15T08:00:00.000Z",
        "data": {"meeting": about, "session": 2},
    }
    assert (came["type"], came["data"]["position"]) == ("participant.joined", 7)
    assert came["data"]["participant"] == {
        "id": "p_1",
        "identity": "g_1",
        "name": "Guest 1",
        "role": "guest",
        "kind": "person",
    }
    first, second = (events_of(fact(joined(n, START + n), n), MEETING) for n in (1, 2))
    assert first[0].message_id == second[0].message_id
    assert first[1].message_id != second[1].message_id
    other_session = events_of(Fact(meeting_id=MEETING.id, version=1, event=joined(1, START)), MEETING)
    assert other_session[0].message_id != first[0].message_id
    assert other_session[0].data["session"] == 1


def test_leaving_waiting_and_the_end() -> None:
    (gone,) = told(left(1, START))
    assert gone["data"]["participant"] == {"id": "p_1", "identity": "g_1"}
    assert gone["data"]["reason"] == "left"
    waits = LobbyJoined(
        at=START,
        participant=joined(4, START).participant,
        gateway_id=GatewayId("gw"),
        resume_hash="secret",
        granted=PERMISSIONS_OF_ROLE[Role.GUEST],
    )
    (waiting,) = told(waits)
    assert (waiting["type"], waiting["data"]["participant"]["id"]) == ("participant.waiting", "p_4")
    assert "secret" not in json.dumps(waiting)
    (over,) = told(MeetingEnded(at=START, by=None))
    assert (over["type"], over["data"]["ended_by"]) == ("meeting.ended", None)


def test_broadcasts() -> None:
    began = BroadcastStarted(
        at=START, broadcast_id="bc_1", by=ParticipantId("p_1"), layout=CompositeLayout.GRID, watch_key="secret"
    )
    (told_of,) = told(began)
    assert (told_of["type"], told_of["data"]["broadcast"]) == ("broadcast.started", {"id": "bc_1"})
    assert "secret" not in json.dumps(told_of)
    (ended,) = told(BroadcastStopped(at=START, broadcast_id="bc_1", reason=BroadcastEnd.FAILED))
    assert (ended["type"], ended["data"]["reason"]) == ("broadcast.ended", "failed")


def test_recordings() -> None:
    (began,) = told(RecordingStarted(at=START, recording_id="rec_1", by=ParticipantId("p_1"), prefix="secret/place/"))
    assert began["data"]["recording"] == {"id": "rec_1"}
    assert "secret" not in json.dumps(began)
    for reason, kind in (
        (RecordingEnd.ASKED, "recording.stopped"),
        (RecordingEnd.ENDED, "recording.stopped"),
        (RecordingEnd.FAILED, "recording.failed"),
    ):
        (stopped,) = told(RecordingStopped(at=START, recording_id="rec_1", reason=reason))
        assert (stopped["type"], stopped["data"]["reason"]) == (kind, reason.value)


@pytest.mark.parametrize("event", [said(1, START), published(1, START)])
def test_what_people_say_and_show_is_nobodys_business(event: LogEvent) -> None:
    assert not is_told(fact(event))
    assert told(event) == []


def test_end_that_somebody_asked_for_is_the_same_as_the_rooms_own() -> None:
    asked = ended(MEETING, at=START, by="u_ada")
    (from_room,) = events_of(fact(MeetingEnded(at=START + 5, by=Identity("u_ada"))), MEETING)
    assert asked.message_id == from_room.message_id
    assert asked.data == from_room.data


def test_changes_of_a_meeting() -> None:
    schedule = Schedule(start="2026-12-01T09:00:00", time_zone="Europe/Berlin", duration_minutes=30)
    after = replace(MEETING, title="Monthly", schedule=schedule, version=2)
    change = updated(MEETING, after, now=NOW)
    assert change.data["changed"] == ["title", "schedule"]
    assert change.data["meeting"]["schedule"]["start"] == "2026-12-01T09:00:00"
    assert change.message_id != updated(MEETING, replace(after, version=3), now=NOW).message_id
    kinds = [created(MEETING), cancelled(replace(MEETING, cancelled_at=NOW)), deleted(MEETING, now=NOW), change]
    assert [event.type for event in kinds] == [
        "meeting.created",
        "meeting.cancelled",
        "meeting.deleted",
        "meeting.updated",
    ]
    assert len({event.message_id for event in kinds}) == 4
    assert created(MEETING).message_id == created(replace(MEETING, title="Other")).message_id
    assert len(created(MEETING).message_id) < 64  # as place in a cursor


# ---- signatures ----


def test_example_of_the_specification() -> None:
    """The example in the Standard Webhooks specification, "Signature scheme"."""
    secret = Secret(text="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'
    headers = signed_headers("msg_p5jXN8AQM9LWM0D4loKWxJek", body, (secret,), now=1_614_265_330_000)
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_rotated_secrets_overlap_for_a_day() -> None:
    first, second = new_secret(b"a" * 32), new_secret(b"b" * 32)
    secrets = rotated((Secret(text=first),), second, now=NOW)
    both = signed_headers("msg_1", b"{}", secrets, now=NOW + 1)
    assert is_signed(first, both, b"{}")
    assert is_signed(second, both, b"{}")
    later = signed_headers("msg_1", b"{}", secrets, now=NOW + OVERLAP_MS)
    assert not is_signed(first, later, b"{}")
    assert is_signed(second, later, b"{}")
    assert first not in repr(secrets)


def test_ids_of_webhooks() -> None:
    assert webhook_id_of("u_a", None, b"a" * 15) != webhook_id_of("u_a", None, b"b" * 15)
    assert webhook_id_of("u_a", "key", b"a" * 15) == webhook_id_of("u_a", "key", b"b" * 15)
    assert webhook_id_of("u_a", "key", b"a" * 15) != webhook_id_of("u_b", "key", b"a" * 15)


# ---- attempts ----

WAITING = Delivery(id="msg_1", webhook_id="wh_1", event="meeting.started", at=NOW, body="{}", next_at=NOW)
REFUSED = Attempt(at=NOW, status=503)


def test_attempts_that_failed_together_spread() -> None:
    times = [next_attempt(1, now=0, chance=chance / 10) for chance in range(11)]
    assert times == sorted(set(times), key=lambda at: at or 0)
    assert (times[0], times[-1]) == (24_000, 36_000)


def test_ten_attempts_in_a_day_and_no_more() -> None:
    delivery, now = WAITING, NOW
    while delivery.next_at is not None:
        now = delivery.next_at
        delivery = settled(delivery, replace(REFUSED, at=now), now=now, chance=0.5)
    assert (delivery.state, len(delivery.attempts)) == (DeliveryState.FAILED, 10)
    assert 24 * 3_600_000 < now - NOW < 30 * 3_600_000


def test_success_is_the_end() -> None:
    done = settled(WAITING, Attempt(at=NOW, status=204), now=NOW, chance=0)
    assert (done.state, done.next_at, done.tries) == (DeliveryState.DELIVERED, None, 1)


@pytest.mark.parametrize("status", [199, 300, 301, 304, 307, 308, 400, 404, 429, 500])
def test_whatever_is_not_2xx_is_a_failure(status: int) -> None:
    assert settled(WAITING, Attempt(at=NOW, status=status), now=NOW, chance=0).state is DeliveryState.PENDING


def test_receivers_wish_is_heeded_within_an_hour() -> None:
    asked = [settled(WAITING, REFUSED, now=NOW, chance=0.5, wish_s=wish).next_at for wish in (None, 1, 300, 999_999)]
    assert asked == [NOW + 30_000, NOW + 30_000, NOW + 300_000, NOW + 3_600_000]


def test_test_message_is_tried_once() -> None:
    assert settled(replace(WAITING, event=TEST), REFUSED, now=NOW, chance=0).state is DeliveryState.FAILED


def test_the_last_attempts_are_kept() -> None:
    tired = replace(WAITING, attempts=tuple(replace(REFUSED, at=number) for number in range(50)))
    attempts = settled(tired, REFUSED, now=NOW, chance=0).attempts
    assert (len(attempts), attempts[0].at, attempts[-1]) == (50, 1, REFUSED)


def test_rest_grows_with_the_trouble() -> None:
    rests = [
        rested(since, now=NOW, chance=0.5) - NOW for since in (None, NOW, NOW - 600_000, NOW - 3_600_000, NOW - 10**9)
    ]
    assert rests == [60_000, 60_000, 600_000, 3_600_000, 3_600_000]


WEBHOOK = Webhook(
    id="wh_1",
    owner="u_ada",
    url="https://hooks.example/",
    events=(EventType.MEETING_STARTED,),
    secrets=(Secret(text=new_secret(b"a" * 32)),),
    created_at=START,
)


@pytest.mark.parametrize(
    ("failing_since", "status", "expected"),
    [
        (None, 500, None),
        (NOW - GIVES_UP_MS + 1, 500, None),
        (NOW - GIVES_UP_MS, 500, DisabledBecause.FAILING),
        (NOW - GIVES_UP_MS, None, DisabledBecause.FAILING),
        (NOW - GIVES_UP_MS, 200, None),
        (None, 410, DisabledBecause.GONE),
        (None, 404, None),
    ],
)
def test_when_a_webhook_is_turned_off(
    failing_since: int | None, status: int | None, expected: DisabledBecause | None
) -> None:
    assert verdict(replace(WEBHOOK, failing_since=failing_since), Attempt(at=NOW, status=status)) is expected


def test_what_a_webhook_wants() -> None:
    assert WEBHOOK.wants("meeting.started")
    assert not WEBHOOK.wants("meeting.ended")
    assert not WEBHOOK.wants(TEST)
    assert not replace(WEBHOOK, disabled_because=DisabledBecause.OWNER).wants("meeting.started")
