"""Webhooks over the API: who may have them, what they are told, their secrets, and the log of deliveries."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from meetings_service.domain.webhooks import Secret, new_secret
from msgspec.structs import replace

from functions.serverless.sealing import SealingError
from tests.doubles.webhook_receiver import Receiver, receiving
from tests.integration.functions.conftest import Person
from tests.integration.functions.host_mails import Killed, Killer
from tests.integration.functions.lambda_events import Client, HttpAnswer
from tests.integration.functions.meeting_hosts import came_in, in_utc, tell
from tests.integration.functions.webhook_owner import LIFE, Owner

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

WEBHOOKS = "/v1/meetings/webhooks"
SCOPE = "webhooks:read webhooks:write meetings:create meetings:read meetings:write"


@pytest.fixture(scope="module")
def reaching(new_meetings: Callable[..., Client]) -> Client:
    """An instance that sends into private networks, as one on somebody's own machine may."""
    return new_meetings(PARLEY_MEETINGS_WEBHOOK_REACH="any")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


@pytest.fixture
def owner(reaching: Client, person: Callable[..., Person], token_of: Callable[..., str]) -> Iterator[Owner]:
    somebody = person()
    owner = Owner(reaching, somebody, token_of(somebody, scope=SCOPE))
    yield owner
    for webhook in owner.ask("GET", "/webhooks").json()["items"]:
        owner.ask("DELETE", f"/webhooks/{webhook['id']}")


# ---- who and where ----


def test_webhook_is_made_read_changed_and_deleted(owner: Owner, receiver: Receiver) -> None:
    answer = owner.ask("POST", "/webhooks", {"url": receiver.url, "events": ["meeting.ended", "meeting.started"]})
    made = answer.json()
    assert answer.headers["location"] == f"{WEBHOOKS}/{made['id']}"
    secret = made.pop("secret")
    assert secret.startswith("whsec_")
    assert made == {
        "id": made["id"],
        "url": receiver.url,
        "events": ["meeting.started", "meeting.ended"],
        "description": "",
        "meetings": "own",
        "enabled": True,
        "disabled_because": None,
        "disabled_at": None,
        "failing_since": None,
        "last_error": None,
        "previous_secret_until": None,
        "last_delivery": None,
        "created_at": made["created_at"],
    }
    path = f"/webhooks/{made['id']}"
    read = owner.ask("GET", path)
    assert read.json() == made
    assert owner.ask("GET", "/webhooks").json() == {"items": [made]}
    assert secret not in read.text
    off = owner.ask("PATCH", path, {"enabled": False, "description": "Mine"}, if_match=read.headers["etag"])
    assert (off.status, off.json()["enabled"], off.json()["disabled_because"]) == (200, False, "owner")
    assert owner.ask("PATCH", path, {"enabled": True}, if_match=read.headers["etag"]).code == "precondition_failed"
    on = owner.ask("PATCH", path, {"enabled": True, "events": ["participant.left"]}).json()
    assert (on["enabled"], on["disabled_at"], on["description"]) == (True, None, "Mine")
    assert on["events"] == ["participant.left"]
    assert owner.ask("DELETE", path).status == 204
    assert owner.ask("GET", path).code == "not_found"
    assert owner.ask("GET", "/webhooks").json() == {"items": []}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"url": "https://hooks.example/", "events": []}, "events"),
        ({"url": "https://hooks.example/", "events": ["webhook.test"]}, "events[0]"),
        ({"url": "https://hooks.example/", "events": ["meeting.exploded"]}, "events[0]"),
        ({"url": "", "events": ["meeting.ended"]}, "url"),
        ({"url": "x" * 2049, "events": ["meeting.ended"]}, "url"),
        ({"url": "https://hooks.example/", "events": ["meeting.ended"], "meetings": "theirs"}, "meetings"),
    ],
)
def test_bodies_that_are_refused(owner: Owner, body: dict[str, Any], field: str) -> None:
    answer = owner.ask("POST", "/webhooks", body)
    assert (answer.status, answer.code) == (422, "validation_failed")
    assert [error["field"] for error in answer.json()["errors"]] == [field]


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://example.org/hook", "must begin with https"),
        ("https://user:password@example.org/", "password"),
        ("https://example.org:22/", "port must be 443 or 8443"),
        ("https://example.org/#x", "fragment"),
        ("https://127.0.0.1/", "public Internet"),
        ("https://localhost/", "public Internet"),
        ("https://2130706433/", "public Internet"),
        ("https://[::1]/", "public Internet"),
        ("https://[::ffff:10.0.0.1]/", "public Internet"),
        ("https://169.254.169.254/latest/meta-data/", "public Internet"),
        ("https://no-such-host.invalid/", "leads nowhere"),
    ],
)
def test_addresses_that_nothing_is_sent_to(
    meetings: Client, person: Callable[..., Person], token_of: Callable[..., str], url: str, words: str
) -> None:
    """At an instance with the settings as they come."""
    somebody = person()
    careful = Owner(meetings, somebody, token_of(somebody, scope=SCOPE))
    answer = careful.ask("POST", "/webhooks", {"url": url, "events": ["meeting.ended"]})
    assert (answer.status, answer.code) == (422, "validation_failed")
    (error,) = answer.json()["errors"]
    assert error["field"] == "url"
    assert words in error["message"]


