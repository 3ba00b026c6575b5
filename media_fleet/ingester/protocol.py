"""What a node's control plane and an ingester say to each other: JSON objects, one a line, over the ingester's standard
input and output. One whose input ends, ends."""

from __future__ import annotations

from typing import TypeAlias

import msgspec
from msgspec import Struct

from contracts.ingesting import IngressFailure

# ---- to the ingester ----


class _Told(Struct, frozen=True, kw_only=True, tag_field="type", tag=True):
    pass


class Fetched(_Told, frozen=True, kw_only=True, tag="fetched"):
    """A stream at an address. ``may_reach_any``: also in a network that is not public."""

    url: str
    may_reach_any: bool

    def __repr__(self) -> str:
        return "Fetched()"


class Pushed(_Told, frozen=True, kw_only=True, tag="pushed"):
    """A stream that somebody publishes by RTMP on a connection that the process has inherited."""

    descriptor: int
    session: bytes
    """As `media_fleet.rtmp.session.handed_over` writes it."""


class Begin(_Told, frozen=True, kw_only=True, tag="begin"):
    """The first message. ``address`` and ``port``: where the node's core is, from here."""

    ingress_id: str
    source: Fetched | Pushed
    address: str
    port: int
    height: int
    """The most pixels of a picture's shorter side that are sent on."""
    memory_bytes: int | None = None
    """The most of the address space (``RLIMIT_AS``); None: no limit."""

    def __repr__(self) -> str:
        return f"Begin(ingress_id={self.ingress_id!r})"


class Answer(_Told, frozen=True, kw_only=True, tag="answer"):
    """What was offered is let in."""

    sdp: str


ToIngester: TypeAlias = Begin | Answer

# ---- from the ingester ----


class Offered(_Told, frozen=True, kw_only=True, tag="offered"):
    """There is something to be let in."""

    sdp: str


class Live(_Told, frozen=True, kw_only=True, tag="live"):
    """It is in the meeting."""


class Progress(_Told, frozen=True, kw_only=True, tag="progress"):
    """Each second, since the last one. ``pictures``: sent; ``dropped``: left out, since they were late; ``busy_ms``: of
    the processor's time."""

    pictures: int = 0
    dropped: int = 0
    sound_ms: float = 0.0
    busy_ms: float = 0.0


class Ended(_Told, frozen=True, kw_only=True, tag="ended"):
    """It has come to its end."""


class Failed(_Told, frozen=True, kw_only=True, tag="failed"):
    """It cannot be played, or not any more."""

    reason: IngressFailure


FromIngester: TypeAlias = Offered | Live | Progress | Ended | Failed

to_ingester: msgspec.json.Decoder[ToIngester] = msgspec.json.Decoder(ToIngester)
from_ingester: msgspec.json.Decoder[FromIngester] = msgspec.json.Decoder(FromIngester)
