"""The authentication service through Lambda events: accounts, logins and what is told about them."""

from __future__ import annotations

import threading
import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from auth_service.adapters.passwords import Passwords

from contracts.access_token import AUDIENCE, decode_access_token
from contracts.jwks import VerificationKeys
from tests.integration.functions.conftest import AUTH_ISSUER, PASSWORD, Person
from tests.integration.functions.lambda_events import Client, HttpAnswer
from tests.integration.functions.stored_items import stored_items

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

REGISTER, LOGIN, ME = "/v1/auth/register", "/v1/auth/login", "/v1/auth/me"


def new_address() -> str:
    return f"{uuid.uuid4().hex}@example.org"


def register(client: Client, email: str, /, **changes: Any) -> HttpAnswer:
    body = {"email": email, "password": PASSWORD, "display_name": "Ada"} | changes
    return client.request("POST", REGISTER, body)


def test_registering_logs_in(auth: Client) -> None:
    email = new_address()
    answer = register(auth, f" {email.upper()} ", display_name="  Ada   Lovelace ")
    assert answer.status == 201
    session = answer.json()
    assert session["token_type"] == "Bearer"
    assert session["expires_in"] == 900
    assert session["user"]["email"] == email
    assert session["user"]["display_name"] == "Ada Lovelace"
    assert len(session["refresh_token"]) == 64
    me = auth.request("GET", ME, token=session["access_token"])
    assert me.json() == session["user"]
    assert answer.headers["cache-control"] == "no-store"


def test_access_token_verifies_against_the_published_keys(auth: Client, person: Callable[..., Person]) -> None:
    ada = person("Ada")
    published = auth.request("GET", "/v1/auth/.well-known/jwks.json")
    assert published.headers["cache-control"] == "public, max-age=300"
    keys = VerificationKeys.from_jwks(published.text)
    claims = decode_access_token(ada.token, keys=keys, issuer=AUTH_ISSUER, now=_issued(ada.token))
    assert (claims.sub, claims.name, claims.email, claims.aud) == (ada.id, "Ada", ada.email, AUDIENCE)


def _issued(token: str) -> float:
    import jwt

    return float(jwt.decode(token, options={"verify_signature": False})["iat"])


def test_logging_in_opens_another_session(auth: Client, person: Callable[..., Person]) -> None:
    ada = person()
    answer = auth.request("POST", LOGIN, {"email": ada.email.title(), "password": PASSWORD})
    assert answer.status == 200
    assert answer.json()["user"]["id"] == ada.id
    assert answer.json()["refresh_token"] != ada.refresh_token


def test_address_is_taken_once_whatever_its_case(auth: Client, person: Callable[..., Person]) -> None:
    ada = person()
    answer = register(auth, ada.email.upper())
    assert (answer.status, answer.code) == (409, "email_taken")
    assert answer.json()["errors"][0]["field"] == "email"


def test_registering_at_once_makes_one_account(
    new_auth: Callable[..., Client], dynamodb: DynamoDBClient, tables: dict[str, str]
) -> None:
    instances = [new_auth() for _ in range(6)]
    email = new_address()
    ready = threading.Barrier(len(instances))

    def attempt(client: Client) -> HttpAnswer:
        ready.wait()
        return register(client, email)

    with ThreadPoolExecutor(len(instances)) as pool:
        answers = list(pool.map(attempt, instances))
    assert Counter(answer.status for answer in answers) == {201: 1, 409: 5}
    stored = stored_items(dynamodb, tables["auth"])
    accounts = [item for item in stored if item["sk"]["S"] == "ACCOUNT" and item["email"]["S"] == email]
    assert len(accounts) == 1
    winner = next(answer for answer in answers if answer.status == 201)
    assert accounts[0]["id"]["S"] == winner.json()["user"]["id"]


def test_wrong_password_and_unknown_address_get_the_same_answer(auth: Client, person: Callable[..., Person]) -> None:
    ada = person()
    wrong = auth.request("POST", LOGIN, {"email": ada.email, "password": "wrong horse battery"})
    unknown = auth.request("POST", LOGIN, {"email": new_address(), "password": PASSWORD})
    malformed = auth.request("POST", LOGIN, {"email": "not an address", "password": PASSWORD})
    assert wrong.status == unknown.status == malformed.status == 401
    assert wrong.code == unknown.code == malformed.code == "invalid_credentials"
    assert wrong.json()["detail"] == unknown.json()["detail"] == malformed.json()["detail"]
    assert set(wrong.headers) == set(unknown.headers) == set(malformed.headers)