def test_change_of_the_address_is_checked_as_well(owner: Owner, meetings: Client, receiver: Receiver) -> None:
    path = f"/webhooks/{owner.subscribe(receiver.url)['id']}"
    careful = Owner(meetings, owner.person, owner.token)
    assert careful.ask("PATCH", path, {"url": "https://10.0.0.1/"}).status == 422
    assert owner.ask("GET", path).json()["url"] == receiver.url


def test_everybodys_meetings_are_for_administrators(
    owner: Owner, reaching: Client, new_admin: Callable[[], Person], receiver: Receiver
) -> None:
    body = {"url": receiver.url, "events": LIFE, "meetings": "all"}
    assert owner.ask("POST", "/webhooks", body).code == "permission_denied"
    first, second = (Owner(reaching, admin, admin.token) for admin in (new_admin(), new_admin()))
    shared, private = first.subscribe(receiver.url, meetings="all"), first.subscribe(receiver.url)
    try:
        seen = [webhook["id"] for webhook in second.ask("GET", "/webhooks").json()["items"]]
        assert shared["id"] in seen
        assert private["id"] not in seen
        assert second.ask("GET", f"/webhooks/{private['id']}").status == 404
        for caller in (owner, second):
            for method, path, more in (
                ("PATCH", "", {"enabled": False}),
                ("DELETE", "", None),
                ("POST", "/rotate-secret", None),
                ("POST", "/test", None),
                ("GET", "/deliveries", None),
                ("POST", "/redeliver", {"since": "2026-01-01T00:00:00Z"}),
            ):
                assert caller.ask(method, f"/webhooks/{private['id']}{path}", more).status == 404
        assert owner.ask("GET", f"/webhooks/{shared['id']}").status == 404
        owner.make("Of somebody else")
        first.sent()
        assert [message.data["meeting"]["title"] for message in receiver.got] == ["Of somebody else"]
    finally:
        assert second.ask("DELETE", f"/webhooks/{shared['id']}").status == 204
        first.ask("DELETE", f"/webhooks/{private['id']}")


def test_twenty_webhooks_are_enough(owner: Owner, receiver: Receiver) -> None:
    for _ in range(20):
        owner.subscribe(receiver.url)
    answer = owner.ask("POST", "/webhooks", {"url": receiver.url, "events": LIFE})
    assert (answer.status, answer.code) == (409, "conflict")


def test_request_that_is_repeated_makes_one_webhook(owner: Owner, receiver: Receiver) -> None:
    body = {"url": receiver.url, "events": LIFE}
    first, second = (owner.ask("POST", "/webhooks", body, idempotency_key="k-1").json() for _ in range(2))
    assert first == second
    other = owner.ask("POST", "/webhooks", {**body, "events": ["meeting.ended"]}, idempotency_key="k-1")
    assert (other.status, other.code) == (422, "validation_failed")
    assert owner.ask("POST", "/webhooks", body, idempotency_key="k-2").json()["id"] != first["id"]


