"""Step-up: what proves a session again, and what does not; and second factors that somebody must have, or has lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.doubles.soft_authenticator import UP, SoftAuthenticator
from tests.integration.functions.conftest import PASSWORD, Person
from tests.integration.functions.factor_owner import PAGE, FactorOwner, passkey_login
from tests.integration.functions.lambda_events import Client, HttpAnswer

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NEW = "another horse battery"
Stale = Callable[[str], None]


@pytest.fixture
def owner(new_owner: Callable[..., FactorOwner], local: Client) -> Callable[..., FactorOwner]:
    return lambda client=local, **more: new_owner(client, **more)


def step_up_with(ada: FactorOwner, key: SoftAuthenticator, token: str | None = None, **lies: Any) -> HttpAnswer:
    begun = ada.post("step-up/passkey-options").json()
    credential = key.get(begun["publicKey"], PAGE, **lies)
    body = {"method": "passkey", "ceremony": begun["ceremony"], "credential": credential}
    return ada.client.request("POST", "/v1/auth/step-up", body, token=token or ada.token)


def test_password_proves_a_session_of_an_account_without_a_second_factor(
    owner: Callable[..., FactorOwner], made_stale: Stale
) -> None:
    ada = owner(app=False)
    made_stale(ada.id)
    assert ada.is_shut_out()
    assert ada.post("step-up", {"password": "wrong horse battery"}).code == "invalid_credentials"
    assert ada.is_shut_out()
    assert ada.post("step-up", {"password": PASSWORD}).status == 204
    assert not ada.is_shut_out()


def test_with_a_second_factor_the_password_is_not_enough(owner: Callable[..., FactorOwner], made_stale: Stale) -> None:
    ada = owner()
    made_stale(ada.id)
    refused = ada.post("step-up", {"password": PASSWORD})
    assert (refused.code, refused.json()["methods"]) == ("step_up_required", ["totp", "recovery_code"])
    assert ada.is_shut_out()
    assert ada.post("step-up", {"method": "totp", "code": ada.code()}).status == 204
    assert not ada.is_shut_out()


def test_totp_replay_a_code_of_a_login_is_no_proof_later(owner: Callable[..., FactorOwner], made_stale: Stale) -> None:
    ada = owner()
    code = ada.code()
    assert ada.finish_login(ada.login_token(), code).status == 200
    made_stale(ada.id)
    assert ada.post("step-up", {"method": "totp", "code": code}).code == "factor_invalid"


def test_recovery_code_is_a_proof_once(owner: Callable[..., FactorOwner], made_stale: Stale) -> None:
    ada = owner()
    made_stale(ada.id)
    body = {"method": "recovery_code", "code": ada.codes[0]}
    assert ada.post("step-up", body).status == 204
    assert not ada.is_shut_out()
    assert ada.post("step-up", body).code == "factor_invalid"
    assert ada.factors()["recovery_codes_left"] == 9


def test_passkey_is_a_proof_if_its_owner_is_verified(owner: Callable[..., FactorOwner], made_stale: Stale) -> None:
    ada, key = owner(app=False), SoftAuthenticator()
    ada.register(key)
    made_stale(ada.id)
    assert step_up_with(ada, key, flags=UP).code == "factor_invalid"
    assert ada.is_shut_out()
    assert step_up_with(ada, key).status == 204
    assert not ada.is_shut_out()


def test_step_up_of_another_session_proves_nothing_here(owner: Callable[..., FactorOwner], made_stale: Stale) -> None:
    """Neither by itself, nor by its ceremony."""
    ada, key = owner(app=False), SoftAuthenticator()
    ada.register(key)
    other = passkey_login(ada.client, key).json()["access_token"]
    made_stale(ada.id)
    assert step_up_with(ada, key, token=other).code == "ceremony_invalid"
    assert step_up_with(ada, key).status == 204
    assert not ada.is_shut_out()
    ada.token = other
    assert ada.is_shut_out()


def test_step_up_ceremony_logs_nobody_in(owner: Callable[..., FactorOwner]) -> None:
    ada, key = owner(app=False), SoftAuthenticator()
    ada.register(key)
    begun = ada.post("step-up/passkey-options").json()
    body = {"ceremony": begun["ceremony"], "credential": key.get(begun["publicKey"], PAGE)}
    assert ada.client.request("POST", "/v1/auth/passkeys/login", body).code == "ceremony_invalid"


def test_session_from_before_the_second_factor_has_to_prove_it(owner: Callable[..., FactorOwner]) -> None:
    """Somebody else is in with the password when its owner sets an app up: their fresh login counts no more."""
    ada = owner(app=False)
    thief = FactorOwner(
        client=ada.client,
        id=ada.id,
        email=ada.email,
        password=PASSWORD,
        token=ada.begin_login().json()["access_token"],
    )
    assert not thief.is_shut_out()
    ada.enrol()
    assert not ada.is_shut_out()
    assert thief.is_shut_out()
    assert thief.delete("factors/totp").code == "step_up_required"


def test_proof_is_not_lost_when_the_session_is_refreshed(
    local: Client, person: Callable[..., Person], made_stale: Stale
) -> None:
    body = {"email": person().email, "password": PASSWORD}
    session = local.request("POST", "/v1/auth/login", body).json()
    made_stale(session["user"]["id"])
    assert (
        local.request("POST", "/v1/auth/step-up", {"password": PASSWORD}, token=session["access_token"]).status == 204
    )
    fresh = local.request("POST", "/v1/auth/refresh", {"refresh_token": session["refresh_token"]}).json()
    assert local.request("GET", "/v1/auth/me/export", token=fresh["access_token"]).status == 200


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"password": PASSWORD, "method": "totp"},
        {"method": "totp"},
        {"method": "passkey"},
        {"method": "passkey", "ceremony": "A" * 43},
        {"code": "123456"},
        {"method": "password"},
    ],
    ids=str,
)
def test_body_that_proves_nothing_is_told_so(owner: Callable[..., FactorOwner], body: dict[str, Any]) -> None:
    answer = owner().post("step-up", body)
    assert (answer.status, answer.code) == (422, "validation_failed")


def test_new_password_takes_the_old_one_and_the_second_factor(
    owner: Callable[..., FactorOwner], made_stale: Stale
) -> None:
    ada = owner(app=False)
    made_stale(ada.id)
    assert ada.post("me/password", {"new_password": NEW}).code == "validation_failed"
    body = {"current_password": PASSWORD, "new_password": NEW}
    assert ada.post("me/password", body).status == 204, "the password is the proof"
    eve = owner()
    made_stale(eve.id)
    assert eve.post("me/password", body).code == "step_up_required"
    assert eve.post("step-up", {"method": "totp", "code": eve.code()}).status == 204
    assert eve.post("me/password", {"new_password": NEW}).code == "validation_failed"
    assert eve.post("me/password", body).status == 204


# ---- programs ----


def test_api_key_needs_no_proof(auth: Client, admin: Person, person: Callable[..., Person]) -> None:
    """Its secret is all there is to it."""
    own = ["meetings:join", "meetings:read", "meetings:write", "meetings:create"]
    body = {"name": "Directory", "permissions": ["users:write", *own]}
    made = auth.request("POST", "/v1/auth/service-accounts", body, token=admin.token).json()
    key = auth.request("POST", f"/v1/auth/service-accounts/{made['id']}/keys", {}, token=admin.token).json()["key"]
    grant = {"grant_type": "client_credentials", "client_secret": key}
    token = auth.request("POST", "/v1/auth/token", grant).json()["access_token"]
    assert auth.request("DELETE", f"/v1/auth/users/{person().id}", token=token).status == 204


# ---- who has lost theirs ----


def test_administrator_resets_somebodys_second_factors(
    owner: Callable[..., FactorOwner], auth: Client, local: Client, admin: Person
) -> None:
    ada, key = owner(), SoftAuthenticator()
    ada.register(key)
    url = f"/v1/auth/users/{ada.id}"
    assert auth.request("GET", url, token=admin.token).json()["factors"] == ["passkey", "totp", "recovery_code"]
    for _ in range(2):
        assert auth.request("DELETE", f"{url}/factors", token=admin.token).status == 204
    assert auth.request("GET", url, token=admin.token).json()["factors"] == []
    assert ada.post("factors/totp").code == "session_expired"
    assert passkey_login(local, key).code == "factor_invalid"
    assert ada.begin_login().status == 200
    log = auth.request("GET", f"/v1/auth/audit?user_id={ada.id}", token=admin.token).json()["items"]
    assert [entry["event"] for entry in log].count("factors_reset") == 1


def test_race_no_factor_that_is_added_at_that_moment_outlives_the_reset(
    owner: Callable[..., FactorOwner],
    auth: Client,
    admin: Person,
    dynamodb: DynamoDBClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who has got into an account sets an app up between the reset's read and its write."""
    ada = owner(app=False)
    ada.register(SoftAuthenticator())
    transact, added = dynamodb.transact_write_items, list[bool]()

    def add_first(**request: Any) -> Any:
        if not added:
            added.append(True)
            ada.enrol()
        return transact(**request)

    monkeypatch.setattr(dynamodb, "transact_write_items", add_first)
    url = f"/v1/auth/users/{ada.id}"
    assert auth.request("DELETE", f"{url}/factors", token=admin.token).status == 503
    assert auth.request("DELETE", f"{url}/factors", token=admin.token).status == 204
    assert auth.request("GET", url, token=admin.token).json()["factors"] == []


