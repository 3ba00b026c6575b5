//! A subscriber's path that does not carry everything: who is sent what of it, when, and what the subscriber is told.

mod harness;

use harness::video::{Camera, assert_unbroken, content};
use harness::{AUDIO, Path, World, camera, extension_map_without, microphone, subscription};
use parley_engine::{Command, Event, Id, Kind, Profile};
use parley_wire::extensions::Extension;
use parley_wire::rtp::HeaderFields;

const RIDS: [&str; 3] = ["q", "h", "f"];
const GCM: Profile = Profile::AeadAes128Gcm;
/// So many frames come in one.
const SECOND: usize = 30;

/// A publisher of three layers of about 250, 500 and 1,500 kbit/s.
fn publisher(world: &mut World) -> (Id, Camera) {
    let who = world.join(GCM);
    let track = world.publish(who, camera(&RIDS));
    let mut film = Camera::new(who, &RIDS);
    film.packets = vec![1, 2, 6];
    (track, film)
}

fn viewer(world: &mut World, rate: u64) -> usize {
    let who = world.join(GCM);
    world.people[who].path = Some(Path::of(rate));
    who
}

fn last_layer(world: &World, viewer: usize, ssrc: u32) -> Option<u8> {
    let stream = world.people[viewer].stream(ssrc);
    let media = stream.iter().rev().find(|rtp| !rtp.payload.is_empty());
    media.map(|rtp| content(&rtp.payload).layer)
}

fn starved(world: &World, subscription: Id) -> Vec<bool> {
    let told = world.events.iter().filter_map(|event| match event {
        Event::SubscriptionStarved {
            subscription: id,
            starved,
        } if *id == subscription => Some(*starved),
        _ => None,
    });
    told.collect()
}

#[test]
fn the_layer_follows_the_path_down_and_up_again() {
    let mut world = World::new(1);
    let (track, mut film) = publisher(&mut world);
    let bob = viewer(&mut world, 5_000_000);
    let (subscription, ssrc) = world.subscribe(bob, track, Kind::Video);
    film.film(&mut world, 6 * SECOND);
    assert_eq!(last_layer(&world, bob, ssrc), Some(2));
    world.people[bob].path.as_mut().unwrap().rate = 800_000;
    film.film(&mut world, 5 * SECOND);
    let settled_us = world.now_us;
    film.film(&mut world, 5 * SECOND);
    assert_eq!(last_layer(&world, bob, ssrc), Some(1));
    let path = world.people[bob].path.as_mut().unwrap();
    assert!(
        path.longest_wait_us(settled_us) < 100_000,
        "the queue is gone: {}",
        path.longest_wait_us(settled_us)
    );
    path.rate = 5_000_000;
    film.film(&mut world, 10 * SECOND);
    assert_eq!(last_layer(&world, bob, ssrc), Some(2));
    assert_eq!(
        starved(&world, subscription),
        [],
        "something was seen all the time"
    );
}

#[test]
fn a_picture_without_room_is_said_to_be_missing_and_comes_back() {
    let mut world = World::new(2);
    let (alice, mut film) = publisher(&mut world);
    let (carol, mut other_film) = publisher(&mut world);
    let bob = viewer(&mut world, 5_000_000);
    let (important, important_ssrc) = world.subscribe(bob, alice, Kind::Video);
    let (other, other_ssrc) = world.subscribe(bob, carol, Kind::Video);
    world.command(Command::SetPriority(important, 720));
    world.command(Command::SetPriority(other, 180));
    let mut film_both = |world: &mut World, seconds: usize| {
        for _ in 0..seconds * SECOND {
            film.shoot(world);
            other_film.film(world, 1);
        }
    };
    film_both(&mut world, 3);
    world.people[bob].path.as_mut().unwrap().rate = 350_000;
    film_both(&mut world, 6);
    assert_eq!(starved(&world, other), [true]);
    assert_ne!(starved(&world, important).last(), Some(&true));
    let before = world.people[bob].stream(other_ssrc).len();
    film_both(&mut world, 1);
    assert_eq!(
        world.people[bob].stream(other_ssrc).len(),
        before,
        "nothing is sent of it"
    );
    assert_eq!(last_layer(&world, bob, important_ssrc), Some(0));
    world.people[bob].path.as_mut().unwrap().rate = 5_000_000;
    film_both(&mut world, 8);
    assert_eq!(starved(&world, other), [true, false]);
    assert_eq!(last_layer(&world, bob, important_ssrc), Some(2));
    assert!(world.people[bob].stream(other_ssrc).len() > before);
}

