"""A room: what requests do to it, and what it wants done."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import msgspec
import pytest

from contracts.client_commands import SubscriptionWish
from contracts.node_rpc import AssignedTrack, Offer
from contracts.rooms import ParticipantId, TrackId, TrackSource
from media_fleet.adapters.sdp_parser import parse
from media_fleet.domain.effects import (
    AddSubscription,
    AddTrack,
    AdjustSubscription,
    AllowMadeLayer,
    CloseTransport,
    Effect,
    MuteTrack,
    OpenTransport,
    Purpose,
    RemoveSubscription,
    RemoveTrack,
    RestartIce,
    SendOffer,
    Share,
    StartDtls,
)
from media_fleet.domain.errors import (
    BadRequestError,
    BadSdpError,
    ParticipantNotFoundError,
    StaleNegotiationError,
    TrackNotFoundError,
)
from media_fleet.domain.room import Room
from media_fleet.domain.session_description import Direction, IceCredentials, Setup

ALICE, BOB, CAROL = ParticipantId("alice"), ParticipantId("bob"), ParticipantId("carol")
E = TypeVar("E")


def only(effects: Iterable[Effect], kind: type[E]) -> list[E]:
    return [effect for effect in effects if isinstance(effect, kind)]


def camera(mid: str = "0", track_id: str = "cam", *, muted: bool = False) -> AssignedTrack:
    return AssignedTrack(mid=mid, track_id=TrackId(track_id), source=TrackSource.CAMERA, muted=muted)


def microphone(mid: str = "1", track_id: str = "mic") -> AssignedTrack:
    return AssignedTrack(mid=mid, track_id=TrackId(track_id), source=TrackSource.MICROPHONE)


@pytest.fixture
def room(new_room: Callable[[], Room]) -> Room:
    room = new_room()
    assert room.join(ALICE, subscribe=True).offer is None
    assert room.join(BOB, subscribe=True).offer is None
    return room


@pytest.fixture
def alice(new_client: Any) -> Any:
    return new_client("alice")


@pytest.fixture
def bob(new_client: Any) -> Any:
    return new_client("bob")


def publish_camera(room: Room, client: Any, **section: Any) -> tuple[Effect, ...]:
    return room.publish(ALICE, client.description([client.section("0", **section)]), (camera(),), version=1).effects


def offer_to(effects: Iterable[Effect], participant_id: ParticipantId) -> Offer:
    [offer] = [e.offer for e in only(effects, SendOffer) if e.participant_id == participant_id]
    return offer


def take(room: Room, participant_id: ParticipantId, client: Any, offer: Offer, **kwargs: Any) -> list[Effect]:
    answer = client.answer(offer.sdp, **kwargs)
    return room.answer_subscription(participant_id, offer.generation, offer.negotiation, answer)


def test_publishing_opens_a_transport_and_offers_the_track_to_the_others(room: Room, alice: Any) -> None:
    effects = publish_camera(room, alice)
    kinds = [type(effect) for effect in effects]
    assert kinds == [OpenTransport, StartDtls, AddTrack, OpenTransport, SendOffer, AllowMadeLayer]
    offer = offer_to(effects, BOB)
    assert (offer.generation, offer.negotiation) == (1, 1)
    assert [(t.mid, t.track_id, t.participant_id) for t in offer.tracks] == [("0", "cam", ALICE)]
    [section] = parse(offer.sdp).media
    assert section.direction is Direction.SENDONLY
    assert section.msid == "alice cam"
    assert len(section.ssrcs) == 2
    assert section.ssrc_groups[0].semantics == "FID"


def test_media_flows_only_after_the_answer(room: Room, alice: Any, bob: Any) -> None:
    published = publish_camera(room, alice)
    assert only(published, AddSubscription) == []
    effects = take(room, BOB, bob, offer_to(published, BOB))
    assert [type(effect) for effect in effects] == [StartDtls, AddSubscription]
    [subscription] = only(effects, AddSubscription)
    [section] = parse(offer_to(publish_screen_too(room, alice), BOB).sdp).media[:1]
    assert (subscription.ssrc, subscription.rtx_ssrc) == section.ssrcs
    assert subscription.cname == ALICE
    assert dict(subscription.extensions).keys() >= {"urn:ietf:params:rtp-hdrext:sdes:mid"}


def publish_screen_too(room: Room, client: Any) -> tuple[Effect, ...]:
    screen = AssignedTrack(mid="5", track_id=TrackId("screen"), source=TrackSource.SCREEN)
    offer = client.description([client.section("0"), client.section("5")])
    return room.publish(ALICE, offer, (camera(), screen), version=1).effects


def test_whoever_joins_later_is_offered_all_tracks_at_once(room: Room, alice: Any) -> None:
    publish_camera(room, alice)
    offered = room.join(CAROL, subscribe=True)
    assert offered.offer is not None
    assert [type(effect) for effect in offered.effects] == [OpenTransport]


def test_joining_again_repeats_the_offer_that_awaits_its_answer(room: Room, alice: Any) -> None:
    publish_camera(room, alice)
    first = room.join(CAROL, subscribe=True)
    again = room.join(CAROL, subscribe=True)
    assert again.offer == first.offer
    assert again.effects == ()


def test_whoever_joins_anew_is_offered_what_is_there_on_another_connection(room: Room, alice: Any, bob: Any) -> None:
    take(room, BOB, bob, offer_to(publish_camera(room, alice), BOB))
    assert room.join(BOB, subscribe=True).offer is None, "what stands is left alone"
    for generation, version, first in ((2, 2, CloseTransport), (3, 4, OpenTransport)):
        anew = room.join(BOB, subscribe=True, anew=True, version=version)
        assert anew.offer is not None
        assert (anew.offer.generation, [track.track_id for track in anew.offer.tracks]) == (generation, ["cam"])
        assert isinstance(anew.effects[0], first)
        assert room.join(BOB, subscribe=True, anew=True, breakout="b", version=version + 1).offer is None


def test_without_subscribing_nothing_is_offered(room: Room, alice: Any) -> None:
    room.join(CAROL, subscribe=False)
    effects = publish_camera(room, alice)
    assert [effect.participant_id for effect in only(effects, SendOffer)] == [BOB]


def test_one_offer_is_outstanding_and_later_changes_are_merged(room: Room, alice: Any, bob: Any) -> None:
    first = offer_to(publish_camera(room, alice), BOB)
    assert only(publish_screen_too(room, alice), SendOffer) == []
    effects = take(room, BOB, bob, first)
    second = offer_to(effects, BOB)
    assert (second.generation, second.negotiation) == (1, 2)
    assert [track.track_id for track in second.tracks] == ["cam", "screen"]


def test_the_same_publish_again_gets_the_same_answer_and_does_nothing(room: Room, alice: Any) -> None:
    offer = alice.description([alice.section("0")])
    first = room.publish(ALICE, offer, (camera(),), version=1)
    again = room.publish(ALICE, offer, (camera(),), version=1)
    assert again.sdp == first.sdp
    assert again.effects == ()


def test_an_answer_that_was_applied_is_taken_again_without_effect(room: Room, alice: Any, bob: Any) -> None:
    offer = offer_to(publish_camera(room, alice), BOB)
    assert take(room, BOB, bob, offer) != []
    assert take(room, BOB, bob, offer) == []


def test_a_stale_answer_is_refused(room: Room, alice: Any, bob: Any) -> None:
    offer = offer_to(publish_camera(room, alice), BOB)
    publish_screen_too(room, alice)
    offer_to(take(room, BOB, bob, offer), BOB)
    with pytest.raises(StaleNegotiationError, match=r"offer 1.1; the current one is 1.2"):
        take(room, BOB, bob, offer)
    with pytest.raises(StaleNegotiationError):
        room.answer_subscription(ALICE, 1, 1, bob.answer(offer.sdp))


def test_an_unpublished_track_leaves_its_m_line_inactive_and_in_its_place(room: Room, alice: Any, bob: Any) -> None:
    take(room, BOB, bob, offer_to(publish_camera(room, alice), BOB))
    take(room, BOB, bob, offer_to(publish_screen_too(room, alice), BOB))
    offer = alice.description([alice.section("0", direction=Direction.INACTIVE), alice.section("5")])
    screen = AssignedTrack(mid="5", track_id=TrackId("screen"), source=TrackSource.SCREEN)
    effects = room.publish(ALICE, offer, (screen,), version=1).effects
    assert [effect.track.track_id for effect in only(effects, RemoveTrack)] == ["cam"]
    sections = parse(offer_to(effects, BOB).sdp).media
    assert [(s.mid, s.direction, s.in_use) for s in sections] == [("0", "inactive", True), ("1", "sendonly", True)]


def test_a_free_m_line_carries_the_next_track_of_its_kind_under_a_new_ssrc(room: Room, alice: Any, bob: Any) -> None:
    first = offer_to(publish_camera(room, alice), BOB)
    take(room, BOB, bob, first)
    gone = offer_to(room.publish(ALICE, alice.description([alice.section("0")]), (), version=1).effects, BOB)
    take(room, BOB, bob, gone)
    again = camera(track_id="cam2")
    third = offer_to(room.publish(ALICE, alice.description([alice.section("0")]), (again,), version=1).effects, BOB)
    [before], [after] = parse(first.sdp).media, parse(third.sdp).media
    assert after.mid == before.mid
    assert set(after.ssrcs).isdisjoint(before.ssrcs)
    assert after.msid == "alice cam2"


def test_a_rejected_m_line_is_not_offered_again_and_comes_back_under_a_new_mid(
    room: Room, alice: Any, bob: Any
) -> None:
    first = offer_to(publish_camera(room, alice), BOB)
    assert only(take(room, BOB, bob, first, refuse=["0"]), AddSubscription) == []
    second = offer_to(publish_screen_too(room, alice), BOB)
    assert [(track.mid, track.track_id) for track in second.tracks] == [("1", "screen")]
    [section] = parse(second.sdp).media
    assert section.mid == "1"
    assert section.in_use


def test_a_client_that_stops_taking_a_track_is_no_longer_sent_it(room: Room, alice: Any, bob: Any) -> None:
    take(room, BOB, bob, offer_to(publish_camera(room, alice), BOB))
    second = offer_to(publish_screen_too(room, alice), BOB)
    effects = take(room, BOB, bob, second, refuse=["0"])
    assert [e.subscription.track.track_id for e in only(effects, RemoveSubscription)] == ["cam"]
    assert [e.subscription.track.track_id for e in only(effects, AddSubscription)] == ["screen"]


def test_wishes_hold_before_and_after_a_track_flows(room: Room, alice: Any, bob: Any) -> None:
    wish = SubscriptionWish(track_id="cam", enabled=False, max_height=180, max_frame_rate=15)
    assert room.change_subscriptions(BOB, [wish]) == []
    effects = take(room, BOB, bob, offer_to(publish_camera(room, alice, rids=("q", "h", "f")), BOB))
    [subscription] = only(effects, AddSubscription)
    assert subscription.share == Share(layer=0, height=None, frame_rate=15, priority=180, paused=True)
    effects = room.change_subscriptions(BOB, [SubscriptionWish(track_id="cam", max_height=360)])
    [adjusted] = only(effects, AdjustSubscription)
    assert adjusted.share == Share(layer=1, height=None, frame_rate=None, priority=360, paused=False)


def test_muting_is_told_once(room: Room, alice: Any) -> None:
    publish_camera(room, alice)
    assert len(only(room.set_track_muted(ALICE, TrackId("cam"), muted=True, version=1), MuteTrack)) == 1
    assert room.set_track_muted(ALICE, TrackId("cam"), muted=True, version=1) == []


def test_a_mute_stands_against_what_was_known_before_it(room: Room, alice: Any) -> None:
    publish_camera(room, alice)
    room.set_track_muted(ALICE, TrackId("cam"), muted=True, version=7)
    assert room.set_track_muted(ALICE, TrackId("cam"), muted=False, version=5) == []
    late = room.publish(ALICE, alice.description([alice.section("0")]), (camera(muted=False),), version=6)
    assert only(late.effects, MuteTrack) == []
    (unmuted,) = only(room.set_track_muted(ALICE, TrackId("cam"), muted=False, version=8), MuteTrack)
    assert not unmuted.muted


def test_a_track_published_muted_starts_muted(room: Room, alice: Any) -> None:
    effects = room.publish(ALICE, alice.description([alice.section("0")]), (camera(muted=True),), version=1).effects
    assert [effect.muted for effect in only(effects, AddTrack)] == [True]


def test_nobody_mutes_the_track_of_another(room: Room, alice: Any) -> None:
    publish_camera(room, alice)
    with pytest.raises(TrackNotFoundError):
        room.set_track_muted(BOB, TrackId("cam"), muted=True, version=1)


def test_a_track_id_belongs_to_one_participant(room: Room, alice: Any, bob: Any) -> None:
    publish_camera(room, alice)
    with pytest.raises(BadRequestError, match="another participant"):
        room.publish(BOB, bob.description([bob.section("0")]), (camera(),), version=1)


def test_new_ice_credentials_restart_ice_and_nothing_else(room: Room, alice: Any) -> None:
    before = parse(room.publish(ALICE, alice.description([alice.section("0")]), (camera(),), version=1).sdp)
    alice.ice_restarts += 1
    answered = room.publish(ALICE, alice.description([alice.section("0")]), (camera(),), version=1)
    assert [type(effect) for effect in answered.effects] == [RestartIce]
    assert parse(answered.sdp).media[0].ice != before.media[0].ice


def test_a_new_session_id_alone_is_the_same_connection(room: Room, alice: Any) -> None:
    offer = alice.description([alice.section("0")])
    room.publish(ALICE, offer, (camera(),), version=1)
    again = msgspec.structs.replace(offer, session_id="another")
    assert room.publish(ALICE, again, (camera(),), version=1).effects == ()


def test_a_new_peer_connection_with_the_old_certificate_is_a_new_transport(room: Room, alice: Any) -> None:
    offer = alice.description([alice.section("0")])
    room.publish(ALICE, offer, (camera(),), version=1)
    alice.ice_restarts += 1
    again = msgspec.structs.replace(alice.description([alice.section("0")]), session_id="another")
    assert len(only(room.publish(ALICE, again, (camera(),), version=1).effects, OpenTransport)) == 1


def test_after_the_association_ended_the_next_offer_opens_a_new_transport(room: Room, alice: Any) -> None:
    first = publish_camera(room, alice)
    [transport] = [e.transport for e in only(first, StartDtls)]
    room.association_ended(transport)
    effects = publish_camera(room, alice)
    assert [e.transport.generation for e in only(effects, OpenTransport)] == [2]
    room.association_ended(transport)
    assert publish_camera(room, alice) == ()


def test_a_new_peer_connection_replaces_the_transport_and_its_tracks(room: Room, alice: Any, bob: Any) -> None:
    take(room, BOB, bob, offer_to(publish_camera(room, alice), BOB))
    alice.connection += 1
    effects = publish_camera(room, alice)
    kinds = [type(effect) for effect in effects]
    assert kinds == [RemoveTrack, CloseTransport, OpenTransport, StartDtls, AddTrack, SendOffer, AllowMadeLayer]
    assert only(effects, OpenTransport)[0].transport.generation == 2


def test_a_restarted_subscription_is_a_new_generation_with_all_tracks(room: Room, alice: Any, bob: Any) -> None:
    first = offer_to(publish_camera(room, alice), BOB)
    take(room, BOB, bob, first)
    restarted = room.restart_subscription(BOB)
    assert restarted.offer is not None
    assert (restarted.offer.generation, restarted.offer.negotiation) == (2, 1)
    assert [type(effect) for effect in restarted.effects] == [CloseTransport, OpenTransport]
    with pytest.raises(StaleNegotiationError):
        take(room, BOB, bob, first)
    bob.connection += 1
    assert len(only(take(room, BOB, bob, restarted.offer), AddSubscription)) == 1


def test_leaving_takes_everything_along_and_tells_the_others(room: Room, alice: Any, bob: Any) -> None:
    take(room, BOB, bob, offer_to(publish_camera(room, alice), BOB))
    effects = room.leave(ALICE)
    assert [type(effect) for effect in effects] == [RemoveTrack, CloseTransport, SendOffer]
    assert offer_to(effects, BOB).tracks == ()
    assert room.leave(ALICE) == []
    assert room.participant_ids == (BOB,)


def test_a_track_that_went_while_the_answer_was_under_way_never_flows(room: Room, alice: Any, bob: Any) -> None:
    offer = offer_to(publish_camera(room, alice), BOB)
    room.leave(ALICE)
    effects = take(room, BOB, bob, offer)
    assert only(effects, AddSubscription) == []
    assert offer_to(effects, BOB).tracks == ()


def test_in_a_breakout_room_one_receives_those_who_are_there(room: Room, alice: Any, bob: Any) -> None:
    take(room, BOB, bob, offer_to(publish_camera(room, alice), BOB))
    away = room.move({BOB: "b"}, version=2)
    assert [type(effect) for effect in away] == [RemoveSubscription, SendOffer]
    assert offer_to(away, BOB).tracks == ()
    take(room, BOB, bob, offer_to(away, BOB))
    there = room.move({ALICE: "b"}, version=3)
    assert [track.track_id for track in offer_to(there, BOB).tracks] == ["cam"]
    [subscription] = only(take(room, BOB, bob, offer_to(there, BOB)), AddSubscription)
    assert subscription.subscription.track.track_id == "cam"
    assert room.move({ALICE: None, BOB: None}, version=2) == []


def test_who_comes_back_before_the_answer_receives_again(room: Room, alice: Any, bob: Any) -> None:
    take(room, BOB, bob, offer_to(publish_camera(room, alice), BOB))
    screen = offer_to(publish_screen_too(room, alice), BOB)
    assert [type(effect) for effect in room.move({BOB: "b"}, version=2)] == [RemoveSubscription]
    assert room.move({BOB: None}, version=3) == []
    added = only(take(room, BOB, bob, screen), AddSubscription)
    assert len(added) == 2


def test_a_participant_comes_into_the_room_where_they_are(room: Room, alice: Any) -> None:
    publish_camera(room, alice)
    carol = ParticipantId("carol")
    assert room.join(carol, subscribe=True, breakout="b", version=5).offer is None
    back = room.join(carol, subscribe=True, breakout=None, version=6)
    assert [track.track_id for track in offer_to(back.effects, carol).tracks] == ["cam"]
    assert room.join(carol, subscribe=True, breakout="b", version=5).effects == ()


def test_closing_closes_every_transport(room: Room, alice: Any) -> None:
    publish_camera(room, alice)
    assert [e.transport.participant_id for e in only(room.close(), CloseTransport)] == [ALICE, BOB]
    assert room.participant_ids == ()


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        ({"rtcp_mux": False}, "rtcp-mux"),
        ({"ice": None}, "a=ice-ufrag"),
        ({"fingerprints": ()}, "a=fingerprint"),
        ({"setup": "holdconn"}, "a=setup"),
    ],
)
def test_a_transport_that_cannot_work_is_refused_and_nothing_changes(
    room: Room, alice: Any, damage: dict[str, Any], sentence: str
) -> None:
    section = msgspec.structs.replace(alice.section("0"), **damage)
    with pytest.raises(BadSdpError, match=sentence):
        room.publish(ALICE, alice.description([section]), (camera(),), version=1)
    assert room.leave(ALICE) == []


def test_m_lines_outside_the_bundle_are_refused(room: Room, alice: Any) -> None:
    offer = msgspec.structs.replace(alice.description([alice.section("0")]), bundle=())
    with pytest.raises(BadSdpError, match="BUNDLE"):
        room.publish(ALICE, offer, (camera(),), version=1)


def test_an_answer_with_other_m_lines_is_refused_and_the_offer_stays(room: Room, alice: Any, bob: Any) -> None:
    offer = offer_to(publish_camera(room, alice), BOB)
    with pytest.raises(BadSdpError, match="m-lines of the offer"):
        room.answer_subscription(BOB, 1, 1, bob.description([]))
    assert len(only(take(room, BOB, bob, offer), AddSubscription)) == 1


def test_an_answer_of_another_peer_connection_is_refused(room: Room, alice: Any, bob: Any) -> None:
    take(room, BOB, bob, offer_to(publish_camera(room, alice), BOB))
    second = offer_to(publish_screen_too(room, alice), BOB)
    bob.connection += 1
    with pytest.raises(BadSdpError, match="another peer connection"):
        take(room, BOB, bob, second)


def test_strangers_are_refused(room: Room, alice: Any) -> None:
    with pytest.raises(ParticipantNotFoundError):
        room.publish(CAROL, alice.description([alice.section("0")]), (camera(),), version=1)
    with pytest.raises(ParticipantNotFoundError):
        room.change_subscriptions(CAROL, [])
    with pytest.raises(ParticipantNotFoundError):
        room.restart_subscription(CAROL)


def test_the_node_opens_the_handshake_of_a_publisher_that_insists_on_being_the_server(room: Room, alice: Any) -> None:
    section = msgspec.structs.replace(alice.section("0"), setup=Setup.PASSIVE)
    answered = room.publish(ALICE, alice.description([section]), (camera(),), version=1)
    assert [effect.as_client for effect in only(answered.effects, StartDtls)] == [True]
    assert parse(answered.sdp).media[0].setup is Setup.ACTIVE


def test_ice_restarts_on_both_transports_and_nothing_else_changes(room: Room, alice: Any, bob: Any) -> None:
    take(room, BOB, bob, offer_to(publish_camera(room, alice), BOB))
    own, remote = (IceCredentials(ufrag=name, pwd=name * 22) for name in ("node", "peer"))
    for who, purpose in ((ALICE, Purpose.PUBLISH), (BOB, Purpose.SUBSCRIBE)):
        restarted = room.participant(who).restart_ice(purpose, remote=remote, own=own)
        assert restarted == RestartIce(transport=room.participant(who).transport(purpose), ice=own)
    again = offer_to(publish_screen_too(room, alice), BOB)
    assert {section.ice for section in parse(again.sdp).media} == {own}
    with pytest.raises(StaleNegotiationError):
        room.participant(BOB).restart_ice(Purpose.PUBLISH, remote=remote, own=own)
