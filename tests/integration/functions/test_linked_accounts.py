"""Which account somebody gets who comes from a real OpenID provider, and what its owner can do about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from auth_service.domain.identities import ExternalPerson
from auth_service.domain.security_events import Origin

from tests.doubles.inbox import Inbox
from tests.integration.functions.browser import (
    Browser,
    an_address,
    come_back,
    log_in_at_provider,
    path_of_url,
    query_of,
    session_of,
)
from tests.integration.functions.conftest import PASSWORD, Person
from tests.integration.functions.factor_owner import FactorOwner
from tests.integration.functions.lambda_events import Client, HttpAnswer

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def verify(dynamodb: DynamoDBClient, tables: dict[str, str], person: Person) -> None:
    """As if the owner had followed a link to the address."""
    dynamodb.update_item(
        TableName=tables["auth"],
        Key={"pk": {"S": f"USER#{person.id}"}, "sk": {"S": "ACCOUNT"}},
        UpdateExpression="SET email_verified_at = :now",
        ExpressionAttributeValues={":now": {"N": "1"}},
    )


def test_pre_hijacking_an_address_that_was_never_proven_is_not_linked(
    browser: Browser, auth: Client, person: Callable[..., Person]
) -> None:
    """Somebody registers a victim's address first, to be in the account when the victim comes from a provider."""
    squatter = person("Eve")
    answer = come_back(browser, squatter.email)
    assert query_of(answer.headers["location"])["error"] == "account_exists_link_required"
    assert "parley_refresh" not in browser.cookies
    assert auth.request("GET", "/v1/auth/identities", token=squatter.token).json()["items"] == []


def test_account_with_a_proven_address_is_linked_when_the_provider_vouches(
    browser: Browser,
    person: Callable[..., Person],
    dynamodb: DynamoDBClient,
    tables: dict[str, str],
) -> None:
    ada = person("Ada")
    verify(dynamodb, tables, ada)
    come_back(browser, ada.email)
    assert session_of(browser)["user"]["id"] == ada.id


def test_downgrade_an_address_alone_passes_no_second_factor_by(
    browser: Browser, op: Client, person: Callable[..., Person], dynamodb: DynamoDBClient, tables: dict[str, str]
) -> None:
    """Logins at a trusted provider are asked for none: who has set one up links the provider from inside."""
    ada = person("Ada")
    verify(dynamodb, tables, ada)
    FactorOwner(client=op, id=ada.id, email=ada.email, password=PASSWORD, token=ada.token).enrol()
    answer = come_back(browser, ada.email)
    assert query_of(answer.headers["location"])["error"] == "account_exists_link_required"
    assert "parley_refresh" not in browser.cookies
    assert op.request("GET", "/v1/auth/identities", token=ada.token).json()["items"] == []


def test_provider_that_does_not_vouch_links_nothing(
    op: Client, person: Callable[..., Person], dynamodb: DynamoDBClient, tables: dict[str, str]
) -> None:
    ada = person("Ada")
    verify(dynamodb, tables, ada)
    for url in ("/v1/auth/providers/careful/authorize", "/v1/auth/providers/public/authorize"):
        answer = come_back(Browser(op), ada.email, url)
        assert query_of(answer.headers["location"])["error"] == "account_exists_link_required"


def test_address_that_the_provider_has_not_verified_links_nothing(
    op: Client, auth: Client, dynamodb: DynamoDBClient, tables: dict[str, str]
) -> None:
    address = an_address("unverified")
    body = {"email": address, "password": PASSWORD, "display_name": "Ada"}
    made = auth.request("POST", "/v1/auth/register", body).json()
    verify(dynamodb, tables, Person(made["user"]["id"], address, "Ada", made["access_token"], made["refresh_token"]))
    answer = come_back(Browser(op), address)
    assert query_of(answer.headers["location"])["error"] == "account_exists_link_required"


def test_person_without_an_address_gets_no_account(browser: Browser) -> None:
    answer = come_back(browser, an_address("nobody"))
    assert query_of(answer.headers["location"])["error"] == "email_missing"


