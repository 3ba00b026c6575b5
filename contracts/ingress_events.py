"""What a meeting log says of ingresses: part of `contracts.log_events`. No stream key and no source's address is in
it."""

from __future__ import annotations

from contracts.ingesting import IngressFailure, IngressState
from contracts.logged import Logged
from contracts.room_ingress import IngressEnd, IngressInfo
from contracts.rooms import ParticipantId


class IngressStarted(Logged, frozen=True, kw_only=True, tag="ingress_started"):
    """The meeting's media node takes a stream."""

    ingress: IngressInfo


class IngressChanged(Logged, frozen=True, kw_only=True, tag="ingress_changed"):
    """How it does."""

    ingress_id: str
    state: IngressState
    address: str | None = None
    participant_id: ParticipantId | None = None
    reason: IngressFailure | None = None


class IngressStopped(Logged, frozen=True, kw_only=True, tag="ingress_stopped"):
    ingress_id: str
    end: IngressEnd
    by: ParticipantId | None = None
    """Who stopped it; None: nobody did."""
    reason: IngressFailure | None = None
    """Why it failed."""
