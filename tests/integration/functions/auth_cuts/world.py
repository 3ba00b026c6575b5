"""Somebody, two instances of the service that they use, and what a case of `test_auth_cuts` is."""

from __future__ import annotations

import base64
import contextlib
import copy
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from auth_service.domain.identities import ExternalPerson
from auth_service.domain.totp import STEP_S, code_at
from botocore.exceptions import EndpointConnectionError

from functions.serverless import aws
from functions.serverless.mails import Mail
from tests.doubles.inbox import TOKEN
from tests.doubles.soft_authenticator import SoftAuthenticator
from tests.integration.functions.cut_store import ENVIRONMENT, Store
from tests.integration.functions.lambda_events import Client, HttpAnswer, load_app

PASSWORD, NEW_PASSWORD = "correct horse battery", "another horse, another battery"
EMAIL, NEW_EMAIL, OTHER_EMAIL = "ada@example.org", "ada@example.net", "grace@example.org"
PAGE = "http://localhost"
APP_ADDRESS = "parley-app://login"
_COMMON = {"vouches_for": ["example.org"]}
_LDAP = {"urls": ["ldaps://ldap.test"], "user_base": "dc=test", "bind_template": "uid={username},dc=test"}
PROVIDERS = [
    {"kind": "oidc", "id": "op", "name": "Op", "issuer": "https://op.test", "client_id": "parley", **_COMMON},
    {"kind": "ldap", "id": "staff", "name": "Staff", **_LDAP, **_COMMON},
]


class OpenIdProvider:
    """What the service sees of a provider at which everybody is Ada. Real ones are in test_openid."""

    def authorization_url(self, *, state: str, nonce: str, code_verifier: str) -> str:
        assert nonce != code_verifier
        return f"https://op.test/?state={state}"

    def check_issuer(self, _iss: str | None) -> None:
        return

    def redeem(self, code: str, *, nonce: str, code_verifier: str) -> dict[str, Any]:
        assert nonce != code_verifier
        return {"sub": code, "email": EMAIL, "email_verified": True, "name": "Ada"}


class Directory:
    """What the service sees of a directory in which everybody is Ada. A real one is in test_directories."""

    def log_in(self, username: str, _password: str) -> ExternalPerson:
        return ExternalPerson(provider="staff", subject=username, email=EMAIL, vouched=True, display_name="Ada")


def instance(store: Store, mails: list[Mail], name: str, settings: Mapping[str, str]) -> Client:
    """One more instance of the service, with the table of ``store``. What it mails, it puts into ``mails``."""
    with pytest.MonkeyPatch.context() as patch:
        for key, value in {**ENVIRONMENT, **settings}.items():
            patch.setenv(key, value)
        patch.setattr(aws, "dynamodb_client", lambda: store.dynamodb)
        patch.setattr(aws, "secrets_client", lambda: store.secrets)
        client = Client(load_app("auth", name))
    client.module.worker._mailer = mails.append if "PARLEY_AUTH_MAIL" in settings else None
    client.module.oidc._client = lambda _: OpenIdProvider()
    client.module.directories._directory = lambda _: Directory()
    return client


@dataclass
class Held:
    """What somebody has in hand, and in mind."""

    session: dict[str, Any] = field(default_factory=dict)
    admin: dict[str, Any] = field(default_factory=dict)
    link: str = ""
    secret: bytes = b""
    codes: list[str] = field(default_factory=list)
    authenticator: SoftAuthenticator = field(default_factory=SoftAuthenticator)
    ids: dict[str, str] = field(default_factory=dict)
    passed_s: int = 0

    @property
    def token(self) -> str:
        return str(self.session["access_token"])

    @property
    def user_id(self) -> str:
        return str(self.session["user"]["id"])

    @property
    def admin_token(self) -> str:
        return str(self.admin["access_token"])


