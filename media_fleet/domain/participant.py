"""A participant of a room: the publishing connection, the subscribing one, and the wishes for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from msgspec.structs import replace

from contracts.client_commands import SubscriptionWish
from contracts.node_links import RelayedParticipant
from contracts.node_rpc import AssignedTrack
from contracts.rooms import ParticipantId, SoundForm, StarvedReason, TrackId, TrackSource
from contracts.statistics import ConnectionQuality
from media_fleet.domain.effects import (
    AddSubscription,
    AdjustSubscription,
    Answered,
    CloseTransport,
    Effect,
    OpenTransport,
    Purpose,
    RemoveSubscription,
    RestartIce,
    Share,
    StartDtls,
    SubscriptionKey,
    TrackKey,
    TransportKey,
)
from media_fleet.domain.errors import StaleNegotiationError
from media_fleet.domain.layers import Rank, share
from media_fleet.domain.media_formats import MediaCodec
from media_fleet.domain.prominence import Prominence
from media_fleet.domain.session_description import IceCredentials, SessionDescription, Setup
from media_fleet.domain.subscribing import AcceptedFeed, RoomTrack, SubscribingSession
from media_fleet.domain.token_bucket import TokenBucket
from media_fleet.domain.transcoded import Transcoded
from media_fleet.domain.transport_parameters import NodeEnd, Randomness, RemoteEnd, remote_end
from media_fleet.domain.viewing import ViewingSession

MESSAGES_AT_ONCE, MESSAGES_PER_S = 100, 50
BYTES_AT_ONCE, BYTES_PER_S = 512 * 1024, 128 * 1024
"""On data channels, of one participant."""
MAX_WISHES = 1024
"""Twice what one message may name; wishes for tracks that are gone, or never come, must not pile up."""


class PublishingSession:
    """One publishing peer connection of the client, through all its renegotiations."""

    def __init__(self, *, generation: int, remote: RemoteEnd, ice: IceCredentials, session_id: str) -> None:
        self.generation = generation
        self.remote = remote
        self.ice = ice
        self.setup = remote.node_setup
        """The node's part in the DTLS handshake, for as long as the association lasts."""
        self.session_id = session_id
        self.version = 0
        self.tracks: dict[TrackId, RoomTrack] = {}
        self.last_request: tuple[SessionDescription, tuple[AssignedTrack, ...]] | None = None
        self.last_answer = ""
        self.is_dead = False
        """The DTLS association has ended: no offer can go on with it."""
        self.carries_data = False
        """An offer has named data channels, and they may be opened."""


class DataAllowance:
    """Whether a participant may send data, and how much."""

    def __init__(self) -> None:
        self.permitted = False
        self.version = -1
        """The version of the meeting's log as of which ``permitted`` holds."""
        self._buckets: tuple[TokenBucket, TokenBucket] | None = None

    def take(self, size: int, now: float) -> bool:
        """Counts a message of ``size`` bytes; False: it is one too many."""
        if self._buckets is None:
            self._buckets = (
                TokenBucket(capacity=MESSAGES_AT_ONCE, rate=MESSAGES_PER_S, now=now),
                TokenBucket(capacity=BYTES_AT_ONCE, rate=BYTES_PER_S, now=now),
            )
        messages, size_bucket = self._buckets
        return messages.take(1, now) and size_bucket.take(size, now)


