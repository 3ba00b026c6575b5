"""Links to other nodes in the packet core, and what crosses them."""

from __future__ import annotations

import logging
from collections.abc import Callable

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from msgspec import Struct
from packet_core import PacketCore, TransportConnected, TransportLost

from contracts.node_links import LinkEnd, RelayedData, encode_data
from contracts.rooms import MeetingId, NodeId
from media_fleet.adapters.core_codecs import core_codec
from media_fleet.domain.effects import AddRelayedTrack, TrackKey
from media_fleet.domain.layer_making import may_have_made_layer
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
    height: int | None = None
    """The layers within an encoding that fill so many pixels; None: all."""
    cname: str


class LinkPlane:
    """The links to other nodes with which meetings are shared. Must be used from the event loop's thread.

    To each there is one between each two threads that have a meeting in common, from when the other node says in which
    of its threads that is.
    """

    def __init__(self, core: PacketCore, thread_of: Callable[[MeetingId], int | None]) -> None:
        """``thread_of``: where in this node's core a meeting is, if it is here."""
        self._core = core
        self._thread_of = thread_of
        self._peers: dict[NodeId, _Peer] = {}
        LINKS.set_function(lambda: sum(bool(peer.connected) for peer in self._peers.values()))

    def open(self, node_id: NodeId, own: LinkEnd, peer: LinkEnd) -> None:
        """Links two ends; what crossed a former link of the node must have been taken away, and is forgotten.

        Another node that was at the same address is no more: its process has started anew, and has another id.
        """
        known = self._peers.items()
        for gone in [
            node_id,
            *(other for other, at in known if (at.end.address, at.end.port) == (peer.address, peer.port)),
        ]:
            self.close(gone)
        self._peers[node_id] = _Peer(own, peer)
        logger.info("linked", extra={"node_id": node_id, "address": peer.address, "port": peer.port})

    def close(self, node_id: NodeId) -> None:
        """Ends a link with all that crosses it; there need not be one."""
        peer = self._peers.pop(node_id, None)
        if peer is not None:
            for core_id in peer.links.values():
                self._core.remove_transport(core_id)
            logger.info("link ended", extra={"node_id": node_id})

    def is_open(self, node_id: NodeId) -> bool:
        return node_id in self._peers

    def place(self, node_id: NodeId, meeting_id: MeetingId, thread: int) -> bool:
        """The other node has a meeting in one of its threads; whether it has not had it there.

        Raises:
            KeyError: the node is not linked.
        """
        peer = self._peers[node_id]
        is_news = peer.threads.get(meeting_id) != thread
        peer.threads[meeting_id] = thread
        if self._thread_of(meeting_id) is not None:
            self._link(peer, meeting_id)
        return is_news

    def leave(self, node_id: NodeId, meeting_id: MeetingId) -> None:
        """Nothing of a meeting crosses any more."""
        self.keep_only(node_id, meeting_id, set())
        peer = self._peers.get(node_id)
        if peer is not None:
            peer.threads.pop(meeting_id, None)

    def _link(self, peer: _Peer, meeting_id: MeetingId) -> int:
        """The core's id of the link for a meeting. Raises `KeyError`: it is not here, or nobody knows where there."""
        own_thread, peer_thread = self._thread_of(meeting_id), peer.threads[meeting_id]
        if own_thread is None:
            raise KeyError(meeting_id)
        pair = own_thread, peer_thread
        if pair not in peer.links:
            send_key, send_salt = _keys((peer.own, own_thread), (peer.end, peer_thread))
            receive_key, receive_salt = _keys((peer.end, peer_thread), (peer.own, own_thread))
            peer.links[pair] = self._core.add_link(
                thread=own_thread,
                address=peer.end.address,
                port=peer.end.port,
                peer_thread=peer_thread,
                receive_key=receive_key,
                receive_salt=receive_salt,
                send_key=send_key,
                send_salt=send_salt,
            )
        return peer.links[pair]

    def add_track(self, meeting_id: MeetingId, effect: AddRelayedTrack) -> int:
        """The core's id of a track that comes over a link.

        Raises:
            KeyError: there is no link to the node for the meeting.
        """
        return self._core.add_relayed_track(
            self._link(self._peers[effect.node_id], meeting_id),
            kind="audio" if effect.media.kind == "audio" else "video",
            codec=core_codec(effect.media),
            clock_rate=effect.media.codec.codec.clock_rate,
            ssrcs=list(effect.ssrcs),
            red=effect.media.kind == "audio",
            made_layer=may_have_made_layer(effect.media),
        )

    def relay(self, node_id: NodeId, crossing: Crossing) -> None:
        """Has the layers of a track cross that are wanted, and no others."""
        peer = self._peers[node_id]
        relays = peer.relays
        for layer, ssrc in enumerate(crossing.ssrcs):
            key = (crossing.meeting_id, crossing.track, layer)
            is_wanted = layer < crossing.wanted
            relay = relays.get(key)
            if relay is None and is_wanted:
                core_id = self._core.add_relay(
                    self._link(peer, crossing.meeting_id),
                    crossing.core_track,
                    layer=layer,
                    ssrc=ssrc,
                    cname=crossing.cname,
                    red=peer.end.takes_red,
                )
                relays[key] = _Relay(core_id)
            elif relay is not None and relay.paused is is_wanted:
                relay.paused = not is_wanted
                self._core.set_paused(relay.core_id, paused=relay.paused)
            if is_wanted and relays[key].height != crossing.height:
                relays[key].height = crossing.height
                self._core.set_wanted_height(relays[key].core_id, crossing.height)

    def keep_only(self, node_id: NodeId, meeting_id: MeetingId, tracks: set[TrackKey]) -> None:
        """Of a meeting's tracks these cross, at the most."""
        peer = self._peers.get(node_id)
        relays = {} if peer is None else peer.relays
        for key in [key for key in relays if key[0] == meeting_id and key[1] not in tracks]:
            self._core.remove_subscription(relays.pop(key).core_id)

    def send(self, node_id: NodeId, data: RelayedData) -> None:
        """Sends a participant's message, once; nothing if the meeting does not cross to the node yet."""
        peer = self._peers.get(node_id)
        if peer is not None and data.meeting_id in peer.threads and self._thread_of(data.meeting_id) is not None:
            link = self._link(peer, data.meeting_id)
            for packet in encode_data(data):
                self._core.send_node_data(link, packet)

    def node_of(self, link: int) -> NodeId | None:
        """Which node is at the other end."""
        return next((node_id for node_id, peer in self._peers.items() if link in peer.links.values()), None)

    def happened(self, event: object) -> None:
        """Takes note of a link that is heard, or no longer."""
        if not isinstance(event, TransportConnected | TransportLost):
            return
        for node_id, peer in self._peers.items():
            if event.transport not in peer.links.values():
                continue
            if isinstance(event, TransportConnected):
                peer.connected.add(event.transport)
                logger.info("link connected", extra={"node_id": node_id})
            else:
                peer.connected.discard(event.transport)
                LINKS_LOST.inc()
                logger.warning("link lost", extra={"node_id": node_id})


class _Peer:
    """Another node."""

    def __init__(self, own: LinkEnd, end: LinkEnd) -> None:
        self.own = own
        self.end = end
        self.threads: dict[MeetingId, int] = {}
        """Where in its core meetings are."""
        self.links: dict[tuple[int, int], int] = {}
        """By the threads here and there."""
        self.connected: set[int] = set()
        self.relays: dict[tuple[MeetingId, TrackKey, int], _Relay] = {}


class _Relay:
    def __init__(self, core_id: int) -> None:
        self.core_id = core_id
        self.paused = False
        self.height: int | None = None


def _keys(sender: tuple[LinkEnd, int], receiver: tuple[LinkEnd, int]) -> tuple[bytes, bytes]:
    """Key and salt (RFC 7714) of what a thread at one end sends to one at the other (HKDF, RFC 5869)."""
    (own, own_thread), (peer, peer_thread) = sender, receiver
    info = f"parley link {own.id} {own_thread} {peer.id} {peer_thread}".encode()
    derived = HKDF(algorithm=SHA256(), length=KEY_OCTETS + SALT_OCTETS, salt=None, info=info).derive(own.secret)
    return derived[:KEY_OCTETS], derived[KEY_OCTETS:]
