"""Logins with a second factor: what opens a session, and the ways past it that are tried."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from auth_service.domain.totp import code_at

from tests.doubles.inbox import Inbox
from tests.doubles.soft_authenticator import SoftAuthenticator
from tests.integration.functions.conftest import PASSWORD, Person
from tests.integration.functions.factor_owner import FactorOwner
from tests.integration.functions.lambda_events import Client, HttpAnswer
from tests.integration.functions.stored_items import stored_items

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NEW = "another horse battery"


@pytest.fixture
def owner(new_owner: Callable[..., FactorOwner], auth: Client) -> Callable[..., FactorOwner]:
    return lambda client=auth, **more: new_owner(client, **more)


def in_parallel(*calls: Callable[[], HttpAnswer]) -> list[HttpAnswer]:
    with ThreadPoolExecutor(len(calls)) as pool:
        return [running.result() for running in [pool.submit(call) for call in calls]]


# ---- what opens a session ----


def test_password_alone_opens_no_session_and_the_code_does(owner: Callable[..., FactorOwner]) -> None:
    ada = owner()
    asked = ada.begin_login()
    assert asked.status == 202
    body = asked.json()
    assert body["status"] == "second_factor_required"
    assert body["expires_in"] in {300, 299}  # what is left of it, in whole seconds
    assert body["methods"] == ["totp", "recovery_code"]
    assert "access_token" not in body
    done = ada.finish_login(body["login_token"], ada.code())
    assert done.status == 200, done.text
    ada.token = done.json()["access_token"]
    assert ada.factors()["recovery_codes_left"] == 10
    assert not ada.is_shut_out()


def test_second_factor_can_be_set_up_with_the_codes_for_its_loss(owner: Callable[..., FactorOwner]) -> None:
    ada = owner(app=False)
    begun = ada.post("factors/totp").json()
    assert begun["otpauth_uri"].startswith("otpauth://totp/meet.test:")
    assert begun["secret"] in begun["otpauth_uri"]
    assert ada.begin_login().status == 200, "an app that has shown no code counts"
    codes = ada.enrol()
    assert codes is not None
    assert len(set(codes)) == 10
    assert all(len(code.replace("-", "")) == 16 for code in codes)
    again = ada.enrol()
    assert again is None, "codes come with the first second factor"


def test_wrong_first_code_sets_nothing_up(owner: Callable[..., FactorOwner]) -> None:
    ada = owner(app=False)
    assert ada.post("factors/totp/confirm", {"code": "123456"}).code == "conflict"
    ada.post("factors/totp")
    assert ada.post("factors/totp/confirm", {"code": "abcdef"}).code == "factor_invalid"
    assert ada.factors()["totp"] is None


def test_new_app_takes_the_place_of_the_old_one_with_its_first_code(owner: Callable[..., FactorOwner]) -> None:
    ada = owner()
    old = ada.secret
    ada.enrol()
    assert ada.finish_login(ada.login_token(), code_at(old, ada.step + 1)).code == "factor_invalid"
    assert ada.finish_login(ada.login_token(), ada.code()).status == 200


def test_recovery_code_opens_a_session_once_and_its_owner_is_told(
    owner: Callable[..., FactorOwner], mailing: Client, inbox: Inbox, auth: Client
) -> None:
    ada = owner(mailing, at=auth)
    code = ada.codes[3].upper().replace("-", " ")
    assert ada.finish_login(ada.login_token(), code, "recovery_code").status == 200
    assert ada.finish_login(ada.login_token(), code, "recovery_code").code == "factor_invalid"
    mailing.module.worker.work_off()
    told = [mail["Subject"] for mail in inbox.of(ada.email)]
    assert "A recovery code of your account at meet.test was used" in told


def test_new_recovery_codes_void_the_old_ones(owner: Callable[..., FactorOwner]) -> None:
    ada = owner()
    old = ada.codes[0]
    new = ada.post("factors/recovery-codes").json()["recovery_codes"]
    assert len(new) == 10
    assert ada.finish_login(ada.login_token(), old, "recovery_code").code == "factor_invalid"
    assert ada.finish_login(ada.login_token(), new[0], "recovery_code").status == 200


def test_removed_app_is_asked_no_more_and_its_codes_for_its_loss_go_with_it(owner: Callable[..., FactorOwner]) -> None:
    ada = owner()
    assert ada.delete("factors/totp").status == 204
    assert ada.factors() == {"totp": None, "passkeys": [], "recovery_codes_left": 0, "required": False}
    assert ada.begin_login().status == 200
    assert ada.delete("factors/totp").code == "not_found"
    assert ada.post("factors/recovery-codes").code == "conflict"


def test_every_change_is_told_by_mail_and_stands_in_the_audit_log(
    owner: Callable[..., FactorOwner], mailing: Client, auth: Client, inbox: Inbox, admin: Person
) -> None:
    ada = owner(mailing, at=auth, app=False)
    ada.enrol()
    ada.post("factors/recovery-codes")
    ada.delete("factors/totp")
    mailing.module.worker.work_off()
    subjects = [mail["Subject"] for mail in inbox.of(ada.email)]
    assert sorted(subjects) == [
        "An authenticator app was added to your account at meet.test",
        "New recovery codes for your account at meet.test",
        "The authenticator app was removed from your account at meet.test",
    ]
    log = auth.request("GET", f"/v1/auth/audit?user_id={ada.id}", token=admin.token).json()["items"]
    assert [entry["event"] for entry in log][:3] == ["totp_removed", "recovery_codes_made", "totp_enrolled"]


# ---- ways past it ----


def test_totp_replay_a_code_works_once_even_for_another_login(owner: Callable[..., FactorOwner]) -> None:
    ada = owner()
    code = ada.code()
    assert ada.finish_login(ada.login_token(), code).status == 200
    again = ada.finish_login(ada.login_token(), code)
    assert (again.status, again.code) == (401, "factor_invalid")


def test_totp_replay_two_in_parallel_open_one_session(owner: Callable[..., FactorOwner]) -> None:
    ada = owner()
    code, tokens = ada.code(), (ada.login_token(), ada.login_token())
    answers = in_parallel(*(lambda token=token: ada.finish_login(token, code) for token in tokens))
    assert sorted(answer.status for answer in answers) in ([200, 401], [200, 503])


def test_one_login_is_finished_once_with_two_good_codes_in_parallel(owner: Callable[..., FactorOwner]) -> None:
    ada = owner()
    token, codes = ada.login_token(), ada.codes[:2]
    answers = in_parallel(*(lambda code=code: ada.finish_login(token, code, "recovery_code") for code in codes))
    assert [answer.status for answer in answers].count(200) == 1


def test_recovery_code_twice_in_parallel_opens_one_session(owner: Callable[..., FactorOwner]) -> None:
    ada = owner()
    code, tokens = ada.codes[0], (ada.login_token(), ada.login_token())
    answers = in_parallel(*(lambda token=token: ada.finish_login(token, code, "recovery_code") for token in tokens))
    assert [answer.status for answer in answers].count(200) == 1


def test_login_token_works_once(owner: Callable[..., FactorOwner]) -> None:
    ada = owner()
    token = ada.login_token()
    assert ada.finish_login(token, ada.code()).status == 200
    again = ada.finish_login(token, ada.code())
    assert (again.status, again.code) == (400, "login_attempt_invalid")


def test_login_token_opens_nothing_by_itself(owner: Callable[..., FactorOwner], auth: Client) -> None:
    token = owner().login_token()
    assert auth.request("GET", "/v1/auth/me", token=token).status == 401
    assert auth.request("POST", "/v1/auth/refresh", {"refresh_token": token}).code == "session_expired"
    credential = SoftAuthenticator(user_handle="AA").get({"challenge": "x"}, "http://localhost")
    body = {"ceremony": token, "credential": credential}
    assert auth.request("POST", "/v1/auth/passkeys/login", body).code == "ceremony_invalid"


def test_login_token_after_password_change_is_void(owner: Callable[..., FactorOwner]) -> None:
    """Whoever has learnt the old password has no use of it any more, even if other sessions were left alone."""
    ada = owner()
    token = ada.login_token()
    body = {"current_password": PASSWORD, "new_password": NEW, "end_other_sessions": False}
    assert ada.post("me/password", body).status == 204
    assert ada.finish_login(token, ada.code()).code == "login_attempt_invalid"


def test_login_token_after_all_sessions_ended_is_void(owner: Callable[..., FactorOwner]) -> None:
    ada = owner()
    token = ada.login_token()
    assert ada.delete("sessions").status == 204
    assert ada.finish_login(token, ada.code()).code == "login_attempt_invalid"


def test_login_token_of_a_suspended_account_is_void(
    owner: Callable[..., FactorOwner], auth: Client, admin: Person
) -> None:
    ada = owner()
    token = ada.login_token()
    assert auth.request("POST", f"/v1/auth/users/{ada.id}/suspend", token=admin.token).status == 200
    assert ada.finish_login(token, ada.code()).code == "login_attempt_invalid"
    assert ada.begin_login().code == "account_suspended"


def test_login_token_is_too_old_after_five_minutes(
    owner: Callable[..., FactorOwner], dynamodb: DynamoDBClient, tables: dict[str, str]
) -> None:
    ada = owner()
    token = ada.login_token()
    for item in stored_items(dynamodb, tables["auth"]):
        if item["pk"]["S"].startswith("LOGIN#") and item["user_id"]["S"] == ada.id:
            assert token not in str(item)
            dynamodb.update_item(
                TableName=tables["auth"],
                Key={"pk": item["pk"], "sk": item["sk"]},
                UpdateExpression="SET expires_at = expires_at - :life",
                ExpressionAttributeValues={":life": {"N": "300"}},
            )
    assert ada.finish_login(token, ada.code()).code == "login_attempt_invalid"


def test_code_of_another_account_is_refused(owner: Callable[..., FactorOwner]) -> None:
    ada, eve = owner(), owner()
    assert ada.finish_login(ada.login_token(), eve.code()).code == "factor_invalid"
    assert ada.finish_login(ada.login_token(), eve.codes[0], "recovery_code").code == "factor_invalid"


def test_guessing_codes_is_slowed_and_the_owner_is_not(
    owner: Callable[..., FactorOwner], new_auth: Callable[..., Client], valkey: str, admin: Person
) -> None:
    """Whoever knows the password waits longer and longer; a device of the owner's has a count of its own."""
    guarded = new_auth(PARLEY_AUTH_REDIS_URL=valkey)
    ada = owner(guarded)
    known = ada.finish_login(ada.login_token(), ada.code())
    device = known.headers["set-cookie"].split(";")[0]
    token = ada.login_token()
    guesses = [ada.finish_login(token, "000000", source_ip="203.0.113.9") for _ in range(8)]
    assert [guess.code for guess in guesses[:5]] == ["factor_invalid"] * 5
    assert guesses[-1].code == "rate_limited"
    assert int(guesses[-1].headers["retry-after"]) >= 1
    owners = {"cookie": device}
    assert ada.finish_login(token, ada.codes[0], "recovery_code", source_ip="203.0.113.9").code == "rate_limited"
    done = ada.finish_login(token, ada.codes[0], "recovery_code", source_ip="203.0.113.9", headers=owners)
    assert done.status == 200, done.text
    log = guarded.request("GET", f"/v1/auth/audit?user_id={ada.id}", token=admin.token).json()["items"]
    events = [entry["event"] for entry in log]
    assert "second_factor_slowed" in events
    assert events.count("second_factor_refused") >= 5


