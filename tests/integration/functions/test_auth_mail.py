"""Accounts by mail: what is sent to whom, what its links do, and that nothing tells who has an account."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from auth_service.adapters.passwords import Passwords
from auth_service.domain.links import token_hash

from tests.doubles.inbox import Inbox, text_of
from tests.integration.functions.conftest import PASSWORD, Person
from tests.integration.functions.factor_owner import FactorOwner
from tests.integration.functions.lambda_events import Client, HttpAnswer
from tests.integration.functions.stored_items import stored_items

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NEW = "another horse, another battery"
ROUTES = {
    "register": lambda email: {"email": email, "password": PASSWORD, "display_name": "Ada"},
    "password/forgotten": lambda email: {"email": email},
}


def new_address() -> str:
    return f"{uuid.uuid4().hex}@example.org"


def post(client: Client, path: str, body: Any, **more: Any) -> HttpAnswer:
    return client.request("POST", f"/v1/auth/{path}", body, **more)


def register(client: Client, email: str, **changes: Any) -> HttpAnswer:
    return post(client, "register", ROUTES["register"](email) | changes)


def work_off(client: Client) -> None:
    client.module.worker.work_off()


def log_in(client: Client, email: str, password: str = PASSWORD) -> HttpAnswer:
    return post(client, "login", {"email": email, "password": password})


def expire(dynamodb: DynamoDBClient, table: str, token: str) -> None:
    dynamodb.update_item(
        TableName=table,
        Key={"pk": {"S": f"LINK#{token_hash(token)}"}, "sk": {"S": "LINK"}},
        UpdateExpression="SET expires_at = :past",
        ExpressionAttributeValues={":past": {"N": "1700000000"}},
    )


# ---- nothing tells who has an account ----


@pytest.mark.parametrize("route", ROUTES)
def test_known_and_unknown_address_get_the_same_answer_for_the_same_work(
    mailing: Client,
    dynamodb: DynamoDBClient,
    person: Callable[..., Person],
    monkeypatch: pytest.MonkeyPatch,
    route: str,
) -> None:
    work: list[str] = []

    def counting(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **request: Any) -> Any:
            work.append(name)
            return call(*args, **request)

        return counted

    for name in ("get_item", "put_item", "update_item", "transact_write_items", "query"):
        monkeypatch.setattr(dynamodb, name, counting(name, getattr(dynamodb, name)))
    monkeypatch.setattr(Passwords, "hash", counting("hash", Passwords.hash))
    monkeypatch.setattr(Passwords, "matches", counting("matches", Passwords.matches))
    seen = []
    known, unknown = person().email, new_address()
    post(mailing, route, ROUTES[route](new_address()))  # an instance's first request of a day notes the day
    for email in (known, unknown):
        work.clear()
        answer = post(mailing, route, ROUTES[route](email))
        shape = {name for name in answer.headers if name != "x-request-id"}
        seen.append((answer.status, answer.json() | {"email": ""}, shape, tuple(work)))
    assert seen[0] == seen[1]
    assert seen[0][0] == 202
    assert seen[0][3] == (("hash",) if route == "register" else ()) + ("put_item", "put_item")


def test_only_the_address_itself_learns_whether_it_has_an_account(
    mailing: Client, inbox: Inbox, person: Callable[..., Person]
) -> None:
    ada, nobody = person(), new_address()
    for email in (ada.email, nobody):
        register(mailing, email, locale="de")
        work_off(mailing)
        post(mailing, "password/forgotten", {"email": email})
        work_off(mailing)
    assert [message["Subject"] for message in inbox.of(ada.email)] == [
        "You already have an account at meet.test",
        "Choose a new password for meet.test",
    ]
    assert [message["Subject"] for message in inbox.of(nobody)] == ["Bestätige deine E-Mail-Adresse für meet.test"]


@pytest.mark.parametrize("route", ROUTES)
def test_nobody_can_have_a_mailbox_flooded(
    mailing: Client, inbox: Inbox, person: Callable[..., Person], route: str
) -> None:
    ada = person()
    statuses = {post(mailing, route, ROUTES[route](ada.email)).status for _ in range(8)}
    work_off(mailing)
    assert statuses == {202}
    assert 5 <= len(inbox.of(ada.email)) <= 6  # the window slides


def test_somebody_with_an_account_writes_to_few_strangers(mailing: Client, person: Callable[..., Person]) -> None:
    ada = person()
    asked = [post(mailing, "me/email", {"email": new_address()}, token=ada.token) for _ in range(12)]
    assert [answer.status for answer in asked[:10]] == [202] * 10
    assert asked[-1].code == "rate_limited"


def test_strangers_words_are_in_no_mail(mailing: Client, inbox: Inbox) -> None:
    email = new_address()
    register(mailing, email, display_name="Win a prize at evil.example")
    work_off(mailing)
    [message] = inbox.of(email)
    assert "evil" not in message.as_string()


# ---- registration ----


def test_account_is_made_by_the_link_and_the_password_that_was_chosen(mailing: Client, inbox: Inbox) -> None:
    email = new_address()
    assert register(mailing, email, locale="de").json() == {"email": email, "status": "check_mail"}
    assert log_in(mailing, email).code == "invalid_credentials"
    work_off(mailing)
    page, token = inbox.link(email)
    assert page == "confirm-registration"
    wrong = post(mailing, "register/confirm", {"token": token, "password": "guessed by a stranger"})
    assert (wrong.status, wrong.code) == (401, "invalid_credentials")
    assert log_in(mailing, email).status == 401
    done = post(mailing, "register/confirm", {"token": token, "password": PASSWORD})
    assert done.status == 201
    assert (done.json()["user"]["email"], done.json()["user"]["locale"]) == (email, "de")
    assert log_in(mailing, email).json()["user"]["id"] == done.json()["user"]["id"]


def test_link_used_twice_makes_one_account_and_opens_nothing_more(mailing: Client, inbox: Inbox) -> None:
    email = new_address()
    register(mailing, email)
    work_off(mailing)
    body = {"token": inbox.link(email)[1], "password": PASSWORD}
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda _: post(mailing, "register/confirm", body), range(3)))
    assert sorted(answer.status for answer in answers) == [201, 410, 410]
    [made] = [answer for answer in answers if answer.status == 201]
    assert post(mailing, "register/confirm", body).code == "link_invalid"
    assert log_in(mailing, email).json()["user"]["id"] == made.json()["user"]["id"]


def test_first_of_two_links_for_an_address_makes_the_account(mailing: Client, inbox: Inbox) -> None:
    """A stranger's registration of an address takes nothing from its owner's."""
    email = new_address()
    register(mailing, email, password="chosen by a stranger")
    work_off(mailing)
    strangers = inbox.link(email)[1]
    register(mailing, email)
    work_off(mailing)
    owners = inbox.link(email)[1]
    assert post(mailing, "register/confirm", {"token": strangers, "password": PASSWORD}).status == 401
    assert post(mailing, "register/confirm", {"token": owners, "password": PASSWORD}).status == 201
    late = post(mailing, "register/confirm", {"token": strangers, "password": "chosen by a stranger"})
    assert (late.status, late.code) == (409, "email_taken")


def test_same_request_twice_is_one_mail(mailing: Client, inbox: Inbox) -> None:
    email = new_address()
    for _ in range(2):
        answer = post(mailing, "register", ROUTES["register"](email), headers={"idempotency-key": "one"})
        assert answer.status == 202
        work_off(mailing)
    assert len(inbox.of(email)) == 1


@pytest.mark.parametrize("route", ["register/confirm", "password/reset", "email/undo"])
def test_link_that_is_unknown_too_old_or_for_something_else_is_none(
    mailing: Client, inbox: Inbox, dynamodb: DynamoDBClient, tables: dict[str, str], route: str
) -> None:
    email = new_address()
    register(mailing, email)
    work_off(mailing)
    token = inbox.link(email)[1]
    expire(dynamodb, tables["auth"], token)
    secret = {"password": PASSWORD} if route == "register/confirm" else {"new_password": NEW}
    for text in (token, "A" * 43):
        answer = post(mailing, route, {"token": text, **secret})
        assert (answer.status, answer.code) == (410, "link_invalid")


# ---- passwords ----


def reset_link(client: Client, inbox: Inbox, email: str) -> str:
    post(client, "password/forgotten", {"email": email})
    work_off(client)
    page, token = inbox.link(email)
    assert page == "reset-password"
    return token


def test_reset_changes_the_password_ends_all_sessions_and_tells_the_owner(
    mailing: Client, inbox: Inbox, person: Callable[..., Person]
) -> None:
    ada = person()
    token = reset_link(mailing, inbox, ada.email)
    assert post(mailing, "password/reset", {"token": token, "new_password": "1234567890"}).code == "weak_password"
    answer = post(mailing, "password/reset", {"token": token, "new_password": NEW})
    assert (answer.status, answer.text) == (204, "")
    assert "set-cookie" not in answer.headers
    assert log_in(mailing, ada.email).status == 401
    assert log_in(mailing, ada.email, NEW).status == 200
    assert post(mailing, "refresh", {"refresh_token": ada.refresh_token}).code == "session_expired"
    assert mailing.request("GET", "/v1/auth/me", token=ada.token).code == "session_expired"
    work_off(mailing)
    assert inbox.of(ada.email)[-1]["Subject"] == "Your password for meet.test was changed"


def test_reset_link_works_once_and_takes_older_ones_with_it(
    mailing: Client, inbox: Inbox, person: Callable[..., Person]
) -> None:
    ada = person()
    older, token = reset_link(mailing, inbox, ada.email), reset_link(mailing, inbox, ada.email)
    body = {"token": token, "new_password": NEW}
    assert post(mailing, "password/reset", body).status == 204
    assert post(mailing, "password/reset", body).status == 204  # the same request, whose answer was lost
    assert post(mailing, "password/reset", body | {"new_password": PASSWORD}).code == "link_invalid"
    assert post(mailing, "password/reset", body | {"token": older}).code == "link_invalid"
    assert log_in(mailing, ada.email, NEW).status == 200


def test_somebody_in_the_account_cannot_make_reset_links_void(
    mailing: Client, inbox: Inbox, person: Callable[..., Person]
) -> None:
    ada = person()
    token = reset_link(mailing, inbox, ada.email)
    change = {"current_password": PASSWORD, "new_password": "the thief's own words"}
    assert post(mailing, "me/password", change, token=ada.token).status == 204
    assert mailing.request("DELETE", "/v1/auth/sessions?keep_current=true", token=ada.token).status == 204
    assert post(mailing, "password/reset", {"token": token, "new_password": NEW}).status == 204
    assert mailing.request("GET", "/v1/auth/me", token=ada.token).code == "session_expired"


def test_without_mail_forgotten_passwords_are_the_administrators(auth: Client) -> None:
    answer = post(auth, "password/forgotten", {"email": new_address()})
    assert (answer.status, answer.code) == (409, "mail_off")
    assert auth.request("GET", "/v1/auth/options").json()["mail"] is False


# ---- addresses ----


def ask_for(client: Client, inbox: Inbox, who: Person, email: str) -> str:
    asked = post(client, "me/email", {"email": email}, token=who.token)
    assert asked.status == 202, asked.text
    work_off(client)
    page, token = inbox.link(email)
    assert page == "confirm-email"
    return token


def test_address_changes_when_the_new_one_confirms_and_the_old_one_is_told(
    mailing: Client, inbox: Inbox, person: Callable[..., Person]
) -> None:
    ada, new = person(), new_address()
    token = ask_for(mailing, inbox, ada, new)
    assert log_in(mailing, new).status == 401
    for _ in range(2):
        changed = post(mailing, "me/email/confirm", {"token": token}, token=ada.token)
        assert (changed.status, changed.json()["email"]) == (200, new)
    assert log_in(mailing, new).status == 200
    assert log_in(mailing, ada.email).status == 401
    work_off(mailing)
    told = inbox.of(ada.email)[-1]
    assert told["Subject"] == "Your e-mail address for meet.test was changed"
    assert new in text_of(told)
    assert inbox.link(ada.email)[0] == "undo-email"
    assert mailing.request("GET", "/v1/auth/me", token=ada.token).json()["email"] == new


def test_new_address_is_confirmed_by_who_asked_and_by_nobody_else(
    mailing: Client, inbox: Inbox, person: Callable[..., Person]
) -> None:
    """Otherwise somebody whose address was mistyped could take over the account."""
    ada, eve = person(), person()
    token = ask_for(mailing, inbox, ada, new_address())
    assert post(mailing, "me/email/confirm", {"token": token}, token=eve.token).code == "link_invalid"
    assert post(mailing, "me/email/confirm", {"token": token}).code == "token_missing"


def test_fresh_proof_is_needed_and_the_present_address_is_no_new_one(
    mailing: Client, person: Callable[..., Person], made_stale: Callable[[str], None]
) -> None:
    ada = person()
    made_stale(ada.id)
    assert post(mailing, "me/email", {"email": new_address()}, token=ada.token).code == "step_up_required"
    assert post(mailing, "step-up", {"password": NEW}, token=ada.token).code == "invalid_credentials"
    assert post(mailing, "step-up", {"password": PASSWORD}, token=ada.token).status == 204
    same = post(mailing, "me/email", {"email": ada.email.upper()}, token=ada.token)
    assert (same.code, same.json()["errors"][0]["field"]) == ("validation_failed", "email")


def test_address_of_another_account_is_told_so_and_the_asker_is_not(
    mailing: Client, inbox: Inbox, person: Callable[..., Person]
) -> None:
    ada, eve = person(), person()
    asked = post(mailing, "me/email", {"email": ada.email}, token=eve.token)
    assert asked.json() == {"email": ada.email, "status": "check_mail"}
    work_off(mailing)
    [told] = inbox.of(ada.email)
    assert told["Subject"] == "Your address has an account at meet.test"


def test_old_address_brings_itself_back_with_a_new_password(
    mailing: Client, inbox: Inbox, person: Callable[..., Person]
) -> None:
    ada, thiefs = person(), new_address()
    token = ask_for(mailing, inbox, ada, thiefs)
    pending = ask_for(mailing, inbox, ada, new_address())
    assert post(mailing, "me/email/confirm", {"token": token}, token=ada.token).status == 200
    work_off(mailing)
    undo = inbox.link(ada.email)[1]
    assert post(mailing, "email/undo", {"token": undo, "new_password": NEW}).status == 204
    assert log_in(mailing, ada.email, NEW).json()["user"]["id"] == ada.id
    assert log_in(mailing, thiefs).status == log_in(mailing, thiefs, NEW).status == 401
    assert post(mailing, "refresh", {"refresh_token": ada.refresh_token}).code == "session_expired"
    assert post(mailing, "email/undo", {"token": undo, "new_password": PASSWORD}).code == "link_invalid"
    again = log_in(mailing, ada.email, NEW).json()["access_token"]
    assert post(mailing, "me/email/confirm", {"token": pending}, token=again).code == "link_invalid"
    register(mailing, thiefs)
    work_off(mailing)
    freed = {"token": inbox.link(thiefs)[1], "password": PASSWORD}
    assert post(mailing, "register/confirm", freed).status == 201


@pytest.mark.parametrize("first", ["address", "app"])
def test_thief_who_took_the_address_has_locked_nobody_out_with_a_second_factor(
    mailing: Client, auth: Client, inbox: Inbox, new_owner: Callable[..., FactorOwner], first: str
) -> None:
    """What was set up after the change falls with it, and what was in the day before."""
    ada, thiefs = new_owner(mailing, at=auth, app=first == "app"), new_address()
    assert ada.post("me/email", {"email": thiefs}).status == 202
    work_off(mailing)
    assert ada.post("me/email/confirm", {"token": inbox.link(thiefs)[1]}).status == 200
    if first == "address":
        ada.enrol()
    assert log_in(mailing, thiefs).status == 202
    work_off(mailing)
    undo = [token for page, token in inbox.links(ada.email) if page == "undo-email"][-1]
    assert post(mailing, "email/undo", {"token": undo, "new_password": NEW}).status == 204
    assert log_in(mailing, ada.email, NEW).status == 200


def test_old_address_is_kept_from_others_while_it_can_come_back(
    mailing: Client, auth: Client, inbox: Inbox, person: Callable[..., Person]
) -> None:
    ada = person()
    token = ask_for(mailing, inbox, ada, new_address())
    assert post(mailing, "me/email/confirm", {"token": token}, token=ada.token).status == 200
    assert register(auth, ada.email).code == "email_taken"
    work_off(mailing)
    back = ask_for(mailing, inbox, ada, ada.email)
    assert post(mailing, "me/email/confirm", {"token": back}, token=ada.token).status == 200
    assert log_in(mailing, ada.email).status == 200


# ---- the queue ----


def test_mail_that_cannot_be_sent_now_is_sent_later_and_one_that_never_can_is_given_up(
    mailing: Client, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    email, refused = new_address(), new_address()
    register(mailing, email)
    register(mailing, refused)
    inbox.refused.add(refused)
    monkeypatch.setattr(inbox, "is_away", True)
    work_off(mailing)
    assert not inbox.of(email)
    monkeypatch.setattr(inbox, "is_away", False)
    work_off(mailing)
    assert not inbox.of(email)  # the worker that failed may still be at it
    clock = mailing.module.worker._clock
    monkeypatch.setattr(mailing.module.worker, "_clock", lambda: clock() + 61)
    work_off(mailing)
    assert len(inbox.of(email)) == 1
    inbox.refused.clear()
    work_off(mailing)
    assert not inbox.of(refused)


def test_job_that_is_delivered_twice_is_done_once(mailing: Client, inbox: Inbox) -> None:
    email = new_address()
    register(mailing, email)
    [job_id] = list(mailing.module.jobs.waiting())
    for _ in range(2):
        mailing.module.do_job({"job_id": job_id}, None)
    mailing.module.do_job({"job_id": "unknown"}, None)
    assert len(inbox.of(email)) == 1
    assert not list(mailing.module.jobs.waiting())


def test_neither_tokens_nor_passwords_are_stored_in_the_clear(
    mailing: Client, inbox: Inbox, dynamodb: DynamoDBClient, tables: dict[str, str]
) -> None:
    email = new_address()
    register(mailing, email, password="a very secret phrase")
    everything = str(stored_items(dynamodb, tables["auth"]))
    work_off(mailing)
    everything += str(stored_items(dynamodb, tables["auth"]))
    assert inbox.link(email)[1] not in everything
    assert "a very secret phrase" not in everything