#[test]
fn one_subscribers_path_is_nothing_to_another() {
    let mut world = World::new(3);
    let (track, mut film) = publisher(&mut world);
    let (bob, carol) = (viewer(&mut world, 400_000), viewer(&mut world, 10_000_000));
    let (_, narrow) = world.subscribe(bob, track, Kind::Video);
    let (_, wide) = world.subscribe(carol, track, Kind::Video);
    film.film(&mut world, 8 * SECOND);
    assert_eq!(
        (last_layer(&world, bob, narrow), last_layer(&world, carol, wide)),
        (Some(0), Some(2))
    );
    assert_unbroken(&without_padding(&world, carol, wide));
}

#[test]
fn what_a_publisher_sends_again_to_probe_its_path_does_not_count_as_the_cost_of_its_picture() {
    let mut world = World::new(5);
    let (track, mut film) = publisher(&mut world);
    let bob = viewer(&mut world, 400_000);
    let (subscription, ssrc) = world.subscribe(bob, track, Kind::Video);
    for _ in 0..6 * SECOND {
        film.shoot(&mut world);
        // As libwebrtc does it: of the lowest layer, what it has sent lately, three times.
        let (who, encoding) = (film.who, &film.encodings[0]);
        let (ssrc, last) = (encoding.ssrc, encoding.sequence_number.wrapping_sub(1));
        for _ in 0..3 {
            let again = world.people[who].retransmission(ssrc, last);
            world.send_from(who, again.into_iter().collect());
        }
        world.advance(33);
    }
    assert_eq!(last_layer(&world, bob, ssrc), Some(0));
    assert_ne!(starved(&world, subscription).last(), Some(&true));
}

fn without_padding(world: &World, viewer: usize, ssrc: u32) -> Vec<harness::Rtp> {
    let mut stream = world.people[viewer].stream(ssrc);
    stream.retain(|rtp| !rtp.payload.is_empty());
    stream
}

#[test]
fn sound_does_not_wait_behind_a_key_frame() {
    let mut world = World::new(4);
    let speaker = world.join(GCM);
    let (track, mut film) = publisher(&mut world);
    let bob = viewer(&mut world, 2_500_000);
    let sound = world.publish(speaker, microphone());
    let (_, video_ssrc) = world.subscribe(bob, track, Kind::Video);
    let (_, sound_ssrc) = world.subscribe(bob, sound, Kind::Audio);
    film.film(&mut world, 4 * SECOND);
    // A key frame of 40 packets, and one packet of sound right after it.
    film.packets[2] = 40;
    let before_us = world.now_us;
    world.record = true;
    let frame = film.encodings[2].frame(&mut world.people[film.who], false, 40);
    let fields = HeaderFields {
        marker: true,
        payload_type: AUDIO,
        sequence_number: 1,
        timestamp: 960,
        ssrc: 77,
    };
    let said = world.people[speaker].packet(&fields, &[(1, b"1")], &[0; 80]);
    world.send_from(film.who, frame);
    world.send_from(speaker, vec![said]);
    world.advance(300);
    let came = |ssrc| {
        let stream = world.people[bob].stream(ssrc);
        let times: Vec<u64> = stream
            .iter()
            .map(|rtp| rtp.at_us)
            .filter(|at| *at > before_us)
            .collect();
        times
    };
    let (pictures, sounds) = (came(video_ssrc), came(sound_ssrc));
    assert!(pictures.len() >= 40 && sounds.len() == 1);
    let after_it = pictures.iter().filter(|at| **at > sounds[0]).count();
    assert!(
        after_it > 20,
        "only what may leave at once was before it: {after_it} came later"
    );
    let spread_us = pictures.last().unwrap() - pictures[0];
    assert!(spread_us > 40_000, "the frame is spread: {spread_us} us");
}

