"""The mixers of a room: one for the main room and each breakout room where somebody wants its sound as one track.

A mixer is a subscriber to all sound there, of which it is sent what everybody would be: those few who are heard. It
publishes a mix for all who publish no sound themselves, and one for each listener who does, in which they are missing
whenever they are heard. What it publishes is no track of the room. Who listens to a mix has all other sound paused, and
not negotiated away: it is back at once when the mix is not wanted any more, or the mixer is lost.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import count

from contracts.rooms import MIXED_SOUND, ParticipantId, SeparateReason, SoundForm, TrackSource
from media_fleet.domain.effects import (
    AddSubscription,
    AddTrack,
    AdjustSubscription,
    CloseTransport,
    Effect,
    MixFor,
    MixVoice,
    PublishedMedia,
    Purpose,
    RemoveSubscription,
    RemoveTrack,
    Share,
    StartMixer,
    StopMixer,
    StopMixingFor,
    StopMixingVoice,
    SubscriptionKey,
    SucceedTrack,
    TellSound,
    TrackKey,
    TransportKey,
)
from media_fleet.domain.errors import MixedSoundUnavailableError
from media_fleet.domain.media_formats import OPUS, ChosenCodec
from media_fleet.domain.participant import Participant
from media_fleet.domain.subscribing import RoomTrack
from media_fleet.domain.transcoder_places import MIX, TranscoderPlaces
from media_fleet.domain.transport_parameters import Randomness

MIXER = ParticipantId("~mix")
"""Stands where a participant's id does. No participant's id has this form."""
LINGER_S = 5.0
"""So long a mixer goes on that nobody listens to: who negotiates anew is back by then."""
RESTARTS, RESTARTS_WITHIN_S = 3, 60.0
"""So often in so many seconds another mixer goes on in the place of one that was lost."""
_PAYLOAD_TYPE, _REDUNDANT = 96, 97
"""For all, both ways: the SSRC tells what a packet is."""
_ALL = Share(layer=None, height=None, frame_rate=None, priority=0, paused=False)

Placed = tuple[RoomTrack, str | None]
"""A track, with the breakout room that it is in."""
Listener = ParticipantId | None
"""For whom a mix is; None: for all who publish no sound."""


class _Mixer:
    """One that runs, or is about to."""

    def __init__(self, generation: int, randomness: Randomness) -> None:
        self.transport = TransportKey(participant_id=MIXER, purpose=Purpose.MIX, generation=generation)
        self.ice = randomness.ice_credentials()
        self.is_ready = False
        self.voices: dict[TrackKey, int] = {}
        """What it gets, and under which SSRCs."""
        self.mixes: dict[Listener, RoomTrack] = {}
        """What it makes; while it is not ready, what the one before it has made."""
        self.former: TransportKey | None = None
        """Of one that was lost: its listeners wait for this one."""
        self.lost_at: deque[float] = deque(maxlen=RESTARTS)
        self.unneeded_since: float | None = None


class SoundMixing:
    """``participants``: who is in the room on this node, as the room knows them now; ``placed``: what is published."""

    def __init__(
        self,
        participants: Mapping[ParticipantId, Participant],
        placed: Callable[[], Iterable[Placed]],
        new_revision: Callable[[], int],
        *,
        randomness: Randomness,
        places: TranscoderPlaces,
    ) -> None:
        self._participants = participants
        self._placed = placed
        self._new_revision = new_revision
        self._randomness = randomness
        self._places = places
        self._generation, self._mids = count(1), count(1)
        self._mixers: dict[str | None, _Mixer] = {}
        """By breakout room."""
        self._failed: set[str | None] = set()
        """Where none is tried again before somebody asks anew."""
        self.is_encrypted = False
        """Media is encrypted from end to end: there is nothing that could be decoded."""
        self.offer: Callable[[Participant], Iterable[Effect]] = lambda _: ()
        """Brings a participant to what they are to receive. The room sets it."""

    @property
    def is_in_use(self) -> bool:
        """Whether there are mixers, or anybody wants one."""
        return bool(self._mixers) or any(each.sound is SoundForm.MIXED for each in self._participants.values())

    def takes(self, track: TrackKey) -> bool:
        """Whether a mixer gets a track."""
        return any(track in mixer.voices for mixer in self._mixers.values())

    def choose(self, participant: Participant, form: SoundForm) -> list[Effect]:
        """How somebody wants sound from now on.

        Raises:
            MixedSoundUnavailableError: there is no place for a mixer, or nothing to mix; nothing has changed.
        """
        if form is SoundForm.MIXED and participant.sound is not form:
            if self.is_encrypted:
                raise MixedSoundUnavailableError("This meeting is encrypted from end to end: no server can mix it.")
            if participant.viewing is not None or not participant.subscribe:
                raise MixedSoundUnavailableError("Mixed sound is for those whom the media server makes offers.")
            if participant.breakout not in self._mixers and not self._places.has_place(MIX):
                raise MixedSoundUnavailableError("This media server has no place for another mixer of sound.")
            self._failed.discard(participant.breakout)
        participant.sound = form
        return list(self.follow())

    def follow(self) -> Iterator[Effect]:
        """What brings mixers, and those who listen to them, to what is there and wanted."""
        if not self.is_in_use:
            return
        placed = [(track, where) for track, where in self._placed() if track.media.kind == "audio"]
        speakers = {track.participant_id for track, _ in placed}
        wanted: dict[str | None, dict[Listener, None]] = {}
        for participant in self._listeners():
            listener = participant.id if participant.id in speakers else None
            wanted.setdefault(participant.breakout, {})[listener] = None
        for breakout in wanted:
            yield from self._begin(breakout)
        for breakout, mixer in self._mixers.items():
            if mixer.is_ready:
                yield from self._bring(mixer, {track.key: track for track, where in placed if where == breakout})
                yield from self._make(mixer, wanted.get(breakout, {}))
        yield from self._give(speakers)
        for breakout, mixer in self._mixers.items():
            yield from self._drop(mixer, wanted.get(breakout, {}))
        yield from self.settle()

    def settle(self) -> Iterator[Effect]:
        """Pauses the other sound of those whose mix has begun, and lets that of those go on who have none any more."""
        for participant in self._participants.values():
            hears = self._hears(participant)
            if hears is participant.hears_mix:
                continue
            participant.hears_mix = hears
            for track, _ in self._placed():
                if track.media.kind == "audio" and track.key in participant.flowing:
                    subscription = participant.subscription(track.key)
                    yield AdjustSubscription(subscription=subscription, share=participant.share_of(track))
            yield self._told(participant)

    def tick(self, now: float) -> list[Effect]:
        """Ends mixers that nobody needs, and begins those that had no place. ``now``: a monotonic clock's seconds."""
        needed = {each.breakout for each in self._listeners()}
        effects: list[Effect] = []
        for breakout, mixer in list(self._mixers.items()):
            if breakout in needed:
                mixer.unneeded_since = None
            elif mixer.unneeded_since is None:
                mixer.unneeded_since = now
            elif now - mixer.unneeded_since >= LINGER_S:
                effects += self._end(breakout)
        return [*effects, *self.follow()]

    def ready(self, transport: TransportKey) -> list[Effect]:
        """A mixer takes packets from now on, and sends some."""
        mixer = next((each for each in self._mixers.values() if each.transport == transport), None)
        if mixer is None:
            return []
        mixer.is_ready = True
        effects: list[Effect] = []
        if mixer.former is not None:
            former, mixer.mixes = mixer.mixes, {}
            for listener, track in former.items():
                effects += self._make(mixer, {listener: None})
                self._move(track, mixer.mixes[listener])
                effects.append(SucceedTrack(former=track.key, track=mixer.mixes[listener].key))
                effects.append(RemoveTrack(track=track.key))
            effects.append(CloseTransport(transport=mixer.former))
            mixer.former = None
        return [*effects, *self.follow()]

    def lost(self, transport: TransportKey, now: float) -> list[Effect]:
        """A mixer has ended by itself: sound is separate until another one goes on, unless too many were lost."""
        breakout, lost = next(
            ((where, each) for where, each in self._mixers.items() if each.transport == transport), (None, None)
        )
        if lost is None:
            return []
        if len(lost.lost_at) == RESTARTS and now - lost.lost_at[0] < RESTARTS_WITHIN_S:
            self._failed.add(breakout)
            return [*self._end(breakout), *self.follow()]
        another = self._mixers[breakout] = _Mixer(next(self._generation), self._randomness)
        another.lost_at, another.mixes = lost.lost_at, lost.mixes
        another.lost_at.append(now)
        another.former = transport if lost.is_ready else lost.former
        effects: list[Effect] = [] if lost.is_ready else [CloseTransport(transport=transport)]
        return [*effects, _start(another), *self.follow()]

    def succeed(self, former: TrackKey, track: TrackKey) -> None:
        """Another track of the same form takes the place of one: mixers get that."""
        for mixer in self._mixers.values():
            if former in mixer.voices:
                mixer.voices[track] = mixer.voices.pop(former)

    def end(self) -> list[Effect]:
        """Ends all."""
        return [effect for breakout in list(self._mixers) for effect in self._end(breakout)]

    def told_again(self, participant: Participant) -> Iterator[Effect]:
        """What somebody who connects again does not know: that they are sent a mix."""
        if participant.hears_mix:
            yield self._told(participant)

    # ---- inside ----

    def _listeners(self) -> Iterator[Participant]:
        if not self.is_encrypted:
            yield from (each for each in self._participants.values() if _listens(each))

    def _hears(self, participant: Participant) -> bool:
        mixer = self._mixers.get(participant.breakout)
        mix = participant.mix
        return mixer is not None and mixer.is_ready and mix is not None and mix.key in participant.flowing

    def _told(self, participant: Participant) -> TellSound:
        form = SoundForm.MIXED if participant.hears_mix else SoundForm.SEPARATE
        reason = None
        if form is not participant.sound and participant.sound is SoundForm.MIXED:
            has_one = participant.breakout in self._mixers
            reason = SeparateReason.ENCRYPTED if self.is_encrypted else None if has_one else SeparateReason.NO_MIXER
        return TellSound(participant_id=participant.id, form=form, reason=reason)

    def _begin(self, breakout: str | None) -> Iterator[Effect]:
        if breakout not in self._mixers and breakout not in self._failed and self._places.take(MIX):
            mixer = self._mixers[breakout] = _Mixer(next(self._generation), self._randomness)
            yield _start(mixer)

    def _bring(self, mixer: _Mixer, there: Mapping[TrackKey, RoomTrack]) -> Iterator[Effect]:
        """The mixer gets what is there. A track that is gone altogether has taken its subscription with it."""
        published = {track.key for track, _ in self._placed()}
        for key in [key for key in mixer.voices if key not in there]:
            ssrc = mixer.voices.pop(key)
            if key in published:
                yield RemoveSubscription(subscription=SubscriptionKey(transport=mixer.transport, track=key))
            yield StopMixingVoice(transport=mixer.transport, ssrc=ssrc)
        for key, track in there.items():
            if key not in mixer.voices:
                ssrc = mixer.voices[key] = self._new_ssrc(mixer)
                yield from _voice(mixer.transport, ssrc, track)

    def _make(self, mixer: _Mixer, listeners: Iterable[Listener]) -> Iterator[Effect]:
        """The mixer makes a mix for each of these from now on."""
        for listener in listeners:
            if listener in mixer.mixes:
                continue
            media = _media(self._new_ssrc(mixer), str(next(self._mids)))
            track = mixer.mixes[listener] = RoomTrack(
                key=TrackKey(track_id=MIXED_SOUND, revision=self._new_revision()),
                participant_id=MIXER,
                source=TrackSource.MICROPHONE,
                media=media,
                muted=False,
                muted_version=0,
            )
            yield AddTrack(track=track.key, transport=mixer.transport, media=media, muted=False)
            yield MixFor(transport=mixer.transport, ssrc=_ssrc_of(track), without=listener)

    def _give(self, speakers: set[ParticipantId]) -> Iterator[Effect]:
        """Everybody who wants a mix is offered theirs, and nobody another one."""
        wanting = set(self._listeners())
        for participant in self._participants.values():
            mixer = self._mixers.get(participant.breakout) if participant in wanting else None
            listener = participant.id if participant.id in speakers else None
            mix = None if mixer is None else mixer.mixes.get(listener)
            if mix != participant.mix:
                participant.mix = mix
                yield from self.offer(participant)

    def _drop(self, mixer: _Mixer, listeners: Iterable[Listener]) -> Iterator[Effect]:
        """The mixes that nobody listens to any more."""
        for listener in [listener for listener in mixer.mixes if listener not in listeners]:
            track = mixer.mixes.pop(listener)
            yield RemoveTrack(track=track.key)
            if mixer.is_ready:
                yield StopMixingFor(transport=mixer.transport, ssrc=_ssrc_of(track))

    def _end(self, breakout: str | None) -> Iterator[Effect]:
        mixer = self._mixers.pop(breakout)
        for track in mixer.mixes.values():
            for participant in self._participants.values():
                participant.removed(track.key)
            yield RemoveTrack(track=track.key)
        if mixer.former is not None:
            yield CloseTransport(transport=mixer.former)
        yield CloseTransport(transport=mixer.transport)
        yield StopMixer(transport=mixer.transport)

    def _move(self, former: RoomTrack, track: RoomTrack) -> None:
        for participant in self._participants.values():
            if participant.mix == former:
                participant.mix = track
                participant.succeed(former.key, track.key)

    def _new_ssrc(self, mixer: _Mixer) -> int:
        used = {*mixer.voices.values(), *map(_ssrc_of, mixer.mixes.values())}
        while (ssrc := self._randomness.ssrc()) in used:
            pass
        return ssrc