def test_account_that_is_gone_leaves_no_webhooks(owner: Owner, receiver: Receiver) -> None:
    webhook = owner.subscribe(receiver.url)
    taken = owner.meetings.module.account_news({"account_id": owner.person.id, "name": None}, None)
    assert taken == {"done": True}
    assert owner.ask("GET", f"/webhooks/{webhook['id']}").status == 404


# ---- what they are told ----


def test_life_of_a_meeting_is_told(owner: Owner, receiver: Receiver) -> None:
    webhook = owner.subscribe(receiver.url)
    meeting = owner.make("Weekly", schedule=in_utc(60))
    owner.ask("PATCH", f"/{meeting['id']}", {"title": "Monthly"})
    owner.ask("PATCH", f"/{meeting['id']}", {"title": "Monthly"})  # changes nothing
    tell(owner.meetings, meeting["id"], came_in(owner))
    owner.ask("POST", f"/{meeting['id']}/end")
    owner.ask("POST", f"/{meeting['id']}/end")
    owner.ask("POST", f"/{meeting['id']}/cancel")
    owner.ask("POST", f"/{meeting['id']}/cancel")
    owner.ask("DELETE", f"/{meeting['id']}")
    owner.sent()
    told = {message.type: message for message in receiver.got}
    assert sorted(receiver.types) == sorted(LIFE), "each once"
    assert all(message.is_signed_with(webhook["secret"]) for message in receiver.got)
    created, updated = told["meeting.created"].data, told["meeting.updated"].data
    assert created["meeting"]["schedule"]["time_zone"] == "UTC"
    assert (updated["changed"], updated["meeting"]["title"]) == (["title"], "Monthly")
    assert told["meeting.ended"].data["ended_by"] == owner.person.id
    assert {entry["event"]: entry["state"] for entry in owner.deliveries(webhook)} == dict.fromkeys(LIFE, "delivered")


CHANGES: dict[str, Callable[[Owner, str], HttpAnswer]] = {
    "meeting.updated": lambda owner, path: owner.ask("PATCH", path, {"title": "Other"}),
    "meeting.cancelled": lambda owner, path: owner.ask("POST", f"{path}/cancel"),
    "meeting.deleted": lambda owner, path: owner.ask("DELETE", path),
}