class Participant:
    """Who is in the room, with what they send and receive."""

    def __init__(
        self,
        participant_id: ParticipantId,
        *,
        subscribe: bool,
        prominence: Prominence,
        breakout: str | None = None,
        version: int = 0,
    ) -> None:
        self.id = participant_id
        self._prominence = prominence
        self.subscribe = subscribe
        self.breakout = breakout
        """The breakout room; None: the main room."""
        self.breakout_version = version
        """The version of the meeting's log as of which ``breakout`` holds."""
        self.came = version
        """The version of the meeting's log as of which the participant is here."""
        self.quality: ConnectionQuality | None = None
        """How the connection is, as was told last."""
        self.data = DataAllowance()
        self.publishing: PublishingSession | None = None
        self.publishing_generation = 0
        self.subscribing: SubscribingSession | None = None
        self.viewing: ViewingSession | None = None
        """In the place of ``subscribing``, for a client that offers to receive (WHEP)."""
        self.subscribing_generation = 0
        self.flowing: set[TrackKey] = set()
        """Tracks that have a subscription in the packet core."""
        self.transcoded: dict[TrackKey, Transcoded] = {}
        """Tracks that are taken in another codec than they are sent in; those that flow as well."""
        self.unplayable: dict[TrackKey, StarvedReason] = {}
        """Those of which the client was told that nobody transcodes them, and why."""
        self._wishes: dict[TrackId, SubscriptionWish] = {}
        self.pinned: set[TrackId] = set()
        """Which of the wishes come before all others."""
        self.max_cameras = 0
        """So many cameras are wanted at the most; 0: any number."""
        self.shown: frozenset[TrackKey] | None = None
        """The cameras that are sent; None: none that is wanted is left out (`seeing`)."""
        self.sound = SoundForm.SEPARATE
        """How sound is wanted."""
        self.mix: RoomTrack | None = None
        """What all other sound is mixed into for this participant; None: there is nothing yet (`sound_mixing`)."""
        self.hears_mix = False
        """The mix is sent, and no other sound."""

    def wish(self, track_id: TrackId) -> SubscriptionWish:
        """At first: enabled, the best layer."""
        if self.viewing is not None:
            return SubscriptionWish(track_id=track_id, enabled=track_id in self.viewing.chosen)
        return self._wishes.get(track_id) or SubscriptionWish(track_id=track_id)

    def set_wish(self, wish: SubscriptionWish) -> None:
        """Remembers it, also for a track that is not there: it may come, or come back. The oldest wishes go first."""
        track_id = TrackId(wish.track_id)
        self._wishes.pop(track_id, None)
        self._wishes[track_id] = wish
        (self.pinned.add if wish.pinned else self.pinned.discard)(track_id)
        if len(self._wishes) > MAX_WISHES:
            oldest = next(iter(self._wishes))
            del self._wishes[oldest]
            self.pinned.discard(oldest)

    def adjusted(
        self, wish: SubscriptionWish, track_of: Callable[[TrackId], RoomTrack | None]
    ) -> Iterator[AdjustSubscription]:
        """Remembers the wish; what follows if its track flows."""
        self.set_wish(wish)
        track = track_of(TrackId(wish.track_id))
        if track is not None and track.key in self.flowing:
            yield AdjustSubscription(subscription=self.subscription(track.key), share=self.share_of(track))

    def leaves_out(self, track: RoomTrack) -> bool:
        """Whether it is a camera beyond those that are to be seen."""
        is_limited = track.source is TrackSource.CAMERA and self.shown is not None
        return is_limited and track.key not in (self.shown or ())

    def hears_mixed(self, track: RoomTrack) -> bool:
        """Whether it is sound that comes with all other, in the mix that is sent."""
        is_other = self.mix is None or track.key != self.mix.key
        return self.hears_mix and is_other and track.media.kind == "audio"

    def is_chosen(self, track: RoomTrack) -> bool:
        """Whether it comes before all others: the participant has pinned it, or the spotlight is on its publisher."""
        return track.key.track_id in self.pinned or self._prominence.is_spotlit(track.participant_id)

    def _rank_of(self, track: RoomTrack) -> Rank:
        if self.is_chosen(track):
            return Rank.CHOSEN
        speaks = self._prominence.speaks(track.participant_id, self.breakout)
        return Rank.SPEAKS if speaks else Rank.ONE_OF_MANY

    def share_of(self, track: RoomTrack) -> Share:
        """What is to be sent of a track."""
        wish = self.wish(track.key.track_id)
        if self.leaves_out(track) or self.hears_mixed(track):
            wish = replace(wish, enabled=False)
        return share(track.source, len(track.media.rids), wish, self._rank_of(track))

    def succeed(self, former: TrackKey, track: TrackKey) -> None:
        """What is received of a track is another one's from now on."""
        if former in self.flowing:
            self.flowing.discard(former)
            self.flowing.add(track)
        if former in self.transcoded:
            self.transcoded[track] = self.transcoded.pop(former)
        if self.shown is not None and former in self.shown:
            self.shown = self.shown - {former} | {track}
        for session in (self.subscribing, self.viewing):
            if session is not None:
                session.succeed(former, track)

    def transport(self, purpose: Purpose) -> TransportKey:
        generation = self.publishing_generation if purpose is Purpose.PUBLISH else self.subscribing_generation
        return TransportKey(participant_id=self.id, purpose=purpose, generation=generation)

    @property
    def whereabouts(self) -> RelayedParticipant:
        """What other nodes are told."""
        return RelayedParticipant(
            participant_id=self.id,
            breakout=self.breakout,
            version=self.breakout_version,
            came=self.came,
            quality=self.quality,
        )

    @property
    def receives(self) -> bool:
        """Whether the others' tracks are for this participant."""
        return self.subscribe or self.viewing is not None

    @property
    def receives_on_transport(self) -> bool:
        """Whether there is a receiving transport."""
        return self.subscribing is not None or self.viewing is not None

    def watch(
        self,
        offer: SessionDescription,
        chosen: tuple[TrackId, ...],
        wanted: Callable[[], Mapping[TrackKey, RoomTrack]],
        *,
        node: NodeEnd,
        randomness: Randomness,
    ) -> Answered:
        """Answers an offer to receive, with the chosen ones of the wanted tracks on its m-lines.

        ``wanted`` tells what is there for a participant who receives, as this one does from now on.

        Raises:
            BadSdpError: the offer is none that a node answers; nothing has changed.
        """
        effects: list[Effect] = []
        if self.viewing is None or self.viewing.offer != offer:
            remote = remote_end(offer, (Setup.ACTPASS, Setup.ACTIVE, Setup.PASSIVE))
            session = ViewingSession(offer, remote, node=node, ice=randomness.ice_credentials(), randomness=randomness)
            effects += self._begin_to_view(session)
        effects += self.choose(chosen, wanted())
        return Answered(sdp="" if self.viewing is None else self.viewing.answer(), effects=tuple(effects))

    def choose(self, chosen: tuple[TrackId, ...], wanted: Mapping[TrackKey, RoomTrack]) -> list[Effect]:
        """What somebody who offered to receive wants to see and hear from now on, the most wanted first.

        Raises:
            StaleNegotiationError: there is no such offer.
        """
        if self.viewing is None:
            raise StaleNegotiationError("No offer to receive has been made.")
        self.viewing.chosen = chosen
        return self.arranged(wanted)

    def stop_receiving(self) -> list[Effect]:
        """Closes what was offered to receive on, if anything: the next offer is of another generation."""
        if self.subscribing is None:
            return []
        closed = CloseTransport(transport=self.transport(Purpose.SUBSCRIBE))
        self.subscribing = None
        self.flowing.clear()
        self.transcoded.clear()
        self.unplayable.clear()  # what the next connection takes is not known yet
        return [closed]

    def stop(self, track: TrackKey) -> Iterator[RemoveSubscription]:
        """A track is not received any more, if it was."""
        subscription = self.subscription(track)
        self.transcoded.pop(track, None)
        self.unplayable.pop(track, None)
        if track in self.flowing:
            self.flowing.discard(track)
            yield RemoveSubscription(subscription=subscription)

    def removed(self, track: TrackKey) -> None:
        """A track is gone, and its subscriptions with it."""
        self.flowing.discard(track)
        self.transcoded.pop(track, None)
        self.unplayable.pop(track, None)

    def give_up(self, track: TrackKey) -> None:
        """A track cannot be had in a codec that the client takes."""
        self.removed(track)
        self.unplayable[track] = StarvedReason.NO_TRANSCODER
        for session in (self.subscribing, self.viewing):
            if session is not None:
                session.give_up(track)

    def _begin_to_view(self, session: ViewingSession) -> list[Effect]:
        effects: list[Effect] = []
        if self.receives_on_transport:
            effects.append(CloseTransport(transport=self.transport(Purpose.SUBSCRIBE)))
            self.subscribing = None
            self.flowing.clear()
            self.transcoded.clear()
            self.unplayable.clear()
        self.viewing = session
        self.subscribing_generation += 1
        transport, remote = self.transport(Purpose.SUBSCRIBE), session.remote
        as_client = remote.node_setup is Setup.ACTIVE
        effects.append(OpenTransport(transport=transport, ice=session.ice))
        effects.append(StartDtls(transport=transport, fingerprints=remote.fingerprints, as_client=as_client))
        return effects

    def arranged(self, wanted: Mapping[TrackKey, RoomTrack]) -> list[Effect]:
        """Brings what somebody who offered to receive is sent up to what there is."""
        if self.viewing is None:
            return []
        effects: list[Effect] = []
        transport = self.transport(Purpose.SUBSCRIBE)
        for placed in self.viewing.arrange(wanted, transport, self.share_of):
            if isinstance(placed, TrackKey):
                effects += self.stop(placed)
            else:
                effects += self._begin(placed.subscription, placed.transcoded)
        return effects

    def present_transport(self, purpose: Purpose) -> TransportKey | None:
        """The transport that stands; None if there is none, or its association has ended."""
        if purpose is Purpose.PUBLISH:
            stands = self.publishing is not None and not self.publishing.is_dead
        else:
            stands = self.receives_on_transport
        return self.transport(purpose) if stands else None

    def restart_ice(self, purpose: Purpose, *, remote: IceCredentials, own: IceCredentials) -> RestartIce:
        """Goes on with new credentials on both ends, all else being as it was.

        Raises:
            StaleNegotiationError: there is no transport that this could be for.
        """
        transport = self.present_transport(purpose)
        if transport is None:
            raise StaleNegotiationError("There is no transport whose ICE could be restarted.")
        if purpose is Purpose.SUBSCRIBE and self.viewing is not None:
            self.viewing.ice = own
        elif purpose is Purpose.SUBSCRIBE and self.subscribing is not None:
            self.subscribing.restart_ice(own, remote)
        elif self.publishing is not None:
            self.publishing.ice, self.publishing.remote = own, replace(self.publishing.remote, ice=remote)
            self.publishing.last_request = None  # the same offer again would have another answer
        return RestartIce(transport=transport, ice=own)

    def begin_subscription(self, accepted: AcceptedFeed, track: RoomTrack) -> list[Effect]:
        """The track flows from now on, as the client's answer takes it; or as soon as it is transcoded."""
        feed = accepted.feed
        subscription = AddSubscription(
            subscription=SubscriptionKey(transport=self.transport(Purpose.SUBSCRIBE), track=track.key),
            mid=accepted.mid,
            ssrc=feed.ssrc,
            rtx_ssrc=feed.rtx_ssrc if accepted.rtx_payload_type is not None else None,
            payload_type=accepted.payload_type,
            rtx_payload_type=accepted.rtx_payload_type,
            red_payload_type=accepted.red_payload_type,
            cname=feed.participant_id,
            extensions=accepted.extensions,
            share=self.share_of(track),
        )
        return self._begin(subscription, accepted.transcoded)

    def _begin(self, subscription: AddSubscription, transcoded: MediaCodec | None) -> list[Effect]:
        track = subscription.subscription.track
        if transcoded is not None:
            self.transcoded[track] = Transcoded(codec=transcoded, subscription=subscription)
            return []
        self.flowing.add(track)
        return [subscription]

    def subscription(self, track: TrackKey) -> SubscriptionKey:
        """That to a track that flows: what it is transcoded to, where it is."""
        transcoded = self.transcoded.get(track)
        made = track if transcoded is None or transcoded.made is None else transcoded.made
        return SubscriptionKey(transport=self.transport(Purpose.SUBSCRIBE), track=made)
