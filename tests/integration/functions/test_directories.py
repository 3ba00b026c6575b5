"""Logins at a real OpenLDAP server, over StartTLS and LDAPS."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from auth_service.adapters.ldap_directory import LdapDirectory
from auth_service.domain.providers import LdapProvider
from auth_service.errors import DirectoryRefusalError, ProviderUnavailableError

from tests.integration.functions.conftest import Person
from tests.integration.functions.factor_owner import FactorOwner
from tests.integration.functions.lambda_events import Client, HttpAnswer
from tests.integration.functions.slapd import (
    PASSWORD,
    PEOPLE,
    SERVICE_DN,
    SERVICE_PASSWORD,
    SUFFIX,
    Directory,
    slapd,
)

ADMINS = f"CN=admins, OU=groups, {SUFFIX}"
"""In another form than the directory's own: names are compared, not texts."""


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Directory]:
    with slapd(Path(tmp_path_factory.mktemp("slapd"))) as running:
        yield running


def searching(directory: Directory, **changes: Any) -> dict[str, Any]:
    """A provider that searches with an account of its own, then binds, over StartTLS."""
    return {
        "id": "staff",
        "name": "Staff",
        "urls": [directory.ldap],
        "ca_pem": directory.ca_pem,
        "bind_dn": SERVICE_DN,
        "bind_password": SERVICE_PASSWORD,
        "user_base": PEOPLE,
        "group_base": f"ou=groups,{SUFFIX}",
        "roles": {"administrator": (ADMINS,)},
        "vouches_for": ["example.org"],
        **changes,
    }


def direct(directory: Directory, **changes: Any) -> dict[str, Any]:
    """A provider with which people bind at once, over LDAPS."""
    given = searching(directory, id="direct", urls=[directory.ldaps], bind_template=f"uid={{username}},{PEOPLE}")
    return {
        name: value for name, value in given.items() if not name.startswith("bind_d") and name != "bind_password"
    } | changes


def connected(given: dict[str, Any]) -> LdapDirectory:
    return LdapDirectory(LdapProvider(**given))


both = pytest.mark.parametrize("kind", [searching, direct])


@pytest.fixture(scope="module")
def staff(directory: Directory, new_auth: Callable[..., Client]) -> Client:
    providers = [{"kind": "ldap", **searching(directory)}, {"kind": "ldap", **direct(directory)}]
    away = {"kind": "ldap", **searching(directory, id="away", urls=["ldap://localhost:1"])}
    return new_auth(PARLEY_AUTH_PROVIDERS=json.dumps([*providers, away]))


def log_in(client: Client, username: str, password: str = PASSWORD, provider: str = "staff") -> HttpAnswer:
    body = {"username": username, "password": password}
    return client.request("POST", f"/v1/auth/providers/{provider}/login", body)


@both
def test_directory_knows_people_by_their_own_password(
    kind: Callable[..., dict[str, Any]], directory: Directory
) -> None:
    found = connected(kind(directory)).log_in("ada", PASSWORD)
    assert (found.email, found.vouched, found.display_name, found.role) == ("ada@example.org", True, "Ada", None)
    assert len(found.subject) == 36  # entryUUID
    assert connected(kind(directory)).log_in("ADA", PASSWORD).subject == found.subject


@both
def test_groups_give_roles(kind: Callable[..., dict[str, Any]], directory: Directory) -> None:
    assert connected(kind(directory)).log_in("boss", PASSWORD).role == "administrator"


def test_both_ways_know_the_same_person(directory: Directory) -> None:
    one = connected(searching(directory)).log_in("ada", PASSWORD)
    assert connected(direct(directory)).log_in("ada", PASSWORD).subject == one.subject


@both
@pytest.mark.parametrize(
    ("username", "password"),
    [
        ("ada", "wrong horse battery"),
        ("ada", PASSWORD.upper()),
        ("ada", ""),
        ("ada", "\x00"),
        ("nobody", PASSWORD),
        ("", PASSWORD),
        ("twin", PASSWORD),  # two people of that name: neither
    ],
)
def test_wrong_name_or_password_is_refused(
    kind: Callable[..., dict[str, Any]], directory: Directory, username: str, password: str
) -> None:
    with pytest.raises(DirectoryRefusalError):
        connected(kind(directory)).log_in(username, password)


