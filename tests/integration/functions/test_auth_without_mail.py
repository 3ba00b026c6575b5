"""Accounts where no mail is sent: opened and changed at once, and what that tells of who has one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.functions.conftest import PASSWORD, Person
from tests.integration.functions.lambda_events import Client
from tests.integration.functions.test_auth_mail import NEW, log_in, new_address, post, register

NAMING: dict[str, dict[str, Any]] = {
    "register": {"password": PASSWORD, "display_name": "Ada"},
    "me/email": {},
    "login": {"password": "wrong horse battery"},
    "password/initial": {"password": "wrong horse battery", "new_password": NEW},
    "password/forgotten": {},
}
"""Where somebody who administers nothing names an address, with the rest of the body."""
TELLING = {"register": (409, 201), "me/email": (409, 200)}
"""Decision 29: who has no mail has nobody to ask whose address it is."""


def test_every_route_that_takes_an_address_is_named_here(auth: Client) -> None:
    taking = {
        operation.path.removeprefix("/v1/auth/")
        for operation in auth.module.app.operations
        if "email" in operation.body.__struct_fields__
    }
    assert taking == {*NAMING, "users"}, "users: for administrators, who may know"


@pytest.mark.parametrize("route", NAMING)
def test_without_mail_nothing_tells_of_an_account_but_who_would_take_its_address(
    auth: Client, person: Callable[..., Person], route: str
) -> None:
    known, eve = person().email, person()
    token = {"token": eve.token} if route == "me/email" else {}
    seen = []
    for email in (known, new_address()):
        answer = post(auth, route, {"email": email, **NAMING[route]}, **token)
        seen.append((answer.status, answer.code if answer.status >= 400 else "", sorted(answer.headers)))
    if route in TELLING:
        assert (seen[0][0], seen[1][0]) == TELLING[route]
        assert seen[0][1] == "email_taken"
    else:
        assert seen[0] == seen[1]
        assert seen[0][0] >= 400


def test_without_mail_an_account_is_told_of_few_others(auth: Client, person: Callable[..., Person]) -> None:
    ada, eve = person(), person()
    asked = [post(auth, "me/email", {"email": ada.email}, token=eve.token).code for _ in range(12)]
    assert asked[:10] == ["email_taken"] * 10
    assert asked[-1] == "rate_limited"


def test_without_mail_the_address_changes_at_once(auth: Client, person: Callable[..., Person]) -> None:
    ada, eve, new = person(), person(), new_address()
    body = {"email": new}
    assert post(auth, "me/email", body, token=ada.token).json()["email"] == new
    assert log_in(auth, new).status == 200
    assert post(auth, "me/email", body, token=eve.token).code == "email_taken"
    assert register(auth, ada.email).status == 201  # nobody could undo it: the old one is free
