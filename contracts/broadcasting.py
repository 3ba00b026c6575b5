"""Broadcasts: the main room streamed out to many who are not in it, as HLS and to servers that take RTMP.

What a gateway asks a media node for, and what the node tells of it.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from contracts.recording_order import RecordedPerson
from contracts.rooms import CompositeLayout

PARTS_OF_SEGMENT = 4
"""Of a broadcast's HLS: no segment has more parts."""


class BroadcastTarget(Struct, frozen=True, kw_only=True):
    """A server that gets the broadcast by RTMP."""

    id: str
    """Names it in the broadcast: what it is called where its address must not be told."""
    url: str
    """``rtmp:`` or ``rtmps:``, with the server's stream key. A secret: nobody else is shown it, and no log line has
    it."""


class BroadcastOrder(Struct, frozen=True, kw_only=True):
    """What a broadcast is to be like."""

    layout: CompositeLayout = CompositeLayout.SPEAKER
    hls: bool = True
    """Whether there is HLS to be watched."""
    targets: tuple[BroadcastTarget, ...] = ()
    people: tuple[RecordedPerson, ...] = ()
    """Who is in the main room, in the order in which they came."""


class BroadcastState(StrEnum):
    """How a broadcast does, or one of its targets."""

    CONNECTING = "connecting"
    """Not there yet, or lost and tried again."""
    LIVE = "live"
    FAILED = "failed"
    """Not tried any more."""


class TargetFailure(StrEnum):
    """Why a broadcast's target is not live."""

    ABSENT = "absent"
    """No server of RTMP answers there. Whatever is there instead, or nothing: nobody is to learn from a node which
    ports of others are open."""
    UNKNOWN_NAME = "unknown_name"
    """The server's name leads nowhere, or nobody says in time where."""
    PRIVATE = "private"
    """The server is in a network that is not public, where nothing is sent."""
    ADDRESS = "address"
    """The address is none of a stream that can be sent by RTMP."""
    UNTRUSTED = "untrusted"
    """The server's certificate is not valid."""
    REFUSED = "refused"
    """The server does not take the stream: its key, most often."""
    CLOSED = "closed"
    """The server has closed the connection."""
    SLOW = "slow"
    """The server takes nothing any more."""
    GARBLED = "garbled"
    """The server does not speak RTMP as it should."""


class TargetState(Struct, frozen=True, kw_only=True):
    id: str
    state: BroadcastState
    reason: TargetFailure | None = None
    """Why it is not live."""
    attempts: int = 0
    """How often it was tried since it was last live."""


class Broadcast(Struct, frozen=True, kw_only=True):
    """A broadcast that a node makes."""

    broadcast_id: str
    origin: str | None
    """``http://<private address>:<port>/<path>/`` where gateways fetch ``index.m3u8`` and all that it names, relative
    to it; None: there is no HLS."""
    layout: CompositeLayout
    targets: tuple[TargetState, ...]