@both
@pytest.mark.parametrize(
    "username",
    [
        "*",
        "a*",
        "ada)(uid=*",
        "*)(|(uid=*",
        "ada)(!(uid=x",
        "\\61da",
        "ada\x00",
        "ada,ou=people",
        f"ada,{PEOPLE}",
        f"boss,{PEOPLE}\x00",
        "ada+cn=Ada",
        "#ada",
        "ada\n",
        "x)(objectClass=*))(|(uid=ada",
    ],
)
def test_ldap_injection_a_name_is_a_name(
    kind: Callable[..., dict[str, Any]], directory: Directory, username: str
) -> None:
    with pytest.raises(DirectoryRefusalError):
        connected(kind(directory)).log_in(username, PASSWORD)


@both
def test_name_of_special_characters_is_found_as_it_is(
    kind: Callable[..., dict[str, Any]], directory: Directory
) -> None:
    found = connected(kind(directory)).log_in("o'neil (x)*", PASSWORD)
    assert (found.email, found.role) == ("oneil@example.org", "administrator")


def test_name_that_was_bound_with_and_entry_that_was_found_must_be_one_person(directory: Directory) -> None:
    """With a filter that finds somebody else, one's own password opens nothing."""
    with pytest.raises(DirectoryRefusalError):
        connected(direct(directory, user_filter="(|(&(uid=boss)(!(uid={username})))(uid=x))")).log_in("mailless", "x")
    given = direct(directory, user_filter="(&(uid=boss)(|(uid=*)(cn={username})))", ca_pem=directory.ca_pem)
    found = connected(given).log_in("ada", PASSWORD)  # the same password opens both here: it is boss who is proven
    assert found.email == "boss@example.org"


@both
@pytest.mark.parametrize("scheme", ["ldap", "ldaps"])
def test_certificate_is_verified(kind: Callable[..., dict[str, Any]], directory: Directory, scheme: str) -> None:
    url = directory.ldap if scheme == "ldap" else directory.ldaps
    for changes in (
        {"urls": [url], "ca_pem": ""},  # of an authority that nobody knows
        {"urls": [url.replace("localhost", "127.0.0.2")]},  # for another name
    ):
        with pytest.raises(ProviderUnavailableError) as caught:
            connected(kind(directory, **changes)).log_in("ada", PASSWORD)
        assert "reason" not in caught.value.message
    assert connected(kind(directory, urls=[url])).log_in("ada", PASSWORD).email == "ada@example.org"


def test_server_without_starttls_never_sees_a_password() -> None:
    """One that answers everything with success, and speaks no TLS."""
    received: list[bytes] = []
    ready = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = ready.accept()
        with connection:
            received.append(connection.recv(4096))
            # An extended response: protocolError (RFC 4511, 4.14.2)
            connection.sendall(bytes.fromhex("300c02010178070a010204000400"))
            while data := connection.recv(4096):
                received.append(data)

    thread = threading.Thread(target=serve)
    thread.start()
    given = {
        "id": "x",
        "name": "X",
        "urls": [f"ldap://127.0.0.1:{ready.getsockname()[1]}"],
        "user_base": PEOPLE,
        "bind_template": "uid={username}",
    }
    with pytest.raises(ProviderUnavailableError):
        connected(given).log_in("ada", "the secret of ada")
    thread.join()
    ready.close()
    assert received
    assert not any(b"the secret" in data for data in received)


def test_next_server_is_asked_when_one_is_away(directory: Directory) -> None:
    given = searching(directory, urls=["ldaps://localhost:1", directory.ldap])
    assert connected(given).log_in("ada", PASSWORD).email == "ada@example.org"


def test_wrong_password_of_the_service_is_nobodys_wrong_password(directory: Directory) -> None:
    with pytest.raises(ProviderUnavailableError) as caught:
        connected(searching(directory, bind_password="changed")).log_in("ada", PASSWORD)
    assert "the account that searches is refused: 49" in caught.value.reason


# ---- over the API ----


