"""What happens to an account is heeded by the meeting service at once, though it verifies access tokens offline."""

from __future__ import annotations

import base64
import itertools
import json
import logging
import random
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import jwt
import msgspec
import pytest
from auth_service.adapters.standings import Standings
from redis import Redis
from redis.connection import AbstractConnection

from contracts.account_standing import GONE, AccessLoss, AccountStanding, decode_account_changed, decode_standing
from contracts.redis_names import ACCOUNTS, account_standing
from contracts.rooms import (
    Identity,
)
from tests.integration.functions.account_desk import PASSWORD, Desk, Person
from tests.integration.functions.lambda_events import Client
from tests.platform_process import free_port

if TYPE_CHECKING:
    pass

NEW = "another horse, another battery"


def kept(broker: Redis, who: Person) -> AccountStanding | None:
    """What Redis has of an account."""
    value: Any = broker.get(account_standing(Identity(who.id)))
    return decode_standing(value)


def end_one(desk: Desk, ada: Person) -> None:
    other = desk.log_in(ada)
    sessions = desk.auth.request("GET", "/v1/auth/sessions", token=other.token).json()["items"]
    [session] = [each["id"] for each in sessions if not each["current"]]
    assert desk.auth.request("DELETE", f"/v1/auth/sessions/{session}", token=other.token).status == 204


def reuse(desk: Desk, ada: Person) -> None:
    refresh = {"refresh_token": ada.refresh_token}
    sessions = desk.auth.module.sessions
    assert desk.post("refresh", refresh).status == 200
    lifetimes = sessions._lifetimes
    try:
        sessions._lifetimes = msgspec.structs.replace(lifetimes, grace_s=0)
        assert desk.post("refresh", refresh).code == "session_expired"
    finally:
        sessions._lifetimes = lifetimes


def change_password(desk: Desk, ada: Person) -> None:
    other = desk.log_in(ada)
    body = {"current_password": PASSWORD, "new_password": NEW}
    assert desk.post("me/password", body, token=other.token).status == 204


ENDS: dict[str, Callable[[Desk, Person], object]] = {
    "suspended": lambda desk, ada: desk.manage("POST", ada, "/suspend"),
    "deleted by an administrator": lambda desk, ada: desk.manage("DELETE", ada),
    "deleted by its owner": lambda desk, ada: desk.post("me/delete", {"password": PASSWORD}, token=ada.token),
    "sessions ended by an administrator": lambda desk, ada: desk.manage("DELETE", ada, "/sessions"),
    "logged out everywhere": lambda desk, ada: desk.auth.request(
        "DELETE", "/v1/auth/sessions?keep_current=false", token=ada.token
    ),
    "password changed elsewhere": change_password,
    "logged out": lambda desk, ada: desk.post("logout", {"refresh_token": ada.refresh_token}),
    "ended from another session": end_one,
    "a refresh token was used twice": reuse,
}


@pytest.mark.parametrize("way", ENDS)
def test_token_opens_nothing_at_the_meeting_service_from_then_on(desk: Desk, way: str) -> None:
    ada, bob = desk.register(), desk.register("Bob")
    meeting = desk.create(bob.token).json()["id"]
    assert desk.is_heeded(ada.token)
    ENDS[way](desk, ada)
    assert not desk.is_heeded(ada.token)
    assert desk.create(ada.token).code == "session_expired"
    join = desk.meetings.request("POST", f"/v1/meetings/{meeting}/join", {}, token=ada.token)
    assert (join.status, join.code) == (401, "session_expired")
    assert desk.is_heeded(bob.token)


def test_sessions_that_are_kept_go_on(desk: Desk) -> None:
    ada = desk.register()
    other, third = desk.log_in(ada), desk.log_in(ada)
    answer = desk.auth.request("DELETE", "/v1/auth/sessions?keep_current=true", token=other.token)
    assert answer.status == 204, answer.text
    assert [desk.is_heeded(each.token) for each in (ada, other, third)] == [False, True, False]
    body = {"current_password": PASSWORD, "new_password": NEW}
    assert desk.post("me/password", body, token=other.token).status == 204
    assert desk.is_heeded(other.token)
    assert desk.is_heeded(desk.log_in(ada, NEW).token)


def test_whoever_is_let_in_again_needs_a_new_token(desk: Desk) -> None:
    ada = desk.register()
    desk.manage("POST", ada, "/suspend")
    assert not desk.is_heeded(ada.token)
    desk.manage("POST", ada, "/resume")
    assert not desk.is_heeded(ada.token)
    assert desk.is_heeded(desk.log_in(ada).token)


