//! Silence is not forwarded, and of those who could be heard together so many at the most.

mod harness;

use harness::endpoint::Feedback;
use harness::{AUDIO, Random, Rtp, World, microphone, subscription};
use parley_engine::{Command, Id, Kind, Profile, SubscriptionConfig};
use parley_wire::rtp::HeaderFields;
use proptest::prelude::*;

const GCM: Profile = Profile::AeadAes128Gcm;
const GROUP: Id = 9;
const SILENT: u8 = 127;
const NOISE: u8 = 70;
const SPEECH: u8 = 30;

/// Somebody who publishes sound, and under which SSRC the listener gets it.
struct Speaker {
    who: usize,
    track: Id,
    subscription: Id,
    ssrc: u32,
    number: u16,
    says_levels: bool,
    payload: usize,
}

impl Speaker {
    fn speaks(world: &mut World, listener: usize, group: Option<Id>) -> Self {
        let who = world.join(GCM);
        let track = world.publish(who, microphone());
        if group.is_some() {
            world.command(Command::SetTrackGroup(track, group));
        }
        let (subscription, ssrc) = world.subscribe(listener, track, Kind::Audio);
        Self {
            who,
            track,
            subscription,
            ssrc,
            number: 0,
            says_levels: true,
            payload: 80,
        }
    }

    /// 20 ms of sound at a level in -dBov.
    fn utter(&mut self, world: &mut World, level: u8) {
        let fields = HeaderFields {
            marker: false,
            payload_type: AUDIO,
            sequence_number: self.number,
            timestamp: u32::from(self.number) * 960,
            ssrc: 77,
        };
        self.number += 1;
        let elements = [(1, &b"1"[..]), (6, &[level][..])];
        let elements = &elements[..if self.says_levels { 2 } else { 1 }];
        let payload = vec![self.number as u8; self.payload];
        let packet = world.people[self.who].packet(&fields, elements, &payload);
        world.send_from(self.who, vec![packet]);
    }

    fn heard(&self, world: &World, listener: usize) -> Vec<Rtp> {
        world.people[listener].stream(self.ssrc)
    }
}

/// Lets all of them sound for so long, each at its level.
fn sound(world: &mut World, ms: u64, people: &mut [(&mut Speaker, u8)]) {
    for _ in 0..ms / 20 {
        for (speaker, level) in people.iter_mut() {
            speaker.utter(world, *level);
        }
        world.advance(20);
    }
}

/// A room in which so many are forwarded, with a listener and speakers.
fn room<const COUNT: usize>(last_n: usize) -> (World, usize, [Speaker; COUNT]) {
    let mut world = World::with_last_n_audio(1, last_n);
    let listener = world.join(GCM);
    let speakers = std::array::from_fn(|_| Speaker::speaks(&mut world, listener, Some(GROUP)));
    (world, listener, speakers)
}

fn is_unbroken(stream: &[Rtp]) -> bool {
    stream
        .windows(2)
        .all(|pair| pair[1].sequence_number == pair[0].sequence_number.wrapping_add(1))
}

#[test]
fn silence_is_not_forwarded_and_leaves_no_gap() {
    let (mut world, listener, [mut alice]) = room(0);
    sound(&mut world, 1_000, &mut [(&mut alice, SILENT)]);
    assert_eq!(alice.heard(&world, listener).len(), 0);
    sound(&mut world, 1_000, &mut [(&mut alice, NOISE)]);
    sound(&mut world, 1_000, &mut [(&mut alice, SILENT)]);
    sound(&mut world, 1_000, &mut [(&mut alice, 0x80 | SPEECH)]);
    let stream = alice.heard(&world, listener);
    assert_eq!(stream.len(), 50 + 9 + 50, "with the 200 ms in which sound ends");
    assert!(is_unbroken(&stream));
    let begins: Vec<usize> = (0..stream.len()).filter(|index| stream[*index].marker).collect();
    assert_eq!(begins, [0, 59], "the marker tells where sound begins");
    let leap = stream[59].timestamp.wrapping_sub(stream[58].timestamp);
    assert_eq!(leap, 960 * (50 - 9 + 1), "the time of silence has passed");
    let first: Vec<u8> = [0, 59].iter().map(|index| stream[*index].payload[0]).collect();
    assert_eq!(first, [51, 151], "from the very first packet");
}

