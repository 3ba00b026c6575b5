"""A packet core that has lost a thread."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from typing import Any

import pytest
from packet_core import PacketCoreError

from media_fleet.adapters.core_events import CoreEvents
from media_fleet.adapters.held_media import HeldMedia


class LostCore:
    """Its descriptor stays readable, as the real one's does."""

    def __init__(self) -> None:
        self.fd = os.eventfd(1)
        self.drained = 0

    def event_fd(self) -> int:
        return self.fd

    def drain_events(self) -> list[Any]:
        self.drained += 1
        raise PacketCoreError("the packet core is closed")


@pytest.fixture
def core() -> Iterator[LostCore]:
    core = LostCore()
    yield core
    os.close(core.fd)


async def test_it_is_told_once_and_the_event_loop_goes_on(core: LostCore) -> None:
    events = CoreEvents(core, HeldMedia(), links=None, listener=None)  # type: ignore[arg-type]
    events.start()
    with pytest.raises(PacketCoreError, match="closed"):
        await asyncio.wait_for(events.failure(), 10)
    for _ in range(10):
        await asyncio.sleep(0)
    assert core.drained == 1
    events.stop()
