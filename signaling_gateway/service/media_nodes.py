"""The ports to the media nodes, as the rooms use them."""

from __future__ import annotations

from typing import Protocol

from contracts.node_rpc import NodeAnswer, NodeLease, NodeRequest
from contracts.rooms import NodeId


class NodeDirectory(Protocol):
    """Which media nodes there are."""

    async def live(self) -> dict[NodeId, NodeLease]:
        """The leases of all live nodes. Raises the store's errors (`OSError` or its own)."""


class NodeRpc(Protocol):
    """Requests to media nodes."""

    async def request(self, node_id: NodeId, request: NodeRequest, *, timeout_s: float) -> NodeAnswer:
        """The node's answer. Raises `NodeError`: it refused, does not listen, or did not answer in time."""
