"""What a node's control plane and a recorder say to each other: JSON objects, one a line, over the recorder's standard
input and output. A recorder whose input ends finishes its files and ends."""

from __future__ import annotations

from typing import TypeAlias

import msgspec
from msgspec import Struct

from contracts.rooms import MeetingId, ParticipantId, TrackId, TrackSource

# ---- to the recorder ----


class _Told(Struct, frozen=True, kw_only=True, tag_field="type", tag=True):
    pass


class Begin(_Told, frozen=True, kw_only=True, tag="begin"):
    """The first message. The recorder checks its path to the node with these ICE credentials, and is then `Ready`."""

    meeting_id: MeetingId
    recording_id: str
    folder: str
    """Where the files go. It does not exist yet."""
    address: str
    port: int
    ufrag: str
    pwd: str
    receive_key: bytes
    """The node's sending key (AEAD_AES_128_GCM), and its salt behind it, as libsrtp wants them."""
    send_key: bytes

    def __repr__(self) -> str:
        return f"Begin(recording_id={self.recording_id!r})"


class TrackBegun(_Told, frozen=True, kw_only=True, tag="track_begun"):
    """Packets under this SSRC are a track's from now on."""

    ssrc: int
    track_id: TrackId
    participant_id: ParticipantId
    source: TrackSource
    codec: str
    """A name of `media_fleet.domain.media_formats`."""
    clock_rate: int
    muted: bool


class TrackMuted(_Told, frozen=True, kw_only=True, tag="track_muted"):
    ssrc: int
    muted: bool


class TrackOver(_Told, frozen=True, kw_only=True, tag="track_over"):
    ssrc: int


class Finish(_Told, frozen=True, kw_only=True, tag="finish"):
    """Finishes all files, and ends."""


ToRecorder: TypeAlias = Begin | TrackBegun | TrackMuted | TrackOver | Finish

# ---- from the recorder ----


class Ready(_Told, frozen=True, kw_only=True, tag="ready"):
    """The node answers: tracks may be added."""


class Failed(_Told, frozen=True, kw_only=True, tag="failed"):
    """It cannot go on, and ends."""

    reason: str


class Finished(_Told, frozen=True, kw_only=True, tag="finished"):
    """All files are complete; it ends."""


FromRecorder: TypeAlias = Ready | Failed | Finished

encoder = msgspec.json.Encoder()
to_recorder: msgspec.json.Decoder[ToRecorder] = msgspec.json.Decoder(ToRecorder)
from_recorder: msgspec.json.Decoder[FromRecorder] = msgspec.json.Decoder(FromRecorder)
