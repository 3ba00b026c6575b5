"""Every use case of the authentication service, cut at every write, and delivered twice.

The table refuses a write, or does it and its answer is lost, or it is sent again; or the same request has been served
elsewhere in between. Whatever becomes of it, no half account is left, nobody is locked out, every change is in the
audit log, and what was asked for is there once it has been asked for again.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import logging
import os
import time
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from functions.serverless.mails import Mail
from functions.serverless.sealing import Sealing
from functions.serverless.signing_keys import SigningKeys
from tests.integration.functions.auth_cuts.account_cases import ACCOUNT_CASES
from tests.integration.functions.auth_cuts.administration_cases import ADMINISTRATION_CASES
from tests.integration.functions.auth_cuts.factor_cases import FACTOR_CASES
from tests.integration.functions.auth_cuts.invariants import Change, Step, broken, untold
from tests.integration.functions.auth_cuts.session_cases import SESSION_CASES
from tests.integration.functions.auth_cuts.world import APP_ADDRESS, PROVIDERS, Case, World, instance
from tests.integration.functions.auth_cuts.writes import Between, Cut, Fate, Written, through
from tests.integration.functions.cut_store import ENVIRONMENT, Store
from tests.integration.functions.lambda_events import Client

CASES = ACCOUNT_CASES | SESSION_CASES | FACTOR_CASES | ADMINISTRATION_CASES
MOST_WRITES = 40


@dataclass(frozen=True)
class Desks:
    """Instances of the service: two with mail, two without."""

    store: Store
    mailing: tuple[Client, Client]
    plain: tuple[Client, Client]
    mails: list[Mail]


@pytest.fixture(scope="module")
def desks() -> Desks:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        store = Store("AuthTableName")
    mails = list[Mail]()
    common = {
        "PARLEY_AUTH_TABLE": store.table,
        "PARLEY_AUTH_ISSUER": "http://localhost/v1/auth",
        "PARLEY_AUTH_SIGNING_SECRET": "cuts/signing-keys",
        "PARLEY_AUTH_SEALING_SECRET": "cuts/sealing-keys",
        "PARLEY_AUTH_REFRESH_GRACE_S": "60",
        "PARLEY_AUTH_ARGON2_MEMORY_KIB": "64",
        "PARLEY_AUTH_ARGON2_TIME_COST": "1",
        "PARLEY_AUTH_PROVIDERS": json.dumps(PROVIDERS),
        "PARLEY_AUTH_APP_REDIRECTS": json.dumps([APP_ADDRESS]),
    }
    mail = {
        "PARLEY_AUTH_MAIL": "smtp",
        "PARLEY_AUTH_MAIL_FROM": "Parley <parley@meet.test>",
        "PARLEY_AUTH_MAIL_SMTP_URL": "smtp+insecure://smtp.test",
    }
    names = (f"auth_cut_{index}" for index in itertools.count())
    plain = [instance(store, mails, next(names), common) for _ in range(2)]
    mailing = [instance(store, mails, next(names), common | mail) for _ in range(2)]
    return Desks(store, (mailing[0], mailing[1]), (plain[0], plain[1]), mails)


def prepared(desks: Desks, case: Case) -> tuple[World, Any]:
    """The world before a case, and the way back to it."""
    desks.store.set_back({})
    desks.mails.clear()
    world = World(desks.store, desks.plain[0], desks.mailing if case.mail else desks.plain, desks.mails)
    case.before(world)
    kept = world.kept()
    world.set_back(kept)
    world.asked.clear()
    return world, kept


def assert_whole(world: World, *where: object) -> None:
    """Nothing is half done, and no request has met a fault of ours."""
    assert broken(world.store.items()) == [], where
    assert 500 not in world.statuses, where


@pytest.mark.parametrize("name", CASES)
def test_what_changes_is_told_in_the_same_step(desks: Desks, name: str) -> None:
    case = CASES[name]
    world, _ = prepared(desks, case)
    written = Written()
    with through(desks.store, written):
        case.act(world)
    assert set(case.routes) <= world.asked
    assert written.steps
    assert untold(written.steps) == []
    assert_whole(world)
    assert case.done(world)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("fate", Fate)
def test_whatever_write_is_cut_nothing_is_half_done_and_a_second_try_succeeds(
    desks: Desks, fate: Fate, name: str
) -> None:
    case = CASES[name]
    world, kept = prepared(desks, case)
    for at in range(MOST_WRITES):
        world.set_back(kept)
        cut = Cut(at, fate)
        with through(desks.store, cut):
            case.act(world)
        assert_whole(world, at)
        case.act(world)
        assert_whole(world, at, "again")
        assert case.done(world), at
        if not cut.was_made:
            assert at
            return
    raise AssertionError("there is no end to the writes")


@pytest.mark.parametrize("name", CASES)
def test_what_is_delivered_twice_is_done_once_whatever_write_it_overtakes(desks: Desks, name: str) -> None:
    case = CASES[name]
    world, kept = prepared(desks, case)
    for at in range(MOST_WRITES):
        world.set_back(kept)
        between = Between(at, world.delivered_twice(case.act, kept))
        with through(desks.store, between):
            case.act(world)
        assert_whole(world, at)
        case.act(world)  # whoever was answered that something else is under way asks again
        assert_whole(world, at, "again")
        assert case.done(world), at
        if not between.has_happened:
            assert at
            return
    raise AssertionError("there is no end to the writes")


NOT_CUT = {
    "jobs": "does one job, as waiting-jobs does each",
    "rotate-signing-keys": "writes no table; is cut below",
}
"""What writes, and is no case; and why."""


def test_every_route_that_writes_is_cut(desks: Desks) -> None:
    app = desks.plain[0].module.app
    writing = {f"{each.method} {each.path}" for each in app.operations if each.method != "GET"}
    functions = {each.name for each in (*app.pure_lambda_functions, *app.event_sources)}
    cut = {route for case in CASES.values() for route in case.routes}
    assert (writing | functions) - cut == NOT_CUT.keys()
    assert cut.isdisjoint(NOT_CUT)


def signing_keys(store: Store, name: str) -> SigningKeys:
    """As another process has them."""
    return SigningKeys(
        client=lambda: store.secrets, secret_id=name, token_lifetime_s=900, clock=time.time, logger=logging.getLogger()
    )


@pytest.mark.parametrize("fate", Fate)
def test_signing_keys_are_made_and_rotated_whatever_write_is_cut(desks: Desks, fate: Fate) -> None:
    for at in range(4):
        name, cut = f"cuts/signing/{fate}/{at}", Cut(at, fate)
        with through(desks.store, cut), contextlib.suppress(EndpointConnectionError):
            first = signing_keys(desks.store, name).ring()
            signing_keys(desks.store, name).rotate(force=True)
            assert signing_keys(desks.store, name).ring().keys[0].kid == first.keys[0].kid
        kept = signing_keys(desks.store, name).ring()
        rotated = signing_keys(desks.store, name).rotate(force=True)
        assert {key.kid for key in kept.keys} < {key.kid for key in rotated.keys}
        assert signing_keys(desks.store, name).ring() == rotated
    assert not cut.was_made


def sealing(store: Store, name: str) -> Sealing:
    return Sealing(
        client=lambda: store.secrets,
        secret_id=name,
        purpose="totp",
        clock=time.time,
        randomness=os.urandom,
        logger=logging.getLogger(),
    )


@pytest.mark.parametrize("fate", Fate)
def test_what_was_sealed_opens_whatever_write_of_the_key_is_cut(desks: Desks, fate: Fate) -> None:
    for at in range(3):
        name, cut, sealed = f"cuts/sealing/{fate}/{at}", Cut(at, fate), list[str]()
        with through(desks.store, cut), contextlib.suppress(EndpointConnectionError):
            sealed.append(sealing(desks.store, name).seal(b"secret", owner_id="ada"))
        sealed.append(sealing(desks.store, name).seal(b"secret", owner_id="ada"))
        opened = {sealing(desks.store, name).open(text, owner_id="ada") for text in sealed}
        assert opened == {b"secret"}
    assert not cut.was_made


MISSED = {"ACCOUNT", "ADDRESS", "IDENTITY", "SESSION", "SERVICE", "KEY", "COUNT"}


def test_a_table_from_which_one_item_is_taken_is_found_broken(desks: Desks) -> None:
    world, _ = prepared(desks, CASES["delete a service account"])
    FACTOR_CASES["link an identity at a directory"].act(world)
    items = world.store.items()
    assert broken(items) == []
    found = {item["sk"] for item in items}
    assert found >= MISSED
    for item in items:
        if item["sk"] in MISSED or item.get("event") in {"registered", "service_account_created", "api_key_created"}:
            assert broken([other for other in items if other is not item]), item


def test_a_change_that_is_told_in_a_step_of_its_own_is_found() -> None:
    change = Change(action="Update", kind="ACCOUNT", sets=frozenset({"password_hash", "standing"}))
    told = Change(action="Put", kind="AUDIT", sets=frozenset({"event"}))
    assert untold([Step((change, told))]) == []
    assert untold([Step((change,)), Step((told,))])
