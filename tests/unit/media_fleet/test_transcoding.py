"""Who gets a track in another codec than it is sent in, and what a room wants done for that."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias, TypeVar

import pytest
from msgspec.structs import replace

from contracts.client_commands import SubscriptionWish
from contracts.node_rpc import AssignedTrack, Offer
from contracts.rooms import MeetingId, ParticipantId, StarvedReason, TrackId, TrackSource
from media_fleet.adapters.sdp_parser import parse
from media_fleet.domain import media_formats as formats
from media_fleet.domain.effects import (
    AddSubscription,
    AddTrack,
    AdjustSubscription,
    CloseTransport,
    Effect,
    RemoveSubscription,
    RemoveTrack,
    SendOffer,
    StartTranscoder,
    StopTranscoder,
    SucceedTrack,
    TellPlayable,
    TransportKey,
)
from media_fleet.domain.room import Room
from media_fleet.domain.session_description import Direction, MediaSection, PayloadFormat, SessionDescription
from media_fleet.domain.transcoder_places import TranscoderPlaces
from media_fleet.domain.transcoder_rate import LEAST_RATE, Path, fitting_rate
from media_fleet.domain.transcoding import LINGER_S, RESTARTS
from media_fleet.domain.transport_parameters import NodeEnd
from tests.unit.media_fleet.conftest import CountingRandomness

ALICE, BOB, CAROL = ParticipantId("alice"), ParticipantId("bob"), ParticipantId("carol")
H264 = PayloadFormat(
    payload_type=102,
    name="H264",
    clock_rate=90_000,
    parameters=(("packetization-mode", "1"), ("profile-level-id", "640c1f")),
    feedback=("nack", "nack pli"),
)
PCMU = PayloadFormat(payload_type=0, name="PCMU", clock_rate=8_000)
E = TypeVar("E")


def only(effects: Iterable[Effect], kind: type[E]) -> list[E]:
    return [effect for effect in effects if isinstance(effect, kind)]


def tell_bob(*, playable: bool, reason: StarvedReason = StarvedReason.NO_TRANSCODER) -> TellPlayable:
    return TellPlayable(participant_id=BOB, track_id=TrackId("alice-track"), playable=playable, reason=reason)


@pytest.fixture
def places() -> TranscoderPlaces:
    return TranscoderPlaces(video=1, sound=1)


@pytest.fixture
def room(node_end: NodeEnd, places: TranscoderPlaces) -> Room:
    room = Room(MeetingId("m"), node=node_end, randomness=CountingRandomness(), transcoder_places=places)
    for each in (ALICE, BOB, CAROL):
        room.join(each, subscribe=True)
    return room


@pytest.fixture
def publish(room: Room, new_client: Any) -> Callable[..., list[Effect]]:
    def publish(who: ParticipantId = ALICE, *, codec: PayloadFormat = H264) -> list[Effect]:
        client = new_client(who)
        kind = "video" if codec.clock_rate == 90_000 else "audio"
        source = TrackSource.CAMERA if kind == "video" else TrackSource.MICROPHONE
        track = AssignedTrack(mid="0", track_id=TrackId(f"{who}-track"), source=source)
        offer = client.description([client.section("0", kind, formats=(codec,))])
        return list(room.publish(who, offer, (track,), version=1).effects)

    return publish


def offers(effects: Iterable[Effect]) -> dict[ParticipantId, Offer]:
    return {each.participant_id: each.offer for each in only(effects, SendOffer)}


@pytest.fixture
def take(room: Room, new_client: Any) -> Callable[[ParticipantId, Offer, str], list[Effect]]:
    """Answers as somebody who knows one codec."""

    def knowing(section: MediaSection, codec: str) -> MediaSection:
        kept = tuple(each for each in section.formats if each.name == codec)
        if not kept:
            return MediaSection(kind=section.kind, port=0, protocol=section.protocol, fmts=("0",), mid=section.mid)
        return replace(section, formats=kept, fmts=tuple(str(each.payload_type) for each in kept))

    def take(who: ParticipantId, offer: Offer, codec: str) -> list[Effect]:
        answer: SessionDescription = new_client(who).answer(offer.sdp)
        limited = replace(answer, media=tuple(knowing(section, codec) for section in answer.media))
        return room.answer_subscription(who, offer.generation, offer.negotiation, limited)

    return take


Publish: TypeAlias = Callable[..., list[Effect]]
Take: TypeAlias = Callable[[ParticipantId, Offer, str], list[Effect]]


def test_a_line_lists_what_the_track_can_be_made_into_until_the_client_is_known_to_take_its_codec(
    room: Room, publish: Publish, take: Take
) -> None:
    offered = offers(publish())
    [section] = parse(offered[BOB].sdp).media
    assert [each.name for each in section.formats] == ["H264", "rtx", "VP8", "rtx", "H264", "rtx"]
    assert [each.parameter("profile-level-id") for each in section.formats[::2]] == ["640c1f", None, "42e01f"]
    assert only(take(BOB, offered[BOB], "H264"), StartTranscoder) == []
    second = offers(publish(CAROL))[BOB]
    names = [[each.name for each in section.formats] for section in parse(second.sdp).media]
    assert names == [["H264", "rtx", "VP8", "rtx", "H264", "rtx"], ["H264", "rtx"]]


def begin(room: Room, effects: Iterable[Effect]) -> tuple[TransportKey, list[Effect]]:
    """A transcoder that is wanted becomes ready."""
    [started] = only(effects, StartTranscoder)
    return started.transport, room.transcoder_ready(started.transport)


def test_who_does_not_take_a_codec_gets_another_one_as_soon_as_there_is_a_transcoder(
    room: Room, publish: Publish, take: Take
) -> None:
    offered = offers(publish())
    effects = take(BOB, offered[BOB], "VP8")
    assert only(effects, AddSubscription) == []
    [started] = only(effects, StartTranscoder)
    assert (started.taken.name, started.made) == ("H264", formats.VP8)
    transport, effects = begin(room, effects)
    [made] = only(effects, AddTrack)
    assert (made.transport, made.media.codec.codec, made.media.ssrc) == (transport, formats.VP8, started.ssrc_out)
    to_transcoder, to_bob = only(effects, AddSubscription)
    assert (to_transcoder.subscription.transport, to_transcoder.ssrc) == (transport, started.ssrc_in)
    assert to_transcoder.subscription.track.track_id == "alice-track"
    [section] = parse(offered[BOB].sdp).media
    vp8 = next(each for each in section.formats if each.name == "VP8")
    assert (to_bob.subscription.track, to_bob.payload_type) == (made.track, vp8.payload_type)
    assert to_bob.ssrc == section.ssrcs[0]
    assert made.track.track_id == "alice-track", "whatever is told of it names the track that clients know"


def test_all_who_need_it_share_one_and_others_get_the_track_as_it_is(room: Room, publish: Publish, take: Take) -> None:
    offered = offers(publish())
    _, ready = begin(room, take(BOB, offered[BOB], "VP8"))
    effects = take(CAROL, offered[CAROL], "VP8")
    assert only(effects, StartTranscoder) == []
    [subscription] = only(effects, AddSubscription)
    assert subscription.subscription.track == only(ready, AddTrack)[0].track
    dave = ParticipantId("dave")
    joined = room.join(dave, subscribe=True)
    assert joined.offer is not None
    [plain] = only(take(dave, joined.offer, "H264"), AddSubscription)
    assert plain.subscription.track != subscription.subscription.track


def test_it_ends_some_seconds_after_the_last_who_needs_it_has_gone(
    room: Room, publish: Publish, take: Take, places: TranscoderPlaces
) -> None:
    offered = offers(publish())
    transport, _ = begin(room, take(BOB, offered[BOB], "VP8"))
    room.leave(BOB)
    assert only(room.follow_transcoders(10.0), StopTranscoder) == []
    assert only(room.follow_transcoders(10.0 + LINGER_S - 0.1), StopTranscoder) == []
    _, ready = transport, take(CAROL, offered[CAROL], "VP8")
    assert only(ready, AddSubscription), "whoever comes meanwhile gets it at once"
    assert room.follow_transcoders(10.0 + LINGER_S) == []
    room.leave(CAROL)
    room.follow_transcoders(20.0)
    effects = room.follow_transcoders(20.0 + LINGER_S)
    assert [type(each) for each in effects] == [RemoveTrack, CloseTransport, StopTranscoder]
    assert places.taken("video") == 1, "until its process has ended"


def test_it_ends_with_its_track(room: Room, publish: Publish, take: Take) -> None:
    offered = offers(publish())
    transport, _ = begin(room, take(BOB, offered[BOB], "VP8"))
    effects = room.leave(ALICE)
    assert only(effects, StopTranscoder) == [StopTranscoder(transport=transport, kind="video")]
    assert len(only(effects, RemoveTrack)) == 2
    assert only(effects, RemoveSubscription) == []


def test_wishes_are_for_what_is_made_and_what_nobody_watches_is_not_made(
    room: Room, publish: Publish, take: Take
) -> None:
    offered = offers(publish())
    transport, ready = begin(room, take(BOB, offered[BOB], "VP8"))
    made = only(ready, AddTrack)[0].track
    for enabled in (False, True):
        wishes = (SubscriptionWish(track_id="alice-track", enabled=enabled, max_height=360),)
        adjusted = only(room.change_subscriptions(BOB, wishes), AdjustSubscription)
        assert {(each.subscription.transport.participant_id, each.share.paused) for each in adjusted} == {
            (BOB, not enabled),
            (transport.participant_id, not enabled),
        }
        assert {each.subscription.track == made for each in adjusted} == {True, False}


def test_another_one_goes_on_for_one_that_is_lost_under_the_same_numbers(
    room: Room, publish: Publish, take: Take
) -> None:
    offered = offers(publish())
    transport, ready = begin(room, take(BOB, offered[BOB], "VP8"))
    former = only(ready, AddTrack)[0].track
    effects = room.transcoder_lost(transport, 0.0)
    assert only(effects, RemoveTrack) == [], "who waits keeps the subscription"
    _, effects = begin(room, effects)
    [made] = only(effects, AddTrack)
    assert only(effects, SucceedTrack) == [SucceedTrack(former=former, track=made.track)]
    assert only(effects, RemoveTrack) == [RemoveTrack(track=former)]
    assert only(effects, CloseTransport) == [CloseTransport(transport=transport)]
    assert [each.subscription.transport.participant_id for each in only(effects, AddSubscription)] == ["~transcoder"]
    assert only(effects, SendOffer) == []
    assert room.participant(BOB).subscription(next(iter(room.participant(BOB).flowing))).track == made.track


def test_too_many_lost_ones_are_told_and_not_tried_again(room: Room, publish: Publish, take: Take) -> None:
    offered = offers(publish())
    effects = take(BOB, offered[BOB], "VP8")
    for now in range(RESTARTS):
        [started] = only(effects, StartTranscoder)
        effects = room.transcoder_lost(started.transport, float(now))
    [started] = only(effects, StartTranscoder)
    effects = room.transcoder_lost(started.transport, 10.0)
    assert only(effects, StartTranscoder) == []
    told = tell_bob(playable=False)
    assert only(effects, TellPlayable) == [told]
    [section] = parse(offers(effects)[BOB].sdp).media
    assert section.direction is Direction.INACTIVE
    assert only(room.join(BOB, subscribe=True).effects, TellPlayable) == [told], "who connects again is told again"


def test_where_there_is_no_place_that_is_told_until_there_is_one(
    room: Room, publish: Publish, take: Take, places: TranscoderPlaces
) -> None:
    assert places.take("video")
    offered = offers(publish())
    effects = take(BOB, offered[BOB], "VP8")
    told = only(effects, TellPlayable)
    assert told == [tell_bob(playable=False)]
    assert room.follow_transcoders(1.0) == []
    places.give_back("video")
    effects = room.follow_transcoders(2.0)
    assert only(effects, StartTranscoder)
    assert only(effects, TellPlayable) == [tell_bob(playable=True)]


def test_what_is_encrypted_is_not_transcoded_and_who_would_need_it_is_told_so(
    room: Room, publish: Publish, take: Take, places: TranscoderPlaces
) -> None:
    assert room.tracks.change_encryption(encrypted=True, version=2) == []
    encrypted = StarvedReason.ENCRYPTED
    offered = offers(publish())
    effects = take(BOB, offered[BOB], "VP8")
    assert only(effects, StartTranscoder) == []
    assert only(effects, TellPlayable) == [tell_bob(playable=False, reason=encrypted)]
    assert room.follow_transcoders(1.0) == []
    assert only(room.join(BOB, subscribe=True).effects, TellPlayable) == [tell_bob(playable=False, reason=encrypted)]
    assert room.tracks.change_encryption(encrypted=False, version=1) == [], "what is older is no news"
    effects = room.tracks.change_encryption(encrypted=False, version=3)
    assert only(effects, TellPlayable) == [tell_bob(playable=True, reason=encrypted)]
    _, ready = begin(room, effects)
    [_, to_bob] = only(ready, AddSubscription)
    effects = room.tracks.change_encryption(encrypted=True, version=4)
    assert [type(each) for each in effects] == [RemoveTrack, CloseTransport, StopTranscoder, TellPlayable]
    places.give_back("video")
    _, ready = begin(room, room.tracks.change_encryption(encrypted=False, version=5))
    assert only(ready, AddSubscription)[1].ssrc == to_bob.ssrc, "on the same line"


def test_whoever_had_no_transcoder_is_told_when_encryption_is_the_reason(
    room: Room, publish: Publish, take: Take, places: TranscoderPlaces
) -> None:
    assert places.take("video")
    take(BOB, offers(publish())[BOB], "VP8")
    effects = room.tracks.change_encryption(encrypted=True, version=2)
    assert effects == [tell_bob(playable=True), tell_bob(playable=False, reason=StarvedReason.ENCRYPTED)]


def test_pictures_of_meetings_take_places_too() -> None:
    composites = 1
    places = TranscoderPlaces(video=2, sound=1, composites=lambda: composites)
    assert (places.take("video"), places.take("video"), places.take("audio")) == (True, False, True)


def test_who_moves_to_another_room_needs_it_no_more(room: Room, publish: Publish, take: Take) -> None:
    offered = offers(publish())
    _, ready = begin(room, take(BOB, offered[BOB], "VP8"))
    effects = room.move({BOB: "break"}, version=2)
    [gone] = only(effects, RemoveSubscription)
    assert gone.subscription.track == only(ready, AddTrack)[0].track
    room.follow_transcoders(1.0)
    assert only(room.follow_transcoders(1.0 + LINGER_S), StopTranscoder)


def test_whoever_publishes_pcmu_alone_is_taken_and_who_offers_opus_behind_it_sends_that(
    room: Room, publish: Publish, take: Take, new_client: Any
) -> None:
    offered = offers(publish(codec=PCMU))
    [section] = parse(offered[BOB].sdp).media
    assert [each.name for each in section.formats] == ["PCMU", "opus", "G722"]
    assert section.formats[0].payload_type == 0
    [started] = only(take(BOB, offered[BOB], "opus"), StartTranscoder)
    assert (started.taken, started.made) == (formats.PCMU, formats.OPUS)
    client = new_client("x")
    opus = PayloadFormat(payload_type=111, name="opus", clock_rate=48_000, channels=2)
    chosen = formats.choose_codec(client.section("0", "audio", formats=(PCMU, opus)))
    assert chosen is not None
    assert chosen.codec.name == "opus"


@pytest.mark.parametrize(
    ("formats_of", "expected"),
    [("0", ["PCMU"]), ("9", ["G722"]), ("8", [])],
)
def test_payload_types_that_rfc_3551_gives_need_no_rtpmap(formats_of: str, expected: list[str]) -> None:
    sdp = f"v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF {formats_of}\r\na=mid:0\r\n"
    [section] = parse(sdp).media
    assert [each.name for each in section.formats] == expected


def test_a_player_gets_what_its_lines_take(room: Room, publish: Publish, new_client: Any, node_end: NodeEnd) -> None:
    publish(codec=PCMU)
    eve, player = ParticipantId("eve"), new_client("player")
    room.join(eve, subscribe=False)
    viewer = room.participant(eve)
    offer = player.description([player.section("0", "audio", direction=Direction.RECVONLY)])
    answered = viewer.watch(
        offer,
        (TrackId("alice-track"),),
        lambda: room.tracks.wanted_by(viewer),
        node=node_end,
        randomness=CountingRandomness(),
    )
    assert only(answered.effects, AddSubscription) == []
    effects = list(room.tracks.transcode())
    assert only(effects, StartTranscoder)[0].made == formats.OPUS
    _, effects = begin(room, effects)
    [subscription] = [each for each in only(effects, AddSubscription) if each.continuous]
    assert subscription.payload_type == 111
    gone = viewer.choose((), room.tracks.wanted_by(viewer))
    assert only(gone, RemoveSubscription)[0].subscription == subscription.subscription


def test_a_rate_fits_the_narrowest_path_and_does_not_fall_for_what_others_take() -> None:
    needed = 1_000_000
    assert fitting_rate(needed, 0, []) == needed
    assert fitting_rate(needed, needed, [Path(estimate=None, wanted=9 * needed)]) == needed
    assert fitting_rate(needed, needed, [Path(estimate=4 * needed, wanted=2 * needed)]) == needed
    rate = fitting_rate(needed, needed, [Path(estimate=needed, wanted=2 * needed)])
    assert rate == pytest.approx(475_000)
    assert fitting_rate(needed, rate, [Path(estimate=needed, wanted=needed + rate)]) == rate, "it stays where it is"
    assert fitting_rate(needed, needed, [Path(estimate=10_000, wanted=needed)]) == LEAST_RATE