def test_unknown_address_costs_as_many_hashes_and_reads(
    auth: Client, dynamodb: DynamoDBClient, person: Callable[..., Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = person()
    work: list[str] = []
    matches, get_item = Passwords.matches, dynamodb.get_item

    def counting_matches(self: Passwords, password: str, stored: str | None) -> bool:
        work.append("hash")
        return matches(self, password, stored)

    def counting_get(**request: Any) -> Any:
        work.append("read")
        return get_item(**request)

    monkeypatch.setattr(Passwords, "matches", counting_matches)
    monkeypatch.setattr(dynamodb, "get_item", counting_get)
    auth.request("POST", LOGIN, {"email": ada.email, "password": "wrong horse battery"})
    known, work = work, []
    auth.request("POST", LOGIN, {"email": new_address(), "password": PASSWORD})
    assert work == known == ["read", "read", "hash"]


def test_hash_is_renewed_at_login_when_parameters_rise(
    new_auth: Callable[..., Client],
    person: Callable[..., Person],
    dynamodb: DynamoDBClient,
    tables: dict[str, str],
) -> None:
    ada = person()

    def stored() -> str:
        key = {"pk": {"S": f"USER#{ada.id}"}, "sk": {"S": "ACCOUNT"}}
        return str(dynamodb.get_item(TableName=tables["auth"], Key=key)["Item"]["password_hash"]["S"])

    assert "m=64,t=1" in stored()
    raised = new_auth(PARLEY_AUTH_ARGON2_TIME_COST="2")
    assert raised.request("POST", LOGIN, {"email": ada.email, "password": "wrong horse battery"}).status == 401
    assert "m=64,t=1" in stored()
    assert raised.request("POST", LOGIN, {"email": ada.email, "password": PASSWORD}).status == 200
    assert "m=64,t=2" in stored()
    assert raised.request("POST", LOGIN, {"email": ada.email, "password": PASSWORD}).status == 200


def test_neither_passwords_nor_tokens_are_stored_in_the_clear(
    auth: Client, dynamodb: DynamoDBClient, tables: dict[str, str]
) -> None:
    email = new_address()
    session = register(auth, email, password="a very secret phrase").json()
    refreshed = auth.request("POST", "/v1/auth/refresh", {"refresh_token": session["refresh_token"]}).json()
    everything = str(stored_items(dynamodb, tables["auth"]))
    assert email in everything
    for token in (session["refresh_token"], refreshed["refresh_token"], session["access_token"]):
        assert token not in everything
        assert token[22:] not in everything
    assert "a very secret phrase" not in everything


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"email": "nobody"}, "email"),
        ({"email": "a@b\nc"}, "email"),
        ({"display_name": "   "}, "display_name"),
        ({"display_name": "a\x07b"}, "display_name"),
        ({"display_name": "x" * 65}, "display_name"),
        ({"password": "x" * 257}, "password"),
        ({"session": "both"}, "session"),
        ({"role": "administrator"}, "role"),
        ({"email": None}, "email"),
        ({"password": 12345678}, "password"),
    ],
)
def test_unusable_field_is_named(auth: Client, change: dict[str, Any], field: str) -> None:
    answer = register(auth, new_address(), **change)
    assert (answer.status, answer.code) == (422, "validation_failed")
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_all_unusable_fields_are_named_at_once(auth: Client) -> None:
    answer = auth.request("POST", REGISTER, {"email": 1, "passwort": "x", "display_name": ""})
    assert {error["field"] for error in answer.json()["errors"]} == {"email", "passwort", "password", "display_name"}


def test_weak_password_is_refused_with_its_own_code(auth: Client) -> None:
    answer = register(auth, new_address(), password="1234567")
    assert (answer.status, answer.code) == (422, "weak_password")
    assert answer.json()["errors"][0]["field"] == "password"


def test_longest_password_works_whole(auth: Client) -> None:
    email = new_address()
    password = PASSWORD + "ü" * (255 - len(PASSWORD)) + "x"
    assert register(auth, email, password=password).status == 201
    assert auth.request("POST", LOGIN, {"email": email, "password": password}).status == 200
    assert auth.request("POST", LOGIN, {"email": email, "password": password[:-1] + "y"}).status == 401


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ({}, "token_missing"),
        ({"authorization": "Bearer"}, "token_malformed"),
        ({"authorization": "Basic YTpi"}, "token_malformed"),
        ({"authorization": "Bearer a b"}, "token_malformed"),
        ({"authorization": "Bearer not.a.token"}, "token_malformed"),
    ],
)
def test_me_needs_an_access_token(auth: Client, header: dict[str, str], code: str) -> None:
    answer = auth.request("GET", ME, headers=header)
    assert (answer.status, answer.code) == (401, code)
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_bearer_is_looked_up_in_one_round_trip(
    auth: Client, dynamodb: DynamoDBClient, person: Callable[..., Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = person()
    asked: list[str] = []

    def counted(name: str) -> Callable[..., Any]:
        call = getattr(dynamodb, name)

        def counting(**request: Any) -> Any:
            asked.append(name)
            return call(**request)

        return counting

    for name in ("get_item", "batch_get_item", "query"):
        monkeypatch.setattr(dynamodb, name, counted(name))
    assert auth.request("GET", ME, token=ada.token).json()["id"] == ada.id
    assert asked == ["batch_get_item"]


@pytest.mark.parametrize("unread", [("SESSION",), ("ACCOUNT",), ("SESSION", "ACCOUNT")])
def test_bearer_is_known_though_dynamodb_reads_only_part_of_a_batch(
    auth: Client,
    dynamodb: DynamoDBClient,
    person: Callable[..., Person],
    monkeypatch: pytest.MonkeyPatch,
    unread: tuple[str, ...],
) -> None:
    ada, batch_get_item = person(), dynamodb.batch_get_item
    left: list[Any] = []

    def short_of_time(**request: Any) -> Any:
        (table, wanted), *_ = request["RequestItems"].items()
        answer: Any = batch_get_item(**request)
        left.extend(key for key in wanted["Keys"] if key["sk"]["S"] in unread)
        read = [item for item in answer["Responses"][table] if item["sk"]["S"] not in unread]
        return {"Responses": {table: read} if read else {}, "UnprocessedKeys": {table: {"Keys": left}}}

    monkeypatch.setattr(dynamodb, "batch_get_item", short_of_time)
    answer = auth.request("GET", ME, token=ada.token)
    assert (answer.status, len(left)) == (200, len(unread))
    assert answer.json()["id"] == ada.id


def test_refresh_token_is_no_access_token(auth: Client, person: Callable[..., Person]) -> None:
    assert auth.request("GET", ME, token=person().refresh_token).code == "token_malformed"


def test_header_names_and_scheme_may_have_any_case(auth: Client, person: Callable[..., Person]) -> None:
    answer = auth.request("GET", ME, headers={"AUTHORIZATION": f"bEaReR {person().token}"})
    assert answer.status == 200
