"""Who is sent to another node while the former one still answers gets no offer of the former one any more."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from contracts.error_codes import ErrorCode
from contracts.node_rpc import JoinRoom, NodeRequest, Offer, RestartSubscription, SubscriptionOffered
from contracts.rooms import MeetingId, NodeId, ParticipantId
from signaling_gateway.errors import NodeError
from signaling_gateway.service.media_negotiation import MediaNegotiation

EAST, WEST = NodeId("east"), NodeId("west")


class Nodes:
    """Each offers itself; what a node is doing as it is asked, ``meanwhile`` says."""

    def __init__(self) -> None:
        self.meanwhile: dict[NodeId, Any] = {}

    async def request(self, node_id: NodeId, request: NodeRequest, *, timeout_s: float) -> SubscriptionOffered:
        assert timeout_s > 0
        assert isinstance(request, JoinRoom | RestartSubscription)
        self.meanwhile.pop(node_id, lambda: None)()
        return SubscriptionOffered(offer=Offer(generation=1, negotiation=1, sdp=f"by {node_id}", tracks=()))


class Meeting:
    """One participant, at a node, and what their client is told."""

    def __init__(self) -> None:
        self.nodes = Nodes()
        self.node_id = EAST
        self.told: asyncio.Queue[str] = asyncio.Queue()
        self._tasks: list[asyncio.Task[Any]] = []
        permissions = SimpleNamespace(subscribe=True, chat=True)
        stay = SimpleNamespace(info=SimpleNamespace(id="ada", permissions=permissions, breakout=None), node_id=None)
        state = SimpleNamespace(
            policy=SimpleNamespace(e2ee=False),
            node_of=lambda _participant: self.node_id,
            stay_of=lambda _participant: stay,
            stays={"ada": stay},
            version=1,
            nodes_in_use=(),
            spotlight=(),
        )
        self.connection: Any = SimpleNamespace(
            sid="sid",
            participant_id=ParticipantId("ada"),
            room=SimpleNamespace(meeting_id=MeetingId("m"), state=state),
            negotiating=asyncio.Lock(),
            joined_node=None,
            leaving_node=None,
            restarts=0,
            restarts_told=0,
            began=1,
            stands=True,
            names={},
            may_receive=lambda _permissions: True,
        )
        self.negotiation = MediaNegotiation(
            rpc=self.nodes,
            spanning=SimpleNamespace(node_of=self._node_of, is_gone=lambda _node_id: False),  # type: ignore[arg-type]
            news=SimpleNamespace(tell=lambda *_: None),  # type: ignore[arg-type]
            delivery=SimpleNamespace(send=self._send),
            new_track_id=lambda: None,  # type: ignore[arg-type,return-value]
            tasks=SimpleNamespace(spawn=lambda work: self._tasks.append(asyncio.ensure_future(work))),  # type: ignore[arg-type]
        )

    async def _node_of(self, _connection: Any) -> NodeId:
        return self.node_id

    def _send(self, _sids: Any, event: str, message: Any) -> None:
        self.told.put_nowait(message.sdp if event == "subscriber_offer" else event)

    def send_away(self) -> None:
        self.node_id = WEST
        self.negotiation.sent(self.connection)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _next(meeting: Meeting, count: int) -> list[str]:
    async with asyncio.timeout(5):
        return [await meeting.told.get() for _ in range(count)]


async def test_an_offer_to_join_that_comes_after_the_move_is_not_passed_on() -> None:
    meeting = Meeting()
    meeting.nodes.meanwhile[EAST] = meeting.send_away
    meeting.negotiation.attach(meeting.connection)
    assert await _next(meeting, 2) == ["media_restart", f"by {WEST}"]
    await meeting.close()


async def test_a_fresh_offer_of_the_former_node_is_not_passed_on_after_the_move() -> None:
    meeting = Meeting()
    meeting.negotiation.attach(meeting.connection)
    assert await _next(meeting, 1) == [f"by {EAST}"]
    meeting.nodes.meanwhile[EAST] = meeting.send_away
    await meeting.negotiation.restart(meeting.connection)
    assert await _next(meeting, 2) == ["media_restart", f"by {WEST}"]
    await meeting.close()


async def test_who_asked_for_something_of_the_former_node_is_told_that_it_is_void() -> None:
    meeting = Meeting()
    meeting.nodes.meanwhile[EAST] = meeting.send_away
    request = RestartSubscription(meeting_id=MeetingId("m"), participant_id=ParticipantId("ada"))
    with pytest.raises(NodeError) as refused:
        await meeting.negotiation.ask(meeting.connection, request, SubscriptionOffered, attach=True)
    assert refused.value.code == ErrorCode.STALE_NEGOTIATION
    await meeting.close()
