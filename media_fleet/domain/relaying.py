"""What a node tells another one, and what it has heard from it: the link between two nodes, without packets.

Each end names itself by a number that grows, and says which end of the other side it knows. The keys of a link come
from both ends' numbers, so that an end which meets a new one never protects two packets alike. A meeting's tracks and
wishes are told as a whole, under a version, until the other side says that it has heard this version.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from contracts.node_links import (
    LinkEnd,
    LinkMessage,
    RelayedParticipant,
    RelayedRoom,
    RelayedTrack,
    RoomMark,
    WantedTrack,
)
from contracts.rooms import MeetingId, NodeId, TrackId
from media_fleet.domain.subscribing import RoomTrack


class Heard(Struct, frozen=True, kw_only=True):
    """What follows from a message."""

    linked_anew: bool = False
    """The other node has another end: all that crossed the former link is void."""
    rooms: tuple[RelayedRoom, ...] = ()
    """News of meetings."""
    gone: tuple[MeetingId, ...] = ()
    """Meetings that the other node has no more."""
    wants_answer: bool = False


class _SharedRoom:
    """A meeting that both nodes have."""

    def __init__(self, meeting_id: MeetingId) -> None:
        self.ours = RelayedRoom(meeting_id=meeting_id, version=0, thread=0, participants=(), tracks=(), wanted=())
        self.heard_of_ours = 0
        self.theirs: RelayedRoom | None = None


class NodeLink:
    """This node's end of the link to one other."""

    def __init__(self, node_id: NodeId, *, own_id: NodeId, end: LinkEnd) -> None:
        self.node_id = node_id
        self.end = end
        self.peer: LinkEnd | None = None
        self._own_id = own_id
        self._told = 0
        """The latest version, over all meetings: one that crosses again may not have been heard to end."""
        self._rooms: dict[MeetingId, _SharedRoom] = {}

    @property
    def meetings(self) -> Sequence[MeetingId]:
        """Those that cross it."""
        return tuple(self._rooms)

    @property
    def is_behind(self) -> bool:
        """Whether the other node has not heard all."""
        return any(shared.heard_of_ours < shared.ours.version for shared in self._rooms.values())

    def tell(
        self,
        meeting_id: MeetingId,
        participants: tuple[RelayedParticipant, ...],
        tracks: tuple[RelayedTrack, ...],
        wanted: tuple[WantedTrack, ...],
        *,
        thread: int = 0,
    ) -> bool:
        """What there is to say of a meeting, which is in a thread of this node; whether that is news."""
        shared = self._rooms.get(meeting_id)
        is_new = shared is None
        if shared is None:
            shared = self._rooms[meeting_id] = _SharedRoom(meeting_id)
        ours = RelayedRoom(
            meeting_id=meeting_id,
            version=shared.ours.version,
            thread=thread,
            participants=participants,
            tracks=tracks,
            wanted=wanted,
        )
        if ours == shared.ours and not is_new:
            return False
        self._told += 1
        shared.ours = msgspec.structs.replace(ours, version=self._told)
        return True

    def leave(self, meeting_id: MeetingId) -> bool:
        """The meeting crosses the link no more; whether it did."""
        return self._rooms.pop(meeting_id, None) is not None

    def has_heard_of(self, meeting_id: MeetingId) -> bool:
        """Whether the other node has told of the meeting, and not that it has left it."""
        shared = self._rooms.get(meeting_id)
        return shared is not None and shared.theirs is not None

    def wanted(self, meeting_id: MeetingId) -> dict[TrackId, WantedTrack]:
        """How much the other node wants of this one's tracks."""
        shared = self._rooms.get(meeting_id)
        if shared is None or shared.theirs is None:
            return {}
        return {each.track_id: each for each in shared.theirs.wanted}

    def message(self) -> LinkMessage:
        """What to send now: all that the other node has not heard."""
        rooms = self._rooms.values()
        return LinkMessage(
            node_id=self._own_id,
            end=self.end,
            answers=None if self.peer is None else self.peer.id,
            marks=tuple(
                RoomMark(
                    meeting_id=meeting_id,
                    version=shared.ours.version,
                    heard=0 if shared.theirs is None else shared.theirs.version,
                )
                for meeting_id, shared in self._rooms.items()
            ),
            rooms=tuple(shared.ours for shared in rooms if shared.heard_of_ours < shared.ours.version),
        )

    def take(self, message: LinkMessage) -> Heard:
        """Takes what the other node says. What is for another end than this one, or from a former one, is nothing."""
        if message.answers not in {None, self.end.id} or (self.peer is not None and message.end.id < self.peer.id):
            return Heard()
        is_new = self.peer is None or self.peer.id != message.end.id
        if is_new:
            self.peer = message.end
            for shared in self._rooms.values():
                shared.heard_of_ours, shared.theirs = 0, None
        for mark in message.marks:
            if (known := self._rooms.get(mark.meeting_id)) is not None and message.answers == self.end.id:
                known.heard_of_ours = mark.heard
        return Heard(
            linked_anew=is_new,
            rooms=tuple(room for room in message.rooms if self._is_news(room)),
            gone=tuple(self._gone({mark.meeting_id for mark in message.marks})),
            wants_answer=is_new or bool(message.rooms),
        )

    def _is_news(self, room: RelayedRoom) -> bool:
        shared = self._rooms.get(room.meeting_id)
        if shared is None or (shared.theirs is not None and room.version <= shared.theirs.version):
            return False
        shared.theirs = room
        return True

    def _gone(self, named: set[MeetingId]) -> list[MeetingId]:
        gone = [each for each, shared in self._rooms.items() if shared.theirs is not None and each not in named]
        for meeting_id in gone:
            self._rooms[meeting_id].theirs = None
        return gone


def announced(track: RoomTrack, ssrcs: tuple[int, ...]) -> RelayedTrack:
    """A track as it is told to another node."""
    codec = track.media.codec.codec
    return RelayedTrack(
        track_id=track.key.track_id,
        participant_id=track.participant_id,
        source=track.source,
        codec=codec.name,
        clock_rate=codec.clock_rate,
        channels=codec.channels,
        parameters=codec.parameters,
        ssrcs=ssrcs,
        extensions=tuple(uri for uri, _ in track.media.extensions),
        redundant=track.media.codec.prefers_red,
    )
