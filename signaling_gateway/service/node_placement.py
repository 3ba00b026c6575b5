"""Which media nodes there are as this gateway last saw them, and which one a meeting is placed on.

The watch over the nodes reads all leases twice a second anyway (`upkeep`). A placement takes what it read: no reads
of its own, however many meetings start. A node whose lease has ended meanwhile may still be chosen; the very reading
that finds the lease gone also places its meetings anew, so none waits for that longer than its neighbours.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from contracts.node_rpc import NodeLease
from contracts.redis_names import NODE_RENEW_MS
from contracts.rooms import NodeId
from signaling_gateway.domain.placement import RecentPlacements, choose_node
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
    ) -> None:
        """``regions``: nearest first. ``steady``: a monotonic clock's seconds. ``draw``: as `choose_node` needs it."""
        self._directory = directory
        self._regions = tuple(regions)
        self._steady = steady
        self._draw = draw
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

    async def choose(self, *, instead_of: NodeId | None) -> NodeId | None:
        """A node for a meeting, other than ``instead_of``; None: there is none. It counts as placed there."""
        if not self._fresh(instead_of):
            await self._read_together()
        now = self._now()
        chosen = choose_node(
            (lease for lease in self._leases.values() if lease.node_id != instead_of),
            self._regions,
            self._draw,
            unseen=self._recent.unseen(now),
            silent={node_id for node_id, (_, since) in self._renewed.items() if now - since >= SILENT_MS},
        )
        PLACEMENTS.labels("none" if chosen is None else "placed").inc()
        if chosen is None:
            return None
        self._recent.add(chosen.node_id, now)
        return chosen.node_id

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
