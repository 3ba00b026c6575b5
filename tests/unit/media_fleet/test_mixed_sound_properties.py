"""Whatever participants do while some of them listen to a mix: nobody hears anything twice, or themselves."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from contracts.rooms import MIXED_SOUND, ParticipantId, SoundForm
from media_fleet.domain import effects as fx
from media_fleet.domain.errors import MixedSoundUnavailableError
from media_fleet.domain.transcoder_places import MIX
from tests.unit.media_fleet.test_room_properties import PEOPLE, PICTURES, RoomMachine


class MixedSoundMachine(RoomMachine):
    """A room where somebody listens to a mix already, which chance does not make often enough."""

    def _do(self, effects: Iterable[fx.Effect]) -> None:
        done = list(effects)
        super()._do(done)
        for effect in done:
            if isinstance(effect, fx.StopMixer):
                self.transcoder_places.give_back(MIX)  # as the node does once the process has ended

    @initialize(listeners=st.sets(st.sampled_from(PEOPLE), min_size=1))
    def begin(self, listeners: set[ParticipantId]) -> None:
        for person in PEOPLE:
            self.join(person=person, subscribe=True)
            sending = {"0"} if person != PEOPLE[0] else {"1"}
            self.publish(person=person, sending=sending, h264=False, muted=False, new_connection=False)
        for person in sorted(listeners):
            self.choose_sound(person=person, form=SoundForm.MIXED)
        self.mixer_is_ready(0)
        self.everybody_answers()
        mixes = {key.transport.participant_id for key in self.plane.subscriptions if key.track.track_id == MIXED_SOUND}
        assert mixes == listeners

    @rule(person=st.sampled_from(PEOPLE), form=st.sampled_from(SoundForm))
    def choose_sound(self, *, person: ParticipantId, form: SoundForm) -> None:
        if person in self.joined:
            try:
                self._do(self.room.tracks.mixing.choose(self.room.participant(person), form))
            except MixedSoundUnavailableError:
                assert form is SoundForm.MIXED

    @rule(which=st.integers(0, 1))
    def mixer_is_ready(self, which: int) -> None:
        waiting = [each for each in self.plane.mixers if each not in self.plane.tracks.values()]
        if which < len(waiting):
            self._do(self.room.tracks.mixing.ready(waiting[which]))

    @rule(which=st.integers(0, 1))
    def lose_mixer(self, which: int) -> None:
        if which < len(self.plane.mixers):
            lost = self.plane.mixers.pop(which)
            effects = self.room.tracks.mixing.lost(lost, self.now)
            self.plane.mixers.append(lost)  # as with transcoders
            self._do(effects)
            if lost in self.plane.mixers:
                self.plane.mixers.remove(lost)

    @rule(seconds=st.sampled_from([1.0, 6.0]))
    def mixers_are_looked_after(self, seconds: float) -> None:
        self.now += seconds
        self._do(self.room.tracks.mixing.tick(self.now))

    @rule()
    def everybody_answers(self) -> None:
        while self.plane.offers:
            for person in list(self.plane.offers):
                self.answer(person=person, refuse=False)

    @invariant()
    def nobody_hears_anything_twice_or_themselves(self) -> None:
        assert len(self.plane.mixers) == self.transcoder_places.taken(MIX) <= 2
        for person in self.joined:
            sounds = {
                key.track: subscription
                for key, subscription in self.plane.subscriptions.items()
                if key.transport.participant_id == person and self.plane.media[key.track].kind == "audio"
            }
            mixes = [track for track in sounds if track.track_id == MIXED_SOUND]
            assert len(mixes) <= 1
            for mix in mixes:
                mixer, ssrc = self.plane.tracks[mix], self.plane.media[mix].ssrc or 0
                others = [each.share.paused for track, each in sounds.items() if track != mix]
                assert all(others) if mixer in self.plane.mixers else not any(others)
                publishes = any(track not in PICTURES for track in self.published.get(person, ()))
                assert self.plane.mixes[mixer, ssrc] == (person if publishes else None)
            if not mixes:
                assert not any(each.share.paused for each in sounds.values())

    @invariant()
    def mixers_get_the_sound_of_one_room(self) -> None:
        for mixer in self.plane.mixers:
            heard = {key.track: each for key, each in self.plane.subscriptions.items() if key.transport == mixer}
            places = {self.places.get(ParticipantId(track.track_id[0])) for track in heard}
            assert len(places) <= 1
            assert {each.ssrc for each in heard.values()} == self.plane.mixed[mixer]
            if mixer in self.plane.tracks.values() and places:
                there = {
                    track
                    for person in self.joined
                    if self.places.get(person) in places
                    for track in self.published.get(person, ())
                    if track not in PICTURES
                }
                assert {track.track_id for track in heard} == there

    def teardown(self) -> None:
        super().teardown()
        assert not self.plane.mixers
        assert self.transcoder_places.taken(MIX) == 0


MixedSoundMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=20)
TestMixedSound = MixedSoundMachine.TestCase
