"""Passkeys: made, used as a second factor and to log in with alone, and what hostile authenticators and pages try."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from tests.doubles.inbox import Inbox
from tests.doubles.soft_authenticator import BE, BS, EDDSA, ES256, ES384, RS256, UP, UV, SoftAuthenticator, b64
from tests.integration.functions.conftest import Person
from tests.integration.functions.factor_owner import PAGE, FactorOwner, passkey_login
from tests.integration.functions.lambda_events import Client

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SYNCED = UP | UV | BE | BS


@pytest.fixture
def owner(new_owner: Callable[..., FactorOwner], local: Client) -> Callable[..., FactorOwner]:
    """Somebody at a page that may have passkeys, with no second factor yet."""
    return lambda client=local, *, app=False, **more: new_owner(client, app=app, **more)


def with_passkey(ada: FactorOwner, **kind: Any) -> SoftAuthenticator:
    key = SoftAuthenticator(**kind)
    answer = ada.register(key)
    assert answer.status == 201, answer.text
    return key


# ---- what works ----


@pytest.mark.parametrize("algorithm", [ES256, EDDSA, RS256])
def test_passkey_logs_its_owner_in_without_a_name(owner: Callable[..., FactorOwner], algorithm: int) -> None:
    ada = owner()
    key = with_passkey(ada, algorithm=algorithm)
    done = passkey_login(ada.client, key)
    assert done.status == 200, done.text
    assert done.json()["user"]["id"] == ada.id
    ada.token = done.json()["access_token"]
    assert not ada.is_shut_out(), "a passkey with its owner verified is both factors"
    [shown] = ada.factors()["passkeys"]
    assert (shown["name"], shown["backed_up"], shown["last_used_at"] is None) == ("Key", False, False)


def test_passkey_is_a_second_factor_beside_the_password(owner: Callable[..., FactorOwner]) -> None:
    ada = owner()
    key = with_passkey(ada, counts=False, flags=SYNCED)
    asked = ada.begin_login().json()
    assert asked["methods"] == ["passkey", "recovery_code"]
    done = ada.finish_with_passkey(asked["login_token"], key, flags=UP | BE | BS)
    assert done.status == 200, done.text
    assert ada.factors()["passkeys"][0]["backed_up"] is True


def test_first_passkey_comes_with_recovery_codes_and_others_without(owner: Callable[..., FactorOwner]) -> None:
    ada = owner()
    first, second = ada.register(SoftAuthenticator()).json(), ada.register(SoftAuthenticator(), "Phone").json()
    assert len(first["recovery_codes"]) == 10
    assert second["recovery_codes"] is None
    assert [item["name"] for item in ada.factors()["passkeys"]] == ["Key", "Phone"]
    renamed = ada.client.request(
        "PATCH", f"/v1/auth/passkeys/{second['passkey']['id']}", {"name": "  My   phone "}, token=ada.token
    )
    assert renamed.json()["name"] == "My phone"


def test_removed_passkey_opens_nothing(owner: Callable[..., FactorOwner]) -> None:
    ada = owner()
    key = with_passkey(ada)
    [shown] = ada.factors()["passkeys"]
    assert ada.delete(f"passkeys/{shown['id']}").status == 204
    assert ada.delete(f"passkeys/{shown['id']}").code == "not_found"
    assert passkey_login(ada.client, key).code == "factor_invalid"
    assert ada.begin_login().status == 200


def test_options_say_the_same_to_everybody(local: Client, auth: Client) -> None:
    """Nothing tells whether an account exists: nobody names one."""
    one, other = (local.request("POST", "/v1/auth/passkeys/login-options").json() for _ in range(2))
    assert one["publicKey"]["allowCredentials"] == []
    assert one["publicKey"]["userVerification"] == "required"
    for changing in ("challenge",):
        assert one["publicKey"].pop(changing) != other["publicKey"].pop(changing)
    assert one["publicKey"] == other["publicKey"]
    assert local.request("GET", "/v1/auth/options").json()["passkeys"] is True
    assert auth.request("GET", "/v1/auth/options").json()["passkeys"] is False  # http, and no localhost
    assert auth.request("POST", "/v1/auth/passkeys/login-options").code == "passkeys_unavailable"


def test_last_way_to_log_in_cannot_be_taken_away(
    owner: Callable[..., FactorOwner], made_passwordless: Callable[[str], None]
) -> None:
    ada = owner()
    key = with_passkey(ada)
    made_passwordless(ada.id)
    [shown] = ada.factors()["passkeys"]
    assert ada.delete(f"passkeys/{shown['id']}").code == "last_login_method"
    second = with_passkey(ada)
    both = [item["id"] for item in ada.factors()["passkeys"]]
    with ThreadPoolExecutor(2) as pool:  # each alone would be allowed
        statuses = sorted(answer.status for answer in pool.map(lambda each: ada.delete(f"passkeys/{each}"), both))
    assert statuses in ([204, 409], [204, 503])
    assert sorted(passkey_login(ada.client, each).status for each in (key, second)) == [200, 401]


# ---- what is tried at registration ----


@pytest.mark.parametrize(
    "lies",
    [
        {"origin": "https://localhost.evil.example"},
        {"origin": "https://localhost"},
        {"origin": "http://localhost:8080"},
        {"rp_id": "evil.example"},
        {"kind": "webauthn.get"},
        {"challenge": b64(bytes(32))},
        {"flags": UP},
        {"flags": UV},
        {"flags": UP | UV | BS},
        {"cross_origin": True},
    ],
    ids=str,
)
def test_registration_with_a_lie_is_refused(owner: Callable[..., FactorOwner], lies: dict[str, Any]) -> None:
    """Wrong origin, wrong relying party, wrong type, wrong challenge, nobody verified or present, a frame."""
    ada = owner()
    answer = ada.register(SoftAuthenticator(), **lies)
    assert (answer.status, answer.code) == (422, "validation_failed"), answer.text
    assert ada.factors()["passkeys"] == []


def test_algorithm_that_was_not_offered_is_refused(owner: Callable[..., FactorOwner]) -> None:
    answer = owner().register(SoftAuthenticator(algorithm=ES384))
    assert (answer.status, answer.json()["errors"][0]["field"]) == (422, "credential")


def test_ceremony_is_no_one_elses_and_works_once(owner: Callable[..., FactorOwner]) -> None:
    """Another user's, another session's, one for something else, and one that is replayed."""
    ada, eve = owner(), owner()
    begun, key = ada.post("passkeys/registration-options").json(), SoftAuthenticator()

    def body() -> dict[str, Any]:
        return {"ceremony": begun["ceremony"], "credential": key.create(begun["publicKey"], PAGE), "name": "Key"}

    assert eve.post("passkeys", body()).code == "ceremony_invalid"
    assert ada.post("passkeys", body()).code == "ceremony_invalid", "the wrong try has used it up"
    begun = ada.post("passkeys/registration-options").json()
    other = ada.begin_login().json()["access_token"]
    assert ada.client.request("POST", "/v1/auth/passkeys", body(), token=other).code == "ceremony_invalid"
    begun = ada.post("passkeys/registration-options").json()
    assert ada.post("passkeys", body()).status == 201
    assert ada.post("passkeys", body()).code == "ceremony_invalid"
    login = ada.client.request("POST", "/v1/auth/passkeys/login-options").json()["ceremony"]
    assert ada.post("passkeys", body() | {"ceremony": login}).code == "ceremony_invalid"


def test_passkey_is_registered_once(owner: Callable[..., FactorOwner]) -> None:
    ada, key = owner(), SoftAuthenticator()
    assert ada.register(key).status == 201
    assert ada.register(key).code == "validation_failed"


def test_no_more_passkeys_than_the_account_can_keep(owner: Callable[..., FactorOwner]) -> None:
    ada = owner()
    for _ in range(20):
        assert ada.register(SoftAuthenticator()).status == 201
    assert ada.post("passkeys/registration-options").code == "conflict"


@pytest.mark.parametrize(
    "part",
    ["clientDataJSON", "attestationObject"],
)
@pytest.mark.parametrize("octets", [b"\x00", b"{}", b"[]", b"\xff" * 64, b"\x9f" * 4_000, b'{"type":1,"origin":2}'])
def test_garbage_from_an_authenticator_is_told_so(owner: Callable[..., FactorOwner], part: str, octets: bytes) -> None:
    ada = owner()
    begun = ada.post("passkeys/registration-options").json()
    made = SoftAuthenticator().create(begun["publicKey"], PAGE)
    made["response"][part] = b64(octets)
    answer = ada.post("passkeys", {"ceremony": begun["ceremony"], "credential": made, "name": "Key"})
    assert (answer.status, answer.code) == (422, "validation_failed")


# ---- what is tried at login ----


@pytest.mark.parametrize(
    "lies",
    [
        {"origin": "https://localhost.evil.example"},
        {"rp_id": "evil.example"},
        {"kind": "webauthn.create"},
        {"challenge": b64(bytes(32))},
        {"flags": UP},
        {"flags": UV},
        {"flags": SYNCED},
        {"user_handle": ""},
        {"user_handle": b64(b"u_nobody")},
        {"user_handle": b64(b"\xff\xfe")},
        {"cross_origin": True},
    ],
    ids=str,
)
def test_login_with_a_lie_is_refused(owner: Callable[..., FactorOwner], lies: dict[str, Any]) -> None:
    """Wrong origin, wrong relying party, wrong type, wrong challenge, missing verification of the user, other backup
    flags, nobody's handle, a frame. All are refused alike."""
    ada = owner()
    key = with_passkey(ada)
    if lies.get("user_handle") == "":
        lies = {"user_handle": None}
    answer = passkey_login(ada.client, key, **lies)
    assert (answer.status, answer.code) == (401, "factor_invalid"), answer.text
    assert passkey_login(ada.client, key).status == 200