def test_guessing_codes_devices_from_before_the_second_factor_have_no_count_of_their_own(
    owner: Callable[..., FactorOwner], new_auth: Callable[..., Client], valkey: str
) -> None:
    """Who knows the password could have logged in from any number of them. Attempts count where they come from."""
    ada = owner(new_auth(PARLEY_AUTH_REDIS_URL=valkey), app=False)
    device = {"cookie": ada.begin_login().headers["set-cookie"].split(";")[0]}
    ada.enrol()
    token = ada.login_token()
    guesses = [ada.finish_login(token, "000000", source_ip=f"203.0.113.{n}", headers=device) for n in range(14)]
    assert [guess.code for guess in guesses] == ["factor_invalid"] * 14
    done = ada.finish_login(token, ada.code(), headers=device)
    assert "parley_device=" in done.headers["set-cookie"], "it is known from now on"


def test_idempotency_key_of_the_registration_is_no_way_around_it(auth: Client) -> None:
    body = {"email": f"{uuid.uuid4().hex}@example.org", "password": PASSWORD, "display_name": "Ada"}
    key = {"Idempotency-Key": uuid.uuid4().hex}
    session = auth.request("POST", "/v1/auth/register", body, headers=key).json()
    FactorOwner(
        client=auth, id=session["user"]["id"], email=body["email"], password=PASSWORD, token=session["access_token"]
    ).enrol()
    assert auth.request("POST", "/v1/auth/register", body, headers=key).code == "email_taken"


