"""The rules that are compared. Each gateway has a rule of its own; `NodePlacement` is the real one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from random import Random
from typing import Protocol

from contracts.node_rpc import NodeLease
from contracts.rooms import NodeId
from signaling_gateway.domain.placement import FULL
from signaling_gateway.service.media_nodes import NodeDirectory


class Rule(Protocol):
    """What the simulation asks of a gateway's placement: the methods of `NodePlacement`."""

    async def read(self) -> Mapping[NodeId, NodeLease]: ...
    async def choose(self, *, instead_of: NodeId | None) -> NodeId | None: ...
    def settled(self, chosen: NodeId, actual: NodeId | None) -> None: ...


class _FreshlyRead:
    """Rules that read all leases for each placement."""

    def __init__(self, directory: NodeDirectory, region: str) -> None:
        self._directory = directory
        self._region = region

    async def read(self) -> Mapping[NodeId, NodeLease]:
        return await self._directory.live()

    async def choose(self, *, instead_of: NodeId | None) -> NodeId | None:
        leases = await self._directory.live()
        return self._choose(lease for lease in leases.values() if lease.node_id != instead_of)

    def settled(self, chosen: NodeId, actual: NodeId | None) -> None:
        """Nothing is remembered."""

    def _choose(self, leases: Iterable[NodeLease]) -> NodeId | None:
        raise NotImplementedError


class LeastLoaded(_FreshlyRead):
    """The rule before this one: the least loaded of all, by what the leases say."""

    def _choose(self, leases: Iterable[NodeLease]) -> NodeId | None:
        best = min(
            leases,
            key=lambda lease: (
                lease.draining,
                lease.load >= FULL,
                lease.region != self._region,
                lease.load,
                lease.node_id,
            ),
            default=None,
        )
        return None if best is None else best.node_id


class AnyNode(_FreshlyRead):
    """Any node of the region that is not draining, whatever its load."""

    def __init__(self, directory: NodeDirectory, region: str, random: Random) -> None:
        super().__init__(directory, region)
        self._random = random

    def _choose(self, leases: Iterable[NodeLease]) -> NodeId | None:
        near = [lease.node_id for lease in leases if lease.region == self._region and not lease.draining]
        return self._random.choice(near) if near else None


class Omniscient(_FreshlyRead):
    """The least loaded node at this very moment, counting everybody who is still to come to its meetings."""

    def __init__(self, directory: NodeDirectory, region: str, final_load: Callable[[NodeId], float]) -> None:
        super().__init__(directory, region)
        self._final_load = final_load

    def _choose(self, leases: Iterable[NodeLease]) -> NodeId | None:
        near = [lease.node_id for lease in leases if lease.region == self._region and not lease.draining]
        return min(near, key=self._final_load, default=None)