def test_only_who_holds_a_sessions_token_is_told_that_the_account_is_suspended(desk: Desk) -> None:
    ada, bob = desk.register(), desk.register("Bob")
    second = desk.post("refresh", {"refresh_token": ada.refresh_token}).json()["refresh_token"]
    assert desk.post("refresh", {"refresh_token": second}).status == 200
    latest = desk.log_in(bob).refresh_token
    desk.manage("POST", ada, "/suspend")
    refused = desk.post("refresh", {"refresh_token": second})
    assert (refused.status, refused.code) == (403, "account_suspended")
    family, another = base64.urlsafe_b64decode(second)[:16], base64.urlsafe_b64decode(latest)[16:]
    forged = base64.urlsafe_b64encode(family + another).decode()
    for shown in (ada.refresh_token, forged):  # one of long ago, and one that never was the session's
        assert desk.post("refresh", {"refresh_token": shown}).code == "session_expired"
    desk.manage("POST", ada, "/resume")
    assert desk.post("refresh", {"refresh_token": second}).code == "session_expired"


def test_role_that_was_taken_away_is_none_at_once_and_one_that_was_given_needs_a_new_token(desk: Desk) -> None:
    ada = desk.register()
    assert desk.create(ada.token).status == 201
    desk.manage("PATCH", ada, body={"role": "member"})
    refused = desk.create(ada.token)
    assert (refused.status, refused.code) == (403, "permission_denied")
    assert desk.is_heeded(ada.token)
    as_member = desk.log_in(ada)
    desk.manage("PATCH", ada, body={"role": "organiser"})
    assert desk.create(as_member.token).status == 403
    assert desk.create(desk.log_in(ada).token).status == 201


def test_service_account_that_is_deleted_and_key_that_is_revoked_open_nothing(desk: Desk) -> None:
    def made(path: str, body: Any) -> Any:
        answer = desk.post(path, body, token=desk.admin.token)
        assert answer.status == 201, answer.text
        return answer.json()

    def token(key: str) -> str:
        form = f"grant_type=client_credentials&client_secret={key}"
        headers = {"content-type": "application/x-www-form-urlencoded"}
        answer = desk.auth.request("POST", "/v1/auth/token", raw=form, headers=headers)
        assert answer.status == 200, answer.text
        return str(answer.json()["access_token"])

    account = made("service-accounts", {"name": "Bot", "permissions": ["meetings:read"]})["id"]
    keys = [made(f"service-accounts/{account}/keys", {}) for _ in range(2)]
    tokens = [token(each["key"]) for each in keys]
    assert [desk.is_heeded(each) for each in tokens] == [True, True]
    gone = desk.auth.request(
        "DELETE", f"/v1/auth/service-accounts/{account}/keys/{keys[0]['id']}", token=desk.admin.token
    )
    assert gone.status == 204, gone.text
    assert [desk.is_heeded(each) for each in tokens] == [False, True]
    assert desk.auth.request("DELETE", f"/v1/auth/service-accounts/{account}", token=desk.admin.token).status == 204
    assert [desk.is_heeded(each) for each in tokens] == [False, False]


def test_gateways_are_told_whose_account_has_changed_and_not_how(desk: Desk, broker: Redis) -> None:
    ada = desk.register()
    with broker.pubsub() as listener:  # type: ignore[no-untyped-call]
        listener.ssubscribe(ACCOUNTS)
        assert listener.get_sharded_message(timeout=5)["type"] == "ssubscribe"
        desk.manage("POST", ada, "/suspend")
        told = listener.get_sharded_message(timeout=5)
    assert decode_account_changed(told["data"]).account_id == ada.id
    assert json.loads(told["data"]) == {"account_id": ada.id}
    standing = kept(broker, ada)
    assert standing is not None
    assert (standing.closed, standing.epoch) == (AccessLoss.SUSPENDED, 1)
    assert 0 < int(broker.ttl(account_standing(Identity(ada.id)))) <= 86_400


def test_what_is_no_news_costs_nothing_and_leaves_no_job(desk: Desk, broker: Redis) -> None:
    ada = desk.register()
    answer = desk.auth.request("PATCH", "/v1/auth/me", {"locale": "de"}, token=ada.token)
    assert answer.status == 200
    assert broker.get(account_standing(Identity(ada.id))) is None


