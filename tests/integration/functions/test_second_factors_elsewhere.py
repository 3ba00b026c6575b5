"""Second factors of people who come from elsewhere: from providers that are trusted with them, and from others."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from auth_service.domain.login_attempts import challenge_of

from tests.integration.functions.browser import AUTHORIZE, Browser, an_address, come_back, query_of, session_of
from tests.integration.functions.conftest import APP_ADDRESS, PASSWORD
from tests.integration.functions.factor_owner import FactorOwner
from tests.integration.functions.lambda_events import Client

PATH = "/v1/auth/login/second-factor"
VERIFIER = "v" * 43


@pytest.fixture(scope="module")
def asking(openid_issuer: str, new_auth: Callable[..., Client]) -> Client:
    """An instance that does not trust the provider with the second factor."""
    provider = {
        "kind": "oidc",
        "id": "op",
        "name": "Example",
        "issuer": openid_issuer,
        "client_id": "parley",
        "client_secret": "a client's secret",
        "vouches_for": ["example.org"],
        "ask_second_factor": True,
    }
    return new_auth(PARLEY_AUTH_PROVIDERS=json.dumps([provider]), PARLEY_AUTH_APP_REDIRECTS=json.dumps([APP_ADDRESS]))


@pytest.fixture
def ada(op: Client) -> FactorOwner:
    """Somebody who has an account by the provider alone, and an authenticator app."""
    browser, address = Browser(op), an_address()
    come_back(browser, address)
    session = session_of(browser)
    owner = FactorOwner(client=op, id=session["user"]["id"], email=address, password="", token=session["access_token"])
    owner.enrol()
    return owner


def test_trusted_provider_is_not_asked_again_but_what_is_dangerous_is(ada: FactorOwner, op: Client) -> None:
    browser = Browser(op)
    assert come_back(browser, ada.email).headers["location"] == "/"
    ada.token = session_of(browser)["access_token"]
    refused = op.request("GET", "/v1/auth/me/export", token=ada.token)
    assert (refused.code, refused.json()["methods"]) == ("step_up_required", ["totp", "recovery_code"])
    assert ada.post("step-up", {"method": "totp", "code": ada.code()}).status == 204
    assert not ada.is_shut_out()


def test_page_of_a_provider_that_is_not_trusted_asks_and_no_token_is_in_an_address(
    ada: FactorOwner, asking: Client
) -> None:
    browser = Browser(asking)
    back = come_back(browser, ada.email, f"{AUTHORIZE}?return_to=/live")
    assert query_of(back.headers["location"]) == {"second_factor": "op", "next": "/live"}
    assert "HttpOnly; SameSite=Strict" in back.headers["set-cookie"]
    token = browser.cookies["parley_second_factor"]
    assert token not in back.headers["location"]
    assert browser.post("/v1/auth/refresh", {}).code == "session_expired", "no session before the second factor"
    waiting = browser.get(PATH)
    assert waiting.json()["methods"] == ["totp", "recovery_code"]
    assert "login_token" not in waiting.json()
    done = browser.post(PATH, {"method": "totp", "code": ada.code()})
    assert done.status == 200, done.text
    assert done.json()["user"]["id"] == ada.id
    assert "parley_second_factor=; Max-Age=0" in done.headers["set-cookie"]
    assert Browser(asking, cookies={"parley_second_factor": token}).get(PATH).code == "login_attempt_invalid"


def test_login_csrf_another_sites_page_cannot_use_the_waiting_login(ada: FactorOwner, asking: Client) -> None:
    browser = Browser(asking)
    come_back(browser, ada.email)
    foreign = browser.get(PATH, **{"sec-fetch-site": "cross-site"})
    assert (foreign.status, foreign.code) == (403, "permission_denied")
    cookie = {"cookie": f"parley_second_factor={browser.cookies['parley_second_factor']}"}
    body = {"method": "totp", "code": ada.code()}
    posted = asking.request("POST", PATH, body, headers=cookie | {"sec-fetch-site": "same-site"})
    assert (posted.status, posted.code) == (403, "permission_denied")


def test_browser_without_a_waiting_login_is_told_so(asking: Client) -> None:
    for answer in (Browser(asking).get(PATH), Browser(asking).post(PATH, {"method": "totp", "code": "123456"})):
        assert (answer.status, answer.code) == (400, "login_attempt_invalid")


def test_application_is_asked_where_it_fetches_its_session(ada: FactorOwner, asking: Client) -> None:
    url = f"{AUTHORIZE}?redirect_uri={APP_ADDRESS}&code_challenge={challenge_of(VERIFIER)}"
    back = come_back(Browser(asking), ada.email, url).headers["location"]
    body = {"code": query_of(back)["code"], "code_verifier": VERIFIER}
    asked = asking.request("POST", "/v1/auth/providers/exchange", body)
    assert asked.status == 202
    finish = {"login_token": asked.json()["login_token"], "method": "totp", "code": ada.code()}
    done = asking.request("POST", PATH, finish)
    assert (done.status, done.json()["user"]["id"]) == (200, ada.id)


def test_who_has_no_second_factor_is_asked_for_none(asking: Client) -> None:
    browser = Browser(asking)
    assert come_back(browser, an_address()).headers["location"] == "/"
    assert session_of(browser)["user"]["second_factor_required"] is False


def test_who_logs_in_at_a_trusted_provider_alone_is_not_made_to_have_one(
    openid_issuer: str, new_auth: Callable[..., Client], op: Client
) -> None:
    """The provider is trusted with that; a password of one's own is not."""
    browser = Browser(op)
    come_back(browser, an_address())
    token = session_of(browser)["access_token"]
    provider = {"kind": "oidc", "id": "op", "name": "x", "issuer": openid_issuer, "client_id": "parley"}
    strict = {"PARLEY_AUTH_SECOND_FACTOR": "everyone"}
    trusting = new_auth(PARLEY_AUTH_PROVIDERS=json.dumps([provider]), **strict)
    doubting = new_auth(PARLEY_AUTH_PROVIDERS=json.dumps([provider | {"ask_second_factor": True}]), **strict)
    lacks = [
        client.request("GET", "/v1/auth/me", token=token).json()["second_factor_required"]
        for client in (trusting, doubting)
    ]
    assert lacks == [False, True]
    assert op.request("POST", "/v1/auth/me/password", {"new_password": PASSWORD}, token=token).status == 204
    assert trusting.request("GET", "/v1/auth/me", token=token).json()["second_factor_required"] is True