def test_handle_that_no_authenticator_can_have_is_told_so(owner: Callable[..., FactorOwner]) -> None:
    """64 octets at the most (WebAuthn, 5.4.3); no key of the table is longer than 2,048."""
    ada = owner()
    answer = passkey_login(ada.client, with_passkey(ada), user_handle=b64(b"u" * 3_000))
    assert (answer.status, answer.code) == (422, "validation_failed")


def test_credential_of_another_account_is_refused(owner: Callable[..., FactorOwner]) -> None:
    """Eve's key with Ada's handle; as a second factor, and alone."""
    ada, eve = owner(), owner()
    with_passkey(ada)
    eves = with_passkey(eve)
    assert passkey_login(ada.client, eves, user_handle=b64(ada.id.encode())).code == "factor_invalid"
    assert ada.finish_with_passkey(ada.login_token(), eves).code == "factor_invalid"
    assert ada.finish_with_passkey(ada.login_token(), eves, user_handle=None).code == "factor_invalid"


def test_key_under_another_accounts_credential_id_is_refused(owner: Callable[..., FactorOwner]) -> None:
    """Eve registers Ada's credential id with a key of her own: it opens Eve's account, and no other."""
    ada, eve = owner(), owner()
    key = with_passkey(ada)
    forged = with_passkey(eve, credential_id=key.credential_id)
    assert passkey_login(ada.client, forged, user_handle=b64(ada.id.encode())).code == "factor_invalid"
    assert passkey_login(ada.client, forged).json()["user"]["id"] == eve.id
    assert passkey_login(ada.client, key).json()["user"]["id"] == ada.id


