"""What administrators do: with the accounts of others, and with those of programs; and what runs by itself."""

from __future__ import annotations

import base64
import contextlib
import uuid
from typing import Any

from botocore.exceptions import EndpointConnectionError

from functions.serverless.problems import UnavailableError
from tests.integration.functions.auth_cuts.world import (
    NEW_EMAIL,
    NEW_PASSWORD,
    PASSWORD,
    Case,
    World,
    with_account,
    with_administrator,
)

_SERVICE = {"name": "Bot", "permissions": ["meetings:read"]}


def _user(world: World) -> str:
    return f"users/{world.held.user_id}"


def _with_administrator_and_app(world: World) -> None:
    with_administrator(world)
    held = world.held
    email = "mary@example.org"
    held.session = world.made("register", {"email": email, "password": PASSWORD, "display_name": "Mary"})
    begun = world.made("factors/totp", None, token=held.token)
    held.secret = base64.b32decode(begun["secret"])
    world.made("factors/totp/confirm", {"code": world.totp_code(-1)}, token=held.token)


def _create(body: dict[str, Any]) -> Any:
    def act(world: World) -> None:
        world.manage("POST", "users", {"email": NEW_EMAIL, "display_name": "Bob", **body}, key="key")

    return act


def _first_password_can_be_replaced(world: World) -> bool:
    body = {"email": NEW_EMAIL, "password": PASSWORD, "new_password": NEW_PASSWORD}
    return world.count("ACCOUNT") == 3 and world.post("password/initial", body).status == 204


def _is_invited(world: World) -> bool:
    world.work_off()
    link = world.last_link("reset-password", NEW_EMAIL)
    world.post("password/reset", {"token": link, "new_password": NEW_PASSWORD})
    return world.count("ACCOUNT") == 3 and world.lets_in(NEW_PASSWORD, NEW_EMAIL)


def _appoint(world: World) -> None:
    world.asked.add("appoint")
    with contextlib.suppress(EndpointConnectionError, UnavailableError):
        world.client.module.appoint_administrator({"email": "ada@example.org"}, None)


def _suspended(world: World) -> None:
    with_administrator(world)
    answer = world.plain.request("POST", f"/v1/auth/{_user(world)}/suspend", token=world.held.admin_token)
    assert answer.status == 200, answer.text


def _is_gone(world: World) -> bool:
    world.work_off()
    mine = world.held.user_id
    left = [item for item in world.store.items() if item.get("user_id") == mine and item["pk"][:5] != "AUDIT"]
    return world.account() is None and not left


# ---- programs ----


def _create_service(world: World) -> None:
    answer = world.manage("POST", "service-accounts", _SERVICE, key="key")
    if answer.status == 201:
        world.held.ids["service"] = answer.json()["id"]


def _with_service(world: World) -> None:
    with_administrator(world)
    made = world.made("service-accounts", _SERVICE, token=world.held.admin_token)
    world.held.ids["service"] = made["id"]


def _service(world: World) -> str:
    return f"service-accounts/{world.held.ids['service']}"


def _with_key(world: World) -> None:
    _with_service(world)
    made = world.made(f"{_service(world)}/keys", {}, token=world.held.admin_token)
    world.held.ids |= {"key": made["id"], "secret": made["key"]}


def _create_key(world: World) -> None:
    """Whoever has lost the answer, and the secret with it, revokes the key and makes another."""
    answer = world.manage("POST", f"{_service(world)}/keys", {}, key="key")
    if answer.status == 409:
        for known in world.manage("GET", f"{_service(world)}/keys").json()["items"]:
            world.manage("DELETE", f"{_service(world)}/keys/{known['id']}")
        answer = world.manage("POST", f"{_service(world)}/keys", {}, key=uuid.uuid4().hex)
    if answer.status == 201:
        world.held.ids |= {"key": answer.json()["id"], "secret": answer.json()["key"]}


def _exchange(world: World) -> int:
    body = f"grant_type=client_credentials&client_secret={world.held.ids['secret']}"
    form = {"content-type": "application/x-www-form-urlencoded"}
    return world.post("token", raw=body, headers=form).status


def _key_opens(world: World) -> bool:
    return _exchange(world) == 200


def _revoke(world: World) -> None:
    world.manage("DELETE", f"{_service(world)}/keys/{world.held.ids['key']}")


def _service_is_gone(world: World) -> bool:
    if _exchange(world) == 200:
        return False
    world.work_off()
    return world.count("SERVICE") == world.count("KEY") == 0


ADMINISTRATION_CASES: dict[str, Case] = {
    "create a user with a first password": Case(
        ("POST /v1/auth/users",), with_administrator, _create({"password": PASSWORD}), _first_password_can_be_replaced
    ),
    "invite a user": Case(("POST /v1/auth/users",), with_administrator, _create({}), _is_invited),
    "give a role": Case(
        ("PATCH /v1/auth/users/{id}",),
        with_administrator,
        lambda world: world.manage("PATCH", _user(world), {"role": "administrator"}),
        lambda world: world.account()["role"] == "administrator",
    ),
    "appoint an administrator": Case(
        ("appoint",), with_account, _appoint, lambda world: world.account()["role"] == "administrator"
    ),
    "suspend": Case(
        ("POST /v1/auth/users/{id}/suspend",),
        with_administrator,
        lambda world: world.manage("POST", f"{_user(world)}/suspend"),
        lambda world: not world.is_alive() and world.log_in().status == 403,
    ),
    "resume": Case(
        ("POST /v1/auth/users/{id}/resume",),
        _suspended,
        lambda world: world.manage("POST", f"{_user(world)}/resume"),
        World.lets_in,
    ),
    "end a user's sessions": Case(
        ("DELETE /v1/auth/users/{id}/sessions",),
        with_administrator,
        lambda world: world.manage("DELETE", f"{_user(world)}/sessions"),
        lambda world: not world.is_alive() and world.lets_in(),
    ),
    "take a user's factors": Case(
        ("DELETE /v1/auth/users/{id}/factors",),
        _with_administrator_and_app,
        lambda world: world.manage("DELETE", f"{_user(world)}/factors"),
        lambda world: world.lets_in(email="mary@example.org") and not world.is_alive(),
    ),
    "delete a user": Case(
        ("DELETE /v1/auth/users/{id}",),
        with_administrator,
        lambda world: world.manage("DELETE", _user(world)),
        _is_gone,
    ),
    "create a service account": Case(
        ("POST /v1/auth/service-accounts",),
        with_administrator,
        _create_service,
        lambda world: world.count("SERVICE") == 1 and world.manage("GET", _service(world)).status == 200,
    ),
    "create a key": Case(("POST /v1/auth/service-accounts/{id}/keys",), _with_service, _create_key, _key_opens),
    "use a key": Case(("POST /v1/auth/token",), _with_key, _exchange, _key_opens),
    "revoke a key": Case(
        ("DELETE /v1/auth/service-accounts/{id}/keys/{key_id}",),
        _with_key,
        _revoke,
        lambda world: _exchange(world) == 401,
    ),
    "delete a service account": Case(
        ("DELETE /v1/auth/service-accounts/{id}",),
        _with_key,
        lambda world: world.manage("DELETE", _service(world)),
        _service_is_gone,
    ),
    "read the audit log": Case(
        ("GET /v1/auth/audit",),
        with_administrator,
        lambda world: world.manage("GET", "audit"),
        lambda world: world.manage("GET", "audit").status == 200 and world.told("audit_read") > 0,
    ),
}