def test_reset_of_a_forgotten_password_leaves_the_second_factor(
    owner: Callable[..., FactorOwner], mailing: Client, inbox: Inbox, auth: Client
) -> None:
    ada = owner(mailing, at=auth)
    mailing.request("POST", "/v1/auth/password/forgotten", {"email": ada.email})
    mailing.module.worker.work_off()
    body = {"token": inbox.link(ada.email)[1], "new_password": NEW}
    assert mailing.request("POST", "/v1/auth/password/reset", body).status == 204
    asked = ada.begin_login(NEW)
    assert asked.status == 202
    assert ada.finish_login(asked.json()["login_token"], ada.code()).status == 200


@pytest.mark.parametrize(
    "body",
    [
        {"method": "totp"},
        {"method": "passkey"},
        {"method": "passkey", "code": "123456"},
        {"method": "sms", "code": "123456"},
        {"method": "totp", "code": ""},
        {"method": "totp", "code": 123456},
        {"method": "totp", "code": "x" * 65},
    ],
)
def test_body_that_proves_nothing_is_told_so(owner: Callable[..., FactorOwner], body: dict[str, Any]) -> None:
    ada = owner()
    answer = ada.client.request("POST", "/v1/auth/login/second-factor", {"login_token": ada.login_token(), **body})
    assert (answer.status, answer.code) == (422, "validation_failed")


# ---- secrets at rest ----


def test_nothing_in_the_table_makes_codes_or_opens_an_account(
    owner: Callable[..., FactorOwner], dynamodb: DynamoDBClient, tables: dict[str, str]
) -> None:
    ada = owner()
    token = ada.login_token()
    stored = json.dumps(stored_items(dynamodb, tables["auth"]))
    assert ada.id in stored
    secrets = [token, ada.secret.hex(), ada.post("factors/totp").json()["secret"], *ada.codes]
    assert not [secret for secret in secrets if secret in stored or secret.replace("-", "") in stored]