def test_replayed_login_ceremony_is_refused(owner: Callable[..., FactorOwner]) -> None:
    ada = owner()
    key = with_passkey(ada, counts=False)
    begun = ada.client.request("POST", "/v1/auth/passkeys/login-options").json()
    body = {"ceremony": begun["ceremony"], "credential": key.get(begun["publicKey"], PAGE)}
    with ThreadPoolExecutor(2) as pool:
        answers = [*pool.map(lambda _: ada.client.request("POST", "/v1/auth/passkeys/login", body), range(2))]
    assert sorted(answer.status for answer in answers) == [200, 400]
    assert ada.client.request("POST", "/v1/auth/passkeys/login", body).code == "ceremony_invalid"


def test_registration_ceremony_logs_nobody_in(owner: Callable[..., FactorOwner]) -> None:
    ada = owner()
    key = with_passkey(ada)
    begun = ada.post("passkeys/registration-options").json()
    credential = key.get(begun["publicKey"] | {"rpId": "localhost"}, PAGE)
    body = {"ceremony": begun["ceremony"], "credential": credential}
    assert ada.client.request("POST", "/v1/auth/passkeys/login", body).code == "ceremony_invalid"


def test_counter_going_back_is_refused_and_audited(
    owner: Callable[..., FactorOwner], auth: Client, admin: Person
) -> None:
    """A copy of the key."""
    ada = owner()
    key = with_passkey(ada)
    assert passkey_login(ada.client, key, counter=9).status == 200
    for counter in (9, 3, 0):
        assert passkey_login(ada.client, key, counter=counter).code == "factor_invalid"
    log = auth.request("GET", f"/v1/auth/audit?user_id={ada.id}", token=admin.token).json()["items"]
    assert [entry["event"] for entry in log].count("passkey_counter_went_back") == 3
    assert passkey_login(ada.client, key, counter=10).status == 200


