"""Logins at a real OpenID provider: the whole way through its pages, and everything that must not work on it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from auth_service.domain.login_attempts import ATTEMPT_S, challenge_of

from tests.integration.functions.browser import (
    AUTHORIZE,
    Browser,
    an_address,
    come_back,
    log_in_at_provider,
    path_of_url,
    query_of,
    session_of,
)
from tests.integration.functions.conftest import APP_ADDRESS as APP
from tests.integration.functions.lambda_events import Client
from tests.integration.functions.stored_items import stored_items

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

VERIFIER = "v" * 43


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
    everything = str(stored_items(dynamodb, tables["auth"]))
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


def test_role_of_groups_ends_some_days_after_the_last_login_there(
    browser: Browser, op: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = an_address("boss")
    come_back(browser, address)
    token = session_of(browser)["access_token"]

    def role() -> str:
        return str(op.request("GET", "/v1/auth/me", token=token).json()["role"])

    assert role() == "administrator"
    clock = op.module.providers._clock
    monkeypatch.setattr(op.module.providers, "_clock", lambda: clock() + 7 * 86_400)
    assert role() == "organiser"
    assert op.request("GET", "/v1/auth/users", token=token).code == "permission_denied"


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


def test_code_of_an_application_ends_with_the_sessions(op: Client) -> None:
    address, owner = an_address(), Browser(op)
    come_back(owner, address)
    token = session_of(owner)["access_token"]
    code = app_code(Browser(op), address)
    assert op.request("DELETE", "/v1/auth/sessions", token=token).status == 204
    late = op.request("POST", "/v1/auth/providers/exchange", {"code": code, "code_verifier": VERIFIER})
    assert late.code == "session_expired"


def test_application_needs_a_challenge(browser: Browser) -> None:
    assert browser.get(f"{AUTHORIZE}?redirect_uri={APP}").status == 422


def test_application_is_told_of_a_refusal_by_code(browser: Browser) -> None:
    url = f"{AUTHORIZE}?redirect_uri={APP}&code_challenge={challenge_of(VERIFIER)}&state=s"
    back = come_back(browser, an_address("nobody"), url).headers["location"]
    assert back == f"{APP}?error=email_missing&state=s"
