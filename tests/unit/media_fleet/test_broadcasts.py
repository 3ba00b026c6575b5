"""A node's broadcasts: what gateways are told, what goes on when a broadcaster ends, and when none begins."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from typing import Any, get_args

import pytest

from contracts.broadcasting import Broadcast, BroadcastOrder, BroadcastState, BroadcastTarget, TargetState
from contracts.meeting_work import BROADCAST_KEPT_S, BroadcastChanged, Broadcasting, StartBroadcast
from contracts.node_rpc import GatewayMessage, NodeAnswer, Refused
from contracts.rooms import CompositeLayout, GatewayId, MeetingId, NodeId
from media_fleet import broadcasts as module
from media_fleet.adapters.broadcasters import LINGER_S, BroadcasterListener, BroadcasterProcess, Broadcasters
from media_fleet.broadcast_site import BroadcastSite
from media_fleet.broadcasts import Broadcasts as NodeBroadcasts
from media_fleet.domain.effects import CloseTransport, Effect, RecorderEffect, TransportKey
from media_fleet.domain.errors import BroadcastUnavailableError
from media_fleet.domain.room import Room
from media_fleet.domain.session_description import IceCredentials
from media_fleet.dtls_border import SrtpKeys
from media_fleet.recorder.protocol import BeginBroadcast, BroadcastOrdered, FinishBroadcast, PeopleChanged
from media_fleet.recorder_site import CompositeQuality
from media_fleet.recordings import RESTARTS
from tests.unit.media_fleet.test_room_properties import END, Numbers

GATEWAY = GatewayId("g")
M1, M2 = MeetingId("m1"), MeetingId("m2")
TARGET = BroadcastTarget(id="t1", url="rtmp://a.example/live/key")


class _Broadcasters(Broadcasters):
    """Broadcasters whose processes are the test."""

    def __init__(self, listener: BroadcasterListener) -> None:
        super().__init__(listener)
        self.started: list[BroadcasterProcess] = []

    def start(self, begin: BeginBroadcast) -> BroadcasterProcess:
        self.started.append(super().start(begin))
        return self.started[-1]

    async def _run(self, broadcaster: BroadcasterProcess) -> None:
        await asyncio.get_running_loop().create_future()


class Node:
    """All of a node that broadcasts need: real rooms, and a plane that keeps which transports are open."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, recorded: int = 0) -> None:
        made: list[_Broadcasters] = []

        def make(listener: BroadcasterListener) -> _Broadcasters:
            made.append(_Broadcasters(listener))
            return made[-1]

        monkeypatch.setattr(module, "Broadcasters", make)
        self.open: set[tuple[MeetingId, TransportKey]] = set()
        self.told: list[GatewayMessage] = []
        self.rooms: dict[MeetingId, Room] = {}
        site = BroadcastSite(
            node_id=NodeId("n"),
            address="127.0.0.1",
            port=5004,
            origin_address="10.0.0.7",
            first_port=8100,
            quality=CompositeQuality(height=360, frame_rate=10, threads=1),
            held_ms=700,
            may_reach_any=False,
            most_composites=2,
        )
        self.broadcasts = NodeBroadcasts(
            site,
            plane=self,
            carry_out=self._carry_out,
            emit=lambda _, message: self.told.append(message),
            recorded_composites=lambda: recorded,
        )
        self.processes = made[0].started

    def open_keyed(self, meeting_id: MeetingId, key: TransportKey, _ice: IceCredentials, _keys: SrtpKeys) -> None:
        self.open.add((meeting_id, key))

    def _carry_out(self, meeting_id: MeetingId, effects: Iterable[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, CloseTransport):
                self.open.remove((meeting_id, effect.transport))
            elif isinstance(effect, get_args(RecorderEffect)):
                self.broadcasts.tell(meeting_id, effect)  # as `MeetingWorkers` does

    def _room_for(self, meeting_id: MeetingId) -> Room:
        return self.rooms.setdefault(meeting_id, Room(meeting_id, node=END, randomness=Numbers()))

    def start(
        self, meeting_id: MeetingId = M1, *, version: int = 1, goes_on: bool = False, **order: Any
    ) -> asyncio.Future[NodeAnswer]:
        request = StartBroadcast(
            meeting_id=meeting_id,
            broadcast_id=f"brc_{meeting_id}",
            order=BroadcastOrder(**order),
            goes_on=goes_on,
            version=version,
        )
        return self.broadcasts.start(GATEWAY, request, self._room_for)

    @property
    def states(self) -> list[BroadcastState]:
        return [each.state for each in self.told if isinstance(each, BroadcastChanged)]

    def waiting(self, number: int = -1) -> list[Any]:
        """What a broadcaster has been told whose process does not run yet, but for the first message."""
        return self.processes[number]._waiting[1:]


@pytest.fixture
def node(monkeypatch: pytest.MonkeyPatch) -> Node:
    return Node(monkeypatch)


def made(answer: asyncio.Future[NodeAnswer]) -> Broadcast:
    told = answer.result()
    assert isinstance(told, Broadcasting)
    return told.broadcast


async def test_it_is_answered_once_the_broadcaster_runs(node: Node) -> None:
    answer = node.start(targets=(TARGET,))
    assert not answer.done()
    node.broadcasts.broadcaster_ready(node.processes[0], 8100)
    told = made(answer)
    path = node.processes[0].begin.origin
    assert path is not None
    assert told.origin == f"http://10.0.0.7:8100/{path.path}/"
    assert len(path.path) > 30
    assert told.targets == (TargetState(id="t1", state=BroadcastState.CONNECTING),)
    assert "key" not in repr(node.processes[0].begin)


async def test_what_changes_of_servers_is_told_with_all_of_them(node: Node) -> None:
    node.start(targets=(TARGET,))
    node.broadcasts.broadcaster_ready(node.processes[0], 8100)
    states = (TargetState(id="t1", state=BroadcastState.LIVE),)
    for _ in range(2):
        node.broadcasts.targets_changed(node.processes[0], states)
    [told] = node.told
    assert isinstance(told, BroadcastChanged)
    assert (told.state, told.broadcast.targets) == (BroadcastState.LIVE, states)


async def test_a_later_order_is_taken_over_and_an_earlier_one_is_not(node: Node) -> None:
    node.start(version=3, layout=CompositeLayout.GRID)
    node.start(version=5, layout=CompositeLayout.SPEAKER, targets=(TARGET,))
    node.start(version=4, layout=CompositeLayout.GRID)
    kinds = [type(each) for each in node.waiting()]
    assert kinds == [PeopleChanged, BroadcastOrdered]
    assert node.waiting()[1].targets == (TARGET,)


async def test_another_broadcaster_goes_on_at_the_same_address_a_few_times(node: Node) -> None:
    answer = node.start()
    node.broadcasts.broadcaster_ready(node.processes[0], 8100)
    for number in range(RESTARTS):
        node.broadcasts.broadcaster_ended(node.processes[number], "killed")
        begin = node.processes[number + 1].begin
        assert begin.run == number + 1
        assert begin.origin == node.processes[0].begin.origin
        node.broadcasts.broadcaster_ready(node.processes[number + 1], 8100)
        assert len(node.open) == 1
    node.broadcasts.broadcaster_ended(node.processes[-1], "killed")
    assert node.states == [BroadcastState.CONNECTING, BroadcastState.LIVE] * RESTARTS + [BroadcastState.FAILED]
    assert not node.open
    with pytest.raises(BroadcastUnavailableError, match="failed"):
        node.start()
    assert made(answer).broadcast_id == "brc_m1"


async def test_one_that_has_begun_at_another_node_goes_on_here(node: Node) -> None:
    node.start(goes_on=True)
    assert node.processes[0].begin.run == 1


async def test_one_that_never_runs_is_refused(node: Node) -> None:
    answer = node.start()
    node.broadcasts.broadcaster_ended(node.processes[0], "the broadcaster did not start")
    assert isinstance(answer.result(), Refused)
    assert len(node.processes) == 1


async def test_recordings_and_broadcasts_share_what_a_node_makes(monkeypatch: pytest.MonkeyPatch) -> None:
    node = Node(monkeypatch, recorded=1)
    node.start()
    with pytest.raises(BroadcastUnavailableError, match="As many"):
        node.start(M2)


async def test_two_broadcasts_have_two_ports_and_end_with_a_while_to_be_told(node: Node) -> None:
    node.start()
    node.start(M2)
    assert [each.port for each in node.processes] == [8100, 8101]
    node.broadcasts.stop(M1, "another")
    assert len(node.open) == 2
    node.broadcasts.stop(M1, "brc_m1")
    assert [meeting_id for meeting_id, _ in node.open] == [M2]
    finish = node.waiting(0)[-1]
    assert isinstance(finish, FinishBroadcast)
    assert finish.linger_s == pytest.approx(30)
    assert finish.is_over


async def test_those_who_watch_are_not_told_of_an_end_where_it_may_go_on_elsewhere(node: Node) -> None:
    node.start()
    node.start(M2)
    node._carry_out(M1, node.rooms[M1].close())  # as of a node that drains or stops
    node.broadcasts.tick(time.monotonic() + BROADCAST_KEPT_S + 1)
    for number in (0, 1):
        finish = node.waiting(number)[-1]
        assert isinstance(finish, FinishBroadcast)
        assert finish.linger_s == 0
        assert not finish.is_over


async def test_what_nobody_asks_for_ends(node: Node) -> None:
    node.start()
    node.broadcasts.tick(time.monotonic() + BROADCAST_KEPT_S - 1)
    assert node.open
    node.broadcasts.tick(time.monotonic() + BROADCAST_KEPT_S + 1)
    assert not node.open


def lingers(node: Node) -> list[bool]:
    """Of each broadcaster, whether it goes on serving its end."""
    finishes = [[each.linger_s for each in node.waiting(n) if isinstance(each, FinishBroadcast)] for n in range(4)]
    return [each == [LINGER_S] for each in finishes]


async def test_whoever_starts_and_stops_in_a_loop_has_one_that_serves_its_end(node: Node) -> None:
    for _ in range(4):
        node.start()
        node.broadcasts.stop(M1, "brc_m1")
    assert lingers(node) == [False, False, False, True]
    assert len({each.port for each in node.processes}) == 4, "those that are to end have their ports until they have"


async def test_of_those_that_serve_their_end_the_oldest_give_room(node: Node) -> None:
    meetings = [MeetingId(f"m{number}") for number in range(4)]
    for each in meetings[:3]:
        node.start(each)
        node.broadcasts.stop(each, f"brc_{each}")
    node.start(meetings[3])
    node.broadcasts.stop(meetings[3], f"brc_{meetings[3]}")
    assert lingers(node) == [False, False, True, True], "two places, of which one is taken while another begins"


async def test_one_that_does_not_end_when_it_is_to_is_killed(monkeypatch: pytest.MonkeyPatch, node: Node) -> None:
    node.start()
    node.broadcasts.stop(M1, "brc_m1")
    process = await asyncio.create_subprocess_exec("sleep", "600", stdin=asyncio.subprocess.PIPE)
    node.processes[0].runs(process)
    monkeypatch.setattr("media_fleet.adapters.broadcasters.FINISH_S", 0.0)
    node.start()
    assert await asyncio.wait_for(process.wait(), 20) < 0
