"""The same request, by its Idempotency-Key, twice at the same moment at two instances of a function.

Both have looked and found nothing when the first one writes. One thing is made, and both are told of it, or one is
told to try again.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from msgspec import Struct

from tests.integration.functions.conftest import PASSWORD, Person
from tests.integration.functions.lambda_events import Client, HttpAnswer
from tests.integration.functions.meeting_hosts import Host

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

WRITES = ("put_item", "transact_write_items")
NEW_PASSWORD = "another long password"
IN_ROOMS = {"send_data", "send_message"}
"""These are done by a live room: their keys are in Redis (`tests/integration/signaling/test_administration.py`)."""


class Asked(Struct, frozen=True, kw_only=True):
    """A request. ``about`` gives the part of its answer that tells what was made."""

    path: str
    body: dict[str, Any]
    token: str | None = None
    about: Callable[[Any], Any] = lambda body: body["id"]
    again: int = 0
    """The status of the second one; 0: that of the first."""


class Pair:
    """Two instances of one function."""

    def __init__(self, one: Client, other: Client, dynamodb: DynamoDBClient, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clients = (one, other)
        self._dynamodb = dynamodb
        self._monkeypatch = monkeypatch

    def ask(self, asked: Asked) -> list[HttpAnswer]:
        """Both answers. Neither request has written anything before both want to."""
        key, together, here = uuid.uuid4().hex, threading.Barrier(2, timeout=60), threading.local()

        def held(write: Callable[..., Any]) -> Callable[..., Any]:
            def after_the_other(**request: Any) -> Any:
                if not getattr(here, "has_written", False):
                    here.has_written = True
                    together.wait()
                return write(**request)

            return after_the_other

        def request(client: Client) -> HttpAnswer:
            return client.request("POST", asked.path, asked.body, token=asked.token, headers={"idempotency-key": key})

        with self._monkeypatch.context() as patch:
            for name in WRITES:
                patch.setattr(self._dynamodb, name, held(getattr(self._dynamodb, name)))
            with ThreadPoolExecutor(2) as threads:
                return list(threads.map(request, self.clients))

    def names(self) -> set[str]:
        """The operations that heed the key."""
        return {each.name for each in self.clients[0].module.app.operations if each.idempotency_key}


@pytest.fixture
def meetings_pair(
    new_meetings: Callable[..., Client], dynamodb: DynamoDBClient, monkeypatch: pytest.MonkeyPatch
) -> Pair:
    one, other = (new_meetings(PARLEY_MEETINGS_WEBHOOK_REACH="any") for _ in range(2))
    return Pair(one, other, dynamodb, monkeypatch)


@pytest.fixture
def auth_pair(
    auth: Client, new_auth: Callable[..., Client], dynamodb: DynamoDBClient, monkeypatch: pytest.MonkeyPatch
) -> Pair:
    return Pair(auth, new_auth(), dynamodb, monkeypatch)


def assert_made_once(answers: list[HttpAnswer], asked: Asked) -> None:
    statuses = sorted(answer.status for answer in answers)
    first = min(statuses)
    assert first < 300, [answer.text for answer in answers]
    assert statuses == [first, asked.again or first], [answer.text for answer in answers]
    made = {str(asked.about(answer.json())) for answer in answers if answer.status < 300 and answer.text}
    assert len(made) <= 1


def test_a_meeting_and_what_belongs_to_it_is_made_once(
    meetings_pair: Pair, person: Callable[..., Person], token_of: Callable[..., str]
) -> None:
    ada = person("Ada")
    meeting = Host(meetings_pair.clients[0], ada).make()
    path, token = f"/v1/meetings/{meeting['id']}", token_of(ada, roles=("administrator",))
    webhook, poll = (
        {"url": "http://127.0.0.1:9/", "events": ["meeting.started"]},
        {"question": "?", "options": ["a", "b"]},
    )
    cases = {
        "create_meeting": Asked(path="/v1/meetings", body={"title": "Weekly"}, token=token),
        "create_stream_key": Asked(path=f"{path}/stream-keys", body={"name": "Encoder"}, token=token),
        "prepare_poll": Asked(path=f"{path}/prepared/polls", body=poll, token=token),
        "create_webhook": Asked(path="/v1/meetings/webhooks", body=webhook, token=token),
    }
    assert meetings_pair.names() == cases.keys() | IN_ROOMS
    for asked in cases.values():
        assert_made_once(meetings_pair.ask(asked), asked)
    polls = meetings_pair.clients[0].request("GET", f"{path}/prepared/polls", token=token).json()["items"]
    keys = meetings_pair.clients[0].request("GET", f"{path}/stream-keys", token=token).json()["items"]
    assert (len(polls), len(keys)) == (1, 1)


def test_an_account_and_what_belongs_to_it_is_made_once(
    auth_pair: Pair, person: Callable[..., Person], admin: Person
) -> None:
    def address() -> str:
        return f"{uuid.uuid4().hex}@example.org"

    one = auth_pair.clients[0]
    program = {"name": "Calendar", "permissions": ["meetings:read"]}
    account = one.request("POST", "/v1/auth/service-accounts", program, token=admin.token).json()
    keys = f"/v1/auth/service-accounts/{account['id']}/keys"
    registering = {"email": address(), "password": PASSWORD, "display_name": "Ada"}
    user = {"email": address(), "display_name": "Ada", "password": PASSWORD}
    passwords = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    cases = {
        "register": Asked(path="/v1/auth/register", body=registering, about=lambda body: body["user"]["id"]),
        "create_user": Asked(path="/v1/auth/users", body=user, token=admin.token),
        "create_service_account": Asked(path="/v1/auth/service-accounts", body=program, token=admin.token),
        "create_api_key": Asked(path=keys, body={}, token=admin.token, again=409),
        "change_password": Asked(path="/v1/auth/me/password", body=passwords, token=person("Ada").token, again=503),
    }
    assert auth_pair.names() == cases.keys()
    for asked in cases.values():
        answers = auth_pair.ask(asked)
        assert_made_once(answers, asked)
        assert all("retry-after" in answer.headers for answer in answers if answer.status == 503)


def conflict(dynamodb: DynamoDBClient) -> Exception:
    """What DynamoDB answers where another transaction is at one of the items."""
    reasons = [{"Code": "None"}, {"Code": "TransactionConflict"}]
    told: Any = {"Error": {"Code": "TransactionCanceledException", "Message": ""}, "CancellationReasons": reasons}
    return dynamodb.exceptions.TransactionCanceledException(told, "TransactWriteItems")


@pytest.mark.parametrize(("times", "status"), [(1, 201), (99, 409)])
def test_who_meets_the_transaction_of_the_same_request_is_served_after_it_or_told_to_try_again(  # noqa: PLR0917
    meetings: Client,
    person: Callable[..., Person],
    dynamodb: DynamoDBClient,
    monkeypatch: pytest.MonkeyPatch,
    times: int,
    status: int,
) -> None:
    left, write = times, dynamodb.transact_write_items

    def met(**request: Any) -> Any:
        nonlocal left
        if left == 0:
            return write(**request)
        left -= 1
        raise conflict(dynamodb)

    ada = person("Ada")
    monkeypatch.setattr(dynamodb, "transact_write_items", met)
    answer = Host(meetings, ada).ask("POST", "", {"title": "Weekly"}, idempotency_key="weekly")
    assert answer.status == status, answer.text
    if status == 409:
        assert answer.code == "conflict"
        assert int(answer.headers["retry-after"]) > 0
