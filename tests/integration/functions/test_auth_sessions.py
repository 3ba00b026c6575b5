"""Sessions of the authentication service: rotation, reuse, requests in parallel, cookies."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING

import pytest

from tests.integration.functions.conftest import PASSWORD, Person
from tests.integration.functions.lambda_events import Client, HttpAnswer

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

LOGIN, REFRESH, LOGOUT = "/v1/auth/login", "/v1/auth/refresh", "/v1/auth/logout"


def refresh(client: Client, token: str) -> HttpAnswer:
    return client.request("POST", REFRESH, {"refresh_token": token})


def cookie_of(answer: HttpAnswer) -> SimpleCookie:
    return SimpleCookie(answer.headers["set-cookie"])


@pytest.fixture
def no_grace(new_auth: Callable[..., Client]) -> Client:
    return new_auth(PARLEY_AUTH_REFRESH_GRACE_S="0")


def test_refresh_token_is_rotated(auth: Client, person: Callable[..., Person]) -> None:
    ada = person()
    answer = refresh(auth, ada.refresh_token)
    assert answer.status == 200
    assert answer.json()["refresh_token"] != ada.refresh_token
    assert answer.json()["user"]["id"] == ada.id
    assert refresh(auth, answer.json()["refresh_token"]).status == 200


def test_reuse_of_an_old_token_ends_the_session_for_thief_and_owner(
    no_grace: Client, person: Callable[..., Person]
) -> None:
    ada = person()
    owners = refresh(no_grace, ada.refresh_token).json()["refresh_token"]
    stolen = refresh(no_grace, ada.refresh_token)
    assert (stolen.status, stolen.code) == (401, "session_expired")
    assert refresh(no_grace, owners).code == "session_expired"


def test_reuse_ends_one_session_and_no_other(no_grace: Client, person: Callable[..., Person]) -> None:
    ada = person()
    other = no_grace.request("POST", LOGIN, {"email": ada.email, "password": PASSWORD}).json()["refresh_token"]
    refresh(no_grace, ada.refresh_token)
    refresh(no_grace, ada.refresh_token)
    assert refresh(no_grace, other).status == 200


def test_lost_answer_is_given_again(auth: Client, person: Callable[..., Person]) -> None:
    ada = person()
    lost = refresh(auth, ada.refresh_token).json()["refresh_token"]
    again = refresh(auth, ada.refresh_token)
    assert again.json()["refresh_token"] == lost
    assert refresh(auth, lost).status == 200


def test_refreshing_at_once_from_many_places_gives_all_the_same_token(
    new_auth: Callable[..., Client], person: Callable[..., Person]
) -> None:
    instances = [new_auth() for _ in range(6)]
    token = person().refresh_token
    for _ in range(5):
        ready = threading.Barrier(len(instances))

        def attempt(client: Client, token: str = token, ready: threading.Barrier = ready) -> HttpAnswer:
            ready.wait()
            return refresh(client, token)

        with ThreadPoolExecutor(len(instances)) as pool:
            answers = list(pool.map(attempt, instances))
        assert [answer.status for answer in answers] == [200] * len(instances)
        successors = {answer.json()["refresh_token"] for answer in answers}
        assert len(successors) == 1
        token = successors.pop()


def test_refreshing_at_once_without_grace_serves_one_and_ends_the_session(
    new_auth: Callable[..., Client], person: Callable[..., Person]
) -> None:
    instances = [new_auth(PARLEY_AUTH_REFRESH_GRACE_S="0") for _ in range(4)]
    token = person().refresh_token
    ready = threading.Barrier(len(instances))

    def attempt(client: Client) -> HttpAnswer:
        ready.wait()
        return refresh(client, token)

    with ThreadPoolExecutor(len(instances)) as pool:
        answers = list(pool.map(attempt, instances))
    served = [answer for answer in answers if answer.status == 200]
    assert len(served) == 1
    assert refresh(instances[0], served[0].json()["refresh_token"]).code == "session_expired"


def test_logout_ends_the_session(auth: Client, person: Callable[..., Person]) -> None:
    token = person().refresh_token
    answer = auth.request("POST", LOGOUT, {"refresh_token": token})
    assert (answer.status, answer.text) == (204, "")
    assert refresh(auth, token).code == "session_expired"
    assert auth.request("POST", LOGOUT, {"refresh_token": token}).status == 204


@pytest.mark.parametrize("token", ["x", "A" * 64, "🙂" * 16])
def test_unknown_token_is_an_ended_session(auth: Client, token: str) -> None:
    answer = refresh(auth, token)
    assert (answer.status, answer.code) == (401, "session_expired")
    assert auth.request("POST", LOGOUT, {"refresh_token": token}).status == 204


def test_refresh_without_any_token_says_so(auth: Client) -> None:
    assert auth.request("POST", REFRESH).code == "session_expired"
    assert auth.request("POST", REFRESH, {}).code == "session_expired"
    assert auth.request("POST", LOGOUT).status == 204


def test_session_that_has_expired_is_gone_before_the_table_forgets_it(
    auth: Client, person: Callable[..., Person], dynamodb: DynamoDBClient, tables: dict[str, str]
) -> None:
    ada = person()
    sessions = dynamodb.query(
        TableName=tables["auth"],
        IndexName="gsi1",
        KeyConditionExpression="gsi1pk = :user",
        ExpressionAttributeValues={":user": {"S": f"USER#{ada.id}"}},
    )["Items"]
    assert len(sessions) == 1
    assert int(sessions[0]["expires_at"]["N"]) > 1_700_000_000  # seconds, as the table's time to live has them
    dynamodb.update_item(
        TableName=tables["auth"],
        Key={"pk": sessions[0]["pk"], "sk": sessions[0]["sk"]},
        UpdateExpression="SET expires_at = :past",
        ExpressionAttributeValues={":past": {"N": "1700000000"}},
    )
    assert refresh(auth, ada.refresh_token).code == "session_expired"


def test_cookie_holds_the_refresh_token_instead_of_the_body(auth: Client, person: Callable[..., Person]) -> None:
    ada = person()
    answer = auth.request("POST", LOGIN, {"email": ada.email, "password": PASSWORD, "session": "cookie"})
    assert "refresh_token" not in answer.json()
    morsel = cookie_of(answer)["parley_refresh"]
    assert morsel["httponly"]
    assert morsel["samesite"] == "Strict"
    assert morsel["path"] == "/"
    assert not morsel["secure"]  # the test's issuer is http
    refreshed = auth.request("POST", REFRESH, headers={"cookie": f"theme=dark; parley_refresh={morsel.value}"})
    assert refreshed.status == 200
    assert "refresh_token" not in refreshed.json()
    assert cookie_of(refreshed)["parley_refresh"].value != morsel.value


def test_cookie_is_secure_under_https(new_auth: Callable[..., Client], person: Callable[..., Person]) -> None:
    secure = new_auth(PARLEY_AUTH_ISSUER="https://meet.test/v1/auth")
    answer = secure.request("POST", LOGIN, {"email": person().email, "password": PASSWORD, "session": "cookie"})
    for name in ("__Host-parley_refresh", "__Host-parley_device"):
        morsel = cookie_of(answer)[name]
        assert (bool(morsel["secure"]), morsel["path"], morsel["domain"]) == (True, "/", ""), "as browsers ask for"
    token = cookie_of(answer)["__Host-parley_refresh"].value
    document = secure.request("GET", "/v1/auth/openapi.json").json()
    assert document["components"]["securitySchemes"]["refresh_cookie"]["name"] == "__Host-parley_refresh"
    refreshed = secure.request("POST", REFRESH, headers={"cookie": f"__Host-parley_refresh={token}"})
    assert refreshed.status == 200
    assert cookie_of(refreshed)["__Host-parley_refresh"].value != token


def test_session_fixation_a_cookie_that_another_host_has_set_opens_nothing(
    new_auth: Callable[..., Client], person: Callable[..., Person]
) -> None:
    """A neighbour below the same domain can set any cookie for it but those that are named `__Host-`."""
    secure, eve = new_auth(PARLEY_AUTH_ISSUER="https://meet.test/v1/auth"), person("Eve")
    for name in ("parley_refresh", "__Secure-parley_refresh"):
        tossed = secure.request("POST", REFRESH, headers={"cookie": f"{name}={eve.refresh_token}"})
        assert (tossed.status, tossed.code) == (401, "session_expired")


def test_logout_takes_the_cookie_back(auth: Client, person: Callable[..., Person]) -> None:
    ada = person()
    answer = auth.request("POST", LOGOUT, headers={"cookie": f"parley_refresh={ada.refresh_token}"})
    assert answer.status == 204
    morsel = cookie_of(answer)["parley_refresh"]
    assert (morsel.value, morsel["max-age"]) == ("", "0")
    assert refresh(auth, ada.refresh_token).code == "session_expired"


@pytest.mark.parametrize("route", [REFRESH, LOGOUT])
@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_pages_of_other_sites_cannot_use_the_cookie(
    auth: Client, person: Callable[..., Person], route: str, site: str
) -> None:
    ada = person()
    headers = {"cookie": f"parley_refresh={ada.refresh_token}", "sec-fetch-site": site}
    answer = auth.request("POST", route, headers=headers)
    assert (answer.status, answer.code) == (403, "permission_denied")
    assert refresh(auth, ada.refresh_token).status == 200


def test_nonsense_in_the_cookie_header_is_no_token(auth: Client) -> None:
    for value in ("parley_refresh", "=;;=", 'parley_refresh="\\', "\x00", "parley_refresh=ä"):
        assert auth.request("POST", REFRESH, headers={"cookie": value}).code == "session_expired"
