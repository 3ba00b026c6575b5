"""Accounts: how they are made, changed and deleted by their owners."""

from __future__ import annotations

from tests.integration.functions.auth_cuts.world import (
    EMAIL,
    NEW_EMAIL,
    NEW_PASSWORD,
    PASSWORD,
    Case,
    World,
    nothing,
    with_account,
    with_administrator,
)


def _register(world: World, key: str | None = "key") -> int:
    body = {"email": EMAIL, "password": PASSWORD, "display_name": "Ada"}
    return world.post("register", body, headers={} if key is None else {"idempotency-key": key}).status


def _register_by_mail(world: World) -> None:
    """Each step repeated until it has been answered."""
    if _register(world) == 202:
        world.work_off()
        _confirm(world)


def _confirm(world: World) -> None:
    link = world.held.link or world.last_link("confirm-registration", EMAIL)
    if link and world.post("register/confirm", {"token": link, "password": PASSWORD}).status != 201:
        world.log_in()  # as the page does it, whose link has been used


def _with_registration_link(world: World) -> None:
    _register(world)
    world.work_off()
    world.held.link = world.last_link("confirm-registration", EMAIL)


def _is_one_account(world: World) -> bool:
    return world.count("ACCOUNT") == world.count("ADDRESS") == 1 and world.lets_in()


def _register_without_key(world: World) -> None:
    if _register(world, None) == 409:
        world.log_in()


def _forget(world: World) -> None:
    world.post("password/forgotten", {"email": EMAIL})


def _reset_is_offered(world: World) -> bool:
    world.work_off()
    link = world.last_link("reset-password", EMAIL)
    return world.post("password/reset", {"token": link, "new_password": NEW_PASSWORD}).status == 204


def _with_reset_link(world: World) -> None:
    with_account(world)
    _forget(world)
    world.work_off()
    world.held.link = world.last_link("reset-password", EMAIL)


def _reset(world: World) -> None:
    world.post("password/reset", {"token": world.held.link, "new_password": NEW_PASSWORD})


def _change_password(world: World) -> None:
    body = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    world.own("POST", "me/password", body, key="change-1")


def _new_password_holds(world: World) -> bool:
    return not world.lets_in(PASSWORD) and world.lets_in(NEW_PASSWORD) and _is_told_of(world, "password_changed")


def _is_told_of(world: World, notice: str) -> bool:
    """Whether a job of this notice waits, or has been done."""
    jobs = [item["job"] for item in world.store.items() if item["sk"] == "JOB" and "job" in item]
    return any(job.get("notice") == notice for job in jobs)


def _with_first_password(world: World) -> None:
    with_administrator(world)
    body = {"email": NEW_EMAIL, "display_name": "Bob", "password": PASSWORD}
    world.made("users", body, token=world.held.admin_token)


def _replace_first_password(world: World) -> None:
    body = {"email": NEW_EMAIL, "password": PASSWORD, "new_password": NEW_PASSWORD}
    world.post("password/initial", body)


def _ask_for_address(world: World) -> None:
    world.own("POST", "me/email", {"email": NEW_EMAIL})


def _address_is_offered(world: World) -> bool:
    world.work_off()
    world.held.link = world.last_link("confirm-email", NEW_EMAIL)
    _confirm_address(world)
    return world.lets_in(email=NEW_EMAIL)


def _with_address_link(world: World) -> None:
    with_account(world)
    _ask_for_address(world)
    world.work_off()
    world.held.link = world.last_link("confirm-email", NEW_EMAIL)


def _confirm_address(world: World) -> None:
    world.own("POST", "me/email/confirm", {"token": world.held.link})


def _new_address_holds(world: World) -> bool:
    return world.lets_in(email=NEW_EMAIL) and not world.lets_in() and world.count("ACCOUNT") == 1


def _old_address_can_be_had_back(world: World) -> bool:
    if not _new_address_holds(world):
        return False
    world.work_off()
    world.held.link = world.last_link("undo-email", EMAIL)
    _undo(world)
    return _old_address_holds(world)