@pytest.mark.parametrize("kind", CHANGES)
def test_a_change_is_told_once_whoever_dies_over_it(
    owner: Owner, receiver: Receiver, dynamodb: DynamoDBClient, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """It is told as soon as it is made, though nobody asks again."""
    owner.subscribe(receiver.url, [kind])
    killer = Killer(dynamodb, owner.meetings.module.mailing, monkeypatch)
    told = 0
    for writes in range(1, 20):
        path = f"/{owner.make('Weekly')['id']}"
        before = owner.ask("GET", path).json()
        killer.left, died = writes, False
        try:
            assert CHANGES[kind](owner, path).status in {200, 204}
        except Killed:
            died = True
        killer.left = 0
        killer.work(owner.meetings)
        owner.sent()
        told += owner.ask("GET", path).json() != before
        assert [message.type for message in receiver.got] == [kind] * told, writes
        if not died:
            assert told > 1  # the change itself, and what follows
            return
    pytest.fail("it writes on and on")


def test_passcodes_are_not_told(owner: Owner, receiver: Receiver) -> None:
    owner.subscribe(receiver.url)
    meeting = owner.make("Weekly", settings={"passcode": "very-secret"})
    owner.ask("PATCH", f"/{meeting['id']}", {"settings": {"passcode": "more-secret"}})
    owner.sent()
    assert sorted(receiver.types) == ["meeting.created", "meeting.updated"]
    assert all(b"secret" not in message.body for message in receiver.got)


def test_repeated_request_tells_once(owner: Owner, receiver: Receiver) -> None:
    owner.subscribe(receiver.url)
    for _ in range(2):
        owner.ask("POST", "", {"title": "Weekly"}, idempotency_key="once")
    owner.sent()
    assert receiver.types == ["meeting.created"]


def test_webhook_that_is_turned_off_is_told_nothing(owner: Owner, receiver: Receiver) -> None:
    webhook = owner.subscribe(receiver.url)
    owner.make("Before")
    owner.ask("PATCH", f"/webhooks/{webhook['id']}", {"enabled": False})
    owner.make("After")
    owner.sent()
    assert receiver.got == []
    (given_up,) = owner.deliveries(webhook)
    assert (given_up["state"], given_up["attempt_count"]) == ("failed", 0)
    owner.ask("PATCH", f"/webhooks/{webhook['id']}", {"enabled": True})
    owner.ask("POST", f"/webhooks/{webhook['id']}/redeliver", {"since": webhook["created_at"]})
    owner.sent()
    assert [message.data["meeting"]["title"] for message in receiver.got] == ["Before"]


# ---- secrets, tests, the log ----


def test_secret_is_rotated_with_an_overlap(owner: Owner, receiver: Receiver) -> None:
    webhook = owner.subscribe(receiver.url)
    answer = owner.ask("POST", f"/webhooks/{webhook['id']}/rotate-secret")
    rotated = answer.json()
    assert rotated["secret"] != webhook["secret"]
    assert rotated["previous_secret_until"] > webhook["created_at"]
    owner.make()
    owner.sent()
    (message,) = receiver.got
    assert message.is_signed_with(webhook["secret"])
    assert message.is_signed_with(rotated["secret"])


def test_secrets_are_sealed_where_they_are_kept(owner: Owner, receiver: Receiver) -> None:
    table = owner.meetings.module.webhooks_table
    made = owner.subscribe(receiver.url, ["meeting.created"])
    again = owner.ask("POST", f"/webhooks/{made['id']}/rotate-secret").json()
    kept = table.find(made["id"])
    assert len(kept.secrets) == 2
    for secret in (made["secret"], again["secret"]):
        assert secret.removeprefix("whsec_") not in " ".join(each.text for each in kept.secrets)
    other = owner.subscribe(receiver.url, ["meeting.created"])
    with pytest.raises(SealingError):  # what is copied to another webhook does not open there
        owner.meetings.module.webhook_secrets.opened(replace(table.find(other["id"]), secrets=kept.secrets))


@pytest.mark.parametrize("by", ["use", "change"])
def test_secrets_from_before_they_were_sealed_sign_and_are_sealed_by_their_first_use_or_change(
    owner: Owner, receiver: Receiver, by: str
) -> None:
    table, secret = owner.meetings.module.webhooks_table, new_secret(bytes(range(32)))
    made = owner.subscribe(receiver.url, ["meeting.created"])
    sealed = table.find(made["id"])
    readable = table.replace(sealed, replace(sealed, secrets=(Secret(text=secret), Secret(text=secret, until=1))))
    assert readable is not None
    if by == "use":
        owner.make()
        owner.sent()
    else:
        assert owner.ask("PATCH", f"/webhooks/{made['id']}", {"description": "Mine"}).status == 200
        owner.make()
        owner.sent()
    kept = table.find(made["id"])
    assert [each.until for each in kept.secrets] == [None, 1]
    assert not any(each.text.startswith("whsec_") for each in kept.secrets)
    assert kept.version == readable.version + (by == "change"), "being used is no change of it"
    owner.make()
    owner.sent()
    assert len(receiver.got) == 2
    assert all(message.is_signed_with(secret) for message in receiver.got)


def test_whoever_has_lost_the_sealing_keys_gives_webhooks_other_secrets(owner: Owner, receiver: Receiver) -> None:
    table = owner.meetings.module.webhooks_table
    made, other = (owner.subscribe(receiver.url, ["meeting.created"]) for _ in range(2))
    owner.ask("DELETE", f"/webhooks/{other['id']}")
    kept = table.find(made["id"])
    foreign = owner.meetings.module.webhook_secrets.sealed(
        replace(kept, id="wh_other", secrets=(Secret(text=made["secret"]),))
    )
    assert table.replace(kept, replace(kept, secrets=foreign.secrets)) is not None
    owner.make()
    owner.sent()
    (delivery,) = owner.ask("GET", f"/webhooks/{made['id']}/deliveries").json()["items"]
    read = owner.ask("GET", f"/webhooks/{made['id']}/deliveries/{delivery['id']}").json()
    assert [attempt["error"] for attempt in read["attempts"]] == [
        "The webhook's secret cannot be read any more. Give it another."
    ]
    assert receiver.got == []
    rotated = owner.ask("POST", f"/webhooks/{made['id']}/rotate-secret")
    assert rotated.status == 200, rotated.text
    assert owner.ask("POST", f"/webhooks/{made['id']}/deliveries/{delivery['id']}/redeliver").status == 202
    owner.sent()
    (message,) = receiver.got
    assert message.is_signed_with(rotated.json()["secret"])


def test_test_message_shows_at_once_what_is_wrong(owner: Owner, receiver: Receiver) -> None:
    webhook = owner.subscribe(receiver.url, ["meeting.ended"])
    receiver.status = 401
    answer = owner.ask("POST", f"/webhooks/{webhook['id']}/test")
    assert (answer.status, answer.json()["event"], answer.json()["state"]) == (202, "webhook.test", "pending")
    owner.sent()
    read = owner.ask("GET", f"/webhooks/{webhook['id']}/deliveries/{answer.json()['id']}").json()
    assert (read["state"], read["next_attempt_at"], read["attempt_count"]) == ("failed", None, 1)
    (attempt,) = read["attempts"]
    assert (attempt["status"], attempt["error"], attempt["excerpt"]) == (401, None, "noted\ufffd")
    assert read["payload"] == json.loads(receiver.got[0].body)
    assert read["payload"]["data"] == {"webhook": {"id": webhook["id"]}}
    assert owner.ask("GET", f"/webhooks/{webhook['id']}").json()["failing_since"] is None, "it was a test"


def test_log_is_read_by_pages_and_by_state(owner: Owner, receiver: Receiver) -> None:
    webhook = owner.subscribe(receiver.url)
    receiver.failing_first = 2
    titles = [owner.make(f"Number {number}")["title"] for number in range(5)]
    owner.sent()
    path = f"/webhooks/{webhook['id']}/deliveries"
    seen: list[dict[str, Any]] = []
    query = "?limit=2"
    while True:
        page = owner.ask("GET", f"{path}{query}").json()
        seen += [owner.ask("GET", f"{path}/{item['id']}").json() for item in page["items"]]
        if page["next_cursor"] is None:
            break
        query = f"?limit=2&cursor={page['next_cursor']}"
    assert [each["payload"]["data"]["meeting"]["title"] for each in seen] == titles[::-1]
    waiting = owner.deliveries(webhook, "?state=pending")
    assert len(waiting) == 2
    assert all(entry["last_attempt"]["status"] == 503 and entry["next_attempt_at"] for entry in waiting)
    assert len(owner.deliveries(webhook, "?state=delivered")) == 3
    assert owner.ask("GET", f"{path}?cursor=abc").status == 422
    assert owner.ask("GET", f"{path}?state=lost").status == 422
    assert owner.ask("GET", f"{path}/msg_x").code == "not_found"


def test_messages_are_sent_again_one_or_all_that_failed(owner: Owner, receiver: Receiver) -> None:
    webhook = owner.subscribe(receiver.url)
    path = f"/webhooks/{webhook['id']}"
    owner.make("First")
    owner.sent()
    (delivered,) = owner.deliveries(webhook)
    again = owner.ask("POST", f"{path}/deliveries/{delivered['id']}/redeliver")
    assert (again.status, again.json()["state"]) == (202, "pending")
    owner.sent()
    assert [message.id for message in receiver.got] == [delivered["id"]] * 2
    assert owner.deliveries(webhook)[0]["attempt_count"] == 2
    owner.make("Second")
    owner.make("Third")
    owner.ask("PATCH", path, {"enabled": False})
    owner.sent()
    owner.ask("PATCH", path, {"enabled": True})
    assert owner.ask("POST", f"{path}/redeliver", {"since": "2100-01-01T00:00:00Z"}).json() == {
        "count": 0,
        "more": False,
    }
    answer = owner.ask("POST", f"{path}/redeliver", {"since": webhook["created_at"]})
    assert (answer.status, answer.json()) == (202, {"count": 2, "more": False})
    owner.sent()
    assert sorted(message.data["meeting"]["title"] for message in receiver.got[2:]) == ["Second", "Third"]
    assert owner.ask("POST", f"{path}/deliveries/msg_x/redeliver").code == "not_found"
    assert owner.ask("POST", f"{path}/redeliver", {"since": "2026-01-01"}).status == 422
