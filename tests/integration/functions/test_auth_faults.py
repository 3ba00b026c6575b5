"""Every use case, cut at every write: the table refuses one, or keeps it and its answer is lost; then all try again.

Whatever is cut, no half account is left, nobody is locked out, and what was asked for is done by the second request.
"""

from __future__ import annotations

import base64
import contextlib
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from auth_service.domain.totp import STEP_S, code_at
from botocore.exceptions import EndpointConnectionError

from tests.doubles.inbox import Inbox
from tests.integration.functions.conftest import PASSWORD
from tests.integration.functions.lambda_events import Client, HttpAnswer

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NEW = "another horse, another battery"
WRITES = ("put_item", "update_item", "delete_item", "transact_write_items")


class World:
    """Somebody, and the service as they see it."""

    def __init__(self, client: Client, plain: Client, inbox: Inbox, dynamodb: DynamoDBClient, table: str) -> None:
        self.client = client
        self.plain = plain
        self.inbox = inbox
        self.dynamodb = dynamodb
        self.table = table
        self.email = f"{uuid.uuid4().hex}@example.org"
        self.new_email = f"{uuid.uuid4().hex}@example.org"
        self.session: dict[str, Any] = {}
        self.link = ""
        self.secret = b""
        self.code = ""
        self.passed_s = 0

    def post(self, path: str, body: Any, **more: Any) -> HttpAnswer:
        return self.client.request("POST", f"/v1/auth/{path}", body, **more)

    def register(self, key: str = "key") -> HttpAnswer:
        body = {"email": self.email, "password": PASSWORD, "display_name": "Ada"}
        return self.post("register", body, headers={"idempotency-key": key})

    def log_in(self, password: str = PASSWORD, email: str | None = None) -> HttpAnswer:
        return self.post("login", {"email": email or self.email, "password": password})

    def is_alive(self) -> bool:
        """Whether the first session still gives tokens (its access token, since a refresh would write)."""
        return self.client.request("GET", "/v1/auth/me", token=self.session["access_token"]).status == 200

    def codes_left(self) -> int:
        answer = self.client.request("GET", "/v1/auth/factors", token=self.session["access_token"])
        return int(answer.json()["recovery_codes_left"])

    def in_account(self, path: str, body: Any) -> HttpAnswer:
        return self.post(path, body, token=self.session["access_token"])

    def work_off(self) -> None:
        """All jobs, those of a worker that has died, too."""
        worker = self.client.module.worker
        clock = worker._clock
        self.passed_s += 61
        try:
            worker._clock = lambda: clock() + self.passed_s
            worker.work_off()
        finally:
            worker._clock = clock

    def last_link(self, email: str, page: str) -> str:
        self.work_off()
        links = [token for known, token in self.inbox.links(email) if known == page]
        return links[-1]

    def counts(self) -> tuple[int, int]:
        """How many accounts, and how many addresses, there are of this person."""
        owners = [
            item["user_id"]["S"]
            for item in (self._item(f"EMAIL#{email}", "ADDRESS") for email in (self.email, self.new_email))
            if item is not None and "expires_at" not in item
        ]
        known = {*owners, self.session["user"]["id"]} if self.session else {*owners}
        accounts = [user_id for user_id in known if self._item(f"USER#{user_id}", "ACCOUNT") is not None]
        return len(accounts), len(owners)

    def _item(self, pk: str, sk: str) -> Any:
        key = {"pk": {"S": pk}, "sk": {"S": sk}}
        return self.dynamodb.get_item(TableName=self.table, Key=key, ConsistentRead=True).get("Item")

    def has_written_down_its_sessions(self) -> bool:
        """Whether there are as many sessions as the audit log tells of, and devices of those that were logged in."""
        user_id = self.session["user"]["id"]
        found = Counter[str]()
        for partition in (f"USER#{user_id}", f"AUDIT#{user_id}"):
            pages = self.dynamodb.get_paginator("query").paginate(
                TableName=self.table,
                IndexName="gsi1",
                KeyConditionExpression="gsi1pk = :partition",
                ExpressionAttributeValues={":partition": {"S": partition}},
            )
            for item in (item for page in pages for item in page["Items"]):
                found[item["event"]["S"] if "event" in item else item["sk"]["S"]] += 1
        return found["SESSION"] == found["logged_in"] + found["registered"] and found["DEVICE"] == found["logged_in"]

    def accounts_of_address(self) -> int:
        """How many accounts say that the address is theirs, whether or not the address says so."""
        pages = self.dynamodb.get_paginator("query").paginate(
            TableName=self.table,
            IndexName="gsi1",
            KeyConditionExpression="gsi1pk = :users AND gsi1sk = :email",
            ExpressionAttributeValues={":users": {"S": "USERS"}, ":email": {"S": self.email}},
        )
        return sum(page["Count"] for page in pages)


