"""What a meeting log says of broadcasts: part of `contracts.log_events`. No address of a server is in it."""

from __future__ import annotations

from contracts.logged import Logged
from contracts.room_broadcast import BroadcastEnd, BroadcastTargetInfo
from contracts.rooms import CompositeLayout, ParticipantId


class BroadcastStarted(Logged, frozen=True, kw_only=True, tag="broadcast_started"):
    """The meeting's media node has begun to stream the main room out."""

    broadcast_id: str
    by: ParticipantId
    layout: CompositeLayout
    watch_key: str | None


class BroadcastChanged(Logged, frozen=True, kw_only=True, tag="broadcast_changed"):
    """How its servers do."""

    broadcast_id: str
    targets: tuple[BroadcastTargetInfo, ...]


class BroadcastStopped(Logged, frozen=True, kw_only=True, tag="broadcast_stopped"):
    broadcast_id: str
    reason: BroadcastEnd
    by: ParticipantId | None = None
    """Who stopped it; None: nobody did."""
