"""Whatever participants do, in whatever order: a room's effects always make sense, and all ends well."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from contracts.client_commands import SubscriptionWish
from contracts.node_rpc import AssignedTrack, Offer
from contracts.rooms import MeetingId, ParticipantId, TrackId, TrackSource
from media_fleet.adapters.sdp_parser import parse
from media_fleet.domain import effects as fx
from media_fleet.domain.layers import Rank, priority
from media_fleet.domain.recording import RECORDER
from media_fleet.domain.room import Room
from media_fleet.domain.session_description import (
    Direction,
    Fingerprint,
    HeaderExtension,
    IceCredentials,
    MediaSection,
    PayloadFormat,
    SessionDescription,
    Setup,
)
from media_fleet.domain.transport_parameters import NodeEnd, host_candidates

PEOPLE = [ParticipantId(name) for name in ("a", "b", "c")]
END = NodeEnd(
    candidates=host_candidates(["192.0.2.1"], 5004), fingerprints=(Fingerprint(algorithm="sha-256", value="AB:CD"),)
)
SLOTS = (
    ("0", "audio", TrackSource.MICROPHONE),
    ("1", "video", TrackSource.CAMERA),
    ("2", "video", TrackSource.SCREEN),
)
CAMERAS = {f"{person}1" for person in PEOPLE}
OPUS = PayloadFormat(payload_type=111, name="opus", clock_rate=48_000, channels=2)
VP8 = PayloadFormat(payload_type=96, name="VP8", clock_rate=90_000)
H264 = PayloadFormat(payload_type=97, name="H264", clock_rate=90_000, parameters=(("packetization-mode", "1"),))


class _Numbers:
    def __init__(self) -> None:
        self.last = 0

    def ssrc(self) -> int:
        self.last += 1
        return self.last

    def session_id(self) -> str:
        return str(self.ssrc())

    def ice_credentials(self) -> IceCredentials:
        return IceCredentials(ufrag=f"{self.ssrc():024}", pwd=f"{self.ssrc():048}")


class Plane:
    """Keeps what effects make, and fails if one refers to what is not there."""

    def __init__(self) -> None:
        self.transports: set[fx.TransportKey] = set()
        self.secured: set[fx.TransportKey] = set()
        self.tracks: dict[fx.TrackKey, fx.TransportKey] = {}
        self.subscriptions: dict[fx.SubscriptionKey, fx.AddSubscription] = {}
        self.offers: dict[ParticipantId, Offer] = {}
        self.recorded: dict[int, fx.RecordTrack] = {}

    def carry_out(self, effect: fx.Effect) -> None:  # noqa: C901, PLR0912  # one case for each effect, flat
        match effect:
            case fx.OpenTransport(transport=key):
                assert key not in self.transports
                self.transports.add(key)
            case fx.StartDtls(transport=key):
                assert key in self.transports
                assert key not in self.secured
                self.secured.add(key)
            case fx.OpenData(transport=key):
                assert key in self.secured
            case fx.RestartIce(transport=key):
                assert key in self.transports
            case fx.CloseTransport(transport=key):
                self.transports.remove(key)
                self.secured.discard(key)
                for track in [t for t, owner in self.tracks.items() if owner == key]:
                    self._remove_track(track)
                self.subscriptions = {s: a for s, a in self.subscriptions.items() if s.transport != key}
            case fx.AddTrack(track=track, transport=key):
                assert key in self.secured
                assert track not in self.tracks
                self.tracks[track] = key
            case fx.RemoveTrack(track=track):
                self._remove_track(track)
            case fx.MuteTrack(track=track):
                assert track in self.tracks
            case fx.AddSubscription(subscription=key):
                assert key.transport in self.secured
                assert key.track in self.tracks
                assert key not in self.subscriptions
                used = {a.ssrc for s, a in self.subscriptions.items() if s.transport == key.transport}
                assert effect.ssrc not in used
                self.subscriptions[key] = effect
            case fx.AdjustSubscription(subscription=key, share=share):
                self.subscriptions[key] = msgspec.structs.replace(self.subscriptions[key], share=share)
            case fx.RemoveSubscription(subscription=key):
                del self.subscriptions[key]
            case fx.RecordTrack(ssrc=ssrc):
                assert ssrc not in self.recorded
                self.recorded[ssrc] = effect
            case fx.MuteRecorded(ssrc=ssrc, muted=muted):
                assert self.recorded[ssrc].muted != muted
                self.recorded[ssrc] = msgspec.structs.replace(self.recorded[ssrc], muted=muted)
            case fx.StopRecordingTrack(ssrc=ssrc):
                del self.recorded[ssrc]
            case fx.FinishRecording():
                self.recorded.clear()
            case fx.SendOffer(participant_id=participant_id, offer=offer):
                assert participant_id not in self.offers, "a second offer while the first awaits its answer"
                self.offers[participant_id] = offer

    def _remove_track(self, track: fx.TrackKey) -> None:
        del self.tracks[track]
        self.subscriptions = {s: a for s, a in self.subscriptions.items() if s.track != track}


class RoomMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.room = Room(MeetingId("m"), node=END, randomness=_Numbers(), last_n_video=1)
        self.plane = Plane()
        self.joined: set[ParticipantId] = set()
        self.connection = dict.fromkeys(PEOPLE, 1)
        self.published: dict[ParticipantId, set[str]] = {}
        self.generation_mids: dict[tuple[ParticipantId, int], list[str]] = {}
        self.stays = 0
        self.version = 1
        self.places: dict[ParticipantId, str | None] = {}
        self.muted: dict[str, bool] = {}
        self.spotlight: set[ParticipantId] = set()
        self.speakers: dict[str | None, ParticipantId] = {}
        self.pinned: set[tuple[ParticipantId, str]] = set()

    def _do(self, effects: Any) -> None:
        for effect in effects:
            self.plane.carry_out(effect)

    def _section(self, connection: str, mid: str, kind: str, formats: Any, **fields: Any) -> MediaSection:
        return MediaSection(
            kind=kind,
            port=9,
            protocol="UDP/TLS/RTP/SAVPF",
            fmts=tuple(str(f.payload_type) for f in formats),
            mid=mid,
            rtcp_mux=True,
            ice=IceCredentials(ufrag="uuuu", pwd="p" * 22),
            fingerprints=(Fingerprint(algorithm="sha-256", value=connection),),
            formats=formats,
            **fields,
        )

    def _description(self, connection: str, media: list[MediaSection]) -> SessionDescription:
        return SessionDescription(
            session_id=connection,
            session_version=1,
            bundle=tuple(s.mid for s in media if s.in_use),
            media=tuple(media),
        )

    @rule(person=st.sampled_from(PEOPLE), subscribe=st.booleans())
    def join(self, *, person: ParticipantId, subscribe: bool) -> None:
        offered = self.room.join(person, subscribe=subscribe)
        self._do(offered.effects)
        if person in self.joined:
            assert offered.offer == self.plane.offers.get(person)
        elif offered.offer is not None:
            self.plane.offers[person] = offered.offer
        self.joined.add(person)

    @rule(
        person=st.sampled_from(PEOPLE),
        sending=st.sets(st.sampled_from(["0", "1", "2"])),
        h264=st.booleans(),
        muted=st.booleans(),
        new_connection=st.booleans(),
    )
    def publish(
        self, *, person: ParticipantId, sending: set[str], h264: bool, muted: bool, new_connection: bool
    ) -> None:
        if person not in self.joined:
            return
        if new_connection:
            self.connection[person] += 1
        connection = f"{person}{self.connection[person]}"
        media = [
            self._section(
                connection,
                mid,
                kind,
                (OPUS,) if kind == "audio" else ((H264,) if h264 else (VP8,)),
                direction=Direction.SENDONLY if mid in sending else Direction.INACTIVE,
                setup=Setup.ACTPASS,
            )
            for mid, kind, _ in SLOTS
        ]
        tracks = tuple(
            AssignedTrack(mid=mid, track_id=TrackId(f"{person}{mid}"), source=source, muted=muted)
            for mid, _, source in SLOTS
        )
        answered = self.room.publish(person, self._description(connection, media), tracks, version=1)
        self._do(answered.effects)
        self.published[person] = {f"{person}{mid}" for mid in sending}
        self.muted.update({f"{person}{mid}": muted for mid in sending})
        read = parse(answered.sdp)
        assert [s.mid for s in read.media] == ["0", "1", "2"]
        assert {s.mid for s in read.media if s.direction is Direction.RECVONLY} == sending

    @rule(person=st.sampled_from(PEOPLE), refuse=st.booleans())
    def answer(self, *, person: ParticipantId, refuse: bool) -> None:
        offer = self.plane.offers.pop(person, None)
        if offer is None:
            return
        offered = parse(offer.sdp)
        connection = f"{person}-{offer.generation}"
        self._check_m_lines(person, offer, offered)
        media = []
        for number, section in enumerate(offered.media):
            if not section.in_use or (refuse and number == 1):
                media.append(
                    MediaSection(
                        kind=section.kind, port=0, protocol=section.protocol, fmts=section.fmts, mid=section.mid
                    )
                )
            else:
                media.append(
                    self._section(
                        connection,
                        section.mid,
                        section.kind,
                        section.formats,
                        direction=section.direction.reversed,
                        setup=Setup.ACTIVE,
                        extensions=tuple(HeaderExtension(id=e.id, uri=e.uri) for e in section.extensions),
                    )
                )
        client = self._description(connection, media)
        self._do(self.room.answer_subscription(person, offer.generation, offer.negotiation, client))

    def _check_m_lines(self, person: ParticipantId, offer: Offer, offered: SessionDescription) -> None:
        """Lines keep their places; a mid changes only where a line had been rejected."""
        key = (ParticipantId(f"{person}{self.stays}"), offer.generation)
        before = self.generation_mids.get(key, [])
        mids = [section.mid for section in offered.media]
        assert len(mids) >= len(before)
        assert all(new == old or int(new) > max(map(int, before)) for new, old in zip(mids, before, strict=False))
        self.generation_mids[key] = mids
        ssrcs = [ssrc for section in offered.media for ssrc in section.ssrcs]
        assert len(set(ssrcs)) == len(ssrcs)
        names: dict[int, tuple[str, Any]] = {}
        for section in offered.media:
            for payload_format in section.formats:
                form = (payload_format.name, payload_format.parameters)
                assert names.setdefault(payload_format.payload_type, form) == form

    @rule(
        person=st.sampled_from(PEOPLE),
        track=st.sampled_from(["a1", "b1", "c2"]),
        enabled=st.booleans(),
        pinned=st.booleans(),
    )
    def wish(self, *, person: ParticipantId, track: str, enabled: bool, pinned: bool) -> None:
        if person in self.joined:
            wish = SubscriptionWish(track_id=track, enabled=enabled, pinned=pinned)
            self._do(self.room.change_subscriptions(person, [wish]))
            (self.pinned.add if pinned else self.pinned.discard)((person, track))

    @rule(breakout=st.sampled_from([None, "1", "2"]), speakers=st.permutations(PEOPLE), count=st.integers(0, 2))
    def hear(self, *, breakout: str | None, speakers: list[ParticipantId], count: int) -> None:
        self._do(self.room.tracks.heard(breakout, speakers[:count]))
        if count:
            self.speakers[breakout] = speakers[0]

    @rule(chosen=st.sets(st.sampled_from(PEOPLE)))
    def put_in_the_spotlight(self, chosen: set[ParticipantId]) -> None:
        self.version += 1
        self._do(self.room.spotlight(chosen, version=self.version))
        assert self.room.spotlight(PEOPLE, version=self.version - 1) == []
        self.spotlight = chosen

    @rule(person=st.sampled_from(PEOPLE))
    def restart(self, person: ParticipantId) -> None:
        if person in self.joined:
            restarted = self.room.restart_subscription(person)
            self.plane.offers.pop(person, None)
            self._do(restarted.effects)
            if restarted.offer is not None:
                self.plane.offers[person] = restarted.offer

    @rule(person=st.sampled_from(PEOPLE), muted=st.booleans())
    def mute(self, *, person: ParticipantId, muted: bool) -> None:
        for track in self.published.get(person, set()):
            self._do(self.room.set_track_muted(person, TrackId(track), muted=muted, version=1))
            self.muted[track] = muted

    @rule(is_ready=st.booleans())
    def record(self, *, is_ready: bool) -> None:
        if self.room.recording.id is None:
            self.room.recording.begin("r")
            self.plane.transports.add(self.room.recording.transport)
            self.plane.secured.add(self.room.recording.transport)
        if is_ready:
            self._do(self.room.recorder_ready())

    @rule()
    def stop_recording(self) -> None:
        self._do(self.room.recording.end())

    @rule(people=st.sets(st.sampled_from(PEOPLE), min_size=1), breakout=st.sampled_from([None, "1", "2"]))
    def move(self, *, people: set[ParticipantId], breakout: str | None) -> None:
        self.version += 1
        self._do(self.room.move(dict.fromkeys(people, breakout), version=self.version))
        self.places.update({person: breakout for person in people if person in self.joined})
        late = self.room.move(dict.fromkeys(people, "late"), version=self.version - 1)
        assert late == []

    @rule(person=st.sampled_from(PEOPLE))
    def leave(self, person: ParticipantId) -> None:
        self.plane.offers.pop(person, None)
        self._do(self.room.leave(person))
        self.joined.discard(person)
        self.published.pop(person, None)
        self.places.pop(person, None)
        self.pinned = {(who, track) for who, track in self.pinned if who != person}
        self.stays += 1

    @invariant()
    def tracks_are_the_published_ones(self) -> None:
        there = sorted(key.track_id for key in self.plane.tracks)
        assert there == sorted(track for tracks in self.published.values() for track in tracks)

    @invariant()
    def what_is_recorded_is_the_main_room_as_it_is(self) -> None:
        if not self.room.recording.is_ready:
            assert not self.plane.recorded
            return
        in_main_room = {person for person in self.joined if self.places.get(person) is None}
        wanted = {track: self.muted[track] for person in in_main_room for track in self.published.get(person, ())}
        assert {each.track_id: each.muted for each in self.plane.recorded.values()} == wanted
        flowing = [key for key in self.plane.subscriptions if key.transport == self.room.recording.transport]
        assert sorted(key.track.track_id for key in flowing) == sorted(wanted)
        assert {self.plane.subscriptions[key].ssrc for key in flowing} == set(self.plane.recorded)

    @invariant()
    def nothing_flows_from_one_room_to_another(self) -> None:
        for subscription in self.plane.subscriptions:
            publisher = self.plane.tracks[subscription.track].participant_id
            assert self.places.get(publisher) == self.places.get(subscription.transport.participant_id)

    @invariant()
    def nobody_gets_more_cameras_than_one(self) -> None:
        sent: dict[fx.TransportKey, list[TrackId]] = {}
        for key, subscription in self.plane.subscriptions.items():
            track_id = key.track.track_id
            is_sent = track_id in CAMERAS and not subscription.share.paused and not self.muted[track_id]
            if is_sent and key.transport.purpose is fx.Purpose.SUBSCRIBE:
                sent.setdefault(key.transport, []).append(track_id)
        assert all(len(cameras) == 1 for cameras in sent.values())

    @invariant()
    def the_cameras_that_are_sent_follow_from_what_has_happened(self) -> None:
        assert list(self.room.tracks.follow_cameras()) == []

    @invariant()
    def what_is_served_first_is_what_was_chosen_and_then_who_speaks(self) -> None:
        for key, subscription in self.plane.subscriptions.items():
            who, publisher = key.transport.participant_id, self.plane.tracks[key.track].participant_id
            source = next(source for mid, _, source in SLOTS if key.track.track_id.endswith(mid))
            if key.transport.purpose is not fx.Purpose.SUBSCRIBE or source is TrackSource.MICROPHONE:
                continue
            is_chosen = publisher in self.spotlight or (who, key.track.track_id) in self.pinned
            speaks = self.speakers.get(self.places.get(who)) == publisher
            rank = Rank.CHOSEN if is_chosen else Rank.SPEAKS if speaks else Rank.ONE_OF_MANY
            assert subscription.share.priority == priority(source, None, rank)

    @invariant()
    def nobody_who_is_gone_has_a_transport(self) -> None:
        assert {key.participant_id for key in self.plane.transports} <= self.joined | {RECORDER}

    def teardown(self) -> None:
        while self.plane.offers:
            for person in list(self.plane.offers):
                self.answer(person=person, refuse=False)
        flowing = {(s.transport.participant_id, s.track.track_id) for s in self.plane.subscriptions}
        assert all(not track.startswith(person) for person, track in flowing)
        self._do(self.room.close())
        assert not self.plane.transports
        assert not self.plane.subscriptions


RoomMachine.TestCase.settings = settings(max_examples=150, stateful_step_count=30)
TestRoom = RoomMachine.TestCase
