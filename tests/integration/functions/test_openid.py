"""Logins at a real OpenID provider: the whole way through its pages, and everything that must not work on it."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from auth_service.domain.login_attempts import ATTEMPT_S, challenge_of

from tests.doubles.inbox import Inbox
from tests.integration.functions.browser import Browser, log_in_at_provider, path_of_url, query_of
from tests.integration.functions.conftest import AUTH_ISSUER, PASSWORD, Person
from tests.integration.functions.lambda_events import Client, HttpAnswer
from tests.integration.functions.openid_provider import openid_provider

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

AUTHORIZE = "/v1/auth/providers/op/authorize"
APP = "parley-app://login"
VERIFIER = "v" * 43


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    def client(provider: str, **more: object) -> dict[str, object]:
        return {"client_id": "parley", "redirect_uris": [f"{AUTH_ISSUER}/providers/{provider}/callback"], **more}

    clients = [
        client("op", client_secret="a client's secret"),
        client("careful", client_id="careful", client_secret="s", token_endpoint_auth_method="client_secret_post"),
        client("public", client_id="public", token_endpoint_auth_method="none"),
    ]
    with openid_provider(clients) as running:
        yield running


@pytest.fixture(scope="module")
def op(issuer: str, new_auth: Callable[..., Client]) -> Client:
    """The authentication service with three providers: one that vouches for addresses, and two that do not."""
    common = {"kind": "oidc", "issuer": issuer, "scopes": ["openid", "email", "profile", "groups"]}
    providers = [
        common
        | {
            "id": "op",
            "name": "Example",
            "client_id": "parley",
            "client_secret": "a client's secret",
            "vouches_for": ["example.org"],
            "roles": {"administrator": ["admins"]},
        },
        common
        | {
            "id": "careful",
            "name": "Careful",
            "client_id": "careful",
            "client_secret": "s",
            "client_authentication": "client_secret_post",
        },
        common | {"id": "public", "name": "Public", "client_id": "public"},
    ]
    return new_auth(PARLEY_AUTH_PROVIDERS=json.dumps(providers), PARLEY_AUTH_APP_REDIRECTS=json.dumps([APP]))


@pytest.fixture
def browser(op: Client) -> Browser:
    return Browser(op)


def come_back(browser: Browser, login: str, authorize: str = AUTHORIZE) -> HttpAnswer:
    """Goes to the provider, logs in there, and comes back; what the service answers then."""
    away = browser.get(authorize)
    assert away.status == 302, away.text
    return browser.get(path_of_url(log_in_at_provider(away.headers["location"], login)))


def session_of(browser: Browser) -> dict[str, Any]:
    """What the page gets with the cookie that the login has left."""
    session: dict[str, Any] = browser.post("/v1/auth/refresh", {}).json()
    return session


def an_address(name: str = "ada") -> str:
    return f"{name}-{uuid.uuid4().hex[:12]}@example.org"


def verify(dynamodb: DynamoDBClient, tables: dict[str, str], person: Person) -> None:
    """As if the owner had followed a link to the address."""
    dynamodb.update_item(
        TableName=tables["auth"],
        Key={"pk": {"S": f"USER#{person.id}"}, "sk": {"S": "ACCOUNT"}},
        UpdateExpression="SET email_verified_at = :now",
        ExpressionAttributeValues={":now": {"N": "1"}},
    )


def test_providers_are_listed_without_their_secrets(op: Client, auth: Client) -> None:
    answer = op.request("GET", "/v1/auth/providers")
    assert answer.json()["items"][0] == {"id": "op", "kind": "oidc", "name": "Example"}
    assert "secret" not in answer.text
    assert auth.request("GET", "/v1/auth/providers").json() == {"items": []}


def test_login_at_a_provider_makes_an_account_once(browser: Browser, op: Client) -> None:
    address = an_address()
    answer = come_back(browser, address, f"{AUTHORIZE}?return_to=/m/abc-defg-hjk?x%3D1")
    assert (answer.status, answer.headers["location"]) == (302, "/m/abc-defg-hjk?x=1")
    assert "HttpOnly; SameSite=Strict" in answer.headers["set-cookie"]
    first = session_of(browser)
    assert first["user"]["email"] == address
    assert first["user"]["display_name"] == address.partition("@")[0]
    assert first["user"]["administrator"] is False
    again = Browser(op)
    come_back(again, address)
    assert session_of(again)["user"] == first["user"]


def test_no_token_is_in_any_address(browser: Browser) -> None:
    away = browser.get(AUTHORIZE).headers["location"]
    query = query_of(away)
    assert (query["response_type"], query["code_challenge_method"]) == ("code", "S256")
    assert len(query["code_challenge"]) == len(query["state"]) == len(query["nonce"]) == 43
    back = browser.get(path_of_url(log_in_at_provider(away, an_address())))
    assert back.headers["location"] == "/"
    assert back.headers["cache-control"] == "no-store"


def test_table_holds_nothing_that_would_finish_a_login(
    browser: Browser, dynamodb: DynamoDBClient, tables: dict[str, str]
) -> None:
    query = query_of(browser.get(AUTHORIZE).headers["location"])
    everything = str(dynamodb.scan(TableName=tables["auth"], ConsistentRead=True)["Items"])
    for secret in (query["state"], query["nonce"], query["code_challenge"], *browser.cookies.values()):
        assert secret not in everything


@pytest.mark.parametrize("provider", ["careful", "public"])
def test_other_ways_of_client_authentication(browser: Browser, provider: str) -> None:
    come_back(browser, an_address(), f"/v1/auth/providers/{provider}/authorize")
    assert session_of(browser)["user"]["email"].endswith("@example.org")


def test_groups_give_roles_which_end_with_the_setting(browser: Browser, new_auth: Callable[..., Client]) -> None:
    come_back(browser, an_address("boss"))
    session = session_of(browser)
    assert (session["user"]["role"], session["user"]["administrator"]) == ("administrator", True)
    without = new_auth().request("GET", "/v1/auth/me", token=session["access_token"])
    assert without.json()["role"] == "organiser"


# ---- login CSRF ----


def test_login_csrf_an_answer_in_another_browser_is_refused(browser: Browser, op: Client) -> None:
    """Somebody sends a victim the address with which their own login would end."""
    theirs = log_in_at_provider(browser.get(AUTHORIZE).headers["location"], an_address("eve"))
    for victim in (Browser(op), Browser(op, {"parley_login": "x" * 43})):
        answer = victim.get(path_of_url(theirs))
        assert query_of(answer.headers["location"]) == {"error": "login_attempt_invalid", "provider": "op"}
        assert "set-cookie" not in answer.headers


def test_login_csrf_a_browser_with_a_login_of_its_own_does_not_take_anothers(browser: Browser, op: Client) -> None:
    victim = Browser(op)
    victim.get(AUTHORIZE)
    theirs = log_in_at_provider(browser.get(AUTHORIZE).headers["location"], an_address("eve"))
    answer = victim.get(path_of_url(theirs))
    assert query_of(answer.headers["location"])["error"] == "login_attempt_invalid"


def test_answer_counts_once(browser: Browser) -> None:
    back = path_of_url(log_in_at_provider(browser.get(AUTHORIZE).headers["location"], an_address()))
    assert browser.get(back).headers["location"] == "/"
    assert query_of(browser.get(back).headers["location"])["error"] == "login_attempt_invalid"


def test_answer_for_another_provider_is_refused(browser: Browser) -> None:
    """Mix-up: the answer of one provider at the callback of another."""
    back = path_of_url(log_in_at_provider(browser.get(AUTHORIZE).headers["location"], an_address()))
    answer = browser.get(back.replace("/op/", "/careful/"))
    assert query_of(answer.headers["location"]) == {"error": "login_attempt_invalid", "provider": "careful"}


def test_answer_that_names_another_issuer_is_refused(browser: Browser) -> None:
    back = log_in_at_provider(browser.get(AUTHORIZE).headers["location"], an_address())
    given = query_of(back)
    assert given.pop("iss").startswith("http://127.0.0.1")
    answer = browser.get(f"/v1/auth/providers/op/callback?state={given['state']}&code={given['code']}")
    assert query_of(answer.headers["location"])["error"] == "identity_unproven"
    given = query_of(log_in_at_provider(browser.get(AUTHORIZE).headers["location"], an_address()))
    url = f"/v1/auth/providers/op/callback?state={given['state']}&code={given['code']}&iss=https://evil.test"
    assert query_of(browser.get(url).headers["location"])["error"] == "identity_unproven"


def test_login_that_took_too_long_is_refused(browser: Browser, op: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    back = path_of_url(log_in_at_provider(browser.get(AUTHORIZE).headers["location"], an_address()))
    monkeypatch.setattr(op.module.oidc, "_clock", lambda: time.time() + ATTEMPT_S + 1)
    assert query_of(browser.get(back).headers["location"])["error"] == "login_attempt_invalid"


def test_person_who_turns_back_at_the_provider_is_told_so(browser: Browser) -> None:
    away = browser.get(f"{AUTHORIZE}?return_to=/live")
    answer = browser.get(path_of_url(log_in_at_provider(away.headers["location"], "", cancel=True)))
    location = answer.headers["location"]
    assert location.startswith("/sign-in?")
    assert query_of(location) == {"error": "provider_refused", "provider": "op", "next": "/live"}


def test_code_of_another_verifier_is_refused_by_the_provider(browser: Browser, op: Client) -> None:
    """Code injection: a stolen code in an attempt of one's own. PKCE has the provider refuse it."""
    theirs = query_of(log_in_at_provider(browser.get(AUTHORIZE).headers["location"], an_address("victim")))
    eve = Browser(op)
    own = query_of(log_in_at_provider(eve.get(AUTHORIZE).headers["location"], an_address("eve")))
    answer = eve.get(f"/v1/auth/providers/op/callback?state={own['state']}&code={theirs['code']}&iss={theirs['iss']}")
    assert query_of(answer.headers["location"])["error"] == "provider_refused"


