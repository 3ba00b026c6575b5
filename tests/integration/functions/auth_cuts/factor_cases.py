"""Second factors, and ways in from elsewhere: how they are set up and removed."""

from __future__ import annotations

from typing import Any

from tests.integration.functions.auth_cuts.world import (
    APP_ADDRESS,
    PAGE,
    Case,
    World,
    nothing,
    with_account,
    with_app,
    with_app_begun,
    with_passkey,
)

_VERIFIER = "v" * 43
_CHALLENGE = "7w_YNF9DSfIdPf_pRjSq646_kPr-2-o9NAl16JGghdM"
_OP = ("GET /v1/auth/providers/{provider_id}/authorize", "GET /v1/auth/providers/{provider_id}/callback")


def _begin_app(world: World) -> None:
    world.own("POST", "factors/totp")


def _confirm_app(world: World) -> None:
    answer = world.own("POST", "factors/totp/confirm", {"code": world.totp_code()})
    if answer.status == 200:
        world.held.codes = answer.json()["recovery_codes"]


def _is_asked_for_factor(world: World) -> bool:
    account = world.account()
    return world.log_in().status == 202 and len(account["recovery_codes"]) == 10


def _has_no_factor(world: World) -> bool:
    return world.lets_in() and not world.account()["recovery_codes"]


def _renew_codes(world: World) -> None:
    answer = world.own("POST", "factors/recovery-codes")
    if answer.status == 200:
        world.held.ids["code"] = answer.json()["recovery_codes"][0]


def _new_code_lets_in(world: World) -> bool:
    body = {"login_token": world.log_in().json()["login_token"], "method": "recovery_code"}
    return world.post("login/second-factor", {**body, "code": world.held.ids["code"]}).status == 200


def _add_passkey(world: World) -> None:
    begun = world.own("POST", "passkeys/registration-options")
    if begun.status == 200:
        made = world.held.authenticator.create(begun.json()["publicKey"], PAGE)
        body = {"ceremony": begun.json()["ceremony"], "credential": made, "name": "Key"}
        world.own("POST", "passkeys", body)


def _passkey(world: World) -> str:
    return f"passkeys/{world.held.ids['passkey']}"


# ---- ways in from elsewhere ----


def _visit(world: World, begun: Any, url: str) -> Any:
    """To the provider, and back with the cookie."""
    cookie = begun.headers["set-cookie"].partition(";")[0]
    state = url.partition("state=")[2]
    return world.ask("GET", f"providers/op/callback?state={state}&code=ada", headers={"cookie": cookie})


def _log_in_at_provider(world: World) -> None:
    begun = world.ask("GET", "providers/op/authorize")
    if begun.status == 302 and "state=" in begun.headers["location"]:
        back = _visit(world, begun, begun.headers["location"])
        if "refresh" in back.headers.get("set-cookie", ""):
            world.held.ids["cookie"] = back.headers["set-cookie"].partition(";")[0]


def _has_cookie_of_one_account(world: World) -> bool:
    cookie = {"cookie": world.held.ids["cookie"]}
    return world.post("refresh", {}, headers=cookie).status == 200 and world.count("ACCOUNT") == 1


def _log_in_app(world: World) -> None:
    query = f"redirect_uri={APP_ADDRESS}&code_challenge={_CHALLENGE}&code_challenge_method=S256"
    begun = world.ask("GET", f"providers/op/authorize?{query}")
    if begun.status != 302 or "state=" not in begun.headers["location"]:
        return
    back = _visit(world, begun, begun.headers["location"])
    _, found, code = back.headers.get("location", "").partition("code=")
    if found:
        answer = world.post("providers/exchange", {"code": code, "code_verifier": _VERIFIER})
        if answer.status == 200:
            world.held.session = answer.json()


def _log_in_at_directory(world: World) -> None:
    answer = world.post("providers/staff/login", {"username": "ada", "password": "any"})
    if answer.status == 200:
        world.held.session = answer.json()


def _is_alive_in_one_account(world: World) -> bool:
    return world.is_alive() and world.count("ACCOUNT") == world.count("IDENTITY") == 1


def _with_identity(world: World) -> None:
    with_account(world)
    _link_at_directory(world)


def _link_at_directory(world: World) -> None:
    world.own("POST", "identities/staff/login", {"username": "ada", "password": "any"})


def _link_at_provider(world: World) -> None:
    begun = world.own("POST", "identities/op/authorize", {})
    if begun.status == 200:
        _visit(world, begun, begun.json()["authorization_url"])


def _identities(world: World) -> list[str]:
    return [each["provider"] for each in world.account()["identities"]]


def _unlink(world: World) -> None:
    for each in world.own("GET", "identities").json()["items"]:
        world.own("DELETE", f"identities/{each['id']}")


FACTOR_CASES: dict[str, Case] = {
    "begin an app": Case(
        ("POST /v1/auth/factors/totp",),
        with_account,
        _begin_app,
        lambda world: world.lets_in() and world.account()["totp_pending"] is not None,
    ),
    "set up an app": Case(("POST /v1/auth/factors/totp/confirm",), with_app_begun, _confirm_app, _is_asked_for_factor),
    "remove an app": Case(
        ("DELETE /v1/auth/factors/totp",),
        with_app,
        lambda world: world.own("DELETE", "factors/totp"),
        _has_no_factor,
    ),
    "renew recovery codes": Case(("POST /v1/auth/factors/recovery-codes",), with_app, _renew_codes, _new_code_lets_in),
    "add a passkey": Case(
        ("POST /v1/auth/passkeys/registration-options", "POST /v1/auth/passkeys"),
        with_account,
        _add_passkey,
        _is_asked_for_factor,
    ),
    "rename a passkey": Case(
        ("PATCH /v1/auth/passkeys/{id}",),
        with_passkey,
        lambda world: world.own("PATCH", _passkey(world), {"name": "Other"}),
        lambda world: world.account()["passkeys"][0]["name"] == "Other",
    ),
    "remove a passkey": Case(
        ("DELETE /v1/auth/passkeys/{id}",),
        with_passkey,
        lambda world: world.own("DELETE", _passkey(world)),
        _has_no_factor,
    ),
    "first login at a provider": Case(_OP, nothing, _log_in_at_provider, _has_cookie_of_one_account),
    "an application's first login at a provider": Case(
        (*_OP, "POST /v1/auth/providers/exchange"), nothing, _log_in_app, _is_alive_in_one_account
    ),
    "first login at a directory": Case(
        ("POST /v1/auth/providers/{provider_id}/login",), nothing, _log_in_at_directory, _is_alive_in_one_account
    ),
    "link an identity at a provider": Case(
        ("POST /v1/auth/identities/{provider_id}/authorize", _OP[1]),
        with_account,
        _link_at_provider,
        lambda world: _identities(world) == ["op"],
    ),
    "link an identity at a directory": Case(
        ("POST /v1/auth/identities/{provider_id}/login",),
        with_account,
        _link_at_directory,
        lambda world: _identities(world) == ["staff"],
    ),
    "unlink an identity": Case(
        ("DELETE /v1/auth/identities/{identity_id}",),
        _with_identity,
        _unlink,
        lambda world: _identities(world) == [] and world.lets_in(),
    ),
}
