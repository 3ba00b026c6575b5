//! Sound that comes with copies of what was before (RED, RFC 2198): whole for who takes it, its own block alone for everybody else.

mod harness;

use harness::nodes::{EAST, Nodes, WEST};
use harness::{AUDIO, RED, Rtp, SENT_AUDIO, SENT_RED, World, microphone, subscription};
use parley_engine::{Id, Kind, Profile, SubscriptionConfig, TrackConfig};
use parley_wire::rtp::HeaderFields;
use proptest::prelude::*;

const GCM: Profile = Profile::AeadAes128Gcm;
const SPEECH: u8 = 30;

fn redundant_microphone() -> TrackConfig {
    TrackConfig {
        red_payload_type: Some(RED),
        ..microphone()
    }
}

/// The sound of the packet with a number.
fn sound(number: u16) -> Vec<u8> {
    let [high, low] = number.to_be_bytes();
    vec![high, low, 7, 7, 7, low]
}

/// The sound of a packet with a copy of the one before it, under a payload type of Opus.
fn redundant(number: u16, opus: u8) -> Vec<u8> {
    with_copy(&sound(number.wrapping_sub(1)), &sound(number), opus)
}

fn with_copy(copy: &[u8], primary: &[u8], opus: u8) -> Vec<u8> {
    let offset_and_length = 960 << 10 | copy.len() as u32;
    let mut payload = (u32::from(0x80 | opus) << 24 | offset_and_length)
        .to_be_bytes()
        .to_vec();
    payload.push(opus);
    payload.extend(copy);
    payload.extend(primary);
    payload
}

/// One who publishes, one who takes redundancy, and one who does not.
struct Room {
    world: World,
    publisher: usize,
    taker: (usize, u32),
    refuser: (usize, u32, Id),
}

impl Room {
    fn new() -> Self {
        let mut world = World::new(1);
        let publisher = world.join(GCM);
        let track = world.publish(publisher, redundant_microphone());
        let (taker, refuser) = (world.join(GCM), world.join(GCM));
        let ssrc = take(&mut world, taker, track);
        let (id, plain_ssrc) = world.subscribe(refuser, track, Kind::Audio);
        Self {
            world,
            publisher,
            taker: (taker, ssrc),
            refuser: (refuser, plain_ssrc, id),
        }
    }

    fn send(&mut self, number: u16, payload_type: u8, level: u8, payload: &[u8]) {
        send(
            &mut self.world,
            self.publisher,
            number,
            payload_type,
            level,
            payload,
        );
    }

    fn taken(&self) -> Vec<Rtp> {
        self.world.people[self.taker.0].stream(self.taker.1)
    }

    fn plain(&self) -> Vec<Rtp> {
        self.world.people[self.refuser.0].stream(self.refuser.1)
    }
}

/// Subscribes with redundancy; tells the SSRC.
fn take(world: &mut World, who: usize, track: Id) -> u32 {
    let config = SubscriptionConfig {
        red_payload_type: Some(SENT_RED),
        ..subscription(4242, Kind::Audio)
    };
    world.subscribe_as(who, track, config);
    4242
}

fn send(world: &mut World, who: usize, number: u16, payload_type: u8, level: u8, payload: &[u8]) {
    let fields = HeaderFields {
        marker: number == 3,
        payload_type,
        sequence_number: number,
        timestamp: u32::from(number) * 960,
        ssrc: 77,
    };
    let packet = world.people[who].packet(&fields, &[(1, b"1"), (6, &[level])], payload);
    world.send_from(who, vec![packet]);
    world.advance(20);
}

fn forms(stream: &[Rtp]) -> Vec<(u8, Vec<u8>)> {
    stream
        .iter()
        .map(|rtp| (rtp.payload_type, rtp.payload.clone()))
        .collect()
}

