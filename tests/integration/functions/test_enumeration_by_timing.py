"""How long answers take does not tell whether an address has an account: measured over HTTP, known against unknown.

That the work is the same, call by call, is shown elsewhere (`test_auth_mail`, `test_auth_api`); this is what a stranger
sees of it. Argon2 has a cost here at which a run that is left out shows on any machine, and it is shown that it does.
"""

from __future__ import annotations

import http.client
import itertools
import json
import random
import threading
import uuid
from collections.abc import Callable, Iterator
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from auth_service.adapters.passwords import Passwords

from functions.serverless.requests import Empty
from tests.doubles.inbox import Inbox
from tests.integration.functions.lambda_events import Client
from tests.integration.functions.timing import ATTEMPTS, differs_again_and_again
from tests.integration.functions.wsgi_gateway import WsgiGateway

pytestmark = pytest.mark.timeout(300)
PASSWORD = "correct horse battery"
ADDRESSES = 24
"""Of a kind, so that none meets the limits for guesses (5) and for mails (5): two a round, in three attempts."""
ARGON2 = {"PARLEY_AUTH_ARGON2_MEMORY_KIB": "32768", "PARLEY_AUTH_ARGON2_TIME_COST": "2"}
Post = Callable[[str, object], int]


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        return


def serving(client: Client) -> Iterator[Post]:
    """The function behind HTTP, and what posts to it: gives the status."""
    server = make_server("127.0.0.1", 0, WsgiGateway(client), handler_class=_Quiet)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()

    def post(path: str, body: object) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=60)
        connection.request("POST", f"/v1/auth/{path}", json.dumps(body), {"content-type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer.status

    yield post
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def accounts(new_auth: Callable[..., Client]) -> Iterator[Post]:
    """An instance at which accounts are opened at once."""
    yield from serving(new_auth(**ARGON2))


@pytest.fixture(scope="module")
def by_mail(new_auth: Callable[..., Client], inbox: Inbox) -> Iterator[Post]:
    """An instance that sends mail, after the answer."""
    mail = {
        "PARLEY_AUTH_MAIL": "smtp",
        "PARLEY_AUTH_MAIL_FROM": "Parley <parley@meet.test>",
        "PARLEY_AUTH_MAIL_SMTP_URL": f"smtp+insecure://127.0.0.1:{inbox.port}",
    }
    yield from serving(new_auth(**ARGON2, **mail))


@pytest.fixture
def known(accounts: Post) -> Iterator[str]:
    """Addresses with accounts, one after the other."""
    addresses = [f"{uuid.uuid4().hex}@example.org" for _ in range(ADDRESSES)]
    for email in addresses:
        assert accounts("register", registration(email)) == 201
    return itertools.cycle(addresses)


@pytest.fixture
def unknown() -> Iterator[str]:
    return itertools.cycle([f"{uuid.uuid4().hex}@example.org" for _ in range(ADDRESSES)])


@pytest.fixture
def draws() -> random.Random:
    return random.Random(7)


def registration(email: str) -> dict[str, str]:
    return {"email": email, "password": PASSWORD, "display_name": "Ada"}


def asking(post: Post, path: str, body: Callable[[str], object], addresses: Iterator[str], status: int) -> None:
    assert post(path, body(next(addresses))) == status


ROUTES: dict[str, tuple[Callable[[str], object], int]] = {
    "register": (registration, 202),
    "password/forgotten": (lambda email: {"email": email}, 202),
}


def wrong_password(email: str) -> dict[str, str]:
    return {"email": email, "password": "wrong horse battery"}


def logins(accounts: Post, addresses: Iterator[str]) -> Callable[[], None]:
    return lambda: asking(accounts, "login", wrong_password, addresses, 401)


def test_a_login_takes_as_long_for_an_unknown_address(
    accounts: Post, known: Iterator[str], unknown: Iterator[str], draws: random.Random
) -> None:
    seen = differs_again_and_again(logins(accounts, unknown), logins(accounts, known), draws=draws)
    assert not seen[-1].is_seen, seen


def test_a_run_of_argon2_that_is_left_out_for_unknown_addresses_is_seen_every_time(
    accounts: Post,
    known: Iterator[str],
    unknown: Iterator[str],
    draws: random.Random,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    matches = Passwords.matches
    monkeypatch.setattr(
        Passwords, "matches", lambda self, password, stored: stored is not None and matches(self, password, stored)
    )
    seen = differs_again_and_again(logins(accounts, unknown), logins(accounts, known), draws=draws)
    assert len(seen) == ATTEMPTS
    assert all(each.is_seen and each.seconds > 0 for each in seen), seen


@pytest.mark.parametrize("route", ROUTES)
def test_what_is_answered_by_mail_takes_as_long_for_an_unknown_address(
    by_mail: Post, known: Iterator[str], unknown: Iterator[str], draws: random.Random, route: str
) -> None:
    body, status = ROUTES[route]
    seen = differs_again_and_again(
        lambda: asking(by_mail, route, body, unknown, status),
        lambda: asking(by_mail, route, body, known, status),
        draws=draws,
    )
    assert not seen[-1].is_seen, seen


def test_a_mail_that_is_asked_for_again_takes_as_long_as_the_first_one(
    by_mail: Post, unknown: Iterator[str], draws: random.Random
) -> None:
    """Who has registered and not confirmed it gets the mail of a registration again by registering again."""
    pending = [f"{uuid.uuid4().hex}@example.org" for _ in range(ADDRESSES)]
    for email in pending:
        assert by_mail("register", registration(email)) == 202
    again = itertools.cycle(pending)
    seen = differs_again_and_again(
        lambda: asking(by_mail, "register", registration, unknown, 202),
        lambda: asking(by_mail, "register", registration, again, 202),
        draws=draws,
    )
    assert not seen[-1].is_seen, seen


def test_options_of_passkeys_cannot_depend_on_an_address(auth: Client) -> None:
    """There is nothing to measure: the route takes neither a body nor a query."""
    [operation] = [each for each in auth.module.app.operations if each.name == "passkey_login_options"]
    assert operation.body is Empty
    assert operation.query is Empty