def _listens(participant: Participant) -> bool:
    return participant.sound is SoundForm.MIXED and participant.subscribe and participant.viewing is None


def _start(mixer: _Mixer) -> StartMixer:
    return StartMixer(transport=mixer.transport, ice=mixer.ice, payload_type=_PAYLOAD_TYPE, red_payload_type=_REDUNDANT)


def _voice(transport: TransportKey, ssrc: int, track: RoomTrack) -> Iterator[Effect]:
    # The mixer is told first, so that it knows the packets when they come.
    yield MixVoice(
        transport=transport,
        ssrc=ssrc,
        track_id=track.key.track_id,
        participant_id=track.participant_id,
        source=track.source,
        codec=track.media.codec.codec,
    )
    yield AddSubscription(
        subscription=SubscriptionKey(transport=transport, track=track.key),
        mid="0",
        ssrc=ssrc,
        rtx_ssrc=None,
        payload_type=_PAYLOAD_TYPE,
        rtx_payload_type=None,
        red_payload_type=_REDUNDANT,
        cname=track.participant_id,
        extensions=(),
        share=_ALL,
    )


def _media(ssrc: int, mid: str) -> PublishedMedia:
    """``mid``: another one for each, so that none takes the place of one that was."""
    return PublishedMedia(
        kind="audio",
        mid=mid,
        codec=ChosenCodec(codec=OPUS, payload_type=_PAYLOAD_TYPE, rtx_payload_type=None, feedback=()),
        rids=(),
        ssrc=ssrc,
        rtx_ssrc=None,
        extensions=(),
    )


def _ssrc_of(track: RoomTrack) -> int:
    return track.media.ssrc or 0
