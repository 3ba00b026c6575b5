"""Streams that are brought in, as clients and the log see it; a scripted peer stands for the node that takes them."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from contracts import redis_names
from contracts.client_messages import ErrorBody
from contracts.error_codes import ErrorCode
from contracts.ingesting import IngressFailure, IngressOffer, IngressState
from contracts.meeting_work import AnswerIngress, IngressChanged, Ingressing, StartIngress, StopIngress
from contracts.node_rpc import LeaveRoom, Publish, Refused
from contracts.room_commands import RoomRead, RoomView
from contracts.rooms import MeetingId, Role
from signaling_gateway.service import repetition
from tests.doubles.door_clients import OFFER, door_node
from tests.doubles.scripted_node import ScriptedNode, ingress_of
from tests.integration.signaling.conftest import Platform
from tests.integration.signaling.test_administration import Office
from tests.integration.signaling.test_broadcast import _is_nowhere as is_nowhere
from tests.integration.signaling.test_broadcast import _keys_that_hold as keys_that_hold

SECRET = "s3cr3t-t0k3n"
FILM: dict[str, Any] = {"kind": "url", "name": "Film", "url": f"https://media.example/film.mp4?token={SECRET}"}
STUDIO: dict[str, Any] = {"kind": "rtmp", "name": "Studio", "screen": True}
NONE_HERE = Refused(error=ErrorBody(code=ErrorCode.INGRESS_UNAVAILABLE, message="This node takes no RTMP."))


async def report(platform: Platform, node: ScriptedNode, state: IngressState, **how: Any) -> None:
    asked = node.asked(StartIngress)[-1]
    meeting = MeetingId(platform.meeting_id)
    told = ingress_of(asked, state, **how)
    await node.report(IngressChanged(node_id=node.id, meeting_id=meeting, ingress=told))


async def test_a_film_comes_in_plays_and_leaves(platform: Platform) -> None:
    one, two, node = await platform.gateway(), await platform.gateway(), await door_node(platform)
    host = await platform.join(one, "u_host", role=Role.HOST)
    guest = await platform.join(two, "u_guest")
    answer = await host.ask("start_ingress", FILM)
    assert (answer["address"], answer["stream_key"]) == (None, None)
    opened = (await host.happened("ingress_started"))["ingress"]
    assert (opened["id"], opened["name"], opened["state"], opened["by"]) == (
        answer["ingress_id"],
        "Film",
        "connecting",
        host.id,
    )
    assert node.asked(StartIngress)[-1].order.url == FILM["url"]
    await report(platform, node, IngressState.CONNECTING, offer=IngressOffer(run=1, sdp=OFFER))
    joined = (await guest.happened("participant_joined"))["participant"]
    assert (joined["name"], joined["kind"], joined["permissions"]["moderate"]) == ("Film", "stream", False)
    await guest.happened("track_published", 2)
    await platform.eventually(lambda: node.asked(AnswerIngress))
    [passed] = node.asked(AnswerIngress)
    assert (passed.ingress_id, passed.run, bool(passed.sdp)) == (answer["ingress_id"], 1, True)
    assert node.asked(Publish)[-1].sdp == OFFER
    await report(platform, node, IngressState.LIVE)
    changed = await host.happened("ingress_changed")
    assert (changed["state"], changed["participant_id"]) == ("live", joined["id"])
    await report(platform, node, IngressState.ENDED)
    over = await host.happened("ingress_stopped")
    assert (over["ingress_id"], over["end"], over["by"]) == (answer["ingress_id"], "finished", None)
    assert (await guest.happened("participant_left"))["participant_id"] == joined["id"]
    await platform.eventually(lambda: node.asked(LeaveRoom, joined["id"]))
    assert not {each["type"] for each in guest.events} & {"ingress_started", "ingress_changed", "ingress_stopped"}


async def test_neither_key_nor_address_is_in_what_is_told_or_stays(platform: Platform) -> None:
    gateway, node = await platform.gateway(), await door_node(platform)
    office = Office(platform)
    host = await platform.join(gateway, "u_host", role=Role.HOST)
    await office.command("start_ingress", **FILM)
    film = node.asked(StartIngress)[-1].ingress_id
    studio = await host.ask("start_ingress", STUDIO)
    assert studio["address"] == "rtmp://192.0.2.1:1935/live"
    assert node.asked(StartIngress)[-1].order.key == studio["stream_key"]
    await host.happened("ingress_started", 2)
    view = await office.ask(RoomRead())
    assert isinstance(view, RoomView)
    assert [(each.id, each.state) for each in view.ingresses] == [
        (film, IngressState.CONNECTING),
        (studio["ingress_id"], IngressState.WAITING),
    ]
    said = msgspec.json.encode([host.events, host.welcome, view])
    meeting = MeetingId(platform.meeting_id)
    for secret, name in ((SECRET, film), (studio["stream_key"], studio["ingress_id"])):
        assert secret.encode() not in said
        assert await keys_that_hold(platform, secret) == {redis_names.kept_ingress(meeting, name)}
        await office.command("stop_ingress", ingress_id=name)
    await platform.eventually(lambda: is_nowhere(platform, SECRET))
    await platform.eventually(lambda: is_nowhere(platform, studio["stream_key"]))
    assert {each.ingress_id for each in node.asked(StopIngress)} == {film, studio["ingress_id"]}


async def test_what_fails_and_what_is_refused_is_told(platform: Platform) -> None:
    gateway, node = await platform.gateway(), await door_node(platform)
    host = await platform.join(gateway, "u_host", role=Role.HOST)
    guest = await platform.join(gateway, "u_guest")
    assert await guest.code("start_ingress", FILM) == "permission_denied"
    node.answers[StartIngress] = lambda _: NONE_HERE
    assert await host.code("start_ingress", STUDIO) == "ingress_unavailable"
    assert "ingress_started" not in {event["type"] for event in host.events}
    del node.answers[StartIngress]
    await host.ask("start_ingress", FILM)
    await report(platform, node, IngressState.FAILED, reason=IngressFailure.REFUSED)
    over = await host.happened("ingress_stopped")
    assert (over["end"], over["reason"]) == ("failed", "refused")
    await platform.eventually(lambda: is_nowhere(platform, SECRET))


async def test_what_a_lost_report_said_is_found_out_and_who_is_removed_does_not_come_back(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repetition, "KEEP_S", 0.05)
    gateway, node = await platform.gateway(), await door_node(platform)
    host = await platform.join(gateway, "u_host", role=Role.HOST)
    told: list[IngressOffer] = [IngressOffer(run=1, sdp=OFFER)]
    node.answers[StartIngress] = lambda asked: Ingressing(
        ingress=ingress_of(asked, IngressState.CONNECTING, offer=told.pop() if told else None)
    )
    await host.ask("start_ingress", STUDIO)
    joined = (await host.happened("participant_joined"))["participant"]
    await platform.eventually(lambda: node.asked(AnswerIngress))
    node.answers[StartIngress] = lambda asked: Ingressing(ingress=ingress_of(asked, IngressState.LIVE))
    await platform.eventually(lambda: [each for each in host.events if each.get("state") == "live"])
    await host.ask("remove_participant", {"participant_id": joined["id"]})
    assert (await host.happened("ingress_stopped"))["end"] == "removed"
    await platform.eventually(lambda: node.asked(StopIngress))


async def test_it_goes_on_at_the_node_to_which_the_meeting_moves(platform: Platform) -> None:
    gateway, first = await platform.gateway(), await platform.node("n_1", load=0.0)
    host = await platform.join(gateway, "u_host", role=Role.HOST)
    answer = await host.ask("start_ingress", STUDIO)
    second = await platform.node("n_2", load=0.5)
    second.answers[StartIngress] = lambda asked: Ingressing(ingress=ingress_of(asked, address="rtmp://192.0.2.2/live"))
    await first.stop()
    await host.received("media_restart")
    changed = await host.happened("ingress_changed")
    assert changed["address"] == "rtmp://192.0.2.2/live", "encoders must know where to send to from now on"
    asked = second.asked(StartIngress)[-1]
    assert (asked.ingress_id, asked.order.key) == (answer["ingress_id"], answer["stream_key"])
