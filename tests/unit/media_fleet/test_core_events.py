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


class TalkativeCore(LostCore):
    """Tells two things at once."""

    def drain_events(self) -> list[Any]:
        os.eventfd_read(self.fd)
        return ["one that a bug is in", "another"]


async def test_an_event_that_cannot_be_handled_loses_no_other(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    core = TalkativeCore()
    heard: asyncio.Queue[object] = asyncio.Queue()

    def happened(_events: CoreEvents, event: object) -> None:
        if event != "another":
            raise ValueError("a bug")
        heard.put_nowait(event)

    monkeypatch.setattr(CoreEvents, "_happened", happened)
    events = CoreEvents(core, HeldMedia(), links=None, listener=None)  # type: ignore[arg-type]
    events.start()
    assert await asyncio.wait_for(heard.get(), 10) == "another"
    assert "could not be handled" in caplog.text
    events.stop()
    os.close(core.fd)