/// Numbers, timestamps and markers, from those of the first packet on.
fn places(stream: &[Rtp]) -> Vec<(u16, u32, bool)> {
    let first = &stream[0];
    stream
        .iter()
        .map(|rtp| {
            (
                rtp.sequence_number.wrapping_sub(first.sequence_number),
                rtp.timestamp.wrapping_sub(first.timestamp),
                rtp.marker,
            )
        })
        .collect()
}

#[test]
fn who_takes_redundancy_gets_it_whole_and_who_does_not_gets_the_sound_alone() {
    let mut room = Room::new();
    for number in 1..=5 {
        room.send(number, RED, SPEECH, &redundant(number, AUDIO));
    }
    let whole: Vec<_> = (1..=5)
        .map(|number| (SENT_RED, redundant(number, SENT_AUDIO)))
        .collect();
    assert_eq!(forms(&room.taken()), whole, "with the subscriber's own types");
    let alone: Vec<_> = (1..=5).map(|number| (SENT_AUDIO, sound(number))).collect();
    assert_eq!(forms(&room.plain()), alone);
    let in_order: Vec<_> = (0..5)
        .map(|number| (number, u32::from(number) * 960, number == 2))
        .collect();
    for stream in [room.taken(), room.plain()] {
        assert_eq!(places(&stream), in_order);
        assert!(stream.iter().all(|rtp| rtp.audio_level == Some(vec![SPEECH])));
    }
    let stats = room.world.engine.subscription_stats(room.refuser.2).unwrap();
    assert_eq!((stats.packets_sent, stats.bytes_sent), (5, 5 * 6));
}

#[test]
fn sound_that_comes_without_redundancy_goes_without() {
    let mut room = Room::new();
    room.send(1, RED, SPEECH, &redundant(1, AUDIO));
    room.send(2, AUDIO, SPEECH, &sound(2));
    room.send(3, RED, SPEECH, &redundant(3, AUDIO));
    assert_eq!(
        forms(&room.taken()),
        [
            (SENT_RED, redundant(1, SENT_AUDIO)),
            (SENT_AUDIO, sound(2)),
            (SENT_RED, redundant(3, SENT_AUDIO)),
        ]
    );
    let alone: Vec<_> = (1..=3).map(|number| (SENT_AUDIO, sound(number))).collect();
    assert_eq!(forms(&room.plain()), alone);
}

#[test]
fn what_was_not_negotiated_is_not_taken_for_redundancy() {
    let mut world = World::new(1);
    let (publisher, listener) = (world.join(GCM), world.join(GCM));
    let track = world.publish(publisher, microphone());
    let ssrc = take(&mut world, listener, track);
    send(&mut world, publisher, 1, AUDIO, SPEECH, &sound(1));
    send(&mut world, publisher, 2, RED, SPEECH, &redundant(2, AUDIO));
    assert_eq!(
        forms(&world.people[listener].stream(ssrc)),
        [(SENT_AUDIO, sound(1))]
    );
}

#[test]
fn a_stream_is_known_by_the_payload_type_of_redundancy_too() {
    let mut room = Room::new();
    let fields = HeaderFields {
        marker: false,
        payload_type: RED,
        sequence_number: 1,
        timestamp: 960,
        ssrc: 77,
    };
    let payload = redundant(1, AUDIO);
    let packet = room.world.people[room.publisher].packet(&fields, &[], &payload);
    room.world.send_from(room.publisher, vec![packet]);
    assert_eq!(forms(&room.plain()), [(SENT_AUDIO, sound(1))]);
}

#[test]
fn what_is_no_redundancy_is_dropped_and_counted_and_what_follows_is_heard() {
    let whole = redundant(2, AUDIO);
    for damaged in [
        &whole[..3],
        &whole[..5],
        &whole[..11],
        &redundant(2, AUDIO + 1)[..],
    ] {
        let mut room = Room::new();
        room.send(1, RED, SPEECH, &redundant(1, AUDIO));
        room.send(2, RED, SPEECH, damaged);
        room.send(3, RED, SPEECH, &redundant(3, AUDIO));
        let heard = [(SENT_AUDIO, sound(1)), (SENT_AUDIO, sound(3))];
        assert_eq!(forms(&room.plain()), heard, "{damaged:?}");
        let gap = places(&room.plain())[1].0;
        assert_eq!(gap, 2, "its place is that of a lost packet");
        assert_eq!(places(&room.taken()), places(&room.plain()));
        assert_eq!(room.world.engine.stats().dropped_malformed, 1);
    }
}