#[test]
fn the_v_bit_says_nothing_and_opus_without_content_is_silence() {
    let (mut world, listener, [mut alice]) = room(0);
    sound(&mut world, 400, &mut [(&mut alice, 0x80 | SILENT)]);
    alice.payload = 2;
    sound(&mut world, 400, &mut [(&mut alice, SPEECH)]);
    assert_eq!(alice.heard(&world, listener).len(), 0);
    alice.payload = 3;
    sound(&mut world, 400, &mut [(&mut alice, SPEECH)]);
    assert_eq!(alice.heard(&world, listener).len(), 20);
}

#[test]
fn who_tells_no_levels_is_always_heard_and_takes_no_place() {
    let (mut world, listener, [mut alice, mut bob, mut carol]) = room(1);
    alice.says_levels = false;
    let all = &mut [(&mut alice, 0), (&mut bob, SPEECH), (&mut carol, NOISE)];
    sound(&mut world, 1_000, all);
    let counts = [&alice, &bob, &carol].map(|speaker| speaker.heard(&world, listener).len());
    assert_eq!(counts, [50, 50, 0]);
}

#[test]
fn any_sound_takes_a_free_place_at_once_and_more_than_n_are_not_heard() {
    let (mut world, listener, [mut alice, mut bob, mut carol]) = room(2);
    let all = &mut [(&mut alice, NOISE), (&mut bob, NOISE), (&mut carol, NOISE)];
    sound(&mut world, 5_000, all);
    let counts = [&alice, &bob, &carol].map(|speaker| speaker.heard(&world, listener).len());
    assert_eq!(counts, [250, 250, 0], "noise takes no place from noise");
    let stats = world.engine.stats();
    assert_eq!(
        (stats.sound_surplus, stats.sound_silent, stats.tracks_unheard),
        (250, 0, 1)
    );
}

#[test]
fn somebody_loud_takes_the_place_of_one_who_has_been_quiet_for_a_while() {
    let (mut world, listener, [mut alice, mut bob]) = room(1);
    sound(&mut world, 1_000, &mut [(&mut alice, SPEECH), (&mut bob, SILENT)]);
    sound(
        &mut world,
        1_000,
        &mut [(&mut alice, NOISE), (&mut bob, SPEECH + 10)],
    );
    assert_eq!(bob.heard(&world, listener).len(), 0, "a pause of speech");
    sound(
        &mut world,
        2_000,
        &mut [(&mut alice, NOISE), (&mut bob, SPEECH + 10)],
    );
    let stream = bob.heard(&world, listener);
    assert_eq!(stream.len(), 51, "two seconds after the last loud packet");
    assert!(stream[0].marker && is_unbroken(&stream));
    sound(&mut world, 4_000, &mut [(&mut alice, NOISE), (&mut bob, SILENT)]);
    assert!(world.engine.stats().sound_silent > 0);
    let before = alice.heard(&world, listener).len();
    sound(&mut world, 200, &mut [(&mut alice, NOISE), (&mut bob, SILENT)]);
    assert_eq!(
        alice.heard(&world, listener).len(),
        before + 10,
        "whoever is silent gives way to any sound"
    );
}

#[test]
fn of_those_who_speak_only_a_clearly_louder_one_is_let_in() {
    let (mut world, listener, [mut alice, mut bob]) = room(1);
    sound(&mut world, 2_000, &mut [(&mut alice, 35), (&mut bob, SILENT)]);
    sound(&mut world, 6_000, &mut [(&mut alice, 35), (&mut bob, 31)]);
    assert_eq!(bob.heard(&world, listener).len(), 0);
    sound(&mut world, 4_000, &mut [(&mut alice, 35), (&mut bob, 15)]);
    assert!(bob.heard(&world, listener).len() > 50);
    let alice_heard = alice.heard(&world, listener).len();
    sound(&mut world, 4_000, &mut [(&mut alice, 14), (&mut bob, 15)]);
    assert_eq!(alice.heard(&world, listener).len(), alice_heard, "and stays");
}

#[test]
fn what_a_screen_plays_takes_no_place_and_its_silence_is_left_out() {
    let mut world = World::with_last_n_audio(1, 1);
    let listener = world.join(GCM);
    let mut alice = Speaker::speaks(&mut world, listener, Some(GROUP));
    let mut screen = Speaker::speaks(&mut world, listener, None);
    sound(
        &mut world,
        1_000,
        &mut [(&mut screen, NOISE), (&mut alice, NOISE)],
    );
    let counts = [&alice, &screen].map(|speaker| speaker.heard(&world, listener).len());
    assert_eq!(counts, [50, 50]);
    sound(
        &mut world,
        1_000,
        &mut [(&mut screen, SILENT), (&mut alice, NOISE)],
    );
    let counts = [&alice, &screen].map(|speaker| speaker.heard(&world, listener).len());
    assert_eq!(counts, [100, 59]);
}