def link(browser: Browser, token: str, login: str, **body: str) -> HttpAnswer:
    begun = browser.post("/v1/auth/identities/op/authorize", {"return_to": "/account", **body}, token=token)
    assert begun.status == 200, begun.text
    return browser.get(path_of_url(log_in_at_provider(begun.json()["authorization_url"], login)))


def test_owner_of_both_links_them_and_logs_in_with_either(
    browser: Browser, op: Client, person: Callable[..., Person]
) -> None:
    ada = person("Ada")
    elsewhere = an_address("ada-elsewhere")
    assert link(browser, ada.token, elsewhere).headers["location"] == "/account"
    other = Browser(op)
    come_back(other, elsewhere)
    assert session_of(other)["user"]["id"] == ada.id
    shown = op.request("GET", "/v1/auth/identities", token=ada.token).json()
    assert shown["has_password"] is True
    assert [(item["provider"], item["email"]) for item in shown["items"]] == [("op", elsewhere)]
    gone = op.request("DELETE", f"/v1/auth/identities/{shown['items'][0]['id']}", token=ada.token)
    assert gone.status == 204
    stranger = Browser(op)
    come_back(stranger, elsewhere)
    assert session_of(stranger)["user"]["id"] != ada.id


def test_identity_of_another_account_cannot_be_linked(op: Client, person: Callable[..., Person]) -> None:
    ada, eve = person("Ada"), person("Eve")
    login = an_address()
    link(Browser(op), ada.token, login)
    answer = link(Browser(op), eve.token, login)
    assert query_of(answer.headers["location"]) == {"error": "identity_taken", "provider": "op"}
    assert op.request("GET", "/v1/auth/identities", token=eve.token).json()["items"] == []


def test_linking_needs_a_fresh_proof(
    op: Client, person: Callable[..., Person], made_stale: Callable[[str], None]
) -> None:
    """A stolen access token is not enough to add a way in, or to take one."""
    ada = person("Ada")
    made_stale(ada.id)
    url = "/v1/auth/identities/op/authorize"
    for method, path in (
        ("POST", url),
        ("POST", "/v1/auth/identities/ldap/login"),
        ("DELETE", "/v1/auth/identities/x"),
    ):
        old = op.request(method, path, {} if method == "POST" else None, token=ada.token)
        assert (old.status, old.code, old.json()["methods"]) == (403, "step_up_required", ["password"])
    assert op.request("POST", "/v1/auth/step-up", {"password": PASSWORD}, token=ada.token).status == 204
    assert op.request("POST", url, {}, token=ada.token).status == 200


def test_last_way_to_log_in_stays(browser: Browser, op: Client) -> None:
    come_back(browser, an_address())
    token = session_of(browser)["access_token"]
    shown = op.request("GET", "/v1/auth/identities", token=token).json()
    assert shown["has_password"] is False
    answer = op.request("DELETE", f"/v1/auth/identities/{shown['items'][0]['id']}", token=token)
    assert (answer.status, answer.code) == (409, "last_login_method")


def test_account_without_a_password_is_closed_to_passwords(browser: Browser, op: Client) -> None:
    address = an_address()
    come_back(browser, address)
    answer = op.request("POST", "/v1/auth/login", {"email": address, "password": PASSWORD})
    assert (answer.status, answer.code) == (401, "invalid_credentials")


def test_account_without_a_password_is_deleted_by_a_fresh_login(browser: Browser, op: Client) -> None:
    address = an_address()
    come_back(browser, address)
    first = session_of(browser)
    export = op.request("GET", "/v1/auth/me/export", token=first["access_token"]).json()
    assert [item["provider"] for item in export["identities"]] == ["op"]
    assert op.request("POST", "/v1/auth/me/delete", token=first["access_token"]).status == 204
    again = Browser(op)
    come_back(again, address)
    assert session_of(again)["user"]["id"] != first["user"]["id"]


