"""What the events of broadcasts make of the room: part of `signaling_gateway.domain.evolve`."""

from __future__ import annotations

from msgspec.structs import replace

from contracts.broadcast_events import BroadcastChanged, BroadcastStarted, BroadcastStopped
from contracts.room_broadcast import BroadcastInfo
from signaling_gateway.domain.room_state import RoomState


def broadcast_started(state: RoomState, event: BroadcastStarted) -> RoomState:
    """It is on."""
    broadcast = BroadcastInfo(
        id=event.broadcast_id, started_at=event.at, by=event.by, layout=event.layout, watch_key=event.watch_key
    )
    return replace(state, broadcast=broadcast)


def broadcast_changed(state: RoomState, event: BroadcastChanged) -> RoomState:
    """Its servers do as the event says."""
    if state.broadcast is None or state.broadcast.id != event.broadcast_id:
        return state
    return replace(state, broadcast=replace(state.broadcast, targets=event.targets))


def broadcast_stopped(state: RoomState, event: BroadcastStopped) -> RoomState:  # noqa: ARG001  (every entry takes both)
    """None is on."""
    return replace(state, broadcast=None)
