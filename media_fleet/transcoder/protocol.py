"""What a node's control plane and a transcoder say to each other: JSON objects, one a line, over the transcoder's
standard input and output. A transcoder whose input ends, ends."""

from __future__ import annotations

from typing import TypeAlias

import msgspec
from msgspec import Struct

from contracts.rooms import TrackId
from media_fleet.recorder.protocol import Route

# ---- to the transcoder ----


class _Told(Struct, frozen=True, kw_only=True, tag_field="type", tag=True):
    pass


class Form(Struct, frozen=True, kw_only=True):
    """A stream: a codec by its name in `media_fleet.domain.media_formats`, its RTP clock, and its SSRC."""

    codec: str
    clock_rate: int
    ssrc: int


class Begin(Route, frozen=True, kw_only=True, tag="begin"):
    """The first message. The transcoder checks its path to the node, and is then `Ready`."""

    track_id: TrackId
    taken: Form
    made: Form
    payload_type: int
    """Of what is made."""
    is_smaller: bool = False
    """Pictures are made a half as wide and as high."""
    limit_bps: int | None = None
    """As `Rate`, from the beginning."""

    def __repr__(self) -> str:
        return f"Begin(track_id={self.track_id!r})"


class Rate(_Told, frozen=True, kw_only=True, tag="rate"):
    """The most bits a second that pictures may take from now on, since a viewer's path carries no more."""

    bits_per_s: int


ToTranscoder: TypeAlias = Begin | Rate

# ---- from the transcoder ----


class Ready(_Told, frozen=True, kw_only=True, tag="ready"):
    """The node answers: packets may come."""


class Progress(_Told, frozen=True, kw_only=True, tag="progress"):
    """Each second. Since the last one: pictures made, and left out since it did not keep up; ``took_ms``: from when a
    picture was whole to when it was sent, of all that were made; ``busy_ms``: the processor's time. ``needed_bps``:
    what the picture would take if nothing limited it."""

    pictures: int = 0
    dropped: int = 0
    took_ms: float = 0.0
    sound_ms: float = 0.0
    busy_ms: float = 0.0
    needed_bps: int = 0


class Failed(_Told, frozen=True, kw_only=True, tag="failed"):
    """It cannot go on, and ends."""

    reason: str


FromTranscoder: TypeAlias = Ready | Progress | Failed

to_transcoder: msgspec.json.Decoder[ToTranscoder] = msgspec.json.Decoder(ToTranscoder)
from_transcoder: msgspec.json.Decoder[FromTranscoder] = msgspec.json.Decoder(FromTranscoder)