@pytest.mark.parametrize("provider", ["staff", "direct"])
def test_login_opens_a_session_of_one_account(staff: Client, provider: str) -> None:
    answer = log_in(staff, "ada", provider=provider)
    assert answer.status == 200, answer.text
    session = answer.json()
    assert session["user"]["email"] == "ada@example.org"
    assert staff.request("GET", "/v1/auth/me", token=session["access_token"]).status == 200
    again = log_in(staff, "ada", provider=provider).json()
    assert again["user"] == session["user"]


def test_second_directory_links_by_the_address_that_both_vouch_for(staff: Client) -> None:
    one = log_in(staff, "grace").json()["user"]
    assert log_in(staff, "grace", provider="direct").json()["user"]["id"] == one["id"]


def test_administrators_of_the_directory_are_administrators(staff: Client) -> None:
    assert log_in(staff, "boss").json()["user"]["role"] == "administrator"


def test_wrong_password_and_a_directory_that_is_away_are_told_apart(staff: Client) -> None:
    wrong = log_in(staff, "ada", "wrong horse battery")
    assert (wrong.status, wrong.code) == (401, "invalid_credentials")
    unknown = log_in(staff, "nobody")
    assert unknown.json()["detail"] == wrong.json()["detail"]
    away = log_in(staff, "ada", provider="away")
    assert (away.status, away.code) == (503, "provider_unavailable")
    assert "retry-after" in away.headers
    assert log_in(staff, "ada", provider="none").code == "not_found"


def test_reason_of_a_refusal_is_an_event_and_not_an_answer(staff: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []
    monkeypatch.setattr(staff.module.events, "_sinks", (lambda event, _entry: told.append(event),))
    log_in(staff, "twin")
    log_in(staff, "ada", provider="away")
    assert [(event.name, event.details["provider"]) for event in told] == [
        ("login_refused", "staff"),
        ("login_refused", "away"),
    ]
    assert told[0].details["reason"] in ("ambiguous_name", "wrong_password")


def test_person_without_an_address_gets_no_account(staff: Client) -> None:
    answer = log_in(staff, "mailless")
    assert (answer.status, answer.code) == (422, "email_missing")


def test_owner_links_a_directory_with_its_password(staff: Client, person: Callable[..., Person]) -> None:
    ada = person("Ada")
    body = {"username": "elsewhere", "password": PASSWORD}
    url = "/v1/auth/identities/staff/login"
    assert staff.request("POST", url, {**body, "password": "wrong"}, token=ada.token).code == "invalid_credentials"
    linked = staff.request("POST", url, body, token=ada.token)
    assert [item["email"] for item in linked.json()["items"]] == ["someone@elsewhere.test"]
    assert log_in(staff, "elsewhere").json()["user"]["id"] == ada.id


def test_guessing_at_a_directory_is_slowed(staff: Client) -> None:
    url, somewhere = "/v1/auth/providers/staff/login", "2001:db8:ffff::1"
    answers = [
        staff.request("POST", url, {"username": "twin", "password": f"guess {attempt}"}, source_ip=somewhere)
        for attempt in range(9)
    ]
    assert {answer.code for answer in answers[:5]} == {"invalid_credentials"}
    assert "rate_limited" in {answer.code for answer in answers[5:]}
    assert log_in(staff, "grace").status == 200  # nobody else notices


def test_second_factor_is_asked_after_the_directorys_password(staff: Client) -> None:
    """LDAP has none of its own."""
    session = log_in(staff, "ada", PASSWORD).json()
    user = session["user"]
    ada = FactorOwner(client=staff, id=user["id"], email=user["email"], password="", token=session["access_token"])
    ada.enrol()
    asked = log_in(staff, "ada", PASSWORD)
    assert (asked.status, asked.json()["methods"]) == (202, ["totp", "recovery_code"])
    assert log_in(staff, "ada", "wrong horse battery").code == "invalid_credentials"
    done = ada.finish_login(asked.json()["login_token"], ada.code())
    assert (done.status, done.json()["user"]["id"]) == (200, ada.id)
    assert ada.delete("factors/totp").status == 204  # others log in as she does
