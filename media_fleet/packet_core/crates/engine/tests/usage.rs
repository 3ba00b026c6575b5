//! Layers that nobody can use: their publisher is told, and told again as soon as somebody can.

mod harness;

use harness::video::{Camera, assert_unbroken, content};
use harness::{Path, World, camera};
use parley_engine::{Command, Event, Id, Kind, Profile};

const RIDS: [&str; 3] = ["q", "h", "f"];
const GCM: Profile = Profile::AeadAes128Gcm;
/// So many frames come in one.
const SECOND: usize = 30;

/// What the publisher of a track was told, in order.
fn told(world: &World, track: Id) -> Vec<usize> {
    let told = world.events.iter().filter_map(|event| match event {
        Event::LayersWanted { track: id, layers } if *id == track => Some(*layers),
        _ => None,
    });
    told.collect()
}

/// A publisher who sends what they are told to, 100 ms later.
struct Obedient {
    film: Camera,
    track: Id,
}

impl Obedient {
    /// Of layers of about 250, 500 and 1,500 kbit/s.
    fn new(world: &mut World) -> Self {
        let who = world.join(GCM);
        let track = world.publish(who, camera(&RIDS));
        let mut film = Camera::new(who, &RIDS);
        film.packets = vec![1, 2, 6];
        Self { film, track }
    }

    fn film(&mut self, world: &mut World, frames: usize) {
        for _ in 0..frames / 3 {
            let layers = told(world, self.track).last().copied().unwrap_or(RIDS.len());
            self.film.sends = (0..RIDS.len()).map(|layer| layer < layers).collect();
            self.film.film(world, 3);
        }
    }
}

fn last_layer(world: &World, viewer: usize, ssrc: u32) -> Option<u8> {
    let stream = world.people[viewer].stream(ssrc);
    let media = stream.iter().rev().find(|rtp| !rtp.payload.is_empty());
    media.map(|rtp| content(&rtp.payload).layer)
}

/// The longest time without a packet for a viewer, milliseconds.
fn longest_pause_ms(world: &World, viewer: usize, ssrc: u32) -> u64 {
    let stream = world.people[viewer].stream(ssrc);
    let pauses = stream.windows(2).map(|pair| pair[1].at_us - pair[0].at_us);
    pauses.max().unwrap_or(0) / 1000
}

#[test]
fn what_nobody_wants_is_not_sent_and_comes_back_without_a_gap_in_the_picture() {
    let mut world = World::new(1);
    let mut alice = Obedient::new(&mut world);
    let bob = world.join(GCM);
    let (subscription, ssrc) = world.subscribe(bob, alice.track, Kind::Video);
    alice.film(&mut world, SECOND);
    world.command(Command::SetWantedLayer(subscription, Some(0)));
    alice.film(&mut world, 4 * SECOND);
    assert_eq!(told(&world, alice.track), [], "the wish may be taken back");
    alice.film(&mut world, 3 * SECOND);
    assert_eq!(told(&world, alice.track), [1]);
    assert_eq!(world.engine.stats().layers_paused, 2);
    assert_eq!(last_layer(&world, bob, ssrc), Some(0));
    world.command(Command::SetWantedLayer(subscription, None));
    assert_eq!(told(&world, alice.track), [1, 3], "told at once");
    let wished_us = world.now_us;
    alice.film(&mut world, SECOND);
    let stream = world.people[bob].stream(ssrc);
    let best = stream
        .iter()
        .find(|rtp| rtp.at_us > wished_us && content(&rtp.payload).layer == 2);
    let after_ms = (best.expect("the best layer is back").at_us - wished_us) / 1000;
    assert!(after_ms < 300, "{after_ms} ms after the wish");
    assert!(
        longest_pause_ms(&world, bob, ssrc) < 50,
        "the layer below went on"
    );
    assert_unbroken(&stream);
}

