"""Limits at the authentication service, with a real Valkey; and what the owner notices of an attack."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable
from http.cookies import SimpleCookie

import pytest

from tests.integration.functions.conftest import PASSWORD, Person
from tests.integration.functions.lambda_events import Client, HttpAnswer

LOGIN = "/v1/auth/login"
WRONG = "wrong horse battery"


@pytest.fixture(scope="module")
def limited(new_auth: Callable[..., Client], valkey: str) -> Client:
    return new_auth(
        PARLEY_AUTH_REDIS_URL=valkey,
        PARLEY_AUTH_LIMIT_REGISTER="3/3600",
        PARLEY_AUTH_LIMIT_TOKEN="2/60",
        PARLEY_AUTH_LIMIT_BEARER="4/60",
    )


@pytest.fixture
def addresses() -> Callable[[], str]:
    """Ever new addresses, so that no test meets another's counts."""
    prefix = uuid.uuid4().hex[:8]
    count = itertools.count(1)
    return lambda: f"2001:db8:{prefix[:4]}:{next(count):x}::{prefix[4:]}"


def log_in(client: Client, person: Person, password: str, source_ip: str, **headers: str) -> HttpAnswer:
    body = {"email": person.email, "password": password}
    return client.request("POST", LOGIN, body, source_ip=source_ip, headers=headers)


def slowed(client: Client, person: Person, source_ip: str) -> HttpAnswer:
    """The first refusal for too many attempts."""
    for _ in range(8):
        answer = log_in(client, person, WRONG, source_ip)
        if answer.status == 429:
            return answer
    raise AssertionError("nobody is slowed")


def test_answers_tell_how_the_client_stands(limited: Client, addresses: Callable[[], str]) -> None:
    address, body = addresses(), {"email": "x@example.org", "password": "short", "display_name": "X"}
    told = [limited.request("POST", "/v1/auth/register", body, source_ip=address) for _ in range(4)]
    assert [answer.status for answer in told] == [422, 422, 422, 429]
    assert {answer.headers["ratelimit-policy"] for answer in told} == {'"register";q=3;w=3600'}
    assert [answer.headers["ratelimit"].split(";")[1] for answer in told] == ["r=2", "r=1", "r=0", "r=0"]
    assert told[3].code == "rate_limited"
    assert 1 <= int(told[3].headers["retry-after"]) <= 7_200
    neighbour = address.rpartition(":")[0] + ":1"  # the same /64
    assert limited.request("POST", "/v1/auth/register", body, source_ip=neighbour).status == 429
    assert limited.request("POST", "/v1/auth/register", body, source_ip=addresses()).status == 422


def test_forged_header_is_no_other_client(limited: Client, addresses: Callable[[], str]) -> None:
    address = addresses()
    statuses = []
    for number in range(4):
        headers = {"x-forwarded-for": f"203.0.113.{number}", "forwarded": f"for=203.0.113.{number}"}
        body = {"grant_type": "client_credentials", "client_secret": "parley_x"}
        statuses.append(limited.request("POST", "/v1/auth/token", body, source_ip=address, headers=headers).status)
    assert statuses == [401, 401, 429, 429]


def test_bearer_has_a_quota_wherever_they_are(limited: Client, person: Callable[..., Person]) -> None:
    ada, eve = person(), person()
    me = [limited.request("GET", "/v1/auth/me", token=ada.token, source_ip=f"192.0.2.{n}") for n in range(6)]
    assert [answer.status for answer in me] == [200] * 4 + [429] * 2
    assert limited.request("GET", "/v1/auth/me", token=eve.token).status == 200


def test_instances_count_together(
    limited: Client, new_auth: Callable[..., Client], valkey: str, addresses: Callable[[], str]
) -> None:
    other = new_auth(PARLEY_AUTH_REDIS_URL=valkey, PARLEY_AUTH_LIMIT_TOKEN="2/60")
    address, body = addresses(), {"grant_type": "client_credentials", "client_secret": "parley_x"}
    statuses = [
        client.request("POST", "/v1/auth/token", body, source_ip=address).status for client in (limited, other, limited)
    ]
    assert statuses == [401, 401, 429]


def test_guessing_is_slowed_and_told_to_whom_it_concerns(
    limited: Client, admin: Person, person: Callable[..., Person], addresses: Callable[[], str]
) -> None:
    ada, attacker = person(), addresses()
    answer = slowed(limited, ada, attacker)
    assert answer.code == "rate_limited"
    assert int(answer.headers["retry-after"]) >= 1
    assert log_in(limited, ada, PASSWORD, attacker).status == 429  # no oracle: the right one waits, too
    for _ in range(3):
        log_in(limited, ada, WRONG, attacker)
    url = f"/v1/auth/audit?user_id={ada.id}&event=login_slowed"
    assert len(limited.request("GET", url, token=admin.token).json()["items"]) == 1


