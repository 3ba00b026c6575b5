"""Many gateways place meetings on many nodes, on one simulated clock.

Gateways, nodes and their leases keep the times of the real ones: a lease tells of its node's load at its last renewal
and lasts three seconds; each gateway reads all leases twice a second, at a moment of its own. The decisions are real:
the rule under test, and `place_node` with `evolve` as the log would have it. Messages take no time.
"""

from __future__ import annotations

import functools
import heapq
import itertools
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from random import Random

import msgspec

from bench.placement.rules import Rule
from bench.placement.workload import END_MS, GATEWAYS_PER_REGION, MeetingPlan, NodePlan, Workload, meeting_load
from contracts.node_rpc import NodeLease
from contracts.redis_names import NODE_LEASE_MS, NODE_RENEW_MS
from contracts.rooms import (
    PERMISSIONS_OF_ROLE,
    GatewayId,
    Identity,
    NodeId,
    ParticipantId,
    ParticipantInfo,
    Role,
)
from media_fleet.domain.settling_meetings import SettlingMeetings
from signaling_gateway.domain.commands import PlaceNode
from signaling_gateway.domain.evolve import evolve
from signaling_gateway.domain.placement import place_node
from signaling_gateway.domain.room_state import RoomState, Stay
from signaling_gateway.service.upkeep import NODE_WATCH_S

WATCH_MS = int(NODE_WATCH_S * 1000)
DRAIN_MS = 20_000
"""As ``PARLEY_NODE_DRAIN_TIMEOUT_S``."""

_HOST = Stay(
    info=ParticipantInfo(
        id=ParticipantId("p"),
        identity=Identity("u"),
        name="Ada",
        role=Role.HOST,
        permissions=PERMISSIONS_OF_ROLE[Role.HOST],
        joined_at=0,
    ),
    gateway_id=GatewayId("g"),
    resume_hash="",
    connection=1,
    granted=PERMISSIONS_OF_ROLE[Role.HOST],
)
_SOMEBODY_IS_THERE = RoomState(version=1, stays={_HOST.info.id: _HOST})


@dataclass(eq=False)
class Node:
    plan: NodePlan
    load: float = 0.0
    """What its meetings take now; more than 1: more than it has."""
    final_load: float = 0.0
    """The same once everybody has come."""
    alive: bool = False
    draining: bool = False
    lease: NodeLease | None = None
    lease_ends_at: int = 0
    meetings_begun: int = 0
    settling: SettlingMeetings = field(default_factory=SettlingMeetings)
    meetings: set[Meeting] = field(default_factory=set)


@dataclass(eq=False)
class Meeting:
    plan: MeetingPlan
    state: RoomState = _SOMEBODY_IS_THERE
    people: int = 0


@dataclass
class Gateway:
    region: str
    number: int
    rule: Rule


@dataclass
class Loss:
    """What the loss of one node led to."""

    node_id: NodeId
    meetings: int
    """That were on it when its lease ended."""
    heirs: dict[NodeId, int] = field(default_factory=dict)
    """How many of them each node got."""
    ended: int = 0
    """How many ended before a gateway looked."""


