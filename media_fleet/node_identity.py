"""What a media node is."""

from __future__ import annotations

from msgspec import Struct

from contracts.rooms import NodeId
from media_fleet.broadcast_site import BroadcastSite
from media_fleet.domain.transport_parameters import NodeEnd
from media_fleet.ingress_site import IngressSite
from media_fleet.recorder_site import RecorderSite
from media_fleet.transcoders import TranscoderSite


class NodeIdentity(Struct, frozen=True, kw_only=True):
    """What a node is in all its rooms."""

    node_id: NodeId
    end: NodeEnd
    max_participants: int
    last_n_video: int = 0
    recorder: RecorderSite | None
    broadcaster: BroadcastSite | None
    ingress: IngressSite | None = None
    transcoder: TranscoderSite