def test_attempts_at_an_address_without_an_account_are_slowed_alike(
    limited: Client, person: Callable[..., Person], addresses: Callable[[], str]
) -> None:
    nobody = Person(id="", email=f"{uuid.uuid4().hex}@example.org", name="", token="", refresh_token="")
    known = slowed(limited, person(), addresses())
    unknown = slowed(limited, nobody, addresses())
    assert known.json()["detail"] == unknown.json()["detail"]


def test_owner_elsewhere_notices_nothing_of_an_attack_from_one_address(
    limited: Client, person: Callable[..., Person], addresses: Callable[[], str]
) -> None:
    ada, attacker = person(), addresses()
    slowed(limited, ada, attacker)
    assert log_in(limited, ada, PASSWORD, addresses()).status == 200
    assert log_in(limited, ada, WRONG, attacker).status == 429  # and helps the attacker nothing


def test_owner_on_a_known_device_notices_nothing_of_an_attack_from_everywhere(
    limited: Client, person: Callable[..., Person], addresses: Callable[[], str]
) -> None:
    ada, home = person(), addresses()
    device = SimpleCookie(log_in(limited, ada, PASSWORD, home).headers["set-cookie"])["parley_device"]
    assert device["httponly"]
    assert device["samesite"] == "Strict"
    attacked = [log_in(limited, ada, WRONG, addresses()).status for _ in range(53)]
    assert attacked[:49] == [401] * 49
    assert attacked[-1] == 429
    assert log_in(limited, ada, PASSWORD, addresses()).status == 429
    again = log_in(limited, ada, PASSWORD, addresses(), cookie=f"parley_device={device.value}")
    assert again.status == 200
    assert "set-cookie" not in again.headers


def test_known_device_is_one_accounts_and_slowed_in_its_own_right(
    limited: Client, person: Callable[..., Person], addresses: Callable[[], str]
) -> None:
    ada, eve = person(), person()
    device = SimpleCookie(log_in(limited, eve, PASSWORD, addresses()).headers["set-cookie"])["parley_device"].value
    cookie, attacker = f"parley_device={device}", addresses()
    slowed(limited, ada, attacker)
    assert log_in(limited, ada, WRONG, attacker, cookie=cookie).status == 429  # eve's device is none of ada's
    guesses = [log_in(limited, eve, WRONG, addresses(), cookie=cookie).status for _ in range(13)]
    assert guesses[:10] == [401] * 10
    assert guesses[-1] == 429


def test_device_from_before_a_new_password_is_known_no_more(
    limited: Client, person: Callable[..., Person], addresses: Callable[[], str]
) -> None:
    """Who knew the old password may have logged in from any number. Attempts count where they come from."""
    ada = person()
    device = SimpleCookie(log_in(limited, ada, PASSWORD, addresses()).headers["set-cookie"])["parley_device"].value
    body = {"current_password": PASSWORD, "new_password": "another horse battery"}
    assert limited.request("POST", "/v1/auth/me/password", body, token=ada.token).status == 204
    cookie = f"parley_device={device}"
    assert [log_in(limited, ada, WRONG, addresses(), cookie=cookie).status for _ in range(14)] == [401] * 14


def test_without_valkey_limits_hold_and_logins_work(
    new_auth: Callable[..., Client], person: Callable[..., Person], addresses: Callable[[], str]
) -> None:
    alone = new_auth(PARLEY_AUTH_REDIS_URL="redis://127.0.0.1:1/0", PARLEY_AUTH_LIMIT_TOKEN="2/60")
    ada, address = person(), addresses()
    assert log_in(alone, ada, PASSWORD, address).status == 200
    assert slowed(alone, ada, addresses()).code == "rate_limited"
    body = {"grant_type": "client_credentials", "client_secret": "parley_x"}
    statuses = [alone.request("POST", "/v1/auth/token", body, source_ip=address).status for _ in range(3)]
    assert statuses == [401, 401, 429]


def test_another_way_to_write_an_address_is_no_new_attempt(
    limited: Client, person: Callable[..., Person], addresses: Callable[[], str]
) -> None:
    ada, attacker = person(), addresses()
    wide = [ada.email[:n] + chr(ord(ada.email[n]) + 0xFEE0) + ada.email[n + 1 :] for n in range(8)]  # FULLWIDTH (NFKC)
    right = {"email": wide[0], "password": PASSWORD}
    assert limited.request("POST", LOGIN, right, source_ip=addresses()).status == 200
    guesses = [
        limited.request("POST", LOGIN, {"email": each, "password": WRONG}, source_ip=attacker).status for each in wide
    ]
    assert guesses[:5] == [401] * 5
    assert 429 in guesses[5:]