#[test]
fn silence_is_told_by_the_sound_and_not_by_its_copies() {
    let mut room = Room::new();
    for number in 1..=50 {
        room.send(number, RED, SPEECH, &redundant(number, AUDIO));
    }
    // Nothing in it (DTX), after a copy of something: 200 ms of it follow a sound.
    for number in 51..=100 {
        room.send(number, RED, SPEECH, &with_copy(&sound(50), &[1, 2], AUDIO));
    }
    for stream in [room.taken(), room.plain()] {
        assert_eq!(stream.len(), 50 + 9);
    }
}

/// What a listener at another node gets, where the nodes have agreed upon redundancy or not.
fn heard_elsewhere(agreed: bool) -> Vec<(u8, Vec<u8>)> {
    let mut nodes = Nodes::new(1);
    let publisher = nodes.worlds[WEST].join(GCM);
    let track = nodes.worlds[WEST].publish(publisher, redundant_microphone());
    let crossing = if agreed {
        redundant_microphone()
    } else {
        microphone()
    };
    let (relayed, _) = nodes.relay(track, &crossing);
    let listener = nodes.worlds[EAST].join(GCM);
    let ssrc = take(&mut nodes.worlds[EAST], listener, relayed);
    for number in 1..=5 {
        let payload = redundant(number, AUDIO);
        send(&mut nodes.worlds[WEST], publisher, number, RED, SPEECH, &payload);
        nodes.advance(20);
    }
    nodes.advance(50);
    forms(&nodes.worlds[EAST].people[listener].stream(ssrc))
}

#[test]
fn redundancy_crosses_to_a_node_that_takes_it_and_is_taken_off_for_another() {
    let whole: Vec<_> = (1..=5)
        .map(|number| (SENT_RED, redundant(number, SENT_AUDIO)))
        .collect();
    assert_eq!(heard_elsewhere(true), whole);
    let alone: Vec<_> = (1..=5).map(|number| (SENT_AUDIO, sound(number))).collect();
    assert_eq!(heard_elsewhere(false), alone);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever comes as redundancy: nobody gets anything but all of it, or its end.
    #[test]
    fn any_payload_goes_whole_or_its_end_does_or_it_is_dropped(
        payloads in prop::collection::vec((any::<bool>(), prop::collection::vec(any::<u8>(), 0..60)), 1..20)
    ) {
        let mut room = Room::new();
        let mut sent = Vec::new();
        for (index, (is_likely, payload)) in payloads.iter().enumerate() {
            let mut payload = payload.clone();
            if let (true, Some(first)) = (*is_likely, payload.first_mut()) {
                *first = *first & 0x80 | AUDIO;
            }
            room.send(index as u16 + 1, RED, SPEECH, &payload);
            sent.push(payload);
        }
        let first_sent = room.taken();
        prop_assert_eq!(first_sent.len(), room.plain().len());
        for (whole, alone) in first_sent.iter().zip(room.plain()) {
            prop_assert_eq!(whole.sequence_number.wrapping_sub(first_sent[0].sequence_number), alone.sequence_number.wrapping_sub(room.plain()[0].sequence_number));
            prop_assert!(whole.payload.ends_with(&alone.payload) && !alone.payload.is_empty());
            prop_assert_eq!((whole.payload_type, alone.payload_type), (SENT_RED, SENT_AUDIO));
            prop_assert!(sent.iter().any(|payload| payload.ends_with(&alone.payload)));
        }
    }
}
