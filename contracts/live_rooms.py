"""The live rooms, as the gateways list them in Redis for the meeting service.

A room is live while somebody is in it. The gateways that serve it write its `RoomSummary` to `redis_names.live_room`
whenever it changes, and again before `redis_names.LIVE_ROOM_LEASE_MS` are over: a room that no gateway serves any more
vanishes by itself. Two sorted sets give the rooms their order, `redis_names.LIVE_ROOMS` for all and
`redis_names.live_rooms_of` for those of one host: meeting ids by the time at which the meeting started. They may hold
ids of rooms whose summary is gone; who reads such an id takes it out.
"""

from __future__ import annotations

import msgspec
from msgspec import Struct

from contracts.rooms import Identity, MeetingId, NodeId


class RoomSummary(Struct, frozen=True, kw_only=True):
    """A live room as of one version of its log: the hash field ``s``, as JSON, beside the version in ``v``."""

    meeting_id: MeetingId
    host_id: Identity | None
    started_at: int
    participants: int
    """Who is in the room, lost connections that may yet come back included."""
    tracks: int
    waiting: int
    """How many are in the lobby."""
    locked: bool
    node_id: NodeId | None = None
    """The media node; None before there is one."""


summary_decoder: msgspec.json.Decoder[RoomSummary] = msgspec.json.Decoder(RoomSummary)
