"""What media nodes tell each other: how the link between them is protected, and which tracks cross it.

A message is published on the other node's `redis_names.node_links`, at most once. Each says how things are and none
what has changed: whatever gets lost, the next one makes up for it. A node repeats what the other one has not heard yet
(`RoomMark.heard`).
"""

from __future__ import annotations

import msgspec
from msgspec import Struct

from contracts.rooms import MeetingId, NodeId, ParticipantId, TrackId, TrackSource
from contracts.statistics import ConnectionQuality


class LinkEnd(Struct, frozen=True, kw_only=True):
    """One node's end of a link. A node that starts anew, or links anew, has another one."""

    id: int
    """Of two ends of one node, that with the greater id is the later one."""
    address: str
    """IP address from which its packets come, and to which they are sent."""
    port: int
    secret: bytes
    """32 random bytes, from which the keys for what this end sends are derived together with the two ends' ids.

    Each pair of threads has keys of its own.
    """
    takes_red: bool = False
    """Redundant sound (RFC 2198) may be sent to it as it is. Other nodes get the primary blocks alone."""


class RelayedTrack(Struct, frozen=True, kw_only=True):
    """A track of a participant on the sending node. One that is published anew in another form has other SSRCs."""

    track_id: TrackId
    participant_id: ParticipantId
    source: TrackSource
    codec: str
    clock_rate: int
    channels: int | None = None
    parameters: tuple[tuple[str, str | None], ...] = ()
    """The codec's, as the publisher wrote them."""
    ssrcs: tuple[int, ...]
    """Under which SSRC each layer crosses, the lowest first."""
    extensions: tuple[str, ...] = ()
    """URIs of the header extensions that the publisher sends."""
    redundant: bool = False
    """The publisher sends sound with copies of itself (RFC 2198)."""


class RelayedParticipant(Struct, frozen=True, kw_only=True):
    """Somebody whose node the sending one is."""

    participant_id: ParticipantId
    breakout: str | None
    """The breakout room that the participant is in; None: the main room."""
    version: int
    """The version of the meeting's log as of which ``breakout`` holds."""
    came: int = 0
    """The version of the log as of which the participant is at the sending node. Who moves is at two for a while."""
    quality: ConnectionQuality | None = None
    """How their connection is, as of when it became better or worse last; None: that is not known."""


class WantedTrack(Struct, frozen=True, kw_only=True):
    """How much of a track of the receiving node somebody at the sending one wants."""

    track_id: TrackId
    layers: int
    """How many of its layers, from the lowest up."""
    height: int | None = None
    """Of layers within its one encoding: pixels that the largest one should fill; None: all of them are wanted."""


class RelayedRoom(Struct, frozen=True, kw_only=True):
    """All that the sending node has to say of a meeting."""

    meeting_id: MeetingId
    version: int
    """Grows with each change; counts from 1 for each end."""
    thread: int
    """In which of the sending node's threads the meeting is: packets between nodes name the thread to which they go."""
    participants: tuple[RelayedParticipant, ...]
    tracks: tuple[RelayedTrack, ...]
    wanted: tuple[WantedTrack, ...]
    """What is not named is wanted by nobody."""


class RoomMark(Struct, frozen=True, kw_only=True):
    """How far both are with a meeting."""

    meeting_id: MeetingId
    version: int
    """The sending node's present one."""
    heard: int
    """The receiving node's latest that has come; 0: none."""


class LinkMessage(Struct, frozen=True, kw_only=True):
    """From one node to another with which it shares meetings."""

    node_id: NodeId
    """Who sends it."""
    end: LinkEnd
    answers: int | None
    """The receiving node's end that is known; None: none."""
    marks: tuple[RoomMark, ...]
    """All meetings that cross the link. None at all: the sending node leaves it."""
    rooms: tuple[RelayedRoom, ...]
    """Those of which the receiving node has not heard the present version."""


link_decoder: msgspec.json.Decoder[LinkMessage] = msgspec.json.Decoder(LinkMessage)


MAX_RELAYED_DATA = 1400
"""Bytes: what crosses a link in one packet."""


class RelayedData(Struct, frozen=True, kw_only=True, array_like=True):
    """A lossy message of a participant of the sending node, as MessagePack. It crosses the meeting's link itself."""

    meeting_id: MeetingId
    sender: ParticipantId
    to: tuple[ParticipantId, ...]
    """Whom it is for; empty for all in the sender's room."""
    topic: str
    payload: bytes


_data_decoder: msgspec.msgpack.Decoder[RelayedData] = msgspec.msgpack.Decoder(RelayedData)


def encode_data(data: RelayedData) -> list[bytes]:
    """In as many packets as its receivers' ids need: one, unless it is for many."""
    packet = msgspec.msgpack.encode(data)
    if len(packet) <= MAX_RELAYED_DATA or len(data.to) < 2:
        return [packet]
    half = len(data.to) // 2
    halves = (data.to[:half], data.to[half:])
    return [each for to in halves for each in encode_data(msgspec.structs.replace(data, to=to))]


def decode_data(packet: bytes) -> RelayedData:
    """Raises `msgspec.DecodeError`."""
    return _data_decoder.decode(packet)