#[test]
fn groups_have_places_of_their_own_and_who_moves_leaves_one_free() {
    let (mut world, listener, [mut alice, mut bob, mut carol]) = room(1);
    world.command(Command::SetTrackGroup(carol.track, Some(GROUP + 1)));
    let all = &mut [(&mut alice, SPEECH), (&mut bob, SPEECH), (&mut carol, SPEECH)];
    sound(&mut world, 200, all);
    world.command(Command::SetTrackGroup(all[0].0.track, Some(GROUP + 1)));
    sound(&mut world, 200, all);
    let counts = [&alice, &bob, &carol].map(|speaker| speaker.heard(&world, listener).len());
    assert_eq!(counts, [10, 10, 20]);
}

#[test]
fn a_place_is_free_when_its_holder_is_muted_or_gone() {
    let (mut world, listener, [mut alice, mut bob, mut carol]) = room(1);
    let all = &mut [(&mut alice, SPEECH), (&mut bob, SPEECH), (&mut carol, NOISE)];
    sound(&mut world, 200, all);
    world.command(Command::SetTrackMuted(all[0].0.track, true));
    sound(&mut world, 200, all);
    world.command(Command::RemoveTrack(all[1].0.track));
    sound(&mut world, 200, &mut all[2..]);
    let counts = [&alice, &bob, &carol].map(|speaker| speaker.heard(&world, listener).len());
    assert_eq!(counts, [10, 10, 10]);
}

#[test]
fn who_gets_all_sound_gets_silence_and_those_who_are_not_heard_too() {
    let (mut world, listener, [mut alice, mut bob]) = room(1);
    let recorder = world.join(GCM);
    let ssrcs = [&alice, &bob].map(|speaker| {
        let config = SubscriptionConfig {
            continuous: true,
            ..subscription(speaker.ssrc + 7, Kind::Audio)
        };
        let ssrc = config.ssrc;
        world.subscribe_as(recorder, speaker.track, config);
        ssrc
    });
    sound(&mut world, 1_000, &mut [(&mut alice, SPEECH), (&mut bob, NOISE)]);
    sound(&mut world, 1_000, &mut [(&mut alice, SILENT), (&mut bob, SILENT)]);
    for ssrc in ssrcs {
        let stream = world.people[recorder].stream(ssrc);
        assert_eq!(stream.len(), 100);
        assert!(is_unbroken(&stream) && stream.iter().all(|rtp| !rtp.marker));
    }
    assert_eq!(bob.heard(&world, listener).len(), 0);
}

#[test]
fn reports_tell_of_what_is_sent_and_silence_of_nothing() {
    let (mut world, listener, [mut alice]) = room(1);
    let report = |world: &mut World, speaker: &Speaker| {
        let info = parley_wire::rtcp::SenderInfo {
            ssrc: 77,
            ntp: 1 << 40,
            rtp_timestamp: u32::from(speaker.number) * 960,
            packets: 1,
            octets: 1,
        };
        let packet = world.people[speaker.who].rtcp(|writer| writer.sender_report(&info));
        world.send_from(speaker.who, vec![packet]);
    };
    sound(&mut world, 200, &mut [(&mut alice, SPEECH)]);
    report(&mut world, &alice);
    sound(&mut world, 1_000, &mut [(&mut alice, SILENT)]);
    report(&mut world, &alice);
    report(&mut world, &alice);
    sound(&mut world, 200, &mut [(&mut alice, SPEECH)]);
    report(&mut world, &alice);
    let stream = alice.heard(&world, listener);
    let reports: Vec<_> = world.people[listener]
        .feedback
        .iter()
        .filter_map(|(_, feedback)| match feedback {
            Feedback::SenderReport(info) if info.ssrc == alice.ssrc => Some(*info),
            _ => None,
        })
        .collect();
    let packets: Vec<u32> = reports.iter().map(|info| info.packets).collect();
    assert_eq!(packets, [10, 19, 29], "none while nothing is sent");
    // The timestamps of packets and reports are moved by the same.
    let moved = stream[0].timestamp;
    assert_eq!(
        reports[2].rtp_timestamp.wrapping_sub(moved),
        u32::from(alice.number) * 960
    );
    sound(&mut world, 6_000, &mut [(&mut alice, SILENT)]);
    sound(&mut world, 200, &mut [(&mut alice, SPEECH)]);
    let is_report = |(_, feedback): &&(u64, Feedback)| matches!(feedback, Feedback::SenderReport(_));
    let (at_us, _) = *world.people[listener]
        .feedback
        .iter()
        .rfind(is_report)
        .as_ref()
        .unwrap();
    let first = alice.heard(&world, listener)[29 + 9].at_us;
    assert_eq!(*at_us, first, "after a while it comes with the first sound");
}