def test_what_could_not_be_told_at_once_is_told_by_the_job(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, valkey: str
) -> None:
    ada, module = desk.register(), desk.auth.module
    present = module.announcements._standings
    monkeypatch.setattr(
        module.announcements, "_standings", Standings(f"redis://127.0.0.1:{free_port(socket.SOCK_STREAM)}/0")
    )
    desk.manage("POST", ada, "/suspend")
    assert desk.is_heeded(ada.token)
    clock = module.worker._clock
    desk.work_off()
    assert desk.is_heeded(ada.token)
    monkeypatch.setattr(module.announcements, "_standings", present)
    monkeypatch.setattr(module.worker, "_clock", lambda: clock() + 61)  # when the first worker is given up
    desk.work_off()
    assert not desk.is_heeded(ada.token)


def test_news_that_come_twice_and_in_any_order_leave_what_is_so_now(desk: Desk, broker: Redis) -> None:
    """Whatever order jobs are done in, they tell the present; and a worker that read earlier overwrites nothing."""
    ada, module = desk.register(), desk.auth.module
    states: list[AccountStanding] = []
    ways = itertools.cycle(["/suspend", "/resume"])
    for _ in range(6):
        desk.manage("POST", ada, next(ways))
        states.append(module.announcements._standing(ada.id))
    assert [state.version for state in states] == sorted({state.version for state in states})
    told = states * 3
    for seed in range(5):
        broker.delete(account_standing(Identity(ada.id)))
        random.Random(seed).shuffle(told)
        for state in told:
            module.announcements._standings.keep(ada.id, state)
        assert kept(broker, ada) == states[-1]
    desk.manage("DELETE", ada)
    for state in states:
        module.announcements._standings.keep(ada.id, state)
    assert kept(broker, ada) == AccountStanding(version=GONE, closed=AccessLoss.DELETED)


def test_another_name_is_told_and_rooms_know_whose_name_follows_it(desk: Desk, broker: Redis) -> None:
    ada = desk.register("Ada")
    meeting = desk.create(ada.token).json()["id"]

    def joins_under_own(body: dict[str, str]) -> object:
        join = desk.meetings.request("POST", f"/v1/meetings/{meeting}/join", body, token=ada.token)
        claims = jwt.decode(join.json()["meeting_token"], options={"verify_signature": False})
        return claims["account_name"], claims["name"]

    assert joins_under_own({}) == (True, "Ada")
    assert joins_under_own({"display_name": "Countess"}) == (False, "Countess")
    assert desk.auth.request("PATCH", "/v1/auth/me", {"display_name": "Ada King"}, token=ada.token).status == 200
    standing = kept(broker, ada)
    assert standing is not None
    assert (standing.name, standing.closed) == ("Ada King", None)
    assert desk.is_heeded(ada.token)


def test_token_is_believed_while_the_broker_is_away_and_that_is_logged(
    desk: Desk, new_meetings: Callable[..., Client], caplog: pytest.LogCaptureFixture
) -> None:
    ada = desk.register()
    desk.manage("POST", ada, "/suspend")
    alone = new_meetings(PARLEY_MEETINGS_REDIS_URL=f"redis://127.0.0.1:{free_port(socket.SOCK_STREAM)}/0")
    with caplog.at_level(logging.WARNING):
        logger = logging.getLogger("meetings")
        logger.addHandler(caplog.handler)
        try:
            answer = alone.request("GET", "/v1/meetings", token=ada.token)
        finally:
            logger.removeHandler(caplog.handler)
    assert answer.status == 200
    assert "ratelimit" in answer.headers
    assert {"limits_without_redis", "standing_unknown"} <= {record.message for record in caplog.records}


def test_request_costs_one_round_trip_to_the_broker(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = desk.register()
    meeting = desk.create(ada.token).json()["id"]
    sent: list[bytes] = []
    send = AbstractConnection.send_packed_command

    def counted(self: AbstractConnection, command: Any, *rest: Any, **more: Any) -> None:
        sent.append(b"".join(command) if not isinstance(command, bytes) else command)
        send(self, command, *rest, **more)  # type: ignore[no-untyped-call]

    monkeypatch.setattr(AbstractConnection, "send_packed_command", counted)
    for method, path, body, token in (
        ("GET", "/v1/meetings", None, ada.token),
        ("POST", "/v1/meetings", {"title": "Talk"}, ada.token),
        ("GET", f"/v1/meetings/{meeting}", None, ada.token),
        ("GET", f"/v1/meetings/{meeting}", None, None),
        ("POST", f"/v1/meetings/{meeting}/join", {}, ada.token),
        ("POST", f"/v1/meetings/{meeting}/join", {"display_name": "Guest"}, None),
    ):
        sent.clear()
        assert desk.meetings.request(method, path, body, token=token).status < 300
        assert len(sent) == 1, (method, path, sent)
        assert (b"\r\nMGET\r\n" in sent[0]) == (token is not None)
