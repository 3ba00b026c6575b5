"""A broadcast as a room knows it: what its clients, its log and those who watch are told.

Addresses of servers have their stream keys in them, and are in none of this: gateways keep them apart from the log, for
as long as the broadcast goes on (`KeptTargets`).
"""

from __future__ import annotations

import re
from enum import StrEnum

import msgspec
from msgspec import Struct

from contracts.broadcasting import BroadcastState, BroadcastTarget, TargetFailure
from contracts.rooms import CompositeLayout, ParticipantId

WATCH_KEY = re.compile(r"[A-Za-z0-9_-]{22}")
"""128 random bits, in Base64 for addresses (RFC 4648, 5)."""
_HOST = re.compile(r"rtmps?://(?:[^/@]*@)?(\[[0-9A-Fa-f:.]+\]|[^/:@\[\]]+)")


class BroadcastTargetInfo(Struct, frozen=True, kw_only=True):
    """A server that gets a broadcast by RTMP, as those who moderate see it."""

    id: str
    host: str
    """The server's name, without the rest of its address, which is a secret."""
    state: BroadcastState = BroadcastState.CONNECTING
    reason: TargetFailure | None = None
    """Why it is not live."""


class BroadcastInfo(Struct, frozen=True, kw_only=True):
    """A broadcast of the main room that is on. What goes on in breakout rooms is not broadcast."""

    id: str
    started_at: int
    by: ParticipantId
    """Who started it."""
    layout: CompositeLayout
    watch_key: str | None
    """With it everybody may watch, at ``/watch/<key>``; the HLS is ``/live/<key>/index.m3u8``. None: there is none."""
    targets: tuple[BroadcastTargetInfo, ...] = ()
    """Those that it goes to, for those who moderate."""


class BroadcastEnd(StrEnum):
    """Why a broadcast is over."""

    ASKED = "asked"
    """Somebody stopped it."""
    ENDED = "ended"
    """The meeting has ended, or everybody has left."""
    FAILED = "failed"
    """The media node cannot go on with it."""


class WatchedBroadcast(Struct, frozen=True, kw_only=True):
    """Where a broadcast's HLS is: the value of `redis_names.watched_broadcast`."""

    origin: str
    """As in `contracts.broadcasting.Broadcast`; empty: no node has it now."""
    ended: bool = False


class KeptTargets(Struct, frozen=True, kw_only=True):
    """The value of `redis_names.broadcast_targets`, for repeating the order to another node."""

    targets: tuple[BroadcastTarget, ...]


def host_of(url: str) -> str:
    """The server's name in an address of RTMP, in small letters.

    Raises:
        ValueError: it has none.
    """
    found = _HOST.match(url)
    if found is None:
        raise ValueError("an address of RTMP names a server")
    return found[1].lower()


_encoder = msgspec.json.Encoder()
watched_decoder: msgspec.json.Decoder[WatchedBroadcast] = msgspec.json.Decoder(WatchedBroadcast)
kept_decoder: msgspec.json.Decoder[KeptTargets] = msgspec.json.Decoder(KeptTargets)


def encode(value: WatchedBroadcast | KeptTargets) -> bytes:
    """The JSON form of what stands in Redis."""
    return _encoder.encode(value)
