//! Several encodings of one camera: learned by mid and rid, switched at key frames, without a seam.

mod harness;

use harness::video::{Camera, assert_unbroken, content};
use harness::{Feedback, World, camera};
use parley_engine::{Command, Kind, Profile};

const RIDS: [&str; 3] = ["q", "h", "f"];
const GCM: Profile = Profile::AeadAes128Gcm;

/// A publisher of three layers, a viewer, the track, the subscription and its SSRC.
fn meeting(seed: u64) -> (World, Camera, usize, u32, u32, u32) {
    let mut world = World::new(seed);
    let (publisher, viewer) = (world.join(GCM), world.join(GCM));
    let track = world.publish(publisher, camera(&RIDS));
    let (subscription, ssrc) = world.subscribe(viewer, track, Kind::Video);
    (
        world,
        Camera::new(publisher, &RIDS),
        viewer,
        track,
        subscription,
        ssrc,
    )
}

fn layers_seen(world: &World, viewer: usize, ssrc: u32) -> Vec<u8> {
    let mut layers: Vec<u8> = world.people[viewer]
        .stream(ssrc)
        .iter()
        .map(|rtp| content(&rtp.payload).layer)
        .collect();
    layers.dedup();
    layers
}

#[test]
fn the_best_layer_is_forwarded_until_another_is_wanted() {
    let (mut world, mut film, viewer, _, subscription, ssrc) = meeting(1);
    film.film(&mut world, 30);
    assert_eq!(
        layers_seen(&world, viewer, ssrc).last(),
        Some(&2),
        "the best, soon after the start"
    );
    for (wanted, forwarded) in [(Some(0), 0), (Some(1), 1), (None, 2), (Some(0), 0)] {
        world.command(Command::SetWantedLayer(subscription, wanted));
        film.film(&mut world, 30);
        assert_eq!(layers_seen(&world, viewer, ssrc).last(), Some(&forwarded));
    }
    assert_unbroken(&world.people[viewer].stream(ssrc));
}

#[test]
fn a_layer_that_is_not_sent_is_replaced_by_one_that_is() {
    let (mut world, mut film, viewer, _, subscription, ssrc) = meeting(2);
    film.sends = vec![true, false, false];
    film.film(&mut world, 10);
    assert_eq!(
        layers_seen(&world, viewer, ssrc),
        [0],
        "bandwidth is not known yet: only the lowest is sent"
    );
    film.sends = vec![true, true, true];
    film.film(&mut world, 30);
    assert_eq!(layers_seen(&world, viewer, ssrc).last(), Some(&2));
    film.sends = vec![true, true, false];
    film.film(&mut world, 100);
    assert_eq!(
        layers_seen(&world, viewer, ssrc).last(),
        Some(&1),
        "the best that is left"
    );
    world.command(Command::SetWantedLayer(subscription, Some(0)));
    film.sends = vec![false, true, true];
    film.film(&mut world, 100);
    assert_eq!(
        layers_seen(&world, viewer, ssrc).last(),
        Some(&1),
        "the lowest above the wanted one"
    );
    assert_unbroken(&world.people[viewer].stream(ssrc));
}

#[test]
fn the_old_layer_goes_on_until_the_new_ones_key_frame() {
    let (mut world, mut film, viewer, _, subscription, ssrc) = meeting(3);
    film.film(&mut world, 30);
    let before = world.people[viewer].stream(ssrc).len();
    // The key frame request is lost, and so is the next one: the picture must not stop.
    world.loss_down = 100;
    world.command(Command::SetWantedLayer(subscription, Some(0)));
    world.loss_down = 0;
    film.film(&mut world, 5);
    let stream = world.people[viewer].stream(ssrc);
    assert_eq!(stream.len(), before + 30);
    assert_eq!(content(&stream.last().unwrap().payload).layer, 2);
    film.film(&mut world, 30);
    assert_eq!(
        layers_seen(&world, viewer, ssrc).last(),
        Some(&0),
        "asked for again"
    );
    assert_unbroken(&world.people[viewer].stream(ssrc));
}

#[test]
fn only_the_layer_that_is_wanted_is_asked_for_a_key_frame() {
    let (mut world, mut film, _, _, subscription, _) = meeting(4);
    film.film(&mut world, 60);
    let asked = |world: &World, layer: usize| world.people[0].picture_losses(0xaa00 + layer as u32);
    let before = [asked(&world, 0), asked(&world, 1), asked(&world, 2)];
    world.command(Command::SetWantedLayer(subscription, Some(1)));
    assert_eq!(
        [asked(&world, 0), asked(&world, 1), asked(&world, 2)],
        [before[0], before[1] + 1, before[2]]
    );
}

#[test]
fn mid_and_rid_are_needed_only_until_the_ssrc_is_learned() {
    let (mut world, mut film, viewer, track, _, ssrc) = meeting(5);
    film.film(&mut world, 10);
    for encoding in &mut film.encodings {
        encoding.named = false;
    }
    film.film(&mut world, 50);
    assert_unbroken(&world.people[viewer].stream(ssrc));
    let ssrcs: Vec<u32> = world
        .engine
        .track_stats(track)
        .iter()
        .map(|layer| layer.ssrc)
        .collect();
    assert_eq!(ssrcs, [0xaa00, 0xaa01, 0xaa02]);
    let reported: Vec<u32> = world.people[0]
        .feedback
        .iter()
        .filter_map(|(_, feedback)| match feedback {
            Feedback::ReceiverReport(block) => Some(block.ssrc),
            _ => None,
        })
        .collect();
    assert!(
        ssrcs.iter().all(|ssrc| reported.contains(ssrc)),
        "each layer is reported on once it is known"
    );
}

#[test]
fn packets_of_an_unknown_rid_are_dropped() {
    let (mut world, mut film, viewer, _, _, _) = meeting(6);
    film.encodings.truncate(1);
    film.encodings[0].rid = Some("x");
    film.film(&mut world, 2);
    assert!(world.people[viewer].rtp.is_empty());
    assert_eq!(world.engine.stats().dropped_unknown_ssrc, 12);
}

#[test]
fn a_goodbye_of_a_layer_moves_its_viewers_at_once() {
    let (mut world, mut film, viewer, _, _, ssrc) = meeting(7);
    film.film(&mut world, 30);
    film.sends = vec![true, true, false];
    let goodbye = world.people[0].rtcp(|writer| {
        writer.receiver_report(1, &[]);
        writer.goodbye(0xaa02);
    });
    world.send_from(0, vec![goodbye]);
    film.film(&mut world, 3);
    assert_eq!(layers_seen(&world, viewer, ssrc).last(), Some(&1));
    assert_unbroken(&world.people[viewer].stream(ssrc));
}
