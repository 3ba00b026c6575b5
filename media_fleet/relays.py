"""Meetings that several nodes share: which nodes these are, what crosses between them, and what is told about it.

Each node relays the tracks of its own participants to every other node of the meeting, and nobody else's: nothing goes
in circles. What changed in a room is told a few milliseconds later, once for all that changed; what the other node has
not heard is repeated.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Set
from typing import Protocol

from msgspec import Struct

from contracts.node_links import LinkEnd, LinkMessage, RelayedRoom
from contracts.rooms import MeetingId, NodeId
from media_fleet.adapters.link_plane import Crossing, LinkPlane
from media_fleet.domain.effects import Effect, TrackKey
from media_fleet.domain.relaying import NodeLink, announced
from media_fleet.domain.room import Room
from media_fleet.domain.subscribing import RoomTrack
from media_fleet.domain.thread_places import ThreadPlaces

SETTLE_S = 0.01
"""What changes within so short a time is told together."""
REPEAT_S = 0.5
LINGER_S = 20.0
"""So long at the most a node that shares a meeting no more is still linked, while it has some of it: whoever leaves it
still sends there for a moment."""
HELLO_S = 2.0
"""So often each node hears how things are, also when nothing has changed."""

Send = Callable[[NodeId, LinkMessage], None]


class SharedRooms(Protocol):
    """The rooms of this node, as relays need them."""

    def room(self, meeting_id: MeetingId) -> Room | None: ...

    def carry_out(self, meeting_id: MeetingId, effects: Iterable[Effect]) -> None: ...

    def core_track(self, meeting_id: MeetingId, track: TrackKey) -> int:
        """The packet core's id of a track that is published here."""
        ...


class _Span(Struct, frozen=True, kw_only=True):
    """The other nodes of a meeting, as of a version of its log."""

    version: int
    others: frozenset[NodeId]
    former: dict[NodeId, float]
    """Nodes that were among them, and until when they are followed, monotonic seconds."""