class Simulation:
    """Plays a workload with one rule. Afterwards ``moves``, ``losses`` and the rest say what happened.

    Times are milliseconds from the beginning, loads shares of a node.
    """

    def __init__(self, workload: Workload, *, seed: int) -> None:
        self.now = 0
        self.nodes = {plan.id: Node(plan) for plan in workload.nodes}
        self.placements = 0
        self.moves = 0
        self.strays = 0
        """Moves of meetings whose node was alive; there should be none."""
        self.losses: dict[NodeId, Loss] = {}
        self.seconds_deciding = 0.0
        self._workload = workload
        self._random = Random(seed)
        self._gateways: dict[tuple[str, int], Gateway] = {}
        self._events: list[tuple[int, int, Callable[[], Awaitable[None] | None]]] = []
        self._numbers = itertools.count()

    # ---- what a rule may look at ----

    def clock(self) -> float:
        """Seconds."""
        return self.now / 1000

    async def live(self) -> dict[NodeId, NodeLease]:
        """As `RedisNodeDirectory.live`."""
        return {
            node.plan.id: node.lease
            for node in self.nodes.values()
            if node.lease is not None and node.lease_ends_at > self.now
        }

    def final_load(self, node_id: NodeId) -> float:
        """What a node's meetings will take once everybody has come; infinite if it is dead, lease or not."""
        node = self.nodes[node_id]
        return node.final_load if node.alive else float("inf")

    # ---- running ----

    async def run(self, rule_of: Callable[[str], Rule], *, each_second: Callable[[], None]) -> None:
        """Plays all of it. ``rule_of(region)`` makes one gateway's rule."""
        for region, count in GATEWAYS_PER_REGION.items():
            for number in range(count):
                gateway = self._gateways[region, number] = Gateway(region, number, rule_of(region))
                self._at(self._random.randrange(WATCH_MS), functools.partial(self._watch, gateway))
        for node in self.nodes.values():
            self._plan_node(node)
        for meeting_plan in self._workload.meetings:
            self._plan_meeting(Meeting(meeting_plan))
        for second in range(END_MS // 1000):
            self._at(second * 1000, each_second)
        while self._events and self._events[0][0] < END_MS:
            self.now, _, happens = heapq.heappop(self._events)
            awaitable = happens()
            if awaitable is not None:
                await awaitable

    def _at(self, when: int, happens: Callable[[], Awaitable[None] | None]) -> None:
        heapq.heappush(self._events, (when, next(self._numbers), happens))

    # ---- nodes ----

    def _plan_node(self, node: Node) -> None:
        plan = node.plan
        self._at(plan.starts_at + self._random.randrange(NODE_RENEW_MS), lambda: self._start(node))
        if plan.dies_at is not None:
            self._at(plan.dies_at, lambda: self._die(node))
        if plan.stops_at is not None:
            self._at(plan.stops_at, lambda: self._drain(node))
            self._at(plan.stops_at + DRAIN_MS, lambda: self._stop(node))

    def _start(self, node: Node) -> None:
        node.alive = True
        self._renew(node)

    def _renew(self, node: Node) -> None:
        if node.alive:
            node.lease = NodeLease(
                node_id=node.plan.id,
                region=node.plan.region,
                load=round(min(1.0, node.load), 4),
                participants=sum(meeting.people for meeting in node.meetings),
                draining=node.draining,
                renewed_at=self.now,
                settling=node.settling.measure(node.meetings_begun, self.clock()),
            )
            node.lease_ends_at = self.now + NODE_LEASE_MS
            self._at(self.now + NODE_RENEW_MS, lambda: self._renew(node))

    def _die(self, node: Node) -> None:
        node.alive = False

    def _drain(self, node: Node) -> None:
        node.draining = True
        if node.lease is not None:
            node.lease = msgspec.structs.replace(node.lease, draining=True)

    def _stop(self, node: Node) -> None:
        node.alive = False
        node.lease_ends_at = self.now

    # ---- meetings ----

    def _plan_meeting(self, meeting: Meeting) -> None:
        first, *later = meeting.plan.arrivals
        opener = self._gateways[meeting.plan.region, meeting.plan.gateways[0]]
        self._at(first, lambda: self._place(opener, meeting))
        for when in (first, *later):
            self._at(when, lambda: self._come(meeting))
        self._at(max(meeting.plan.ends_at, meeting.plan.arrivals[-1] + 1), lambda: self._end(meeting))

    def _come(self, meeting: Meeting) -> None:
        before = meeting_load(meeting.people)
        meeting.people += 1
        self._node_of(meeting).load += meeting_load(meeting.people) - before

    async def _place(self, gateway: Gateway, meeting: Meeting) -> None:
        before = meeting.state.node_id
        since = time.perf_counter()
        chosen = await gateway.rule.choose(instead_of=before)
        self.seconds_deciding += time.perf_counter() - since
        if chosen is None:
            raise RuntimeError("there is no node")
        events = place_node(meeting.state, PlaceNode(node_id=chosen, instead_of=before), self.now)
        for event in events:
            meeting.state = evolve(meeting.state, event)
        gateway.rule.settled(chosen, meeting.state.node_id)
        self._count(meeting, before)

    def _count(self, meeting: Meeting, before: NodeId | None) -> None:
        self.placements += 1
        node_id = meeting.state.node_id
        if before is not None and node_id is not None:
            self.moves += 1
            self.strays += self.nodes[before].alive
            heirs = self.losses[before].heirs
            heirs[node_id] = heirs.get(node_id, 0) + 1
            self.nodes[before].meetings.discard(meeting)
        node = self._node_of(meeting)
        node.meetings.add(meeting)
        node.meetings_begun += 1
        node.load += meeting_load(meeting.people)
        node.final_load += meeting_load(len(meeting.plan.arrivals))

    def _end(self, meeting: Meeting) -> None:
        node = self._node_of(meeting)
        if node.plan.id in self.losses:
            self.losses[node.plan.id].ended += 1
        node.meetings.discard(meeting)
        node.load -= meeting_load(meeting.people)
        node.final_load -= meeting_load(len(meeting.plan.arrivals))

    def _node_of(self, meeting: Meeting) -> Node:
        node_id = meeting.state.node_id
        if node_id is None:
            raise RuntimeError("the meeting has not been placed")
        return self.nodes[node_id]

    # ---- gateways ----

    async def _watch(self, gateway: Gateway) -> None:
        """As `Upkeep.watch_nodes`."""
        live = await gateway.rule.read()
        self._at(self.now + WATCH_MS, lambda: self._watch(gateway))
        for node in self._gone(live):
            self.losses.setdefault(node.plan.id, Loss(node.plan.id, len(node.meetings)))
            served = [
                meeting
                for meeting in node.meetings
                if meeting.plan.region == gateway.region
                and gateway.number in meeting.plan.gateways
                and meeting.people > meeting.plan.gateways.index(gateway.number)
            ]
            for meeting in sorted(served, key=lambda meeting: meeting.plan.id):
                await self._place(gateway, meeting)

    def _gone(self, live: Mapping[NodeId, NodeLease]) -> list[Node]:
        return [node for node in self.nodes.values() if node.meetings and node.plan.id not in live]