def test_account_is_not_deleted_by_an_old_login(
    op: Client, person: Callable[..., Person], made_stale: Callable[[str], None]
) -> None:
    ada = person()
    made_stale(ada.id)
    answer = op.request("POST", "/v1/auth/me/delete", token=ada.token)
    assert (answer.status, answer.code) == (403, "step_up_required")


def test_account_of_a_provider_alone_proves_itself_by_another_login(
    browser: Browser, op: Client, made_stale: Callable[[str], None]
) -> None:
    address = an_address()
    come_back(browser, address)
    first = session_of(browser)
    made_stale(first["user"]["id"])
    answer = op.request("GET", "/v1/auth/me/export", token=first["access_token"])
    assert (answer.code, answer.json()["methods"]) == ("step_up_required", ["login"])
    again = Browser(op)
    come_back(again, address)
    assert op.request("GET", "/v1/auth/me/export", token=session_of(again)["access_token"]).status == 200


def test_change_of_address_that_nobody_confirms_takes_the_proof_away(browser: Browser, op: Client) -> None:
    """Without mail anybody may name any address as theirs: then nothing links by it."""
    come_back(browser, an_address())
    victim = an_address("victim")
    token = session_of(browser)["access_token"]
    changed = op.request("POST", "/v1/auth/me/email", {"email": victim}, token=token)
    assert (changed.status, changed.json()["email"]) == (200, victim)
    answer = come_back(Browser(op), victim)
    assert query_of(answer.headers["location"])["error"] == "account_exists_link_required"


def test_pre_hijacking_owner_of_the_mailbox_gets_the_account_without_what_was_linked_before(
    op: Client, mailing: Client, inbox: Inbox, person: Callable[..., Person]
) -> None:
    """Somebody registers a victim's address, links an identity of their own, and waits."""
    squatted, evil = person("Eve"), an_address("eve")
    link(Browser(op), squatted.token, evil)
    mailing.request("POST", "/v1/auth/password/forgotten", {"email": squatted.email})
    mailing.module.worker.work_off()
    _, token = inbox.link(squatted.email)
    body = {"token": token, "new_password": "the mailbox's own horse"}
    assert mailing.request("POST", "/v1/auth/password/reset", body).status == 204
    eve = Browser(op)
    come_back(eve, evil)
    assert session_of(eve)["user"]["id"] != squatted.id
    victim = Browser(op)
    come_back(victim, squatted.email)  # the address is proven now: the provider's word is enough
    assert session_of(victim)["user"]["id"] == squatted.id


def test_link_that_was_begun_in_an_ended_session_is_no_way_back_in(op: Client, person: Callable[..., Person]) -> None:
    """Who has got into an account begins a link; the owner shuts them out before it is finished."""
    ada, browser = person("Ada"), Browser(op)
    begun = browser.post("/v1/auth/identities/op/authorize", {"return_to": "/account"}, token=ada.token)
    way_back = path_of_url(log_in_at_provider(begun.json()["authorization_url"], an_address()))
    assert op.request("DELETE", "/v1/auth/sessions", token=ada.token).status == 204
    assert query_of(browser.get(way_back).headers["location"])["error"] == "login_attempt_invalid"
    again = op.request("POST", "/v1/auth/login", {"email": ada.email, "password": PASSWORD}).json()
    assert op.request("GET", "/v1/auth/identities", token=again["access_token"]).json()["items"] == []


def test_owner_is_told_of_another_way_into_the_account(
    mailing: Client, inbox: Inbox, person: Callable[..., Person]
) -> None:
    ada, service = person("Ada"), mailing.module
    elsewhere = ExternalPerson(provider="op", subject=ada.id, email=None, vouched=False, display_name="x")
    for _ in range(2):  # the second tells nothing new
        service.external.link(service.accounts.find(ada.id), elsewhere, origin=Origin())
        service.worker.work_off()
    [told] = inbox.of(ada.email)
    assert told["Subject"] == "There is another way to sign in to your account at meet.test"
