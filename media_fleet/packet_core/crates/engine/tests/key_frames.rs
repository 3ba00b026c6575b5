//! Key frames are asked for as soon as somebody needs one, and not more often than encoders can make them.

mod harness;

use harness::video::{Camera, assert_unbroken, content};
use harness::{World, camera};
use parley_engine::{Command, Kind, Profile};

const GCM: Profile = Profile::AeadAes128Gcm;
const SSRC: u32 = 0xaa00;

fn publishing(seed: u64) -> (World, Camera, u32) {
    let mut world = World::new(seed);
    let publisher = world.join(GCM);
    let track = world.publish(publisher, camera(&[]));
    let mut film = Camera::new(publisher, &[]);
    film.film(&mut world, 60);
    (world, film, track)
}

#[test]
fn a_late_joiner_has_a_key_frame_asked_for_at_once() {
    let (mut world, mut film, track) = publishing(1);
    assert_eq!(world.people[0].picture_losses(SSRC), 0, "nobody watches");
    let viewer = world.join(GCM);
    let (_, ssrc) = world.subscribe(viewer, track, Kind::Video);
    assert_eq!(
        world.people[0].picture_losses(SSRC),
        1,
        "in the same moment, not at the next tick"
    );
    film.film(&mut world, 1);
    assert!(content(&world.people[viewer].stream(ssrc)[0].payload).key);
}

#[test]
fn who_subscribes_before_the_handshake_is_over_gets_a_key_frame_when_it_is() {
    let (mut world, mut film, track) = publishing(2);
    let viewer = world.meet(GCM);
    let (_, ssrc) = world.subscribe(viewer, track, Kind::Video);
    film.film(&mut world, 30);
    assert_eq!(
        world.people[0].picture_losses(SSRC),
        0,
        "nothing could be sent anyway"
    );
    world.give_keys(viewer);
    assert_eq!(world.people[0].picture_losses(SSRC), 1);
    film.film(&mut world, 10);
    assert_unbroken(&world.people[viewer].stream(ssrc));
}

#[test]
fn many_joiners_at_once_share_one_request() {
    let (mut world, mut film, track) = publishing(3);
    let viewers: Vec<(usize, u32)> = (0..20)
        .map(|_| {
            let viewer = world.join(GCM);
            (viewer, world.subscribe(viewer, track, Kind::Video).1)
        })
        .collect();
    assert_eq!(world.people[0].picture_losses(SSRC), 1);
    film.film(&mut world, 5);
    for (viewer, ssrc) in viewers {
        assert_unbroken(&world.people[viewer].stream(ssrc));
    }
}

#[test]
fn a_flood_of_requests_reaches_the_publisher_throttled() {
    let (mut world, mut film, track) = publishing(4);
    let viewer = world.join(GCM);
    let (subscription, ssrc) = world.subscribe(viewer, track, Kind::Video);
    film.film(&mut world, 20);
    let before = world.people[0].picture_losses(SSRC);
    for _ in 0..60 {
        let request = world.people[viewer].rtcp(|writer| writer.picture_loss(2, ssrc));
        world.send_from(viewer, vec![request.clone()]);
        film.film(&mut world, 1);
    }
    let asked = world.people[0].picture_losses(SSRC) - before;
    assert!((5..=8).contains(&asked), "two seconds, 300 ms apart: {asked}");
    let stats = world.engine.subscription_stats(subscription).unwrap();
    assert_eq!(stats.key_frames_asked_for, 60);
}

#[test]
fn an_unanswered_request_is_repeated_until_the_key_frame_comes() {
    let (mut world, mut film, track) = publishing(5);
    let viewer = world.join(GCM);
    world.loss_down = 100;
    let (_, ssrc) = world.subscribe(viewer, track, Kind::Video);
    world.advance(200);
    world.loss_down = 0;
    film.film(&mut world, 20);
    assert_unbroken(&world.people[viewer].stream(ssrc));
    let answered = world.people[0].picture_losses(SSRC);
    film.film(&mut world, 60);
    assert_eq!(world.people[0].picture_losses(SSRC), answered, "then no more");
}

