"""Stream keys at a gateway's standard doors: whom they let in, and how they end."""

from __future__ import annotations

import time
from typing import Any

import msgspec
import pytest

from contracts import redis_names
from contracts.account_standing import AccessLoss, AccountChanged, AccountStanding
from contracts.meeting_token import MeetingClaims
from contracts.node_rpc import (
    Publish,
    Published,
)
from contracts.redis_names import ROOM_COMMANDS
from contracts.room_commands import ShutOutRequested, encode_room_command
from contracts.rooms import Identity, MeetingId, Permissions, PublishPermission, Role
from signaling_gateway.domain import key_lookups
from tests.doubles.door_clients import ANSWER, OFFER, Encoder, code, door_node
from tests.doubles.meeting_service import ISSUER

Platform = Any


@pytest.fixture
async def node(platform: Platform) -> Any:
    return await door_node(platform)


async def stand(platform: Platform, who: str, **standing: Any) -> None:
    """Has an account stand so, and tells the gateways."""
    account = Identity(who)
    value = msgspec.json.encode(AccountStanding(**standing))
    await platform.redis.set(redis_names.account_standing(account), value)
    await platform.redis.spublish(redis_names.ACCOUNTS, msgspec.json.encode(AccountChanged(account_id=account)))


KEY = f"sk_abcdefghjk_{'a' * 16}_{'b' * 32}"


def with_key(platform: Platform, url: str, **changes: Any) -> Encoder:
    """An encoder with the stream key `KEY`, which the meeting service knows from now on."""
    now = int(time.time())
    claims: dict[str, Any] = {
        "iss": ISSUER,
        "sub": Identity("k_a"),
        "meeting": MeetingId(platform.meeting_id),
        "name": "Hall camera",
        "role": Role.GUEST,
        "permissions": Permissions(publish=tuple(PublishPermission)),
        "iat": now,
        "exp": now + 600,
        "jti": "a",
        "stream_key": "a",
    }
    platform.service.stream_keys[KEY] = MeetingClaims(**(claims | changes))
    encoder = Encoder(platform, url)
    encoder.http.headers["Authorization"] = f"Bearer {KEY}"
    return encoder


async def test_a_stream_key_opens_the_door_past_the_lobby_and_its_newest_stream_replaces_the_older(
    platform: Platform, node: Any
) -> None:
    gateway = await platform.gateway()
    ada = await platform.join(gateway, "u_ada", role=Role.HOST)
    await ada.ask("set_policy", {"lobby": True})
    encoder = with_key(platform, gateway.url)
    assert (await encoder.post()).status_code == 201
    joined = (await ada.happened("participant_joined"))["participant"]
    assert (joined["name"], joined["kind"], joined["identity"]) == ("Hall camera", "stream", "k_a")
    first = encoder.id
    # It lost its path and comes back before the node has missed it.
    assert (await encoder.post()).status_code == 201
    left = await ada.happened("participant_left")
    assert (left["participant_id"], left["reason"]) == (first, "replaced")
    assert code(await encoder.post("/whep", OFFER.replace("sendonly", "recvonly"))) == (403, "permission_denied")


async def test_a_revoked_stream_key_opens_nothing_and_its_stream_is_out(platform: Platform, node: Any) -> None:
    gateway = await platform.gateway()
    ada = await platform.join(gateway, "u_ada")
    encoder = with_key(platform, gateway.url)
    await encoder.post()
    await ada.happened("participant_joined")
    del platform.service.stream_keys[KEY]
    request = ShutOutRequested(
        meeting_id=MeetingId(platform.meeting_id), identity=Identity("k_a"), by=Identity("u_host")
    )
    for _ in range(2):
        await platform.redis.xadd(ROOM_COMMANDS, {"c": encode_room_command(request)})
    left = await ada.happened("participant_left")
    assert (left["participant_id"], left["reason"]) == (encoder.id, "removed")
    assert code(await encoder.post()) == (401, "token_revoked")


async def test_a_stream_key_that_is_revoked_while_its_stream_comes_in_lets_it_out_again(
    platform: Platform, node: Any
) -> None:
    gateway = await platform.gateway()
    ada = await platform.join(gateway, "u_ada")
    encoder = with_key(platform, gateway.url)

    def publish(_: Publish) -> Published:
        platform.service.stream_keys.clear()
        return Published(sdp=ANSWER)

    node.answers[Publish] = publish
    assert code(await encoder.post()) == (401, "token_revoked")
    joined = (await ada.happened("participant_joined"))["participant"]
    assert (await ada.happened("participant_left"))["participant_id"] == joined["id"]


@pytest.mark.parametrize("closed", [AccessLoss.SUSPENDED, AccessLoss.DELETED])
async def test_the_stream_of_a_key_ends_with_the_account_that_it_stands_on_at_either_gateway(
    platform: Platform, node: Any, closed: AccessLoss
) -> None:
    one, other = await platform.gateway(), await platform.gateway()
    bob = await platform.join(other, "u_bob")
    encoder = with_key(platform, one.url, stands_on=(Identity("u_host"), Identity("u_maker")))
    assert (await encoder.post()).status_code == 201
    await bob.happened("participant_joined")
    for who in ("u_maker", "u_host"):
        await stand(platform, who, version=1, closed=closed)
        left = await bob.happened("participant_left", 1 if who == "u_maker" else 2)
        assert (left["participant_id"], left["reason"]) == (encoder.id, "access_lost")
        assert code(await encoder.delete()) == (404, "not_found")
        status = {AccessLoss.SUSPENDED: (403, "account_suspended"), AccessLoss.DELETED: (403, "account_deleted")}
        assert code(await encoder.post()) == status[closed]
        await stand(platform, who, version=2)
        assert (await encoder.post()).status_code == 201
        await bob.happened("participant_joined", 2 if who == "u_maker" else 3)
    await stand(platform, "u_host", version=3, epoch=1)
    assert (await bob.ask("raise_hand")) == {}
    assert (await encoder.delete()).status_code == 200, "sessions of the account are none of the key's business"


async def test_a_stream_key_that_cannot_be_looked_up_is_asked_for_again(platform: Platform, node: Any) -> None:
    gateway = await platform.gateway()
    encoder = with_key(platform, gateway.url)
    for failure in ("unreachable", "The table is away."):
        platform.service.key_failures.append(failure)
        answer = await encoder.post()
        assert code(answer) == (503, "service_unavailable")
        assert answer.headers["Retry-After"] == "2"
    assert (await encoder.post()).status_code == 201


async def test_stream_keys_that_somebody_makes_up_are_asked_about_so_often_and_no_more(
    platform: Platform, node: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_lookups, "UNKNOWN_AT_ONCE", 2)
    monkeypatch.setattr(key_lookups, "UNKNOWN_PER_S", 1e-6)
    encoder = Encoder(platform, (await platform.gateway()).url)
    with_a_token = dict(encoder.http.headers)
    encoder.http.headers["Authorization"] = "Bearer sk_made_up"
    assert [(await encoder.post()).status_code for _ in range(3)] == [401, 401, 429]
    encoder.http.headers.update(with_a_token)
    assert (await encoder.post()).status_code == 201
