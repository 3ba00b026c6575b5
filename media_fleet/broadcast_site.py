"""What broadcasters of a node are told: where its core is, where viewers' gateways come, and how they compose."""

from __future__ import annotations

from collections.abc import Set

from msgspec import Struct
from msgspec.structs import replace

from contracts.broadcasting import BroadcastOrder
from contracts.recording_order import RecordingOrder
from contracts.rooms import MeetingId, NodeId, RecordingKind
from media_fleet.domain.errors import BroadcastUnavailableError
from media_fleet.domain.session_description import IceCredentials
from media_fleet.dtls_border import SrtpKeys
from media_fleet.recorder import protocol
from media_fleet.recorder_site import CompositeQuality

PORTS = 64
"""So many follow each other: more broadcasts, and those that have just ended, no node has."""


class BroadcastSite(Struct, frozen=True, kw_only=True):
    """Where broadcasters find this node's core, and where they serve HLS."""

    node_id: NodeId
    address: str
    port: int
    origin_address: str
    """At which gateways reach this node."""
    first_port: int
    """Of the `PORTS` at which HLS is served; 0: any free one each."""
    quality: CompositeQuality
    held_ms: int
    may_reach_any: bool
    """Whether servers that get broadcasts may be in networks that are not public."""
    most_composites: int
    memory_bytes: int | None = None
    """The most of a broadcaster's address space."""

    def begin(
        self,
        meeting_id: MeetingId,
        broadcast_id: str,
        order: BroadcastOrder,
        origin: protocol.OriginPlace | None,
        *,
        run: int,
        ice: IceCredentials,
        keys: SrtpKeys,
    ) -> protocol.BeginBroadcast:
        """What a broadcaster is told first."""
        composite = self.quality.order(RecordingOrder(kind=RecordingKind.COMPOSITE, layout=order.layout))
        return protocol.BeginBroadcast(
            meeting_id=meeting_id,
            broadcast_id=broadcast_id,
            address=self.address,
            port=self.port,
            ufrag=ice.ufrag,
            pwd=ice.pwd,
            receive_key=keys.send_key + keys.send_salt,
            send_key=keys.receive_key + keys.receive_salt,
            composite=replace(composite, held_ms=self.held_ms),
            targets=order.targets,
            may_reach_any=self.may_reach_any,
            origin=origin,
            run=run,
            memory_bytes=self.memory_bytes,
        )

    def free_port(self, used: Set[int]) -> int:
        """Where one more may serve.

        Raises:
            BroadcastUnavailableError: all ports are in use.
        """
        if self.first_port == 0:
            return 0
        ports = range(self.first_port, min(self.first_port + PORTS, 65_536))
        port = next((port for port in ports if port not in used), None)
        if port is None:
            raise BroadcastUnavailableError("As many broadcasts are being made here as the node has ports for.")
        return port

    def url(self, place: protocol.OriginPlace, port: int) -> str:
        """Where gateways fetch what a broadcaster serves."""
        host = f"[{self.origin_address}]" if ":" in self.origin_address else self.origin_address
        return f"http://{host}:{port}/{place.path}/"