# ---- open redirects ----


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.test/",
        "//evil.test/",
        "/\\evil.test/",
        "\\\\evil.test",
        "/%09/evil.test",
        "/%0d%0aLocation:%20https://evil.test",
        "javascript:alert(1)",
        "evil.test",
        "/ /evil.test",
        "/..//evil.test",
        "/.//evil.test",
        "/m//evil.test",
        "/%2e%2e//evil.test",
        "@evil.test",
        "",
    ],
)
def test_open_redirect_is_refused_at_the_beginning(browser: Browser, target: str) -> None:
    answer = browser.get(f"{AUTHORIZE}?return_to={target}")
    assert (answer.status, answer.code) == (422, "validation_failed")


@pytest.mark.parametrize("target", ["https://evil.test/cb", "parley-app://login/x", "parley-app://login?x=1"])
def test_open_redirect_to_an_application_that_is_not_registered(browser: Browser, target: str) -> None:
    answer = browser.get(f"{AUTHORIZE}?redirect_uri={target}&code_challenge={challenge_of(VERIFIER)}")
    assert (answer.status, answer.code) == (422, "validation_failed")


# ---- applications ----


def app_code(browser: Browser, login: str) -> str:
    url = f"{AUTHORIZE}?redirect_uri={APP}&code_challenge={challenge_of(VERIFIER)}&state=a%26b"
    back = come_back(browser, login, url).headers["location"]
    assert back.startswith(f"{APP}?")
    assert query_of(back)["state"] == "a&b"
    return query_of(back)["code"]


