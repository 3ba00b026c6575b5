"""Links to other nodes in the packet core, and what crosses them."""

from __future__ import annotations

import logging

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from msgspec import Struct
from packet_core import PacketCore, TransportConnected, TransportLost

from contracts.node_links import LinkEnd
from contracts.rooms import MeetingId, NodeId
from media_fleet.domain.effects import AddRelayedTrack, TrackKey
from media_fleet.metrics import LINKS, LINKS_LOST

logger = logging.getLogger(__name__)

KEY_OCTETS, SALT_OCTETS = 16, 12


class Crossing(Struct, frozen=True, kw_only=True):
    """A track that is to cross a link."""

    meeting_id: MeetingId
    track: TrackKey
    core_track: int
    ssrcs: tuple[int, ...]
    wanted: int
    """So many layers, from the lowest up."""
    cname: str


class LinkPlane:
    """One link for each other node with which meetings are shared. Must be used from the event loop's thread."""

    def __init__(self, core: PacketCore) -> None:
        self._core = core
        self._links: dict[NodeId, int] = {}
        self._places: dict[NodeId, tuple[str, int]] = {}
        self._connected: set[NodeId] = set()
        self._relays: dict[NodeId, dict[tuple[MeetingId, TrackKey, int], _Relay]] = {}
        LINKS.set_function(lambda: len(self._connected))

    def open(self, node_id: NodeId, own: LinkEnd, peer: LinkEnd) -> None:
        """Links two ends; what crossed a former link of the node must have been taken away, and is forgotten.

        Another node that was at the same address is no more: its process has started anew, and has another id.
        """
        place = (peer.address, peer.port)
        for gone in [node_id, *(other for other, at in self._places.items() if at == place)]:
            self.close(gone)
        send_key, send_salt = _keys(own, peer)
        receive_key, receive_salt = _keys(peer, own)
        self._links[node_id] = self._core.add_link(
            address=peer.address,
            port=peer.port,
            receive_key=receive_key,
            receive_salt=receive_salt,
            send_key=send_key,
            send_salt=send_salt,
        )
        self._places[node_id] = place
        self._relays[node_id] = {}
        logger.info("linked", extra={"node_id": node_id, "address": peer.address, "port": peer.port})

    def close(self, node_id: NodeId) -> None:
        """Ends a link with all that crosses it; there need not be one."""
        core_id = self._links.pop(node_id, None)
        self._places.pop(node_id, None)
        self._connected.discard(node_id)
        self._relays.pop(node_id, None)
        if core_id is not None:
            self._core.remove_transport(core_id)
            logger.info("link ended", extra={"node_id": node_id})

    def is_open(self, node_id: NodeId) -> bool:
        return node_id in self._links

    def add_track(self, effect: AddRelayedTrack) -> int:
        """The core's id of a track that comes over a link.

        Raises:
            KeyError: there is no link to the node.
        """
        return self._core.add_relayed_track(
            self._links[effect.node_id],
            kind="audio" if effect.media.kind == "audio" else "video",
            codec=effect.media.codec.codec.name,  # type: ignore[arg-type]  # one of the names in `media_formats`
            clock_rate=effect.media.codec.codec.clock_rate,
            ssrcs=list(effect.ssrcs),
        )

    def relay(self, node_id: NodeId, crossing: Crossing) -> None:
        """Has the layers of a track cross that are wanted, and no others."""
        relays = self._relays[node_id]
        for layer, ssrc in enumerate(crossing.ssrcs):
            key = (crossing.meeting_id, crossing.track, layer)
            is_wanted = layer < crossing.wanted
            relay = relays.get(key)
            if relay is None and is_wanted:
                core_id = self._core.add_relay(
                    self._links[node_id], crossing.core_track, layer=layer, ssrc=ssrc, cname=crossing.cname
                )
                relays[key] = _Relay(core_id)
            elif relay is not None and relay.paused is is_wanted:
                relay.paused = not is_wanted
                self._core.set_paused(relay.core_id, paused=relay.paused)

    def keep_only(self, node_id: NodeId, meeting_id: MeetingId, tracks: set[TrackKey]) -> None:
        """Of a meeting's tracks these cross, at the most."""
        relays = self._relays.get(node_id, {})
        for key in [key for key in relays if key[0] == meeting_id and key[1] not in tracks]:
            self._core.remove_subscription(relays.pop(key).core_id)

    def happened(self, event: object) -> None:
        """Takes note of a link that is heard, or no longer."""
        if not isinstance(event, TransportConnected | TransportLost):
            return
        for node_id, core_id in self._links.items():
            if core_id != event.transport:
                continue
            if isinstance(event, TransportConnected):
                self._connected.add(node_id)
                logger.info("link connected", extra={"node_id": node_id})
            else:
                self._connected.discard(node_id)
                LINKS_LOST.inc()
                logger.warning("link lost", extra={"node_id": node_id})


class _Relay:
    def __init__(self, core_id: int) -> None:
        self.core_id = core_id
        self.paused = False


def _keys(sender: LinkEnd, receiver: LinkEnd) -> tuple[bytes, bytes]:
    """Key and salt (RFC 7714) of what one end sends to another (HKDF, RFC 5869)."""
    info = f"parley link {sender.id} {receiver.id}".encode()
    derived = HKDF(algorithm=SHA256(), length=KEY_OCTETS + SALT_OCTETS, salt=None, info=info).derive(sender.secret)
    return derived[:KEY_OCTETS], derived[KEY_OCTETS:]
