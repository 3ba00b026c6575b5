"""What a room is told of ingresses by the service that has media nodes take them, without addresses and keys."""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct

from contracts.ingesting import IngressFailure, IngressKind, IngressState
from contracts.room_ingress import IngressEnd
from contracts.rooms import ParticipantId
from signaling_gateway.domain.broadcast_commands import BroadcastCommand


class OpenIngress(Struct, frozen=True, kw_only=True):
    """The media node takes a stream, for ``participant_id``."""

    participant_id: ParticipantId
    ingress_id: str
    kind: IngressKind
    name: str
    screen: bool
    state: IngressState
    address: str | None


class ChangeIngress(Struct, frozen=True, kw_only=True):
    """How the ingress does now, as the node says; and who it is in the room, if it is."""

    ingress_id: str
    state: IngressState
    address: str | None
    participant_id: ParticipantId | None
    reason: IngressFailure | None


class CloseIngress(Struct, frozen=True, kw_only=True):
    """The media node takes it no more, for ``participant_id``."""

    participant_id: ParticipantId
    ingress_id: str


class EndIngress(Struct, frozen=True, kw_only=True):
    """It has come to an end by itself."""

    ingress_id: str
    end: IngressEnd
    reason: IngressFailure | None = None


IngressCommand: TypeAlias = OpenIngress | ChangeIngress | CloseIngress | EndIngress
StreamCommand: TypeAlias = BroadcastCommand | IngressCommand
"""What is about streams that leave the room or come into it."""
