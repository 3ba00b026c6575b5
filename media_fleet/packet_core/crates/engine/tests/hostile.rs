//! No bytes, from anybody, make the engine panic, answer strangers, or touch what other people get.

mod harness;

use std::net::SocketAddr;

use harness::layered::{Mode, SSRC, layered, structure_of};
use harness::video::{Camera, assert_unbroken};
use harness::{World, camera, microphone};
use parley_engine::{Kind, Profile, Remote};
use parley_wire::rtp::HeaderFields;
use proptest::prelude::*;

const GCM: Profile = Profile::AeadAes128Gcm;

struct Meeting {
    world: World,
    film: Camera,
    viewer: usize,
    ssrc: u32,
    hostile: usize,
}

/// A publisher, a viewer, and somebody who publishes and watches as well, and means harm.
fn meeting() -> Meeting {
    let mut world = World::new(1);
    let (publisher, viewer, hostile) = (world.join(GCM), world.join(GCM), world.join(GCM));
    let track = world.publish(publisher, camera(&[]));
    let (_, ssrc) = world.subscribe(viewer, track, Kind::Video);
    world.subscribe(hostile, track, Kind::Video);
    let theirs = world.publish(hostile, camera(&["q", "h"]));
    world.publish(hostile, microphone());
    world.subscribe(viewer, theirs, Kind::Video);
    let mut film = Camera::new(publisher, &[]);
    film.film(&mut world, 3);
    Meeting {
        world,
        film,
        viewer,
        ssrc,
        hostile,
    }
}

impl Meeting {
    fn assert_undisturbed(mut self, frames: usize) {
        self.film.film(&mut self.world, 3);
        let person = &self.world.people[self.viewer];
        let stream = person.stream(self.ssrc);
        assert_unbroken(&stream);
        assert_eq!(stream.len(), (frames + 3) * 6);
        assert_eq!(person.refused, 0, "all that the viewer gets is authentic and new");
    }
}

/// Bytes that get past the first looks: of each protocol, with small changes to well-formed beginnings.
fn datagram() -> impl Strategy<Value = Vec<u8>> {
    let bytes = || proptest::collection::vec(any::<u8>(), 0..200);
    let begins = |start: &'static [u8]| {
        bytes().prop_map(move |rest| {
            let mut datagram = start.to_vec();
            datagram.extend(rest);
            datagram
        })
    };
    prop_oneof![
        bytes(),
        begins(&[0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42]),
        begins(&[22, 254, 253]),
        begins(&[0x80, 96]),
        begins(&[0x90, 96, 0, 1, 0, 0, 0, 1, 0, 0, 0xaa, 0, 0xbe, 0xde, 0, 2]),
        begins(&[0x80, 200, 0, 6]),
        begins(&[0x81, 205, 0, 3]),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_datagrams_from_strangers_and_acquaintances_are_harmless(
        datagrams in proptest::collection::vec((0u8..3, datagram()), 0..60)
    ) {
        let mut meeting = meeting();
        let stranger = Remote::udp(SocketAddr::from(([192, 0, 2, 1], 9)));
        let answers = meeting.world.engine.stats().stun_answered;
        let batch = datagrams
            .into_iter()
            .map(|(from, datagram)| {
                let known = &meeting.world.people;
                let address = [stranger, known[meeting.hostile].address, known[0].address][usize::from(from)];
                (address, datagram)
            })
            .collect();
        meeting.world.inject(batch);
        prop_assert_eq!(meeting.world.engine.stats().stun_answered, answers);
        meeting.assert_undisturbed(3);
    }

    /// Packets that say anything of their layers.
    #[test]
    fn any_dependency_descriptors_are_harmless(
        packets in proptest::collection::vec(
            (any::<u16>(), any::<u8>(), any::<u16>(), proptest::option::of(any::<bool>()),
             proptest::collection::vec(any::<u8>(), 0..12), any::<(u8, u8)>()),
            0..80)
    ) {
        let mut meeting = meeting();
        let mut theirs = layered(Mode::Full);
        theirs.mid = "2".into();
        let track = meeting.world.publish(meeting.hostile, theirs);
        meeting.world.subscribe(meeting.viewer, track, Kind::Video);
        let person = &mut meeting.world.people[meeting.hostile];
        let mut datagrams = Vec::new();
        for (sequence_number, template, number, structure, rest, (at, flips)) in packets {
            let fields =
                HeaderFields { marker: false, payload_type: 96, sequence_number, timestamp: u32::from(number), ssrc: SSRC };
            let mut descriptor = vec![template];
            descriptor.extend(number.to_be_bytes());
            if let Some(full) = structure {
                descriptor.extend(structure_of(if full { Mode::Full } else { Mode::Key }));
                let at = 3 + usize::from(at) % (descriptor.len() - 3);
                descriptor[at] ^= if flips < 128 { flips } else { 0 };
            }
            descriptor.extend(rest);
            datagrams.push(person.packet(&fields, &[(1, b"2"), (8, &descriptor)], &[0x18, 0, 0, 0]));
        }
        let from = person.address;
        meeting.world.inject(datagrams.into_iter().map(|data| (from, data)).collect());
        meeting.world.advance(700);
        meeting.assert_undisturbed(3);
    }

    /// A participant connects, checks and hangs up in any order, also where others are.
    #[test]
    fn connections_that_come_and_go_are_the_affair_of_their_participant(
        steps in proptest::collection::vec((1u32..4, 0u8..4), 0..60)
    ) {
        let mut meeting = meeting();
        let mut open = std::collections::BTreeSet::new();
        for (number, step) in steps {
            let connection = Remote::tcp(number, SocketAddr::from(([192, 0, 2, 1], 9)));
            if step == 0 {
                meeting.world.close(connection);
                open.remove(&number);
            } else {
                let check = meeting.world.people[meeting.hostile].check(step == 1);
                meeting.world.inject(vec![(connection, check)]);
                open.insert(number);
            }
            prop_assert_eq!(meeting.world.engine.knows(connection), open.contains(&number));
            if step == 3 {
                let elsewhere = meeting.world.people[0].address;
                meeting.world.close(Remote::tcp(number + 10, elsewhere.address()));
            }
        }
        meeting.assert_undisturbed(3);
    }

    /// Authentic packets with any content: the sender is a participant, with keys.
    #[test]
    fn any_authentic_rtp_is_harmless(
        packets in proptest::collection::vec(
            (prop_oneof![Just(96u8), Just(97), Just(111), 0..128u8], any::<u16>(), 0u32..6,
             proptest::collection::vec((1u8..15, proptest::collection::vec(any::<u8>(), 1..5)), 0..6),
             proptest::collection::vec(any::<u8>(), 0..40), any::<u8>()),
            0..80)
    ) {
        let mut meeting = meeting();
        let person = &mut meeting.world.people[meeting.hostile];
        let mut datagrams = Vec::new();
        for (payload_type, sequence_number, ssrc, elements, payload, padding) in packets {
            let fields = HeaderFields { marker: true, payload_type, sequence_number, timestamp: 5, ssrc };
            let mut elements: Vec<(u8, &[u8])> = elements.iter().map(|(id, value)| (*id, &value[..])).collect();
            elements.push((1, b"0"));
            elements.push((2, b"q"));
            elements.push((3, b"h"));
            datagrams.push(person.packet_with_padding(&fields, &elements, &payload, padding % 16));
        }
        let from = person.address;
        meeting.world.inject(datagrams.into_iter().map(|data| (from, data)).collect());
        meeting.world.advance(100);
        meeting.assert_undisturbed(3);
    }

    #[test]
    fn any_authentic_rtcp_is_harmless(
        compounds in proptest::collection::vec(
            (200u8..208, 0u8..32, proptest::collection::vec(any::<u8>(), 4..60)), 0..40)
    ) {
        let mut meeting = meeting();
        let person = &mut meeting.world.people[meeting.hostile];
        let mut datagrams = Vec::new();
        for (kind, count, mut body) in compounds {
            body.resize(body.len().next_multiple_of(4), 0);
            let mut compound = vec![0x80 | count, kind];
            compound.extend(((body.len() / 4) as u16).to_be_bytes());
            compound.extend(body);
            datagrams.push(person.protect_rtcp(&compound));
        }
        let from = person.address;
        meeting.world.inject(datagrams.into_iter().map(|data| (from, data)).collect());
        meeting.assert_undisturbed(3);
    }
}

