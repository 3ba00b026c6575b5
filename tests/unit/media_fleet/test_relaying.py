"""Two nodes tell each other what crosses the link between them, whatever gets lost."""

from __future__ import annotations

import itertools

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from contracts.node_links import LinkEnd, LinkMessage, RelayedRoom, RelayedTrack, WantedTrack
from contracts.rooms import MeetingId, NodeId, ParticipantId, TrackId, TrackSource
from media_fleet.domain.relaying import NodeLink

WEST, EAST = NodeId("west"), NodeId("east")
MEETINGS = (MeetingId("m1"), MeetingId("m2"))


def track(name: str) -> RelayedTrack:
    return RelayedTrack(
        track_id=TrackId(name),
        participant_id=ParticipantId("p"),
        source=TrackSource.CAMERA,
        codec="VP8",
        clock_rate=90_000,
        ssrcs=(7,),
    )


def agree(west: NodeLink, east: NodeLink) -> tuple[RelayedRoom, ...]:
    """Both hear all. The last news that the east has had."""
    news: tuple[RelayedRoom, ...] = ()
    for _ in range(3):
        news = east.take(west.message()).rooms or news
        west.take(east.message())
    return news


def test_a_meeting_that_crosses_again_is_news_though_its_end_was_not_heard() -> None:
    west, east = (
        NodeLink(other, own_id=own, end=LinkEnd(id=1, address="192.0.2.1", port=1, secret=b""))
        for own, other in ((WEST, EAST), (EAST, WEST))
    )
    [meeting_id, _] = MEETINGS
    east.tell(meeting_id, (), (), ())
    for name in "abcd":
        west.leave(meeting_id)
        west.tell(meeting_id, (), (track(name),), ())
        [room] = agree(west, east)
        assert room.tracks == (track(name),)
        assert not west.is_behind


class TwoNodes(RuleBasedStateMachine):
    """Nodes that change their minds and start anew, and a network that keeps messages in order, if it keeps them."""

    def __init__(self) -> None:
        super().__init__()
        self.ids = itertools.count(1)
        self.links = {WEST: self._new(WEST), EAST: self._new(EAST)}
        self.believed: dict[NodeId, dict[MeetingId, RelayedRoom]] = {WEST: {}, EAST: {}}
        self.under_way: dict[NodeId, list[LinkMessage]] = {WEST: [], EAST: []}
        self.keys: set[tuple[NodeId, int, int]] = set()

    @staticmethod
    def _other(node: NodeId) -> NodeId:
        return EAST if node == WEST else WEST

    def _new(self, node: NodeId) -> NodeLink:
        end = LinkEnd(id=next(self.ids), address="192.0.2.1", port=1, secret=b"")
        return NodeLink(self._other(node), own_id=node, end=end)

    def _send(self, node: NodeId) -> None:
        self.under_way[self._other(node)].append(self.links[node].message())

    def _take(self, node: NodeId, message: LinkMessage) -> None:
        link = self.links[node]
        heard = link.take(message)
        believed = self.believed[node]
        if heard.linked_anew:
            believed.clear()
            assert link.peer is not None
            pair = (node, link.end.id, link.peer.id)
            assert pair not in self.keys, "the same keys for two links"
            self.keys.add(pair)
        for meeting_id in heard.gone:
            believed.pop(meeting_id)
        believed.update({room.meeting_id: room for room in heard.rooms})
        if heard.wants_answer:
            self._send(node)

    @rule(
        node=st.sampled_from([WEST, EAST]),
        meeting_id=st.sampled_from(MEETINGS),
        names=st.frozensets(st.sampled_from("abc")),
        layers=st.integers(0, 3),
    )
    def says(self, node: NodeId, meeting_id: MeetingId, names: frozenset[str], layers: int) -> None:
        tracks = tuple(track(name) for name in sorted(names))
        if self.links[node].tell(meeting_id, (), tracks, (WantedTrack(track_id=TrackId("x"), layers=layers),)):
            self._send(node)

    @rule(node=st.sampled_from([WEST, EAST]), meeting_id=st.sampled_from(MEETINGS))
    def leaves(self, node: NodeId, meeting_id: MeetingId) -> None:
        if self.links[node].leave(meeting_id):
            self.believed[node].pop(meeting_id, None)
            self._send(node)

    @rule(node=st.sampled_from([WEST, EAST]))
    def starts_anew(self, node: NodeId) -> None:
        self.links[node] = self._new(node)
        self.believed[node] = {}

    @rule(node=st.sampled_from([WEST, EAST]), is_lost=st.booleans())
    @precondition(lambda self: any(self.under_way.values()))
    def arrives(self, node: NodeId, is_lost: bool) -> None:  # noqa: FBT001  # hypothesis names arguments
        if self.under_way[node]:
            message = self.under_way[node].pop(0)
            if not is_lost:
                self._take(node, message)

    @rule(node=st.sampled_from([WEST, EAST]))
    def repeats(self, node: NodeId) -> None:
        self._send(node)

    @rule()
    def in_the_end_they_agree(self) -> None:
        for _ in range(4):
            for node in (WEST, EAST):
                self._send(node)
            for node in (WEST, EAST):
                while self.under_way[node]:
                    self._take(node, self.under_way[node].pop(0))
        shared = set(self.links[WEST].meetings) & set(self.links[EAST].meetings)
        for node in (WEST, EAST):
            told = {room.meeting_id: room for room in self._all(self._other(node))}
            assert {each: self.believed[node][each].tracks for each in shared} == {
                each: told[each].tracks for each in shared
            }
            assert set(self.believed[node]) == shared, "what only one of them has is nothing"
            for meeting_id in shared:
                [wanted] = told[meeting_id].wanted
                assert self.links[node].wanted(meeting_id) == {wanted.track_id: wanted}
            if shared == set(self.links[node].meetings):
                assert not self.links[node].is_behind

    def _all(self, node: NodeId) -> list[RelayedRoom]:
        return [shared.ours for shared in self.links[node]._rooms.values()]

    @invariant()
    def messages_name_no_former_end_of_the_sender(self) -> None:
        for link in self.links.values():
            assert link.message().end == link.end


TestTwoNodes = TwoNodes.TestCase
TestTwoNodes.settings = settings(max_examples=60, stateful_step_count=30)
