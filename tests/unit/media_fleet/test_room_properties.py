"""Whatever participants do, in whatever order: a room's effects always make sense, and all ends well."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from contracts.client_commands import SubscriptionWish
from contracts.node_rpc import AssignedTrack, Offer
from contracts.rooms import MIXED_SOUND, MeetingId, ParticipantId, TrackId, TrackSource
from media_fleet.adapters.sdp_parser import parse
from media_fleet.domain import effects as fx
from media_fleet.domain.layer_making import LAYER_MAKER
from media_fleet.domain.layers import Rank, priority
from media_fleet.domain.recording import RECORDERS
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
from media_fleet.domain.sound_mixing import MIXER
from media_fleet.domain.transcoder_places import LAYER, TranscoderPlaces
from media_fleet.domain.transcoding import TRANSCODER
from media_fleet.domain.transport_parameters import NodeEnd, host_candidates
from tests.doubles.checking_plane import BROADCAST, RECORDING, Plane

PEOPLE = [ParticipantId(name) for name in ("a", "b", "c")]
END = NodeEnd(
    candidates=host_candidates(["192.0.2.1"], 5004), fingerprints=(Fingerprint(algorithm="sha-256", value="AB:CD"),)
)
SLOTS = (
    ("0", "audio", TrackSource.MICROPHONE),
    ("1", "video", TrackSource.CAMERA),
    ("2", "video", TrackSource.SCREEN),
)
PICTURES = {f"{person}{mid}" for person in PEOPLE for mid, kind, _ in SLOTS if kind == "video"}
WITHOUT_H264 = PEOPLE[2]
WORKERS = {*RECORDERS.values(), TRANSCODER, MIXER, LAYER_MAKER}
CAMERAS = {f"{person}1" for person in PEOPLE}
OPUS = PayloadFormat(payload_type=111, name="opus", clock_rate=48_000, channels=2)
VP8 = PayloadFormat(payload_type=96, name="VP8", clock_rate=90_000)
H264 = PayloadFormat(payload_type=97, name="H264", clock_rate=90_000, parameters=(("packetization-mode", "1"),))


class Numbers:
    def __init__(self) -> None:
        self.last = 0

    def ssrc(self) -> int:
        self.last += 1
        return self.last

    def session_id(self) -> str:
        return str(self.ssrc())

    def ice_credentials(self) -> IceCredentials:
        return IceCredentials(ufrag=f"{self.ssrc():024}", pwd=f"{self.ssrc():048}")


class RoomMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.transcoder_places = TranscoderPlaces(video=2, sound=0, mixers=2)
        self.room = Room(
            MeetingId("m"),
            node=END,
            randomness=Numbers(),
            last_n_video=1,
            transcoder_places=self.transcoder_places,
        )
        self.now, self.encrypted = 0.0, False
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
        self.transports: Mapping[fx.RecorderRole, fx.TransportKey] = {}
        self.recorders: dict[fx.RecorderRole, fx.TransportKey] = {}
        """Those that receive, the broadcaster among them."""
        self.broadcaster: fx.TransportKey

    def _do(self, effects: Any) -> None:
        for effect in effects:
            self.plane.carry_out(effect)
            if isinstance(effect, fx.StopTranscoder):
                self.transcoder_places.give_back(effect.kind)  # as the node does once the process has ended

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
                taken = tuple(each for each in section.formats if person != WITHOUT_H264 or each.name != "H264")
                media.append(
                    self._section(
                        connection,
                        section.mid,
                        section.kind,
                        taken,
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

    @rule(roles=st.sets(st.sampled_from(RECORDING), min_size=1), ready=st.none() | st.sampled_from(RECORDING))
    def record(self, *, roles: set[fx.RecorderRole], ready: fx.RecorderRole | None) -> None:
        if self.room.recording.id is None:
            self._forget(*RECORDING)
            self.transports = self.room.recording.begin("r", roles)
            self.plane.transports |= set(self.transports.values())
            self.plane.secured |= set(self.transports.values())
        if ready is not None:
            self._do(self.room.recorder_ready(ready))
            if ready in self.transports:
                self.recorders[ready] = self.transports[ready]

    @rule()
    def stop_recording(self) -> None:
        self._do(self.room.recording.end())
        self._forget(*RECORDING)

    @rule(ready=st.booleans())
    def broadcast(self, *, ready: bool) -> None:
        if self.room.broadcast.id is None:
            self.broadcaster = self.room.broadcast.begin("b", [BROADCAST])[BROADCAST]
            self.plane.transports.add(self.broadcaster)
            self.plane.secured.add(self.broadcaster)
        if ready:
            self._do(self.room.recorder_ready(BROADCAST))
            self.recorders[BROADCAST] = self.broadcaster

    @rule()
    def stop_broadcast(self) -> None:
        self._do(self.room.broadcast.end())
        self._forget(BROADCAST)

    def _forget(self, *roles: fx.RecorderRole) -> None:
        self.recorders = {role: each for role, each in self.recorders.items() if role not in roles}

    @rule(role=st.sampled_from(RECORDING))
    def lose_recorder(self, role: fx.RecorderRole) -> None:
        self._do(self.room.recording.end_role(role))
        self.plane.recorded = {key: each for key, each in self.plane.recorded.items() if key[0] is not role}
        self.transports = {each: transport for each, transport in self.transports.items() if each is not role}
        self.recorders.pop(role, None)

    @rule(which=st.integers(0, 3))
    def transcoder_is_ready(self, which: int) -> None:
        begun = {*self.plane.tracks.values(), *self.plane.made_layers.values()}
        waiting = [each for each in self.plane.transcoders if each not in begun]
        if which < len(waiting):
            self._do(self.room.transcoder_ready(waiting[which]))

    @rule(which=st.integers(0, 3))
    def lose_transcoder(self, which: int) -> None:
        if which < len(self.plane.transcoders):
            lost = self.plane.transcoders.pop(which)
            effects = self.room.transcoder_lost(lost, self.now)
            self.plane.transcoders.append(lost)  # unless it is told to stop, which is fine for one that is gone
            self._do(effects)
            if lost in self.plane.transcoders:
                self.plane.transcoders.remove(lost)

    @rule(which=st.integers(0, 3), needed=st.booleans())
    def smaller_picture_is_needed(self, *, which: int, needed: bool) -> None:
        possible = sorted(self.plane.allowed_layers, key=lambda key: (key.track_id, key.revision))
        if which < len(possible):
            self._do(self.room.tracks.layer_needed(possible[which], needed=needed))

    @rule(encrypted=st.booleans())
    def encrypt(self, *, encrypted: bool) -> None:
        self.version, self.encrypted = self.version + 1, encrypted
        self._do(self.room.tracks.change_encryption(encrypted=encrypted, version=self.version))

    @rule(seconds=st.sampled_from([1.0, 6.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        self._do(self.room.follow_transcoders(self.now))

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
        there = sorted(key.track_id for key, owner in self.plane.tracks.items() if owner.purpose is fx.Purpose.PUBLISH)
        assert there == sorted(track for tracks in self.published.values() for track in tracks)

    @invariant()
    def what_is_recorded_is_the_main_room_as_it_is(self) -> None:
        assert self.room.recording.is_ready == bool(self.recorders.keys() - {BROADCAST})
        assert self.room.broadcast.is_ready == (BROADCAST in self.recorders)
        assert {role for role, _ in self.plane.recorded} <= self.recorders.keys()
        in_main_room = {person for person in self.joined if self.places.get(person) is None}
        published = {track: self.muted[track] for person in in_main_room for track in self.published.get(person, ())}
        for role, transport in self.recorders.items():
            takes_all = role is not fx.RecorderRole.AUDIO
            wanted = {track: muted for track, muted in published.items() if takes_all or track not in PICTURES}
            recorded = {ssrc: each for (to, ssrc), each in self.plane.recorded.items() if to is role}
            assert {each.track_id: each.muted for each in recorded.values()} == wanted
            flowing = [key for key in self.plane.subscriptions if key.transport == transport]
            assert sorted(key.track.track_id for key in flowing) == sorted(wanted)
            assert {self.plane.subscriptions[key].ssrc for key in flowing} == set(recorded)

    @invariant()
    def nothing_flows_from_one_room_to_another(self) -> None:
        for subscription in self.plane.subscriptions:
            publisher = ParticipantId(subscription.track.track_id[0])
            is_mix = subscription.track.track_id == MIXED_SOUND
            if is_mix or subscription.transport.purpose in (fx.Purpose.TRANSCODE, fx.Purpose.MIX):
                continue
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
            who, publisher = key.transport.participant_id, ParticipantId(key.track.track_id[0])
            if key.transport.purpose is not fx.Purpose.SUBSCRIBE or key.track.track_id not in PICTURES:
                continue
            source = next(source for mid, _, source in SLOTS if key.track.track_id.endswith(mid))
            is_chosen = publisher in self.spotlight or (who, key.track.track_id) in self.pinned
            speaks = self.speakers.get(self.places.get(who)) == publisher
            rank = Rank.CHOSEN if is_chosen else Rank.SPEAKS if speaks else Rank.ONE_OF_MANY
            assert subscription.share.priority == priority(source, None, rank)

    @invariant()
    def nobody_who_is_gone_has_a_transport(self) -> None:
        assert {key.participant_id for key in self.plane.transports} <= self.joined | WORKERS

    @invariant()
    def nobody_gets_what_they_cannot_decode(self) -> None:
        for key in self.plane.subscriptions:
            if key.transport.participant_id == WITHOUT_H264:
                assert self.plane.media[key.track].codec.codec.name != "H264"

    @invariant()
    def transcoders_have_places_and_take_what_is_watched_alone(self) -> None:
        video, layers = (self.transcoder_places.taken(kind) for kind in ("video", LAYER))
        assert len(self.plane.transcoders) == video + layers <= 2 > layers
        for key, subscription in self.plane.subscriptions.items():
            if key.transport.participant_id == TRANSCODER:
                made = [track for track, owner in self.plane.tracks.items() if owner == key.transport]
                watching = [a for k, a in self.plane.subscriptions.items() if k.track in made and not a.share.paused]
                assert subscription.share.paused or key.transport not in self.plane.transcoders or watching

    @invariant()
    def nothing_is_made_of_what_is_encrypted(self) -> None:
        assert not self.encrypted or (self.plane.transcoders, self.plane.allowed_layers) == ([], set())

    def teardown(self) -> None:
        while self.plane.offers:
            for person in list(self.plane.offers):
                self.answer(person=person, refuse=False)
        flowing = {(s.transport.participant_id, s.track.track_id) for s in self.plane.subscriptions}
        assert all(not track.startswith(person) for person, track in flowing)
        self._do(self.room.close())
        assert not self.plane.transports
        assert not self.plane.transcoders
        assert self.transcoder_places.taken("video") == 0
        assert not self.plane.subscriptions


RoomMachine.TestCase.settings = settings(max_examples=150, stateful_step_count=30)
TestRoom = RoomMachine.TestCase