@pytest.fixture
def world(
    mailing: Client, auth: Client, inbox: Inbox, dynamodb: DynamoDBClient, tables: dict[str, str]
) -> Callable[[], World]:
    return lambda: World(mailing, auth, inbox, dynamodb, tables["auth"])


class Cut:
    """Lets the ``at``-th write fail: before it is done, or after it, when only its answer is lost."""

    def __init__(self, at: int, *, is_done: bool) -> None:
        self.at = at
        self.is_done = is_done
        self.seen = 0

    @property
    def was_made(self) -> bool:
        return self.seen > self.at

    def around(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def write(*args: Any, **request: Any) -> Any:
            number, self.seen = self.seen, self.seen + 1
            if number != self.at:
                return call(*args, **request)
            if self.is_done:
                call(*args, **request)
            raise EndpointConnectionError(endpoint_url="http://cut.test")

        return write


@contextlib.contextmanager
def cutting(dynamodb: DynamoDBClient, cut: Cut) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in WRITES:
            patch.setattr(dynamodb, name, cut.around(getattr(dynamodb, name)))
        yield


def with_account(world: World) -> None:
    body = {"email": world.email, "password": PASSWORD, "display_name": "Ada"}
    world.session = world.plain.request("POST", "/v1/auth/register", body).json()


def with_app_begun(world: World) -> None:
    with_account(world)
    world.secret = base64.b32decode(world.in_account("factors/totp", None).json()["secret"])


def with_app(world: World) -> None:
    with_app_begun(world)
    confirm_app(world)
    world.code = world.in_account("factors/recovery-codes", None).json()["recovery_codes"][0]


def confirm_app(world: World) -> None:
    world.in_account("factors/totp/confirm", {"code": code_at(world.secret, int(time.time()) // STEP_S)})


def finish_login(world: World) -> None:
    """Begun anew each time, as somebody does whose page has shown an error."""
    asked = world.log_in()
    if asked.status == 202:
        body = {"login_token": asked.json()["login_token"], "method": "recovery_code", "code": world.code}
        world.post("login/second-factor", body)


def with_reset_link(world: World) -> None:
    with_account(world)
    world.post("password/forgotten", {"email": world.email})
    world.link = world.last_link(world.email, "reset-password")


def with_email_link(world: World) -> None:
    with_account(world)
    world.in_account("me/email", {"email": world.new_email})
    world.link = world.last_link(world.new_email, "confirm-email")


def with_undo_link(world: World) -> None:
    with_email_link(world)
    world.in_account("me/email/confirm", {"token": world.link})
    world.link = world.last_link(world.email, "undo-email")


def log_in(world: World) -> None:
    world.log_in()


def nothing(_: World) -> None:
    return


def register(world: World) -> None:
    """From the request to the session, each step repeated until it has been answered."""
    if world.register().status != 202:
        return
    with contextlib.suppress(EndpointConnectionError, IndexError):
        world.link = world.last_link(world.email, "confirm-registration")
    if world.link:
        world.post("register/confirm", {"token": world.link, "password": PASSWORD})


def reset(world: World) -> None:
    world.post("password/reset", {"token": world.link, "new_password": NEW})


def change_password(world: World) -> None:
    for current in (PASSWORD, NEW):  # whoever got no answer does not know which one holds
        world.in_account("me/password", {"current_password": current, "new_password": NEW})


def confirm_email(world: World) -> None:
    world.in_account("me/email/confirm", {"token": world.link})


def undo_email(world: World) -> None:
    world.post("email/undo", {"token": world.link, "new_password": NEW})


def end_others(world: World) -> None:
    world.client.request("DELETE", "/v1/auth/sessions?keep_current=true", token=world.session["access_token"])


def delete(world: World) -> None:
    world.in_account("me/delete", {})
    with contextlib.suppress(EndpointConnectionError):
        world.work_off()


def refresh(world: World) -> None:
    answer = world.post("refresh", {"refresh_token": world.session["refresh_token"]})
    if answer.status == 200:
        world.session = answer.json()


def one_whole_account(world: World) -> bool:
    return world.counts() == (1, 1)


def whole_or_none(world: World) -> bool:
    return world.counts() in ((0, 0), (1, 1))


def registered(world: World) -> bool:
    return world.log_in().status == 200 and world.accounts_of_address() == 1


def password_and_sessions_changed_together(world: World) -> bool:
    old, new = world.log_in(PASSWORD).status, world.log_in(NEW).status
    return one_whole_account(world) and (old, new, world.is_alive()) in ((200, 401, True), (401, 200, False))


def no_app_or_a_whole_one(world: World) -> bool:
    """With codes for its loss, and asked for; or neither."""
    asked = world.log_in().status == 202
    return one_whole_account(world) and world.is_alive() and world.codes_left() == (10 if asked else 0)


def app_is_asked_for(world: World) -> bool:
    return no_app_or_a_whole_one(world) and world.log_in().status == 202


def code_used_once_at_most(world: World) -> bool:
    return world.log_in().status == 202 and world.codes_left() in (9, 10)


def one_password_holds(world: World) -> bool:
    old, new = world.log_in(PASSWORD).status, world.log_in(NEW).status
    return one_whole_account(world) and sorted((old, new)) == [200, 401] and world.is_alive()


def one_address_holds(world: World) -> bool:
    answers = [
        world.log_in(password, email).status for email in (world.email, world.new_email) for password in (PASSWORD, NEW)
    ]
    return one_whole_account(world) and answers.count(200) == 1


CASES: dict[
    str, tuple[Callable[[World], None], Callable[[World], None], Callable[[World], bool], Callable[[World], bool]]
]
# What stands before; what is cut, and repeated; what always holds; what holds in the end.
CASES = {
    "register": (nothing, register, whole_or_none, registered),
    "reset": (
        with_reset_link,
        reset,
        password_and_sessions_changed_together,
        lambda world: world.log_in(NEW).status == 200,
    ),
    "change password": (
        with_account,
        change_password,
        one_password_holds,
        lambda world: world.log_in(NEW).status == 200,
    ),
    "confirm email": (
        with_email_link,
        confirm_email,
        one_address_holds,
        lambda world: world.log_in(email=world.new_email).status == 200,
    ),
    "undo email": (
        with_undo_link,
        undo_email,
        one_address_holds,
        lambda world: world.log_in(NEW).status == 200,
    ),
    "set up an app": (with_app_begun, confirm_app, no_app_or_a_whole_one, app_is_asked_for),
    "finish a login": (with_app, finish_login, code_used_once_at_most, lambda world: world.codes_left() == 9),
    "log in": (
        with_account,
        log_in,
        World.has_written_down_its_sessions,
        lambda world: world.log_in().status == 200,
    ),
    "end others": (with_account, end_others, World.is_alive, World.is_alive),
    "delete": (
        with_account,
        delete,
        whole_or_none,
        lambda world: world.counts() == (0, 0) and world.log_in().status == 401,
    ),
    "refresh": (
        with_account,
        refresh,
        one_whole_account,
        lambda world: world.post("refresh", {"refresh_token": world.session["refresh_token"]}).status == 200,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_whatever_write_is_cut_nothing_is_half_done_and_a_second_try_succeeds(
    world: Callable[[], World], dynamodb: DynamoDBClient, name: str
) -> None:
    prepare, act, always, finally_ = CASES[name]
    cuts = 0
    for is_done in (False, True):
        for at in range(20):
            somebody = world()
            prepare(somebody)
            cut = Cut(at, is_done=is_done)
            with cutting(dynamodb, cut):
                act(somebody)
            assert always(somebody), (name, at, is_done)
            act(somebody)
            assert always(somebody), (name, at, is_done)
            assert finally_(somebody), (name, at, is_done)
            if not cut.was_made:
                break
            cuts += 1
        else:
            raise AssertionError("there is no end to the writes")
    assert cuts >= 2


def test_registration_without_mail_is_cut_and_repeated(
    auth: Client, inbox: Inbox, dynamodb: DynamoDBClient, tables: dict[str, str]
) -> None:
    for is_done in (False, True):
        for at in range(3):
            somebody = World(auth, auth, inbox, dynamodb, tables["auth"])
            cut = Cut(at, is_done=is_done)
            with cutting(dynamodb, cut):
                first = somebody.register()
            assert first.status == (503 if cut.was_made else 201)
            assert whole_or_none(somebody)
            assert somebody.register().status == 201
            assert one_whole_account(somebody)
            assert registered(somebody)
