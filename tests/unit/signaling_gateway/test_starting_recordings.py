"""What the log says of a recording when several start one: what the node makes, whoever asked for what."""

from __future__ import annotations

import itertools
from typing import Any, cast

import pytest

from contracts import client_commands as wire
from contracts.meeting_work import Recording, StartRecording
from contracts.node_rpc import NodeAnswer, NodeRequest
from contracts.recording_order import RecordingOrder
from contracts.rooms import CompositeLayout, NodeId, RecordingInfo, RecordingKind
from signaling_gateway.domain.commands import PlaceNode
from signaling_gateway.service.background import BackgroundTasks
from signaling_gateway.service.live_room import LiveRoom
from signaling_gateway.service.node_news import NodeNews
from signaling_gateway.service.recordings import Recordings
from signaling_gateway.service.spanning import Spanning
from tests.doubles.memory_log import MemoryLog
from tests.unit.signaling_gateway.test_decisions import ADA, BOB, MEETING, join
from tests.unit.signaling_gateway.test_room_over_many_gateways import Silent

NODE = NodeId("n")


class _Node:
    """Makes what it was asked for first."""

    def __init__(self) -> None:
        self.makes: Recording | None = None

    async def request(self, node_id: NodeId, request: NodeRequest, *, timeout_s: float) -> NodeAnswer:
        assert (node_id, isinstance(request, StartRecording), timeout_s > 0) == (NODE, True, True)
        assert isinstance(request, StartRecording)
        if self.makes is None:
            order = RecordingOrder(kind=request.order.kind, layout=request.order.layout)
            self.makes = Recording(recording_id=request.recording_id, prefix="p/", order=order)
        return self.makes


class Gateway:
    """A gateway's recordings, with a room of its own on a log that others have, too."""

    def __init__(self, name: str, log: MemoryLog, node: _Node) -> None:
        self.tasks = BackgroundTasks()
        self.room = LiveRoom(
            MEETING,
            log=log,
            now=lambda: 1,
            append_ids=(f"{name}{number}" for number in itertools.count()),
            delivery=Silent(),
            listener=Silent(),
            tasks=self.tasks,
        )
        self.recordings = Recordings(
            rpc=node,
            spanning=Spanning(cast("Any", None)),
            news=NodeNews(rpc=node, tasks=self.tasks),
            rooms=cast("Any", None),
            new_id=lambda: name,
            tasks=self.tasks,
        )

    @property
    def told(self) -> RecordingInfo:
        recording = self.room.state.recording
        assert recording is not None
        return recording


@pytest.fixture
def log() -> MemoryLog:
    return MemoryLog()


async def test_of_two_kinds_that_are_started_at_once_the_log_says_the_one_that_is_made(log: MemoryLog) -> None:
    node = _Node()
    # The node has heard of the first gateway's first, and the log of the second one's.
    first, second = Gateway("first", log, node), Gateway("second", log, node)
    await second.room.execute(join(ADA))
    await second.room.execute(join(BOB))
    await second.room.execute(PlaceNode(node_id=NODE, instead_of=None))
    order = RecordingOrder(kind=RecordingKind.AUDIO, layout=CompositeLayout.SPEAKER)
    asked = StartRecording(meeting_id=MEETING, recording_id="rec_first", order=order)
    await node.request(NODE, asked, timeout_s=1)
    answer = await second.recordings.start(second.room, BOB, wire.StartRecording(kind=RecordingKind.BOTH))
    assert answer.recording_id == "rec_first"
    assert (second.told.kind, second.told.layout) == (RecordingKind.AUDIO, CompositeLayout.SPEAKER)
    await first.room.caught_up()
    same = await first.recordings.start(first.room, ADA, wire.StartRecording(kind=RecordingKind.AUDIO))
    assert (same.recording_id, first.told) == ("rec_first", second.told)
    for each in (first, second):
        await each.tasks.settle(5)


@pytest.mark.parametrize("kind", [None, *RecordingKind])
async def test_what_is_started_is_of_the_kind_that_is_asked_for_or_else_of_the_meetings(
    log: MemoryLog, kind: RecordingKind | None
) -> None:
    gateway = Gateway("g", log, _Node())
    await gateway.room.execute(join(ADA))
    await gateway.room.execute(PlaceNode(node_id=NODE, instead_of=None))
    await gateway.recordings.start(gateway.room, ADA, wire.StartRecording(kind=kind, layout=CompositeLayout.SPEAKER))
    assert gateway.told.kind is (kind or gateway.room.state.rules.recording_kind)
    assert gateway.told.layout is CompositeLayout.SPEAKER
    await gateway.tasks.settle(5)
