"""Carries out rooms' effects on the packet core and on DTLS.

Rooms name transports, tracks and subscriptions by keys; the core gives small integers. `HeldMedia` holds both; this
module fills it, and frees with it everything that must be freed. A subscription waits here until its transport has
keys, so that the key frame that the core asks for is asked for when it can be received.

A track that is unpublished while its transport lives is parked, not removed: browsers name a simulcast layer (its rid)
in the first packets only, so when the m-line sends again under the same SSRCs, only the old track knows them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from functools import singledispatchmethod

import msgspec
from packet_core import LayerStats, PacketCore, TransportReport

from contracts.data_messages import Label
from contracts.node_links import RelayedData
from contracts.rooms import MeetingId, NodeId
from media_fleet.adapters.core_codecs import core_codec
from media_fleet.adapters.core_events import CoreEvents
from media_fleet.adapters.held_media import (
    HeldMedia,
    HeldSubscription,
    HeldTrack,
    HeldTransport,
    PlaneCounts,
    names_of,
)
from media_fleet.adapters.link_plane import LinkPlane
from media_fleet.adapters.shares import give
from media_fleet.adapters.successions import succeed
from media_fleet.adapters.transport_listener import TransportListener
from media_fleet.domain.effects import (
    AddMadeLayer,
    AddRelayedTrack,
    AddSubscription,
    AddTrack,
    AdjustSubscription,
    AllowMadeLayer,
    CloseTransport,
    Effect,
    MuteTrack,
    OpenData,
    OpenTransport,
    PlaceVoice,
    PublishedMedia,
    RemoveSubscription,
    RemoveTrack,
    RestartIce,
    StartDtls,
    SubscriptionKey,
    SucceedTrack,
    TrackKey,
    TransportKey,
)
from media_fleet.domain.layer_making import may_have_made_layer
from media_fleet.domain.session_description import IceCredentials
from media_fleet.dtls_border import DtlsAssociation, NodeCertificate, SrtpKeys
from media_fleet.sctp_border import Sent

logger = logging.getLogger(__name__)


MAX_PARKED = 32
"""Parked tracks of one transport. Browsers come back to their m-lines; one that never does must not fill the core."""


class PacketPlane:
    """All rooms' media of one node. Must be used from the event loop's thread."""

    def __init__(
        self,
        core: PacketCore,
        links: LinkPlane,
        *,
        certificate: NodeCertificate,
        handshake_timeout: float,
        listener: TransportListener,
    ) -> None:
        self._core = core
        self._links = links
        self._certificate = certificate
        self._handshake_timeout = handshake_timeout
        self._listener = listener
        self.held = HeldMedia()
        self.events = CoreEvents(core, self.held, links, listener)
        self._closing: set[asyncio.Task[None]] = set()

    # ---- life ----

    def start(self) -> None:
        """Begins to take the core's events."""
        self.events.start()

    async def close(self) -> None:
        """Ends all associations and the core. The meetings' effects must have been carried out."""
        self.events.stop()
        if self._closing:
            await asyncio.wait(self._closing)
        await asyncio.to_thread(self._core.close)

    def counts(self) -> PlaneCounts:
        return self.held.counts(closing=len(self._closing))

    # ---- looking inside ----

    def layers(self, track: HeldTrack) -> list[LayerStats]:
        """What the core tells of a track's layers."""
        return self._core.track_stats(track.core_id)

    def reports(self, transports: Sequence[int]) -> list[TransportReport | None]:
        """What the core tells of transports, by its ids."""
        return self._core.transport_reports(list(transports))

    def send_to_node(self, node_id: NodeId, data: RelayedData) -> None:
        """Sends a message to another node of its meeting, if they are linked; it may get lost."""
        self._links.send(node_id, data)

    def send_data(self, meeting_id: MeetingId, transport: TransportKey, label: Label, message: bytes) -> Sent:
        """Sends a message on a data channel, if there is one."""
        carrier = self.held.by_transport.get((meeting_id, transport))
        if carrier is None or carrier.data is None:
            return Sent.NO_CHANNEL
        return carrier.data.send(label, message)

    def core_track(self, meeting_id: MeetingId, track: TrackKey) -> int:
        """The core's id of a track. Raises `KeyError`: there is none."""
        return self.held.tracks[meeting_id, track].core_id

    def open_keyed(self, meeting_id: MeetingId, key: TransportKey, ice: IceCredentials, keys: SrtpKeys) -> None:
        """Opens a transport to a process of our own, which has the keys already. `CloseTransport` closes it."""
        self.carry_out(meeting_id, OpenTransport(transport=key, ice=ice))
        self._use_keys((meeting_id, key), keys)

    # ---- effects ----

    def carry_out(self, meeting_id: MeetingId, effect: Effect) -> None:
        """Carries out one effect of a room; `SendOffer` is not for the media plane."""
        self._carry_out(effect, meeting_id)

    @singledispatchmethod
    def _carry_out(self, effect: Effect, _meeting_id: MeetingId) -> None:
        raise TypeError(f"no effect on packets: {type(effect).__name__}")

    @_carry_out.register
    def _(self, effect: OpenTransport, meeting_id: MeetingId) -> None:
        place = (meeting_id, effect.transport)
        core_id = self._core.add_transport(ice_ufrag=effect.ice.ufrag, ice_pwd=effect.ice.pwd)
        dtls = DtlsAssociation(
            certificate=self._certificate,
            send=lambda datagrams: self._core.send_dtls(core_id, datagrams),
            on_keys=lambda keys: self._use_keys(place, keys),
            on_failed=lambda reason: self._listener.association_ended(*place, reason),
            handshake_timeout=self._handshake_timeout,
        )
        self.held.by_transport[place] = HeldTransport(core_id, dtls)
        self.held.place_of_transport[core_id] = place

    @_carry_out.register
    def _(self, effect: StartDtls, meeting_id: MeetingId) -> None:
        self.held.by_transport[meeting_id, effect.transport].dtls.start(effect.fingerprints, as_client=effect.as_client)

    @_carry_out.register
    def _(self, effect: RestartIce, meeting_id: MeetingId) -> None:
        transport = self.held.by_transport[meeting_id, effect.transport]
        self._core.restart_ice(transport.core_id, ice_ufrag=effect.ice.ufrag, ice_pwd=effect.ice.pwd)

    @_carry_out.register
    def _(self, effect: CloseTransport, meeting_id: MeetingId) -> None:
        transport = self.held.by_transport.pop((meeting_id, effect.transport))
        for track in list(transport.tracks):
            self._forget_track(meeting_id, track)
        for (meeting, _), by_transport in self.held.subscriptions.items():
            if meeting == meeting_id:
                core_id = by_transport.pop(effect.transport, None)
                if core_id is not None:
                    self.held.by_subscription.pop(core_id, None)
        task = asyncio.get_running_loop().create_task(self._close_transport(transport))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    @_carry_out.register
    def _(self, effect: OpenData, meeting_id: MeetingId) -> None:
        transport = self.held.by_transport[meeting_id, effect.transport]

        def received(label: Label, message: bytes) -> None:
            if self.held.by_transport.get((meeting_id, effect.transport)) is transport:
                self._listener.data_received(meeting_id, effect.transport, label, message)

        transport.data = transport.dtls.carry_data(effect.remote, received)

    @_carry_out.register
    def _(self, effect: AddTrack, meeting_id: MeetingId) -> None:
        transport = self.held.by_transport[meeting_id, effect.transport]
        core_id = self._unpark(transport, effect.media)
        if core_id is None:
            is_clients = effect.transport.purpose.is_clients
            core_id = self._add_track(
                transport, effect.media, made_layer=is_clients and may_have_made_layer(effect.media)
            )
            if effect.muted:
                self._core.set_track_muted(core_id, muted=True)
        else:
            self._core.set_track_muted(core_id, muted=effect.muted)
            self._core.expect_subscriber(core_id)
        transport.tracks.add(effect.track)
        self.held.tracks[meeting_id, effect.track] = HeldTrack(
            key=effect.track,
            core_id=core_id,
            media=effect.media,
            transport=effect.transport,
            muted=effect.muted,
        )
        self.held.subscriptions[meeting_id, effect.track] = {}
        self.events.layers_in_use.begin(core_id, meeting_id, effect.transport.participant_id, effect.track)

    def _add_track(self, transport: HeldTransport, media: PublishedMedia, *, made_layer: bool) -> int:
        return self._core.add_track(
            transport.core_id,
            kind="audio" if media.kind == "audio" else "video",
            codec=core_codec(media),
            mid=media.mid,
            payload_type=media.codec.payload_type,
            rtx_payload_type=media.codec.rtx_payload_type,
            red_payload_type=media.codec.red_payload_type,
            clock_rate=media.codec.codec.clock_rate,
            rids=list(media.rids),
            ssrc=media.ssrc,
            rtx_ssrc=media.rtx_ssrc,
            extensions=dict(media.extensions),
            transport_cc=media.transport_cc,
            nack=media.nack,
            made_layer=made_layer,
        )

    def _unpark(self, transport: HeldTransport, media: PublishedMedia) -> int | None:
        """The core's id of the m-line's parked track, if it is of the same form."""
        parked = transport.parked.pop(media.mid, None)
        if parked is None or parked.media == media:
            return parked.core_id if parked is not None else None
        self._core.remove_track(parked.core_id)
        return None

    @_carry_out.register
    def _(self, effect: RemoveTrack, meeting_id: MeetingId) -> None:
        track = self.held.tracks[meeting_id, effect.track]
        for subscription in self.held.subscriptions[meeting_id, effect.track].values():
            self._core.remove_subscription(subscription)
        if track.transport is None:
            self._core.remove_track(track.core_id)
        else:
            self._park(self.held.by_transport[meeting_id, track.transport], track)
        self._forget_track(meeting_id, effect.track)

    def _park(self, transport: HeldTransport, track: HeldTrack) -> None:
        self._core.set_track_muted(track.core_id, muted=True)
        parked = transport.parked
        parked[track.media.mid] = track
        if len(parked) > MAX_PARKED:
            oldest = parked.pop(next(iter(parked)))
            self._core.remove_track(oldest.core_id)

    @_carry_out.register
    def _(self, effect: AddRelayedTrack, meeting_id: MeetingId) -> None:
        core_id = self._links.add_track(meeting_id, effect)
        self.held.tracks[meeting_id, effect.track] = HeldTrack(
            key=effect.track, core_id=core_id, media=effect.media, transport=None, muted=False
        )
        self.held.subscriptions[meeting_id, effect.track] = {}

    @_carry_out.register
    def _(self, effect: SucceedTrack, meeting_id: MeetingId) -> None:
        succeed(self._core, self.held, meeting_id, effect)

    @_carry_out.register
    def _(self, effect: MuteTrack, meeting_id: MeetingId) -> None:
        track = self.held.tracks[meeting_id, effect.track]
        self.held.tracks[meeting_id, effect.track] = msgspec.structs.replace(track, muted=effect.muted)
        self._core.set_track_muted(track.core_id, muted=effect.muted)

    @_carry_out.register
    def _(self, effect: AllowMadeLayer, meeting_id: MeetingId) -> None:
        self._core.allow_made_layer(self.core_track(meeting_id, effect.track), allowed=effect.allowed)

    @_carry_out.register
    def _(self, effect: AddMadeLayer, meeting_id: MeetingId) -> None:
        transport = self.held.by_transport[meeting_id, effect.transport]
        self._core.add_made_layer(self.core_track(meeting_id, effect.track), transport.core_id, ssrc=effect.ssrc)

    @_carry_out.register
    def _(self, effect: PlaceVoice, meeting_id: MeetingId) -> None:
        self.events.speakers.place(self.core_track(meeting_id, effect.track), meeting_id, effect)

    @_carry_out.register
    def _(self, effect: AddSubscription, meeting_id: MeetingId) -> None:
        transport = self.held.by_transport[meeting_id, effect.subscription.transport]
        if transport.has_keys:
            self._subscribe(meeting_id, transport, effect)
        else:
            transport.waiting[effect.subscription.track] = effect

    @_carry_out.register
    def _(self, effect: AdjustSubscription, meeting_id: MeetingId) -> None:
        key = effect.subscription
        waiting = self.held.by_transport[meeting_id, key.transport].waiting
        if key.track in waiting:
            waiting[key.track] = msgspec.structs.replace(waiting[key.track], share=effect.share)
            return
        core_id = self.held.subscriptions[meeting_id, key.track][key.transport]
        former = self.held.by_subscription[core_id].effect
        wanted = msgspec.structs.replace(former, share=effect.share)
        self.held.by_subscription[core_id] = HeldSubscription(meeting_id=meeting_id, effect=wanted)
        give(self._core, core_id, effect.share, former.share)

    @_carry_out.register
    def _(self, effect: RemoveSubscription, meeting_id: MeetingId) -> None:
        key = effect.subscription
        if self.held.by_transport[meeting_id, key.transport].waiting.pop(key.track, None) is None:
            core_id = self.held.subscriptions[meeting_id, key.track].pop(key.transport)
            del self.held.by_subscription[core_id]
            self._core.remove_subscription(core_id)

    def _subscribe(self, meeting_id: MeetingId, transport: HeldTransport, effect: AddSubscription) -> None:
        key: SubscriptionKey = effect.subscription
        core_id = self._core.add_subscription(
            transport.core_id,
            self.core_track(meeting_id, key.track),
            mid=effect.mid,
            ssrc=effect.ssrc,
            rtx_ssrc=effect.rtx_ssrc,
            payload_type=effect.payload_type,
            rtx_payload_type=effect.rtx_payload_type,
            red_payload_type=effect.red_payload_type,
            cname=effect.cname,
            extensions=dict(effect.extensions),
            continuous=effect.continuous,
            made_layer=key.transport.purpose.is_clients,
        )
        self.held.subscriptions[meeting_id, key.track][key.transport] = core_id
        self.held.by_subscription[core_id] = HeldSubscription(meeting_id=meeting_id, effect=effect)
        give(self._core, core_id, effect.share)

    def _forget_track(self, meeting_id: MeetingId, track: TrackKey) -> None:
        forgotten = self.held.tracks.pop((meeting_id, track), None)
        if forgotten is not None:
            self.events.layers_in_use.end(forgotten.core_id)
            self.events.speakers.end(forgotten.core_id)
        for core_id in self.held.subscriptions.pop((meeting_id, track), {}).values():
            self.held.by_subscription.pop(core_id, None)
        for (meeting, _), transport in self.held.by_transport.items():
            if meeting == meeting_id:
                transport.waiting.pop(track, None)
                transport.tracks.discard(track)

    def _use_keys(self, place: tuple[MeetingId, TransportKey], keys: SrtpKeys) -> None:
        transport = self.held.by_transport.get(place)
        if transport is None:
            return
        self._core.set_srtp_keys(
            transport.core_id,
            profile=keys.profile,
            receive_key=keys.receive_key,
            receive_salt=keys.receive_salt,
            send_key=keys.send_key,
            send_salt=keys.send_salt,
        )
        transport.has_keys = True
        meeting_id, key = place
        logger.info("transport secured", extra=names_of(meeting_id, key) | {"profile": keys.profile})
        waiting, transport.waiting = transport.waiting, {}
        for effect in waiting.values():
            self._subscribe(meeting_id, transport, effect)

    async def _close_transport(self, transport: HeldTransport) -> None:
        """The close_notify leaves before the core forgets the address."""
        try:
            await transport.dtls.close()
        finally:
            self.held.place_of_transport.pop(transport.core_id, None)
            self._core.remove_transport(transport.core_id)
