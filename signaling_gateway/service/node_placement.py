"""Which media nodes there are as this gateway last saw them, and which one a meeting is placed on.

The watch over the nodes reads all leases twice a second anyway (`upkeep`). A placement takes what it read: no reads
of its own, however many meetings start. A node whose lease has ended meanwhile may still be chosen; the very reading
that finds the lease gone also places its meetings anew, so none waits for that longer than its neighbours.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence, Set

from contracts.node_rpc import NodeLease
from contracts.redis_names import NODE_RENEW_MS
from contracts.rooms import NodeId
from signaling_gateway.domain.placement import RecentPlacements, choose_node
from signaling_gateway.domain.spanning import choose_for_participant
from signaling_gateway.metrics import PLACEMENTS
from signaling_gateway.service.media_nodes import NodeDirectory

VIEW_LIFE_MS = 1_000
"""What was read longer ago is read again before a meeting is placed: the watch has missed a turn."""
SILENT_MS = 2 * NODE_RENEW_MS
"""A node that was not seen to renew its lease for so long is probably gone, a second before its lease ends."""


class NodePlacement:
    """Chooses nodes for the meetings of this gateway. Methods that read raise the store's errors."""

    def __init__(
        self,
        directory: NodeDirectory,
        *,
        regions: Sequence[str],
        steady: Callable[[], float],
        draw: Callable[[int], int],
        spans_regions: bool = True,
    ) -> None:
        """``regions``: nearest first. ``steady``: a monotonic clock's seconds. ``draw``: as `choose_node` needs it.

        ``spans_regions``: as of `choose_for_participant`.
        """
        self._directory = directory
        self._regions = tuple(regions)
        self._steady = steady
        self._draw = draw
        self._spans_regions = spans_regions
        self._leases: Mapping[NodeId, NodeLease] = {}
        self._renewed: dict[NodeId, tuple[int, int]] = {}
        """The latest ``renewed_at`` of each node, and when it was first seen. Nodes' clocks may be wrong."""
        self._read_at: int | None = None
        self._reading = asyncio.Lock()
        self._recent = RecentPlacements()

    async def read(self) -> Mapping[NodeId, NodeLease]:
        """The leases of all live nodes, read now."""
        # What is read may be older than the answer, but not than the question.
        asked_at = self._now()
        leases = await self._directory.live()
        if self._read_at is None or asked_at >= self._read_at:
            self._read_at = asked_at
            self._leases = leases
            self._renewed = {node_id: self._seen(lease, asked_at) for node_id, lease in leases.items()}
        return leases

    async def choose(self, *, instead_of: NodeId | None, beside: Collection[NodeId] = ()) -> NodeId | None:
        """A node for a meeting, other than ``instead_of``; None: there is none. It counts as placed there.

        ``beside``: nodes that the meeting has already, which are preferred.
        """
        if not self._fresh(instead_of):
            await self._read_together()
        now = self._now()
        others = {node_id: lease for node_id, lease in self._leases.items() if node_id != instead_of}
        if any(node_id in others for node_id in beside):
            return choose_for_participant(
                beside, others, self._regions, self._draw, silent=self._silent(now), spans_regions=False
            )
        chosen = choose_node(
            others.values(),
            self._regions,
            self._draw,
            unseen=self._recent.unseen(now),
            silent=self._silent(now),
        )
        PLACEMENTS.labels("none" if chosen is None else "placed").inc()
        if chosen is None:
            return None
        self._recent.add(chosen.node_id, now)
        return chosen.node_id

    async def choose_for(self, meeting: Collection[NodeId], *, avoid: Set[NodeId] = frozenset()) -> NodeId | None:
        """A node for somebody in a meeting that is on these nodes; None: there is none.

        Another one than these counts as given a meeting.
        """
        if not self._fresh(None):
            await self._read_together()
        now = self._now()
        chosen = choose_for_participant(
            meeting,
            self._leases,
            self._regions,
            self._draw,
            unseen=self._recent.unseen(now),
            silent=self._silent(now),
            avoid=avoid,
            spans_regions=self._spans_regions,
        )
        if chosen is not None and chosen not in meeting:
            self._recent.add(chosen, now)
        return chosen

    def is_gone(self, node_id: NodeId) -> bool:
        """Whether the node's lease had ended when leases were read last."""
        return self._read_at is not None and node_id not in self._leases

    def settled(self, chosen: NodeId, actual: NodeId | None) -> None:
        """Where the meeting really is now: somebody else may have been faster, or the log was not to be reached."""
        if actual != chosen:
            self._recent.take_back(chosen)

    async def _read_together(self) -> None:
        """However many wait for a reading, the next one that begins is for all of them."""
        since = self._now()
        async with self._reading:
            if self._read_at is None or self._read_at < since:
                await self.read()

    def _silent(self, now: int) -> set[NodeId]:
        return {node_id for node_id, (_, since) in self._renewed.items() if now - since >= SILENT_MS}

    def _fresh(self, instead_of: NodeId | None) -> bool:
        """Whether what was read will do. Where it holds no node for the meeting, one may have come since."""
        if self._read_at is None or self._now() - self._read_at > VIEW_LIFE_MS:
            return False
        return any(node_id != instead_of for node_id in self._leases)

    def _seen(self, lease: NodeLease, now: int) -> tuple[int, int]:
        known = self._renewed.get(lease.node_id)
        return known if known is not None and known[0] == lease.renewed_at else (lease.renewed_at, now)

    def _now(self) -> int:
        return int(self._steady() * 1000)