def test_reset_leaves_nobody_without_a_way_in(
    owner: Callable[..., FactorOwner], auth: Client, admin: Person, made_passwordless: Callable[[str], None]
) -> None:
    """Without mail there is no link for a new password."""
    ada = owner(app=False)
    ada.register(SoftAuthenticator())
    made_passwordless(ada.id)
    answer = auth.request("DELETE", f"/v1/auth/users/{ada.id}/factors", token=admin.token)
    assert (answer.status, answer.code) == (409, "last_login_method")


# ---- who must have one ----


@pytest.fixture(scope="session")
def strict(new_auth: Callable[..., Client]) -> Client:
    return new_auth(PARLEY_AUTH_SECOND_FACTOR="everyone")


def test_who_lacks_a_second_factor_can_do_nothing_but_set_one_up(
    strict: Client, new_owner: Callable[..., FactorOwner], meetings: Client
) -> None:
    ada = new_owner(strict, app=False)
    session = ada.begin_login().json()
    ada.token = session["access_token"]
    assert session["user"]["second_factor_required"] is True
    assert session["user"]["permissions"] == ["account:read", "account:write"]
    assert meetings.request("POST", "/v1/meetings", {"title": "x"}, token=ada.token).code == "permission_denied"
    assert ada.factors()["required"] is True
    ada.enrol()
    renewed = strict.request("POST", "/v1/auth/refresh", {"refresh_token": session["refresh_token"]}).json()
    assert renewed["user"]["second_factor_required"] is False
    assert meetings.request("POST", "/v1/meetings", {"title": "x"}, token=renewed["access_token"]).status == 201
    ada.token = renewed["access_token"]
    assert ada.delete("factors/totp").code == "conflict"


def test_setting_is_heeded_by_open_sessions_at_once(
    auth: Client, new_auth: Callable[..., Client], admin: Person, person: Callable[..., Person]
) -> None:
    careful = new_auth(PARLEY_AUTH_SECOND_FACTOR="administrators")
    assert auth.request("GET", "/v1/auth/users", token=admin.token).status == 200
    assert careful.request("GET", "/v1/auth/users", token=admin.token).code == "permission_denied"
    ada = person()
    assert careful.request("GET", "/v1/auth/me", token=ada.token).json()["second_factor_required"] is False
    assert careful.request("GET", "/v1/auth/me", token=admin.token).json()["second_factor_required"] is True