class Relays:
    """All links of one node."""

    def __init__(
        self,
        node_id: NodeId,
        *,
        rooms: SharedRooms,
        threads: ThreadPlaces,
        plane: LinkPlane,
        new_end: Callable[[], LinkEnd],
        new_ssrc: Callable[[], int],
        send: Send,
    ) -> None:
        self._node_id = node_id
        self._rooms = rooms
        self._threads = threads
        self._plane = plane
        self._new_end = new_end
        self._new_ssrc = new_ssrc
        self._send = send
        self._spans: dict[MeetingId, _Span] = {}
        self._links: dict[NodeId, NodeLink] = {}
        self._ssrcs: dict[tuple[NodeId, MeetingId, TrackKey], tuple[int, ...]] = {}
        self._changed: set[MeetingId] = set()
        self._anything_changed = asyncio.Event()
        self._told_at: dict[NodeId, float] = {}

    @property
    def nodes(self) -> int:
        """How many nodes there are links to, or will be once they answer."""
        return len(self._links)

    # ---- what the node must say ----

    def span(self, meeting_id: MeetingId, nodes: Iterable[NodeId], *, version: int) -> None:
        """The meeting is on these nodes, as of a version of its log."""
        known = self._spans.get(meeting_id)
        if known is None or version >= known.version:
            others = frozenset(nodes) - {self._node_id}
            until = self._now() + LINGER_S
            gone = known.others - others if known is not None else ()
            former = dict.fromkeys(gone, until) | ({} if known is None else known.former)
            self._spans[meeting_id] = _Span(
                version=version, others=others, former={each: at for each, at in former.items() if each not in others}
            )
            self._touch(meeting_id)

    def changed(self, meeting_id: MeetingId) -> None:
        """Something may have changed in a room."""
        span = self._spans.get(meeting_id)
        if span is not None and (span.others or self._crosses(meeting_id)):
            self._touch(meeting_id)

    def close(self, meeting_id: MeetingId) -> None:
        """The room is no longer here."""
        self._spans.pop(meeting_id, None)
        self._touch(meeting_id)

    def receive(self, message: LinkMessage) -> None:
        """What another node says."""
        link = self._links.get(message.node_id)
        if link is None:
            return  # It shares nothing with this node, as far as that is known; it will say it again.
        heard = link.take(message)
        if heard.linked_anew and link.peer is not None:
            for meeting_id in link.meetings:
                self._take(meeting_id, link.node_id, None)
            self._plane.open(link.node_id, link.end, link.peer)
        for meeting_id in heard.gone:
            self._take(meeting_id, link.node_id, None)
            self._touch(meeting_id)
        for room in heard.rooms:
            if self._plane.place(link.node_id, room.meeting_id, room.thread):
                # What crossed to and from the thread where it was before is void.
                self._plane.keep_only(link.node_id, room.meeting_id, set())
                self._take(room.meeting_id, link.node_id, None)
            self._take(room.meeting_id, link.node_id, room)
            self._touch(room.meeting_id)
        if heard.linked_anew:
            self._changed.update(link.meetings)
        if heard.wants_answer:
            self.settle(self._now())
            self._tell(link, self._now())

    # ---- by the clock ----

    async def run(self) -> None:
        """Works for ever; ends by cancellation."""
        while True:
            try:
                async with asyncio.timeout(REPEAT_S):
                    await self._anything_changed.wait()
            except TimeoutError:
                self.tick(self._now())
                continue
            await asyncio.sleep(SETTLE_S)
            self.settle(self._now())

    def tick(self, now: float) -> None:
        """Repeats what has not been heard, and says now and then that all is as it was. ``now``: monotonic seconds."""
        for meeting_id, span in self._spans.items():
            if any(until <= now for until in span.former.values()) and self._crosses(meeting_id) - span.others:
                self._touch(meeting_id)
        for link in self._links.values():
            silent_s = now - self._told_at.get(link.node_id, 0.0)
            if silent_s >= HELLO_S or (link.is_behind and silent_s >= REPEAT_S):
                self._tell(link, now)

    def settle(self, now: float) -> None:
        """Brings what crosses, and what is told, to how the rooms are."""
        self._anything_changed.clear()
        changed, self._changed = self._changed, set()
        news: set[NodeId] = set()
        for meeting_id in changed:
            news |= self._settle(meeting_id)
        for node_id in news:
            link = self._links[node_id]
            self._tell(link, now)
            if not link.meetings:
                self._end(link)

    def _settle(self, meeting_id: MeetingId) -> set[NodeId]:
        """The nodes for which there are news."""
        room = self._rooms.room(meeting_id)
        span = self._spans.get(meeting_id)
        others = (
            span.others | self._lingering(meeting_id, span) if span is not None and room is not None else frozenset()
        )
        news = {node_id for node_id in self._crosses(meeting_id) - others if self._leave(meeting_id, node_id)}
        for node_id in others if room is not None else ():
            link = self._links.get(node_id)
            if link is None:
                link = self._links[node_id] = NodeLink(node_id, own_id=self._node_id, end=self._new_end())
            if room is not None and self._share(meeting_id, room, link):
                news.add(node_id)
        return news

    def _lingering(self, meeting_id: MeetingId, span: _Span) -> Set[NodeId]:
        """Nodes that share the meeting no more by the log, and still have some of it."""
        now = self._now()
        return {
            node_id
            for node_id, until in span.former.items()
            if now < until and (link := self._links.get(node_id)) is not None and link.has_heard_of(meeting_id)
        }

    def _share(self, meeting_id: MeetingId, room: Room, link: NodeLink) -> bool:
        published = list(room.tracks.local.values())
        tracks = tuple(announced(track, self._ssrcs_of(link.node_id, meeting_id, track)) for track in published)
        wanted = room.tracks.wanted_from(link.node_id)
        thread = self._threads.of(meeting_id) or 0
        is_news = link.tell(meeting_id, room.whereabouts(), tracks, wanted, thread=thread)
        self._relay(meeting_id, published, link)
        return is_news

    def _relay(self, meeting_id: MeetingId, tracks: list[RoomTrack], link: NodeLink) -> None:
        """Has cross what the other node wants."""
        keys = {track.key for track in tracks}
        for place in [
            place for place in self._ssrcs if place[:2] == (link.node_id, meeting_id) and place[2] not in keys
        ]:
            del self._ssrcs[place]
        if not self._plane.is_open(link.node_id):
            return
        self._plane.keep_only(link.node_id, meeting_id, keys)
        wanted = link.wanted(meeting_id)
        for track in tracks:
            wish = wanted.get(track.key.track_id)
            crossing = Crossing(
                meeting_id=meeting_id,
                track=track.key,
                core_track=self._rooms.core_track(meeting_id, track.key),
                ssrcs=self._ssrcs_of(link.node_id, meeting_id, track),
                wanted=0 if wish is None else wish.layers,
                height=None if wish is None else wish.height,
                cname=track.participant_id,
            )
            self._plane.relay(link.node_id, crossing)

    def _ssrcs_of(self, node_id: NodeId, meeting_id: MeetingId, track: RoomTrack) -> tuple[int, ...]:
        """Drawn at random (RFC 3550, 8.1), each once on a link."""
        place = (node_id, meeting_id, track.key)
        if place not in self._ssrcs:
            used = {ssrc for (node, *_), ssrcs in self._ssrcs.items() if node == node_id for ssrc in ssrcs}
            fresh: list[int] = []
            while len(fresh) < max(1, len(track.media.rids)):
                if (ssrc := self._new_ssrc()) not in used and ssrc not in fresh:
                    fresh.append(ssrc)
            self._ssrcs[place] = tuple(fresh)
        return self._ssrcs[place]

    def _leave(self, meeting_id: MeetingId, node_id: NodeId) -> bool:
        self._plane.leave(node_id, meeting_id)
        self._take(meeting_id, node_id, None)
        for place in [place for place in self._ssrcs if place[:2] == (node_id, meeting_id)]:
            del self._ssrcs[place]
        return self._links[node_id].leave(meeting_id)

    def _end(self, link: NodeLink) -> None:
        del self._links[link.node_id]
        self._told_at.pop(link.node_id, None)
        self._plane.close(link.node_id)

    def _take(self, meeting_id: MeetingId, node_id: NodeId, theirs: RelayedRoom | None) -> None:
        """Has the room know what another node has; None: nothing."""
        room = self._rooms.room(meeting_id)
        if room is not None:
            participants, tracks = ((), ()) if theirs is None else (theirs.participants, theirs.tracks)
            self._rooms.carry_out(meeting_id, room.relay(node_id, participants, tracks))

    def _crosses(self, meeting_id: MeetingId) -> frozenset[NodeId]:
        return frozenset(node_id for node_id, link in self._links.items() if meeting_id in link.meetings)

    def _tell(self, link: NodeLink, now: float) -> None:
        self._told_at[link.node_id] = now
        self._send(link.node_id, link.message())

    def _touch(self, meeting_id: MeetingId) -> None:
        self._changed.add(meeting_id)
        self._anything_changed.set()

    @staticmethod
    def _now() -> float:
        return time.monotonic()