#[test]
fn sound_that_feedback_does_not_speak_of_is_not_taken_for_lost() {
    // As Firefox takes it: the transport-wide number is for pictures alone.
    let mut world = World::new(11);
    let (track, mut film) = publisher(&mut world);
    let speaker = world.join(GCM);
    let bob = viewer(&mut world, 5_000_000);
    let sound = world.publish(speaker, microphone());
    let (_, video_ssrc) = world.subscribe(bob, track, Kind::Video);
    let mut unnumbered = subscription(9_000, Kind::Audio);
    unnumbered.extensions = extension_map_without(Extension::TransportCc);
    world.subscribe_as(bob, sound, unnumbered);
    for number in 0..6 * SECOND as u16 {
        let fields = HeaderFields {
            marker: false,
            payload_type: AUDIO,
            sequence_number: number,
            timestamp: u32::from(number) * 1_600,
            ssrc: 77,
        };
        let said = world.people[speaker].packet(&fields, &[(1, b"1")], &[0; 80]);
        world.send_from(speaker, vec![said]);
        film.film(&mut world, 1);
    }
    assert!(world.people[bob].stream(9_000).len() > 5 * SECOND);
    let path = world.engine.transport_stats(bob as Id).unwrap();
    assert!(path.loss < 0.01, "{path:?}");
    assert_eq!(last_layer(&world, bob, video_ssrc), Some(2));
}

#[test]
fn a_picture_larger_than_the_first_guess_comes_to_whoever_heard_something_before() {
    let mut world = World::new(12);
    let (presenter, speaker) = (world.join(GCM), world.join(GCM));
    let screen = world.publish(presenter, camera(&[]));
    let sound = world.publish(speaker, microphone());
    let mut film = Camera::new(presenter, &[]);
    let mut number = 0;
    let mut go_on = |world: &mut World, frames: usize| {
        for _ in 0..frames {
            number += 1;
            let fields = HeaderFields {
                marker: false,
                payload_type: AUDIO,
                sequence_number: number,
                timestamp: u32::from(number) * 1_600,
                ssrc: 77,
            };
            let said = world.people[speaker].packet(&fields, &[(1, b"1")], &[0; 80]);
            world.send_from(speaker, vec![said]);
            film.film(world, 1);
        }
    };
    go_on(&mut world, 3 * SECOND);
    let bob = viewer(&mut world, 20_000_000);
    world.subscribe(bob, sound, Kind::Audio);
    go_on(&mut world, SECOND);
    // Its key frame is late.
    world.loss_down = 100;
    let (_, ssrc) = world.subscribe(bob, screen, Kind::Video);
    go_on(&mut world, SECOND);
    world.loss_down = 0;
    go_on(&mut world, 10 * SECOND);
    let before = world.people[bob].stream(ssrc).len();
    go_on(&mut world, SECOND);
    assert_eq!(world.people[bob].stream(ssrc).len() - before, 6 * SECOND);
}

/// A camera of one layer of 1.4 Mbit/s, filmed for ten seconds for somebody without RTX. Packets that came in the last second, and how often the
/// engine wanted its turn in that.
fn without_rtx(rate: u64) -> (World, usize, usize) {
    let mut world = World::new(13);
    let presenter = world.join(GCM);
    let track = world.publish(presenter, camera(&[]));
    let mut film = Camera::new(presenter, &[]);
    let bob = viewer(&mut world, rate);
    let mut config = subscription(9_000, Kind::Video);
    (config.rtx_ssrc, config.rtx_payload_type) = (None, None);
    world.subscribe_as(bob, track, config);
    film.film(&mut world, 15 * SECOND);
    let before = world.people[bob].stream(9_000).len();
    let mut turns = 0;
    for _ in 0..SECOND {
        film.shoot(&mut world);
        for _ in 0..33 {
            turns += usize::from(world.engine.next_deadline_us() <= world.now_us);
            world.advance(1);
        }
    }
    let came = world.people[bob].stream(9_000).len() - before;
    (world, came, turns)
}

#[test]
fn a_path_on_which_nothing_can_be_padded_is_probed_by_the_picture_itself() {
    let (_, came, _) = without_rtx(20_000_000);
    assert_eq!(came, 6 * SECOND);
}

#[test]
fn a_probe_that_cannot_be_sent_keeps_nobody_busy() {
    let (mut world, _, turns) = without_rtx(300_000);
    assert_eq!(turns, 0);
    let path = world.people.last_mut().unwrap().path.as_mut().unwrap();
    let late = path
        .waits
        .iter()
        .filter(|(at_us, wait)| *at_us > 3_000_000 && *wait > 100_000);
    let late_us: std::collections::BTreeSet<u64> = late.map(|(at_us, _)| at_us / 100_000).collect();
    assert!(late_us.len() < 20, "of 120 tenths of a second: {late_us:?}");
}
