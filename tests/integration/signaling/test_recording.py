"""Recording as clients and the log see it; a scripted peer stands for the node that records."""

from __future__ import annotations

import asyncio

import pytest

from contracts.client_messages import ErrorBody
from contracts.error_codes import ErrorCode
from contracts.meeting_work import RecordingEnded, StartRecording, StopRecording
from contracts.node_rpc import CloseRoom, Refused
from contracts.room_commands import RoomRead, RoomView
from contracts.rooms import ADMINISTRATOR, MeetingId, Role
from signaling_gateway.service import recordings, repetition
from tests.integration.signaling.conftest import Platform
from tests.integration.signaling.test_administration import Office

NO_RECORDER = Refused(error=ErrorBody(code=ErrorCode.RECORDING_UNAVAILABLE, message="This platform has no recorder."))


async def test_everybody_is_told_when_the_node_records_and_when_it_has_stopped(platform: Platform) -> None:
    one, two, node = await platform.gateway(), await platform.gateway(), await platform.node()
    host = await platform.join(one, "u_host", role=Role.HOST)
    guest = await platform.join(two, "u_guest")
    answer = await host.ask("start_recording")
    told = await guest.happened("recording_started")
    assert (told["recording_id"], told["by"]) == (answer["recording_id"], host.id)
    assert [each.recording_id for each in node.asked(StartRecording)] == [answer["recording_id"]]
    late = await platform.join(two, "u_late")
    assert late.welcome["room"]["recording"] == {
        "id": answer["recording_id"],
        "started_at": told["at"],
        "by": host.id,
        "kind": "composite",
        "layout": "grid",
    }
    assert await host.ask("start_recording") == answer, "asked for twice, it is made once"
    assert await host.ask("stop_recording") == {}
    over = await guest.happened("recording_stopped")
    assert (over["recording_id"], over["reason"], over["by"]) == (answer["recording_id"], "asked", host.id)
    assert {each.recording_id for each in node.asked(StopRecording)} == {answer["recording_id"]}
    # Once more when the log has it: another gateway may just have repeated the order.
    await platform.eventually(lambda: len(node.asked(StopRecording)) == 2)
    assert await host.ask("stop_recording") == {}


async def test_nothing_is_announced_where_nothing_records(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recordings, "STOP_TIMEOUT_S", 0.2)
    gateway, node = await platform.gateway(), await platform.node()
    host = await platform.join(gateway, "u_host", role=Role.HOST)
    node.answers[StartRecording] = lambda _: NO_RECORDER
    assert await host.code("start_recording") == "recording_unavailable"
    del node.answers[StartRecording]
    answer = await host.ask("start_recording")
    node.answers[StopRecording] = lambda _: None
    assert await host.code("stop_recording") == "media_node_timeout", (
        "it may be recording yet: nobody is told otherwise"
    )
    assert "recording_stopped" not in {event["type"] for event in host.events}
    assert (await host.happened("recording_started"))["recording_id"] == answer["recording_id"]


async def test_a_node_that_does_not_answer_in_time_is_told_to_stop(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recordings, "START_TIMEOUT_S", 0.2)
    gateway, node = await platform.gateway(), await platform.node()
    host = await platform.join(gateway, "u_host", role=Role.HOST)
    node.answers[StartRecording] = lambda _: None
    assert await host.code("start_recording") == "media_node_timeout"
    await platform.eventually(lambda: node.asked(StopRecording))
    [asked], stopped = node.asked(StartRecording), node.asked(StopRecording)[0]
    assert stopped.recording_id == asked.recording_id, "it may record by and by, and nobody knows"
    assert "recording_started" not in {event["type"] for event in host.events}


async def test_a_recorder_that_fails_is_announced(platform: Platform) -> None:
    one, two, node = await platform.gateway(), await platform.gateway(), await platform.node()
    host, guest = await platform.join(one, "u_host", role=Role.HOST), await platform.join(two, "u_guest")
    answer = await host.ask("start_recording")
    report = RecordingEnded(
        node_id=node.id, meeting_id=MeetingId(platform.meeting_id), recording_id=answer["recording_id"], reason="full"
    )
    await node.report(report)
    over = await guest.happened("recording_stopped")
    assert (over["reason"], over["by"]) == ("failed", None)
    assert "recording_id" in await host.ask("start_recording")


async def test_a_failure_whose_report_is_lost_is_found_out(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repetition, "KEEP_S", 0.05)
    gateway, node = await platform.gateway(), await platform.node()
    host = await platform.join(gateway, "u_host", role=Role.HOST)
    await host.ask("start_recording")
    node.answers[StartRecording] = lambda _: NO_RECORDER
    assert (await host.happened("recording_stopped"))["reason"] == "failed"


async def test_a_recording_goes_on_at_the_node_to_which_the_meeting_moves(platform: Platform) -> None:
    gateway, first = await platform.gateway(), await platform.node("n_1", load=0.0)
    host = await platform.join(gateway, "u_host", role=Role.HOST)
    answer = await host.ask("start_recording")
    second = await platform.node("n_2", load=0.5)
    await first.stop()
    await host.received("media_restart")
    await platform.eventually(lambda: second.asked(StartRecording))
    assert {each.recording_id for each in second.asked(StartRecording)} == {answer["recording_id"]}
    assert second.asked(StartRecording)[-1].nodes == (second.id,), "it may know nothing of the meeting"
    assert "recording_stopped" not in {event["type"] for event in host.events}
    await host.ask("stop_recording")
    assert {each.recording_id for each in second.asked(StopRecording)} == {answer["recording_id"]}


async def test_the_last_one_leaving_and_the_end_of_the_meeting_end_it(platform: Platform) -> None:
    gateway, node = await platform.gateway(), await platform.node()
    host = await platform.join(gateway, "u_host", role=Role.HOST)
    first = await host.ask("start_recording")
    await host.ask("leave_meeting")
    await platform.eventually(lambda: node.asked(StopRecording))
    assert {each.recording_id for each in node.asked(StopRecording)} == {first["recording_id"]}
    again = await platform.join(gateway, "u_host", role=Role.HOST)
    assert again.welcome["room"]["recording"] is None
    await again.ask("start_recording")
    async with asyncio.timeout(10):
        await again.ask("end_meeting")
    assert (await again.happened("recording_stopped"))["reason"] == "ended"
    await platform.eventually(lambda: node.asked(CloseRoom))


async def test_a_recording_is_started_and_stopped_from_a_server(platform: Platform) -> None:
    gateway, _ = await platform.gateway(), await platform.node()
    office = Office(platform)
    ada = await platform.join(gateway, "u_ada")
    recording = await office.command("start_recording")
    assert (await ada.happened("recording_started"))["by"] == ADMINISTRATOR
    view = await office.ask(RoomRead())
    assert isinstance(view, RoomView)
    assert view.recording is not None
    assert view.recording.id == recording["recording_id"]
    assert await office.command("stop_recording") == {}
    assert (await ada.happened("recording_stopped"))["by"] == ADMINISTRATOR
