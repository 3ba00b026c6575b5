"""Deliveries on moto, with real servers that take them, refuse them or are gone, and a clock that is set by hand."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from meetings_service import postman
from meetings_service.adapters.recordings_table import RecordingsTable
from meetings_service.adapters.records import Records
from meetings_service.adapters.repository import Repository
from meetings_service.adapters.webhooks_table import WebhooksTable
from meetings_service.domain.deliveries import CLAIM_MS, Delivery, DeliveryState
from meetings_service.domain.meetings import Meeting
from meetings_service.domain.record import changes_by_meeting
from meetings_service.domain.webhook_events import EventType
from meetings_service.domain.webhooks import (
    GIVES_UP_MS,
    ORGANISATION,
    DisabledBecause,
    Secret,
    Webhook,
    new_secret,
)
from meetings_service.outbox import Outbox
from meetings_service.postman import Postman
from meetings_service.webhook_secrets import WebhookSecrets
from msgspec.structs import replace

from contracts.facts import Fact
from contracts.log_events import MeetingEnded
from contracts.rooms import MeetingId
from functions.serverless.aws import lambda_client
from functions.serverless.outbound import Outbound, Reach
from functions.serverless.sealing import Sealing
from functions.serverless.started_functions import StartedFunction
from tests.doubles.webhook_receiver import Receiver, receiving
from tests.unit.meetings_service.room_history import START, joined, left

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_secretsmanager import SecretsManagerClient

LOGGER = logging.getLogger("test")
NOW = START + 10_000
LEFT = EventType.PARTICIPANT_LEFT


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


class Office:
    """An outbox and a postman. Deliveries that are put down are sent when the test says so."""

    def __init__(
        self,
        dynamodb: DynamoDBClient,
        secrets: SecretsManagerClient,
        table: str,
        host: str,
        *,
        reach: Reach = "any",
    ) -> None:
        self.now = NOW
        self.host = host
        repository = Repository(lambda: dynamodb, table)
        self.records = Records(repository, RecordingsTable(repository.table))
        self.table = WebhooksTable(repository.table)
        self.outbox = Outbox(
            table=self.table,
            records=self.records,
            function=StartedFunction(lambda_client, "", logger=LOGGER),
            clock=lambda: self.now / 1000,
        )
        self.postman = Postman(
            table=self.table,
            outbox=self.outbox,
            outbound=Outbound(reach=reach, deadline_s=5, max_bytes=1024),
            secrets=WebhookSecrets(
                Sealing(
                    client=lambda: secrets,
                    secret_id="parley/test",
                    purpose="webhook",
                    clock=lambda: self.now / 1000,
                    randomness=os.urandom,
                    logger=LOGGER,
                )
            ),
            clock=lambda: self.now / 1000,
            chance=lambda: 0.5,
            logger=LOGGER,
        )
        digest = int(hashlib.sha256(host.encode()).hexdigest(), 16)
        letters = "".join("abcdefghjkmnpqrstuvwxyz"[digest // 23**place % 23] for place in range(12))
        self.meeting = Meeting(
            id=MeetingId(f"{letters[:4]}-{letters[4:8]}-{letters[8:]}"),
            title="Weekly",
            host_id=host,
            host_name="Ada",
            created_at=START,
        )
        repository.add(self.meeting)

    def webhook(self, url: str, *, name: str = "a", owner: str | None = None) -> Webhook:
        webhook = Webhook(
            id=f"wh_{self.host}_{name}",
            owner=owner or self.host,
            url=url,
            events=tuple(EventType),
            secrets=(Secret(text=new_secret(bytes(range(32)))),),
            created_at=START,
        )
        assert self.table.add(webhook)
        return webhook

    def put_down(self, *facts: Fact) -> None:
        self.outbox.tell_facts(self.meeting, self.meeting.id, facts)

    def tell(self, *facts: Fact) -> None:
        self.put_down(*facts)
        self.postman.work_off()

    def fact(self, version: int, event: Any) -> Fact:
        return Fact(meeting_id=self.meeting.id, version=version, event=event)

    def leaving(self, version: int) -> Fact:
        return self.fact(version, left(version, START + version))

    def deliveries(self, webhook: Webhook) -> list[Delivery]:
        return list(self.table.page(webhook.id, cursor=None, limit=100).deliveries)

    def delivery(self, webhook: Webhook, event: str = LEFT) -> Delivery:
        return next(each for each in self.deliveries(webhook) if each.event == event)

    def webhook_now(self, webhook: Webhook) -> Webhook:
        found = self.table.find(webhook.id)
        assert found is not None
        return found


@pytest.fixture
def office(
    dynamodb: DynamoDBClient, secrets: SecretsManagerClient, tables: dict[str, str], request: pytest.FixtureRequest
) -> Iterator[Office]:
    name = hashlib.sha256(request.node.name.encode()).hexdigest()[:12]
    made = Office(dynamodb, secrets, tables["meetings"], f"u_{name}")
    yield made
    for webhook in made.table.of_owner(made.host):
        made.table.delete(webhook.id)  # what waits there is no other test's


def test_facts_are_told_signed_and_once_however_often_they_come(office: Office, receiver: Receiver) -> None:
    webhook = office.webhook(receiver.url)
    facts = [office.fact(2, joined(1, START)), office.fact(3, joined(2, START + 1)), office.leaving(4)]
    office.tell(*facts)
    office.tell(*reversed(facts))
    office.tell(facts[1])
    assert sorted(receiver.types) == [
        "meeting.started",
        "participant.joined",
        "participant.joined",
        "participant.left",
    ]
    for message in receiver.got:
        assert message.is_signed_with(webhook.secrets[0].text)
        assert not message.is_signed_with(new_secret(b"x" * 32))
        assert message.headers["webhook-timestamp"] == str(NOW // 1000)
        assert message.headers["content-type"] == "application/json"
        assert message.data["meeting"]["title"] == "Weekly"
    assert len({message.id for message in receiver.got}) == 4
    told_of = office.delivery(webhook, "meeting.started")
    assert told_of.state is DeliveryState.DELIVERED
    assert [(attempt.status, attempt.answer) for attempt in told_of.attempts] == [(200, "noted\ufffd")]


def test_organisation_is_told_of_everybodys_meetings(office: Office, receiver: Receiver) -> None:
    webhook = office.webhook(receiver.url, owner=ORGANISATION)
    try:
        office.tell(office.fact(2, joined(1, START)))
        assert set(receiver.types) == {"meeting.started", "participant.joined"}
    finally:
        office.table.delete(webhook.id)
    assert office.table.find(webhook.id) is None
    assert office.deliveries(webhook) == []


def test_who_was_there_until_the_end_has_left_with_it(office: Office, receiver: Receiver) -> None:
    office.webhook(receiver.url)
    facts = [
        office.fact(2, joined(1, START)),
        office.fact(3, joined(2, START + 1)),
        office.leaving(1),
        office.fact(9, MeetingEnded(at=START + 9, by=None)),
    ]
    for _ in range(2):
        for changes in changes_by_meeting(facts).values():
            office.records.record(office.meeting.id, changes)
        office.tell(*facts)
    gone = [message.data for message in receiver.got if message.type == "participant.left"]
    told = {data["participant"]["id"]: (data["reason"], data["position"]) for data in gone}
    assert told == {"p_1": ("left", 1), "p_2": ("meeting_ended", 9)}
    assert len(gone) == 2
    office.tell(office.fact(4, left(2, START + 8)))  # a fact that comes late says nothing new
    assert len(receiver.got) == 6


def test_webhook_is_told_what_it_wants_and_no_more(office: Office, receiver: Receiver) -> None:
    webhook = office.webhook(receiver.url)
    changed = office.table.replace(webhook, Webhook(**_fields(webhook) | {"events": (EventType.MEETING_STARTED,)}))
    assert changed is not None
    office.tell(office.fact(2, joined(1, START)), office.leaving(3))
    assert receiver.types == ["meeting.started"]


def _fields(webhook: Webhook) -> dict[str, Any]:
    return {name: getattr(webhook, name) for name in webhook.__struct_fields__}


def test_what_fails_is_tried_again_with_the_same_id_until_a_day_is_over(office: Office, receiver: Receiver) -> None:
    webhook = office.webhook(receiver.url)
    receiver.status = 503
    office.tell(office.leaving(4))
    delivery = office.delivery(webhook)
    assert delivery.state is DeliveryState.PENDING
    failing = office.webhook_now(webhook)
    assert (failing.failing_since, failing.last_error) == (NOW, "status 503")
    while delivery.next_at is not None:
        office.now = delivery.next_at - 1
        office.postman.work_off()
        assert office.delivery(webhook) == delivery, "not before its time"
        office.now = delivery.next_at
        office.postman.work_off()
        delivery = office.delivery(webhook)
    assert delivery.state is DeliveryState.FAILED
    assert len(delivery.attempts) == len(receiver.got) == 10
    assert len({message.id for message in receiver.got}) == 1
    assert len({message.headers["webhook-timestamp"] for message in receiver.got}) == 10
    assert len({message.headers["webhook-signature"] for message in receiver.got}) == 10


def test_receivers_wish_to_be_left_alone_is_heeded(office: Office, receiver: Receiver) -> None:
    webhook = office.webhook(receiver.url)
    receiver.status, receiver.more_headers = 429, {"Retry-After": "600"}
    office.tell(office.leaving(4))
    assert office.delivery(webhook).next_at == NOW + 600_000


def test_success_clears_the_sheet(office: Office, receiver: Receiver) -> None:
    webhook = office.webhook(receiver.url)
    receiver.failing_first = 1
    office.tell(office.leaving(4))
    office.now += 60_000
    office.postman.work_off()
    assert office.delivery(webhook).state is DeliveryState.DELIVERED
    works = office.webhook_now(webhook)
    assert (works.failing_since, works.last_error) == (None, None)
    assert works.version == 1, "nobody has changed it"


def test_readable_secret_is_sealed_as_it_is_used_unless_its_owner_has_changed_it_meanwhile(
    office: Office, receiver: Receiver
) -> None:
    webhook = office.webhook(receiver.url)
    office.tell(office.leaving(4))
    used = office.webhook_now(webhook)
    assert not used.secrets[0].text.startswith("whsec_")
    changed = office.table.replace(used, replace(used, secrets=(Secret(text=new_secret(bytes(32))),)))
    assert changed is not None
    office.table.seal(used, used.secrets)
    assert office.webhook_now(webhook) == changed, "another one stands there by now"
    office.table.delete(webhook.id)
    office.table.seal(changed, used.secrets)
    assert office.table.find(webhook.id) is None


def test_what_a_webhook_was_told_last_is_noted_with_it(office: Office, receiver: Receiver) -> None:
    webhook = office.webhook(receiver.url)
    assert webhook.last_delivery is None
    office.tell(office.leaving(4))
    taken = office.webhook_now(webhook).last_delivery
    assert taken is not None
    (delivery,) = office.deliveries(webhook)
    assert (taken.id, taken.state, taken.attempt) == (delivery.id, DeliveryState.DELIVERED, delivery.attempts[-1])
    receiver.status = 500
    office.tell(office.leaving(5))
    waiting = office.webhook_now(webhook)
    assert waiting.last_delivery is not None
    assert (waiting.last_delivery.state, waiting.last_delivery.attempt.status) == (DeliveryState.PENDING, 500)
    assert waiting.last_delivery.next_at is not None
    office.tell(office.leaving(6))
    assert office.webhook_now(webhook).last_delivery == waiting.last_delivery, "the same again, within a second"
    office.now += 5_000
    office.tell(office.leaving(7))
    assert office.webhook_now(webhook).last_delivery != waiting.last_delivery
    assert waiting.version == 1, "nobody has changed it"


def test_what_a_webhook_was_told_last_does_not_go_back_in_time(office: Office, receiver: Receiver) -> None:
    webhook = office.webhook(receiver.url)
    office.tell(office.leaving(4))
    earlier = office.webhook_now(webhook).last_delivery
    office.now += 5_000
    office.tell(office.leaving(5))
    later = office.webhook_now(webhook).last_delivery
    assert earlier is not None
    assert later is not None
    assert later.attempt.at > earlier.attempt.at
    office.table.note(webhook.id, earlier)  # of a sender that was slow
    assert office.webhook_now(webhook).last_delivery == later


def test_delivery_that_could_not_be_noted_is_not_sent_again(
    office: Office, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def throttled(*_: Any) -> None:
        raise RuntimeError("throttled")

    webhook = office.webhook(receiver.url)
    monkeypatch.setattr(office.table, "note", throttled)
    office.tell(office.leaving(4))
    assert office.delivery(webhook).state is DeliveryState.DELIVERED
    office.now += CLAIM_MS
    office.postman.work_off()
    assert len(receiver.got) == 1


def test_webhook_that_fails_for_days_is_turned_off_and_its_owner_told(office: Office, receiver: Receiver) -> None:
    webhook = office.webhook(receiver.url)
    receiver.status = 500
    with receiving() as other:
        watching = office.webhook(other.url, name="b")
        office.tell(office.leaving(4))
        office.now += GIVES_UP_MS
        office.tell(office.leaving(5))
        off = office.webhook_now(webhook)
        assert (off.disabled_because, off.disabled_at) == (DisabledBecause.FAILING, office.now)
        assert (off.failing_since, off.last_error) == (NOW, "status 500")
        office.postman.work_off()
        assert office.delivery(watching, "webhook.disabled").state is DeliveryState.DELIVERED
        notice = other.got[-1].data
        about = {"id": webhook.id, "url": webhook.url, "last_error": "status 500"}
        assert notice == {"webhook": about, "reason": "failing"}
    before = len(receiver.got)
    office.now += 86_400_000
    office.tell(office.leaving(6))
    assert len(receiver.got) == before
    assert {each.state for each in office.deliveries(webhook)} == {DeliveryState.FAILED}


def test_who_answers_gone_is_not_told_any_more(office: Office, receiver: Receiver) -> None:
    webhook = office.webhook(receiver.url)
    receiver.status = 410
    office.tell(office.leaving(4))
    off = office.webhook_now(webhook)
    assert (off.disabled_because, off.last_error) == (DisabledBecause.GONE, "status 410")


def test_delivery_belongs_to_one_sender_until_its_claim_is_over(office: Office, receiver: Receiver) -> None:
    webhook = office.webhook(receiver.url)
    office.put_down(office.leaving(4))
    (key,) = [(each.webhook_id, each.id) for each in office.deliveries(webhook)]
    lost = office.table.claim(key, now=office.now)
    assert lost is not None
    assert office.table.claim(key, now=office.now) is None
    office.postman.work([key])
    office.postman.work_off()
    assert receiver.got == []
    office.now += CLAIM_MS  # the sender has died
    office.postman.work_off()
    assert len(receiver.got) == 1
    assert office.delivery(webhook).state is DeliveryState.DELIVERED
    assert not office.table.settle(lost), "it comes back, and has nothing to say any more"
    assert office.delivery(webhook).state is DeliveryState.DELIVERED


def test_delivery_that_is_sent_again_while_it_is_on_its_way_is_sent_again(office: Office, receiver: Receiver) -> None:
    webhook = office.webhook(receiver.url)
    office.put_down(office.leaving(4))
    (key,) = [(each.webhook_id, each.id) for each in office.deliveries(webhook)]
    on_its_way = office.table.claim(key, now=office.now)
    assert on_its_way is not None
    assert office.table.send_again(key, now=office.now) is not None
    assert not office.table.settle(on_its_way)
    office.postman.work_off()
    assert len(receiver.got) == 1


def test_webhook_that_is_gone_holds_up_no_other(
    office: Office, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And is not asked for each of many messages: the rest waits, without that being an attempt."""
    monkeypatch.setattr(postman, "_BEGINS_UNTIL_S", 600.0)  # all in one invocation, however slow the machine
    receiver.status = 503
    with receiving() as other:
        gone, lively = office.webhook(receiver.url), office.webhook(other.url, name="b")
        office.tell(*(office.leaving(version) for version in range(4, 44)))
        assert len(other.got) == 40
        assert {each.state for each in office.deliveries(lively)} == {DeliveryState.DELIVERED}
        assert 4 <= len(receiver.got) < 4 + 8  # as many as are under way at one time
        left_alone = [each for each in office.deliveries(gone) if not each.attempts]
        assert len(left_alone) == 40 - len(receiver.got)
        assert {(each.state, each.tries, each.next_at) for each in left_alone} == {
            (DeliveryState.PENDING, 0, NOW + 60_000)
        }
    receiver.status = 200
    office.now += 60_000
    office.postman.work_off()
    assert {each.state for each in office.deliveries(gone)} == {DeliveryState.DELIVERED}


