"""What happened in rooms reaches the meeting service; what it asks of rooms is carried out."""

from __future__ import annotations

from typing import Any

import msgspec

from contracts import redis_names
from contracts.facts import Fact
from contracts.log_codec import decode_event
from contracts.log_events import NotesEdited, NotesKept
from contracts.room_commands import EndMeetingRequested, encode_room_command
from contracts.rooms import Identity, MeetingId, Role

Platform = Any


async def _log(platform: Platform) -> dict[int, Any]:
    raw = await platform.redis.xrange(redis_names.meeting_log(MeetingId(platform.meeting_id)))
    return {int(key.split(b"-")[0]): decode_event(fields[b"e"]) for key, fields in raw}


def _delivered(platform: Platform) -> dict[int, Any]:
    return {fact.version: fact.event for fact in platform.service.facts}


async def test_every_event_is_delivered_though_the_function_fails_at_first(platform: Platform) -> None:
    platform.service.failures = ["boom", "unreachable", "boom"]
    one, two = await platform.gateway(), await platform.gateway()
    host, ada = await platform.join(one, "u_host", role=Role.HOST), await platform.join(two, "u_ada")
    for number in range(10):
        await ada.ask("send_chat", {"text": f"{number}"})
        await host.ask("send_chat", {"text": f"{number}"})
    await host.ask("end_meeting")
    log = await _log(platform)
    await platform.eventually(lambda: _delivered(platform) == log)
    assert sorted(log) == list(range(1, len(log) + 1))
    assert len(platform.service.facts) == len(log)
    await platform.eventually(lambda: _empty(platform))
    assert await platform.redis.xlen(redis_names.FACTS_DEAD) == 0


async def test_refused_facts_become_dead_letters(platform: Platform) -> None:
    platform.service.refuse = lambda fact: "unknown meeting" if fact.version == 2 else None
    gateway = await platform.gateway()
    await platform.join(gateway, "u_ada")
    await platform.eventually(lambda: platform.redis.xlen(redis_names.FACTS_DEAD))
    [(_, dead)] = await platform.redis.xrange(redis_names.FACTS_DEAD)
    assert dead[b"reason"] == b"unknown meeting"
    assert msgspec.json.decode(dead[b"f"], type=Fact).version == 2
    await platform.eventually(lambda: _empty(platform))


async def test_an_entry_that_cannot_be_read_is_a_dead_letter_and_dams_nothing(platform: Platform) -> None:
    await platform.redis.xadd(redis_names.FACTS, {"f": b"{garbage"})
    gateway = await platform.gateway()
    await platform.join(gateway, "u_ada")
    await platform.eventually(lambda: 2 in _delivered(platform))
    assert await platform.redis.xlen(redis_names.FACTS_DEAD) == 1


def _large(version: int, length: int) -> Fact:
    kept = NotesKept(at=1, text="x" * length, revision=version, writers=())
    return Fact(meeting_id=MeetingId("m"), version=version, event=kept)


async def _leave_behind(platform: Platform, facts: list[Fact]) -> None:
    async with platform.redis.pipeline() as pipeline:
        for fact in facts:
            pipeline.xadd(redis_names.FACTS, {"f": msgspec.json.encode(fact)})
        await pipeline.execute()


async def test_large_facts_go_in_as_many_invocations_as_they_take(platform: Platform) -> None:
    """Lambda takes 6 MB, of which other layers may take less: what is refused as too large goes in smaller parts."""
    facts = [_large(version, 120_000) for version in range(90)]
    await _leave_behind(platform, facts)
    platform.service.takes_bytes = 2_500_000
    await platform.gateway()
    await platform.eventually(lambda: _empty(platform))
    assert platform.service.facts == facts, "each once"
    assert platform.service.largest < 4_200_000
    assert await platform.redis.xlen(redis_names.FACTS_DEAD) == 0


async def test_a_fact_that_is_too_large_by_itself_is_a_dead_letter_and_dams_nothing(platform: Platform) -> None:
    platform.service.takes_bytes = 50_000
    facts = [_large(version, 60_000 if version == 4 else 1_000) for version in range(9)]
    await _leave_behind(platform, facts)
    await platform.gateway()
    await platform.eventually(lambda: _empty(platform))
    assert platform.service.facts == [fact for fact in facts if fact.version != 4]
    [(_, dead)] = await platform.redis.xrange(redis_names.FACTS_DEAD)
    assert msgspec.json.decode(dead[b"f"], type=Fact).version == 4
    assert b"too large" in dead[b"reason"]


