"""What ingesters of a node are told, and how many there may be."""

from __future__ import annotations

from msgspec import Struct

from contracts.rooms import NodeId
from media_fleet.ingester import protocol


class IngressSite(Struct, frozen=True, kw_only=True):
    """Where ingesters find this node's core, and where people send RTMP to."""

    node_id: NodeId
    address: str
    port: int
    rtmp_address: str
    rtmp_port: int
    """0: none is taken."""
    rtmp_url: str
    """As people are told it."""
    may_reach_any: bool
    """Whether streams may be fetched from networks that are not public."""
    height: int
    most: int
    """At once."""
    memory_bytes: int | None = None
    """The most of an ingester's address space."""

    def begin(self, ingress_id: str, source: protocol.Fetched | protocol.Pushed) -> protocol.Begin:
        """What an ingester is told first."""
        return protocol.Begin(
            ingress_id=ingress_id,
            source=source,
            address=self.address,
            port=self.port,
            height=self.height,
            memory_bytes=self.memory_bytes,
        )
