"""An ingress as a room knows it: what those who moderate, its log and the HTTP API are told.

The address that a stream is fetched from, and the key by which it is sent, are secrets and in none of this: gateways
keep them apart from the log, for as long as the ingress is open (`KeptIngress`).
"""

from __future__ import annotations

from enum import StrEnum

import msgspec
from msgspec import Struct

from contracts.ingesting import IngressFailure, IngressKind, IngressOrder, IngressState
from contracts.rooms import Identity, ParticipantId


class IngressInfo(Struct, frozen=True, kw_only=True):
    """An ingress that is open, as those who moderate see it."""

    id: str
    kind: IngressKind
    name: str
    """The participant's."""
    screen: bool
    """Whether its picture is shown as a shared screen."""
    by: ParticipantId
    """Who opened it."""
    started_at: int
    state: IngressState
    address: str | None = None
    """Where RTMP is sent to, which is another one when the meeting moves to another node; None: not by RTMP."""
    participant_id: ParticipantId | None = None
    """Who it is in the room, while it is."""
    reason: IngressFailure | None = None
    """Why nothing comes."""


class IngressEnd(StrEnum):
    """Why an ingress is over."""

    ASKED = "asked"
    """Somebody stopped it."""
    FINISHED = "finished"
    """It was played to its end."""
    FAILED = "failed"
    """It could not be played, or not any more."""
    REMOVED = "removed"
    """Its participant was removed from the meeting."""
    ENDED = "ended"
    """The meeting has ended, or nobody else is in it."""


class KeptIngress(Struct, frozen=True, kw_only=True):
    """The value of `redis_names.kept_ingress`, for repeating the order to another node."""

    order: IngressOrder


def identity_of_ingress(ingress_id: str) -> Identity:
    """Who an ingress is in the room: the same each time something comes, which takes the place of what was before."""
    return Identity(f"i_{ingress_id}")


_encoder = msgspec.json.Encoder()
kept_decoder: msgspec.json.Decoder[KeptIngress] = msgspec.json.Decoder(KeptIngress)


def encode(kept: KeptIngress) -> bytes:
    """The JSON form of what stands in Redis."""
    return _encoder.encode(kept)
