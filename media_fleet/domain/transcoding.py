"""The transcoders of a room: one for each track and codec that somebody needs, shared by all who need it.

A transcoder is a subscriber to the track that it takes and the publisher of the one that it makes. That one is no track
of the room: its subscribers have the other one on their lines, with its id, its mutes and their wishes. So what is
decided of a track holds for all forms of it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from msgspec.structs import replace

from contracts.rooms import ParticipantId, StarvedReason
from media_fleet.domain.effects import (
    AddSubscription,
    AddTrack,
    AdjustSubscription,
    CloseTransport,
    Effect,
    PublishedMedia,
    Purpose,
    RemoveTrack,
    Share,
    StartTranscoder,
    StopTranscoder,
    SubscriptionKey,
    SucceedTrack,
    TellPlayable,
    TrackKey,
    TransportKey,
)
from media_fleet.domain.media_formats import ChosenCodec, MediaCodec
from media_fleet.domain.participant import Participant
from media_fleet.domain.subscribing import RoomTrack
from media_fleet.domain.transcoder_places import TranscoderPlaces
from media_fleet.domain.transport_parameters import Randomness

TRANSCODER = ParticipantId("~transcoder")
"""Stands where a participant's id does. No participant's id has this form."""
LINGER_S = 5.0
"""So long a transcoder goes on that nobody needs: who negotiates anew is back by then."""
RESTARTS, RESTARTS_WITHIN_S = 3, 60.0
"""So often in so many seconds another transcoder goes on in the place of one that was lost: the next one would be lost,
too."""
_PAYLOAD_TYPE = 96
"""One for all, both ways: the SSRC tells what a packet is."""

Need = tuple[TrackKey, MediaCodec]
"""A track, and the codec in which somebody takes it."""
Needs = Mapping[Need, Sequence[Participant]]


class _Transcoder:
    """One that runs, or is about to."""

    def __init__(self, kind: str, transport: TransportKey, made: TrackKey, randomness: Randomness) -> None:
        self.kind = kind
        self.transport = transport
        self.made = made
        self.ice = randomness.ice_credentials()
        self.ssrc_in, self.ssrc_out = randomness.ssrc(), randomness.ssrc()
        self.share: Share | None = None
        """What it gets; None: it takes no packets yet."""
        self.former: tuple[TrackKey, TransportKey] | None = None
        """Of one that was lost: its subscribers wait for this one."""
        self.lost_at: deque[float] = deque(maxlen=RESTARTS)
        self.unneeded_since: float | None = None


class Transcoding:
    """``participants``: who is in the room on this node, as the room knows them now."""

    def __init__(
        self,
        participants: Mapping[ParticipantId, Participant],
        new_revision: Callable[[], int],
        *,
        randomness: Randomness,
        places: TranscoderPlaces,
    ) -> None:
        self._participants = participants
        self._new_revision = new_revision
        self._randomness = randomness
        self._places = places
        self._generation = 0
        self._running: dict[Need, _Transcoder] = {}
        self._failed: set[Need] = set()
        """What is not tried again."""
        self.is_encrypted = False
        """Media is encrypted from end to end: there is nothing that could be decoded."""

    @property
    def is_in_use(self) -> bool:
        """Whether there are transcoders, or anybody needs one."""
        return bool(self._running) or any(each.transcoded for each in self._participants.values())

    def follow(self, there: Mapping[TrackKey, RoomTrack]) -> Iterator[Effect]:
        """What brings the transcoders to what is needed. ``there``: all tracks that the room has."""
        for need in [need for need in self._running if self.is_encrypted or need[0] not in there]:
            yield from self._end(need)
            self._take_away(need)
        self._failed = {need for need in self._failed if need[0] in there}
        needs = self._needs(there)
        for need, who in needs.items():
            yield from self._serve(need, there[need[0]], who)
        for need, transcoder in self._running.items():
            track = there[need[0]]
            share = _best(participant.share_of(track) for participant in needs.get(need, ()))
            if transcoder.share is not None and transcoder.share != share:
                transcoder.share = share
                yield AdjustSubscription(subscription=_input(need, transcoder), share=share)

    def tick(self, now: float, there: Mapping[TrackKey, RoomTrack]) -> list[Effect]:
        """Ends what nobody needs any more, and begins what had no place.

        ``now``: a monotonic clock's seconds.
        """
        needs = self._needs(there)
        effects: list[Effect] = []
        for need, transcoder in list(self._running.items()):
            if need in needs:
                transcoder.unneeded_since = None
            elif transcoder.unneeded_since is None:
                transcoder.unneeded_since = now
            elif now - transcoder.unneeded_since >= LINGER_S:
                effects += self._end(need)
        return [*effects, *self.follow(there)]

    def ready(self, transport: TransportKey, there: Mapping[TrackKey, RoomTrack]) -> list[Effect]:
        """A transcoder takes packets from now on, and sends some."""
        found = self._by_transport(transport)
        if found is None:
            return []
        need, transcoder = found
        if need[0] not in there:
            return list(self.follow(there))
        track = there[need[0]]
        transcoder.share = _best(each.share_of(track) for each in self._needs(there).get(need, ()))
        effects: list[Effect] = [
            AddTrack(
                track=transcoder.made,
                transport=transport,
                media=_media(track.media.kind, need[1], transcoder.ssrc_out),
                muted=False,
            ),
            AddSubscription(
                subscription=_input(need, transcoder),
                mid="0",
                ssrc=transcoder.ssrc_in,
                rtx_ssrc=None,
                payload_type=_PAYLOAD_TYPE,
                rtx_payload_type=None,
                cname=track.participant_id,
                extensions=(),
                share=transcoder.share,
            ),
        ]
        if transcoder.former is not None:
            former, closed = transcoder.former
            transcoder.former = None
            effects += [
                SucceedTrack(former=former, track=transcoder.made),
                RemoveTrack(track=former),
                CloseTransport(transport=closed),
            ]
            self._move(need, former, transcoder.made)
        return [*effects, *self.follow(there)]

    def lost(self, transport: TransportKey, now: float, there: Mapping[TrackKey, RoomTrack]) -> list[Effect]:
        """A transcoder has ended by itself. Another one goes on, unless too many were lost."""
        found = self._by_transport(transport)
        if found is None:
            return []
        need, lost = found
        if len(lost.lost_at) == RESTARTS and now - lost.lost_at[0] < RESTARTS_WITHIN_S:
            return [*self._give_up(need), *self.follow(there)]
        began, former = lost.share is not None, lost.former
        another = self._new_transcoder(need, lost.kind)
        another.lost_at = lost.lost_at
        another.lost_at.append(now)
        another.former = (lost.made, lost.transport) if began else former
        self._running[need] = another
        effects: list[Effect] = [] if began else [CloseTransport(transport=lost.transport)]
        if need[0] in there:
            effects.append(_start(need, there[need[0]], another))
        return [*effects, *self.follow(there)]

    def succeed(self, former: TrackKey, track: TrackKey) -> None:
        """Another track of the same form takes the place of one: transcoders get that."""
        self._running = {(track if key == former else key, codec): each for (key, codec), each in self._running.items()}

    def end(self) -> list[Effect]:
        """Ends all."""
        return [effect for need in list(self._running) for effect in self._end(need)]

    def told_again(self, participant: Participant) -> Iterator[Effect]:
        """What somebody who connects again does not know: what they cannot be given."""
        for key, reason in participant.unplayable.items():
            yield _told(participant, key, reason, playable=False)

    def watched(self, transport: TransportKey) -> tuple[TrackKey, tuple[TransportKey, ...]] | None:
        """What a transcoder makes, and the transports to those who receive it; None: it is not ready, or gone."""
        found = self._by_transport(transport)
        if found is None or found[1].share is None:
            return None
        need, transcoder = found
        return transcoder.made, tuple(
            each.transport(Purpose.SUBSCRIBE)
            for each in self._participants.values()
            if (transcoded := each.transcoded.get(need[0])) is not None and transcoded.made == transcoder.made
        )

    # ---- inside ----

    def _needs(self, there: Mapping[TrackKey, RoomTrack]) -> Needs:
        needs: dict[Need, list[Participant]] = {}
        for participant in self._participants.values():
            for key, transcoded in participant.transcoded.items():
                if key in there:
                    needs.setdefault((key, transcoded.codec), []).append(participant)
        return needs

    def _serve(self, need: Need, track: RoomTrack, who: Sequence[Participant]) -> Iterator[Effect]:
        key = need[0]
        may_begin = not self.is_encrypted and need not in self._running and need not in self._failed
        if may_begin and self._places.take(track.media.kind):
            self._running[need] = self._new_transcoder(need, track.media.kind)
            yield _start(need, track, self._running[need])
        transcoder = self._running.get(need)
        for participant in who:
            transcoded = participant.transcoded[key]
            yield from self._tell_why(participant, key, is_served=transcoder is not None)
            if transcoder is not None and transcoder.share is not None and transcoded.made is None:
                participant.transcoded[key] = replace(transcoded, made=transcoder.made)
                participant.flowing.add(key)
                yield transcoded.begun(transcoder.made, participant.share_of(track))

    def _tell_why(self, participant: Participant, key: TrackKey, *, is_served: bool) -> Iterator[Effect]:
        """What is news to somebody of why a track cannot be had, or of that it can."""
        known = participant.unplayable.pop(key, None)
        why = StarvedReason.ENCRYPTED if self.is_encrypted else StarvedReason.NO_TRANSCODER
        if known is not None and (is_served or known is not why):
            yield _told(participant, key, known, playable=True)
        if not is_served:
            participant.unplayable[key] = why
            if known is not why:
                yield _told(participant, key, why, playable=False)

    def _new_transcoder(self, need: Need, kind: str) -> _Transcoder:
        self._generation += 1
        transport = TransportKey(participant_id=TRANSCODER, purpose=Purpose.TRANSCODE, generation=self._generation)
        made = TrackKey(track_id=need[0].track_id, revision=self._new_revision())
        return _Transcoder(kind, transport, made, self._randomness)

    def _give_up(self, need: Need) -> Iterator[Effect]:
        """Who has what it made on a line that has been in use gets nothing on that line any more."""
        yield from self._end(need)
        self._failed.add(need)
        for participant in self._participants.values():
            transcoded = participant.transcoded.get(need[0])
            if transcoded is not None and transcoded.codec == need[1]:
                participant.give_up(need[0])
                yield _told(participant, need[0], StarvedReason.NO_TRANSCODER, playable=False)

    def _take_away(self, need: Need) -> None:
        """Who has what it made waits again."""
        for participant in self._participants.values():
            transcoded = participant.transcoded.get(need[0])
            if transcoded is not None and transcoded.codec == need[1]:
                participant.transcoded[need[0]] = replace(transcoded, made=None)
                participant.flowing.discard(need[0])

    def _end(self, need: Need) -> Iterator[Effect]:
        transcoder = self._running.pop(need)
        began = [(transcoder.made, transcoder.transport)] if transcoder.share is not None else []
        for made, transport in [*began, *([transcoder.former] if transcoder.former else [])]:
            yield RemoveTrack(track=made)
            yield CloseTransport(transport=transport)
        if not began:
            yield CloseTransport(transport=transcoder.transport)
        yield StopTranscoder(transport=transcoder.transport, kind=transcoder.kind)

    def _move(self, need: Need, former: TrackKey, made: TrackKey) -> None:
        for participant in self._participants.values():
            transcoded = participant.transcoded.get(need[0])
            if transcoded is not None and transcoded.made == former:
                participant.transcoded[need[0]] = replace(transcoded, made=made)

    def _by_transport(self, transport: TransportKey) -> tuple[Need, _Transcoder] | None:
        found = (each for each in self._running.items() if each[1].transport == transport)
        return next(found, None)


def _told(participant: Participant, key: TrackKey, reason: StarvedReason, *, playable: bool) -> TellPlayable:
    return TellPlayable(participant_id=participant.id, track_id=key.track_id, playable=playable, reason=reason)


def _input(need: Need, transcoder: _Transcoder) -> SubscriptionKey:
    return SubscriptionKey(transport=transcoder.transport, track=need[0])


def _start(need: Need, track: RoomTrack, transcoder: _Transcoder) -> StartTranscoder:
    codec = track.media.codec.codec
    return StartTranscoder(
        transport=transcoder.transport,
        ice=transcoder.ice,
        track_id=track.key.track_id,
        taken=codec,
        ssrc_in=transcoder.ssrc_in,
        made=need[1],
        ssrc_out=transcoder.ssrc_out,
        payload_type=_PAYLOAD_TYPE,
    )


def _media(kind: str, codec: MediaCodec, ssrc: int) -> PublishedMedia:
    feedback = ("nack", "nack pli") if kind == "video" else ()
    return PublishedMedia(
        kind=kind,
        mid="0",
        codec=ChosenCodec(codec=codec, payload_type=_PAYLOAD_TYPE, rtx_payload_type=None, feedback=feedback),
        rids=(),
        ssrc=ssrc,
        rtx_ssrc=None,
        extensions=(),
    )


def _best(shares: Iterable[Share]) -> Share:
    """What serves all who watch."""
    watched = [share for share in shares if not share.paused]
    return Share(
        layer=_most(share.layer for share in watched),
        height=_most(share.height for share in watched),
        frame_rate=_most(share.frame_rate for share in watched),
        priority=0,
        paused=not watched,
    )


def _most(wishes: Iterable[int | None]) -> int | None:
    known = list(wishes)
    return None if None in known else max((each for each in known if each is not None), default=None)