#[test]
fn what_was_left_out_can_neither_be_missed_nor_asked_for() {
    let (mut world, listener, [mut alice]) = room(1);
    sound(&mut world, 200, &mut [(&mut alice, SPEECH)]);
    sound(&mut world, 1_000, &mut [(&mut alice, SILENT)]);
    sound(&mut world, 200, &mut [(&mut alice, SPEECH)]);
    let stream = alice.heard(&world, listener);
    let last = stream.last().unwrap().sequence_number;
    let asked: Vec<u16> = (1..=60)
        .map(|ahead| last.wrapping_add(ahead))
        .chain([last])
        .collect();
    let nack = world.people[listener].rtcp(|writer| writer.nack(1, alice.ssrc, &asked));
    world.send_from(listener, vec![nack]);
    let stats = world.engine.subscription_stats(alice.subscription).unwrap();
    assert_eq!(stats.nacks_received, 61);
    assert_eq!(stats.retransmissions_sent, 1, "what was sent");
}

#[test]
fn a_subscription_tells_whether_it_is_unheard_now() {
    let (mut world, _, [mut alice, mut bob]) = room(1);
    sound(&mut world, 400, &mut [(&mut alice, SPEECH), (&mut bob, NOISE)]);
    let stats = world.engine.subscription_stats(bob.subscription).unwrap();
    assert!(stats.unheard && stats.packets_sent == 0);
    sound(&mut world, 2_600, &mut [(&mut alice, SILENT), (&mut bob, SPEECH)]);
    let stats = world.engine.subscription_stats(bob.subscription).unwrap();
    assert!(!stats.unheard && stats.packets_sent > 0);
}

#[test]
fn a_path_is_charged_for_what_is_forwarded_alone() {
    let (mut world, listener, [mut alice, mut bob]) = room(1);
    sound(&mut world, 3_000, &mut [(&mut alice, SPEECH), (&mut bob, NOISE)]);
    let wanted = |world: &World| world.engine.transport_stats(listener as Id).unwrap().wanted_bps;
    let one = wanted(&world);
    assert!((30_000..40_000).contains(&one), "80 octets in 20 ms: {one}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whoever speaks when and how loud: each stream's numbers go on by one, its times go on, and no more than N have a place at once.
    #[test]
    fn numbers_never_have_a_gap(seed in any::<u64>(), last_n in 0usize..4) {
        const MOMENTS: usize = 300;
        let mut world = World::with_last_n_audio(seed, last_n);
        let listener = world.join(GCM);
        let mut speakers: Vec<Speaker> =
            (0..5).map(|_| Speaker::speaks(&mut world, listener, Some(GROUP))).collect();
        let mut random = Random(seed);
        let mut levels = [SILENT; 5];
        for _ in 0..MOMENTS {
            for (speaker, level) in speakers.iter_mut().zip(&mut levels) {
                if random.happens(4) {
                    *level = [SILENT, SILENT, NOISE, SPEECH, 45, 20][random.next() as usize % 6];
                }
                speaker.utter(&mut world, *level);
            }
            world.advance(20);
        }
        let (mut heard, mut begun) = (0, 0);
        for speaker in &speakers {
            let stream = speaker.heard(&world, listener);
            heard += stream.len();
            begun += stream.iter().filter(|packet| packet.marker).count();
            prop_assert!(is_unbroken(&stream));
            for pair in stream.windows(2) {
                let ticks = pair[1].timestamp.wrapping_sub(pair[0].timestamp);
                let packets = pair[1].payload[0].wrapping_sub(pair[0].payload[0]);
                prop_assert!(ticks % 960 == 0 && (ticks / 960) as u8 == packets);
                prop_assert_eq!(pair[1].marker, ticks > 960);
            }
        }
        // A moment in which a place changes hands has a packet more, and again one if it goes back to who had it the moment before.
        prop_assert!(last_n == 0 || heard <= last_n * MOMENTS + 2 * begun);
    }
}
