"""Streaming out as clients and the log see it; a scripted peer stands for the node that does it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from contracts import redis_names
from contracts.broadcasting import BroadcastState, TargetFailure
from contracts.client_messages import ErrorBody
from contracts.error_codes import ErrorCode
from contracts.meeting_work import BroadcastChanged, Broadcasting, StartBroadcast, StopBroadcast
from contracts.node_rpc import Refused
from contracts.room_broadcast import WatchedBroadcast, watched_decoder
from contracts.room_commands import RoomRead, RoomView
from contracts.rooms import ADMINISTRATOR, MeetingId, Role
from signaling_gateway.service import broadcasts, repetition
from tests.doubles.scripted_node import ScriptedNode, broadcast_of
from tests.integration.signaling.conftest import Platform
from tests.integration.signaling.test_administration import Office

NONE_HERE = Refused(error=ErrorBody(code=ErrorCode.BROADCAST_UNAVAILABLE, message="This node streams nothing out."))
SECRET = "s3cr3t-k3y"
ADDRESS = f"rtmps://Live.Example:443/app/{SECRET}"
WISH: dict[str, Any] = {"layout": "grid", "targets": [{"url": ADDRESS}]}


async def test_everybody_is_told_and_those_who_moderate_how_servers_do(platform: Platform) -> None:
    one, two, node = await platform.gateway(), await platform.gateway(), await platform.node()
    host = await platform.join(one, "u_host", role=Role.HOST)
    guest = await platform.join(two, "u_guest")
    answer = await host.ask("start_broadcast", WISH)
    told = await guest.happened("broadcast_started")
    assert (told["broadcast_id"], told["by"], told["layout"]) == (answer["broadcast_id"], host.id, "grid")
    assert told["watch_key"] == answer["watch_key"]
    [asked] = node.asked(StartBroadcast)
    assert [each.url for each in asked.order.targets] == [ADDRESS]
    assert (await host.happened("broadcast_changed"))["targets"] == [
        {"id": "t1", "host": "live.example", "state": "connecting", "reason": None}
    ]
    await _report(platform, node, asked, BroadcastState.LIVE)
    await platform.eventually(lambda: _targets(host)[-1]["state"] == "live")
    late, cohost = await platform.join(two, "u_late"), await platform.join(two, "u_co", role=Role.COHOST)
    seen, full = late.welcome["room"]["broadcast"], cohost.welcome["room"]["broadcast"]
    assert (seen["id"], seen["watch_key"], seen["targets"]) == (answer["broadcast_id"], answer["watch_key"], [])
    assert [each["state"] for each in full["targets"]] == ["live"]
    assert await host.ask("start_broadcast", {}) == answer, "asked for twice, it is made once"
    assert await host.ask("stop_broadcast") == {}
    over = await guest.happened("broadcast_stopped")
    assert (over["broadcast_id"], over["reason"], over["by"]) == (answer["broadcast_id"], "asked", host.id)
    assert {each.broadcast_id for each in node.asked(StopBroadcast)} == {answer["broadcast_id"]}
    # Once more when the log has it: another gateway may just have repeated the order.
    await platform.eventually(lambda: len(node.asked(StopBroadcast)) == 2)
    assert "broadcast_changed" not in {event["type"] for event in guest.events}


async def test_addresses_of_servers_are_in_nothing_that_is_told_or_stays(platform: Platform) -> None:
    gateway, node = await platform.gateway(), await platform.node()
    office = Office(platform)
    host = await platform.join(gateway, "u_host", role=Role.HOST)
    await office.command("start_broadcast", **WISH)
    [asked] = node.asked(StartBroadcast)
    await _report(platform, node, asked, BroadcastState.LIVE)
    await platform.eventually(lambda: _targets(host)[-1]["state"] == "live")
    view = await office.ask(RoomRead())
    assert SECRET.encode() not in msgspec.json.encode([host.events, host.welcome, view])
    held = await _keys_that_hold(platform, SECRET)
    meeting = MeetingId(platform.meeting_id)
    assert held == {redis_names.broadcast_targets(meeting, asked.broadcast_id)}, "neither log nor facts have it"
    await host.ask("stop_broadcast")
    await platform.eventually(lambda: _is_nowhere(platform, SECRET))


async def test_it_can_be_watched_while_it_is_on(platform: Platform) -> None:
    gateway, _ = await platform.gateway(), await platform.node()
    host = await platform.join(gateway, "u_host", role=Role.HOST)
    answer = await host.ask("start_broadcast")
    key = redis_names.watched_broadcast(answer["watch_key"])
    watched = await _watched(platform, key)
    assert (watched.origin, watched.ended) == ("http://127.0.0.1:9/hls/", False)
    assert 0 < await platform.redis.pttl(key) <= redis_names.WATCHED_MS
    await host.ask("stop_broadcast")
    await platform.eventually(lambda: _has_ended(platform, key))
    assert (await host.ask("start_broadcast"))["watch_key"] != answer["watch_key"], "a link is of one broadcast"
    await host.ask("stop_broadcast")
    only = await host.ask("start_broadcast", {"hls": False, "targets": [{"url": "rtmp://a.example/app/k"}]})
    assert only["watch_key"] is None


async def test_nothing_is_announced_where_nothing_streams_out(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broadcasts, "START_TIMEOUT_S", 0.2)
    gateway, node = await platform.gateway(), await platform.node()
    host = await platform.join(gateway, "u_host", role=Role.HOST)
    node.answers[StartBroadcast] = lambda _: NONE_HERE
    assert await host.code("start_broadcast", WISH) == "broadcast_unavailable"
    assert await host.code("start_broadcast", {"hls": False}) == "validation_failed"
    node.answers[StartBroadcast] = lambda _: None
    assert await host.code("start_broadcast", WISH) == "media_node_timeout"
    await platform.eventually(lambda: node.asked(StopBroadcast))
    assert node.asked(StopBroadcast)[-1].broadcast_id == node.asked(StartBroadcast)[-1].broadcast_id
    assert "broadcast_started" not in {event["type"] for event in host.events}
    await platform.eventually(lambda: _is_nowhere(platform, SECRET))


async def test_a_broadcast_that_fails_is_announced(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two, node = await platform.gateway(), await platform.gateway(), await platform.node()
    host, guest = await platform.join(one, "u_host", role=Role.HOST), await platform.join(two, "u_guest")
    await host.ask("start_broadcast", WISH)
    [asked] = node.asked(StartBroadcast)
    await _report(platform, node, asked, BroadcastState.FAILED, reason=TargetFailure.REFUSED)
    assert (await guest.happened("broadcast_stopped"))["reason"] == "failed"
    # And where the report is lost, the gateways find out.
    monkeypatch.setattr(repetition, "KEEP_S", 0.05)
    three = await platform.gateway()
    other = await platform.join(three, "u_other", role=Role.HOST)
    again = await other.ask("start_broadcast")
    node.answers[StartBroadcast] = lambda _: NONE_HERE
    await platform.eventually(
        lambda: (
            [each for each in other.events if each["type"] == "broadcast_stopped"][-1:]
            and other.events[-1]["broadcast_id"] == again["broadcast_id"]
        )
    )


async def test_it_goes_on_at_the_node_to_which_the_meeting_moves_with_all_its_servers(platform: Platform) -> None:
    gateway, first = await platform.gateway(), await platform.node("n_1", load=0.0)
    host = await platform.join(gateway, "u_host", role=Role.HOST)
    answer = await host.ask("start_broadcast", WISH)
    second = await platform.node("n_2", load=0.5)
    second.answers[StartBroadcast] = lambda each: _made(each, origin="http://127.0.0.1:10/hls/")
    await first.stop()
    await host.received("media_restart")
    await platform.eventually(lambda: second.asked(StartBroadcast))
    asked = second.asked(StartBroadcast)[-1]
    assert (asked.broadcast_id, asked.nodes, asked.goes_on) == (answer["broadcast_id"], (second.id,), True)
    assert not first.asked(StartBroadcast)[0].goes_on
    assert [each.url for each in asked.order.targets] == [ADDRESS]
    key = redis_names.watched_broadcast(answer["watch_key"])
    await platform.eventually(lambda: _origin_is(platform, key, "http://127.0.0.1:10/hls/"))
    assert "broadcast_stopped" not in {event["type"] for event in host.events}


async def test_how_servers_do_is_found_out_where_a_report_is_lost(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repetition, "KEEP_S", 0.05)
    gateway, node = await platform.gateway(), await platform.node()
    host = await platform.join(gateway, "u_host", role=Role.HOST)
    await host.ask("start_broadcast", WISH)
    node.answers[StartBroadcast] = lambda each: _made(each, BroadcastState.CONNECTING, reason=TargetFailure.ABSENT)
    await platform.eventually(lambda: _targets(host)[-1]["reason"] == "absent")
    assert len(_targets(host)) == 2, "it is told when it changes"


async def test_the_end_of_the_meeting_ends_it(platform: Platform) -> None:
    gateway, node = await platform.gateway(), await platform.node()
    host = await platform.join(gateway, "u_host", role=Role.HOST)
    answer = await host.ask("start_broadcast", WISH)
    await host.ask("end_meeting")
    assert (await host.happened("broadcast_stopped"))["reason"] == "ended"
    await platform.eventually(lambda: node.asked(StopBroadcast))
    assert {each.broadcast_id for each in node.asked(StopBroadcast)} == {answer["broadcast_id"]}
    await platform.eventually(lambda: _is_nowhere(platform, SECRET))


async def test_a_broadcast_is_started_read_and_stopped_from_a_server(platform: Platform) -> None:
    gateway, _ = await platform.gateway(), await platform.node()
    office = Office(platform)
    ada = await platform.join(gateway, "u_ada")
    made = await office.command("start_broadcast", **WISH)
    assert (await ada.happened("broadcast_started"))["by"] == ADMINISTRATOR
    view = await office.ask(RoomRead())
    assert isinstance(view, RoomView)
    assert view.broadcast is not None
    assert (view.broadcast.id, view.broadcast.watch_key) == (made["broadcast_id"], made["watch_key"])
    assert [each.host for each in view.broadcast.targets] == ["live.example"]
    assert await office.command("stop_broadcast") == {}
    assert (await ada.happened("broadcast_stopped"))["by"] == ADMINISTRATOR


def _made(request: StartBroadcast, state: BroadcastState = BroadcastState.LIVE, **changes: Any) -> Broadcasting:
    return Broadcasting(broadcast=broadcast_of(request, state, **changes))


async def _report(
    platform: Platform,
    node: ScriptedNode,
    asked: StartBroadcast,
    state: BroadcastState,
    reason: TargetFailure | None = None,
) -> None:
    made = broadcast_of(asked, state, reason=reason)
    meeting = MeetingId(platform.meeting_id)
    await node.report(BroadcastChanged(node_id=node.id, meeting_id=meeting, broadcast=made, state=state))


def _targets(client: Any) -> list[Any]:
    return [each["targets"][0] for each in client.events if each["type"] == "broadcast_changed"]


async def _watched(platform: Platform, key: str) -> WatchedBroadcast:
    kept = await platform.redis.get(key)
    assert kept is not None
    return watched_decoder.decode(kept)


async def _has_ended(platform: Platform, key: str) -> bool:
    return (await _watched(platform, key)).ended


async def _origin_is(platform: Platform, key: str, origin: str) -> bool:
    return (await _watched(platform, key)).origin == origin


async def _keys_that_hold(platform: Platform, text: str) -> set[str]:
    """All keys of this Redis whose values, of whatever kind, have the text."""
    found = set()
    async for key in platform.redis.scan_iter():
        dumped = await platform.redis.dump(key)
        kind = await platform.redis.type(key)
        entries = await platform.redis.xrange(key) if kind == b"stream" else dumped
        if text.encode() in (repr(entries).encode() if kind == b"stream" else entries or b""):
            found.add(key.decode())
    return found


async def _is_nowhere(platform: Platform, text: str) -> bool:
    return not await _keys_that_hold(platform, text)
