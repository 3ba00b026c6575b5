"""What happens by itself in the packet core, turned into what happens to rooms' transports and tracks."""

from __future__ import annotations

import asyncio
import logging

import msgspec
from packet_core import (
    DtlsReceived,
    LayerNeeded,
    LayersWanted,
    NodeDataReceived,
    PacketCore,
    PacketCoreError,
    SpeakersChanged,
    SubscriptionStarved,
    TrackSucceeded,
    TransportConnected,
    TransportLost,
)

from contracts.node_links import decode_data
from media_fleet.adapters.active_speakers import ActiveSpeakers
from media_fleet.adapters.held_media import HeldMedia, names_of
from media_fleet.adapters.layers_in_use import LayersInUse
from media_fleet.adapters.link_plane import LinkPlane
from media_fleet.adapters.starving import Starving
from media_fleet.adapters.transport_listener import TransportListener

logger = logging.getLogger(__name__)


class CoreEvents:
    """All events of one node's core. Must be used from the event loop's thread."""

    def __init__(self, core: PacketCore, held: HeldMedia, links: LinkPlane, listener: TransportListener) -> None:
        self._core = core
        self._held = held
        self._links = links
        self._listener = listener
        self._failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.starving = Starving(held.by_subscription, listener)
        self.layers_in_use = LayersInUse(listener)
        self.speakers = ActiveSpeakers(core, listener)

    def start(self) -> None:
        """Lets the event loop watch the core's descriptor."""
        asyncio.get_running_loop().add_reader(self._core.event_fd(), self._drain)

    def stop(self) -> None:
        """Takes no more. The core must not have been closed."""
        asyncio.get_running_loop().remove_reader(self._core.event_fd())
        self._failure.cancel()

    async def failure(self) -> None:
        """Waits until one of the core's threads has ended by itself, for ever if none does.

        Raises:
            PacketCoreError: one has: what was in it is lost.
        """
        await asyncio.shield(self._failure)

    def _drain(self) -> None:
        try:
            events = self._core.drain_events()
        except PacketCoreError as error:
            # The descriptor stays readable: there is nothing more to hear.
            asyncio.get_running_loop().remove_reader(self._core.event_fd())
            if not self._failure.done():
                self._failure.set_exception(error)
            return
        for event in events:
            try:
                self._happened(event)
            except Exception:  # a bug of ours must not lose what else has happened
                logger.exception(
                    "an event of the packet core could not be handled", extra={"type": type(event).__name__}
                )

    def _happened(self, event: object) -> None:
        if isinstance(event, SubscriptionStarved):
            self.starving.happened(event)
        elif isinstance(event, SpeakersChanged):
            self.speakers.happened(event)
        elif isinstance(event, LayersWanted):
            self.layers_in_use.happened(event)
        elif isinstance(event, LayerNeeded | TrackSucceeded):
            self._happened_to_track(event)
        elif isinstance(event, NodeDataReceived):
            self._take_data(event)
        elif isinstance(event, DtlsReceived | TransportConnected | TransportLost):
            self._links.happened(event)
            self._happened_to_transport(event)

    def _happened_to_track(self, event: LayerNeeded | TrackSucceeded) -> None:
        known = self._held.track_of(event.track)
        if known is None:
            return
        if isinstance(event, LayerNeeded):
            self._listener.layer_needed(*known, needed=event.needed)
        else:
            self._listener.track_succeeded(*known)

    def _take_data(self, event: NodeDataReceived) -> None:
        node_id = self._links.node_of(event.transport)
        if node_id is None:
            return
        try:
            data = decode_data(event.data)
        except msgspec.DecodeError:  # a node of another version
            logger.warning("message of another node not understood", extra={"node_id": node_id})
            return
        self._listener.data_crossed(node_id, data)

    def _happened_to_transport(self, event: DtlsReceived | TransportConnected | TransportLost) -> None:
        known = self._held.transport_of(event.transport)
        if known is None:
            return
        meeting_id, key, transport = known
        if isinstance(event, DtlsReceived):
            transport.dtls.receive(event.data)
        elif isinstance(event, TransportConnected):
            transport.connected = True
            transport.dtls.path_found()
            logger.info(
                "transport connected",
                extra=names_of(meeting_id, key) | {"address": event.address, "protocol": event.protocol},
            )
        else:
            transport.connected = False
            self._listener.transport_lost(meeting_id, key, "no sign of life from the client (RFC 7675)")
