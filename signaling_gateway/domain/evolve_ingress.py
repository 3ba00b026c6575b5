"""What the events of ingresses make of the room: part of `signaling_gateway.domain.evolve`."""

from __future__ import annotations

from msgspec.structs import replace

from contracts.ingress_events import IngressChanged, IngressStarted, IngressStopped
from signaling_gateway.domain.room_state import RoomState


def ingress_started(state: RoomState, event: IngressStarted) -> RoomState:
    """It is open."""
    return replace(state, ingresses={**state.ingresses, event.ingress.id: event.ingress})


def ingress_changed(state: RoomState, event: IngressChanged) -> RoomState:
    """It does as the event says."""
    known = state.ingresses.get(event.ingress_id)
    if known is None:
        return state
    changed = replace(
        known, state=event.state, address=event.address, participant_id=event.participant_id, reason=event.reason
    )
    return replace(state, ingresses={**state.ingresses, known.id: changed})


def ingress_stopped(state: RoomState, event: IngressStopped) -> RoomState:
    """It is open no more."""
    return replace(state, ingresses={name: each for name, each in state.ingresses.items() if name != event.ingress_id})
