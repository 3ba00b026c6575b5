"""Links of the control plane between two real packet cores."""

from __future__ import annotations

import asyncio

from packet_core import PacketCore, TransportConnected

from contracts.node_links import LinkEnd
from contracts.rooms import MeetingId, NodeId
from media_fleet.adapters.link_plane import LinkPlane

PATIENCE_S = 20
MEETING, OTHER, THIRD = (MeetingId(name) for name in "mno")


def end(number: int, core: PacketCore) -> LinkEnd:
    return LinkEnd(id=number, address="127.0.0.1", port=core.local_port, secret=bytes([number]) * 32)


async def until_connected(core: PacketCore, links: int = 1) -> None:
    """The core hears the other ends of so many links."""
    loop = asyncio.get_running_loop()
    heard = asyncio.Event()
    connected: set[int] = set()

    def drain() -> None:
        connected.update(event.transport for event in core.drain_events() if isinstance(event, TransportConnected))
        if len(connected) >= links:
            heard.set()

    loop.add_reader(core.event_fd(), drain)
    try:
        await asyncio.wait_for(heard.wait(), PATIENCE_S)
    finally:
        loop.remove_reader(core.event_fd())


async def test_threads_of_two_nodes_are_linked_that_have_a_meeting_in_common() -> None:
    west, east = (PacketCore(bind_addresses=["127.0.0.1"], port=0, threads=threads) for threads in (2, 3))
    here, there = {MEETING: 1, OTHER: 0, THIRD: 1}, {MEETING: 2, OTHER: 2, THIRD: 2}
    west_plane, east_plane = LinkPlane(west, here.get), LinkPlane(east, there.get)
    try:
        ends = end(1, west), end(2, east)
        west_plane.open(NodeId("east"), *ends)
        east_plane.open(NodeId("west"), *reversed(ends))
        for meeting_id in (MEETING, OTHER, THIRD):
            assert west_plane.place(NodeId("east"), meeting_id, there[meeting_id])
            assert east_plane.place(NodeId("west"), meeting_id, here[meeting_id])
            assert not east_plane.place(NodeId("west"), meeting_id, here[meeting_id])
        # Each pair hears the other end, whichever threads the kernel gives what comes: it is authentic there alone.
        for core in (west, east):
            await until_connected(core, 2)
        stats = [each.transports for core in (west, east) for each in core.thread_stats() if each is not None]
        assert stats == [1, 1, 0, 0, 2]
        assert (west.stats().dropped_authentication, east.stats().dropped_authentication) == (0, 0)
        east_plane.close(NodeId("west"))
        assert east.stats().transports == 0
    finally:
        west.close()
        east.close()


async def test_a_node_that_starts_anew_under_another_id_is_linked_at_its_address() -> None:
    west, east = (PacketCore(bind_addresses=["127.0.0.1"], port=0) for _ in range(2))
    west_plane, east_plane = LinkPlane(west, lambda _: 0), LinkPlane(east, lambda _: 0)
    try:
        before = NodeId("east-1"), end(1, west), end(2, east)
        west_plane.open(*before)
        east_plane.open(NodeId("west"), before[2], before[1])
        assert west_plane.place(NodeId("east-1"), MEETING, 0)
        assert east_plane.place(NodeId("west"), MEETING, 0)
        await until_connected(west)
        # The process at the same address is another one, and nobody has said yet that the former one is gone.
        after = NodeId("east-2"), end(3, west), end(4, east)
        west_plane.open(*after)
        east_plane.open(NodeId("west"), after[2], after[1])
        assert west_plane.place(NodeId("east-2"), MEETING, 0)
        assert east_plane.place(NodeId("west"), MEETING, 0)
        await until_connected(west)
        assert west_plane.is_open(NodeId("east-2"))
        assert not west_plane.is_open(NodeId("east-1"))
        assert west.stats().transports == 1
    finally:
        west.close()
        east.close()