async def test_edits_of_notes_are_no_facts_and_are_noted_like_facts(platform: Platform) -> None:
    """What is noted may be trimmed: an edit that was not would keep the log from it on."""
    one, two = await platform.gateway(), await platform.gateway()
    ada, bob = await platform.join(one, "u_ada"), await platform.join(two, "u_bob")
    await bob.ask("send_chat", {"text": "a fact"})
    await ada.ask("edit_notes", {"edit_id": "e", "revision": 0, "change": ["no fact"]})
    log = await _log(platform)
    (edited,) = (version for version, event in log.items() if isinstance(event, NotesEdited))
    noted = redis_names.meeting_facts(MeetingId(platform.meeting_id))
    await platform.eventually(lambda: _is_noted(platform, noted, one.gateway.id, edited))
    del log[edited]
    await platform.eventually(lambda: log.items() <= _delivered(platform).items())
    assert edited not in _delivered(platform)


async def _is_noted(platform: Platform, key: str, gateway_id: str, version: int) -> bool:
    return int(await platform.redis.hget(key, gateway_id) or 0) >= version


async def test_what_a_dead_consumer_had_taken_is_claimed(platform: Platform) -> None:
    fact = Fact(meeting_id=MeetingId("m"), version=1, event=decode_event(b'{"type":"meeting_ended","at":1,"by":null}'))
    await platform.redis.xgroup_create(redis_names.FACTS, redis_names.FACTS_GROUP, id="0", mkstream=True)
    entry = await platform.redis.xadd(redis_names.FACTS, {"f": msgspec.json.encode(fact)})
    await platform.redis.xreadgroup(redis_names.FACTS_GROUP, "dead", {redis_names.FACTS: ">"})
    await platform.redis.xclaim(
        redis_names.FACTS, redis_names.FACTS_GROUP, "dead", min_idle_time=0, message_ids=[entry], idle=60_000
    )
    await platform.gateway()
    await platform.eventually(lambda: fact in platform.service.facts)


async def test_facts_that_a_dead_gateway_owed_are_passed_on(platform: Platform) -> None:
    one, two = await platform.gateway(), await platform.gateway()
    one.gateway._outbox._pass_on = _never
    ada = await platform.join(one, "u_ada")
    bob = await platform.join(two, "u_bob")
    await ada.ask("send_chat", {"text": "owed"})
    await bob.happened("chat_sent")
    await one.kill()
    await platform.redis.zadd(redis_names.GATEWAYS, {one.gateway.id: 1})
    await bob.happened("participant_disconnected")
    log = await _log(platform)
    await platform.eventually(lambda: {**_delivered(platform), **log} == _delivered(platform))


async def test_the_meeting_service_ends_a_live_meeting_at_all_gateways(platform: Platform) -> None:
    one, two = await platform.gateway(), await platform.gateway()
    people = [await platform.join(one, "u_ada"), await platform.join(two, "u_bob")]
    command = EndMeetingRequested(meeting_id=MeetingId(platform.meeting_id), by=Identity("u_host"))
    await platform.redis.xadd(redis_names.ROOM_COMMANDS, {"c": b"garbage"})
    await platform.redis.xadd(redis_names.ROOM_COMMANDS, {"c": encode_room_command(command)})
    for someone in people:
        assert (await someone.happened("meeting_ended"))["by"] == "u_host"
        assert (await someone.received("closing"))["code"] == "meeting_ended"
        await someone.gone()


async def test_a_meeting_that_was_ended_before_anyone_came_refuses_everyone(platform: Platform) -> None:
    gateway = await platform.gateway()
    command = EndMeetingRequested(meeting_id=MeetingId(platform.meeting_id), by=None)
    for _ in range(2):
        await platform.redis.xadd(redis_names.ROOM_COMMANDS, {"c": encode_room_command(command)})
    key = redis_names.meeting_log(MeetingId(platform.meeting_id))
    await platform.eventually(lambda: platform.redis.xlen(key))
    auth = {"token": platform.service.token(platform.meeting_id), "meeting_id": platform.meeting_id}
    assert await platform.client().refused(gateway.url, auth) == "meeting_ended"
    assert await platform.redis.xlen(key) == 2
    assert 0 < await platform.redis.pttl(key) <= 24 * 3600 * 1000


async def _empty(platform: Platform) -> bool:
    return bool(await platform.redis.xlen(redis_names.FACTS) == 0)


async def _never(facts: object) -> None:
    raise ConnectionError("this gateway is cut off")


async def test_a_closing_gateway_leaves_no_consumer_behind(platform: Platform) -> None:
    gateway = await platform.gateway()
    await platform.join(gateway, "u_ada")
    await platform.eventually(lambda: 2 in _delivered(platform))
    await gateway.stop()
    for stream, group in (
        (redis_names.FACTS, redis_names.FACTS_GROUP),
        (redis_names.ROOM_COMMANDS, redis_names.ROOM_COMMANDS_GROUP),
    ):
        assert await platform.redis.xinfo_consumers(stream, group) == []
