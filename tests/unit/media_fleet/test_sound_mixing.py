"""Who listens to a mix: what a room wants done for that, and that nobody hears anything twice or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import pytest

from contracts.node_links import RelayedParticipant, RelayedTrack
from contracts.node_rpc import AssignedTrack, Offer
from contracts.rooms import (
    MIXED_SOUND,
    MeetingId,
    NodeId,
    ParticipantId,
    SeparateReason,
    SoundForm,
    TrackId,
    TrackSource,
)
from media_fleet.domain.effects import (
    AddSubscription,
    AddTrack,
    AdjustSubscription,
    CloseTransport,
    Effect,
    MixFor,
    MixVoice,
    RemoveSubscription,
    RemoveTrack,
    SendOffer,
    StartMixer,
    StopMixer,
    StopMixingFor,
    StopMixingVoice,
    SucceedTrack,
    TellSound,
    TransportKey,
)
from media_fleet.domain.errors import MixedSoundUnavailableError
from media_fleet.domain.room import Room
from media_fleet.domain.sound_mixing import LINGER_S, RESTARTS
from media_fleet.domain.transcoder_places import TranscoderPlaces
from media_fleet.domain.transport_parameters import NodeEnd
from tests.unit.media_fleet.conftest import CountingRandomness

ALICE, BOB, CAROL = ParticipantId("alice"), ParticipantId("bob"), ParticipantId("carol")
MIXED, SEPARATE = SoundForm.MIXED, SoundForm.SEPARATE
E = TypeVar("E")


def only(effects: Iterable[Effect], kind: type[E]) -> list[E]:
    return [effect for effect in effects if isinstance(effect, kind)]


class Meeting:
    """A room whose participants answer each offer, and what each of them is sent."""

    def __init__(self, room: Room, new_client: Any) -> None:
        self.room = room
        self._new_client = new_client
        self.sent: dict[tuple[str, str, int], bool] = {}
        """Whether it is paused, by who receives and by the track."""
        self.told: list[tuple[ParticipantId, SoundForm, SeparateReason | None]] = []

    def do(self, effects: Iterable[Effect]) -> list[Effect]:
        """Takes what a room wants done, and what follows when all have answered."""
        done: list[Effect] = []
        waiting = list(effects)
        while waiting:
            effect = waiting.pop(0)
            done.append(effect)
            self._take(effect)
            if isinstance(effect, SendOffer):
                waiting += self._answer(effect.participant_id, effect.offer)
        return done

    def _answer(self, who: ParticipantId, offer: Offer) -> list[Effect]:
        answer = self._new_client(who).answer(offer.sdp)
        return self.room.answer_subscription(who, offer.generation, offer.negotiation, answer)

    def _take(self, effect: Effect) -> None:
        match effect:
            case AddSubscription(subscription=key, share=share) | AdjustSubscription(subscription=key, share=share):
                self.sent[key.transport.participant_id, key.track.track_id, key.track.revision] = share.paused
            case RemoveSubscription(subscription=key):
                del self.sent[key.transport.participant_id, key.track.track_id, key.track.revision]
            case RemoveTrack(track=track):
                gone = [each for each in self.sent if each[1:] == (track.track_id, track.revision)]
                for each in gone:
                    del self.sent[each]
            case SucceedTrack(former=former, track=track):
                for each in [each for each in self.sent if each[1:] == (former.track_id, former.revision)]:
                    self.sent[each[0], track.track_id, track.revision] = self.sent.pop(each)
            case CloseTransport(transport=transport):
                for each in [each for each in self.sent if each[0] == transport.participant_id]:
                    self.sent.pop(each, None)
            case TellSound():
                self.told.append((effect.participant_id, effect.form, effect.reason))
            case _:
                pass

    def join(self, who: ParticipantId) -> list[Effect]:
        joined = self.room.join(who, subscribe=True)
        return self.do([*joined.effects, *([] if joined.offer is None else self._answer(who, joined.offer))])

    def publish(self, who: ParticipantId, *, anything: bool = True) -> list[Effect]:
        client = self._new_client(who)
        track = AssignedTrack(mid="0", track_id=TrackId(f"{who}-track"), source=TrackSource.MICROPHONE)
        sections = [client.section("0", "audio")] if anything else [client.section("0", "audio", in_use=False)]
        tracks = (track,) if anything else ()
        return self.do(self.room.publish(who, client.description(sections), tracks, version=1).effects)

    def choose(self, who: ParticipantId, form: SoundForm) -> list[Effect]:
        return self.do(self.room.tracks.mixing.choose(self.room.participant(who), form))

    def ready(self, effects: Iterable[Effect]) -> tuple[TransportKey, list[Effect]]:
        [started] = only(effects, StartMixer)
        return started.transport, self.do(self.room.tracks.mixing.ready(started.transport))

    def hears(self, who: ParticipantId) -> set[str]:
        return {track for listener, track, _ in self.sent if listener == who and not self.sent[listener, track, _]}


@pytest.fixture
def places() -> TranscoderPlaces:
    return TranscoderPlaces(video=0, sound=0, mixers=1)


@pytest.fixture
def meeting(node_end: NodeEnd, places: TranscoderPlaces, new_client: Callable[..., Any]) -> Meeting:
    room = Room(MeetingId("m"), node=node_end, randomness=CountingRandomness(), transcoder_places=places)
    meeting = Meeting(room, new_client)
    for each in (ALICE, BOB, CAROL):
        meeting.join(each)
    meeting.publish(ALICE)
    meeting.publish(BOB)
    return meeting


def test_whoever_asks_gets_one_track_of_all_sound_and_nothing_else_as_soon_as_there_is_a_mixer(
    meeting: Meeting,
) -> None:
    asked = meeting.choose(CAROL, MIXED)
    assert meeting.hears(CAROL) == {"alice-track", "bob-track"}, "until the mix is there"
    assert only(asked, SendOffer) == []
    transport, effects = meeting.ready(asked)
    assert {(each.participant_id, each.track_id) for each in only(effects, MixVoice)} == {
        (ALICE, "alice-track"),
        (BOB, "bob-track"),
    }
    [mix] = only(effects, MixFor)
    [track] = only(effects, AddTrack)
    assert (mix.without, mix.transport, mix.ssrc) == (None, transport, track.media.ssrc)
    assert meeting.hears(CAROL) == {MIXED_SOUND}
    assert meeting.hears(ALICE) == {"bob-track"}
    assert meeting.told == [(CAROL, MIXED, None)]
    voices = [each for each in only(effects, AddSubscription) if each.subscription.transport == transport]
    assert {each.ssrc for each in voices} == {each.ssrc for each in only(effects, MixVoice)}
    assert not any(each.continuous for each in voices), "the few who are heard, as everybody gets them"


def test_nothing_comes_between_one_form_of_sound_and_the_other(meeting: Meeting) -> None:
    _, effects = meeting.ready(meeting.choose(CAROL, MIXED))
    changes = only(effects, AddSubscription) + only(effects, AdjustSubscription)
    to_carol = [each for each in changes if each.subscription.transport.participant_id == CAROL]
    assert [each.share.paused for each in to_carol] == [False, True, True], "the mix begins, and the others stop"
    assert len(only(meeting.do([]), SendOffer)) == 0
    effects = meeting.choose(CAROL, SEPARATE)
    [stopped] = only(effects, RemoveSubscription)
    assert stopped.subscription.track.track_id == MIXED_SOUND
    assert [each.share.paused for each in only(effects, AdjustSubscription)] == [False, False]
    assert meeting.hears(CAROL) == {"alice-track", "bob-track"}
    assert meeting.told == [(CAROL, MIXED, None), (CAROL, SEPARATE, None)]


def test_who_publishes_sound_has_a_mix_of_their_own_and_all_others_share_one(meeting: Meeting) -> None:
    dave = ParticipantId("dave")
    meeting.join(dave)
    _, effects = meeting.ready([*meeting.choose(CAROL, MIXED), *meeting.choose(ALICE, MIXED)])
    assert {each.without for each in only(effects, MixFor)} == {None, ALICE}
    effects = meeting.choose(dave, MIXED)
    assert only(effects, MixFor) == []
    revisions = {who: revision for who, track, revision in meeting.sent if track == MIXED_SOUND}
    assert revisions[dave] == revisions[CAROL] != revisions[ALICE]
    assert all(meeting.hears(who) == {MIXED_SOUND} for who in (ALICE, CAROL, dave))


def test_whoever_begins_to_publish_sound_does_not_hear_themselves_and_misses_nothing(meeting: Meeting) -> None:
    meeting.ready(meeting.choose(CAROL, MIXED))
    before = {revision for who, track, revision in meeting.sent if (who, track) == (CAROL, MIXED_SOUND)}
    client = meeting._new_client(CAROL)
    track = AssignedTrack(mid="0", track_id=TrackId("carol-track"), source=TrackSource.MICROPHONE)
    offer = client.description([client.section("0", "audio")])
    effects = meeting.room.publish(CAROL, offer, (track,), version=1).effects
    offers = [each for each in effects if isinstance(each, SendOffer)]
    for effect in effects:
        meeting._take(effect)
    assert meeting.hears(CAROL) == {"alice-track", "bob-track"}, "until they have taken their own mix"
    for each in offers:
        meeting.do(meeting._answer(each.participant_id, each.offer))
    assert meeting.hears(CAROL) == {MIXED_SOUND}
    assert before.isdisjoint({revision for who, name, revision in meeting.sent if name == MIXED_SOUND})
    assert [each.without for each in only(effects, MixFor)] == [CAROL]
    assert len(only(effects, StopMixingFor)) == 1, "nobody is left who shares the other one"


def test_a_mixer_ends_some_seconds_after_the_last_listener(meeting: Meeting, places: TranscoderPlaces) -> None:
    transport, _ = meeting.ready(meeting.choose(CAROL, MIXED))
    meeting.do(meeting.room.leave(CAROL))
    mixing = meeting.room.tracks.mixing
    assert only(meeting.do(mixing.tick(10.0)), StopMixer) == []
    assert only(meeting.do(mixing.tick(10.0 + LINGER_S)), StopMixer) == [StopMixer(transport=transport)]
    assert places.taken("mix") == 1, "until its process has ended"
    assert not mixing.is_in_use


def test_while_a_lost_mixer_is_replaced_sound_is_separate_and_nothing_is_negotiated(meeting: Meeting) -> None:
    lost, _ = meeting.ready([*meeting.choose(CAROL, MIXED), *meeting.choose(ALICE, MIXED)])
    effects = meeting.do(meeting.room.tracks.mixing.lost(lost, 0.0))
    assert meeting.hears(CAROL) - {MIXED_SOUND} == {"alice-track", "bob-track"}
    assert meeting.hears(ALICE) - {MIXED_SOUND} == {"bob-track"}
    transport, after = meeting.ready(effects)
    assert transport != lost
    assert only([*effects, *after], SendOffer) == []
    assert len(only(after, SucceedTrack)) == 2
    assert {each.without for each in only(after, MixFor)} == {None, ALICE}
    assert only(after, CloseTransport) == [CloseTransport(transport=lost)]
    assert meeting.hears(CAROL) == meeting.hears(ALICE) == {MIXED_SOUND}
    carol = [form for who, form, reason in meeting.told if who == CAROL and reason is None]
    assert carol == [MIXED, SEPARATE, MIXED]


def test_after_too_many_lost_mixers_that_is_told_and_none_is_tried_until_somebody_asks_again(
    meeting: Meeting, places: TranscoderPlaces
) -> None:
    transport, _ = meeting.ready(meeting.choose(CAROL, MIXED))
    for now in range(RESTARTS):
        transport, _ = meeting.ready(meeting.do(meeting.room.tracks.mixing.lost(transport, float(now))))
    effects = meeting.do(meeting.room.tracks.mixing.lost(transport, 10.0))
    assert len(only(effects, StopMixer)) == 1
    assert meeting.told[-1] == (CAROL, SEPARATE, SeparateReason.NO_MIXER)
    assert meeting.hears(CAROL) == {"alice-track", "bob-track"}
    assert meeting.do(meeting.room.tracks.mixing.tick(20.0)) == []
    places.give_back("mix")
    meeting.choose(CAROL, SEPARATE)
    meeting.ready(meeting.choose(CAROL, MIXED))
    assert meeting.hears(CAROL) == {MIXED_SOUND}


def test_where_there_is_no_place_it_is_refused(meeting: Meeting, places: TranscoderPlaces) -> None:
    assert places.take("mix")
    with pytest.raises(MixedSoundUnavailableError):
        meeting.choose(CAROL, MIXED)
    assert not meeting.room.tracks.mixing.is_in_use
    places.give_back("mix")
    meeting.choose(CAROL, MIXED)
    meeting.choose(BOB, MIXED)
    assert places.taken("mix") == 1, "they share one"


def test_what_is_encrypted_cannot_be_mixed(meeting: Meeting) -> None:
    meeting.ready(meeting.choose(CAROL, MIXED))
    meeting.room.tracks.mixing.is_encrypted = True
    meeting.do(meeting.room.tracks.mixing.follow())
    assert meeting.hears(CAROL) == {"alice-track", "bob-track"}
    assert meeting.told[-1] == (CAROL, SEPARATE, SeparateReason.ENCRYPTED)
    with pytest.raises(MixedSoundUnavailableError, match="encrypted"):
        meeting.choose(BOB, MIXED)


def test_who_comes_later_is_in_the_mix_and_offered_to_nobody_twice(meeting: Meeting) -> None:
    transport, _ = meeting.ready(meeting.choose(CAROL, MIXED))
    dave = ParticipantId("dave")
    meeting.join(dave)
    effects = meeting.publish(dave)
    assert [each.participant_id for each in only(effects, MixVoice)] == [dave]
    assert meeting.hears(CAROL) == {MIXED_SOUND}
    effects = meeting.do(meeting.room.leave(dave))
    assert [each.transport for each in only(effects, StopMixingVoice)] == [transport]


def test_each_breakout_room_has_a_mixer_of_its_own(meeting: Meeting, places: TranscoderPlaces) -> None:
    transport, _ = meeting.ready(meeting.choose(CAROL, MIXED))
    effects = meeting.do(meeting.room.move({CAROL: "b", BOB: "b"}, version=2))
    assert only(effects, StartMixer) == [], "there is no place yet"
    assert meeting.hears(CAROL) == {"bob-track"}
    assert meeting.told[-1] == (CAROL, SEPARATE, SeparateReason.NO_MIXER)
    assert [each.transport for each in only(effects, StopMixingVoice)] == [transport], "that of who has gone"
    mixing = meeting.room.tracks.mixing
    meeting.do([*mixing.tick(0.0), *mixing.tick(LINGER_S)])
    places.give_back("mix")
    _, effects = meeting.ready(meeting.do(mixing.tick(6.0)))
    assert [each.participant_id for each in only(effects, MixVoice)] == [BOB]
    assert meeting.hears(CAROL) == {MIXED_SOUND}


def test_a_mixer_gets_what_another_node_relays_though_nobody_here_listens_to_it_separately(meeting: Meeting) -> None:
    west, dora = NodeId("west"), ParticipantId("dora")
    there = RelayedParticipant(participant_id=dora, breakout=None, version=1, came=1)
    track = RelayedTrack(
        track_id=TrackId("far"),
        participant_id=dora,
        source=TrackSource.MICROPHONE,
        codec="opus",
        clock_rate=48_000,
        channels=2,
        ssrcs=(7,),
    )
    meeting.do(meeting.room.relay(west, (there,), (track,)))
    for each in (ALICE, BOB):
        meeting.do(meeting.room.leave(each))
    _, effects = meeting.ready(meeting.choose(CAROL, MIXED))
    assert [each.participant_id for each in only(effects, MixVoice)] == [dora]
    assert meeting.hears(CAROL) == {MIXED_SOUND}
    assert [each.track_id for each in meeting.room.tracks.wanted_from(west)] == ["far"]
    meeting.do(meeting.room.relay(west, (), ()))
    assert meeting.room.tracks.wanted_from(west) == ()


def test_who_connects_again_is_told_how_sound_comes(meeting: Meeting) -> None:
    meeting.ready(meeting.choose(CAROL, MIXED))
    [told] = only(meeting.room.join(CAROL, subscribe=True).effects, TellSound)
    assert told.form is MIXED


def test_a_room_that_closes_leaves_no_mixer(meeting: Meeting) -> None:
    transport, _ = meeting.ready(meeting.choose(CAROL, MIXED))
    effects = meeting.room.close()
    assert only(effects, StopMixer) == [StopMixer(transport=transport)]
    assert only(effects, SendOffer) == []
