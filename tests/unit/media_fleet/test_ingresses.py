"""Streams that come by RTMP: whoever comes again and again by one key makes one process at a time."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable

import pytest

from contracts.ingesting import IngressFailure, IngressOrder, IngressState
from contracts.meeting_work import IngressChanged, StartIngress
from contracts.node_rpc import GatewayMessage
from contracts.rooms import GatewayId, MeetingId, NodeId
from media_fleet import ingresses as module
from media_fleet.ingress_site import IngressSite
from media_fleet.ingresses import Ingresses
from media_fleet.rtmp.session import Phase, RtmpSession, handed_over

PATIENCE_S = 60
MEETING = MeetingId("m")
SESSION = handed_over(RtmpSession(phase=Phase.ASKED))


class Coming:
    """A node's ingresses, of which there may be one at once, and those who send."""

    def __init__(self) -> None:
        site = IngressSite(
            node_id=NodeId("n"),
            address="127.0.0.1",
            port=9,
            rtmp_address="127.0.0.1",
            rtmp_port=0,
            rtmp_url="rtmp://x/live",
            may_reach_any=False,
            height=720,
            most=1,
        )
        self.told: list[IngressChanged] = []
        self.ingresses = Ingresses(site, self._hear)
        self.senders: list[socket.socket] = []

    def _hear(self, _: GatewayId, message: GatewayMessage) -> None:
        assert isinstance(message, IngressChanged)
        self.told.append(message)

    def open(self, key: str) -> None:
        order = IngressOrder(key=key)
        self.ingresses.start(GatewayId("g"), StartIngress(meeting_id=MEETING, ingress_id=key, order=order))

    def come(self, key: str) -> bool:
        """Somebody shows a key, as the door tells it."""
        if not self.ingresses.shown(key):
            return False
        ours, theirs = socket.socketpair()
        theirs.settimeout(PATIENCE_S)
        self.senders.append(theirs)
        self.ingresses.pushed(key, ours.detach(), SESSION)
        return True

    def is_over(self, sender: socket.socket) -> bool:
        """Whether nobody has the other end any more, who has said nothing."""
        sender.setblocking(False)
        try:
            return sender.recv(1) == b""
        except BlockingIOError:
            return False


@pytest.fixture
async def coming() -> AsyncIterator[Coming]:
    coming = Coming()
    await coming.ingresses.door.open("127.0.0.1", 0)
    coming.open("K")
    yield coming
    await coming.ingresses.close()
    for each in coming.senders:
        each.close()


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not holds():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.005)


async def test_one_key_makes_one_process_at_a_time_and_who_comes_last_goes_on(
    coming: Coming, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BETWEEN_S", 0.0)
    coming.come("K")
    await until(lambda: len(coming.ingresses.processes) == 1)
    [first] = coming.ingresses.processes
    assert all(coming.come("K") for _ in range(20))
    assert len(coming.ingresses._ingesters) == 1
    assert [coming.is_over(each) for each in coming.senders[1:]] == [True] * 19 + [False]
    await until(lambda: coming.ingresses.processes not in ([first], []))
    assert len(coming.ingresses.processes) == 1
    last = coming.senders[-1]
    last.setblocking(True)
    assert b"NetStream.Publish.Start" in await asyncio.to_thread(last.recv, 4_096)
    assert [each.ingress.state for each in coming.told] == [IngressState.CONNECTING] * 2


async def test_what_is_told_to_end_before_it_has_begun_does_not_begin(coming: Coming) -> None:
    coming.come("K")
    coming.come("K")
    former = coming.ingresses._open["K"].ingester
    assert former is not None
    await until(lambda: len(coming.ingresses._ingesters) == 0)
    assert former.process is None


async def test_between_two_starts_by_one_key_some_time_passes(coming: Coming, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BETWEEN_S", 3_600.0)
    assert all(coming.come("K") for _ in range(10))
    await until(lambda: len(coming.ingresses._ingesters) == 0)
    assert all(coming.come("K") for _ in range(10))
    assert len(coming.ingresses._ingesters) == 0
    assert len(coming.told) == 1
    assert [coming.is_over(each) for each in coming.senders] == [True] * 19 + [False]
    coming.open("other")
    assert not coming.come("other"), "who waits for their turn has a place"
    await coming.ingresses.close()
    assert coming.is_over(coming.senders[-1])


async def test_that_a_node_is_full_is_told_once(coming: Coming) -> None:
    coming.come("K")
    coming.open("other")
    del coming.told[:]
    assert not any(coming.come("other") for _ in range(5))
    [told] = coming.told
    assert (told.ingress.ingress_id, told.ingress.state) == ("other", IngressState.WAITING)
    assert told.ingress.reason is IngressFailure.UNAVAILABLE
