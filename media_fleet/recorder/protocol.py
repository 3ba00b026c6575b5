"""What a node's control plane and a recorder or broadcaster say to each other: JSON objects, one a line, over the
worker's standard input and output. One whose input ends finishes what it makes and ends."""

from __future__ import annotations

from typing import TypeAlias

import msgspec
from msgspec import Struct

from contracts.broadcasting import BroadcastTarget, TargetState
from contracts.recording_manifest import PartEnd
from contracts.recording_order import RecordedPerson
from contracts.rooms import CompositeLayout, MeetingId, ParticipantId, TrackId, TrackSource

# ---- to the recorder ----


class _Told(Struct, frozen=True, kw_only=True, tag_field="type", tag=True):
    pass


class CompositeOrder(Struct, frozen=True, kw_only=True):
    """What a composite is to be like. ``width`` and ``height`` in pixels, even."""

    audio_only: bool = False
    layout: CompositeLayout = CompositeLayout.GRID
    width: int
    height: int
    frame_rate: int
    """Pictures a second."""
    threads: int
    """Of the encoder."""
    font: str | None = None
    """A font's file for names; None: one that is there."""
    held_ms: int | None = None
    """How long after it happened everything is composed: less is sooner, and loses what comes later than that. None:
    as long as all that can be had takes (`media_fleet.composer.composition.HELD_MS`)."""


class OriginPlace(Struct, frozen=True, kw_only=True):
    """Where a broadcaster serves HLS: below an unguessable path."""

    address: str
    port: int
    """0: any free one."""
    path: str
    """One part of a path, without slashes. A secret."""


class Route(_Told, frozen=True, kw_only=True):
    """A worker's path to its node, which it checks with these ICE credentials, and how much memory it may take."""

    meeting_id: MeetingId
    address: str
    port: int
    ufrag: str
    pwd: str
    receive_key: bytes
    """The node's sending key (AEAD_AES_128_GCM), and its salt behind it, as libsrtp wants them."""
    send_key: bytes
    memory_bytes: int | None = None
    """The most of its address space (``RLIMIT_AS``); None: no limit."""


class Begin(Route, frozen=True, kw_only=True, tag="begin"):
    """The first message to a recorder. It checks its path to the node, and is then `Ready`."""

    recording_id: str
    folder: str
    """Where the files go. It does not exist yet."""
    composite: CompositeOrder | None = None
    """None: a file for each track."""

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


class PeopleChanged(_Told, frozen=True, kw_only=True, tag="people_changed"):
    """All who are in the main room from now on, in the order in which they came. For composites."""

    people: tuple[RecordedPerson, ...]


class Finish(_Told, frozen=True, kw_only=True, tag="finish"):
    """Finishes all files, and ends."""

    end: PartEnd = PartEnd.FINISHED


TrackMessage: TypeAlias = TrackBegun | TrackMuted | TrackOver
ToRecorder: TypeAlias = Begin | TrackMessage | PeopleChanged | Finish

# ---- to a broadcaster ----


class BeginBroadcast(Route, frozen=True, kw_only=True, tag="begin_broadcast"):
    """The first message to a broadcaster. It checks its path to the node, and is then `BroadcastReady`."""

    broadcast_id: str
    composite: CompositeOrder
    targets: tuple[BroadcastTarget, ...] = ()
    may_reach_any: bool = False
    """Whether targets may be in networks that are not public."""
    origin: OriginPlace | None = None
    """Where HLS is served; None: there is none."""
    run: int = 0
    """How many broadcasters of this broadcast have come before it: those at this node, and one for all elsewhere."""

    def __repr__(self) -> str:
        return f"BeginBroadcast(broadcast_id={self.broadcast_id!r})"


class BroadcastOrdered(_Told, frozen=True, kw_only=True, tag="broadcast_ordered"):
    """What the broadcast is to be like from now on."""

    layout: CompositeLayout
    targets: tuple[BroadcastTarget, ...]

    def __repr__(self) -> str:
        return f"BroadcastOrdered(layout={self.layout!r})"


class FinishBroadcast(_Told, frozen=True, kw_only=True, tag="finish_broadcast"):
    """Nothing is streamed out any more. Playlists are served for ``linger_s`` seconds, and the broadcaster ends."""

    linger_s: float = 0.0
    is_over: bool = True
    """Whether playlists say that this was all: where the meeting goes on elsewhere, so does the broadcast."""


ToBroadcaster: TypeAlias = BeginBroadcast | TrackMessage | PeopleChanged | BroadcastOrdered | FinishBroadcast

# ---- from the recorder ----


class Ready(_Told, frozen=True, kw_only=True, tag="ready"):
    """The node answers: tracks may be added."""


class Failed(_Told, frozen=True, kw_only=True, tag="failed"):
    """It cannot go on, and ends."""

    reason: str
    end: PartEnd = PartEnd.RECORDER_LOST
    """With a disk that is full, another one would not go on either."""


class Progress(_Told, frozen=True, kw_only=True, tag="progress"):
    """From time to time. Since the last one: how much longer the recording has become, and for composites how many
    pictures were drawn, and left out."""

    recorded_ms: int
    pictures: int = 0
    dropped: int = 0
    behind_ms: int = 0
    """By how much a composition is later than it need be."""


class Finished(_Told, frozen=True, kw_only=True, tag="finished"):
    """All files are complete; it ends."""


FromRecorder: TypeAlias = Ready | Progress | Failed | Finished

# ---- from a broadcaster ----


class BroadcastReady(_Told, frozen=True, kw_only=True, tag="broadcast_ready"):
    """The node answers: tracks may be added, and HLS is served at this port."""

    port: int | None


class TargetsChanged(_Told, frozen=True, kw_only=True, tag="targets_changed"):
    """How all targets do, after one of them has changed."""

    targets: tuple[TargetState, ...]


class PacketsDropped(_Told, frozen=True, kw_only=True, tag="packets_dropped"):
    """So many encoded packets, since the last time, were not sent to targets that did not take them fast enough."""

    packets: int


FromBroadcaster: TypeAlias = BroadcastReady | Progress | TargetsChanged | PacketsDropped | Failed | Finished

# ---- from the courier, which brings what all recorders write ----


class Brought(_Told, frozen=True, kw_only=True, tag="brought"):
    """After each round: pieces that are in the bucket now, parts that could not be brought, and why one of them."""

    pieces: int = 0
    failures: int = 0
    behind: int = 0
    """Octets that are written, and could not be brought."""
    reason: str | None = None


class Unfinished(_Told, frozen=True, kw_only=True, tag="unfinished"):
    """What the names of pieces in the bucket begin with, for each part (`contracts.recording_manifest.unfinished`)."""

    folders: tuple[str, ...]


FromCourier: TypeAlias = Brought | Unfinished

encoder = msgspec.json.Encoder()
to_recorder: msgspec.json.Decoder[ToRecorder] = msgspec.json.Decoder(ToRecorder)
from_recorder: msgspec.json.Decoder[FromRecorder] = msgspec.json.Decoder(FromRecorder)
to_broadcaster: msgspec.json.Decoder[ToBroadcaster] = msgspec.json.Decoder(ToBroadcaster)
from_broadcaster: msgspec.json.Decoder[FromBroadcaster] = msgspec.json.Decoder(FromBroadcaster)
from_courier: msgspec.json.Decoder[FromCourier] = msgspec.json.Decoder(FromCourier)