def test_signature_by_another_key_is_refused(owner: Callable[..., FactorOwner]) -> None:
    ada = owner()
    key = with_passkey(ada)
    key.key = SoftAuthenticator().key
    assert passkey_login(ada.client, key).code == "factor_invalid"


def test_second_factor_of_one_login_finishes_no_other(owner: Callable[..., FactorOwner]) -> None:
    ada = owner()
    key = with_passkey(ada)
    one, other = ada.login_token(), ada.login_token()
    path = "/v1/auth/login/second-factor"
    options = ada.client.request("POST", f"{path}/passkey-options", {"login_token": one}).json()["publicKey"]
    body = {"method": "passkey", "credential": key.get(options, PAGE)}
    assert ada.client.request("POST", path, body | {"login_token": other}).code == "factor_invalid"


def test_passkey_of_a_suspended_account_opens_nothing(
    owner: Callable[..., FactorOwner], auth: Client, admin: Person
) -> None:
    ada = owner()
    key = with_passkey(ada)
    assert auth.request("POST", f"/v1/auth/users/{ada.id}/suspend", token=admin.token).status == 200
    assert passkey_login(ada.client, key).code == "account_suspended"


def test_login_csrf_another_sites_page_cannot_log_its_visitor_in(owner: Callable[..., FactorOwner]) -> None:
    ada = owner()
    key = with_passkey(ada)
    begun = ada.client.request("POST", "/v1/auth/passkeys/login-options").json()
    body = {"ceremony": begun["ceremony"], "credential": key.get(begun["publicKey"], PAGE), "session": "cookie"}
    answer = ada.client.request("POST", "/v1/auth/passkeys/login", body, headers={"sec-fetch-site": "cross-site"})
    assert (answer.status, answer.code) == (403, "permission_denied")


def test_race_no_passkey_that_is_added_at_that_moment_outlives_the_first_proof_of_the_address(
    owner: Callable[..., FactorOwner],
    mailing: Client,
    inbox: Inbox,
    dynamodb: DynamoDBClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Somebody has registered a victim's address, and adds a passkey while the victim chooses a password."""
    squatted, key, added = owner(app=False), SoftAuthenticator(), list[bool]()
    mailing.request("POST", "/v1/auth/password/forgotten", {"email": squatted.email})
    mailing.module.worker.work_off()
    transact = dynamodb.transact_write_items

    def add_first(**request: Any) -> Any:
        if not added:
            added.append(True)
            assert squatted.register(key).status == 201
        return transact(**request)

    monkeypatch.setattr(dynamodb, "transact_write_items", add_first)
    body = {"token": inbox.link(squatted.email)[1], "new_password": "the mailbox's own horse"}
    assert mailing.request("POST", "/v1/auth/password/reset", body).status == 204
    assert added
    assert passkey_login(squatted.client, key).code == "factor_invalid"
    assert squatted.begin_login("the mailbox's own horse").status == 200
