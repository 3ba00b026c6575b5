"""Sessions: how people come in, stay and leave, and prove again who they are."""

from __future__ import annotations

from typing import Any

from tests.integration.functions.auth_cuts.world import (
    EMAIL,
    PAGE,
    PASSWORD,
    Case,
    World,
    with_account,
    with_app,
    with_passkey,
)

_SECOND_FACTOR = ("POST /v1/auth/login", "POST /v1/auth/login/second-factor")


def _log_in(world: World) -> None:
    _take(world, world.log_in())


def _take(world: World, answer: Any) -> None:
    if answer.status == 200:
        world.held.session = answer.json()


def _finish(world: World) -> None:
    """Begun anew each time, and with a code that has not been tried, as somebody does whose page has shown an error."""
    asked = world.log_in()
    if asked.status == 202:
        body = {"login_token": asked.json()["login_token"], "method": "recovery_code", "code": world.next_code()}
        _take(world, world.post("login/second-factor", body))


def _finish_with_app(world: World) -> None:
    asked = world.log_in()
    for later in (0, 1):  # whose code was used up waits for the next one
        if asked.status != 202:
            return
        body = {"login_token": asked.json()["login_token"], "method": "totp", "code": world.totp_code(later)}
        answer = world.post("login/second-factor", body)
        _take(world, answer)
        if answer.status == 200:
            return
        asked = world.log_in()


def _finish_with_passkey(world: World) -> None:
    asked = world.log_in()
    if asked.status != 202:
        return
    token = asked.json()["login_token"]
    options = world.post("login/second-factor/passkey-options", {"login_token": token})
    if options.status == 200:
        credential = world.held.authenticator.get(options.json()["publicKey"], PAGE)
        body = {"login_token": token, "method": "passkey", "credential": credential}
        _take(world, world.post("login/second-factor", body))


def _log_in_with_passkey(world: World) -> None:
    begun = world.post("passkeys/login-options")
    if begun.status == 200:
        credential = world.held.authenticator.get(begun.json()["publicKey"], PAGE)
        _take(world, world.post("passkeys/login", {"ceremony": begun.json()["ceremony"], "credential": credential}))


def _without_session(before: Any) -> Any:
    """So that what is in hand in the end has come from the case."""

    def prepare(world: World) -> None:
        before(world)
        world.held.session = {"user": world.held.session["user"], "access_token": "none"}

    return prepare


def _refresh(world: World) -> None:
    _take(world, world.post("refresh", {"refresh_token": world.held.session["refresh_token"]}))


def _can_be_refreshed(world: World) -> bool:
    return world.post("refresh", {"refresh_token": world.held.session["refresh_token"]}).status == 200


def _with_stolen_token(world: World) -> None:
    """One that has been used, twice over."""
    with_account(world)
    stolen = world.held.session
    for _ in range(2):
        _refresh(world)
    world.held.session = {**world.held.session, "refresh_token": stolen["refresh_token"]}


def _log_out(world: World) -> None:
    world.post("logout", {"refresh_token": world.held.session["refresh_token"]})


def _with_other_session(world: World) -> None:
    with_account(world)
    world.held.ids["others"] = world.made("login", {"email": EMAIL, "password": PASSWORD})["access_token"]


def _end_other(world: World) -> None:
    listed = world.own("GET", "sessions")
    for each in listed.json()["items"]:
        if not each["current"]:
            world.own("DELETE", f"sessions/{each['id']}")


def _end_others(world: World) -> None:
    world.own("DELETE", "sessions?keep_current=true")


def _only_the_session_in_hand_is_alive(world: World) -> bool:
    return world.is_alive() and world.ask("GET", "me", token=world.held.ids["others"]).status == 401


def _stale(before: Any) -> Any:
    """So long ago that something dangerous is refused."""

    def prepare(world: World) -> None:
        before(world)
        for item in world.store.items():
            if item["sk"] == "SESSION":
                world.store.dynamodb.update_item(
                    TableName=world.store.table,
                    Key={"pk": {"S": item["pk"]}, "sk": {"S": "SESSION"}},
                    UpdateExpression="SET proven_at = :then",
                    ExpressionAttributeValues={":then": {"N": "1"}},
                )
        assert not _is_proven(world)

    return prepare


def _is_proven(world: World) -> bool:
    return world.own("GET", "me/export").status == 200


def _step_up_by_password(world: World) -> None:
    world.own("POST", "step-up", {"password": PASSWORD})


def _step_up_by_code(world: World) -> None:
    world.own("POST", "step-up", {"method": "recovery_code", "code": world.next_code()})


def _step_up_by_passkey(world: World) -> None:
    begun = world.own("POST", "step-up/passkey-options")
    if begun.status == 200:
        credential = world.held.authenticator.get(begun.json()["publicKey"], PAGE)
        body = {"method": "passkey", "ceremony": begun.json()["ceremony"], "credential": credential}
        world.own("POST", "step-up", body)


SESSION_CASES: dict[str, Case] = {
    "log in": Case(("POST /v1/auth/login",), _without_session(with_account), _log_in, World.is_alive),
    "log in with an app": Case(_SECOND_FACTOR, _without_session(with_app), _finish_with_app, World.is_alive),
    "log in with a recovery code": Case(_SECOND_FACTOR, _without_session(with_app), _finish, World.is_alive),
    "log in with a passkey as second factor": Case(
        (*_SECOND_FACTOR, "POST /v1/auth/login/second-factor/passkey-options"),
        _without_session(with_passkey),
        _finish_with_passkey,
        World.is_alive,
    ),
    "log in with a passkey alone": Case(
        ("POST /v1/auth/passkeys/login-options", "POST /v1/auth/passkeys/login"),
        _without_session(with_passkey),
        _log_in_with_passkey,
        World.is_alive,
    ),
    "refresh": Case(("POST /v1/auth/refresh",), with_account, _refresh, _can_be_refreshed),
    "refresh with a stolen token": Case(
        ("POST /v1/auth/refresh",),
        _with_stolen_token,
        _refresh,
        lambda world: not world.is_alive() and world.told("refresh_token_reused") > 0,
    ),
    "log out": Case(("POST /v1/auth/logout",), with_account, _log_out, lambda world: not world.is_alive()),
    "end another session": Case(
        ("DELETE /v1/auth/sessions/{id}",), _with_other_session, _end_other, _only_the_session_in_hand_is_alive
    ),
    "end all other sessions": Case(
        ("DELETE /v1/auth/sessions",), _with_other_session, _end_others, _only_the_session_in_hand_is_alive
    ),
    "step up by password": Case(("POST /v1/auth/step-up",), _stale(with_account), _step_up_by_password, _is_proven),
    "step up by code": Case(("POST /v1/auth/step-up",), _stale(with_app), _step_up_by_code, _is_proven),
    "step up by passkey": Case(
        ("POST /v1/auth/step-up", "POST /v1/auth/step-up/passkey-options"),
        _stale(with_passkey),
        _step_up_by_passkey,
        _is_proven,
    ),
}