def test_application_fetches_its_session_with_its_own_verifier(browser: Browser, op: Client) -> None:
    address = an_address()
    body = {"code": app_code(browser, address), "code_verifier": VERIFIER}
    answer = op.request("POST", "/v1/auth/providers/exchange", body)
    assert (answer.status, answer.json()["user"]["email"]) == (200, address)
    assert len(answer.json()["refresh_token"]) == 64
    assert op.request("POST", "/v1/auth/providers/exchange", body).code == "login_attempt_invalid"


def test_code_of_an_application_is_worth_nothing_to_another(browser: Browser, op: Client) -> None:
    code = app_code(browser, an_address())
    stolen = op.request("POST", "/v1/auth/providers/exchange", {"code": code, "code_verifier": "w" * 43})
    assert (stolen.status, stolen.code) == (400, "login_attempt_invalid")
    body = {"code": code, "code_verifier": VERIFIER}
    assert op.request("POST", "/v1/auth/providers/exchange", body).code == "login_attempt_invalid"  # it was tried


def test_application_needs_a_challenge(browser: Browser) -> None:
    assert browser.get(f"{AUTHORIZE}?redirect_uri={APP}").status == 422


def test_application_is_told_of_a_refusal_by_code(browser: Browser) -> None:
    url = f"{AUTHORIZE}?redirect_uri={APP}&code_challenge={challenge_of(VERIFIER)}&state=s"
    back = come_back(browser, an_address("nobody"), url).headers["location"]
    assert back == f"{APP}?error=email_missing&state=s"


# ---- accounts ----


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


def test_linking_needs_a_fresh_login_or_the_password(
    op: Client, person: Callable[..., Person], dynamodb: DynamoDBClient, tables: dict[str, str]
) -> None:
    """A stolen access token is not enough to add a way in."""
    ada = person("Ada")
    token = ada.token
    sessions = dynamodb.query(
        TableName=tables["auth"],
        IndexName="gsi1",
        KeyConditionExpression="gsi1pk = :user AND begins_with(gsi1sk, :kind)",
        ExpressionAttributeValues={":user": {"S": f"USER#{ada.id}"}, ":kind": {"S": "SESSION#"}},
    )["Items"]
    for item in sessions:
        dynamodb.update_item(
            TableName=tables["auth"],
            Key={"pk": item["pk"], "sk": item["sk"]},
            UpdateExpression="SET created_at = :then",
            ExpressionAttributeValues={":then": {"N": str(int(time.time()) - 3600)}},
        )
    url = "/v1/auth/identities/op/authorize"
    old = op.request("POST", url, {}, token=token)
    assert (old.status, old.code) == (403, "step_up_required")
    wrong = op.request("POST", url, {"account_password": "wrong horse battery"}, token=token)
    assert (wrong.status, wrong.code) == (401, "invalid_credentials")
    assert op.request("POST", url, {"account_password": PASSWORD}, token=token).status == 200


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
    assert op.request("POST", "/v1/auth/me/delete", {}, token=first["access_token"]).status == 204
    again = Browser(op)
    come_back(again, address)
    assert session_of(again)["user"]["id"] != first["user"]["id"]


def test_account_with_a_password_is_not_deleted_without_it(op: Client, person: Callable[..., Person]) -> None:
    answer = op.request("POST", "/v1/auth/me/delete", {}, token=person().token)
    assert (answer.status, answer.code) == (403, "step_up_required")


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
