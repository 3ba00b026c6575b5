"""Orders that are repeated: what a log says that its meeting's node shall make or take (recordings, broadcasts,
ingresses).

So it goes on at a node to which the meeting has moved, and what has become of it is known even if a report was lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from contracts.rooms import MeetingId
from signaling_gateway.service.background import BackgroundTasks
from signaling_gateway.service.live_room import LiveRoom

START_TIMEOUT_S = 8.0
"""Who makes it is a process of its own, which has to start."""
STOP_TIMEOUT_S = 3.0
TOGETHER_S = 0.3
"""How long those who come after each other are waited for, before a node is told."""
KEEP_S = 10.0
"""How often a gateway repeats to the nodes what the logs say."""


class Repetition:
    """When an order is given again. ``keep`` gives that of a room, if there is one."""

    def __init__(self, keep: Callable[[LiveRoom], None], tasks: BackgroundTasks) -> None:
        self._keep = keep
        self._tasks = tasks
        self._telling: set[MeetingId] = set()
        """Rooms whose node is about to be told who is there."""

    def people_changed(self, room: LiveRoom) -> None:
        """Has the node know who is in the main room, soon: many who come together are told of at once."""
        if room.meeting_id not in self._telling:
            self._telling.add(room.meeting_id)
            self._tasks.spawn(self._tell_people(room))

    async def run(self, rooms: Callable[[], Iterable[LiveRoom]]) -> None:
        """Repeats those of ``rooms`` until cancelled."""
        while True:
            await asyncio.sleep(KEEP_S)
            for room in rooms():
                self._keep(room)

    async def _tell_people(self, room: LiveRoom) -> None:
        await asyncio.sleep(TOGETHER_S)
        self._telling.discard(room.meeting_id)
        self._keep(room)