#[test]
fn what_one_of_many_wants_is_sent_for_all() {
    let mut world = World::new(2);
    let mut alice = Obedient::new(&mut world);
    let (bob, carol) = (world.join(GCM), world.join(GCM));
    let (small, _) = world.subscribe(bob, alice.track, Kind::Video);
    let (middle, _) = world.subscribe(carol, alice.track, Kind::Video);
    world.command(Command::SetWantedLayer(small, Some(0)));
    world.command(Command::SetWantedLayer(middle, Some(1)));
    alice.film(&mut world, 7 * SECOND);
    assert_eq!(told(&world, alice.track), [2]);
    world.command(Command::SetPaused(middle, true));
    alice.film(&mut world, 7 * SECOND);
    assert_eq!(told(&world, alice.track), [2, 1]);
    world.command(Command::RemoveSubscription(small));
    alice.film(&mut world, 7 * SECOND);
    assert_eq!(told(&world, alice.track), [2, 1, 0]);
    world.command(Command::ExpectSubscriber(alice.track));
    assert_eq!(told(&world, alice.track), [2, 1, 0, 3]);
}

#[test]
fn who_subscribes_wakes_no_more_than_their_wish() {
    let mut world = World::new(3);
    let mut alice = Obedient::new(&mut world);
    alice.film(&mut world, 7 * SECOND);
    assert_eq!(told(&world, alice.track), [0], "nobody has come");
    let bob = world.join(GCM);
    let (subscription, ssrc) = world.subscribe(bob, alice.track, Kind::Video);
    world.command(Command::SetWantedLayer(subscription, Some(1)));
    assert_eq!(told(&world, alice.track), [0, 2]);
    alice.film(&mut world, SECOND);
    assert_eq!(last_layer(&world, bob, ssrc), Some(1));
}

#[test]
fn what_a_path_has_no_room_for_sleeps_and_wakes_when_it_has() {
    let mut world = World::new(4);
    let mut alice = Obedient::new(&mut world);
    let bob = world.join(GCM);
    world.people[bob].path = Some(Path::of(5_000_000));
    let (_, ssrc) = world.subscribe(bob, alice.track, Kind::Video);
    alice.film(&mut world, 6 * SECOND);
    assert_eq!(last_layer(&world, bob, ssrc), Some(2));
    assert_eq!(told(&world, alice.track), []);
    world.people[bob].path.as_mut().unwrap().rate = 450_000;
    alice.film(&mut world, 20 * SECOND);
    assert_eq!(told(&world, alice.track).last(), Some(&1));
    assert_eq!(last_layer(&world, bob, ssrc), Some(0));
    world.people[bob].path.as_mut().unwrap().rate = 5_000_000;
    alice.film(&mut world, 12 * SECOND);
    assert_eq!(
        told(&world, alice.track).last(),
        Some(&3),
        "by the rate that it had"
    );
    assert_eq!(last_layer(&world, bob, ssrc), Some(2));
}

#[test]
fn a_layer_that_was_never_sent_is_tried_where_there_is_room() {
    let mut world = World::new(5);
    let mut alice = Obedient::new(&mut world);
    alice.film.sends = vec![false; 3];
    world.advance(7_000);
    assert_eq!(told(&world, alice.track), [0]);
    let bob = world.join(GCM);
    world.people[bob].path = Some(Path::of(5_000_000));
    let (subscription, ssrc) = world.subscribe(bob, alice.track, Kind::Video);
    world.command(Command::SetWantedLayer(subscription, Some(0)));
    alice.film(&mut world, 8 * SECOND);
    assert_eq!(
        told(&world, alice.track).last(),
        Some(&1),
        "the others are not known"
    );
    world.command(Command::SetWantedLayer(subscription, None));
    alice.film(&mut world, 4 * SECOND);
    assert_eq!(told(&world, alice.track).last(), Some(&3));
    assert_eq!(last_layer(&world, bob, ssrc), Some(2));
}
