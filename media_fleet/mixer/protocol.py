"""What a node's control plane and a mixer say to each other: JSON objects, one a line, over the mixer's standard input
and output. A mixer whose input ends, ends."""

from __future__ import annotations

from typing import TypeAlias

import msgspec
from msgspec import Struct

from contracts.rooms import ParticipantId
from media_fleet.recorder.protocol import Route, TrackBegun, TrackOver
from media_fleet.transcoder.protocol import Failed, Ready

# ---- to the mixer ----


class _Told(Struct, frozen=True, kw_only=True, tag_field="type", tag=True):
    pass


class Begin(Route, frozen=True, kw_only=True, tag="begin"):
    """The first message. The mixer checks its path to the node, and is then `Ready`."""

    payload_type: int
    """Of what is made."""
    red_payload_type: int
    """Of what comes with copies of what was before it (RFC 2198)."""

    def __repr__(self) -> str:
        return f"Begin(meeting_id={self.meeting_id!r})"


class ListenerBegun(_Told, frozen=True, kw_only=True, tag="listener_begun"):
    """A mix is to be sent under this SSRC from now on. ``without``: who is not to hear themselves in it; None: it is
    for those who are never in it."""

    ssrc: int
    without: ParticipantId | None


class ListenerOver(_Told, frozen=True, kw_only=True, tag="listener_over"):
    """Nothing is to be sent under this SSRC any more."""

    ssrc: int


ToMixer: TypeAlias = Begin | TrackBegun | TrackOver | ListenerBegun | ListenerOver

# ---- from the mixer ----


class Progress(_Told, frozen=True, kw_only=True, tag="progress"):
    """Each second. Since the last one: the sound that was encoded, of all mixes together; pieces of the mix that were
    left out since there was no time for them; packets that came too late to be heard; the processor's time."""

    encoded_ms: int
    skipped_ms: int
    late: int
    busy_ms: float


FromMixer: TypeAlias = Ready | Progress | Failed

to_mixer: msgspec.json.Decoder[ToMixer] = msgspec.json.Decoder(ToMixer)
from_mixer: msgspec.json.Decoder[FromMixer] = msgspec.json.Decoder(FromMixer)