class World:
    """``plain``: an instance without mail, for what comes before a case. ``client``: the instance that is asked."""

    def __init__(self, store: Store, plain: Client, desks: tuple[Client, Client], mails: list[Mail]) -> None:
        self.store = store
        self.plain = plain
        self.desks = desks
        self.client = desks[0]
        self.mails = mails
        self.held = Held()
        self.asked = set[str]()
        self.statuses = list[int]()

    # ---- going back ----

    def kept(self) -> Any:
        return self.store.kept(), copy.deepcopy(self.held), list(self.mails)

    def set_back(self, kept: Any) -> None:
        items, held, mails = kept
        self.store.set_back(items)
        self.held = copy.deepcopy(held)
        self.mails[:] = mails
        self.client = self.desks[0]
        self.statuses = []
        for each in (self.plain, *self.desks):
            each.module.limits._own = type(each.module.limits._own)()

    def delivered_twice(self, act: Callable[[World], object], kept: Any) -> Callable[[], None]:
        """The same once more, at another instance, by what is in hand at the beginning."""

        def happens() -> None:
            held, self.held = self.held, copy.deepcopy(kept[1])
            self.client = self.desks[1]
            try:
                act(self)
            finally:
                self.held, self.client = held, self.desks[0]

        return happens

    # ---- requests ----

    def ask(self, method: str, path: str, body: Any = None, **more: Any) -> HttpAnswer:
        url = f"/v1/auth/{path}"
        self.asked.add(f"{method} {self.client.event(method, url, {}, None)['resource']}")
        answer = self.client.request(method, url, body, **more)
        self.statuses.append(answer.status)
        return answer

    def post(self, path: str, body: Any = None, **more: Any) -> HttpAnswer:
        return self.ask("POST", path, body, **more)

    def own(self, method: str, path: str, body: Any = None, *, key: str | None = None) -> HttpAnswer:
        """By whoever is logged in."""
        return self.ask(method, path, body, token=self.held.token, headers=_named(key))

    def manage(self, method: str, path: str, body: Any = None, *, key: str | None = None) -> HttpAnswer:
        """By an administrator."""
        return self.ask(method, path, body, token=self.held.admin_token, headers=_named(key))

    def made(self, path: str, body: Any, *, token: str | None = None) -> Any:
        """What an instance without mail answers, to what has to succeed."""
        answer = self.plain.request("POST", f"/v1/auth/{path}", body, token=token)
        assert answer.status in (200, 201), answer.text
        return answer.json()

    def log_in(self, password: str = PASSWORD, email: str = EMAIL) -> HttpAnswer:
        return self.post("login", {"email": email, "password": password})

    def lets_in(self, password: str = PASSWORD, email: str = EMAIL) -> bool:
        return self.log_in(password, email).status == 200

    def is_alive(self) -> bool:
        """Whether the session in hand is."""
        return self.own("GET", "me").status == 200

    def count(self, kind: str) -> int:
        return sum(item["sk"] == kind for item in self.store.items())

    def item(self, pk: str) -> Any:
        return next((item for item in self.store.items() if item["pk"] == pk), None)

    def account(self) -> Any:
        """As the table has it; None: it is gone."""
        return self.item(f"USER#{self.held.user_id}")

    def told(self, event: str) -> int:
        """How often the audit log tells something."""
        return sum(item.get("event") == event for item in self.store.items())

    # ---- mails and jobs ----

    def work_off(self) -> None:
        """All jobs, also those that wait, and those of a worker that has died. One that is cut is left to the next."""
        self.asked.add("waiting-jobs")
        worker = self.client.module.worker
        clock = worker._clock
        self.held.passed_s += 61
        passed = self.held.passed_s
        try:
            worker._clock = lambda: clock() + passed
            with contextlib.suppress(EndpointConnectionError):
                worker.work_off()
        finally:
            worker._clock = clock

    def last_link(self, page: str, email: str) -> str:
        """The token of the last link that was mailed for a page; empty: none was."""
        found = [TOKEN.search(mail.text) for mail in self.mails if mail.to == email]
        return next((each["token"] for each in reversed(found) if each is not None and each["page"] == page), "")

    # ---- factors ----

    def totp_code(self, later: int = 0) -> str:
        return code_at(self.held.secret, int(time.time()) // STEP_S + later)

    def next_code(self) -> str:
        """A recovery code that has not been tried."""
        return self.held.codes.pop()


@dataclass(frozen=True)
class Case:
    """A use case. ``before``: what stands; ``act``: what is asked for, and asked for again by who got no answer;
    ``done``: what holds in the end. ``routes``: those that it is about. ``mail``: whether the service sends any."""

    routes: tuple[str, ...]
    before: Callable[[World], object]
    act: Callable[[World], object]
    done: Callable[[World], bool]
    mail: bool = True


# ---- what stands before ----


def nothing(_: World) -> None:
    return


def with_account(world: World) -> None:
    world.held.session = world.made("register", {"email": EMAIL, "password": PASSWORD, "display_name": "Ada"})


def with_app_begun(world: World) -> None:
    with_account(world)
    secret = world.made("factors/totp", None, token=world.held.token)["secret"]
    world.held.secret = base64.b32decode(secret)


def with_app(world: World) -> None:
    with_app_begun(world)
    confirmed = world.made("factors/totp/confirm", {"code": world.totp_code(-1)}, token=world.held.token)
    world.held.codes = confirmed["recovery_codes"]


def with_passkey(world: World) -> None:
    with_account(world)
    begun = world.made("passkeys/registration-options", None, token=world.held.token)
    made = world.held.authenticator.create(begun["publicKey"], PAGE)
    body = {"ceremony": begun["ceremony"], "credential": made, "name": "Key"}
    added = world.made("passkeys", body, token=world.held.token)
    world.held.ids["passkey"] = added["passkey"]["id"] if "passkey" in added else added["id"]


def with_administrator(world: World) -> None:
    """And somebody else."""
    with_account(world)
    body = {"email": "root@example.org", "password": PASSWORD, "display_name": "Root"}
    registered = world.made("register", body)
    world.plain.module.appoint_administrator({"email": "root@example.org"}, None)
    world.held.admin = world.made("refresh", {"refresh_token": registered["refresh_token"]})


def _named(key: str | None) -> dict[str, str]:
    return {} if key is None else {"idempotency-key": key}