#[test]
fn replayed_packets_are_dropped() {
    let mut meeting = meeting();
    let from = meeting.world.people[0].address;
    let packets = meeting.film.encodings[0].frame(&mut meeting.world.people[0], false, 6);
    for _ in 0..3 {
        let batch = packets.iter().map(|packet| (from, packet.clone())).collect();
        meeting.world.inject(batch);
    }
    assert_eq!(meeting.world.engine.stats().dropped_replayed, 12);
    meeting.world.advance(33);
    meeting.assert_undisturbed(4);
}

#[test]
fn packets_under_wrong_keys_are_dropped() {
    let mut meeting = meeting();
    let from = meeting.world.people[0].address;
    let hostile = meeting.hostile;
    let mut forger = Camera::new(hostile, &[]);
    forger.encodings[0].sequence_number = 200;
    let forged = forger.encodings[0].frame(&mut meeting.world.people[hostile], true, 6);
    meeting
        .world
        .inject(forged.into_iter().map(|data| (from, data)).collect());
    assert_eq!(meeting.world.engine.stats().dropped_authentication, 6);
    meeting.assert_undisturbed(3);
}

#[test]
fn a_flood_of_ssrcs_keeps_the_state_small_and_others_whole() {
    let mut meeting = meeting();
    let hostile = meeting.hostile;
    for ssrc in 0..3000u32 {
        let fields = HeaderFields {
            marker: true,
            payload_type: 96,
            sequence_number: 1,
            timestamp: 1,
            ssrc: 0x5000_0000 + ssrc,
        };
        let rid: &[u8] = if ssrc % 2 == 0 { b"q" } else { b"h" };
        let packet = meeting.world.people[hostile].packet(&fields, &[(1, b"0"), (2, rid)], &[0x10, 0, 0, 0]);
        let from = meeting.world.people[hostile].address;
        meeting.world.inject(vec![(from, packet)]);
    }
    let stats = meeting.world.engine.stats();
    assert_eq!(stats.dropped_malformed, 0);
    assert!(
        stats.rtp_received >= 3000,
        "followed, each in the other's place: {stats:?}"
    );
    meeting.assert_undisturbed(3);
}

#[test]
fn a_flood_of_nacks_costs_each_packet_once_a_round_trip() {
    let mut meeting = meeting();
    let hostile = meeting.hostile;
    let all: Vec<u16> = (0..=u16::MAX).step_by(17).collect();
    let from = meeting.world.people[hostile].address;
    let before = meeting.world.engine.stats();
    for ssrc in [meeting.ssrc, meeting.ssrc + 1000, meeting.ssrc + 2000] {
        for _ in 0..20 {
            for part in all.chunks(60) {
                let nack = meeting.world.people[hostile].rtcp(|writer| writer.nack(2, ssrc, part));
                meeting.world.inject(vec![(from, nack)]);
            }
        }
    }
    let sent = meeting.world.engine.stats().rtx_sent - before.rtx_sent;
    assert!(
        sent <= 18,
        "three frames of six packets were sent to them: {sent}"
    );
    meeting.assert_undisturbed(3);
}
