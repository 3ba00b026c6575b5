"""What a room is told of broadcasts by the service that has media nodes make them, without the servers' addresses."""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct

from contracts.room_broadcast import BroadcastTargetInfo
from contracts.rooms import CompositeLayout, ParticipantId


class StartBroadcast(Struct, frozen=True, kw_only=True):
    """The media node has begun to stream out, for ``participant_id``."""

    participant_id: ParticipantId
    broadcast_id: str
    layout: CompositeLayout
    watch_key: str | None
    targets: tuple[BroadcastTargetInfo, ...]


class ChangeBroadcast(Struct, frozen=True, kw_only=True):
    """How the broadcast's servers do now, as the node says."""

    broadcast_id: str
    targets: tuple[BroadcastTargetInfo, ...]


class StopBroadcast(Struct, frozen=True, kw_only=True):
    """The media node has stopped this broadcast, for ``participant_id``."""

    participant_id: ParticipantId
    broadcast_id: str


class FailBroadcast(Struct, frozen=True, kw_only=True):
    """The node cannot go on with this broadcast."""

    broadcast_id: str


BroadcastCommand: TypeAlias = StartBroadcast | ChangeBroadcast | StopBroadcast | FailBroadcast