def test_deliveries_are_listed_by_pages_latest_first(office: Office, receiver: Receiver) -> None:
    webhook = office.webhook(receiver.url)
    for version in range(4, 11):
        office.now += 1
        office.put_down(office.leaving(version))
    seen: list[int] = []
    cursor: str | None = None
    while True:
        page = office.table.page(webhook.id, cursor=cursor, limit=3)
        seen += [json.loads(each.body)["data"]["position"] for each in page.deliveries]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == [10, 9, 8, 7, 6, 5, 4]
    none = office.table.page(webhook.id, cursor=None, limit=3, state=DeliveryState.FAILED)
    assert none.deliveries == ()
    assert none.next_cursor is not None


def test_private_networks_are_not_asked_even_if_a_webhook_leads_there(
    dynamodb: DynamoDBClient, secrets: SecretsManagerClient, tables: dict[str, str], receiver: Receiver
) -> None:
    office = Office(dynamodb, secrets, tables["meetings"], "u_private", reach="public")
    webhook = office.webhook(f"https://127.0.0.1:8443/{receiver.server_port}")
    office.tell(office.leaving(4))
    (attempt,) = office.delivery(webhook).attempts
    assert (attempt.status, attempt.error) == (None, "The address does not lead to the public Internet.")
    office.table.delete(webhook.id)