#[test]
fn a_full_intra_request_counts_as_well() {
    let (mut world, mut film, track) = publishing(6);
    let viewer = world.join(GCM);
    let (_, ssrc) = world.subscribe(viewer, track, Kind::Video);
    film.film(&mut world, 20);
    let before = world.people[0].picture_losses(SSRC);
    let mut request = vec![0x84, 206, 0, 4, 0, 0, 0, 2, 0, 0, 0, 0];
    request.extend(ssrc.to_be_bytes());
    request.extend([1, 0, 0, 0]);
    let request = world.people[viewer].protect_rtcp(&request);
    world.send_from(viewer, vec![request]);
    assert_eq!(world.people[0].picture_losses(SSRC), before + 1);
}

#[test]
fn nobody_can_ask_for_what_they_do_not_watch() {
    let (mut world, mut film, track) = publishing(7);
    let (viewer, stranger) = (world.join(GCM), world.join(GCM));
    let (_, ssrc) = world.subscribe(viewer, track, Kind::Video);
    film.film(&mut world, 20);
    let before = world.people[0].picture_losses(SSRC);
    for asked in [ssrc, SSRC] {
        let request = world.people[stranger].rtcp(|writer| writer.picture_loss(2, asked));
        world.send_from(stranger, vec![request]);
    }
    film.film(&mut world, 20);
    assert_eq!(world.people[0].picture_losses(SSRC), before);
}

#[test]
fn the_control_plane_can_ask() {
    let (mut world, mut film, track) = publishing(8);
    let viewer = world.join(GCM);
    world.subscribe(viewer, track, Kind::Video);
    film.film(&mut world, 20);
    let before = world.people[0].picture_losses(SSRC);
    world.command(Command::RequestKeyFrame(track));
    assert_eq!(world.people[0].picture_losses(SSRC), before + 1);
}

/// Somebody waits for a key frame of six packets; gives these, and the world in which they have not been sent yet.
fn key_frame_to_come(seed: u64, nack: bool) -> (World, Camera, Vec<Vec<u8>>) {
    let mut world = World::new(seed);
    let publisher = world.join(GCM);
    let mut config = camera(&[]);
    config.nack = nack;
    let track = world.publish(publisher, config);
    let mut film = Camera::new(publisher, &[]);
    film.film(&mut world, 60);
    let viewer = world.join(GCM);
    world.subscribe(viewer, track, Kind::Video);
    assert_eq!(world.people[0].picture_losses(SSRC), 1);
    let key_frame = film.encodings[0].frame(&mut world.people[publisher], true, 6);
    (world, film, key_frame)
}

#[test]
fn a_key_frame_that_does_not_come_whole_is_asked_for_again() {
    for nack in [true, false] {
        let (mut world, mut film, mut key_frame) = key_frame_to_come(9, nack);
        key_frame.remove(3);
        world.send_from(0, key_frame);
        // Whoever makes no other key frame: it must be asked for.
        let pictures = (0..8)
            .map(|_| film.encodings[0].frame(&mut world.people[0], false, 6))
            .collect::<Vec<_>>();
        for picture in pictures {
            world.send_from(0, picture);
            world.advance(33);
        }
        assert_eq!(
            world.people[0].picture_losses(SSRC),
            1,
            "what is missing may still come"
        );
        world.advance(150);
        assert_eq!(world.people[0].picture_losses(SSRC), 2, "nack: {nack}");
    }
}

#[test]
fn a_late_start_of_a_key_frame_does_not_end_the_waiting_for_the_rest() {
    let (mut world, _, mut key_frame) = key_frame_to_come(10, false);
    let start = key_frame.remove(0);
    key_frame.remove(2);
    world.send_from(0, key_frame);
    world.advance(20);
    world.send_from(0, vec![start]);
    world.advance(450);
    assert_eq!(world.people[0].picture_losses(SSRC), 2);
}

#[test]
fn a_large_key_frame_on_a_slow_path_is_asked_for_once() {
    let (mut world, mut film, key_frame) = key_frame_to_come(11, true);
    for packet in key_frame {
        world.send_from(0, vec![packet]);
        world.advance(200);
    }
    assert_eq!(world.people[0].picture_losses(SSRC), 1, "it comes, if slowly");
    film.film(&mut world, 30);
    assert_eq!(world.people[0].picture_losses(SSRC), 1);
}