def _with_undo_link(world: World) -> None:
    _with_address_link(world)
    _confirm_address(world)
    world.work_off()
    world.held.link = world.last_link("undo-email", EMAIL)


def _undo(world: World) -> None:
    world.post("email/undo", {"token": world.held.link, "new_password": NEW_PASSWORD})


def _old_address_holds(world: World) -> bool:
    return world.lets_in(NEW_PASSWORD) and not world.lets_in(NEW_PASSWORD, NEW_EMAIL) and not world.is_alive()


def _rename(world: World) -> None:
    world.own("PATCH", "me", {"display_name": "Countess", "locale": "de"})


def _is_renamed(world: World) -> bool:
    account = world.account()
    return (account["display_name"], account["locale"]) == ("Countess", "de")


def _delete(world: World) -> None:
    world.own("POST", "me/delete", {})


def _is_gone(world: World) -> bool:
    """With all that was there; the address is free."""
    if world.lets_in():
        return False
    world.work_off()
    left = {item["sk"] for item in world.store.items() if not item["pk"].startswith(("AUDIT", "JOB#"))}
    return left <= {"COUNT"} and _register(world) == 202


def _delete_and_erase(world: World) -> None:
    _delete(world)
    world.work_off()


def _with_mails_and_sessions(world: World) -> None:
    with_account(world)
    world.log_in()
    _forget(world)
    world.work_off()


ACCOUNT_CASES: dict[str, Case] = {
    "register": Case(("POST /v1/auth/register",), nothing, _register, _is_one_account, mail=False),
    "register without a key": Case(
        ("POST /v1/auth/register",), nothing, _register_without_key, _is_one_account, mail=False
    ),
    "register by mail": Case(
        ("POST /v1/auth/register", "POST /v1/auth/register/confirm"), nothing, _register_by_mail, _is_one_account
    ),
    "confirm a registration": Case(
        ("POST /v1/auth/register/confirm",), _with_registration_link, _confirm, _is_one_account
    ),
    "forget a password": Case(("POST /v1/auth/password/forgotten",), with_account, _forget, _reset_is_offered),
    "reset a password": Case(
        ("POST /v1/auth/password/reset",),
        _with_reset_link,
        _reset,
        lambda world: not world.is_alive() and _new_password_holds(world),
    ),
    "change a password": Case(
        ("POST /v1/auth/me/password",),
        with_account,
        _change_password,
        lambda world: world.is_alive() and _new_password_holds(world),
    ),
    "replace a first password": Case(
        ("POST /v1/auth/password/initial",),
        _with_first_password,
        _replace_first_password,
        lambda world: world.lets_in(NEW_PASSWORD, NEW_EMAIL),
    ),
    "ask for another address": Case(("POST /v1/auth/me/email",), with_account, _ask_for_address, _address_is_offered),
    "change an address without mail": Case(
        ("POST /v1/auth/me/email",), with_account, _ask_for_address, _new_address_holds, mail=False
    ),
    "confirm another address": Case(
        ("POST /v1/auth/me/email/confirm",), _with_address_link, _confirm_address, _old_address_can_be_had_back
    ),
    "undo a change of address": Case(("POST /v1/auth/email/undo",), _with_undo_link, _undo, _old_address_holds),
    "change one's profile": Case(("PATCH /v1/auth/me",), with_account, _rename, _is_renamed),
    "take a copy of one's data": Case(
        ("GET /v1/auth/me/export",),
        with_account,
        lambda world: world.own("GET", "me/export"),
        lambda world: world.own("GET", "me/export").status == 200 and world.told("data_exported") > 0,
    ),
    "delete one's account": Case(("POST /v1/auth/me/delete",), _with_mails_and_sessions, _delete, _is_gone),
    "delete and erase": Case(
        ("POST /v1/auth/me/delete", "waiting-jobs"), _with_mails_and_sessions, _delete_and_erase, _is_gone
    ),
}
